"""The export: all that the graph shows as canonical files, which import takes back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from graphcrm import limits
from graphcrm.errors import InvalidInput
from graphcrm.schema import TIE_TYPES, tie_id_between
from graphcrm.service.export_formats import FORMATS, kinds_of, write_rows
from graphcrm.service.provenance_files import BOOKS, put_books, put_thing, write_provenance
from graphcrm.service.source_records import about_node, own_fields
from graphcrm.service.spool import Spool
from graphcrm.service.whole import Progress, Steps, all_nodes, all_ties, consistently, count_all
from graphcrm.service.whole_files import new_folder
from graphcrm.store import GraphStore
from graphcrm.tables import END_LABELS, INCOMPLETE, TABLES, TIES, Reference, Table
from graphcrm.values import from_graph

__all__ = ["export_graph"]

_NODES: Final = {table.label: table for table in TABLES.values() if table.label}
_TABLE_OF_TYPE: Final = {table.type: table for table in TABLES.values() if table.type}
"""The canonical files of ties; ties of other types stand in reference columns, or in a file named after the type."""
_TYPES: Final = tuple(TIES)
_COLUMN_CHARACTERS: Final = 200_000
"""Ids of one reference column; the ties of longer ones stand in the file of their type."""


@dataclass(frozen=True)
class _Column:
    """A reference column of a table, which may say that a tie is there."""

    table: Table
    ref: Reference

    @property
    def heap(self) -> str:
        return f"{self.table.name}.{self.ref.field}"

    @property
    def names_its_own(self) -> bool:
        """Whether it names records of its own table, which import reads in batches: one may come after who names it."""
        return self.table.label in self.ref.labels


_COLUMNS: Final = [_Column(table, ref) for table in TABLES.values() for ref in table.references]


def export_graph(
    store: GraphStore,
    folder: str | os.PathLike[str],
    format_: str = "csv",
    progress: Progress | None = None,
    *,
    provenance: bool = False,
) -> dict[str, int]:
    """Write everything that the graph shows, as files that import takes.

    Parameters
    ----------
    store : GraphStore
        The graph. It is read as of one moment, see `graphcrm.service.whole.consistently`.
    folder : path
        Where to; an empty folder, or none yet. It is there whole or not at all.
    format_ : {'csv', 'jsonl', 'parquet'}
        The files' format.
    progress : callable, optional
        Told what is being done, for how many nodes and ties, and for about what share of all.
    provenance : bool
        Whether to tell in a folder ``provenance`` in it, too, where everything came from: what each source says,
        history, merges and verdicts (`graphcrm.service.provenance_files`). Import leaves that folder alone.

    Returns
    -------
    dict of str to int
        Rows by file, in import order. The files are those of `TABLES`, and one for each further type of tie, such as
        ``works_at.csv``, with the ties that no column of another file says whole; a file without rows is left out.
        Rows are sorted by id in the order of UTF-8, and hold no trace of when they were exported: the same graph gives
        the same bytes.

    Raises
    ------
    InvalidInput
        No such format, or the folder holds files or cannot be written.
    StoreError
        The database is gone, or a query took too long.
    """
    if format_ not in FORMATS:
        raise InvalidInput(f"format: must be one of {', '.join(FORMATS)}", field="format", allowed=FORMATS)
    with new_folder(Path(folder)) as out, Spool(out / ".rows") as spool:
        total = consistently(store, partial(_read_all, store, spool, progress, provenance))
        steps = Steps(progress, "writing", total)
        counts = _write_all(spool, out, format_, steps)
        if provenance:
            counts |= write_provenance(store, spool, out, format_, steps)
        steps.end()
        return counts


# ---- reading ---------------------------------------------------------------------------------------------


def _read_all(
    store: GraphStore, spool: Spool, progress: Progress | None, provenance: bool, go_on: Callable[[], None]
) -> int:
    spool.clear()
    nodes, ties = count_all(store, (*_NODES, *BOOKS) if provenance else _NODES, _TYPES)
    steps = Steps(progress, "reading", sum(nodes.values()) + sum(ties.values()), go_on)
    for label in (label for label in nodes if label in _NODES):
        table = _NODES[label]
        for record in all_nodes(store, label, nodes[label]):
            spool.add(table.name, record["id"], "", _json(_shown(table, record) | {"id": record["id"]}))
            if provenance:
                put_thing(spool, table, about_node(label, record["id"]), record["id"], record)
            steps.add()
    for type_ in ties:
        for row in all_ties(store, type_, ties[type_]):
            id_ = _put_tie(spool, type_, row)
            if provenance:
                put_thing(spool, TIES[type_], id_, id_, row["record"])
            steps.add()
    if provenance:
        put_books(store, spool, nodes, steps)
    steps.end()
    return steps.done


def _put_tie(spool: Spool, type_: str, row: dict[str, Any]) -> str:
    """Put a tie aside; its id."""
    source, target, properties = row["source_id"], row["target_id"], own_fields(row["record"])
    table = _TABLE_OF_TYPE.get(type_) or TIES[type_]
    kind = TIE_TYPES[type_]
    ends = (row["source_label"], source), (row["target_label"], target)
    id_ = properties.get("id") or tie_id_between(
        type_, *ends, properties.get(kind.qualifier) if kind.qualifier else None
    )
    record = dict(zip(table.ends, (source, target), strict=True)) | _shown(table, properties)
    if kind.open_end and (label := row[END_LABELS[kind.open_end]]) in kind.said:
        record[END_LABELS[kind.open_end]] = label
    for column in _COLUMNS:
        own, other = ("source", "target") if column.ref.outgoing else ("target", "source")
        if (
            column.ref.type == type_
            and row[f"{own}_label"] == column.table.label
            and row[f"{other}_label"] in column.ref.labels
            and column.ref.role in (None, properties.get("role"))
        ):
            spool.add(column.heap, row[f"{own}_id"], row[f"{other}_id"], _json([id_, record]))
            return id_
    spool.add(table.name, id_, "", _json(record))
    return id_


def _shown(table: Table, properties: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value, and those beyond the vocabulary in `extra`, as the API shows them."""
    own = own_fields(properties)
    shown = {name: from_graph(name, own[name]) for name in table.properties if own.get(name) not in (None, "", [])}
    apart = {"id", *table.properties}
    extra = {name: from_graph("", own[name]) for name in sorted(own) if name not in apart}
    return shown | {"extra": extra} if extra else shown


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# ---- writing ---------------------------------------------------------------------------------------------


