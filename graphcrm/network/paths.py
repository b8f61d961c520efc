"""The k best simple paths between two parties, by hops or by strength.

Paths follow the direction of ties. The strength of a path is the product of its ties' strengths; so that equal ones are
found equal, -ln(strength) of each tie is rounded to a multiple of `LOSS_QUANTUM`, and sums of these are compared.

References
----------
J. Yen, "Finding the k shortest loopless paths in a network", Management Science 17, 1971.
P. Hart, N. Nilsson, B. Raphael, "A formal basis for the heuristic determination of minimum cost paths", IEEE
Transactions on Systems Science and Cybernetics 4, 1968.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, Final, Literal

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Integers, Projection

__all__ = ["LOSS_QUANTUM", "MAX_HOPS", "Path", "Step", "best_paths", "referral_paths"]

LOSS_QUANTUM: Final = 2.0**-30
"""Unit in which -ln(strength) is counted: strengths that agree to nine digits are equal."""
MAX_HOPS: Final = 250
"""Largest `max_hops`: up to here a path's loss in quanta and its hops are exact in one float64."""
_HOP_BITS: Final = 8
By = Literal["hops", "strength"]

Step = dict[str, Any]
"""A step of a path: `source`, `target`, `types` and `ids` of its parallel ties (strongest first), joined `strength`."""


@dataclass(frozen=True)
class Path:
    """A path: its parties from source to target, its length in ties, the product of strengths, and its steps."""

    party_ids: list[str]
    hops: int
    strength: float
    ties: list[Step]


@dataclass(frozen=True)
class _Search:
    """What all searches to one target share.

    `cost` counts a step: by strength its loss in quanta above its one hop, by hops the other way round; costs add up,
    and the lesser path is the better one. `togo` is at most what is left to the target, `hops` the fewest hops to it.
    """

    indptr: Integers
    heads: Integers
    cost: Integers
    togo: list[float]
    hops: list[int]
    target: int
    max_hops: int


def best_paths(
    network: Projection, source: str, target: str, by: By = "hops", k: int = 1, max_hops: int = 10
) -> list[Path]:
    """Find the k best simple paths from one party to another.

    Parameters
    ----------
    network : Projection
        The projected network.
    source, target : str
        Ids of two different parties.
    by : {"hops", "strength"}
        Fewest hops, then strongest; or strongest, then fewest hops.
    k : int
        At most so many paths.
    max_hops : int
        Longer paths do not count; at most `MAX_HOPS`.

    Returns
    -------
    list of Path
        Best first; paths equal in hops and strength in the order of their ids. Empty when there is none.

    Raises
    ------
    NotFound
        For an unknown party.
    InvalidInput
        For one party twice, an unknown `by`, or `k` or `max_hops` out of bounds.
    """
    if by not in ("hops", "strength"):
        raise InvalidInput(
            f"Paths are found by hops or by strength, not by {by!r}.",
            field="by",
            allowed=("hops", "strength"),
        )
    if k < 1:
        raise InvalidInput("k must be at least 1.", field="k")
    if not 1 <= max_hops <= MAX_HOPS:
        raise InvalidInput(f"max_hops must be within 1..{MAX_HOPS}.", field="max_hops")
    start, end = network.position(source), network.position(target)
    if start == end:
        raise InvalidInput("A path needs two different parties.", field="target")
    search = _prepared(network, start, end, by, max_hops)
    return [_path(network, nodes) for nodes in _yen(search, start, k)]


def referral_paths(network: Projection, source: str, target: str, k: int = 1, max_hops: int = 10) -> list[Path]:
    """Find the k shortest paths of referrals alone, by hops, then strength, then ids; see `best_paths`.

    Raises
    ------
    InvalidInput
        When the network holds more than the layer `referral`.
    """
    if network.layers != ("referral",):
        raise InvalidInput("Referral paths run on the layer referral alone.", field="layers", allowed=("referral",))
    return best_paths(network, source, target, "hops", k, max_hops)


def _prepared(network: Projection, start: int, end: int, by: By, max_hops: int) -> _Search:
    weights = network.adjacency
    loss = np.rint(-np.log(weights.data) / LOSS_QUANTUM).astype(np.int64)
    hops = _hops_to(network.transposed, end, max_hops)
    if by == "hops":
        # Within MAX_HOPS a path's loss stays below 2^43, and above it the hops below 2^8.
        cost = loss + (1 << 43)
        togo = _cost_to(network, hops, cost, end)
    else:
        cost = (loss << _HOP_BITS) + 1
        graph = sparse.csr_array((cost.astype(float), weights.indices, weights.indptr), shape=weights.shape)
        togo = csgraph.dijkstra(graph.T.tocsr(), indices=end)
    return _Search(weights.indptr, weights.indices, cost, togo.tolist(), hops.tolist(), end, max_hops)


