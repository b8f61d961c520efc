"""The intervals of the ranks that a metric gives to the parties of a projected network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from graphcrm.errors import InvalidInput
from graphcrm.network.centrality import scores
from graphcrm.network.graph import Floats, Projection
from graphcrm.network.intervals import MAX_PARTIES, MAX_STEPS, Links, RankIntervals, rank_intervals, rounds

__all__ = ["intervals_of"]

_FAR = frozenset({"betweenness", "closeness", "harmonic"})
"""Metrics that look from every party at all others."""


def intervals_of(network: Projection, metric: str, level: float, hidden: float) -> RankIntervals:
    """Tell between which ranks each party may stand by a metric; see `graphcrm.network.intervals.rank_intervals`.

    Parallel ties are lost together; of mutual ties in a network with directions each way is a tie of its own.

    Raises
    ------
    InvalidInput
        A number out of its bounds, or a network that would take too long.
    """
    steps = rounds(len(network)) * (len(network) if metric in _FAR else 100) * (len(network) + network.adjacency.nnz)
    if len(network) > MAX_PARTIES or steps > MAX_STEPS:
        raise InvalidInput(
            f"interval: {metric} of {len(network):,} parties would take {steps:,} steps; it is computed up to "
            f"{MAX_PARTIES:,} parties and {MAX_STEPS:,} steps: choose fewer layers, or pagerank or degree, or leave "
            "interval out",
            field="interval",
        )
    tail, head = network.adjacency.tocoo().coords
    kept = slice(None) if network.directed else tail <= head
    links = Links(tail[kept], head[kept], network.adjacency.data[kept], len(network), network.directed)

    def score(links: Links) -> Floats:
        return scores(replace(network, adjacency=_joined(links)), metric).values

    return rank_intervals(links, score, level, hidden)


def _joined(links: Links) -> sparse.csr_array:
    tail, head, weight = links.tail, links.head, links.weight
    if not links.directed:
        tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
        weight = np.concatenate([weight, weight])
    return sparse.csr_array((weight, (tail, head)), shape=(links.size, links.size))
