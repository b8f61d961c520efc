"""Reference columns in which sources disagree: shown by the rule of every other field, on both engines."""

from __future__ import annotations

from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.tables import TABLES


def say(graph: Graph, source: str, table: str, *rows: dict[str, Any]) -> tuple[int, int, int]:
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected
    return report.created, report.updated, report.unchanged


def owner(graph: Graph, id_: str = "A") -> Any:
    return graph.records.read("customers", id_)["owner_id"]


def ties(graph: Graph, type_: str) -> set[str]:
    return {tie["id"] for tie in graph.records.page("ties", limit=100).items if tie["type"] == type_}


def disagree(graph: Graph) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The more trusted source speaks first, the other one later."""
    graph.sources.add("hi", trust=90)
    graph.sources.add("lo", trust=10)
    said = (
        ("customers", {"id": "A", "name": "Ann", "owner_id": "boss"}),
        ("customers", {"id": "W", "name": "Works"}),
        ("customers", {"id": "V", "name": "Verein"}),
        ("contacts", {"id": "K", "name": "Kim", "customer_id": "W"}),
        ("orders", {"id": "O", "customer_id": "W", "at": "2025-01-01"}),
        ("cases", {"id": "7", "subject": "Broken", "customer_id": "W"}),
        ("interactions", {"id": "I", "kind": "call", "at": "2025-01-01", "from_id": "A", "to_ids": ["W", "V"]}),
    )
    for table, row in said:
        say(graph, "hi", table, row)
    other = (
        ("customers", {"id": "A", "name": "Anna", "owner_id": "temp"}),
        ("customers", {"id": "V", "name": "V"}),
        ("contacts", {"id": "K", "name": "Kim", "customer_id": "V"}),
        ("orders", {"id": "O", "customer_id": "V", "at": "2025-01-01"}),
        ("cases", {"id": "7", "subject": "Broken", "customer_id": "V"}),
        ("interactions", {"id": "I", "kind": "call", "at": "2025-01-01", "from_id": "W", "to_ids": ["A"]}),
    )
    for table, row in other:
        say(graph, "lo", table, row)
    return other


def shown(graph: Graph) -> dict[str, Any]:
    read = graph.records.read
    call = read("interactions", "I")
    return {
        "owner": owner(graph),
        "employer": read("contacts", "K")["customer_id"],
        "buyer": read("orders", "O")["customer_id"],
        "plaintiff": read("cases", "7")["customer_id"],
        "call": (call["from_id"], call["to_ids"]),
    }


HI = {"owner": "boss", "employer": "W", "buyer": "W", "plaintiff": "W", "call": ("A", ["V", "W"])}
LO = {"owner": "temp", "employer": "V", "buyer": "V", "plaintiff": "V", "call": ("W", ["A"])}


def test_the_more_trusted_source_is_shown(graph: Graph) -> None:
    other = disagree(graph)
    assert shown(graph) == HI
    for table, row in other:
        assert say(graph, "lo", table, row) == (0, 0, 1), table
    assert shown(graph) == HI
    assert ties(graph, "OWNS") == {"OWNS:boss:A"}
    assert ties(graph, "TOOK_PART_IN") == {"TOOK_PART_IN:A:I", "TOOK_PART_IN:V:I", "TOOK_PART_IN:W:I"}


def test_what_is_shown_follows_trust(graph: Graph) -> None:
    disagree(graph)
    graph.sources.add("lo", trust=95)
    assert shown(graph) == LO
    assert ties(graph, "WORKS_AT") == {"WORKS_AT:K:V"}
    graph.sources.add("hi", trust=96)
    assert shown(graph) == HI


@pytest.mark.parametrize(("erased", "left"), [("lo", HI), ("hi", LO)])
def test_erasing_a_source_leaves_the_word_of_the_other(graph: Graph, erased: str, left: dict[str, Any]) -> None:
    disagree(graph)
    say(graph, "third", "customers", {"id": "W", "name": "Works"})  # so that it is there whoever is erased
    graph.sources.erase(erased)
    assert shown(graph) == left
    assert not graph.store.read("source_records/find_by_source", source=erased, row_limit=10)[0]["ids"]
    graph.sources.erase(({"hi", "lo"} - {erased}).pop())
    assert not ties(graph, "OWNS")


def test_an_owner_set_by_hand_outlives_imports(graph: Graph) -> None:
    row = {"id": "A", "name": "Ann", "owner_id": "U1"}
    graph.sources.add("crm", trust=10)
    say(graph, "crm", "customers", row)
    graph.records.create("users", {"id": "U2", "name": "Uwe"})
    assert graph.records.patch("customers", "A", {"owner_id": "U2"})["owner_id"] == "U2"
    assert say(graph, "crm", "customers", row) == (0, 0, 1)
    assert owner(graph) == "U2"
    assert say(graph, "crm", "customers", row | {"owner_id": "U3"}) == (0, 1, 0)
    assert owner(graph) == "U2"
    graph.sources.erase("hand")
    assert owner(graph) == "U3"


def test_nobody_can_be_said_by_hand(graph: Graph) -> None:
    row = {"id": "A", "name": "Ann", "owner_id": "U1"}
    say(graph, "crm", "customers", row)
    assert graph.records.patch("customers", "A", {"owner_id": None})["owner_id"] is None
    assert say(graph, "crm", "customers", row) == (0, 0, 1)
    assert owner(graph) is None
    assert not ties(graph, "OWNS")
    graph.records.patch("customers", "A", {"owner_id": "U1"})
    assert owner(graph) == "U1"
    graph.records.patch("customers", "A", {"owner_id": None})
    graph.sources.erase("hand")
    assert owner(graph) == "U1"


def test_sources_of_equal_trust_do_not_flip_it(graph: Graph) -> None:
    one, two = ({"id": "A", "name": "Ann", "owner_id": user} for user in ("U1", "U2"))
    say(graph, "crm", "customers", one)
    say(graph, "shop", "customers", two)
    for _ in range(2):
        assert say(graph, "crm", "customers", one) == (0, 0, 1)
        assert say(graph, "shop", "customers", two) == (0, 0, 1)
        assert owner(graph) == "U2"
    assert say(graph, "crm", "customers", one | {"owner_id": "U3"}) == (0, 1, 0)
    assert owner(graph) == "U3"
    assert say(graph, "shop", "customers", two | {"owner_id": "U3"}) == (0, 1, 0)
    tie = graph.sources.provenance("ties", "OWNS:U3:A")
    assert [said["source"] for said in tie["sources"]] == ["crm", "shop"]
    graph.sources.erase("crm")
    assert owner(graph) == "U3"


def test_a_record_saved_as_it_is_says_nothing_by_hand(graph: Graph) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "owner_id": "U1"})
    record = graph.records.read("customers", "A")
    graph.records.replace("customers", "A", record | {"city": "Ulm"})
    assert say(graph, "crm", "customers", {"id": "A", "name": "Ann", "owner_id": "U2"}) == (0, 1, 0)
    assert owner(graph) == "U2"


def test_deleting_whom_a_column_names_shows_what_another_says(graph: Graph) -> None:
    disagree(graph)
    graph.records.delete("users", "boss", detach=True)
    assert owner(graph) == "temp"
    graph.records.delete("users", "temp", detach=True)
    assert owner(graph) is None
    graph.records.delete("customers", "A", detach=True)
    say(graph, "lo", "customers", {"id": "A", "name": "Anna"})
    assert owner(graph) is None


def test_a_dry_run_says_what_would_change(graph: Graph) -> None:
    other = disagree(graph)
    rows = [dict(row) for table, row in other if table == "customers"][:1]
    loading = graph.records.of("lo").loading
    table = TABLES["customers"]
    assert loading(table, {}).write([table.row(rows[0])]) == ["unchanged"]
    assert loading(table, {}).write([table.row(rows[0] | {"owner_id": "boss"})]) == ["updated"]
    assert shown(graph) == HI


def test_a_pinned_owner_is_shown_whatever_sources_say(graph: Graph) -> None:
    disagree(graph)
    graph.sources.pin("customers", "A", "owner_id", source="lo")
    graph.sources.pin("interactions", "I", "to_ids", ["V"])
    assert owner(graph) == "temp"
    assert graph.records.read("interactions", "I")["to_ids"] == ["V"]
    assert say(graph, "hi", "customers", {"id": "A", "name": "Ann", "owner_id": "boss"}) == (0, 0, 1)
    assert owner(graph) == "temp"
    graph.records.patch("customers", "A", {"owner_id": "boss"})
    assert owner(graph) == "boss"
    with pytest.raises(InvalidInput, match="there is no user"):
        graph.sources.pin("customers", "A", "owner_id", "nobody")
    with pytest.raises(NotFound):
        graph.sources.pin("customers", "A", "owner_id", source="third")
    graph.sources.pin("customers", "A", "owner_id", None)
    assert owner(graph) is None
    graph.sources.unpin("customers", "A", "owner_id")
    graph.sources.erase("hand")
    assert owner(graph) == "boss"
    with pytest.raises(NotFound):
        graph.sources.unpin("customers", "A", "owner_id")


def test_provenance_tells_who_said_what_in_a_column(graph: Graph) -> None:
    disagree(graph)
    fields = {line["field"]: line for line in graph.sources.provenance("customers", "A")["fields"]}
    assert list(fields) == ["name", "owner_id"]
    said = fields["owner_id"]
    assert (said["value"], said["source"], said["rule"]) == ("boss", "hi", "trust")
    assert [(one["source"], one["key"], one["value"], one["shown"]) for one in said["values"]] == [
        ("hi", "A", "boss", True),
        ("lo", "A", "temp", False),
    ]
    call = {line["field"]: line for line in graph.sources.provenance("interactions", "I")["fields"]}
    assert [one["value"] for one in call["to_ids"]["values"]] == [["V", "W"], ["A"]]
    employer = {line["field"]: line for line in graph.sources.provenance("contacts", "K")["fields"]}
    assert (employer["customer_id"]["value"], employer["customer_id"]["rule"]) == ("W", "trust")


# ---- merges ----------------------------------------------------------------------------------------------


def test_unmerging_gives_each_party_its_own_owner_back(graph: Graph) -> None:
    """What was said meanwhile of the one that stayed is its own."""
    say(
        graph,
        "crm",
        "customers",
        {"id": "S", "name": "S", "owner_id": "U7"},
        {"id": "T", "name": "T", "owner_id": "U2"},
    )
    say(graph, "crm", "users", {"id": "U9", "name": "Uta"})
    graph.merging.merge("T", "S")
    assert owner(graph, "S") == "U7"
    assert ties(graph, "OWNS") == {"OWNS:U7:S"}
    graph.records.patch("customers", "S", {"owner_id": "U9"})
    graph.merging.unmerge("T")
    assert (owner(graph, "S"), owner(graph, "T")) == ("U9", "U2")
    graph.sources.erase("hand")
    assert (owner(graph, "S"), owner(graph, "T")) == ("U7", "U2")


def test_what_is_said_of_a_merged_party_is_its_own_again(graph: Graph) -> None:
    say(
        graph,
        "crm",
        "customers",
        {"id": "P", "name": "P", "owner_id": "U1"},
        {"id": "Q", "name": "Q", "owner_id": "U2"},
    )
    graph.merging.merge("Q", "P")
    row = {"id": "Q", "name": "Q", "owner_id": "U3"}
    assert say(graph, "shop", "customers", row) == (0, 1, 0)
    assert say(graph, "shop", "customers", row) == (0, 0, 1)
    assert owner(graph, "P") == "U3"
    assert say(graph, "crm", "customers", {"id": "Q", "name": "Q", "owner_id": "U4"}) == (0, 1, 0)
    assert owner(graph, "P") == "U4"
    graph.merging.unmerge("Q")
    assert (owner(graph, "P"), owner(graph, "Q")) == ("U1", "U4")
    graph.sources.erase("crm")
    assert owner(graph, "Q") == "U3"


def test_a_new_employer_while_merged_replaces_the_old_one(graph: Graph) -> None:
    say(graph, "crm", "customers", *({"id": id_, "name": id_} for id_ in ("W1", "W2", "W3")))
    contact = {"id": "K", "name": "Kim", "customer_id": "W1"}
    say(graph, "crm", "contacts", contact, {"id": "L", "name": "Kim L", "customer_id": "W3"})
    graph.merging.merge("K", "L")
    say(graph, "crm", "contacts", contact | {"customer_id": "W2"})
    assert len(ties(graph, "WORKS_AT")) == 1
    graph.merging.unmerge("K")
    assert ties(graph, "WORKS_AT") == {"WORKS_AT:K:W2", "WORKS_AT:L:W3"}
    graph.records.create("customers", {"id": "P", "name": "Kim"}, force=True)
    graph.merging.merge("K", "P")
    say(graph, "crm", "contacts", contact)
    assert ties(graph, "WORKS_AT") == {"WORKS_AT:P:W1", "WORKS_AT:L:W3"}
    graph.merging.unmerge("K")
    assert ties(graph, "WORKS_AT") == {"WORKS_AT:K:W1", "WORKS_AT:L:W3"}


def test_whom_a_column_names_may_be_merged(graph: Graph) -> None:
    disagree(graph)
    graph.merging.merge("W", "A")
    call = graph.records.read("interactions", "I")
    assert (call["from_id"], call["to_ids"]) == ("A", ["V"])
    assert graph.records.read("orders", "O")["customer_id"] == "A"
    assert say(graph, "hi", "orders", {"id": "O", "customer_id": "W", "at": "2025-01-01"}) == (0, 0, 1)
    assert say(graph, "lo", "orders", {"id": "O", "customer_id": "W", "at": "2025-01-01"}) == (0, 1, 0)
    assert say(graph, "lo", "orders", {"id": "N", "customer_id": "W", "at": "2025-01-01"}) == (1, 0, 0)
    graph.merging.unmerge("W")
    assert shown(graph) == HI
    assert graph.records.read("orders", "N")["customer_id"] == "W"
    graph.sources.erase("hi")
    assert graph.records.read("orders", "O")["customer_id"] == "W"


def test_a_contact_keeps_what_it_does_not_show_when_it_becomes_a_customer(graph: Graph) -> None:
    say(graph, "crm", "contacts", {"id": "K", "name": "Kim", "owner_id": "U1"})
    say(graph, "shop", "contacts", {"id": "K", "name": "Kim", "owner_id": "U2"})
    graph.records.convert("K")
    assert owner(graph, "K") == "U2"
    graph.sources.erase("shop")
    assert owner(graph, "K") == "U1"


# ---- the rules that a pinned column keeps ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "id_", "field", "value", "rule"),
    [
        ("users", "U2", "reports_to_id", "U2", "names itself"),
        ("interactions", "I", "from_id", None, "required"),
        ("interactions", "I", "to_ids", [], "at least 1"),
        ("interactions", "I", "from_id", "V", "sender"),
        ("interactions", "I", "to_ids", ["A"], "sender"),
        ("contacts", "K", "customer_id", ["W"], "customer_id"),
    ],
)
def test_a_pinned_column_keeps_the_rules_of_a_change(
    graph: Graph, table: str, id_: str, field: str, value: Any, rule: str
) -> None:
    disagree(graph)
    graph.records.create("users", {"id": "U2", "name": "Uwe"})
    before = graph.records.read(table, id_)
    with pytest.raises(InvalidInput, match=rule) as pinned:
        graph.sources.pin(table, id_, field, value)
    with pytest.raises(InvalidInput) as changed:
        graph.records.patch(table, id_, {field: value})
    assert str(pinned.value) == str(changed.value)
    assert graph.records.read(table, id_) == before


def test_a_pin_may_name_who_was_merged_away(graph: Graph) -> None:
    disagree(graph)
    say(graph, "hi", "customers", {"id": "X", "name": "Xaver"})
    graph.merging.merge("X", "V")
    graph.sources.pin("contacts", "K", "customer_id", "X")
    assert graph.records.read("contacts", "K")["customer_id"] == "V"
    graph.merging.unmerge("X")
    assert graph.records.read("contacts", "K")["customer_id"] == "X"


# ---- one party in two columns ----------------------------------------------------------------------------


def call(graph: Graph, source: str, sender: str, *receivers: str) -> None:
    row = {"id": "I", "kind": "call", "at": "2025-01-01", "from_id": sender, "to_ids": list(receivers)}
    say(graph, source, "interactions", row)


def columns(graph: Graph) -> tuple[Any, Any]:
    """What the call shows, which is what its provenance says that it shows."""
    record = graph.records.read("interactions", "I")
    lines = {line["field"]: line["value"] for line in graph.sources.provenance("interactions", "I")["fields"]}
    assert (lines["from_id"], lines["to_ids"] or []) == (record["from_id"], record["to_ids"])
    return record["from_id"], record["to_ids"]


def test_who_is_shown_as_the_sender_is_no_receiver(graph: Graph) -> None:
    say(graph, "q", "customers", *({"id": f"M{n}", "name": f"M{n}"} for n in range(1, 5)))
    call(graph, "q", "M1", "M2")
    call(graph, "t", "M3", "M2")
    call(graph, "q", "M1", "M3")
    assert columns(graph) == ("M3", ["M2"])
    fields = {line["field"]: line for line in graph.sources.provenance("interactions", "I")["fields"]}
    of_q = next(said for said in fields["to_ids"]["values"] if said["source"] == "q")
    assert (of_q["value"], of_q["raw"], of_q["shown"]) == (None, "M3", False)
    call(graph, "q", "M1", "M3", "M4")
    assert columns(graph) == ("M3", ["M4"])
    graph.sources.erase("t")
    graph.records.upsert("customers", [{"id": "M3", "name": "M3"}])
    assert columns(graph) == ("M1", ["M3", "M4"])


def test_a_pinned_receiver_is_no_sender(graph: Graph) -> None:
    say(graph, "q", "customers", *({"id": f"M{n}", "name": f"M{n}"} for n in range(1, 5)))
    call(graph, "q", "M1", "M2")
    graph.sources.pin("interactions", "I", "to_ids", ["M3"])
    call(graph, "t", "M3", "M2")
    assert columns(graph) == ("M1", ["M3"])
    graph.sources.unpin("interactions", "I", "to_ids")
    assert columns(graph) == ("M3", ["M2"])


# ---- who is gone -----------------------------------------------------------------------------------------


def test_what_was_said_of_who_is_deleted_is_not_said_of_who_gets_the_id(graph: Graph) -> None:
    for id_ in ("V:1", "V2", "V3"):
        say(graph, "s", "customers", {"id": id_, "name": id_})
    say(graph, "s", "orders", *({"id": id_, "at": "2025-01-01", "customer_id": "V:1"} for id_ in ("O1", "O2")))
    say(graph, "s", "orders", {"id": "O3", "at": "2025-01-01", "customer_id": "V3"})
    say(graph, "s2", "orders", *({"id": f"O{n}", "at": "2025-01-01", "customer_id": "V2"} for n in (1, 2, 3)))
    graph.merging.merge("V3", "V:1")
    graph.records.delete("customers", "V:1", detach=True)
    left = graph.store.read("source_records/page", source="s", after_id="", row_limit=100)[0]["records"]
    assert not [each["id"] for each in left if each["about"].startswith("PLACED:")]
    say(graph, "new", "customers", {"id": "V:1", "name": "Another"}, {"id": "V3", "name": "Third"})
    graph.sources.erase("s2")
    assert [graph.records.read("orders", f"O{n}")["customer_id"] for n in (1, 2, 3)] == [None, None, None]


def test_a_word_that_is_only_repeated_cuts_no_tie_that_another_wrote(graph: Graph) -> None:
    employer = ("contacts", {"id": "K", "name": "Kim", "customer_id": "X"})
    also = ("ties", {"type": "WORKS_AT", "source_id": "K", "target_id": "Y", "since": "2020-01-01"})
    say(graph, "crm", "customers", {"id": "X", "name": "X"}, {"id": "Y", "name": "Y"})
    say(graph, "crm", *employer)
    say(graph, "hr", *also)
    both = ties(graph, "WORKS_AT")
    assert len(both) == 2
    for _ in range(2):
        assert say(graph, "crm", *employer) == (0, 0, 1)
        assert say(graph, "hr", *also) == (0, 0, 1)
    assert ties(graph, "WORKS_AT") == both
    assert graph.records.read("contacts", "K")["customer_id"] == "X"
    # Whom the column names instead takes the place of its own earlier word, and of the other's by the rule of fields.
    say(graph, "crm", "customers", {"id": "Z", "name": "Z"})
    say(graph, "crm", "contacts", {"id": "K", "name": "Kim", "customer_id": "Z"})
    assert graph.records.read("contacts", "K")["customer_id"] == "Z"
