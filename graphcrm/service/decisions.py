"""Merges that were decided and wait to be made: kept in the graph, so that a run that is cut off is gone on with.

A run enters itself before it reads what it compares, writes its decisions part by part, and a mark when all are there.
Decisions without it are what a run left that was cut off while it decided; the next one forgets them. Who erases a
source takes the entry away, and the run is over: it may have compared words that are gone now.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from graphcrm.errors import Conflict
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.merging import Grounds, Merge
from graphcrm.service.planning import resolve_labels
from graphcrm.service.verdicts import RUN, Run
from graphcrm.store import GraphStore, Transaction

__all__ = [
    "AUTOMATIC",
    "Decided",
    "Waiting",
    "begin",
    "changed_since",
    "check_own",
    "end",
    "forget",
    "keep",
    "numbered",
    "still_decided",
    "waiting",
]

Waiting = tuple[str, Merge]
"""The id under which a merge waits, and the merge."""

AUTOMATIC: Final = "automatic"
"""Who made a merge that nobody looked at."""

_LAST: Final = "g"
"""Comes after the ids of all decisions, which begin with a hexadecimal digit, and before `RUN`."""
_PART: Final = 2_000
_READ: Final = 5_000


@dataclass(frozen=True)
class Decided:
    """What a run has decided.

    Parameters
    ----------
    merges : list of Waiting
        The merges with the ids under which they wait; those into one party follow each other.
    at : datetime
        When it began to look, UTC: what became of a party later is not in them.
    run : str
        Its name.
    """

    merges: list[Waiting]
    at: datetime
    run: str = ""


def waiting(store: GraphStore, threshold: float) -> Decided | None:
    """What an earlier run of the same threshold decided and did not carry out; None where there is no such."""
    entry = _entry(store.read)
    if not entry or not entry["is_whole"] or entry["threshold"] != threshold:
        return None
    merges: list[Waiting] = []
    after, before = f"{entry['run']}:", f"{entry['run']};"
    while rows := store.read("decisions/page", after_id=after, before_id=before, row_limit=_READ):
        merges += [_taken_up(row["record"]) for row in rows]
        after = merges[-1][0]
    return Decided(merges, entry["at"], entry["run"]) if merges else None


def numbered(merges: Sequence[Merge], run: str = "") -> list[Waiting]:
    """Merges with the ids under which they wait, which are in their order."""
    return [(f"{run}:{number:08d}", merge) for number, merge in enumerate(merges)]


def begin(store: GraphStore, threshold: float) -> Decided:
    """Enter a run that is about to read the parties, in the place of an earlier one.

    Parameters
    ----------
    store : GraphStore
        The graph.
    threshold : float
        For which it decides.

    Returns
    -------
    Decided
        Nothing yet.
    """
    run, at = secrets.token_hex(8), datetime.now(UTC)
    entry = {"id": RUN, "run": run, "threshold": threshold, "at": at, "is_whole": False}
    store.write(lambda tx: tx.run("decisions/write", rows=[entry]), [RUN], repeatable=True)
    return Decided([], at, run)


def keep(store: GraphStore, begun: Decided, merges: Sequence[Merge]) -> Decided:
    """Keep what a run has decided, in the place of what an earlier one left.

    Parameters
    ----------
    store : GraphStore
        The graph.
    begun : Decided
        The run, from `begin`.
    merges : sequence of Merge
        Each with its grounds.

    Returns
    -------
    Decided
        Those of them whose parties are still there.

    Raises
    ------
    Conflict
        Another run began to decide meanwhile, or a source was erased.
    """
    run = begun.run
    while store.write(partial(_forget_others, run=run), [RUN], repeatable=True):
        pass
    all_ = numbered(merges, run)
    rows = [_kept(id_, merge) for id_, merge in all_]
    kept: set[str] = set()
    for start in range(0, len(rows), _PART):
        kept |= store.write(partial(_write_part, run=run, rows=rows[start : start + _PART]), [RUN], repeatable=True)

    def mark(tx: Transaction) -> None:
        tx.run("decisions/write", rows=[check_own(tx, run) | {"is_whole": True}])

    store.write(mark, [RUN], repeatable=True)
    return Decided([waits for waits in all_ if waits[0] in kept], begun.at, run)


def end(store: GraphStore, run: str) -> None:
    """Forget a run that has carried all out."""

    def work(tx: Transaction) -> None:
        entry = _entry(tx.run)
        if entry and entry["run"] == run:
            tx.run("decisions/delete", ids=[RUN])

    store.write(work, [RUN], repeatable=True)


def still_decided(tx: Transaction, ids: Sequence[str]) -> set[str]:
    """Those of some decisions that nobody has carried out or forgotten meanwhile."""
    return set(tx.run("nodes/find_ids", words={"LABEL": "Decision"}, ids=list(ids))[0]["ids"])


def forget(tx: Transaction, ids: Sequence[str]) -> None:
    """Forget decisions."""
    tx.run("decisions/delete", ids=list(ids))


def changed_since(tx: Transaction, parties: Mapping[str, Mapping[str, Any]], at: datetime) -> set[str]:
    """Those of some parties, given with their properties, of which something new was said or became after a time.

    What merges that were made automatically did to them does not count.
    """
    said = {id_ for id_, properties in parties.items() if (seen := properties.get("_seen_at")) and seen > at}
    rows = tx.run("decisions/find_changed", ids=sorted(parties), since=at, by=AUTOMATIC)
    return said.union(rows[0]["ids"])


def _entry(run: Run) -> dict[str, Any] | None:
    found = run("nodes/read_many", words={"LABEL": "Decision"}, ids=[RUN])[0]["records"]
    return dict(found[0]) if found else None


def check_own(tx: Transaction, run: str) -> dict[str, Any]:
    """A run's entry.

    Parameters
    ----------
    tx : Transaction
        It holds `graphcrm.service.verdicts.RUN` as a key.
    run : str
        The run's name.

    Raises
    ------
    Conflict
        Another run has taken its place, or a source was erased.
    """
    entry = _entry(tx.run)
    if not entry:
        raise Conflict("what was found may rest on the words of a source that was erased meanwhile; merge again")
    if entry["run"] != run:
        raise Conflict("another run is merging at this moment; try again when it is through")
    return entry


def _forget_others(tx: Transaction, *, run: str) -> int:
    """Forget some decisions of earlier runs; how many there were."""
    check_own(tx, run)
    rows = tx.run("decisions/page", after_id="", before_id=_LAST, row_limit=_PART)
    if rows:
        forget(tx, [row["record"]["id"] for row in rows])
    return len(rows)


def _write_part(tx: Transaction, *, run: str, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Keep decisions but those about somebody who was deleted meanwhile; the ids of those that are kept."""
    check_own(tx, run)
    named = {row["id"]: {row["party_id"], row["into_id"], row["compared_with"]} for row in rows}
    parties = set().union(*named.values())
    tx.hold(parties)
    there = resolve_labels(tx, PARTY_LABELS, parties, {}).keys()
    kept = [row for row in rows if named[row["id"]] <= there]
    if kept:
        tx.run("decisions/write", rows=kept)
    return {row["id"] for row in kept}


def _kept(id_: str, merge: Merge) -> dict[str, Any]:
    assert merge.grounds
    return {
        "id": id_,
        "party_id": merge.id,
        "into_id": merge.into,
        "probability": merge.grounds.probability,
        "evidence": json.dumps(merge.grounds.evidence, ensure_ascii=False),
        "compared_with": merge.grounds.compared_with,
    }


def _taken_up(record: Mapping[str, Any]) -> Waiting:
    grounds = Grounds(record["probability"], json.loads(record["evidence"]), record["compared_with"])
    return record["id"], Merge(record["party_id"], record["into_id"], AUTOMATIC, grounds)
