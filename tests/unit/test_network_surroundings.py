"""Neighbourhoods, their layout, communities, and the reasons that are given."""

from __future__ import annotations

import time
from datetime import datetime

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Party, Tie, as_networkx, directed, mutual, network, tie_rows
from scipy.spatial.distance import pdist

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.communities import communities
from graphcrm.network.graph import Projection
from graphcrm.network.layout import layout
from graphcrm.network.neighborhood import neighborhood
from graphcrm.network.reasons import LANGUAGES, Facts, describe, facts_of

# ---- neighbourhoods -------------------------------------------------------------------------------------

TIES = [
    Tie("referral", "b", "a", strength=0.5),
    Tie("knows", "a", "c", "friend", strength=0.9),
    Tie("referral", "a", "d", strength=0.5, began=datetime(2025, 12, 31, 23, 59, 59, 999999)),
    Tie("referral", "d", "e", strength=0.9),
    Tie("referral", "c", "f", strength=0.4),
    Tie("referral", "e", "g", strength=0.9),
]


def test_the_nearest_and_strongest_come_first() -> None:
    found = neighborhood(network("abcdefgh", TIES), "a", hops=2)
    assert [(node["id"], node["hop"]) for node in found.nodes] == [
        ("a", 0), ("c", 1), ("b", 1), ("d", 1), ("e", 2), ("f", 2),
    ]  # fmt: skip
    assert [node["strength"] for node in found.nodes] == pytest.approx([1, 0.9, 0.5, 0.5, 0.45, 0.36])
    assert [tie["id"] for tie in found.ties] == [
        "KNOWS:a:c:friend", "REFERRED:d:e", "REFERRED:a:d", "REFERRED:b:a", "REFERRED:c:f",
    ]  # fmt: skip
    assert not found.truncated
    assert found.center == "a"


def test_a_tie_says_all_that_is_known_of_it() -> None:
    at = datetime(2025, 12, 31, 23, 59, 59, 999999)
    ties = neighborhood(network("ab", [Tie("referral", "b", "a", began=at, count=10)]), "a").ties
    assert ties == [
        {
            "id": "REFERRED:b:a",
            "source": "b",
            "target": "a",
            "type": "REFERRED",
            "layer": "referral",
            "strength": pytest.approx(0.5),
            "kind": None,
            "count": 10,
            "at": np.datetime64(at),
        }
    ]


def test_the_limit_keeps_the_nearest_and_says_so() -> None:
    found = neighborhood(network("abcdefgh", TIES), "a", hops=2, limit=3)
    assert [node["id"] for node in found.nodes] == ["a", "c", "b"]
    assert [tie["id"] for tie in found.ties] == ["KNOWS:a:c:friend", "REFERRED:b:a"]
    assert found.truncated
    assert not neighborhood(network("abcdefgh", TIES), "a", hops=3, limit=7).truncated


def test_alone_unknown_and_out_of_bounds() -> None:
    found = neighborhood(network("abcdefgh", TIES), "h")
    assert [node["id"] for node in found.nodes] == ["h"]
    assert found.ties == []
    with pytest.raises(NotFound):
        neighborhood(network("ab"), "x")
    for bound in ("hops", "limit"):
        with pytest.raises(InvalidInput) as refused:
            neighborhood(network("ab"), "a", **{bound: 0})
        assert refused.value.field == bound


@settings(max_examples=150, deadline=None)
@given(rows=tie_rows(), hops=st.integers(1, 4))
def test_hops_equal_networkx_whichever_way_ties_point(rows: tuple[list[str], list[Tie]], hops: int) -> None:
    found = network(*rows)
    graph = as_networkx(found).to_undirected()
    for party in found.ids:
        nodes = neighborhood(found, party, hops).nodes
        expected = nx.single_source_shortest_path_length(graph, party, cutoff=hops)
        assert {node["id"]: node["hop"] for node in nodes} == dict(expected)


# ---- layout ---------------------------------------------------------------------------------------------


