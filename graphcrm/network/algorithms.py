"""networkx's functions that have kernels here: the same arguments, the same answers.

A function whose arguments its kernel does not know (lengths that are no numbers, or not above 0) is left to networkx.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from graphcrm.network import kernels
from graphcrm.network.arrays import Arrays, Rows
from graphcrm.network.networkx_graph import arrays_of

__all__ = ["KERNELS"]

_HOPS = np.zeros(0)
"""In place of lengths: every step has length 1."""


def _original(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = nx.utils.backends._registered_algorithms[name].orig_func
    return found


def _lengths(arrays: Arrays, rows: Rows, name: Any) -> NDArray[np.float64] | None:
    """The length of each slot, `_HOPS` without a name; None where networkx has to look for itself."""
    if name is None:
        return _HOPS
    weights = None if callable(name) else arrays.weights(name)
    if weights is None or not (np.isfinite(weights).all() and (weights > 0).all()):
        return None
    return weights[rows.edge]


def _by_node(arrays: Arrays, values: NDArray[Any]) -> dict[Any, Any]:
    return dict(zip(arrays.nodes, values.tolist(), strict=True))


# ---- matrices --------------------------------------------------------------------------------------------------------


def _to_scipy_sparse_array(
    G: Any, nodelist: Any = None, dtype: Any = None, weight: Any = "weight", format: str = "csr"
) -> Any:
    arrays = arrays_of(G)
    weights = arrays.weights(weight)
    is_whole = nodelist is None or list(nodelist) == list(arrays.nodes)
    if not is_whole or weights is None or not len(G):
        return _original("to_scipy_sparse_array")(G, nodelist, dtype, weight, format)
    rows = arrays.out
    data = weights[rows.edge]
    kind = dtype if dtype is not None else np.int64 if arrays.is_whole(weight) else np.float64
    if kind == np.int64 and arrays.is_whole(weight) and np.abs(data).max(initial=0) >= 2**53:
        return _original("to_scipy_sparse_array")(G, nodelist, dtype, weight, format)
    matrix = sparse.csr_array((data.astype(kind), rows.indices, rows.indptr), shape=(len(G), len(G)))
    try:
        return matrix.asformat(format)
    except ValueError as error:
        raise nx.NetworkXError(f"Unknown sparse matrix format: {format}") from error


# ---- distances -------------------------------------------------------------------------------------------------------


def _closeness(G: Any, u: Any = None, distance: Any = None, wf_improved: bool = True) -> Any:
    arrays = arrays_of(G)
    lengths = _lengths(arrays, arrays.into, distance)
    if lengths is None or (u is not None and u not in arrays.positions):
        return _original("closeness_centrality")(G, u, distance, wf_improved)
    sources = np.arange(len(arrays.nodes)) if u is None else np.array([arrays.positions[u]])
    total, _, reached = kernels.distance_sums(arrays.into.indptr, arrays.into.indices, lengths, sources)
    others = reached - 1.0
    score = np.divide(others, total, out=np.zeros(len(total)), where=total > 0)
    if wf_improved and len(arrays.nodes) > 1:
        score *= others / (len(arrays.nodes) - 1)
    return _by_node(arrays, score) if u is None else float(score[0])


def _harmonic(G: Any, nbunch: Any = None, distance: Any = None, sources: Any = None) -> Any:
    arrays = arrays_of(G)
    lengths = _lengths(arrays, arrays.into, distance)
    if lengths is None or nbunch is not None or sources is not None:
        return _original("harmonic_centrality")(G, nbunch, distance, sources)
    everyone = np.arange(len(arrays.nodes))
    _, inverse, reached = kernels.distance_sums(arrays.into.indptr, arrays.into.indices, lengths, everyone)
    # Who reaches nobody has the integer 0 that networkx begins with.
    values = zip(inverse.tolist(), reached.tolist(), strict=True)
    return {node: score if others > 1 else 0 for node, (score, others) in zip(arrays.nodes, values, strict=True)}


def _betweenness(
    G: Any, k: Any = None, normalized: bool = True, weight: Any = None, endpoints: bool = False, seed: Any = None
) -> Any:
    arrays = arrays_of(G)
    lengths = _lengths(arrays, arrays.out, weight)
    size = len(arrays.nodes)
    if lengths is None or not (k is None or 0 < k <= size):
        return _original("betweenness_centrality")(G, k, normalized, weight, endpoints, seed)
    is_sampled = k is not None and k != size
    sources = np.arange(size)
    if is_sampled:
        sources = np.array([arrays.positions[node] for node in seed.sample(list(arrays.nodes), k)], dtype=np.int64)
    rows = arrays.out
    if len(lengths):
        score = kernels.betweenness(rows.indptr, rows.indices, lengths, sources, endpoints)
    else:
        score = kernels.hop_betweenness(rows.indptr, rows.indices, sources, endpoints)
    return _by_node(arrays, score * _scale(size, sources, is_sampled, normalized, arrays.directed, endpoints))


def _scale(
    size: int, sources: NDArray[np.int64], is_sampled: bool, normalized: bool, directed: bool, endpoints: bool
) -> NDArray[np.float64]:
    """What each node's sum is multiplied by: ways count from sampled nodes alone, and never for who they begin at."""
    ends = size if endpoints else size - 1
    scale = np.ones(size)
    if ends < 2:
        return scale
    pairs = float(ends - 1) if normalized else (1.0 if directed else 2.0) / ends
    if not is_sampled:
        return scale / (ends * pairs)
    scale /= len(sources) * pairs
    if not endpoints:
        scale[sources] = 1 / ((len(sources) - 1) * pairs) if len(sources) > 1 else np.nan
    return scale


