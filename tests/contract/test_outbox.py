"""What is noted for webhooks when parties merge and part, sources are erased, and values are pinned."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.service.outbox import range_of


@pytest.fixture
def hook(graph: Graph) -> str:
    """A webhook that wants everything."""
    return str(graph.webhooks.add("https://example.com").webhook["id"])


def noted(graph: Graph, hook: str) -> list[dict[str, Any]]:
    """The events that wait, in order; they wait no longer."""
    first, last = range_of(hook)
    rows = graph.store.read("webhooks/page_deliveries", after_id=first, before_id=last, row_limit=100)
    graph.webhooks.forget(first, last)
    return [event for row in rows for event in json.loads(row["record"]["events"])]


def test_merging_and_parting(graph: Graph, hook: str) -> None:
    graph.records.create("customers", {"id": "A", "name": "Ann"})
    graph.records.create("customers", {"id": "B", "name": "Bob", "city": "Lyon"})
    graph.records.create("contacts", {"id": "K", "name": "Kim"})
    graph.records.create("ties", {"type": "REFERRED", "source_id": "B", "target_id": "K"})
    noted(graph, hook)
    graph.merging.merge("B", "A")
    first, *rest = noted(graph, hook)
    assert first == {"type": "customer.merged", "id": "A", "merged_id": "B"}
    assert [(event["type"], event["id"]) for event in rest] == [("customer.updated", "A")]
    assert "city" in rest[0]["fields"]
    graph.records.upsert("customers", [{"id": "B", "phone": "+33 1 23 45 67 89", "name": "Bob"}])
    assert {(event["type"], event["id"]) for event in noted(graph, hook)} == {("customer.updated", "A")}
    graph.merging.unmerge("B")
    kinds = [(event["type"], event["id"]) for event in noted(graph, hook)]
    assert kinds.count(("customer.created", "B")) == 1
    assert ("customer.updated", "A") in kinds
    assert {type_ for type_, _ in kinds} == {"customer.created", "customer.updated"}
    graph.records.create("contacts", {"id": "L", "name": "Lee"})
    graph.merging.merge("L", "K")
    assert noted(graph, hook) == []


def test_what_only_one_source_said_is_erased(graph: Graph, hook: str) -> None:
    graph.records.of("shop").upsert(
        "customers", [{"id": "A", "name": "Ann"}, {"id": "B", "name": "Bob", "city": "Lyon"}]
    )
    graph.records.of("crm").upsert("customers", [{"id": "B", "name": "Bob"}])
    noted(graph, hook)
    graph.sources.erase("shop")
    events = noted(graph, hook)
    assert {"type": "customer.deleted", "id": "A"} in events
    assert [event["fields"] for event in events if event["type"] == "customer.updated" and event["id"] == "B"] == [
        ["city"]
    ]
    assert len(events) == 2


def test_a_pinned_value_is_a_change_of_what_is_shown(graph: Graph, hook: str) -> None:
    graph.records.of("shop").upsert("customers", [{"id": "A", "name": "Ann", "city": "Lyon"}])
    noted(graph, hook)
    graph.sources.pin("customers", "A", "city", value="Paris")
    assert noted(graph, hook) == [{"type": "customer.updated", "id": "A", "fields": ["city"]}]
    graph.sources.pin("customers", "A", "city", value="Paris")
    assert noted(graph, hook) == []


def test_what_waits_names_nothing_that_was_erased(graph: Graph, hook: str) -> None:
    crm, shop = graph.records.of("crm"), graph.records.of("shop")
    crm.upsert("customers", [{"id": "A", "name": "Ann"}, {"id": "B", "name": "Bob"}])
    shop.upsert("customers", [{"id": "S", "name": "Sue"}, {"id": "B", "name": "Bobby"}])
    crm.upsert("ties", [{"type": "REFERRED", "source_id": "A", "target_id": "B"}])
    shop.upsert("ties", [{"type": "REFERRED", "source_id": ends[0], "target_id": ends[1]} for ends in ("BA", "SA")])
    graph.merging.merge("B", "A")
    graph.sources.erase("shop")
    events = noted(graph, hook)
    assert [event["type"] for event in events if event["id"] == "S"] == ["customer.deleted"]
    told = [(event["type"], event["id"]) for event in events if event["type"] != "customer.updated"]
    assert ("customer.created", "A") in told
    assert ("customer.created", "B") in told
    assert ("customer.merged", "A") in told
    assert not any("S" in (event.get("referrer_id"), event.get("referred_id")) for event in events)
    assert not any(event["id"] == "REFERRED:B:A" for event in events)
