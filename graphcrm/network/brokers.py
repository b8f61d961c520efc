"""Who, by leaving, would cut others off: the parties that every way from a root to them passes.

One walk in depth from the root finds them all: whoever has a child in the walk from whose subtree no tie leads past it
cuts off that subtree, and a tie is a bridge when no other leads past it. Time and memory grow with the ties.

References
----------
J. Hopcroft, R. Tarjan, "Algorithm 447: efficient algorithms for graph manipulation", Communications of the ACM 16,
1973.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from graphcrm.network import kernels
from graphcrm.network.graph import Integers

__all__ = ["Walk", "walk_from"]


@dataclass(frozen=True)
class Walk:
    """A walk in depth from a root, and where it can be cut.

    Attributes
    ----------
    order : ndarray of int, shape (r,)
        Whom the root reaches, itself first (left out when it was several), each before those that it leads to.
    broker : ndarray of int, shape (c,)
        For each subtree that one node alone holds: that node.
    first, end : ndarray of int, shape (c,)
        The subtree: it is `order[first:end]`.
    bridge : ndarray of bool, shape (c,)
        Whether a single tie leads from the broker into the subtree.
    """

    order: Integers
    broker: Integers
    first: Integers
    end: Integers
    bridge: Any

    def below(self, values: Integers) -> Integers:
        """Add up values over the subtrees.

        Parameters
        ----------
        values : ndarray of int, shape (n,)
            By node.

        Returns
        -------
        ndarray of int, shape (n,)
            For each node the sum over all whom it alone holds, itself left out.
        """
        sums = np.concatenate([[0], np.cumsum(values[self.order])])
        total = np.zeros(len(values), dtype=np.int64)
        np.add.at(total, self.broker, sums[self.end] - sums[self.first])
        return total

    def held_by(self, node: int) -> Integers:
        """Give those whom a node alone holds, in the order of the walk."""
        held = np.flatnonzero(self.broker == node)
        parts = [self.order[self.first[row] : self.end[row]] for row in held]
        return np.concatenate([np.zeros(0, np.int64), *parts])


def walk_from(around: Any, roots: Integers) -> Walk:
    """Walk a network in depth from one node, or from several that count as one.

    Parameters
    ----------
    around : scipy.sparse.csr_array, shape (n, n)
        The ties, each both ways.
    roots : ndarray of int
        Where the walk begins. Several are joined by a root that never leaves, so that each may leave; one alone is the
        root, and no broker.

    Returns
    -------
    Walk
        Empty when there are no roots.

    Examples
    --------
    >>> chain = sparse.csr_array(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]))
    >>> walk_from(chain, np.array([0])).below(np.ones(3, dtype=int)).tolist()
    [0, 1, 0]
    """
    size = around.shape[0]
    if len(roots) == 1:
        rooted, root = around, int(roots[0])
    else:
        tail, head = around.tocoo().coords
        hub = np.full(len(roots), size)
        ends = (np.concatenate([tail, hub, roots]), np.concatenate([head, roots, hub]))
        rooted, root = sparse.csr_array((np.ones(len(ends[0])), ends), shape=(size + 1, size + 1)), size
    slots = rooted.indptr.astype(np.int64), rooted.indices.astype(np.int32)
    order, above, low, end = kernels.walk_in_depth(*slots, root)
    cut = np.flatnonzero((above > 0) & (low >= above))
    joined = int(root == size)  # what joins several roots is no party
    order = order[joined:]
    return Walk(order, order[above[cut] - joined], cut - joined, end[cut] - joined, low[cut] > above[cut])