def drawn(found: Projection, center: str, hops: int, limit: int = 1000) -> dict[str, tuple[float, float]]:
    around = neighborhood(found, center, hops, limit)
    return layout(around.nodes, around.ties, gap=60)


PICTURES = {
    "star": (nx.star_graph(400), 1),
    "chain": (nx.path_graph(30), 30),
    "clique": (nx.complete_graph(40), 1),
    "tree": (nx.balanced_tree(5, 4), 4),
    "scale-free": (nx.barabasi_albert_graph(600, 2, seed=1), 5),
    "pair": (nx.path_graph(2), 1),
    "alone": (nx.empty_graph(1), 1),
}


@pytest.mark.parametrize("name", PICTURES)
def test_nobody_overlaps_and_the_centre_stays(name: str) -> None:
    graph, hops = PICTURES[name]
    found = mutual(graph)
    places = drawn(found, "0", hops)
    assert len(places) == len(found)
    assert places["0"] == (0, 0)
    points = np.array(list(places.values()))
    assert np.isfinite(points).all()
    assert pdist(points).min(initial=60) >= 59.9
    # No wider than a chain of all of them, and a crowd stays compact.
    assert np.abs(points).max() <= 60 * max(8, 2.5 * len(found) ** 0.5, 2 * hops)
    assert places == drawn(found, "0", hops)


def test_near_parties_are_drawn_near() -> None:
    found = mutual(nx.barabasi_albert_graph(200, 1, seed=3))
    around = neighborhood(found, "0", 4, 1000)
    places = layout(around.nodes, around.ties)
    radius = {hop: [] for hop in range(5)}
    for node in around.nodes:
        radius[node["hop"]].append(np.hypot(*places[node["id"]]))
    means = [np.mean(values) for values in radius.values()]
    assert means == sorted(means)


def test_nothing_to_draw_and_ties_cut_off() -> None:
    assert layout([], []) == {}
    places = layout([{"id": "a", "hop": 0}, {"id": "b", "hop": 1}, {"id": "c", "hop": 2}], [])
    assert pdist(np.array(list(places.values()))).min() >= 59.9


def test_three_hundred_parties_take_no_time() -> None:
    around = neighborhood(mutual(nx.barabasi_albert_graph(318, 2, seed=2)), "0", 4, 318)
    started = time.process_time()
    layout(around.nodes, around.ties)
    assert time.process_time() - started < 2  # .05 s where this was written


# ---- communities ----------------------------------------------------------------------------------------


