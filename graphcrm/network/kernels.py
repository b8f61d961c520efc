"""What networkx takes long for, compiled: distances, shortest paths that pass through, cores and triangles.

All kernels take rows of slots: those of node i are `indptr[i]:indptr[i + 1]`, each with the neighbour in `indices` and,
where they matter, the length in `lengths`, which is above 0. They let go of the interpreter while they run. The first
call of each compiles it, which is kept on disk.

References
----------
U. Brandes, "A faster algorithm for betweenness centrality", Journal of Mathematical Sociology 25, 2001.
V. Batagelj, M. Zaversnik, "An O(m) algorithm for cores decomposition of networks", 2003.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "betweenness",
    "compiled",
    "cores",
    "distance_sums",
    "distances",
    "hop_betweenness",
    "triangles",
    "walk_in_depth",
]

_F = TypeVar("_F", bound=Callable[..., Any])

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


def compiled(function: _F) -> _F:
    """Compile a function when it is first called, and keep that on disk; it lets go of the interpreter."""
    compiled: Any = numba.njit(cache=True, nogil=True)(function)
    return compiled  # type: ignore[no-any-return]


@compiled
def _lift(heap: Any, place: Any, key: Any, slot: int) -> None:
    """Move an entry of the heap up to where it belongs."""
    node = heap[slot]
    while slot > 0:
        above = (slot - 1) >> 2
        if key[heap[above]] <= key[node]:
            break
        heap[slot] = heap[above]
        place[heap[slot]] = slot
        slot = above
    heap[slot] = node
    place[node] = slot


@compiled
def _pop(heap: Any, place: Any, key: Any, size: int) -> int:
    """Take the least entry off a heap of so many."""
    least = heap[0]
    node = heap[size - 1]
    size -= 1
    slot = 0
    while True:
        first = 4 * slot + 1
        if first >= size:
            break
        child = first
        for other in range(first + 1, min(first + 4, size)):
            if key[heap[other]] < key[heap[child]]:
                child = other
        if key[heap[child]] >= key[node]:
            break
        heap[slot] = heap[child]
        place[heap[slot]] = slot
        slot = child
    heap[slot] = node
    place[node] = slot
    return least  # type: ignore[no-any-return]


@compiled
def _settle(indptr: Any, indices: Any, lengths: Any, source: int, key: Any, order: Any, heap: Any, place: Any) -> int:
    """Dijkstra: fill `key` (infinite before) and `order` with whom the source reaches; give how many."""
    key[source] = 0.0
    heap[0] = source
    place[source] = 0
    size, reached = 1, 0
    while size:
        node = _pop(heap, place, key, size)
        size -= 1
        order[reached] = node
        reached += 1
        for slot in range(indptr[node], indptr[node + 1]):
            head = indices[slot]
            through = key[node] + lengths[slot]
            if through < key[head]:
                if key[head] == np.inf:
                    place[head] = size
                    heap[size] = head
                    size += 1
                key[head] = through
                _lift(heap, place, key, place[head])
    return reached


@compiled
def _walk(indptr: Any, indices: Any, source: int, level: Any, order: Any) -> int:
    """Breadth first: fill `level` (-1 before) and `order` with whom the source reaches; give how many."""
    level[source] = 0
    order[0] = source
    reached, at = 1, 0
    while at < reached:
        node = order[at]
        at += 1
        for slot in range(indptr[node], indptr[node + 1]):
            head = indices[slot]
            if level[head] < 0:
                level[head] = level[node] + 1
                order[reached] = head
                reached += 1
    return reached


@compiled
def distances(indptr: Any, indices: Any, lengths: Any, source: int) -> tuple[Floats, Numbers]:
    """Give the distance from a node to every other, infinite without a way, and whom it reaches, nearest first."""
    size = len(indptr) - 1
    key = np.full(size, np.inf)
    order = np.empty(size, np.int64)
    heap, place = np.empty(size, np.int64), np.empty(size, np.int64)
    reached = _settle(indptr, indices, lengths, source, key, order, heap, place)
    return key, order[:reached]


@compiled
def distance_sums(indptr: Any, indices: Any, lengths: Any, sources: Numbers) -> tuple[Floats, Floats, Numbers]:
    """Give, for each source, the sum of its distances to whom it reaches, that of their inverses, and their number.

    Without lengths (an empty array) every step has length 1. The source itself is one of whom it reaches.
    """
    size = len(indptr) - 1
    total, inverse = np.zeros(len(sources)), np.zeros(len(sources))
    count = np.zeros(len(sources), np.int64)
    key, level = np.full(size, np.inf), np.full(size, -1, np.int64)
    order, heap, place = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    for row in range(len(sources)):
        if len(lengths):
            reached = _settle(indptr, indices, lengths, sources[row], key, order, heap, place)
        else:
            reached = _walk(indptr, indices, sources[row], level, order)
        count[row] = reached
        for at in range(1, reached):
            node = order[at]
            distance = key[node] if len(lengths) else float(level[node])
            total[row] += distance
            inverse[row] += 1.0 / distance
        for at in range(reached):
            key[order[at]] = np.inf
            level[order[at]] = -1
    return total, inverse, count


@compiled
def _credit(score: Any, carried: Any, order: Any, ends: bool) -> None:
    """Add what the ways from one source, the first of `order`, come to for whom it reaches."""
    for node in order[1:]:
        score[node] += carried[node] + (1.0 if ends else 0.0)
    if ends:
        score[order[0]] += len(order) - 1


@compiled
def betweenness(indptr: Any, indices: Any, lengths: Any, sources: Numbers, ends: bool) -> Floats:
    """Add up, for every node, its part of the shortest ways from each source to all others.

    With `ends`, a way counts for those at its ends, too.
    """
    size = len(indptr) - 1
    score = np.zeros(size)
    key, ways, carried = np.full(size, np.inf), np.zeros(size), np.zeros(size)
    order, heap, place = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    for source in sources:
        reached = _settle(indptr, indices, lengths, source, key, order, heap, place)
        ways[source] = 1.0
        for at in range(reached):
            node = order[at]
            for slot in range(indptr[node], indptr[node + 1]):
                if key[node] + lengths[slot] == key[indices[slot]]:
                    ways[indices[slot]] += ways[node]
        for at in range(reached - 1, -1, -1):
            node = order[at]
            for slot in range(indptr[node], indptr[node + 1]):
                head = indices[slot]
                if key[node] + lengths[slot] == key[head]:
                    carried[node] += ways[node] / ways[head] * (1.0 + carried[head])
        _credit(score, carried, order[:reached], ends)
        for at in range(reached):
            node = order[at]
            key[node], ways[node], carried[node] = np.inf, 0.0, 0.0
    return score


@compiled
def hop_betweenness(indptr: Any, indices: Any, sources: Numbers, ends: bool) -> Floats:
    """Do as `betweenness` does where every step has length 1."""
    size = len(indptr) - 1
    score = np.zeros(size)
    level = np.full(size, -1, np.int64)
    ways, carried = np.zeros(size), np.zeros(size)
    order = np.empty(size, np.int64)
    for source in sources:
        reached = _walk(indptr, indices, source, level, order)
        ways[source] = 1.0
        for at in range(reached):
            node = order[at]
            for slot in range(indptr[node], indptr[node + 1]):
                if level[indices[slot]] == level[node] + 1:
                    ways[indices[slot]] += ways[node]
        for at in range(reached - 1, -1, -1):
            node = order[at]
            share = 0.0
            for slot in range(indptr[node], indptr[node + 1]):
                head = indices[slot]
                if level[head] == level[node] + 1:
                    share += (1.0 + carried[head]) / ways[head]
            carried[node] = ways[node] * share
        _credit(score, carried, order[:reached], ends)
        for at in range(reached):
            node = order[at]
            level[node], ways[node], carried[node] = -1, 0.0, 0.0
    return score


@compiled
def cores(indptr: Any, indices: Any, twin: Any, twins: Any) -> Numbers:
    """Give every node's core number, by the degree that both kinds of rows make together."""
    size = len(indptr) - 1
    degree: Numbers = (indptr[1:] - indptr[:-1]) + (twin[1:] - twin[:-1])
    start = np.zeros(degree.max() + 2 if size else 1, np.int64)
    for node in range(size):
        start[degree[node] + 1] += 1
    for each in range(1, len(start)):
        start[each] += start[each - 1]
    place, order, free = np.empty(size, np.int64), np.empty(size, np.int64), start.copy()
    for node in range(size):
        place[node] = free[degree[node]]
        order[place[node]] = node
        free[degree[node]] += 1
    for at in range(size):
        node = order[at]
        for kind in range(2):
            bounds, heads = (indptr, indices) if kind == 0 else (twin, twins)
            for slot in range(bounds[node], bounds[node + 1]):
                head = heads[slot]
                if degree[head] > degree[node]:
                    # It changes places with the first of its degree, and is then one of the degree below.
                    first = start[degree[head]]
                    other = order[first]
                    order[place[head]], order[first] = other, head
                    place[other], place[head] = place[head], first
                    start[degree[head]] = first + 1
                    degree[head] -= 1
    return degree


