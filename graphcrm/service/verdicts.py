"""What was decided about pairs of parties: that they are not the same; and forgetting what is known of pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from graphcrm.errors import InvalidInput
from graphcrm.store import Transaction

__all__ = [
    "RUN",
    "SEARCH",
    "Run",
    "end_searches",
    "forget_found",
    "forget_pairs",
    "in_order",
    "pair_id",
    "tell_apart",
    "told_apart",
]

Run = Callable[..., list[dict[str, Any]]]
"""`Transaction.run`, or `GraphStore.read` outside of one."""

SEARCH: Final = "search"
"""The `Candidate` that says how the last search for duplicates went, and what those who write it take turns by."""
RUN: Final = "run"
"""The `Decision` that says which run of merges decides, or has decided; another such turn."""


def in_order(one: str, other: str) -> tuple[str, str]:
    """Two ids as a pair has them: the one that comes first in UTF-8 is the left one.

    Examples
    --------
    >>> in_order("K1", "C1")
    ('C1', 'K1')
    """
    if one == other:
        raise InvalidInput(f"right_id: {one!r} is the same id twice; name two parties", field="right_id")
    left, right = sorted((one, other), key=str.encode)
    return left, right


def pair_id(left: str, right: str) -> str:
    """One text for a pair; the length in front keeps two pairs from having the same.

    Examples
    --------
    >>> pair_id("C1", "K1")
    '2:C1:K1'
    """
    return f"{len(left)}:{left}:{right}"


def tell_apart(tx: Transaction, pairs: Iterable[tuple[str, str]], at: datetime) -> None:
    """Remember that the parties of pairs, each `in_order`, are not the same."""
    rows = [{"id": pair_id(left, right), "left_id": left, "right_id": right, "at": at} for left, right in pairs]
    if rows:
        tx.run("duplicates/write_verdicts", rows=rows)


def told_apart(run: Run, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the pairs, each `in_order`, whose parties are not the same."""
    by_id = {pair_id(left, right): (left, right) for left, right in pairs}
    if not by_id:
        return set()
    found = run("nodes/find_ids", words={"LABEL": "Verdict"}, ids=sorted(by_id))[0]["ids"]
    return {by_id[id_] for id_ in found}


def end_searches(tx: Transaction) -> None:
    """Have those who compare parties at this moment keep nothing of it: words that they may have read are taken out.

    Parameters
    ----------
    tx : Transaction
        The write transaction that takes them out; it holds `SEARCH` and `RUN` as keys.
    """
    found = tx.run("nodes/read_many", words={"LABEL": "Candidate"}, ids=[SEARCH])[0]["records"]
    if found and found[0]["state"] == "running":
        message = "a source was erased meanwhile; search again"
        ended = {"state": "failed", "message": message, "ended_at": datetime.now(UTC)}
        tx.run("candidates/note_search", id=SEARCH, changes=ended | {"owner": None, "lease_until": None})
    tx.run("decisions/delete", ids=[RUN])


def forget_found(tx: Transaction, parties: Iterable[str]) -> None:
    """Forget what a search found about pairs of which one is given, and which merges were decided because of it.

    Merges that were made stay; that they were made for being like one of these is forgotten.
    """
    wanted = list(parties)
    pairs = tx.run("duplicates/find_pairs", words={"LABEL": "Candidate"}, ids=wanted)[0]["ids"]
    if pairs:
        tx.run("candidates/delete", ids=pairs)
    decisions = tx.run("decisions/find_about", ids=wanted)[0]["ids"]
    if decisions:
        tx.run("decisions/delete", ids=decisions)
    merged = tx.run("merges/find_compared", ids=wanted)[0]["ids"]
    if merged:
        tx.run("merges/update", rows=[{"id": id_, "evidence": None, "compared_with": None} for id_ in merged])


def forget_pairs(tx: Transaction, parties: Iterable[str]) -> None:
    """Forget what was found and decided about pairs of which one is gone for good."""
    wanted = list(parties)
    forget_found(tx, wanted)
    verdicts = tx.run("duplicates/find_pairs", words={"LABEL": "Verdict"}, ids=wanted)[0]["ids"]
    if verdicts:
        tx.run("duplicates/delete_verdict", ids=verdicts)
