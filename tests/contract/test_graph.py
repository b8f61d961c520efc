"""The use cases: what is asked of a small company is answered alike on both engines, and rightly."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from graphcrm import Graph, InvalidInput, NotFound

KITE = ["AB", "AC", "AD", "AF", "BD", "BE", "BG", "CD", "CF", "DE", "DF", "DG", "EG", "FG", "FH", "GH", "HI", "IJ"]


def _people(graph: Graph, *ids: str, **fields: Any) -> None:
    report = graph.records.upsert("customers", [{"id": id_, "name": f"Party {id_}", **fields} for id_ in ids])
    assert report.created == len(ids)


def _refer(graph: Graph, *pairs: str, **fields: Any) -> None:
    rows = [{"type": "REFERRED", "source_id": p[0], "target_id": p[1], **fields} for p in pairs]
    assert graph.records.upsert("ties", rows).created == len(rows)


def test_kite(graph: Graph) -> None:
    _people(graph, *"ABCDEFGHIJ")
    rows = [{"type": "KNOWS", "source_id": p[0], "target_id": p[1], "kind": "friend"} for p in KITE]
    graph.records.upsert("ties", rows)
    raw = graph.influencers("betweenness", layers=["knows"], normalized=False)
    assert raw.party_id.tolist()[:3] == ["H", "F", "G"]
    assert raw.score.tolist()[:3] == pytest.approx([14, 25 / 3, 25 / 3])
    assert raw["rank"].tolist() == list(range(1, 11))
    assert graph.influencers("degree", layers=["knows"], limit=1).party_id.tolist() == ["D"]
    network = graph.network(["knows"])
    assert not network.is_directed()
    assert nx.betweenness_centrality(network, normalized=False)["H"] == pytest.approx(14)
    assert raw.attrs["parties"] == 10
    assert raw.attrs["ties"] == 18


def test_ranks_follow_scores_then_ids(graph: Graph) -> None:
    _people(graph, *"ABCDEFG")
    _refer(graph, "DB", "DA", "GC", "DG")
    for metric in ("degree", "pagerank", "harmonic", "katz"):
        frame = graph.influencers(metric, layers=["referral"])
        assert frame.score.is_monotonic_decreasing
        for _, equal in frame.groupby("score"):
            assert equal.party_id.is_monotonic_increasing
        assert frame.party_id[0] == "D", metric


def test_as_of_looks_back(graph: Graph) -> None:
    _people(graph, "A", "B", created_at="2024-01-01")
    _people(graph, "C", created_at="2024-03-01")
    _refer(graph, "AB", at="2024-02-01T12:00:00Z")
    _refer(graph, "BC", at="2024-03-01T12:00:00Z")
    frame = graph.influencers("degree", as_of="2024-02-01", normalized=False)
    assert dict(zip(frame.party_id, frame.score, strict=True)) == {"A": 1, "B": 1}
    assert frame.attrs["as_of"] == "2024-02-01T23:59:59.999999Z"
    assert graph.influencers("degree", as_of="2024-02-01T11:59:00Z", normalized=False).score.tolist() == [0, 0]
    weight = graph.network(["referral"], as_of="2024-07-30T12:00:00Z")["A"]["B"]["weight"]
    assert weight == pytest.approx(0.7 / 2)
    with pytest.raises(InvalidInput, match="as_of"):
        graph.influencers(as_of="yesterday")


def test_segments_rank_their_members_within_the_whole(graph: Graph) -> None:
    _people(graph, *"ABC")
    _refer(graph, "AB", "AC")
    graph.records.create("segments", {"id": "S", "name": "East"})
    graph.records.create("ties", {"type": "MEMBER_OF", "source_id": "B", "target_id": "S"})
    graph.records.create("ties", {"type": "MEMBER_OF", "source_id": "A", "target_id": "S", "until": "2020-01-01"})
    frame = graph.influencers("degree", segment="S", normalized=False)
    assert frame[["rank", "party_id", "score"]].values.tolist() == [[1, "B", 1.0]]
    with pytest.raises(NotFound, match="segment"):
        graph.influencers(segment="nobody")


def test_chain_and_tree_with_revenue(graph: Graph) -> None:
    _people(graph, *"ABCD")
    _refer(graph, "AB", at="2024-01-01")
    _refer(graph, "BC", at="2024-02-01")
    _refer(graph, "DC", at="2024-03-01")  # later: does not count as the first referrer
    graph.records.create("products", {"id": "P", "name": "Tea", "unit_price": "0.3333", "currency": "EUR"})
    orders = [
        {"id": "O1", "customer_id": "C", "at": "2024-05-01", "amount": "10.10", "currency": "EUR"},
        {"id": "O2", "customer_id": "C", "at": "2024-05-02", "amount": "-0.10", "currency": "EUR"},
        {"id": "O3", "customer_id": "B", "at": "2024-05-03", "amount": "5", "currency": "CNY"},
        {"id": "O4", "customer_id": "B", "at": "2024-05-04", "amount": "99", "currency": "CNY", "status": "cancelled"},
        {"id": "O5", "customer_id": "B", "at": "2024-05-05"},
    ]
    assert graph.records.upsert("orders", orders).created == 5
    graph.records.create("ties", {"type": "CONTAINS", "source_id": "O5", "target_id": "P", "quantity": 3})
    assert graph.referral_chain("C")[["party_id", "at"]].values.tolist() == [
        ["A", None],
        ["B", "2024-01-01T00:00:00Z"],
        ["C", "2024-02-01T00:00:00Z"],
    ]
    tree = graph.referral_tree("A")
    euros = {"amount": "10.00", "currency": "EUR"}
    assert tree.set_index("party_id").own_revenue.to_dict() == {
        "B": [{"amount": "5.00", "currency": "CNY"}, {"amount": "0.9999", "currency": "EUR"}],
        "C": [euros],
    }
    assert tree.set_index("party_id").revenue["B"] == [
        {"amount": "5.00", "currency": "CNY"},
        {"amount": "10.9999", "currency": "EUR"},
    ]
    assert tree.attrs["revenue"] == tree.revenue[0]
    assert tree[["party_id", "referrer_id", "depth"]].values.tolist() == [["B", "A", 1], ["C", "B", 2]]
    assert graph.referral_tree("A", limit=1).attrs["truncated"]
    assert graph.referral_tree("A", as_of="2024-05-01").attrs["revenue"] == [{"amount": "10.10", "currency": "EUR"}]
    assert graph.referral_tree("D").empty


def test_a_cycle_of_referrals_is_walked_once(graph: Graph) -> None:
    _people(graph, *"ABC")
    _refer(graph, "AB", at="2024-01-01")
    _refer(graph, "BC", at="2024-02-01")
    _refer(graph, "CA", at="2024-03-01")
    assert graph.referral_chain("A").party_id.tolist() == ["B", "C", "A"]
    assert graph.referral_tree("A").party_id.tolist() == ["B", "C"]


def test_paths_follow_direction_and_rank_by_what_is_asked(graph: Graph) -> None:
    _people(graph, *"ABCD")
    ties = [("A", "B", 0.9), ("B", "D", 0.9), ("A", "C", 0.5), ("C", "D", 0.5), ("A", "D", 0.1)]
    rows = [{"type": "KNOWS", "source_id": a, "target_id": b, "strength": s} for a, b, s in ties]
    graph.records.upsert("ties", rows)
    by_hops = graph.paths("A", "D", k=3)
    assert by_hops.party_ids.tolist() == [["A", "D"], ["A", "B", "D"], ["A", "C", "D"]]
    assert graph.paths("A", "D", by="strength").party_ids.tolist() == [["A", "B", "D"]]
    assert graph.paths("A", "D", by="strength").strength[0] == pytest.approx(0.81)
    assert graph.referral_paths("A", "D").empty
    for wrong in ({"k": 0}, {"k": 101}, {"max_hops": 51}, {"layers": ["nonsense"]}, {"target": "A"}):
        with pytest.raises(InvalidInput):
            graph.paths(**({"source": "A", "target": "D"} | wrong))
    with pytest.raises(NotFound):
        graph.paths("A", "nobody")


def test_neighborhood_is_strongest_first_and_says_when_it_is_cut(graph: Graph) -> None:
    _people(graph, *"ABCD")
    rows = [
        {"type": "KNOWS", "source_id": "A", "target_id": t, "strength": s}
        for t, s in (("B", 0.2), ("C", 0.9), ("D", 0.5))
    ]
    graph.records.upsert("ties", rows)
    found = graph.neighborhood("A", limit=3)
    assert [node["id"] for node in found["nodes"]] == ["A", "C", "D"]
    assert [tie["id"] for tie in found["ties"]] == ["KNOWS:A:C:other", "KNOWS:A:D:other"]
    assert found["truncated"]
    assert found["tie_count"] == 3
    assert not graph.neighborhood("A", limit=4)["truncated"]


def test_works_with_joins_colleagues_through_their_employer(graph: Graph) -> None:
    _people(graph, "E", kind="organization")
    graph.records.upsert("contacts", [{"id": i, "name": i, "customer_id": "E"} for i in ("K1", "K2")])
    network = graph.network(["works_with"])
    assert {frozenset(edge) for edge in network.edges} == {frozenset({"K1", "E"}), frozenset({"K2", "E"})}
    assert nx.shortest_path_length(network, "K1", "K2") == 2
    assert not network.is_directed()


def test_interactions_point_from_sender_to_receivers(graph: Graph) -> None:
    _people(graph, *"ABC")
    for n in range(10):
        graph.records.create(
            "interactions",
            {"id": f"I{n}", "kind": "email", "at": "2024-01-01T00:00:00Z", "from_id": "A", "to_ids": ["B", "C"]},
        )
    network = graph.network(["interaction"], as_of="2024-01-01T00:00:00Z")
    assert sorted(network.edges) == [("A", "B"), ("A", "C")]
    assert network["A"]["B"]["weight"] == pytest.approx(0.5)


def test_an_empty_graph_has_answers_too(graph: Graph) -> None:
    assert graph.influencers().empty
    assert list(graph.influencers().columns) == ["rank", "party_id", "label", "name", "score", "reason"]
    assert len(graph.network()) == 0
    assert graph.search("x") == []


def test_search_finds_parts_of_names_mails_phones_and_ids(graph: Graph) -> None:
    graph.records.upsert(
        "customers",
        [
            {"id": "A1", "name": "北京贸易", "email": "li@example.com", "phone": "+86 10 5555 0100"},
            {"id": "A2", "name": "Annabel"},
            {"id": "A3", "name": "Joanna"},
        ],
    )
    assert [(hit["id"], hit["matched"]) for hit in graph.search("ANN")] == [("A2", "name"), ("A3", "name")]
    assert graph.search("贸易")[0]["id"] == "A1"
    assert graph.search("LI@ex")[0]["matched"] == "email"
    assert graph.search("0100")[0]["matched"] == "phone"
    assert [hit["id"] for hit in graph.search("a2")] == ["A2"]
    with pytest.raises(InvalidInput):
        graph.search("  ")


def test_status_counts(graph: Graph, engine: str) -> None:
    _people(graph, "A", "B")
    _refer(graph, "AB")
    found = graph.status()
    assert found["engine"] == engine
    assert found["labels"] == {"Customer": 2}
    assert found["types"] == {"REFERRED": 1}
    assert found["schema"] == int(graph.store.migrations()[-1][:4]) > 0
    assert found["version"][0].isdigit()
