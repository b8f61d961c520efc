"""Centralities that rest on distances: betweenness, closeness and harmonic.

Distances are sums of lengths (1/strength): a strong tie is a short one. Lengths are multiples of `LENGTH_QUANTUM`, so
sums are exact and routes of equal length are found equal.

References
----------
U. Brandes, "A faster algorithm for betweenness centrality", Journal of Mathematical Sociology 25, 2001.
U. Brandes, C. Pich, "Centrality estimation in large networks", Int. Journal of Bifurcation and Chaos 17, 2007.
S. Wasserman, K. Faust, "Social network analysis", 1994, 5.2 (closeness in networks that are not connected).
P. Boldi, S. Vigna, "Axioms for centrality", Internet Mathematics 10, 2014 (harmonic).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Floats

__all__ = ["MAX_WORK", "betweenness", "closeness", "harmonic"]

MAX_WORK = 500_000_000
"""Steps, parties times (parties and ties), up to which distances from every party are computed: some 15 seconds."""
BETWEENNESS_WORK = 60_000_000
"""Steps, pivots times (parties and ties), that betweenness may take; beyond it a sample of pivots answers."""
LEAST_PIVOTS = 32
SEED = 20_011
_CHUNK_CELLS = 4_000_000

Facts = dict[str, Any]


def _steps_from_one(lengths: Any) -> int:
    return int(lengths.shape[0] + lengths.nnz)


def _distance_sums(lengths: Any, metric: str, invert: bool) -> tuple[Floats, NDArray[np.int64]]:
    """From each party to those it reaches: the sum of distances (or of their inverses), and how many they are."""
    size = lengths.shape[0]
    work = size * _steps_from_one(lengths)
    if work > MAX_WORK:
        raise InvalidInput(
            f"{metric} of {size:,} parties would take {work:,} steps, above {MAX_WORK:,}: choose fewer layers, or "
            "pagerank, or betweenness, which is sampled on large networks.",
            field="metric",
        )
    sums, reached = np.zeros(size), np.zeros(size, dtype=np.int64)
    rows = max(1, _CHUNK_CELLS // max(size, 1))
    for start in range(0, size, rows):
        sources = np.arange(start, min(start + rows, size))
        distances = csgraph.dijkstra(lengths, indices=sources)
        distances[np.arange(len(sources)), sources] = np.inf
        finite = np.isfinite(distances)
        reached[sources] = finite.sum(axis=1)
        # Sorted, so that the rounding of a sum does not depend on the order of parties.
        distances.sort(axis=1)
        values = 1.0 / distances if invert else np.where(np.isfinite(distances), distances, 0.0)
        sums[sources] = values.sum(axis=1)
    return sums, reached


def closeness(lengths: Any, normalized: bool) -> tuple[Floats, Facts]:
    """Closeness from a party to those it reaches, scaled by the share of parties it reaches.

    Raw scores are not divided by the number of other parties.
    """
    sums, reached = _distance_sums(lengths, "closeness", invert=False)
    scores = np.divide(reached.astype(float) ** 2, sums, out=np.zeros(len(sums)), where=reached > 0)
    return (scores / max(len(sums) - 1, 1) if normalized else scores), {}


def harmonic(lengths: Any) -> tuple[Floats, Facts]:
    """Sum of 1/distance from a party to all others."""
    return _distance_sums(lengths, "harmonic", invert=True)[0], {}


def betweenness(lengths: Any, normalized: bool, directed: bool) -> tuple[Floats, Facts]:
    """Share of shortest routes between two others that pass through a party.

    Exact while parties times (parties and ties) is at most `BETWEENNESS_WORK`; else estimated from the routes of a
    random sample of parties, the pivots, whose number and seed the facts state.
    """
    size = lengths.shape[0]
    pivots = max(LEAST_PIVOTS, BETWEENNESS_WORK // max(_steps_from_one(lengths), 1))
    sources, facts = np.arange(size), Facts()
    if pivots < size:
        sources = np.sort(np.random.default_rng(SEED).choice(size, pivots, replace=False))
        facts = {"sampled": True, "pivots": pivots, "seed": SEED}
    arcs = lengths.tocoo()
    scores = np.zeros(size)
    for source in sources:
        scores += _dependencies(lengths, arcs, int(source))
    scores *= size / max(len(sources), 1)
    if normalized:
        scores /= max((size - 1) * (size - 2), 1)
    elif not directed:
        scores /= 2
    return scores, facts


def _dependencies(lengths: Any, arcs: Any, source: int) -> Floats:
    """What each party carries of the shortest routes from one source: Brandes' accumulation as two triangular solves.

    With parties in order of distance, the arcs on shortest routes form a strictly triangular matrix P. The numbers of
    routes solve (I - P^T) s = e, and g = (1 + dependency) / s solves (I - P) g = 1 / s.
    """
    tail, head = arcs.coords
    distance = csgraph.dijkstra(lengths, indices=source)
    order = np.argsort(distance, kind="stable")[: np.isfinite(distance).sum()]
    if len(order) < 3:
        return np.zeros(len(distance))
    place = np.empty(len(distance), dtype=np.int64)
    place[order] = np.arange(len(order))
    with np.errstate(invalid="ignore"):
        tight = np.isfinite(distance[tail]) & (distance[tail] + arcs.data == distance[head])
    before, after = place[tail[tight]], place[head[tight]]
    ones = np.ones(len(before))
    shape = (len(order), len(order))
    forward = sparse.csr_array((-ones, (after, before)), shape=shape)
    unit = np.zeros(len(order))
    unit[0] = 1.0
    eye = sparse.eye_array(len(order), format="csr")
    routes = sparse_linalg.spsolve_triangular((eye + forward).tocsr(), unit, lower=True, unit_diagonal=True)
    backward = forward.T.tocsr()
    shares = sparse_linalg.spsolve_triangular((eye + backward).tocsr(), 1.0 / routes, lower=False, unit_diagonal=True)
    carried = np.zeros(len(distance))
    carried[order[1:]] = (-routes * (backward @ shares))[1:]
    return carried
