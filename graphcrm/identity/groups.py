"""Groups of duplicates that hold together as groups, and not only link by link."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["components", "consistent_groups", "unscored_pairs"]

Pair = tuple[int, int]


def components(pairs: Iterable[Pair], parties: int) -> list[list[int]]:
    """Those who are linked, directly or through others.

    Returns
    -------
    list of list of int
        Each with at least two members, in order; by their first member.
    """
    ends = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), dtype=bool), (ends[:, 0], ends[:, 1])), shape=(parties, parties))
    _, labels = connected_components(graph, directed=False)
    found: dict[int, list[int]] = {}
    for member in np.unique(ends).tolist():
        found.setdefault(int(labels[member]), []).append(member)
    return sorted(found.values())


def unscored_pairs(group: Collection[int], scored: Collection[Pair]) -> list[Pair]:
    """The pairs within a group that were never compared, in order."""
    return [pair for pair in combinations(sorted(group), 2) if pair not in scored]


def consistent_groups(weights: Mapping[Pair, float], least: float, contradicted: Collection[Pair]) -> list[list[int]]:
    """Join the strongest pairs first, and never two groups of which some members contradict each other.

    Parameters
    ----------
    weights : mapping of (int, int) to float
        Weights of pairs, left below right.
    least : float
        Pairs below this weight link nothing.
    contradicted : collection of (int, int)
        Pairs that must not come into one group.

    Returns
    -------
    list of list of int
        Each with at least two members, in order; by their first member.

    Examples
    --------
    >>> consistent_groups({(1, 2): 9.0, (2, 3): 8.0}, 5.0, {(1, 3)})
    [[1, 2]]
    """
    group_of: dict[int, list[int]] = {}
    for (left, right), weight in sorted(weights.items(), key=lambda item: (-item[1], item[0])):
        if weight < least:
            break
        one, other = group_of.setdefault(left, [left]), group_of.setdefault(right, [right])
        if one is other or any((min(a, b), max(a, b)) in contradicted for a in one for b in other):
            continue
        one.extend(other)
        for member in other:
            group_of[member] = one
    groups = {id(group): sorted(group) for group in group_of.values() if len(group) > 1}
    return sorted(groups.values())
