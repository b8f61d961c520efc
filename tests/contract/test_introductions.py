"""Through whom to reach someone, and what to say, on both engines."""

from __future__ import annotations

from typing import Any

import pytest

from graphcrm import Graph, InvalidInput, NotFound


@pytest.fixture
def circle(graph: Graph) -> Graph:
    """U1 and U2 know A and B, who know T well and less well; C knows T best, but nobody of us knows C but through B."""
    graph.records.upsert(
        "users", [{"id": "U1", "name": "Una"}, {"id": "U2", "name": "Udo"}, {"id": "U3", "name": "Uma"}]
    )
    graph.records.upsert("customers", [{"id": id_, "name": f"Party {id_}"} for id_ in "ABCT"])
    rows = [
        {"id": f"I{n}", "kind": "call", "at": f"2025-06-{n:02}T12:00:00Z", "from_id": one, "to_ids": [other]}
        for n, one, other in ((1, "U1", "A"), (2, "A", "U1"), (3, "U2", "B"), (4, "A", "T"))
    ]
    graph.records.upsert("interactions", rows)
    knows = [("A", "T", 0.5), ("B", "T", 0.2), ("B", "C", 0.9), ("C", "T", 0.9)]
    ties: list[dict[str, Any]] = [
        {"type": "KNOWS", "source_id": one, "target_id": other, "kind": "friend", "strength": strength}
        for one, other, strength in knows
    ]
    assert graph.records.upsert("ties", ties).created == 4
    return graph


def consent(graph: Graph, party: str, granted: bool, at: str) -> None:
    row = {
        "id": f"{party}{at}",
        "party_id": party,
        "channel": "email",
        "purpose": "marketing",
        "granted": granted,
        "at": at,
    }
    assert graph.records.upsert("consents", [row]).created == 1


def test_the_best_ways_each_through_another(circle: Graph) -> None:
    frame = circle.introductions("T", as_of="2025-06-30")
    assert frame.via.tolist() == ["A", "C", "B"]
    assert frame.party_ids.tolist() == [["U1", "A", "T"], ["U2", "B", "C", "T"], ["U2", "B", "T"]]
    assert frame.labels[0] == ["User", "Customer", "Customer"]
    assert frame.hops.tolist() == [2, 3, 2]
    assert frame.strength.is_monotonic_decreasing
    assert frame.strength[1] / frame.strength[2] == pytest.approx(0.9 * 0.9 / 0.2)
    assert frame.last_contact.tolist() == ["2025-06-04T12:00:00Z", None, None]
    assert frame.contacts.tolist() == [2, 0, 1]
    assert frame.mention[0] == [{"type": "Interaction", "id": "I4", "name": "call", "at": "2025-06-04T12:00:00Z"}]
    assert circle.introductions("T", k=1, as_of="2025-06-30").via.tolist() == ["A"]


def test_from_one_of_us(circle: Graph) -> None:
    frame = circle.introductions("T", "U2", as_of="2025-06-30")
    assert {row[0] for row in frame.party_ids} == {"U2"}
    assert frame.via.tolist()[0] == "C"
    assert circle.introductions("T", "U3", as_of="2025-06-30").empty
    assert circle.introductions("T", "A", as_of="2025-06-30").via.tolist() == ["A"]


def test_who_wants_no_contact_is_passed_over(circle: Graph) -> None:
    consent(circle, "A", False, "2025-01-01")
    frame = circle.introductions("T", as_of="2025-06-30")
    assert "A" not in frame.via.tolist()
    assert frame.attrs["opted_out"] == ["A"]
    consent(circle, "A", True, "2025-02-01")
    assert circle.introductions("T", as_of="2025-06-30").via.tolist()[0] == "A"
    consent(circle, "B", False, "2025-02-01")
    assert circle.introductions("T", as_of="2025-06-30").via.tolist() == ["A"]


def test_who_is_overasked_is_passed_over(circle: Graph) -> None:
    frame = circle.introductions("T", as_of="2025-06-30", max_contacts=1)
    assert frame.via.tolist() == ["C", "B"]
    assert frame.attrs["overasked"] == ["A"]
    # A month later nobody has been asked of late.
    assert circle.introductions("T", as_of="2025-08-30", max_contacts=1).via.tolist()[0] == "A"


def test_what_they_share(circle: Graph) -> None:
    campaign = {"id": "K1", "name": "Fair", "starts_on": "2025-05-01", "targeted_ids": ["A"]}
    circle.records.upsert("campaigns", [campaign])
    circle.records.upsert("products", [{"id": "P1", "name": "Tea"}, {"id": "P2", "name": "Cups"}])
    orders = [{"id": f"O{id_}", "customer_id": id_, "at": "2025-05-05"} for id_ in "AT"]
    assert circle.records.upsert("orders", orders).created == 2
    bought = [("OA", "P1"), ("OT", "P1"), ("OA", "P2")]
    ties: list[dict[str, Any]] = [
        {"type": "CONTAINS", "source_id": order, "target_id": product, "quantity": 1} for order, product in bought
    ]
    ties.append({"type": "RESPONDED_TO", "source_id": "T", "target_id": "K1", "kind": "visited"})
    assert circle.records.upsert("ties", ties).created == 4
    mention = circle.introductions("T", as_of="2025-06-30").mention[0]
    assert [(part["type"], part["id"]) for part in mention] == [
        ("Interaction", "I4"),
        ("Campaign", "K1"),
        ("Product", "P1"),
    ]
    assert mention[1]["at"] == "2025-05-01"


def test_what_makes_no_sense_is_refused(circle: Graph) -> None:
    for wrong, field in (({"k": 0}, "k"), ({"from_": "T"}, "from"), ({"max_contacts": 0}, "max_contacts")):
        with pytest.raises(InvalidInput, match=rf"^{field}: "):
            circle.introductions("T", **wrong)  # type: ignore[arg-type]
    for unknown in ({"to": "nobody"}, {"to": "T", "from_": "nobody"}, {"to": "U1"}):
        with pytest.raises(NotFound):
            circle.introductions(**unknown)  # type: ignore[arg-type]


def test_nobody_to_begin_with(graph: Graph) -> None:
    graph.records.upsert("customers", [{"id": "T", "name": "T"}])
    with pytest.raises(InvalidInput, match=r"^from: the graph has no members of staff"):
        graph.introductions("T")
