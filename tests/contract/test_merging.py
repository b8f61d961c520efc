"""Merging parties and taking merges back, on both engines: what was said is shown elsewhere, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.errors import Conflict, InvalidInput, MergedAway, NotFound

TABLES = ("customers", "contacts", "users", "orders", "interactions", "ties")


def say(graph: Graph, source: str, table: str, *rows: dict[str, Any]) -> None:
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected, report


def shown(graph: Graph) -> dict[str, dict[str, dict[str, Any]]]:
    """Everything that the graph shows, by table and id."""
    return {table: {record["id"]: record for record in graph.records.page(table, limit=1000).items} for table in TABLES}


def company(graph: Graph) -> None:
    """Ann, known to the CRM as A and to the shop as B, and who and what hangs on either."""
    graph.sources.add("crm", trust=60)
    say(
        graph,
        "crm",
        "customers",
        {"id": "A", "name": "Ann Berg", "city": "Ulm", "phone": "1", "owner_id": "U1"},
        {"id": "X", "name": "Xaver"},
    )
    say(graph, "shop", "customers", {"id": "B", "name": "A. Berg", "email": "a@b.de", "owner_id": "U2"})
    say(graph, "shop", "contacts", {"id": "K", "name": "Kim", "customer_id": "B"})
    say(graph, "shop", "orders", {"id": "O", "customer_id": "B", "at": "2025-01-01", "amount": "9", "currency": "EUR"})
    say(
        graph,
        "mail",
        "interactions",
        {"id": "I", "kind": "email", "at": "2025-01-02", "from_id": "B", "to_ids": ["X"]},
    )
    friend = {"type": "KNOWS", "kind": "friend"}
    say(
        graph,
        "crm",
        "ties",
        friend | {"source_id": "A", "target_id": "X", "strength": 0.4},
        friend | {"source_id": "A", "target_id": "B"},
        {"type": "REFERRED", "source_id": "X", "target_id": "A"},
    )
    say(graph, "shop", "ties", friend | {"source_id": "B", "target_id": "X", "strength": 0.8, "count": 2})


def test_a_merge_shows_both_as_one(graph: Graph) -> None:
    company(graph)
    answer = graph.merging.merge("B", "A")
    assert (answer["id"], answer["into"]) == ("B", "A")
    found = shown(graph)
    ann = found["customers"]["A"]
    assert (ann["name"], ann["city"], ann["email"], ann["owner_id"]) == ("Ann Berg", "Ulm", "a@b.de", "U1")
    assert found["customers"].keys() == {"A", "X"}
    assert found["orders"]["O"]["customer_id"] == "A"
    assert found["contacts"]["K"]["customer_id"] == "A"
    assert found["interactions"]["I"]["from_id"] == "A"
    # The friendship of the two is that of nobody now; those with Xaver are one, and the shop said more of it.
    ties = {id_: tie for id_, tie in found["ties"].items() if tie["type"] in ("KNOWS", "REFERRED")}
    assert ties.keys() == {"KNOWS:A:X:friend", "REFERRED:X:A"}
    assert (ties["KNOWS:A:X:friend"]["strength"], ties["KNOWS:A:X:friend"]["count"]) == (0.4, 2)
    said = graph.sources.provenance("ties", "KNOWS:A:X:friend")["sources"]
    assert [(each["source"], each["key"]) for each in said] == [
        ("crm", "KNOWS:A:X:friend"),
        ("shop", "KNOWS:B:X:friend"),
    ]
    assert [(each["source"], each["key"]) for each in graph.sources.provenance("customers", "A")["sources"]] == [
        ("crm", "A"),
        ("shop", "B"),
    ]
    assert graph.merging.root("B") == "A"
    assert [(each["id"], each["into"]) for each in graph.merging.all()] == [("B", "A")]


def test_taking_it_back_is_as_if_it_had_never_been(graph: Graph, bare: Any) -> None:
    company(graph)
    before = shown(graph), everything(bare)
    graph.merging.merge("B", "A")
    assert graph.merging.unmerge("B") == {"id": "B", "into": "A", "undecided": []}
    assert shown(graph) == before[0]
    assert everything(bare) == before[1]
    assert graph.merging.root("B") is None


def everything(bare: Any) -> list[Any]:
    """All nodes and ties with all their properties, but for the product's counters and what is told of the past."""
    nodes = bare.run(
        "MATCH (n) WHERE NOT n:Revision AND NOT n:Migration AND NOT n:Change "
        "RETURN labels(n)[0] AS label, n.id AS id, properties(n) AS properties"
    )
    ties = bare.run(
        "MATCH (a)-[r]->(b) RETURN type(r) AS label, r.id AS id, a.id AS source, b.id AS target, "
        "properties(r) AS properties"
    )
    return sorted(nodes + ties, key=lambda row: (row["label"], row["id"]))


