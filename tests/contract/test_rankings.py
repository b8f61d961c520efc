"""Two rankings beside one another, and the communities, on both engines."""

from __future__ import annotations

import networkx as nx
import pytest

from graphcrm import Graph, InvalidInput, NotFound


@pytest.fixture
def town(graph: Graph) -> Graph:
    """Two circles of friends that one tie joins; X comes in 2025, when C begins to refer."""
    people = [{"id": id_, "name": f"Party {id_}", "created_at": "2024-01-01"} for id_ in "ABCDEFGH"]
    graph.records.upsert("customers", [*people, {"id": "X", "name": "Party X", "created_at": "2025-03-01"}])
    pairs = ["AB", "AC", "AD", "BC", "CD", "EF", "EG", "FG", "FH", "GH", "AE"]
    ties = [
        {
            "type": "KNOWS",
            "source_id": one,
            "target_id": other,
            "kind": "friend",
            "strength": 0.5,
            "since": "2024-02-01",
        }
        for one, other in pairs
    ]
    assert graph.records.upsert("ties", ties).created == len(pairs)
    brought = [{"type": "REFERRED", "source_id": "C", "target_id": other, "at": "2025-03-01"} for other in "HX"]
    assert graph.records.upsert("ties", brought).created == 2
    return graph


def test_who_rose_between_two_dates(town: Graph) -> None:
    frame = town.compare("degree", as_of="2025-12-31", other_as_of="2024-12-31")
    rows = {row.party_id: (row.rank, row.other_rank, row.rose) for row in frame.itertuples()}
    # Of friends A has four, C, E, F and G three, the others two, each a tie both ways; C refers two, and H is referred.
    assert rows["C"] == (1, 2, 1)
    assert rows["A"] == (1, 1, 0)
    assert rows["E"] == (3, 2, -1)
    assert rows["B"] == (7, 6, -1)
    assert rows["H"] == (6, 6, 0)
    assert rows["X"] == (9, None, None)
    assert frame.party_id.tolist() == list("CEFGBDAHX")
    moved = frame.rose.dropna().abs().tolist()
    assert moved == sorted(moved, reverse=True)
    assert frame.attrs["other_as_of"] == "2024-12-31T23:59:59.999999Z"
    assert town.compare("degree", as_of="2025-12-31", other_as_of="2024-12-31", limit=2).shape == (2, 8)


def test_two_metrics(town: Graph) -> None:
    frame = town.compare("betweenness", "degree", layers=["knows"], as_of="2024-12-31").set_index("party_id")
    by = {
        name: town.influencers(name, ["knows"], "2024-12-31").set_index("party_id").score
        for name in ("betweenness", "degree")
    }
    for party in frame.index:
        assert frame.score[party] == by["betweenness"][party]
        assert frame.other_score[party] == by["degree"][party]
        assert frame["rank"][party] == 1 + sum(by["betweenness"] > by["betweenness"][party] + 1e-9)
        assert frame.other_rank[party] == 1 + sum(by["degree"] > by["degree"][party] + 1e-9)


def test_communities(town: Graph) -> None:
    frame = town.communities(["knows"], "2024-12-31")
    assert frame.parties.tolist() == [4, 4]
    assert frame.customers.tolist() == [4, 4]
    # Ten ties of eleven lie inside, half of them in each; A and C have three of them, A comes first.
    assert frame.leader_id.tolist() == ["A", "F"]
    assert frame.inside.tolist() == pytest.approx([10 / 11, 10 / 11])
    network = town.network(["knows"], "2024-12-31")
    circles = [set("ABCD"), set("EFGH")]
    assert frame.attrs["modularity"] == pytest.approx(nx.community.modularity(network, circles, weight="weight"))
    assert frame.attrs["total"] == 2
    members = town.influencers("degree", ["knows"], "2024-12-31", community=1)
    assert sorted(members.party_id) == list("EFGH")
    assert members["rank"].tolist() == [1, 2, 3, 4]


def test_alone_is_a_community(graph: Graph) -> None:
    assert graph.communities().empty
    graph.records.upsert("contacts", [{"id": "K", "name": "Kay"}])
    (row,) = graph.communities().itertuples()
    assert (row.parties, row.customers, row.inside, row.leader_id) == (1, 0, None, "K")


def test_what_makes_no_sense_is_refused(town: Graph) -> None:
    for wrong, field in (
        ({}, "other_metric"),
        ({"as_of": "2025-01-01", "other_as_of": "2025-01-01"}, "other_metric"),
        ({"other_as_of": "then"}, "other_as_of"),
        ({"other_metric": "degree", "limit": 0}, "limit"),
    ):
        with pytest.raises(InvalidInput, match=rf"^{field}: "):
            town.compare(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="There is no metric 'fame'"):
        town.compare(other_metric="fame")
    with pytest.raises(NotFound, match="there is no community 9"):
        town.influencers(community=9)
    with pytest.raises(InvalidInput, match=r"^limit: "):
        town.communities(limit=0)


def test_between_which_ranks(town: Graph) -> None:
    frame = town.influencers("degree", ["knows"], "2024-12-31", interval=0.9)
    assert list(frame) == ["rank", "party_id", "label", "name", "score", "rank_low", "rank_high", "band", "reason"]
    assert frame.party_id.tolist()[0] == "A"
    assert ((frame.rank_low >= 1) & (frame.rank_low <= frame.rank_high) & (frame.rank_high <= 8)).all()
    assert frame.band.tolist()[0] == 1
    assert frame.band.is_monotonic_increasing
    assert (frame.attrs["interval"], frame.attrs["hidden"]) == (0.9, 0.2)
    assert frame.attrs["factor"] >= 1
    one = town.influencers("degree", ["knows"], "2024-12-31", interval=0.9, limit=1).iloc[0]
    assert (one.rank_low, one.rank_high) == (frame.rank_low[0], frame.rank_high[0])
    for wrong, field in (({"interval": 1.0}, "interval"), ({"interval": 0.9, "hidden": 0.0}, "hidden")):
        with pytest.raises(InvalidInput, match=rf"^{field}: "):
            town.influencers("degree", **wrong)  # type: ignore[arg-type]