@compiled
def triangles(indptr: Any, indices: Any) -> Numbers:
    """Count the triangles of every node of an undirected graph; an edge from a node to itself makes none."""
    size = len(indptr) - 1
    degree = indptr[1:] - indptr[:-1]
    found = np.zeros(size, np.int64)
    mark = np.full(size, -1, np.int64)
    for node in range(size):
        # Each triangle is met once, from the end that comes first by degree.
        for slot in range(indptr[node], indptr[node + 1]):
            head = indices[slot]
            if degree[head] > degree[node] or (degree[head] == degree[node] and head > node):
                mark[head] = node
        for slot in range(indptr[node], indptr[node + 1]):
            head = indices[slot]
            if mark[head] != node:
                continue
            for further in range(indptr[head], indptr[head + 1]):
                third = indices[further]
                if mark[third] == node and (
                    degree[third] > degree[head] or (degree[third] == degree[head] and third > head)
                ):
                    found[node] += 1
                    found[head] += 1
                    found[third] += 1
    return found


@compiled
def walk_in_depth(indptr: Any, indices: Any, root: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Walk an undirected graph in depth from a root, and note how far back each subtree has ties.

    Returns
    -------
    order : ndarray of int, shape (r,)
        Whom the root reaches, in the order in which they are met; the others go by the places in this order.
    above : ndarray of int, shape (r,)
        From whom each is met; -1 for the root.
    low : ndarray of int, shape (r,)
        The first to whom a tie leads from its subtree, but for the one by which it was met.
    end : ndarray of int, shape (r,)
        The place behind its subtree.
    """
    size = len(indptr) - 1
    place = np.full(size, -1, np.int64)
    order, above = np.empty(size, np.int64), np.empty(size, np.int64)
    low, end = np.empty(size, np.int64), np.empty(size, np.int64)
    slot = indptr[:-1].copy()
    order[0], above[0], low[0], place[root] = root, -1, 0, 0
    met, at = 1, 0
    while at >= 0:
        node = order[at]
        if slot[node] < indptr[node + 1]:
            head = indices[slot[node]]
            slot[node] += 1
            if place[head] < 0:
                order[met], above[met], low[met], place[head] = head, at, met, met
                at = met
                met += 1
            elif place[head] != above[at]:
                low[at] = min(low[at], place[head])
        else:
            end[at] = met
            if above[at] >= 0:
                low[above[at]] = min(low[above[at]], low[at])
            at = above[at]
    return order[:met], above[:met], low[:met], end[:met]