@pytest.mark.parametrize("order", [("B", "C"), ("C", "B")])
def test_nested_merges_are_taken_back_in_any_order(graph: Graph, bare: Any, order: tuple[str, str]) -> None:
    company(graph)
    say(graph, "list", "contacts", {"id": "C", "name": "Anne", "title": "Dr.", "customer_id": "X"})
    say(graph, "list", "ties", {"type": "KNOWS", "kind": "friend", "source_id": "C", "target_id": "X"})
    before = everything(bare)
    graph.merging.merge("C", "B")
    between = shown(graph)
    graph.merging.merge("B", "A")
    assert graph.merging.root("C") == "A"
    assert graph.records.read("customers", "A")["extra"] == {"title": "Dr."}
    graph.merging.unmerge(order[0])
    if order[0] == "B":
        assert shown(graph) == between  # C came back with B, into which it had been merged
    else:
        assert shown(graph)["contacts"]["C"]["title"] == "Dr."
    graph.merging.unmerge(order[1])
    assert everything(bare) == before


def test_later_edits_go_to_the_side_they_are_of(graph: Graph) -> None:
    company(graph)
    graph.merging.merge("B", "A")
    graph.records.patch("customers", "A", {"city": "Bonn", "industry": "books"})
    graph.sources.pin("customers", "A", "phone", "2")
    say(graph, "shop", "ties", {"type": "KNOWS", "kind": "family", "source_id": "A", "target_id": "X"})
    graph.merging.unmerge("B")
    found = shown(graph)
    assert (found["customers"]["A"]["city"], found["customers"]["A"]["phone"]) == ("Bonn", "2")
    assert (found["customers"]["B"]["city"], found["customers"]["B"]["name"]) == (None, "A. Berg")
    assert "KNOWS:A:X:family" in found["ties"]


def test_edits_of_what_only_the_other_side_had_are_listed(graph: Graph) -> None:
    """Also where several merges lie between, and whoever stood for it when it was edited."""
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"}, {"id": "Z", "name": "Zoe"})
    say(graph, "shop", "customers", {"id": "B", "name": "Ann", "email": "wrong@ex.org", "city": "Ulm", "phone": "1"})
    graph.merging.merge("B", "A")
    graph.records.patch("customers", "A", {"email": "right@ex.org", "city": "Bonn", "industry": "books"})
    graph.merging.merge("A", "Z")
    graph.records.patch("customers", "Z", {"phone": None, "name": "Zoe B."})
    graph.records.patch("customers", "Z", {"email": "better@ex.org"})
    say(graph, "shop", "customers", {"id": "Z", "industry": "music", "name": "Zoe"})
    done = graph.merging.unmerge("B")
    assert (done["id"], done["into"]) == ("B", "Z")
    assert done["undecided"] == [
        {"field": "email", "value": "wrong@ex.org", "edited": "better@ex.org"},
        {"field": "phone", "value": "1", "edited": None},
    ]
    assert graph.records.read("customers", "B")["email"] == "wrong@ex.org"
    assert graph.merging.unmerge("A")["undecided"] == [
        {"field": "email", "value": "right@ex.org", "edited": "better@ex.org"},
        {"field": "name", "value": "Ann", "edited": "Zoe B."},
    ]


