"""Networks are networkx graphs: the same dicts, the same after every change, their arrays never older than they."""

from __future__ import annotations

import copy
import math
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Tie, network

from graphcrm.network.algorithms import KERNELS
from graphcrm.network.arrays import column
from graphcrm.network.backend import backend
from graphcrm.network.networkx_graph import DiNetwork, Network, arrays_of

PLAIN = {Network: nx.Graph, DiNetwork: nx.DiGraph}
NAN = float("nan")
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.just(NAN), st.text(), st.just((1, 2))
)
NODES = st.one_of(st.integers(0, 6), st.sampled_from(["", "a", "王", (1, "b"), None.__class__, 2.5]))
ATTRIBUTES = st.dictionaries(st.sampled_from(["weight", "length", "x", 3]), VALUES, max_size=3)
EDGES = st.lists(st.tuples(NODES, NODES, ATTRIBUTES), max_size=12)


def same(one: Any, other: Any) -> bool:
    """Equal in nodes, neighbours, attributes, the order of each, and the types of values."""
    return told(one) == told(other) and one.graph == other.graph


def told(graph: Any) -> Any:
    parts = [list(graph._node.items()), [(node, list(heads.items())) for node, heads in graph._adj.items()]]
    if graph.is_directed():
        parts.append([(node, list(tails.items())) for node, tails in graph._pred.items()])
    return typed(parts)


def typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [typed(each) for each in value]
    return (type(value), "nan" if isinstance(value, float) and math.isnan(value) else value)


def weighted(kind: type[nx.Graph] = nx.Graph, size: int = 60, seed: int = 1) -> Any:
    graph = kind(nx.gnp_random_graph(size, 0.08, seed=seed, directed=kind is nx.DiGraph))
    chance = random.Random(seed)
    for _, _, attributes in graph.edges(data=True):
        attributes["weight"] = chance.uniform(0.1, 1)
    return graph


@given(st.sampled_from([nx.Graph, nx.DiGraph]), EDGES, st.lists(st.tuples(NODES, ATTRIBUTES), max_size=4))
@settings(deadline=None)
def test_everything_comes_out_as_it_went_in(kind: Any, edges: list[Any], nodes: list[Any]) -> None:
    plain = kind(name="a network", of="tests")
    plain.add_nodes_from(nodes)
    plain.add_edges_from(edges)
    held = backend.convert_from_nx(plain)
    assert list(held) == list(plain)
    assert (len(held), held.number_of_edges()) == (len(plain), plain.number_of_edges())
    assert all(node in held for node in plain)
    assert "_arrays" in held.__dict__  # none of that made a dict
    assert same(held, plain)
    for again in (copy.copy(held), copy.deepcopy(held), pickle.loads(pickle.dumps(held))):
        assert same(again, plain)
        assert type(again) is type(held)
    # networkx copies edge by edge, which puts neighbours in another order.
    assert same(held.copy(), plain.copy())
    assert same(backend.convert_from_nx(plain).copy(), plain)


def test_values_are_packed_where_that_loses_nothing() -> None:
    assert column([1, 2]).values.dtype == np.int64
    assert column([0.5, math.inf]).values.dtype == np.float64
    for values in ([1, 2.0], [True, False], [2**70], ["a"], [0.5, NAN], [np.float64(1)]):
        assert column(values).values.dtype == object, values


