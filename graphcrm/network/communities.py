"""Communities: groups with more and stronger ties inside than their parties' ties would make by chance.

Label propagation under modularity: a party takes the label to which its ties are strongest beyond what chance expects;
then each community becomes one party, and the labels spread again, until no label moves.

References
----------
M. Barber, J. Clark, "Detecting network communities by propagating labels under constraints", Physical Review E
80, 2009.
V. Blondel et al., "Fast unfolding of communities in large networks", Journal of Statistical Mechanics, 2008.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from graphcrm.network.graph import Integers, Projection

__all__ = ["communities"]

ROUNDS = 20
LEVELS = 10


def communities(network: Projection, seed: int = 7) -> Integers:
    """Divide the parties into communities.

    Parameters
    ----------
    network : Projection
        The projected network; directions are left aside, parallel strengths add up.
    seed : int
        Decides in which order parties choose; the same seed gives the same communities.

    Returns
    -------
    ndarray of int, shape (n,)
        A community's number for each party in the order of `network.ids`: 0 is the largest, equal ones by their first
        party. A party without ties is a community of its own.
    """
    random = np.random.default_rng(seed)
    weights = (network.adjacency + network.transposed).tocsr()
    member = np.arange(len(network))
    for _ in range(LEVELS):
        labels = _propagate(weights, random)
        _, labels = np.unique(labels, return_inverse=True)
        groups = int(labels.max(initial=-1)) + 1
        if groups == weights.shape[0]:
            break
        member = labels[member]
        merge = sparse.csr_array((np.ones(len(labels)), (np.arange(len(labels)), labels)), shape=(len(labels), groups))
        weights = (merge.T @ weights @ merge).tocsr()
    return _by_size(member)


def _propagate(weights: Any, random: np.random.Generator) -> Integers:
    size = weights.shape[0]
    labels = np.arange(size)
    degree = np.asarray(weights.sum(axis=1)).ravel()
    total = degree.sum()
    if total == 0:
        return labels
    apart = weights - sparse.diags_array(weights.diagonal())
    for _ in range(ROUNDS):
        # In four batches: who moves at the same time as its neighbours swaps labels with them for ever.
        batches = np.array_split(random.permutation(size), 4)
        if sum(_move(np.sort(batch), apart, degree, total, labels) for batch in batches) <= size // 500:
            break
    return labels


def _move(batch: Integers, weights: Any, degree: Any, total: float, labels: Integers) -> int:
    """Let the parties of a batch take their best labels; give how many moved."""
    volume = np.bincount(labels, weights=degree, minlength=len(labels))
    rows = weights[batch]
    pull = sparse.csr_array((rows.data, labels[rows.indices], rows.indptr), shape=rows.shape)
    pull.sum_duplicates()
    size = np.diff(pull.indptr)
    tied = size > 0
    batch, starts, size = batch[tied], pull.indptr[:-1][tied], size[tied]
    if len(batch) == 0:
        return 0
    party = np.repeat(batch, size)
    own = pull.indices == labels[party]
    gain = pull.data - degree[party] * (volume[pull.indices] - np.where(own, degree[party], 0.0)) / total
    best = np.maximum.reduceat(gain, starts)
    choice = np.minimum.reduceat(np.where(gain == np.repeat(best, size), pull.indices, len(labels)), starts)
    # Who has no tie into its own community leaves nothing behind but what chance expects.
    stay = -degree[batch] * (volume[labels[batch]] - degree[batch]) / total
    stay = np.maximum(stay, np.maximum.reduceat(np.where(own, gain, -np.inf), starts))
    better = best > stay + 1e-12 * degree[batch]
    labels[batch[better]] = choice[better]
    return int(better.sum())


def _by_size(member: Integers) -> Integers:
    _, first, inverse, size = np.unique(member, return_index=True, return_inverse=True, return_counts=True)
    number = np.empty(len(size), dtype=np.int64)
    number[np.lexsort((first, -size))] = np.arange(len(size))
    return number[inverse]
