"""Positions for the picture of a neighbourhood: rings by hop, some rounds of stress majorisation, then spread apart.

References
----------
E. Gansner, Y. Koren, S. North, "Graph drawing by stress majorization", Graph Drawing 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse, spatial
from scipy.sparse import csgraph

from graphcrm.network.graph import Floats, Integers

__all__ = ["layout"]

STRESS_ROUNDS = 12
SPREAD_ROUNDS = 80
GROWTH = 1.03
RING = 1.6
"""Drawn distance of one hop, in multiples of the gap, before the picture is spread."""

Points = Floats


def layout(
    nodes: Sequence[dict[str, Any]], ties: Sequence[dict[str, Any]], gap: float = 60.0
) -> dict[str, tuple[float, float]]:
    """Place a neighbourhood's parties so that no two overlap.

    Parameters
    ----------
    nodes : sequence of dict
        With `id` and `hop`, as in `Neighborhood.nodes`; the centre first.
    ties : sequence of dict
        With `source` and `target`, as in `Neighborhood.ties`; both ends are among the nodes.
    gap : float
        Least distance between any two, in pixels: the diameter of the largest with some air.

    Returns
    -------
    dict of str to (float, float)
        x and y by party id, in the order of `nodes`; the first is at (0, 0). The same input gives the same positions.

    Examples
    --------
    >>> layout([{"id": "a", "hop": 0}], [])
    {'a': (0.0, 0.0)}
    """
    place = {node["id"]: number for number, node in enumerate(nodes)}
    if not place:
        return {}
    hops = np.array([node["hop"] for node in nodes], dtype=np.int64)
    tails = np.array([place[tie["source"]] for tie in ties], dtype=np.int64)
    heads = np.array([place[tie["target"]] for tie in ties], dtype=np.int64)
    graph = sparse.csr_array(
        (np.ones(2 * len(ties)), (np.concatenate([tails, heads]), np.concatenate([heads, tails]))),
        shape=(len(nodes), len(nodes)),
    )
    # The picture needs room for all: a disc in which each has some one and a half squares of the gap.
    ring = gap * max(RING, 0.7 * np.sqrt(len(nodes)) / max(int(hops.max()), 1))
    points = _rings(graph, hops) * ring
    points = _stress(points, _wanted(graph, hops) * ring)
    points = _spread(points, gap)
    points = np.round(points - points[0], 2) + 0.0  # no negative zeros
    return {id_: (float(x), float(y)) for id_, (x, y) in zip(place, points, strict=True)}


def _rings(graph: Any, hops: Integers) -> Points:
    """Each party on the circle of its hop, within the sector of the one that leads to it; sectors by what they hold."""
    size = len(hops)
    parent = np.zeros(size, dtype=np.int64)
    for node in range(1, size):
        nearer = graph.indices[graph.indptr[node] : graph.indptr[node + 1]]
        nearer = nearer[hops[nearer] == hops[node] - 1]
        parent[node] = nearer.min(initial=size - 1) if len(nearer) else 0
    outward = np.argsort(hops, kind="stable")
    leaves = np.ones(size)
    for node in outward[:0:-1]:
        leaves[parent[node]] += leaves[node]
    start, width = np.zeros(size), np.zeros(size)
    width[0] = 2 * np.pi
    used = np.zeros(size)
    for node in outward[1:]:
        up = parent[node]
        width[node] = width[up] * leaves[node] / max(leaves[up] - 1, 1)
        start[node] = start[up] + used[up]
        used[up] += width[node]
    angle = start + width / 2
    out: Points = hops[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return out


def _wanted(graph: Any, hops: Integers) -> Floats:
    """The distance at which each pair would best stand, in hops."""
    distance = csgraph.shortest_path(graph, method="D", directed=False, unweighted=True)
    # Parties whose way to the centre was cut off stand on their ring, opposite to the rest.
    return np.where(np.isfinite(distance), distance, hops[:, None] + hops[None, :])


def _stress(points: Points, wanted: Floats) -> Points:
    """Move every party to where its wanted distances pull it on average, near ones counting most."""
    weight = np.divide(1.0, wanted**2, out=np.zeros_like(wanted), where=wanted > 0)
    total = np.maximum(weight.sum(axis=1), 1e-300)
    for _ in range(STRESS_ROUNDS):
        x, y = points.T
        distance = np.maximum(np.hypot(x[:, None] - x, y[:, None] - y), 1e-9)
        pull = weight * wanted / distance
        held = pull.sum(axis=1)
        moved = weight @ points + held[:, None] * points - pull @ points
        points = moved / total[:, None]
    return points


def _spread(points: Points, gap: float) -> Points:
    """Push apart whoever stands too close; after some rounds the whole picture grows as well, until all have room."""
    # A sunflower's pattern parts those who stand on the very same spot.
    turn = np.arange(len(points)) * np.pi * (3 - np.sqrt(5))
    points = points + 1e-3 * gap * np.sqrt(np.arange(len(points)))[:, None] * np.column_stack(
        [np.cos(turn), np.sin(turn)]
    )
    rounds = 0
    while len(pairs := spatial.KDTree(points).query_pairs(gap, output_type="ndarray")):
        if rounds >= SPREAD_ROUNDS:
            points = points * GROWTH
        one, other = pairs.T
        apart = points[one] - points[other]
        distance = np.maximum(np.hypot(apart[:, 0], apart[:, 1]), 1e-9)
        push = (0.5 * (1.05 * gap - distance) / distance)[:, None] * apart
        crowd = np.maximum(np.bincount(pairs.ravel(), minlength=len(points)), 1)[:, None]
        shift = np.zeros_like(points)
        np.add.at(shift, one, push)
        np.subtract.at(shift, other, push)
        points = points + shift / np.sqrt(crowd)
        rounds += 1
    return points