CHANGES: dict[str, Callable[[Any], Any]] = {
    "add_edge": lambda graph: graph.add_edge(0, "new", weight=0.5),
    "add_edges_from": lambda graph: graph.add_edges_from([(0, 1), (1, 70)], weight=0.25),
    "add_node": lambda graph: graph.add_node("alone"),
    "remove_node": lambda graph: graph.remove_node(3),
    "remove_nodes_from": lambda graph: graph.remove_nodes_from([3, 4, "nobody"]),
    "remove_edge": lambda graph: graph.remove_edge(*next(iter(graph.edges))),
    "clear_edges": lambda graph: graph.clear_edges(),
    "clear": lambda graph: graph.clear(),
    "in place": lambda graph: edge(graph).__setitem__("weight", 5.0),
    "update in place": lambda graph: edge(graph).update(weight=6.0),
    "delete in place": lambda graph: edge(graph).__delitem__("weight"),
    "pop in place": lambda graph: edge(graph).pop("weight"),
    "clear in place": lambda graph: edge(graph).clear(),
    "or in place": lambda graph: edge(graph).__ior__({"weight": 0.1}),
    "set_edge_attributes": lambda graph: nx.set_edge_attributes(graph, 3.0, "weight"),
    "relabel": lambda graph: nx.relabel_nodes(graph, {0: "zero"}, copy=False),
}


def edge(graph: Any) -> Any:
    u, v = next(iter(graph.edges))
    return graph[u][v]


@pytest.mark.parametrize("read_before", [False, True])
@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
@pytest.mark.parametrize("change", CHANGES)
def test_no_kernel_sees_an_older_graph(change: str, kind: Any, read_before: bool) -> None:
    plain, held = weighted(kind), backend.convert_from_nx(weighted(kind))
    if read_before:  # dicts and arrays are both there when the change comes
        edge(held)
        nx.betweenness_centrality(held, weight="weight")
    for graph in (plain, held):
        CHANGES[change](graph)
    assert same(held, plain)
    again = arrays_of(held)
    assert nx.to_numpy_array(held).tolist() == nx.to_numpy_array(plain).tolist()
    assert nx.betweenness_centrality(held, weight="weight") == pytest.approx(
        nx.betweenness_centrality(plain, weight="weight")
    )
    assert arrays_of(held) is again  # and they are kept until the next


def test_a_copy_changes_alone() -> None:
    first = backend.convert_from_nx(weighted())
    second = first.copy()
    assert arrays_of(first) is arrays_of(second)
    second.remove_node(0)
    assert (len(first), len(second)) == (60, 59)
    assert first.has_node(0)


def test_a_view_shows_what_its_graph_was_told_since() -> None:
    held = backend.convert_from_nx(nx.path_graph(5))
    view = held.subgraph([0, 1, 2, 3])
    assert nx.betweenness_centrality(view, normalized=False) == {0: 0.0, 1: 2.0, 2: 2.0, 3: 0.0}
    held.add_edge(0, 3)
    assert nx.betweenness_centrality(view, normalized=False) == {0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5}
    turned = backend.convert_from_nx(nx.DiGraph([(0, 1), (1, 2)])).reverse(copy=False)
    assert nx.closeness_centrality(turned, wf_improved=False) == {0: 2 / 3, 1: 1.0, 2: 0.0}
    kept = pickle.loads(pickle.dumps(view))
    assert (dict(kept.nodes), typed(kept._adj)) == (dict(view.nodes), typed(view.copy()._adj))
    held.remove_node(0)
    assert (len(kept), len(view)) == (4, 3)


def test_the_views_of_networkx_follow() -> None:
    held = backend.convert_from_nx(nx.DiGraph([(0, 1), (1, 2)]))
    assert (list(held.edges), dict(held.in_degree), list(held.pred[2])) == ([(0, 1), (1, 2)], {0: 0, 1: 1, 2: 1}, [1])
    held.add_edge(2, 0)
    assert (list(held.edges), held.degree[0]) == ([(0, 1), (1, 2), (2, 0)], 2)
    assert type(held.to_undirected()) is Network
    assert type(held.to_undirected().to_directed()) is DiNetwork


