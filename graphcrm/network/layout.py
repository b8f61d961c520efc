"""Positions for the picture of a neighbourhood: rings by hop, some rounds of stress majorisation, then spread apart.

References
----------
E. Gansner, Y. Koren, S. North, "Graph drawing by stress majorization", Graph Drawing 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from graphcrm.network.graph import Floats, Integers

__all__ = ["layout"]

STRESS_ROUNDS = 12
SPREAD_ROUNDS = 60
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
    points = _rings(graph, hops) * RING * gap
    points = _stress(points, _wanted(graph, hops) * RING * gap)
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
    return hops[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def _wanted(graph: Any, hops: Integers) -> Floats:
    """The distance at which each pair would best stand, in hops."""
    distance = csgraph.shortest_path(graph, method="D", directed=False, unweighted=True)
    # Parties whose way to the centre was cut off stand on their ring, opposite to the rest.
    return np.where(np.isfinite(distance), distance, hops[:, None] + hops[None, :])


def _stress(points: Points, wanted: Floats) -> Points:
    """Move every party to where its wanted distances pull it on average, near ones counting most."""
    weight = np.divide(1.0, wanted**2, out=np.zeros_like(wanted), where=wanted > 0)
    total = weight.sum(axis=1, keepdims=True)
    if len(points) < 3:
        return points
    for _ in range(STRESS_ROUNDS):
        apart, distance = _differences(points)
        ratio = weight * wanted / distance
        pulled = weight @ points + (apart * ratio[:, :, None]).sum(axis=1)
        points = (points + pulled / total) / 2 if _ == 0 else pulled / total
    return points


def _differences(points: Points) -> tuple[Floats, Floats]:
    """From each to each: the vector and its length, never zero."""
    apart = points[:, None, :] - points[None, :, :]
    return apart, np.maximum(np.hypot(apart[:, :, 0], apart[:, :, 1]), 1e-9)


def _spread(points: Points, gap: float) -> Points:
    """Push apart whoever stands too close; blow up the whole picture if some still do in the end."""
    size = len(points)
    if size < 2:
        return points
    # A sunflower's pattern parts those who stand on the very same spot.
    angle = np.arange(size) * np.pi * (3 - np.sqrt(5))
    points = points + 1e-3 * gap * np.sqrt(np.arange(size))[:, None] * np.column_stack(
        [np.cos(angle), np.sin(angle)]
    )
    for _ in range(SPREAD_ROUNDS):
        apart, distance = _differences(points)
        lacking = np.maximum(1.02 * gap - distance, 0.0)
        np.fill_diagonal(lacking, 0.0)
        if distance[~np.eye(size, dtype=bool)].min() >= gap:
            return points
        points = points + 0.5 * (apart / distance[:, :, None] * lacking[:, :, None]).sum(axis=1)
    _, distance = _differences(points)
    nearest = float(distance[~np.eye(size, dtype=bool)].min())
    return points * max(1.0, 1.001 * gap / nearest)
