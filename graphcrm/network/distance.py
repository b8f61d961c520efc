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

from graphcrm.errors import InvalidInput
from graphcrm.network import kernels
from graphcrm.network.graph import Floats, Integers

__all__ = ["MAX_WORK", "betweenness", "closeness", "harmonic"]

MAX_WORK = 500_000_000
"""Steps, parties times (parties and ties), up to which distances from every party are computed: some 15 seconds."""
BETWEENNESS_WORK = 60_000_000
"""Steps, pivots times (parties and ties), that betweenness may take; beyond it a sample of pivots answers."""
LEAST_PIVOTS = 32
SEED = 20_011

Facts = dict[str, Any]


def _steps_from_one(lengths: Any) -> int:
    return int(lengths.shape[0] + lengths.nnz)


def _slots(lengths: Any) -> tuple[Integers, Any, Floats]:
    # Of the same types wherever they come from: kernels are compiled for each.
    return lengths.indptr.astype(np.int64), lengths.indices.astype(np.int32), lengths.data


def _distance_sums(lengths: Any, metric: str) -> tuple[Floats, Floats, Integers]:
    """From each party to the others that it reaches: the sum of distances, that of their inverses, and how many."""
    size = lengths.shape[0]
    work = size * _steps_from_one(lengths)
    if work > MAX_WORK:
        raise InvalidInput(
            f"{metric} of {size:,} parties would take {work:,} steps, above {MAX_WORK:,}: choose fewer layers, or "
            "pagerank, or betweenness, which is sampled on large networks.",
            field="metric",
        )
    total, inverse, reached = kernels.distance_sums(*_slots(lengths), np.arange(size))
    return total, inverse, reached - 1


def closeness(lengths: Any, normalized: bool) -> tuple[Floats, Facts]:
    """Closeness from a party to those it reaches, scaled by the share of parties it reaches.

    Raw scores are not divided by the number of other parties.
    """
    sums, _, reached = _distance_sums(lengths, "closeness")
    scores = np.divide(reached.astype(float) ** 2, sums, out=np.zeros(len(sums)), where=reached > 0)
    return (scores / max(len(sums) - 1, 1) if normalized else scores), {}


def harmonic(lengths: Any) -> tuple[Floats, Facts]:
    """Sum of 1/distance from a party to all others."""
    return _distance_sums(lengths, "harmonic")[1], {}


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
    scores = kernels.betweenness(*_slots(lengths), sources, False)
    scores *= size / max(len(sources), 1)
    if normalized:
        scores /= max((size - 1) * (size - 2), 1)
    elif not directed:
        scores /= 2
    return scores, facts
