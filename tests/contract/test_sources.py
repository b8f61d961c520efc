"""Sources on both engines: who said what, what is shown of it, and what is left when one is erased."""

from __future__ import annotations

from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.service.sources import Sources


def say(graph: Graph, source: str, table: str, *rows: dict[str, Any]) -> tuple[int, int, int]:
    """Write rows as a source; how many were created, updated and unchanged."""
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected, report
    return report.created, report.updated, report.unchanged


def shown(graph: Graph, id_: str, *fields: str) -> list[Any]:
    record = graph.records.read("customers", id_)
    return [record[field] for field in fields]


def rules(graph: Graph, id_: str) -> dict[str, tuple[Any, str, str]]:
    found = graph.sources.provenance("customers", id_)
    return {each["field"]: (each["value"], each["source"], each["rule"]) for each in found["fields"]}


def everything(graph: Graph, bare: Any) -> str:
    """All that the database holds, as one text."""
    nodes = bare.run("MATCH (n) RETURN labels(n) AS label, properties(n) AS properties")
    ties = bare.run("MATCH ()-[r]->() RETURN type(r) AS type, properties(r) AS properties")
    return repr((nodes, ties))


def test_what_one_source_says_is_its_own_alone(graph: Graph) -> None:
    assert say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"}) == (1, 0, 0)
    assert say(graph, "crm", "customers", {"id": "A", "name": "Ann"}) == (0, 0, 1)
    assert say(graph, "crm", "customers", {"id": "A", "name": "Anna"}) == (0, 1, 0)
    assert rules(graph, "A") == {"city": ("Ulm", "crm", "only source"), "name": ("Anna", "crm", "only source")}
    assert graph.status()["labels"] == {"Customer": 1}


def test_the_latest_of_equals_is_shown_then_the_most_trusted(graph: Graph) -> None:
    graph.sources.add("crm", "crm", 50)
    graph.sources.add("shop", "shop", 50)
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm", "phone": "1"})
    assert say(graph, "shop", "customers", {"id": "A", "name": "Anna", "email": "a@b.de"}) == (0, 1, 0)
    assert shown(graph, "A", "name", "city", "email") == ["Anna", "Ulm", "a@b.de"]
    assert rules(graph, "A")["name"] == ("Anna", "shop", "recency")
    assert say(graph, "shop", "customers", {"id": "A", "name": "Anna", "email": "a@b.de"}) == (0, 0, 1)

    graph.sources.add("crm", trust=80)
    assert shown(graph, "A", "name", "email") == ["Ann", "a@b.de"]
    assert rules(graph, "A")["name"] == ("Ann", "crm", "trust")
    assert say(graph, "shop", "customers", {"id": "A", "name": "Annie"}) == (0, 1, 0)
    assert shown(graph, "A", "name") == ["Ann"]
    values = {
        each["source"]: each["value"]
        for field in graph.sources.provenance("customers", "A")["fields"]
        if field["field"] == "name"
        for each in field["values"]
    }
    assert values == {"crm": "Ann", "shop": "Annie"}


def test_what_is_set_by_hand_wins_and_can_be_none(graph: Graph) -> None:
    graph.sources.add("crm", trust=90)
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"})
    graph.records.patch("customers", "A", {"city": None, "name": "Anna"})
    say(graph, "crm", "customers", {"id": "A", "name": "Ann B.", "city": "Bonn"})
    assert shown(graph, "A", "name", "city") == ["Anna", None]
    assert rules(graph, "A") == {"name": ("Anna", "hand", "trust"), "city": (None, "hand", "trust")}


def test_a_pinned_value_survives_later_imports_and_edits_move_it(graph: Graph) -> None:
    graph.sources.add("hand", trust=10)
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"})
    say(graph, "shop", "customers", {"id": "A", "name": "Anna"})
    graph.sources.pin("customers", "A", "name", source="crm")
    graph.sources.pin("customers", "A", "country", "Deutschland")
    say(graph, "shop", "customers", {"id": "A", "name": "Annie", "country": "FR"})
    assert shown(graph, "A", "name", "country") == ["Ann", "DE"]
    assert rules(graph, "A")["name"][2] == "pinned"
    graph.records.patch("customers", "A", {"name": "Annette"})
    assert shown(graph, "A", "name") == ["Annette"]
    graph.sources.unpin("customers", "A", "name")
    graph.sources.unpin("customers", "A", "country")
    assert shown(graph, "A", "name", "country") == ["Annie", "FR"]
    with pytest.raises(NotFound):
        graph.sources.unpin("customers", "A", "name")
    with pytest.raises(InvalidInput):
        graph.sources.pin("customers", "A", "owner_id", "U")
    with pytest.raises(InvalidInput):
        graph.sources.pin("customers", "A", "country", "Atlantis, I think")
    with pytest.raises(NotFound):
        graph.sources.pin("customers", "A", "name", source="nobody")


def test_pinning_to_a_source_takes_what_it_says_of_the_party_that_stays(graph: Graph) -> None:
    say(graph, "crm", "contacts", {"id": "K", "name": "Contact away", "title": "Dr."})
    say(graph, "crm", "customers", {"id": "S", "name": "Customer stays"})
    graph.merging.merge("K", "S")
    before = shown(graph, "S", "name")
    graph.sources.pin("customers", "S", "name", source="crm")
    assert shown(graph, "S", "name") == before == ["Customer stays"]