def _write_all(spool: Spool, out: Path, format_: str, steps: Steps) -> dict[str, int]:
    counts = {}
    tables = (*TABLES.values(), *INCOMPLETE.values(), *(TIES[type_] for type_ in _TYPES if type_ not in _TABLE_OF_TYPE))
    for table in tables:
        name = f"{table.name.lower()}.{format_}"
        never = [column.ref.field for column in _COLUMNS if column.table is table and column.names_its_own]
        columns = [*(column for column in table.columns if column not in never), "extra"]
        rows = _rows(spool, table)
        if number := write_rows(out / name, format_, kinds_of(table, columns), rows, steps.add):
            counts[name] = number
    return counts


def _rows(spool: Spool, table: Table) -> Iterator[dict[str, Any]]:
    """The rows of a table in order; those that lack whom they must name are put aside."""
    named = {column.ref.field: _Named(spool, column) for column in _COLUMNS if column.table is table}
    must = [field for field in named if field in table.required]
    for id_, _, text in spool.sorted(table.name):
        row = json.loads(text)
        for field, ties in named.items():
            if others := ties.of(id_):
                row[field] = others
        if all(field in row for field in must):
            yield row
        else:
            spool.add(f"{table.name}_incomplete", id_, "", _json(row))


_PLAIN: Final = {"source_id", "target_id", "role", *END_LABELS.values()}
"""What a reference column says of a tie."""


class _Named:
    """Whom each record names in a reference column; the ties that the column does not say whole are put aside."""

    def __init__(self, spool: Spool, column: _Column) -> None:
        self._spool = spool
        self._column = column
        self._groups = groupby(spool.sorted(column.heap), key=itemgetter(0))
        self._next = next(self._groups, None)

    def of(self, id_: str) -> list[str] | str | None:
        """Whom the record names; to be asked for each record in order."""
        said: list[str] = []
        while self._next is not None and self._next[0] <= id_:
            ties = [(other, *json.loads(text)) for _, other, text in self._next[1]]
            said = self._said(ties) if self._next[0] == id_ else []
            for other, tie, record in ties:
                if other not in said or record.keys() - _PLAIN:
                    self._spool.add(self._column.ref.type, tie, "", _json(record))
            self._next = next(self._groups, None)
        return said if self._column.ref.many else next(iter(said), None)

    def _said(self, ties: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
        """Those whom the column names. Where it could name one alone and there are several, or they have ended, it
        names none: importing it would cut the others off."""
        column = self._column
        if column.names_its_own:
            return []
        standing = [other for other, _, record in ties if "until" not in record]
        if not column.ref.many:
            return standing if len(standing) == 1 else standing[:1] if column.ref.field in column.table.required else []
        kept, characters = [], 0
        for other in standing[: limits.MAX_LIST_LENGTH]:
            characters += len(other)
            if characters > _COLUMN_CHARACTERS:
                break
            kept.append(other)
        return kept if len(kept) == len(standing) or column.ref.field in column.table.required else []
