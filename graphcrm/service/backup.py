"""Backups: the whole store as one file, and back into an empty store."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from graphcrm.errors import Conflict, InvalidInput, StoreError
from graphcrm.schema import BOOKKEEPING_LABELS, LABELS, TIE_TYPES
from graphcrm.service.backup_file import BackupFile, BackupWriter, Block
from graphcrm.service.whole import Progress, Steps, all_nodes, all_ties, consistently, count_all
from graphcrm.service.whole_files import new_file
from graphcrm.store import GraphStore, Transaction

__all__ = ["Backup", "Restored", "check_empty", "make_backup", "restore_backup", "restore_begun"]

_ALL: Final = (*LABELS, *BOOKKEEPING_LABELS)
_OWN: Final = ("Migration", "Revision")
"""Labels of which every store has its own nodes."""
_MARK: Final = "restore"
"""The id of the job that stands in a store while a backup is being restored into it."""

Backup = dict[str, int]
"""How many nodes and ties a backup holds, by label and type."""
Restored = dict[str, int]
"""How many nodes and ties were restored, by label and type."""


def make_backup(store: GraphStore, path: str | os.PathLike[str], progress: Progress | None = None) -> Backup:
    """Write the whole store to a file, while it is in use.

    Parameters
    ----------
    store : GraphStore
        What is kept: every node and tie of every label and type, with all properties, the product's own books (hashes
        of tokens, receipts, jobs) included.
    path : path
        The file; nothing may stand there. Only its owner may read it.
    progress : callable, optional
        Told what is being done, for how many nodes and ties, and for about what share of all.

    Returns
    -------
    dict of str to int
        Nodes by label and ties by type, without those that every store has of its own: what a restore brings.

    Raises
    ------
    InvalidInput
        The file is there or cannot be written, or the store holds what a backup cannot carry.
    StoreError
        The database is gone, or a query took too long.
    """
    with new_file(Path(path)) as file:

        def read(go_on: Callable[[], None]) -> Backup:
            file.seek(0)
            file.truncate()
            return _read_all(store, file, progress, go_on)

        written = consistently(store, read)
    return {name: number for name, number in written.items() if name not in _OWN}


def _read_all(store: GraphStore, file: IO[bytes], progress: Progress | None, go_on: Callable[[], None]) -> Backup:
    nodes, ties = count_all(store, _ALL, TIE_TYPES)
    steps = Steps(progress, "reading", sum(nodes.values()) + sum(ties.values()), go_on)
    writer = BackupWriter(file, store.migrations())
    found: Backup = {}
    for label in nodes:
        before = steps.done
        for record in all_nodes(store, label, nodes[label]):
            if (label, record.get("id")) != ("Job", _MARK):
                writer.node(label, record)
                steps.add()
        found[label] = steps.done - before
    for type_ in ties:
        before = steps.done
        for row in all_ties(store, type_, ties[type_]):
            ends = (row["source_label"], row["target_label"])
            if not {*ends} <= {*_ALL}:
                other = next(label for label in ends if label not in _ALL)
                raise InvalidInput(f"a tie {type_} hangs on a node of label {other}, which is not graphcrm's; cut it")
            writer.tie(type_, ends, (row["source_id"], row["target_id"], row["record"]))
            steps.add()
        found[type_] = steps.done - before
    writer.close()
    steps.end()
    return found


def _checking(progress: Progress, done: int, size: int) -> None:
    progress("checking", 0, done / size)


# ---- restoring -------------------------------------------------------------------------------------------


def restore_backup(store: GraphStore, path: str | os.PathLike[str], progress: Progress | None = None) -> Restored:
    """Write a backup into an empty store.

    The file is checked whole before anything is written. A restore that was killed is simply run again with the same
    file, and goes on where it was.

    Parameters
    ----------
    store : GraphStore
        An empty one: no node of any label.
    path : path
        A file from `make_backup`.
    progress : callable, optional
        Told what is being done, for how many nodes and ties, and for what share of all.

    Returns
    -------
    dict of str to int
        Nodes by label and ties by type, as counted in the store.

    Raises
    ------
    InvalidInput
        The file is no backup, was cut off or altered, or was made by a newer graphcrm.
    Conflict
        The store is not empty.
    StoreError
        The database is gone, or holds something else afterwards than the backup, since others wrote to it meanwhile.
    """
    backup = BackupFile(Path(path), progress and partial(_checking, progress))
    if newer := sorted(set(backup.schema) - set(store.migrations())):
        raise InvalidInput(
            f"{path}: was made by a newer graphcrm (schema {newer[-1]}); install that one.", field="file"
        )
    begun = store.write(partial(_begin, backup), keys=[_MARK], repeatable=True)
    steps = Steps(progress, "writing", sum(backup.nodes.values()) + sum(backup.ties.values()))
    for number, block in enumerate(backup.blocks(), start=1):
        if number > begun and block.kind not in _OWN:
            _write_block(store, number, block)
        elif block.kind == "Revision":
            store.write(partial(_lift, block.rows), keys=[_MARK], repeatable=True)
        steps.add(len(block.rows))
    restored = _count_restored(store, backup)
    store.write(lambda tx: tx.run("nodes/delete", words={"LABEL": "Job"}, ids=[_MARK]), keys=[_MARK], repeatable=True)
    steps.end()
    return restored


def check_empty(store: GraphStore) -> None:
    """Refuse a store that holds anything.

    Raises
    ------
    Conflict
        It does; the message counts what.
    """
    store.reading(_refuse_full)


def restore_begun(store: GraphStore) -> bool:
    """Whether a backup was begun to be restored into a store, and is not through."""
    return store.reading(_mark) is not None


def _mark(tx: Transaction) -> dict[str, Any] | None:
    found = tx.run("nodes/read_many", words={"LABEL": "Job"}, ids=[_MARK])[0]["records"]
    return found[0] if found else None


def _refuse_full(tx: Transaction) -> None:
    counts = {
        label: tx.run("store/count_nodes", words={"LABEL": label})[0]["total"] for label in _ALL if label not in _OWN
    }
    if there := {label: number for label, number in counts.items() if number}:
        what = ", ".join(f"{number:,} {label}" for label, number in there.items())
        raise Conflict(f"the store is not empty: it holds {what}; name an empty one", details=there)


def _begin(backup: BackupFile, tx: Transaction) -> int:
    """Mark the store as being restored; how many blocks are in it already."""
    if mark := _mark(tx):
        if mark["digest"] != backup.digest:
            raise Conflict(
                f"another backup was being restored into this store (SHA-256 {mark['digest'][:12]}…); finish that one, "
                "or take another empty store"
            )
        return int(mark["blocks"])
    _refuse_full(tx)
    mark = {"id": _MARK, "kind": _MARK, "state": "restoring", "digest": backup.digest, "blocks": 0}
    rows = [mark | {"made_at": datetime.now(UTC)}]
    tx.run("backup/create_nodes", words={"LABEL": "Job"}, rows=rows)
    return 0


def _write_block(store: GraphStore, number: int, block: Block) -> None:
    """Write a block and the mark that it is in, in one transaction."""

    def work(tx: Transaction) -> None:
        mark = _mark(tx)
        if mark is None:
            raise StoreError("the store was emptied while a backup was being restored into it; start again")
        if mark["blocks"] >= number:
            return
        if block.ends is None:
            query, words, rows = "backup/create_nodes", {"LABEL": block.kind}, block.rows
        else:
            query, words = "backup/create_ties", {"TYPE": block.kind, "SOURCE": block.ends[0], "TARGET": block.ends[1]}
            rows = [{"source_id": s, "target_id": t, "properties": p} for s, t, p in block.rows]
        if tx.run(query, words=words, rows=rows)[0]["written"] != len(rows):
            raise StoreError(f"not every {block.kind} of the backup could be written; start again with an empty store")
        tx.run("nodes/update", words={"LABEL": "Job"}, rows=[{"id": _MARK, "blocks": number}])

    store.write(work, keys=[_MARK], repeatable=True)


def _lift(rows: list[dict[str, Any]], tx: Transaction) -> None:
    kept = [{"id": row["id"], "value": row["value"]} for row in rows if isinstance(row.get("value"), int)]
    tx.run("backup/lift_counters", rows=kept)


def _count_restored(store: GraphStore, backup: BackupFile) -> Restored:
    nodes, ties = count_all(store, [label for label in _ALL if label not in _OWN], TIE_TYPES)
    nodes["Job"] = nodes.get("Job", 0) - 1  # the mark
    wanted = {label: number for label, number in backup.nodes.items() if label not in _OWN} | backup.ties
    found = {name: number for name, number in (nodes | ties).items() if number}
    if found != wanted:
        names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        what = ", ".join(f"{found.get(name, 0):,} {name} instead of {wanted.get(name, 0):,}" for name in names)
        raise StoreError(f"the store holds {what}: others wrote to it meanwhile; start again with an empty store")
    return found
