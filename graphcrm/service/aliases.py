"""Parties that were merged into others: their ids still name somebody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphcrm.errors import Conflict
from graphcrm.service.source_records import forget_records
from graphcrm.service.verdicts import Run, forget_pairs, in_order, told_apart
from graphcrm.store import Transaction

__all__ = [
    "any_merged",
    "forget_merged",
    "held_roots",
    "hidden_at",
    "kept_apart",
    "merged_into",
    "refuse_again",
    "roots",
]


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


def held_roots(tx: Transaction, ids: Sequence[str]) -> dict[str, str]:
    """`roots`, each of them held, so that they still stand for these parties when the transaction ends.

    Parameters
    ----------
    tx : Transaction
        A write transaction that holds the ids themselves as keys.
    ids : sequence of str
        Of parties.

    Returns
    -------
    dict of str to str
        As `roots` gives it.
    """
    found: dict[str, str] = {}
    while (now := roots(tx.run, ids)) != found:
        found = now
        tx.hold(set(found.values()))
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


def refuse_again(run: Run, id_: str, into: str) -> None:
    """Refuse to merge two parties of which one was merged away.

    Raises
    ------
    Conflict
        Says who is merged into whom.
    """
    stand_ins = roots(run, [id_, into])
    root = stand_ins.get(id_, id_)
    if root == stand_ins.get(into, into):
        merged = [repr(each) for each in (id_, into) if each != root]
        said = f"{' and '.join(merged)} {'is' if len(merged) == 1 else 'are'} merged into {root!r}"
        raise Conflict(f"they are one already: {said}; take that back first to merge otherwise")
    for each in (id_, into):
        if each in stand_ins:
            raise Conflict(f"{each!r} was merged into {stand_ins[each]!r}; name that one")


def kept_apart(run: Run, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the pairs, each `in_order`, that are two: they, or any who were merged into them, were told apart."""
    wanted = set(pairs)
    members = {id_: [id_] for pair in wanted for id_ in pair}
    for id_, root in roots(run, merged_into(run, members)).items():
        if root in members:
            members[root].append(id_)
    meant = {
        in_order(one, other): (left, right)
        for left, right in wanted
        for one in members[left]
        for other in members[right]
        if one != other  # of two that have become one meanwhile
    }
    return {meant[pair] for pair in told_apart(run, meant)}


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