def test_edits_of_whom_only_the_other_side_named_are_listed(graph: Graph) -> None:
    graph.records.upsert("users", [{"id": id_, "name": id_} for id_ in ("U1", "U2", "U3")])
    graph.records.upsert("customers", [{"id": id_, "name": id_} for id_ in ("E1", "E2")])
    say(graph, "crm", "contacts", {"id": "A", "name": "Ann", "owner_id": "U3"}, {"id": "Z", "name": "Zoe"})
    say(graph, "shop", "contacts", {"id": "B", "name": "Ann", "owner_id": "U1", "customer_id": "E1"})
    graph.records.patch("contacts", "B", {"owner_id": "U1"})
    graph.merging.merge("B", "Z")
    assert graph.records.read("contacts", "Z")["owner_id"] == "U1"
    graph.records.patch("contacts", "Z", {"owner_id": "U2", "customer_id": "E2"})
    graph.merging.merge("Z", "A")
    graph.records.patch("contacts", "A", {"owner_id": None})
    assert graph.merging.unmerge("B")["undecided"] == [
        {"field": "customer_id", "value": "E1", "edited": "E2"},
        {"field": "owner_id", "value": "U1", "edited": None},
    ]
    back = graph.records.read("contacts", "B")
    assert (back["owner_id"], back["customer_id"]) == ("U1", "E1")


def test_who_was_merged_away_is_not_merged_again(graph: Graph) -> None:
    say(graph, "crm", "customers", *({"id": id_, "name": id_} for id_ in "ABC"))
    graph.merging.merge("B", "A")
    for pair, match in (
        (("A", "B"), "they are one already: 'B' is merged into 'A'"),
        (("B", "A"), "they are one already: 'B' is merged into 'A'"),
        (("B", "C"), "'B' was merged into 'A'; name that one"),
        (("C", "B"), "'B' was merged into 'A'; name that one"),
    ):
        with pytest.raises(Conflict, match=match):
            graph.merging.merge(*pair)


def test_a_tie_of_who_was_merged_away_is_made_at_who_stands_for_it(graph: Graph) -> None:
    say(graph, "crm", "customers", *({"id": id_, "name": id_} for id_ in "ABC"))
    graph.merging.merge("B", "A")
    tie = {"type": "KNOWS", "source_id": "B", "target_id": "C", "kind": "friend"}
    made = graph.records.create("ties", tie)
    assert (made["id"], made["source_id"], made["target_id"]) == ("KNOWS:A:C:friend", "A", "C")
    with pytest.raises(Conflict, match="KNOWS:A:C:friend"):
        graph.records.create("ties", tie)
    with pytest.raises(Conflict, match="one party"):
        graph.records.create("ties", tie | {"target_id": "A"})
    graph.merging.unmerge("B")
    assert [each["id"] for each in graph.records.page("ties").items] == ["KNOWS:B:C:friend"]


def test_an_edit_that_was_taken_back_is_not_listed(graph: Graph) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann"})
    say(graph, "shop", "customers", {"id": "B", "name": "Ann", "email": "a@ex.org"})
    graph.merging.merge("B", "A")
    for email in ("b@ex.org", "a@ex.org"):
        graph.records.patch("customers", "A", {"email": email})
    assert graph.merging.unmerge("B")["undecided"] == []


def test_pins_of_both_are_kept_apart(graph: Graph) -> None:
    """Pinning, editing and letting go while merged leave the other's pins to the other."""
    company(graph)
    graph.sources.pin("customers", "B", "phone", "9")
    graph.sources.pin("customers", "B", "city", "Rom")
    graph.merging.merge("B", "A")
    ann = shown(graph)["customers"]["A"]
    assert (ann["phone"], ann["city"]) == ("9", "Rom")
    graph.sources.pin("customers", "A", "phone", "7")
    graph.records.patch("customers", "A", {"city": "Bonn"})
    ann = shown(graph)["customers"]["A"]
    assert (ann["phone"], ann["city"]) == ("7", "Bonn")
    graph.merging.unmerge("B")
    found = shown(graph)["customers"]
    assert (found["A"]["phone"], found["A"]["city"]) == ("7", "Bonn")
    assert (found["B"]["phone"], found["B"]["city"]) == ("9", "Rom")


def test_a_pin_is_not_taken_out_of_who_was_merged_away(graph: Graph) -> None:
    company(graph)
    say(graph, "crm", "customers", {"id": "B", "name": "Bob", "owner_id": "U1"})
    graph.sources.pin("customers", "B", "city", "Rom")
    graph.sources.pin("customers", "B", "owner_id", "U1")
    graph.sources.pin("customers", "A", "phone", "7")
    before = shown(graph)["customers"]["B"]
    graph.merging.merge("B", "A")
    for field in ("city", "owner_id"):
        with pytest.raises(Conflict, match=f"{field} was pinned of 'B', merged into 'A'"):
            graph.sources.unpin("customers", "A", field)
    graph.sources.unpin("customers", "A", "phone")
    with pytest.raises(NotFound, match="phone of 'A' is not pinned"):
        graph.sources.unpin("customers", "A", "phone")
    graph.merging.unmerge("B")
    assert shown(graph)["customers"]["B"] == before
    graph.sources.unpin("customers", "B", "city")
    graph.sources.unpin("customers", "B", "owner_id")


