"""What simulating how word spreads, and choosing whom to tell first, takes long for, compiled.

Rows of slots as in `graphcrm.network.kernels`, with the probability that word passes along each. Every round has random
numbers of its own, that its number and the seed decide: so an answer does not depend on what runs at once.

References
----------
S. Vigna, "Further scramblings of Marsaglia's xorshift generators", Journal of Computational and Applied Mathematics
315, 2017; G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphcrm.network.kernels import compiled

__all__ = ["cover", "covered_by", "reverse_sets", "simulate"]

Numbers = NDArray[np.int64]
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


@compiled
def _mixed(state: Any) -> Any:
    value = (state ^ (state >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))


@compiled
def _begun(seed: int, row: int) -> Any:
    return _mixed(_mixed(np.uint64(seed) + _STEP) ^ (np.uint64(row) * _STEP))


@compiled
def simulate(
    indptr: Any, indices: Any, probability: Any, seeds: Numbers, rounds: int, seed: int, threshold: bool
) -> Numbers:
    """Count whom word reaches in each round, those told first among them.

    Along every slot it passes with its probability, once; with `threshold` a party hears it when the probabilities of
    the slots from those who have come to more than a number drawn for it.
    """
    size = len(indptr) - 1
    met = np.full(size, -1, np.int64)
    queue = np.empty(size, np.int64)
    need, heard = np.empty(size if threshold else 0), np.zeros(size if threshold else 0)
    touched = np.empty(size if threshold else 0, np.int64)
    reached = np.empty(rounds, np.int64)
    for row in range(rounds):
        state = _begun(seed, row)
        count = touches = 0
        for node in seeds:
            if met[node] != row:
                met[node] = row
                queue[count] = node
                count += 1
        at = 0
        while at < count:
            node = queue[at]
            at += 1
            for slot in range(indptr[node], indptr[node + 1]):
                head = indices[slot]
                if met[head] == row:
                    continue
                if threshold:
                    if heard[head] == 0.0:
                        state += _STEP
                        need[head] = (_mixed(state) >> np.uint64(11)) * _UNIT
                        touched[touches] = head
                        touches += 1
                    heard[head] += probability[slot]
                    passes = probability[slot] > 0.0 and heard[head] > need[head]
                else:
                    state += _STEP
                    passes = (_mixed(state) >> np.uint64(11)) * _UNIT < probability[slot]
                if passes:
                    met[head] = row
                    queue[count] = head
                    count += 1
        for place in range(touches):
            heard[touched[place]] = 0.0
        reached[row] = count
    return reached


@compiled
def reverse_sets(
    indptr: Any, indices: Any, probability: Any, first: int, count: int, seed: int, threshold: bool, most: int
) -> tuple[Numbers, Any]:
    """Draw sets of those from whom word would have reached a party drawn at random.

    Parameters
    ----------
    indptr, indices, probability
        Slots by head: from whom word comes.
    first, count : int
        The number of the first set, and how many.
    most : int
        Stop before a set that would begin beyond so many members in all.

    Returns
    -------
    bounds : ndarray of int, shape (sets + 1,)
        Set i is `members[bounds[i]:bounds[i + 1]]`.
    members : ndarray of int32
    """
    size = len(indptr) - 1
    met = np.full(size, -1, np.int64)
    bounds = np.zeros(count + 1, np.int64)
    members = np.empty(max(4 * count, size), np.int32)
    for row in range(count):
        start = bounds[row]
        if start > most:
            return bounds[: row + 1], members[:start]
        if start + size > len(members):
            longer = np.empty(2 * len(members) + size, np.int32)
            longer[:start] = members[:start]
            members = longer
        state = _begun(seed, first + row) + _STEP
        root = np.int64((_mixed(state) >> np.uint64(11)) * _UNIT * size)
        met[root] = row
        members[start] = root
        end = start + 1
        at = start
        while at < end:
            node = members[at]
            at += 1
            if threshold:
                # Of all who tell it, one at most is listened to.
                state += _STEP
                left = (_mixed(state) >> np.uint64(11)) * _UNIT
                for slot in range(indptr[node], indptr[node + 1]):
                    left -= probability[slot]
                    if left < 0.0:
                        tail = indices[slot]
                        if met[tail] != row:
                            met[tail] = row
                            members[end] = tail
                            end += 1
                        break
                continue
            for slot in range(indptr[node], indptr[node + 1]):
                tail = indices[slot]
                if met[tail] != row:
                    state += _STEP
                    if (_mixed(state) >> np.uint64(11)) * _UNIT < probability[slot]:
                        met[tail] = row
                        members[end] = tail
                        end += 1
        bounds[row + 1] = end
    return bounds, members[: bounds[count]]


@compiled
def _inverted(bounds: Numbers, members: Any, size: int) -> tuple[Numbers, Numbers]:
    """For every node the sets that it is in."""
    start = np.zeros(size + 1, np.int64)
    for node in members:
        start[node + 1] += 1
    start = np.cumsum(start)
    free, sets = start[:-1].copy(), np.empty(len(members), np.int64)
    for row in range(len(bounds) - 1):
        for at in range(bounds[row], bounds[row + 1]):
            node = members[at]
            sets[free[node]] = row
            free[node] += 1
    return start, sets


@compiled
def cover(bounds: Numbers, members: Any, cost: Any, budget: float, by_cost: bool) -> tuple[Numbers, Numbers, float]:
    """Choose nodes that hit most sets within a budget, each time who hits most more, with `by_cost` for its cost.

    Parameters
    ----------
    cost : ndarray of float, shape (n,)
        Above 0; infinite for who must not be chosen.

    Returns
    -------
    chosen : ndarray of int
        In the order of choice; of equal ones the first node.
    gains : ndarray of int
        How many more sets each hits.
    most : float
        No choice within the budget hits more sets than this.
    """
    size = len(cost)
    start, sets = _inverted(bounds, members, size)
    gain = start[1:] - start[:-1]
    hit = np.zeros(len(bounds) - 1, np.bool_)
    chosen, gains = np.empty(size, np.int64), np.empty(size, np.int64)
    count, total, left, most = 0, 0, budget, np.inf
    while True:
        best, value = -1, 0.0
        for node in range(size):
            if gain[node] > 0 and cost[node] <= left:
                worth = gain[node] / cost[node] if by_cost else float(gain[node])
                if worth > value:
                    best, value = node, worth
        # Whatever was best adds at most what the best that there still are add, parts of one included.
        most = min(most, total + _room(gain, cost, budget))
        if best < 0:
            break
        chosen[count], gains[count] = best, gain[best]
        count += 1
        left -= cost[best]
        total += gain[best]
        for at in range(start[best], start[best + 1]):
            row = sets[at]
            if not hit[row]:
                hit[row] = True
                for place in range(bounds[row], bounds[row + 1]):
                    gain[members[place]] -= 1
    return chosen[:count], gains[:count], most


@compiled
def _room(gain: Numbers, cost: Any, budget: float) -> float:
    """The most that fits into a budget when a part of the last counts for its part."""
    worth = np.empty(len(gain))
    for node in range(len(gain)):
        worth[node] = gain[node] / cost[node] if cost[node] <= budget else 0.0
    total, left = 0.0, budget
    positive = np.flatnonzero(worth > 0.0)
    order = positive[np.argsort(-worth[positive])]
    for node in order:
        if cost[node] >= left:
            total += worth[node] * left
            break
        total += gain[node]
        left -= cost[node]
    return float(total)


@compiled
def covered_by(bounds: Numbers, members: Any, chosen: Numbers, size: int) -> Numbers:
    """Count the sets that each of some nodes is the first of them to hit."""
    place = np.full(size, len(chosen), np.int64)
    for at in range(len(chosen)):
        place[chosen[at]] = at
    gains = np.zeros(len(chosen) + 1, np.int64)
    for row in range(len(bounds) - 1):
        first = len(chosen)
        for at in range(bounds[row], bounds[row + 1]):
            first = min(first, place[members[at]])
        gains[first] += 1
    return gains[:-1]
