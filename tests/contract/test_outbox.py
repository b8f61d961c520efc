"""What is noted for webhooks when parties merge and part, sources are erased, and values are pinned."""

from __future__ import annotations

import json
import threading
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
    if rows:
        # Not beyond what was read: more may have come since.
        graph.webhooks.forget(first, rows[-1]["record"]["id"] + "!")
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
    events = {event["type"]: event for event in noted(graph, hook)}
    assert events.keys() == {"customer.updated", "events.lost"}
    assert events["customer.updated"] == {"type": "customer.updated", "id": "B", "fields": ["city"]}
    assert events["events.lost"].keys() == {"type", "since"}


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
    assert [event["type"] for event in events].count("events.lost") == 1
    assert '"S"' not in json.dumps(events)
    told = [(event["type"], event.get("id")) for event in events if event["type"] != "customer.updated"]
    assert ("customer.created", "A") in told
    assert ("customer.created", "B") in told
    assert ("customer.merged", "A") in told
    assert "REFERRED:B:A" not in json.dumps(events)


def test_who_is_told_at_once_hears_who_is_gone(graph: Graph, hook: str) -> None:
    """A service that tells webhooks is stood in for by a thread that takes what lies there, as a receiver would."""
    rows = [{"id": f"S{number}", "name": "Sue"} for number in range(3)]
    graph.records.of("shop").upsert("customers", rows)
    noted(graph, hook)
    heard: list[dict[str, Any]] = []
    over = threading.Event()

    def take() -> None:
        while not over.wait(0.1):
            heard.extend(noted(graph, hook))

    service = threading.Thread(target=take)
    service.start()
    try:
        graph.sources.erase("shop")
    finally:
        over.set()
        service.join()
    heard += noted(graph, hook)
    assert sorted((event["type"], event["id"]) for event in heard) == [("customer.deleted", row["id"]) for row in rows]


def test_fields_that_only_the_erased_source_had_are_not_named(graph: Graph, hook: str) -> None:
    graph.records.of("crm").upsert("customers", [{"id": "A", "name": "Ann", "extra": {"shoe": "42"}}])
    graph.records.of("shop").upsert("customers", [{"id": "A", "name": "Anna", "extra": {"wine": "red"}}])
    graph.records.of("crm").upsert("customers", [{"id": "A", "name": "Ann", "extra": {"shoe": "43"}}])
    graph.sources.erase("shop")
    named = [set(event["fields"]) for event in noted(graph, hook) if event["type"] == "customer.updated"]
    assert {"name", "shoe"} in named
    assert not any("wine" in fields for fields in named)


def owner_changes(graph: Graph, hook: str) -> set[str]:
    """The customers that are told to have another owner."""
    events = [event for event in noted(graph, hook) if event["type"] == "customer.updated"]
    return {event["id"] for event in events if "owner_id" in event["fields"]}


def test_another_owner_is_told_whichever_way_it_came_about(graph: Graph, hook: str) -> None:
    graph.records.upsert("users", [{"id": f"U{number}", "name": "Uli"} for number in range(4)])
    strong, weak = graph.records.of("strong"), graph.records.of("weak")
    graph.sources.add("strong", trust=80)
    graph.sources.add("weak", trust=20)
    strong.upsert("customers", [{"id": id_, "name": id_, "owner_id": f"U{1 + (id_ == 'A')}"} for id_ in "ABCD"])
    weak.upsert("customers", [{"id": id_, "name": id_, "owner_id": "U3"} for id_ in "ABC"])
    noted(graph, hook)
    graph.records.delete("users", "U2", detach=True)
    assert owner_changes(graph, hook) == {"A"}
    graph.records.delete("ties", "OWNS:U1:B")
    assert owner_changes(graph, hook) == {"B"}
    graph.records.delete("ties", "OWNS:U1:D")  # nobody takes over
    assert owner_changes(graph, hook) == {"D"}
    graph.sources.add("weak", trust=90)
    assert owner_changes(graph, hook) == {"C"}
    graph.sources.pin("customers", "C", "owner_id", "U0")
    assert owner_changes(graph, hook) == {"C"}
    graph.sources.unpin("customers", "C", "owner_id")
    assert owner_changes(graph, hook) == {"C"}
    strong.upsert("customers", [{"id": "D", "name": "D", "owner_id": "U0"}])
    assert noted(graph, hook) == [{"type": "customer.updated", "id": "D", "fields": ["owner_id"]}]
    graph.sources.erase("weak")
    assert owner_changes(graph, hook) == {"A", "B", "C"}


def test_who_takes_over_an_owner_by_a_merge_is_told_once_with_all_that_changed(graph: Graph, hook: str) -> None:
    graph.records.upsert("users", [{"id": "U1", "name": "Uli"}])
    graph.records.of("crm").upsert("customers", [{"id": "A", "name": "A"}])
    graph.records.of("crm").upsert("customers", [{"id": "B", "name": "A", "city": "Ulm", "owner_id": "U1"}])
    noted(graph, hook)
    graph.merging.merge("B", "A")
    moved = {"type": "customer.updated", "id": "A", "fields": ["city", "owner_id"]}
    assert waiting_deliveries(graph, hook) == 1
    assert noted(graph, hook) == [{"type": "customer.merged", "id": "A", "merged_id": "B"}, moved]
    graph.merging.unmerge("B")
    assert waiting_deliveries(graph, hook) == 1
    assert noted(graph, hook) == [{"type": "customer.created", "id": "B"}, moved]


def waiting_deliveries(graph: Graph, hook: str) -> int:
    """How many deliveries wait."""
    first, last = range_of(hook)
    return len(graph.store.read("webhooks/page_deliveries", after_id=first, before_id=last, row_limit=100))
