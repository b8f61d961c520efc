"""Scores and ranks: equal to networkx where it converges, credit to who influences, plain answers at the edges."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from networks import Tie, as_networkx, directed, mutual, network

from graphcrm.errors import InvalidInput
from graphcrm.network import distance, spectral
from graphcrm.network.centrality import METRICS, bands, rank, scores
from graphcrm.network.graph import Projection

ORIENTED = [name for name, metric in METRICS.items() if metric.oriented]


def random_network(seed: int, is_directed: bool, size: int = 40) -> Projection:
    """A random network with strengths; some parties have no tie."""
    random = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(size, 0.08, seed=seed, directed=is_directed)
    for a, b in graph.edges:
        graph.edges[a, b]["weight"] = round(float(random.uniform(0.05, 1)), 3)
    return directed(graph) if is_directed else mutual(graph)


def reversed_graph(found: Projection) -> nx.Graph:
    graph = as_networkx(found)
    return graph.reverse() if found.directed else graph


def in_order(found: Projection, values: dict[str, float]) -> np.ndarray:
    return np.array([values[party] for party in found.ids])


@pytest.mark.parametrize("is_directed", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_equal_to_networkx(seed: int, is_directed: bool) -> None:
    found = random_network(seed, is_directed)
    plain, turned = as_networkx(found), reversed_graph(found)
    others = len(found) - 1
    expected = {
        "degree": nx.degree_centrality(plain),
        "strength": {party: total / others for party, total in plain.degree(weight="weight")},
        "pagerank": nx.pagerank(turned, tol=1e-14, max_iter=1000),
        "betweenness": nx.betweenness_centrality(plain, weight="length"),
        "closeness": nx.closeness_centrality(turned, distance="length"),
        "harmonic": nx.harmonic_centrality(turned, distance="length"),
        "eigenvector": nx.eigenvector_centrality(turned, weight="weight", tol=1e-13, max_iter=20_000),
        "hits": nx.hits(turned, max_iter=10_000)[1],
        "core_number": nx.core_number(plain),
    }
    for metric, values in expected.items():
        assert scores(found, metric).values == pytest.approx(in_order(found, values), abs=1e-7), metric


@pytest.mark.parametrize("is_directed", [False, True])
def test_katz_equals_networkx_at_its_alpha(is_directed: bool) -> None:
    found = random_network(11, is_directed)
    turned = reversed_graph(found)
    answer = scores(found, "katz")
    largest = max(abs(np.linalg.eigvals(nx.to_numpy_array(turned))))
    assert answer.facts["alpha"] == pytest.approx(0.85 / largest, rel=1e-4)
    expected = nx.katz_centrality_numpy(turned, alpha=answer.facts["alpha"], weight="weight")
    assert answer.values == pytest.approx(in_order(found, expected), rel=1e-9)
    raw = nx.katz_centrality_numpy(turned, alpha=answer.facts["alpha"], weight="weight", normalized=False)
    assert scores(found, "katz", normalized=False).values == pytest.approx(in_order(found, raw), rel=1e-9)


@pytest.mark.parametrize("is_directed", [False, True])
def test_raw_scores(is_directed: bool) -> None:
    found = random_network(5, is_directed)
    plain = as_networkx(found)
    raw = {metric: scores(found, metric, normalized=False).values for metric in METRICS}
    assert raw["degree"].tolist() == [degree for _, degree in sorted(plain.degree)]
    assert raw["betweenness"] == pytest.approx(
        in_order(found, nx.betweenness_centrality(plain, weight="length", normalized=False)), abs=1e-9
    )
    assert raw["closeness"] == pytest.approx(scores(found, "closeness").values * (len(found) - 1))
    assert raw["pagerank"].mean() == pytest.approx(1)
    assert raw["eigenvector"].max() == pytest.approx(1)
    assert np.linalg.norm(raw["hits"]) == pytest.approx(1)
    for metric, values in raw.items():
        assert bands(values).tolist() == bands(scores(found, metric).values).tolist(), metric


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("metric", [*ORIENTED, "degree", "strength"])
def test_who_referred_a_hundred_outranks_the_hundred(metric: str, normalized: bool) -> None:
    star = directed(nx.DiGraph([("zoe", f"c{i}") for i in range(100)]))
    values = scores(star, metric, normalized).values
    first, second = rank(star.ids, values)[:2]
    assert star.ids[first] == "zoe"
    assert values[first] > values[second]


@pytest.mark.parametrize("metric", ORIENTED)
def test_who_referred_many_outranks_them_beside_a_chain(metric: str) -> None:
    graph = nx.DiGraph([("zoe", f"c{i}") for i in range(100)])
    nx.add_path(graph, ["c99", "d1", "d2", "d3", "d4"])
    star = directed(graph)
    assert star.ids[rank(star.ids, scores(star, metric).values)[0]] == "zoe"


@pytest.mark.parametrize("metric", ORIENTED)
def test_a_pair_of_mutual_referrals_changes_nothing_for_the_star(metric: str) -> None:
    graph = nx.DiGraph([("zoe", f"c{i}") for i in range(100)])
    graph.add_edges_from([("c0", "c1"), ("c1", "c0")], weight=0.001)
    star = directed(graph)
    assert star.ids[rank(star.ids, scores(star, metric).values)[0]] == "zoe"


def test_oriented_are_those_that_reversal_changes() -> None:
    forward = random_network(2, True)
    backward = directed(as_networkx(forward).reverse())
    for name, metric in METRICS.items():
        same = np.allclose(scores(forward, name).values, scores(backward, name).values, atol=1e-9)
        assert same is not metric.oriented, name


def test_strength_is_not_distance() -> None:
    # a-b-c is the strong way round a weak direct tie; read as length, .1 would be the short one.
    ties = [
        Tie("knows", "a", "b", strength=0.9),
        Tie("knows", "b", "c", strength=0.9),
        Tie("knows", "a", "c", strength=0.1),
    ]
    found = network("abc", ties, ["knows"])
    assert scores(found, "betweenness").values.tolist() == [0, 1, 0]
    assert scores(found, "closeness").values.argmax() == 1


def test_routes_of_equal_length_are_found_equal() -> None:
    # Two routes from s to t over the same three strengths in different order.
    ties = [
        *(Tie("referral", a, b, strength=s) for a, b, s in [("s", "a", 0.7), ("a", "b", 0.9), ("b", "t", 0.3)]),
        *(Tie("referral", a, b, strength=s) for a, b, s in [("s", "c", 0.3), ("c", "d", 0.7), ("d", "t", 0.9)]),
    ]
    raw = scores(network("sabcdt", ties, ["referral"]), "betweenness", normalized=False).values
    assert raw.tolist() == [1.5, 1.5, 1.5, 1.5, 0, 0]


# ---- edges ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("layers", [["knows"], None])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 5])
def test_a_network_without_ties_ranks_by_id(size: int, layers: list[str] | None, metric: str) -> None:
    found = network("edcba"[5 - size :], layers=layers)
    for normalized in (True, False):
        values = scores(found, metric, normalized).values
        assert values.shape == (size,)
        assert np.isfinite(values).all()
        assert rank(found.ids, values).tolist() == list(range(size))


@pytest.mark.parametrize("metric", METRICS)
def test_two_parties_with_one_tie_are_equal(metric: str) -> None:
    values = scores(network("ab", [Tie("knows", "a", "b")], ["knows"]), metric).values
    assert values[0] == pytest.approx(values[1])


def test_an_unknown_metric_names_those_that_exist() -> None:
    with pytest.raises(InvalidInput, match="pagerank") as refused:
        scores(network("ab"), "fame")
    assert refused.value.allowed == list(METRICS)


def test_bipartite_and_nearly_equal_parts_converge() -> None:
    bipartite = mutual(nx.complete_bipartite_graph(3, 9))
    expected = nx.eigenvector_centrality_numpy(as_networkx(bipartite), weight="weight")
    assert scores(bipartite, "eigenvector").values == pytest.approx(in_order(bipartite, expected), abs=1e-9)
    two = nx.disjoint_union(nx.complete_graph(5), nx.complete_graph(5))
    nx.set_edge_attributes(two, 0.5, "weight")
    two.edges[0, 1]["weight"] = 0.5001
    values = scores(mutual(two), "eigenvector").values
    assert values[:5].sum() > 1000 * values[5:].sum()


def test_a_deep_layered_network_does_not_overflow() -> None:
    graph = nx.DiGraph()
    for level in range(400):
        graph.add_edges_from(((level, a), (level + 1, b)) for a in range(20) for b in range(20))
    nx.set_edge_attributes(graph, 1.0, "weight")
    deep = directed(graph)
    for metric in ("katz", "eigenvector"):
        answer = scores(deep, metric)
        assert np.isfinite(answer.values).all()
        assert answer.facts["alpha"] < 0.2
        assert "(0, 0)" in deep.ids[rank(deep.ids, answer.values)[:20]]


def test_no_convergence_is_said_with_the_residual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectral, "ROUNDS", 3)
    with pytest.raises(InvalidInput, match=r"pagerank did not converge: after 3 rounds its residual is \d"):
        scores(random_network(1, True), "pagerank")


@pytest.mark.parametrize("metric", ["closeness", "harmonic"])
def test_too_much_work_is_refused_with_the_estimate(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distance, "MAX_WORK", 1000)
    found = mutual(nx.complete_graph(20))
    with pytest.raises(InvalidInput, match=r"20 parties would take 8,000 steps, above 1,000: choose fewer layers"):
        scores(found, metric)


def test_betweenness_of_a_large_network_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = mutual(nx.barabasi_albert_graph(300, 2, seed=4))
    exact = scores(found, "betweenness")
    assert exact.facts == {}
    monkeypatch.setattr(distance, "BETWEENNESS_WORK", 150 * (300 + found.adjacency.nnz))
    sampled = scores(found, "betweenness")
    assert sampled.facts == {"sampled": True, "pivots": 150, "seed": distance.SEED}
    assert sampled.values.tolist() == scores(found, "betweenness").values.tolist()
    assert sampled.values.sum() == pytest.approx(exact.values.sum(), rel=0.1)
    assert np.corrcoef(sampled.values, exact.values)[0, 1] > 0.98


# ---- ranks ----------------------------------------------------------------------------------------------


def test_rounding_does_not_break_ties() -> None:
    values = np.array([0.1 + 0.2, 0.3, 0.3 * (1 - 1e-12), 0.2999])
    assert rank(["d", "b", "c", "a"], values).tolist() == [1, 2, 0, 3]
    assert bands(values).tolist() == [0, 0, 0, 1]


def test_ids_break_ties_in_utf8_order() -> None:
    ids = ["😀", "\uffee", "中", "é", "a", "Z"]
    order = rank(ids, np.ones(6))
    assert [ids[i] for i in order] == sorted(ids, key=lambda i: i.encode())


def test_what_iteration_leaves_of_a_zero_is_a_zero() -> None:
    assert bands(np.array([1.0, 1e-17, 0.0, 1e-9])).tolist() == [0, 2, 2, 1]


def test_the_table_says_what_each_metric_means() -> None:
    assert list(METRICS) == [
        "degree", "strength", "pagerank", "betweenness", "closeness",
        "harmonic", "eigenvector", "katz", "hits", "core_number",
    ]  # fmt: skip
    assert all(metric.meaning.endswith(".") for metric in METRICS.values())
