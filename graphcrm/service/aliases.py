"""Parties that were merged into others: their ids still name somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphcrm.service.source_records import forget_records
from graphcrm.service.verdicts import forget_pairs
from graphcrm.store import Transaction

__all__ = ["any_merged", "forget_merged", "hidden_at", "merged_into", "roots"]

Run = Callable[..., list[dict[str, Any]]]
"""`Transaction.run`, or `GraphStore.read` outside of one."""


def any_merged(run: Run) -> bool:
    """Whether any party was merged away: mostly none was, and then nobody's id need be looked up."""
    return bool(run("store/count_nodes", words={"LABEL": "Alias"})[0]["total"])


def roots(run: Run, ids: Iterable[str]) -> dict[str, str]:
    """Find who stands for parties that were merged away.

    Returns
    -------
    dict of str to str
        For each of the ids that was merged away the party that stands for it now, over however many merges.
    """
    wanted = set(ids)
    into: dict[str, str] = {}
    asked: set[str] = set()
    pending = wanted
    while pending:
        columns = run("merges/read", ids=sorted(pending))[0]
        into |= dict(zip(columns["id"], columns["into"], strict=True))
        asked |= pending
        pending = set(columns["into"]) - asked
    found = {}
    for id_ in wanted & into.keys():
        root = id_
        while root in into:
            root = into[root]
        found[id_] = root
    return found


def merged_into(run: Run, ids: Iterable[str]) -> dict[str, str]:
    """Every party that was merged into one of these, directly or over others, and the label it had."""
    found: dict[str, str] = {}
    pending = set(ids)
    while pending:
        columns = run("merges/read_into", ids=sorted(pending))[0]
        new = dict(zip(columns["id"], columns["label"], strict=True))
        pending = new.keys() - found.keys()
        found |= new
    return found


def forget_merged(tx: Transaction, ids: Sequence[str]) -> None:
    """Forget who was merged into parties that are gone for good, what was kept for them and decided about them."""
    gone = list(merged_into(tx.run, ids))
    forget_pairs(tx, [*ids, *gone])
    if gone:
        tx.run("merges/delete", ids=gone)
        forget_records(tx, [hidden_at(id_) for id_ in ids])


def hidden_at(id_: str) -> str:
    """Where the records of a party's ties are kept that show nowhere while others are merged into it."""
    return f"hidden:{id_}"
