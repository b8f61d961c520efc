"""Who matters in the network: the metrics, their scores and ranks.

Metrics that are oriented give credit to the one who influences: on a directed network they look along ties as they
point, from who refers to who was referred, whatever networkx's function of that name does by itself. That is
networkx's function on the reversed graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from graphcrm.errors import InvalidInput
from graphcrm.network import distance, spectral
from graphcrm.network.graph import Floats, Integers, Objects, Projection

__all__ = ["METRICS", "Metric", "Scores", "bands", "rank", "scores"]

SAME = 1e-9
"""Scores that differ by less than this, relative to the larger, differ by rounding alone."""


@dataclass(frozen=True)
class Scores:
    """Scores of all parties, in the order of `Projection.ids`, and the facts of how they came about.

    `facts` may hold: `sampled`, `pivots` and `seed` (betweenness of a large network), `alpha` (katz, chains), `method`
    and `rounds`.
    """

    values: Floats
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """One way to score parties: what a score means, and whether the direction of ties shows in it."""

    meaning: str
    oriented: bool
    compute: Callable[[Projection, bool], tuple[Floats, dict[str, Any]]]


def _per_other(values: Floats, normalized: bool) -> Floats:
    # A lone party has degree centrality 1, as networkx has it.
    if not normalized:
        return values
    return values / (len(values) - 1) if len(values) > 1 else np.ones(len(values))


def _degree(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    return _per_other(_degrees(_ones(network), network.directed), normalized), {}


def _strength(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    values = _degrees(network.adjacency, network.directed)
    return (values / max(len(values) - 1, 1) if normalized else values), {}


def _ones(network: Projection) -> Any:
    arcs = network.adjacency
    return sparse.csr_array((np.ones(arcs.nnz), arcs.indices, arcs.indptr), shape=arcs.shape)


def _degrees(weights: Any, directed: bool) -> Floats:
    out = np.asarray(weights.sum(axis=1), dtype=float).ravel()
    return out + np.asarray(weights.sum(axis=0), dtype=float).ravel() if directed else out


def _pagerank(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    values, facts = spectral.pagerank(network.transposed)
    return (values if normalized else values * len(values)), facts


def _eigenvector(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    values, facts = spectral.eigenvector(network.transposed)
    return (values if normalized else values / values.max()), facts


def _katz(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    values, facts = spectral.katz(network.transposed)
    return (values / np.linalg.norm(values) if normalized else values), facts


def _hits(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    values, facts = spectral.hits(network.transposed)
    length = np.linalg.norm(values)
    return (values if normalized or length == 0 else values / length), facts


def _closeness(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    return distance.closeness(network.lengths, normalized)


def _harmonic(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    return distance.harmonic(network.lengths)


def _betweenness(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    return distance.betweenness(network.lengths, normalized, network.directed)


def _core_number(network: Projection, normalized: bool) -> tuple[Floats, dict[str, Any]]:
    """Peel off parties of the least degree, all at once, and note at which degree each went."""
    arcs = _ones(network)
    arcs = (arcs + arcs.T).tocsr() if network.directed else arcs
    degree = np.asarray(arcs.sum(axis=1), dtype=float).ravel()
    core, alive, level = np.zeros(len(degree)), np.ones(len(degree), dtype=bool), 0.0
    while alive.any():
        level = max(level, float(degree[alive].min()))
        going = np.flatnonzero(alive & (degree <= level))
        core[going] = level
        alive[going] = False
        degree -= np.asarray(arcs[going].sum(axis=0)).ravel()
    return core, {}


METRICS: dict[str, Metric] = {
    "degree": Metric("How many ties a party has, in and out, over the number of other parties.", False, _degree),
    "strength": Metric("The summed strength of a party's ties, over the number of other parties.", False, _strength),
    "pagerank": Metric("How much credit flows back to a party from those it influences.", True, _pagerank),
    "betweenness": Metric("The share of shortest routes between others that pass through.", False, _betweenness),
    "closeness": Metric("How near a party is to those it reaches, and how many they are.", True, _closeness),
    "harmonic": Metric("The sum of 1/distance to all whom a party reaches.", True, _harmonic),
    "eigenvector": Metric("How much a party influences those who are influential themselves.", True, _eigenvector),
    "katz": Metric("How many a party reaches over any number of hops, far ones counting less.", True, _katz),
    "hits": Metric("How strongly a party influences those whom the influential influence.", True, _hits),
    "core_number": Metric(
        "The largest k so that a party is among parties with k ties to each other.", False, _core_number
    ),
}
"""The metrics by name. Normalised scores are scaled as networkx scales them by default."""


def scores(network: Projection, metric: str, normalized: bool = True) -> Scores:
    """Score every party by one metric.

    Parameters
    ----------
    network : Projection
        The projected network.
    metric : str
        A name of `METRICS`.
    normalized : bool
        Scaled as networkx does by default; otherwise raw: degree and strength as sums, betweenness as a number of
        pairs, closeness times the number of other parties, pagerank with mean 1, katz unscaled, eigenvector with
        largest 1, hits with length 1. Harmonic and core_number have one scale only.

    Returns
    -------
    Scores
        Values of shape (n,) in the order of `network.ids`, and facts.

    Raises
    ------
    InvalidInput
        For an unknown metric, a network too large for closeness or harmonic, or an iteration that does not converge.
    """
    if metric not in METRICS:
        raise InvalidInput(
            f"There is no metric {metric!r}; there are: {', '.join(METRICS)}.",
            field="metric",
            allowed=METRICS,
        )
    if len(network) == 0:
        return Scores(np.zeros(0))
    return Scores(*METRICS[metric].compute(network, normalized))


def rank(ids: Sequence[str] | Objects, scores: Floats) -> Integers:
    """Order parties by score, highest first, then by id in UTF-8 order.

    Scores that differ by rounding alone count as equal.

    Parameters
    ----------
    ids : sequence or array of str, length n
        Party ids.
    scores : ndarray, shape (n,)
        Their scores.

    Returns
    -------
    ndarray of int, shape (n,)
        Positions in `ids`: the first has rank 1, the last rank n.

    Examples
    --------
    >>> rank(["b", "a", "c"], np.array([0.1 + 0.2, 0.3, 0.9])).tolist()
    [2, 1, 0]
    """
    band = bands(scores)
    return np.array(sorted(range(len(ids)), key=lambda i: (band[i], ids[i])), dtype=np.int64)


def bands(scores: Floats) -> Integers:
    """Number the groups of equal scores, 0 for the highest; scores that differ by rounding alone are equal.

    Examples
    --------
    >>> bands(np.array([0.1 + 0.2, 0.3, 0.9])).tolist()
    [1, 1, 0]
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    # Also relative to the largest: what iteration leaves of a zero is no score.
    steps = -np.diff(falling) > np.maximum(SAME * np.abs(falling[:-1]), 1e-13 * np.abs(falling[:1].max(initial=0.0)))
    band = np.empty(len(scores), dtype=np.int64)
    band[order] = np.concatenate([[0], np.cumsum(steps)])[: len(scores)]
    return band
