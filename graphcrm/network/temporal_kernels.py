"""The searches of `graphcrm.network.temporal`, compiled.

Each gives the rows of a path's ties from its first step to its last, none when there is no path. Of equal labels the
one whose party comes first by position is settled first, so that equal paths are told apart the same way every time.
"""

from __future__ import annotations

import heapq
from typing import Any, Final, NamedTuple

import numpy as np

from graphcrm.network.graph import Integers
from graphcrm.network.kernels import compiled

__all__ = ["ALWAYS", "NEVER", "Steps", "arrivals", "cheapest", "earliest", "fastest"]

NEVER: Final = np.iinfo(np.int64).max
"""After every moment."""
ALWAYS: Final = np.iinfo(np.int64).min
"""Before every moment."""


class Steps(NamedTuple):
    """Dated steps by tail, then time: those of node i are `indptr[i]:indptr[i + 1]`; `row` is that of the tie."""

    indptr: Any
    heads: Any
    at: Any
    row: Any


@compiled
def _first_after(at: Any, low: Any, high: Any, moment: Any, strict: Any) -> Any:
    """Where the steps begin, among sorted ones, that come after a moment, or at it unless strict."""
    while low < high:
        middle = (low + high) // 2
        if at[middle] < moment or (strict and at[middle] == moment):
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _search(steps: Any, source: int, first: int, strict: bool, target: int, last: int, arrival: Any, came: Any) -> None:
    """Fill when each party is reached first, and by which step, until the target is."""
    heap: Any = [(first, source)]
    arrival[source] = first
    while heap:
        moment, node = heapq.heappop(heap)
        if moment > arrival[node]:
            continue
        if node == target:
            return
        begin, end = steps.indptr[node], steps.indptr[node + 1]
        # The first step of all may be taken at the very moment from which steps count.
        for step in range(_first_after(steps.at, begin, end, moment, strict and node != source), end):
            if steps.at[step] > last:
                break
            head = steps.heads[step]
            if steps.at[step] < arrival[head]:
                arrival[head] = steps.at[step]
                came[head] = step
                heapq.heappush(heap, (steps.at[step], np.int64(head)))


@compiled
def _tail(indptr: Any, step: Any) -> Any:
    return np.searchsorted(indptr, step, side="right") - 1


@compiled
def arrivals(steps: Steps, source: int, first: int, strict: bool) -> Integers:
    """Give when each node is reached first, the largest integer where it is not."""
    size = len(steps.indptr) - 1
    arrival, came = np.full(size, NEVER), np.full(size, -1)
    _search(steps, source, first, strict, -1, NEVER, arrival, came)
    return arrival


@compiled
def earliest(steps: Steps, source: int, first: int, strict: bool, target: int, last: int) -> Integers:
    """Find the path that arrives first, none of its steps after the last moment."""
    size = len(steps.indptr) - 1
    arrival, came = np.full(size, NEVER), np.full(size, -1)
    _search(steps, source, first, strict, target, last, arrival, came)
    rows = [np.int64(0) for _ in range(0)]
    node = target
    while node != source and came[node] >= 0:
        rows.append(steps.row[came[node]])
        node = _tail(steps.indptr, came[node])
    return np.array(rows[::-1], dtype=np.int64)


@compiled
def cheapest(steps: Steps, cost: Any, source: int, first: int, strict: bool, target: int) -> Integers:
    """Find the path whose ties cost least in sum, of equal ones that which arrives first."""
    # Steps of a node from here on were followed by a label that costs no more.
    followed = steps.indptr[1:].copy()
    labels = [(np.int64(-1), np.int64(-1))]  # of the label before, and the step from there
    heap = [(np.int64(0), np.int64(first), np.int64(source), np.int64(0))]
    while heap:
        spent, moment, node, label = heapq.heappop(heap)
        if node == target:
            rows = [np.int64(0) for _ in range(0)]
            while labels[label][1] >= 0:
                rows.append(steps.row[labels[label][1]])
                label = labels[label][0]
            return np.array(rows[::-1], dtype=np.int64)
        begin = _first_after(steps.at, steps.indptr[node], followed[node], moment, strict and node != source)
        for step in range(begin, followed[node]):
            head = steps.heads[step]
            if head != source:
                labels.append((label, np.int64(step)))
                after = (spent + cost[steps.row[step]], steps.at[step], np.int64(head), np.int64(len(labels) - 1))
                heapq.heappush(heap, after)
        followed[node] = min(begin, followed[node])
    return np.zeros(0, np.int64)


@compiled
def fastest(steps: Steps, source: int, first: int, strict: bool, target: int) -> Integers:
    """Find the path with the least time from its first step to its last, of equal ones that which sets out last."""
    size = len(steps.indptr) - 1
    begin, end = steps.indptr[source], steps.indptr[source + 1]
    begin = _first_after(steps.at, begin, end, first, False)
    # Who sets out earlier and arrives no earlier than a later one did is not followed.
    arrival = np.full(size, NEVER)
    least, setting_out = NEVER, NEVER
    step = end - 1
    while step >= begin:
        moment = steps.at[step]
        heap = [(np.int64(0), np.int64(0)) for _ in range(0)]
        while step >= begin and steps.at[step] == moment:
            head = steps.heads[step]
            if moment < arrival[head] and head != source:
                arrival[head] = moment
                heapq.heappush(heap, (moment, np.int64(head)))
            step -= 1
        while heap:
            now, node = heapq.heappop(heap)
            if now > arrival[node] or node == target:
                continue
            last = steps.indptr[node + 1]
            for further in range(_first_after(steps.at, steps.indptr[node], last, now, strict), last):
                head = steps.heads[further]
                if steps.at[further] < arrival[head] and head != source:
                    arrival[head] = steps.at[further]
                    heapq.heappush(heap, (steps.at[further], np.int64(head)))
        if arrival[target] != NEVER and arrival[target] >= moment and arrival[target] - moment < least:
            least, setting_out = arrival[target] - moment, moment
    if setting_out == NEVER:
        return np.zeros(0, np.int64)
    return earliest(steps, source, setting_out, strict, target, setting_out + least)