def test_planted_communities_are_found() -> None:
    graph = nx.planted_partition_graph(8, 30, 0.4, 0.01, seed=2)
    found = mutual(graph)
    groups = communities(found)
    planted = np.array([int(party) // 30 for party in found.ids])
    assert len(set(zip(groups, planted, strict=True))) == 8
    assert groups.max() == 7


@pytest.mark.parametrize("seed", range(3))
def test_communities_are_as_good_as_louvain(seed: int) -> None:
    for graph in (nx.karate_club_graph(), nx.les_miserables_graph(), nx.powerlaw_cluster_graph(300, 3, 0.6, seed=4)):
        found = mutual(nx.Graph(graph.edges))
        plain = as_networkx(found)
        groups = communities(found, seed)
        own = [set(found.ids[groups == number]) for number in range(groups.max() + 1)]
        louvain = nx.community.louvain_communities(plain, seed=seed)
        quality = nx.community.modularity
        assert quality(plain, own) > 0.93 * quality(plain, louvain)


def test_communities_are_numbered_by_size_then_first_party() -> None:
    graph = nx.disjoint_union_all([nx.complete_graph(3), nx.complete_graph(5), nx.complete_graph(3), nx.empty_graph(1)])
    ids = "abc" + "defgh" + "ijk" + "l"
    found = mutual(nx.relabel_nodes(graph, dict(enumerate(ids))))
    assert communities(found).tolist() == [1] * 3 + [0] * 5 + [2] * 3 + [3]
    assert communities(network([])).tolist() == []
    assert communities(network("ab")).tolist() == [0, 1]


def test_directed_ties_hold_communities_together() -> None:
    found = directed(nx.DiGraph([*nx.complete_graph(range(4)).edges, *nx.complete_graph(range(4, 9)).edges, (0, 5)]))
    assert communities(found).tolist() == [1] * 4 + [0] * 5


# ---- reasons --------------------------------------------------------------------------------------------


def facts(found: Projection, party: str) -> Facts:
    return facts_of(found, communities(found), [party])[0]


def test_facts_of_a_referrer() -> None:
    ties = [
        Tie("referral", "a", "b"),
        Tie("referral", "a", "c"),
        Tie("referral", "b", "d"),
        Tie("referral", "c", "d"),
        Tie("referral", "d", "e"),
        Tie("referral", "e", "a"),
        Tie("knows", "a", "f", "family"),
    ]
    found = network([*"abcde", Party("f", "Contact", "Fei")], ties)
    assert facts(found, "a") == Facts("a", 2, "Customer", 4, 3, 4, facts(found, "a").communities, "Fei")
    assert facts(found, "f") == Facts("f", 0, None, 0, 0, 1, 1, "Party a")


def test_communities_that_neighbours_bridge() -> None:
    graph = nx.disjoint_union_all([nx.complete_graph(6)] * 3)
    graph.add_edges_from([(18, 0), (18, 6), (18, 12)], weight=0.2)
    assert facts(mutual(graph), "18").communities == 3
    assert facts(mutual(graph), "1").communities == 1


def test_the_least_id_is_the_strongest_among_equals() -> None:
    ties = [Tie("knows", "a", "c"), Tie("referral", "b", "a", strength=0.3)]
    assert facts(network("abc", ties), "a").strongest == "Party b"
    assert facts(network([Party("a"), Party("b")], [Tie("knows", "a", "b")]), "a").strongest == "b"


SENTENCES = [
    (Facts("p", 0, None, 0, 0, 0, 0, None), "no ties in the chosen layers", "在所选层中没有联系"),
    (Facts("p", 1, "Contact", 1, 1, 1, 1, "Bo"), "referred 1 contact; a tie to Bo", "推荐了 1 位联系人；与Bo有联系"),
    (
        Facts("p", 2, None, 1202, 2, 3, 1, "Bo"),
        "referred 2 parties, who brought 1,200 more over 2 hops; ties to 3 parties, the strongest to Bo",
        "推荐了 2 方，由此又带来 1,200 位，共 2 层；与 3 方有联系，其中与Bo最紧密",
    ),
    (
        Facts("p", 0, None, 0, 0, 9, 4, "Bo"),
        "ties to 9 parties in 4 communities, the strongest to Bo",
        "与 4 个社群中的 9 方有联系，其中与Bo最紧密",
    ),
]


@pytest.mark.parametrize(("said", "english", "chinese"), SENTENCES)
def test_sentences(said: Facts, english: str, chinese: str) -> None:
    assert describe(said) == english
    assert describe(said, "zh") == chinese


def test_a_hostile_name_stays_one_short_line() -> None:
    text = describe(Facts("p", 0, None, 0, 0, 1, 1, "A\r\n\t=cmd|' " + "x" * 500))
    assert text.startswith("a tie to A =cmd|'")
    assert len(text) < 80
    assert text.isprintable()


def test_another_language_is_refused() -> None:
    with pytest.raises(InvalidInput, match="en or zh") as refused:
        describe(SENTENCES[0][0], "de")
    assert refused.value.field == "language"


@settings(max_examples=100, deadline=None)
@given(rows=tie_rows(), language=st.sampled_from(LANGUAGES))
def test_nobody_goes_without_a_reason(rows: tuple[list[str], list[Tie]], language: str) -> None:
    found = network(*rows)
    answers = facts_of(found, communities(found), found.ids)
    graph = as_networkx(found)
    assert [answer.party_id for answer in answers] == found.ids.tolist()
    for answer in answers:
        assert describe(answer, language)
        assert answer.ties == len(set(graph.pred[answer.party_id]) | set(graph.succ[answer.party_id]))