def test_pinning_and_unpinning_leaves_a_thing_as_it_was(graph: Graph, bare: Any) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann"})
    before = bare.run("MATCH (n:Customer) RETURN properties(n) AS properties")
    graph.sources.pin("customers", "A", "city", "Ulm")
    graph.sources.unpin("customers", "A", "city")
    assert bare.run("MATCH (n:Customer) RETURN properties(n) AS properties") == before
    assert bare.run("MATCH (n:Record) RETURN n.id AS id") == []


def test_ties_have_sources_too(graph: Graph) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "A"}, {"id": "B", "name": "B"})
    tie = {"type": "KNOWS", "source_id": "A", "target_id": "B", "kind": "friend"}
    say(graph, "crm", "ties", tie | {"strength": 0.4})
    say(graph, "shop", "ties", tie | {"strength": 0.8, "count": 3})
    found = graph.sources.provenance("ties", "KNOWS:A:B:friend")
    assert [each["source"] for each in found["sources"]] == ["crm", "shop"]
    fields = {each["field"]: (each["value"], each["source"], each["rule"]) for each in found["fields"]}
    assert fields["strength"] == (0.8, "shop", "recency")
    assert fields["count"] == (3, "shop", "only source")
    graph.sources.erase("shop")
    record = graph.records.read("ties", "KNOWS:A:B:friend")
    assert (record["strength"], record["count"]) == (0.4, None)


def test_erasing_a_source_leaves_no_trace_and_what_others_said(graph: Graph, bare: Any) -> None:
    graph.sources.add("crm", trust=60)
    graph.sources.add("list", "newsletter", 90)
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm", "owner_id": "U"})
    say(graph, "list", "customers", {"id": "A", "name": "Ann Sekret", "email": "sekret@x.de", "owner_id": "U"})
    say(graph, "list", "customers", {"id": "B", "name": "Bob Sekret"}, {"id": "C", "name": "Cy Sekret"})
    say(graph, "list", "ties", {"type": "REFERRED", "source_id": "A", "target_id": "B", "channel": "sekret"})
    say(graph, "crm", "ties", {"type": "KNOWS", "source_id": "A", "target_id": "C", "kind": "friend"})
    assert "ekret" in everything(graph, bare)
    before = graph.sources.read("list")
    assert before["nodes"] == {"Customer": 3}
    assert before["ties"] == {"REFERRED": 1, "OWNS": 1}

    assert graph.sources.erase("list") == {"removed": 2, "kept": 3}
    left = everything(graph, bare)
    assert "ekret" not in left
    assert "'list'" not in left
    assert "newsletter" not in left
    # A is the crm's alone again; C stays bare, for the crm says that A knows her.
    assert rules(graph, "A") == {
        "city": ("Ulm", "crm", "only source"),
        "name": ("Ann", "crm", "only source"),
        "owner_id": ("U", "crm", "only source"),
    }
    assert shown(graph, "A", "owner_id") == ["U"]
    assert shown(graph, "C", "name") == ["C"]
    assert graph.status()["types"] == {"KNOWS": 1, "OWNS": 1}
    with pytest.raises(NotFound):
        graph.sources.erase("list")
    with pytest.raises(NotFound):
        graph.records.read("customers", "B")


def test_erasing_in_batches(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcrm.service.deriving.BATCH", 3)
    graph.sources.add("crm")
    graph.sources.add("list", trust=90)
    rows = [{"id": f"C{number}", "name": f"Name {number}"} for number in range(10)]
    say(graph, "crm", "customers", *rows[:7])
    say(graph, "list", "customers", *(row | {"name": "Other"} for row in rows))
    assert graph.sources.erase("list") == {"removed": 3, "kept": 7}
    assert [shown(graph, f"C{number}", "name")[0] for number in range(7)] == [f"Name {number}" for number in range(7)]


def test_deleting_and_converting_take_the_records_along(graph: Graph, bare: Any) -> None:
    for source in ("crm", "shop"):
        say(graph, source, "contacts", {"id": "K", "name": source, "title": "CEO"}, {"id": "L", "name": source})
    graph.records.convert("K")
    assert rules(graph, "K")["name"] == ("shop", "shop", "recency")
    assert say(graph, "crm", "customers", {"id": "K", "name": "Kay"}) == (0, 1, 0)
    assert shown(graph, "K", "name") == ["Kay"]
    graph.records.delete("contacts", "L")
    assert bare.run("MATCH (n:Record) RETURN DISTINCT n.about AS about") == [{"about": "Customer:K"}]


def test_names_and_trust_have_rules(graph: Graph) -> None:
    for name in ("", "_x", "a b", "pinned", "x" * 65):
        with pytest.raises(InvalidInput, match="name"):
            graph.sources.add(name)
    with pytest.raises(InvalidInput, match="trust"):
        graph.sources.add("crm", trust=101)
    assert graph.sources.add("crm", "crm") == graph.sources.add("crm")
    assert [(each["name"], each["trust"]) for each in graph.sources.all()] == [("crm", 50), ("hand", 100)]
    assert isinstance(graph.sources, Sources)
