"""Through whom to reach someone: for everyone who is tied to them, the strongest way there.

The strength of a way is the product of the strengths of its ties, looked at whichever way they point.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from graphcrm.network.graph import Integers
from graphcrm.network.paths import LOSS_QUANTUM

__all__ = ["Introduction", "introductions"]

_HOP = 2.0**-20
"""What a hop costs in quanta: of equally strong ways the one with fewer hops is taken."""


@dataclass(frozen=True)
class Introduction:
    """A way to someone: who is passed, from where it begins to the one who is to be reached, and its strength."""

    nodes: list[int]
    strength: float

    @property
    def via(self) -> int:
        """Who makes the introduction."""
        return self.nodes[-2]


def introductions(around: Any, sources: Integers, target: int, barred: Integers, k: int) -> list[Introduction]:
    """Find the best ways to someone, each through another.

    Parameters
    ----------
    around : scipy.sparse.csr_array, shape (n, n)
        Strengths in (0, 1], both ways.
    sources : ndarray of int
        Where ways may begin.
    target : int
        Who is to be reached.
    barred : ndarray of int
        Who must not be passed.
    k : int
        Ways at most.

    Returns
    -------
    list of Introduction
        Strongest first, then by fewest hops, then by the place of who introduces; a source that is tied to the target
        reaches it without another. Empty when there is none.

    Examples
    --------
    >>> ties = {(0, 1): 0.5, (1, 3): 0.8, (0, 2): 0.9, (2, 3): 0.1}
    >>> rows, columns = np.array(list(ties)).T
    >>> half = sparse.csr_array((list(ties.values()), (rows, columns)), shape=(4, 4))
    >>> [way.nodes for way in introductions(half + half.T, np.array([0]), 3, np.array([], int), 5)]
    [[0, 1, 3], [0, 2, 3]]
    """
    free = np.ones(around.shape[0], dtype=bool)
    free[barred] = False
    sources = sources[free[sources] & (sources != target)]
    if not len(sources):
        return []
    loss = np.rint(-np.log(around.data) / LOSS_QUANTUM) + _HOP
    # The ways are those to the ones around the target; none of them passes it.
    open_ = free.copy()
    open_[target] = False
    tail = np.repeat(np.arange(around.shape[0]), np.diff(around.indptr))
    kept = open_[tail] & open_[around.indices]
    graph = sparse.csr_array((loss[kept], (tail[kept], around.indices[kept])), shape=around.shape)
    cost, before, _ = csgraph.dijkstra(graph, indices=sources, return_predecessors=True, min_only=True)
    row = slice(around.indptr[target], around.indptr[target + 1])
    vias = around.indices[row]
    total = np.where(free[vias], cost[vias] + loss[row], np.inf)
    order = np.lexsort((vias, total))
    best = [int(vias[at]) for at in order[:k] if np.isfinite(total[at])]
    return [_way(around, before, via, target) for via in best]


def _way(around: Any, before: Any, via: int, target: int) -> Introduction:
    nodes = [target, via]
    while before[nodes[-1]] >= 0:
        nodes.append(int(before[nodes[-1]]))
    nodes.reverse()
    steps = [float(around[one, other]) for one, other in pairwise(nodes)]
    return Introduction(nodes, float(np.prod(steps)))