def test_a_change_by_hand_changes_that_field_alone(graph: Graph) -> None:
    """Of what people said of two that are one now, the latest of each field is shown, whatever they say of others."""
    for id_, name in (("P", "Anna Berger"), ("Q", "A. Berger")):
        graph.records.create("customers", {"id": id_, "name": name}, force=True)
    graph.merging.merge("Q", "P")
    assert shown(graph)["customers"]["P"]["name"] == "A. Berger"
    graph.records.patch("customers", "P", {"city": "Ulm"})
    assert shown(graph)["customers"]["P"]["name"] == "A. Berger"
    # Whoever wants the earlier name back can say so, though it is no news of P.
    graph.records.patch("customers", "P", {"name": "Anna Berger"})
    assert shown(graph)["customers"]["P"]["name"] == "Anna Berger"
    assert [
        (field["source"], field["rule"])
        for field in graph.sources.provenance("customers", "P")["fields"]
        if field["field"] == "name"
    ] == [("hand", "recency")]
    for id_, pin in (("P", "Pin P"), ("Q", "Pin Q")):
        if id_ == "Q":
            graph.merging.unmerge("Q")
        graph.sources.pin("customers", id_, "name", pin)
    graph.merging.merge("Q", "P")
    assert shown(graph)["customers"]["P"]["name"] == "Pin Q"
    graph.sources.pin("customers", "P", "city", "Bonn")
    assert (shown(graph)["customers"]["P"]["name"], shown(graph)["customers"]["P"]["city"]) == ("Pin Q", "Bonn")


def test_a_row_of_a_merged_party_may_name_another_that_was_merged(graph: Graph) -> None:
    rows = {
        "customers": [{"id": "X1", "name": "Acme"}, {"id": "X2", "name": "ACME"}],
        "contacts": [{"id": "K1", "name": "Kim"}, {"id": "K2", "name": "Kim", "customer_id": "X2"}],
    }
    for table, some in rows.items():
        say(graph, "crm", table, *some)
    graph.merging.merge("X2", "X1")
    graph.merging.merge("K2", "K1")
    say(graph, "crm", "contacts", {"id": "K2", "name": "Kim Lee", "customer_id": "X2"})
    kim = graph.records.read("contacts", "K1")
    assert kim["customer_id"] == "X1"
    graph.merging.unmerge("K2")
    graph.merging.unmerge("X2")
    assert graph.records.read("contacts", "K2")["customer_id"] == "X2"
    assert graph.records.read("contacts", "K1")["customer_id"] is None


def test_who_stands_for_others_is_not_deleted_by_the_way(graph: Graph) -> None:
    graph.records.upsert("customers", [{"id": id_, "name": id_} for id_ in "ABC"])
    graph.merging.merge("C", "B")
    graph.merging.merge("B", "A")
    with pytest.raises(Conflict, match="2 parties merged into it"):
        graph.records.delete("customers", "A")
    assert graph.merging.unmerge("B")["into"] == "A"
    graph.records.delete("customers", "A")
    graph.records.delete("customers", "B", detach=True)
    assert graph.merging.all() == []


def test_erasing_a_source_while_merged(graph: Graph) -> None:
    company(graph)
    graph.merging.merge("B", "A")
    graph.sources.erase("crm")
    found = shown(graph)
    assert found["customers"]["A"]["name"] == "A. Berg"
    assert found["ties"]["KNOWS:A:X:friend"]["strength"] == 0.8
    graph.merging.unmerge("B")
    found = shown(graph)
    assert found["customers"].keys() == {"B", "X"}
    assert found["ties"].keys() >= {"KNOWS:B:X:friend", "PLACED:B:O"}