def _dijkstra_lengths(G: Any, source: Any, cutoff: Any = None, weight: Any = "weight") -> Any:
    arrays = arrays_of(G)
    lengths = _lengths(arrays, arrays.out, weight) if weight is not None else None
    if lengths is None or cutoff is not None or source not in G or not len(lengths):
        return _original("single_source_dijkstra_path_length")(G, source, cutoff, weight)
    found, order = kernels.distances(arrays.out.indptr, arrays.out.indices, lengths, arrays.positions[source])
    values = found[order].tolist()
    if arrays.is_whole(weight):
        values = [int(value) for value in values]
    values[0] = 0
    return dict(zip((arrays.nodes[node] for node in order.tolist()), values, strict=True))


# ---- groups ----------------------------------------------------------------------------------------------------------


def _components(G: Any) -> Iterator[set[Any]]:
    arrays = arrays_of(G)
    rows = arrays.out
    size = len(arrays.nodes)
    matrix = sparse.csr_array((np.ones(len(rows.indices), np.int8), rows.indices, rows.indptr), shape=(size, size))
    _, label = csgraph.connected_components(matrix, directed=arrays.directed, connection="weak")
    groups: dict[int, set[Any]] = {}
    for node, group in zip(arrays.nodes, label.tolist(), strict=True):
        groups.setdefault(group, set()).add(node)
    return iter(groups.values())


def _core_number(G: Any) -> Any:
    arrays = arrays_of(G)
    rows, twins = arrays.out, arrays.into
    if (np.repeat(np.arange(len(arrays.nodes)), rows.counts) == rows.indices).any():
        return _original("core_number")(G)
    if not arrays.directed:
        twins = Rows(np.zeros_like(rows.indptr), rows.indices[:0], rows.edge[:0])
    return _by_node(arrays, kernels.cores(rows.indptr, rows.indices, twins.indptr, twins.indices))


def _triangles(G: Any, nodes: Any = None) -> Any:
    if nodes is not None:
        return _original("triangles")(G, nodes)
    arrays = arrays_of(G)
    return _by_node(arrays, kernels.triangles(arrays.out.indptr, arrays.out.indices))


def _clustering(G: Any, nodes: Any = None, weight: Any = None) -> Any:
    if nodes is not None or weight is not None or G.is_directed():
        return _original("clustering")(G, nodes, weight)
    arrays = arrays_of(G)
    rows = arrays.out
    found = kernels.triangles(rows.indptr, rows.indices)
    own = np.repeat(np.arange(len(arrays.nodes)), rows.counts)
    degree = rows.counts - np.bincount(own[own == rows.indices], minlength=len(arrays.nodes))
    pairs = zip(arrays.nodes, found.tolist(), degree.tolist(), strict=True)
    return {node: 2 * count / (ties * (ties - 1)) if count else 0 for node, count, ties in pairs}


KERNELS: dict[str, Callable[..., Any]] = {
    "betweenness_centrality": _betweenness,
    "closeness_centrality": _closeness,
    "clustering": _clustering,
    "connected_components": _components,
    "core_number": _core_number,
    "harmonic_centrality": _harmonic,
    "single_source_dijkstra_path_length": _dijkstra_lengths,
    "to_scipy_sparse_array": _to_scipy_sparse_array,
    "triangles": _triangles,
    "weakly_connected_components": _components,
}
"""Kernels by the name of the function that networkx dispatches."""
