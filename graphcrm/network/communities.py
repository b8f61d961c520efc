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

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from graphcrm.network.graph import Floats, Integers, Projection

__all__ = ["Described", "communities", "described"]

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


@dataclass(frozen=True)
class Described:
    """What sets communities apart, by their number: sizes, customers, the share of strength inside, and who leads."""

    parties: Integers
    customers: Integers
    inside: Floats
    leader: Integers
    modularity: float


def described(network: Projection, member: Integers) -> Described:
    """Describe a division into communities.

    Parameters
    ----------
    network : Projection
        The projected network; directions are left aside, parallel strengths add up.
    member : ndarray of int, shape (n,)
        Each party's community, from 0 without gaps.

    Returns
    -------
    Described
        `inside` is NaN where members have no ties; `leader` the position of who has the most strength inside, of equal
        ones the first. Modularity as M. Newman, "Analysis of weighted networks", Physical Review E 70, 2004; 0 without
        ties.
    """
    total = int(member.max(initial=-1)) + 1
    weights = (network.adjacency + network.transposed).tocoo()
    tail, head = weights.coords
    own = np.bincount(tail, weights.data * (member[tail] == member[head]), minlength=len(network))
    degree = np.bincount(tail, weights.data, minlength=len(network))
    kept, volume = (np.bincount(member, values, minlength=total) for values in (own, degree))
    order = np.lexsort((np.arange(len(network)), -own, member))
    everything = volume.sum()
    modularity = float((kept / everything - (volume / everything) ** 2).sum()) if everything else 0.0
    return Described(
        parties=np.bincount(member, minlength=total),
        customers=np.bincount(member[network.labels == "Customer"], minlength=total),
        inside=np.divide(kept, volume, out=np.full(total, np.nan), where=volume > 0),
        leader=order[np.searchsorted(member[order], np.arange(total))],
        modularity=modularity,
    )


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