def test_what_cannot_be_merged(graph: Graph) -> None:
    company(graph)
    with pytest.raises(InvalidInput, match="same"):
        graph.merging.merge("A", "A")
    with pytest.raises(NotFound, match="neither"):
        graph.merging.merge("A", "nobody")
    with pytest.raises(NotFound, match="not merged"):
        graph.merging.unmerge("A")
    with pytest.raises(InvalidInput, match="'K' is a contact"):
        graph.merging.merge("B", "K")  # where would the orders be?
    assert graph.records.read("orders", "O")["customer_id"] == "B"
    graph.merging.merge("B", "A")
    with pytest.raises(Conflict, match="merged into 'A'"):
        graph.merging.merge("X", "B")


def test_the_old_id_keeps_meaning_the_party(graph: Graph, bare: Any) -> None:
    """Imports go on naming the party by its old id, and after the merge is taken back all of it is its own."""
    later: list[tuple[str, str, dict[str, Any]]] = [
        ("shop", "customers", {"id": "B", "name": "Anna Berg", "email": "anna@b.de", "owner_id": "U3"}),
        ("shop", "orders", {"id": "P", "customer_id": "B", "at": "2025-02-01", "amount": "5", "currency": "EUR"}),
        ("shop", "orders", {"id": "O", "customer_id": "B", "at": "2025-01-01", "amount": "8"}),
        ("shop", "contacts", {"id": "L", "name": "Lou", "customer_id": "B"}),
        ("shop", "ties", {"type": "KNOWS", "kind": "friend", "source_id": "B", "target_id": "X", "strength": 0.9}),
        ("shop", "ties", {"type": "REFERRED", "source_id": "B", "target_id": "X"}),
        ("shop", "ties", {"type": "KNOWS", "kind": "partner", "source_id": "B", "target_id": "A"}),
    ]
    company(graph)
    graph.merging.merge("B", "A")
    for source, table, row in later:
        say(graph, source, table, row)
    found = shown(graph)
    assert found["customers"]["A"]["email"] == "anna@b.de"
    assert found["customers"]["A"]["owner_id"] == "U1"
    assert found["orders"]["P"]["customer_id"] == "A"
    assert found["ties"]["KNOWS:A:X:friend"]["count"] == 2
    assert "REFERRED:A:X" in found["ties"]
    for source, table, row in later:
        report = graph.records.of(source).upsert(table, [row])
        assert (report.created, report.updated, report.unchanged) == (0, 0, 1), (table, row)
    graph.merging.unmerge("B")
    merged = shown(graph)

    bare.wipe()
    graph.touch()
    company(graph)
    for source, table, row in later:
        say(graph, source, table, row)
    never = shown(graph)
    for table in never:
        assert merged[table].keys() == never[table].keys()
    assert merged["customers"] == never["customers"]
    assert merged["orders"] == never["orders"]
    assert merged["contacts"] == never["contacts"]
    assert merged["ties"]["KNOWS:B:X:friend"] == never["ties"]["KNOWS:B:X:friend"]
    assert merged["ties"].keys() >= {"REFERRED:B:X", "KNOWS:B:A:partner", "PLACED:B:P", "WORKS_AT:L:B"}


def test_reading_and_writing_a_merged_party_names_the_other(graph: Graph) -> None:
    company(graph)
    graph.merging.merge("B", "A")
    for call in (
        lambda: graph.records.read("customers", "B"),
        lambda: graph.records.patch("customers", "B", {"city": "Ulm"}),
        lambda: graph.records.delete("customers", "B"),
        lambda: graph.records.create("customers", {"id": "B", "name": "B"}),
    ):
        with pytest.raises(MergedAway) as error:
            call()
        assert (error.value.table, error.value.into) == ("customers", "A")


def test_of_one_source_the_one_that_stays_is_shown(graph: Graph) -> None:
    rows = [
        {"id": "K1", "name": "Anna Berger", "city": "Berlin"},
        {"id": "K2", "name": "Anna Bergerr", "city": "Potsdam", "phone": "+4933112345"},
    ]
    graph.records.of("crm").upsert("customers", rows)
    graph.merging.merge("K1", "K2")
    shown = graph.records.read("customers", "K2")
    assert (shown["name"], shown["city"]) == ("Anna Bergerr", "Potsdam")
    fields = {field["field"]: field["values"] for field in graph.sources.provenance("customers", "K2")["fields"]}
    assert [(one["key"], one["value"], one["shown"]) for one in fields["city"]] == [
        ("K1", "Berlin", False),
        ("K2", "Potsdam", True),
    ]
    with pytest.raises(MergedAway):
        graph.sources.provenance("customers", "K1")