def test_plain_graphs_may_stand_beside_ours() -> None:
    held, plain = backend.convert_from_nx(nx.path_graph(3)), nx.path_graph(5)
    assert nx.compose(held, plain).number_of_edges() == 4
    assert nx.is_isomorphic(plain, backend.convert_from_nx(nx.path_graph(5)))
    assert type(nx.path_graph(3)) is nx.Graph


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
@pytest.mark.parametrize("seed", range(3))
def test_kernels_answer_as_networkx_does(kind: Any, seed: int) -> None:
    plain = weighted(kind, seed=seed)
    held = backend.convert_from_nx(plain)
    calls: list[tuple[Any, dict[str, Any]]] = [
        (nx.betweenness_centrality, {}),
        (nx.betweenness_centrality, {"weight": "weight", "endpoints": True, "normalized": False}),
        (nx.betweenness_centrality, {"k": 7, "seed": 3, "weight": "weight"}),
        (nx.betweenness_centrality, {"k": 1, "seed": 3, "normalized": False}),
        (nx.closeness_centrality, {}),
        (nx.closeness_centrality, {"distance": "weight", "wf_improved": False}),
        (nx.harmonic_centrality, {}),
        (nx.harmonic_centrality, {"distance": "weight"}),
        (nx.single_source_dijkstra_path_length, {"source": 5}),
        (nx.core_number, {}),
        (nx.pagerank, {"tol": 1e-12}),
    ]
    if kind is nx.Graph:
        calls += [(nx.triangles, {}), (nx.clustering, {})]
    for function, options in calls:
        expected, found = function(plain, **options), function(held, **options)
        assert list(found) == list(expected) or function is nx.single_source_dijkstra_path_length
        assert found == pytest.approx(expected, rel=1e-12, nan_ok=True), (function.__name__, options)
        assert {type(value) for value in found.values()} == {type(value) for value in expected.values()}
    components = nx.weakly_connected_components if kind is nx.DiGraph else nx.connected_components
    assert list(components(held)) == list(components(plain))
    assert "_arrays" in held.__dict__  # no kernel made a dict


def test_lengths_that_are_none_go_to_networkx() -> None:
    held = backend.convert_from_nx(nx.Graph([(0, 1, {"w": None}), (1, 2, {"w": 0}), (0, 2, {"w": 1})]))
    assert nx.single_source_dijkstra_path_length(held, 0, weight="w") == {0: 0, 2: 1, 1: 1}
    assert nx.single_source_dijkstra_path_length(held, 0, weight=lambda u, v, d: 2) == {0: 0, 1: 2, 2: 2}
    held[0][2]["w"] = -1
    with pytest.raises(ValueError, match="Contradictory paths"):
        nx.single_source_dijkstra_path_length(held, 0, weight="w")


def test_a_projection_is_a_network() -> None:
    ties = [Tie("referral", "a", "b", strength=0.5), Tie("knows", "c", "b", strength=0.25)]
    found = network(["a", "b", "c"], ties).to_networkx()
    assert dict(found.edges) == {
        ("a", "b"): {"weight": 0.5, "length": 2.0},
        ("b", "c"): {"weight": 0.25, "length": 4.0},
        ("c", "b"): {"weight": 0.25, "length": 4.0},
    }
    assert {node: list(tails) for node, tails in found.pred.items()} == {"a": [], "b": ["a", "c"], "c": ["b"]}
    mutual = network(["a", "b", "c"], ties, ["knows"]).to_networkx()
    assert mutual["b"]["c"] is mutual["c"]["b"]
    assert nx.betweenness_centrality(found, weight="length", normalized=False) == {"a": 0.0, "b": 1.0, "c": 0.0}


def test_importing_networkx_stays_quick() -> None:
    said = "import sys, networkx; print([name for name in ('numpy', 'numba') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_suite_of_networkx_passes() -> None:
    """The families that have kernels, by networkx's own tests."""
    families = ["centrality", "link_analysis", "shortest_paths", "components", "tests.test_core", "tests.test_cluster"]
    names = [f"networkx.algorithms.{family}" for family in families] + ["networkx.classes"]
    switched = {"NETWORKX_TEST_BACKEND": "graphcrm", "NETWORKX_FALLBACK_TO_NX": "True"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "--pyargs", *names]
    done = subprocess.run(command, env=os.environ | switched, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_kernel_is_one_that_networkx_dispatches() -> None:
    assert set(KERNELS) <= set(nx.utils.backends._registered_algorithms)
