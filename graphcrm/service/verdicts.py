"""What was decided about pairs of parties: that they are not the same; and forgetting what is known of pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from graphcrm.errors import InvalidInput
from graphcrm.store import Transaction

__all__ = ["Run", "forget_found", "forget_pairs", "in_order", "pair_id", "tell_apart", "told_apart"]

Run = Callable[..., list[dict[str, Any]]]
"""`Transaction.run`, or `GraphStore.read` outside of one."""


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


def forget_found(tx: Transaction, parties: Iterable[str]) -> None:
    """Forget what a search found about pairs of which one is given, and which merges were decided because of it."""
    wanted = list(parties)
    pairs = tx.run("duplicates/find_pairs", words={"LABEL": "Candidate"}, ids=wanted)[0]["ids"]
    if pairs:
        tx.run("candidates/delete", ids=pairs)
    decisions = tx.run("decisions/find_about", ids=wanted)[0]["ids"]
    if decisions:
        tx.run("decisions/delete", ids=decisions)


def forget_pairs(tx: Transaction, parties: Iterable[str]) -> None:
    """Forget what was found and decided about pairs of which one is gone for good."""
    wanted = list(parties)
    forget_found(tx, wanted)
    verdicts = tx.run("duplicates/find_pairs", words={"LABEL": "Verdict"}, ids=wanted)[0]["ids"]
    if verdicts:
        tx.run("duplicates/delete_verdict", ids=verdicts)
