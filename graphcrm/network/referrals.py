"""Who brought whom: chains up to the first referrer, trees down from one, and the revenue below each party.

Several may have referred one party; its first referrer is the earliest one, dated before undated, then by id. Chains
and trees follow first referrers alone. Where referrals go in a circle, both stop before they would repeat a party.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Objects, Times

__all__ = ["Generation", "Link", "Money", "Referrals", "Tree", "first_referrals"]

Money = Mapping[str, Decimal]
"""Exact amounts by ISO 4217 currency."""


@dataclass(frozen=True)
class Link:
    """One party of a chain, and when it was referred by the party before it (None for the first, or where unknown)."""

    party_id: str
    at: Any


@dataclass(frozen=True)
class Generation:
    """One party of a tree: who brought it, how far down, when, what it bought and what all below it and itself did."""

    party_id: str
    referrer_id: str
    depth: int
    at: Any
    own_revenue: dict[str, Decimal]
    revenue: dict[str, Decimal]


@dataclass(frozen=True)
class Tree:
    """All whom a party brought, directly or through others, nearest first; `revenue` counts the cut-off ones too."""

    root: str
    items: list[Generation]
    own_revenue: dict[str, Decimal]
    revenue: dict[str, Decimal]
    truncated: bool


@dataclass(frozen=True)
class Referrals:
    """The first referral of every party; made by `first_referrals`.

    `referrer` and `at` are by referred party; `referred` lists by referrer those whom it brought first, by date
    (undated last), then id.
    """

    referrer: dict[str, str]
    at: dict[str, Any]
    referred: dict[str, list[str]] = field(default_factory=dict)

    def chain(self, party_id: str) -> list[Link]:
        """Follow first referrers up from a party.

        Parameters
        ----------
        party_id : str
            Any party; one that nobody referred is its own chain.

        Returns
        -------
        list of Link
            From the first referrer of all down to the party itself.

        Examples
        --------
        >>> links = first_referrals(["a", "b"], ["b", "c"], [None, None]).chain("c")
        >>> [link.party_id for link in links]
        ['a', 'b', 'c']
        """
        upward = [party_id]
        seen = {party_id}
        while (above := self.referrer.get(upward[-1])) is not None and above not in seen:
            upward.append(above)
            seen.add(above)
        first, *rest = reversed(upward)
        return [Link(first, None), *(Link(party, self.at[party]) for party in rest)]

    def tree(
        self,
        root: str,
        own_revenue: Mapping[str, Money] | None = None,
        max_depth: int | None = None,
        limit: int | None = None,
    ) -> Tree:
        """List all whom a party brought, breadth first, with the revenue of each and of all below it.

        Parameters
        ----------
        root : str
            Any party.
        own_revenue : mapping of str to mapping of str to Decimal, optional
            What each party's own orders come to, by party and currency.
        max_depth : int, optional
            Generations listed, at least 1.
        limit : int, optional
            Parties listed beside the root, at least 1.

        Returns
        -------
        Tree
            Items by depth, then date (undated last), then id; `truncated` when a bound cut some off. Revenue covers
            the whole tree in either case, each party once.
        """
        for name, bound in (("max_depth", max_depth), ("limit", limit)):
            if bound is not None and bound < 1:
                raise InvalidInput(f"{name} must be at least 1.", field=name)
        depth = self._depths(root)
        own = {party: dict((own_revenue or {}).get(party, {})) for party in depth}
        revenue = {party: dict(money) for party, money in own.items()}
        for party in reversed(depth):
            if party != root:
                _add(revenue[self.referrer[party]], revenue[party])
        below = sorted((party for party in depth if party != root), key=lambda p: (depth[p], *_by_date(self.at[p], p)))
        shown = [party for party in below if max_depth is None or depth[party] <= max_depth][:limit]
        return Tree(
            root=root,
            items=[
                Generation(party, self.referrer[party], depth[party], self.at[party], own[party], revenue[party])
                for party in shown
            ],
            own_revenue=own[root],
            revenue=revenue[root],
            truncated=len(shown) < len(below),
        )

    def _depths(self, root: str) -> dict[str, int]:
        """The whole tree below `root`, breadth first."""
        depth = {root: 0}
        waiting = deque([root])
        while waiting:
            party = waiting.popleft()
            for child in self.referred.get(party, ()):
                if child not in depth:
                    depth[child] = depth[party] + 1
                    waiting.append(child)
        return depth


def first_referrals(
    referrer_ids: Sequence[str] | Objects, referred_ids: Sequence[str] | Objects, at: Sequence[Any] | Times
) -> Referrals:
    """Choose every party's first referrer.

    Parameters
    ----------
    referrer_ids, referred_ids : sequence or array of str, length n
        The referrals, in any order.
    at : sequence or datetime64 array, length n
        When: values that compare with one another; None or NaT where unknown.

    Returns
    -------
    Referrals
        With the dates as they came, None for unknown ones.
    """
    if not len(referrer_ids) == len(referred_ids) == len(at):
        raise InvalidInput("Columns of referrals of different lengths.")
    first: dict[str, tuple[tuple[bool, Any, str], Any]] = {}
    for referrer, referred, when in zip(referrer_ids, referred_ids, at, strict=True):
        date = None if when is None or (isinstance(when, np.datetime64) and np.isnat(when)) else when
        key = _by_date(date, referrer)
        if referrer != referred and (referred not in first or key < first[referred][0]):
            first[referred] = (key, date)
    children: dict[str, list[str]] = {}
    for referred, ((_, _, referrer), _) in first.items():
        children.setdefault(referrer, []).append(referred)
    dates = {referred: date for referred, (_, date) in first.items()}
    for brought in children.values():
        brought.sort(key=lambda party: _by_date(dates[party], party))
    return Referrals({referred: key[2] for referred, (key, _) in first.items()}, dates, children)


def _by_date(date: Any, id_: str) -> tuple[bool, Any, str]:
    return (date is None, 0 if date is None else date, id_)


def _add(total: dict[str, Decimal], more: Money) -> None:
    for currency, amount in more.items():
        total[currency] = total.get(currency, Decimal(0)) + amount