def _hops_to(backward: Any, end: int, max_hops: int) -> Integers:
    """Fewest hops from every party to one; more than `max_hops` where there is no way within them."""
    hops = np.full(backward.shape[0], max_hops + 1, dtype=np.int64)
    hops[end] = 0
    frontier = np.array([end])
    for level in range(1, max_hops + 1):
        reached = backward[frontier].indices
        frontier = np.unique(reached[hops[reached] > level])
        if not len(frontier):
            break
        hops[frontier] = level
    return hops


def _cost_to(network: Projection, hops: Integers, cost: Integers, end: int) -> Any:
    """Least cost to the target over fewest hops, level by level."""
    tail, head = network.adjacency.tocoo().coords
    nearer = np.flatnonzero(hops[tail] == hops[head] + 1)
    nearer = nearer[np.argsort(hops[tail[nearer]], kind="stable")]
    togo = np.full(len(hops), np.iinfo(np.int64).max, dtype=np.int64)
    togo[end] = 0
    for arcs in np.split(nearer, np.flatnonzero(np.diff(hops[tail[nearer]])) + 1):
        np.minimum.at(togo, tail[arcs], togo[head[arcs]] + cost[arcs])
    return togo


def _yen(search: _Search, start: int, k: int) -> list[tuple[int, ...]]:
    """The k best paths in order: each further one leaves an earlier one at some party for the first time."""
    first = _astar(search, (start,), 0, frozenset())
    found: list[tuple[int, ...]] = []
    waiting = [first] if first else []
    seen = {first[1]} if first else set()
    while waiting and len(found) < k:
        _, nodes = heapq.heappop(waiting)
        found.append(nodes)
        if len(found) == k:
            break
        spent = 0
        for at in range(len(nodes) - 1):
            root = nodes[: at + 1]
            taken = frozenset(path[at + 1] for path in found if path[: at + 1] == root)
            candidate = _astar(search, root, spent, taken)
            if candidate and candidate[1] not in seen:
                seen.add(candidate[1])
                heapq.heappush(waiting, candidate)
            spent += _step_cost(search, nodes[at], nodes[at + 1])
    return found


def _step_cost(search: _Search, tail: int, head: int) -> int:
    first, last = search.indptr[tail], search.indptr[tail + 1]
    return int(search.cost[first + np.searchsorted(search.heads[first:last], head)])


def _astar(
    search: _Search, root: tuple[int, ...], spent: int, taken: frozenset[int]
) -> tuple[int, tuple[int, ...]] | None:
    """Give cost and nodes of the best path that goes on from `root`, not by a node of `taken` in its next step.

    Of equal paths the one with the least ids comes first, because the heap compares whole paths. By strength a dearer
    way to a party may be the only one within the bound on hops: it is followed while it has fewer hops.
    """
    avoid = set(root)
    fewest: dict[int, int] = {}
    heap = [(spent + search.togo[root[-1]], root, spent)]
    while heap:
        _, nodes, cost = heapq.heappop(heap)
        node, hops = nodes[-1], len(nodes) - 1
        if node == search.target:
            return cost, nodes
        if fewest.get(node, hops + 1) <= hops:
            continue
        fewest[node] = hops
        arcs = slice(search.indptr[node], search.indptr[node + 1])
        for head, step in zip(search.heads[arcs].tolist(), search.cost[arcs].tolist(), strict=True):
            if head in avoid or hops + 1 + search.hops[head] > search.max_hops:
                continue
            if fewest.get(head, hops + 2) <= hops + 1 or (node == root[-1] and head in taken):
                continue
            heapq.heappush(heap, (cost + step + search.togo[head], (*nodes, head), cost + step))
    return None


def _path(network: Projection, nodes: tuple[int, ...]) -> Path:
    steps = [_step(network, a, b) for a, b in pairwise(nodes)]
    return Path(
        party_ids=[network.ids[node] for node in nodes],
        hops=len(steps),
        strength=prod(step["strength"] for step in steps),
        ties=steps,
    )


def _step(network: Projection, source: int, target: int) -> Step:
    rows = network.ties_between(source, target)
    return {
        "source": network.ids[source],
        "target": network.ids[target],
        "types": list(dict.fromkeys(network.ties.type[rows].tolist())),
        "ids": network.ties.id[rows].tolist(),
        "strength": float(network.adjacency[source, target]),
    }
