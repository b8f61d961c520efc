"""A party that is made by hand and looks like one that is there: said first, and the classic traps raise no alarm."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcrm import Graph
from graphcrm.errors import Conflict, LooksAlike
from graphcrm.identity.duplicates import find_duplicates
from graphcrm.identity.pairs import judge
from graphcrm.service.lookalikes import _looks, keys_of_looks
from graphcrm.tables import TABLES

ADA = {"name": "Ada Byron", "email": "ada@example.com", "birth_date": "1990-12-10"}
HOME = {"phone": "+44 20 7946 0111", "address": "12 Harbour Street", "city": "Leeds"}
ACME = {"name": "Acme Logistics GmbH", "kind": "organization", "country": "DE", "email": "info@acme.example"}


def said(graph: Graph, there: dict[str, Any], new: dict[str, Any], table: str = "customers") -> list[dict[str, Any]]:
    """What is said of a new party where another one is."""
    assert not graph.records.upsert(there.pop("table", "customers"), [{"id": "T", **there}]).rejected
    try:
        graph.records.create(table, {"id": "N", **new})
    except LooksAlike as refused:
        return refused.candidates
    return []


@pytest.mark.parametrize(
    ("there", "new", "table"),
    [
        (ADA, {"name": "Ada Byrom", "email": "ada@example.com"}, "customers"),
        (ADA, {"name": "Ada Byron", "email": "Ada@Example.com"}, "contacts"),
        (ADA, {"name": "Byron, Ada", "birth_date": "1990-12-10"}, "contacts"),
        (ADA | {"table": "contacts"}, {"name": "BYRON ADA", "birth_date": "1990-12-10"}, "customers"),
        ({"name": "Ann Lee", "city": "Ulm"}, {"name": "Ann Lee", "city": "Ulm"}, "customers"),
        ({"name": "Ann Lee", **HOME}, {"name": "A. Lee", "phone": "+44 20 7946 0111"}, "customers"),
        (
            {"name": "王小明", "phone": "+8613800000001"},
            {"name": "Wang Xiaoming", "phone": "+8613800000001"},
            "customers",
        ),
        (ACME, {"name": "Acme Logistics", "kind": "organization", "email": "info@acme.example"}, "customers"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else value,
)
def test_who_is_there_already_is_named(graph: Graph, there: dict[str, Any], new: dict[str, Any], table: str) -> None:
    there = dict(there)
    label = "Contact" if there.get("table") == "contacts" else "Customer"
    (found,) = said(graph, there, new, table)
    assert (found["id"], found["label"], found["name"]) == ("T", label, there["name"])
    assert 0.5 <= found["probability"] <= 1
    assert found["evidence"]
    assert set(found["evidence"][0]) == {"field", "level", "weight"}
    assert graph.records.create(table, {"id": "N", **new}, force=True)["name"] == new["name"]


@pytest.mark.parametrize(
    ("there", "new"),
    [
        ({"name": "Ann Lee", "email": "info@acme.example"}, {"name": "Bob Smith", "email": "info@acme.example"}),
        ({"name": "Ann Lee", "phone": "+49301234567"}, {"name": "Bob Smith", "phone": "+49301234567"}),
        (
            {"name": "John Doe", "birth_date": "1950-01-01", **HOME},
            {"name": "John Doe", "birth_date": "1981-02-02", **HOME},
        ),
        ({"name": "John Doe Sr.", **HOME}, {"name": "John Doe Jr.", **HOME}),
        ({"name": "Jane Doe", **HOME}, {"name": "John Doe", **HOME}),
        ({"name": "Jane Doe", "email": "doe@example.com"}, {"name": "John Doe", "email": "doe@example.com"}),
        (ACME, ACME | {"name": "Acme Logistics SARL", "country": "FR"}),
        (ACME, {"name": "Jane Pemberton", "kind": "person", "email": "info@acme.example"}),
        ({"name": "Ann Lee"}, {"name": "Ann Lee"}),
        ({"name": "王小明", "phone": "01088880001"}, {"name": "王小红", "phone": "01088880001"}),
    ],
    ids=[
        *("info", "office", "father and son", "senior and junior", "family", "couple with one mailbox"),
        *("one company in two countries", "person and company", "a name alone", "Chinese siblings"),
    ],
)
def test_traps_raise_no_alarm(graph: Graph, there: dict[str, Any], new: dict[str, Any]) -> None:
    assert said(graph, dict(there), new) == []


def test_the_most_probable_are_named_first(graph: Graph) -> None:
    rows = [
        {"id": f"C{number}", **ADA, "name": name} for number, name in enumerate(["Ada Byrom", "Ada Byron", "A. Byron"])
    ]
    assert not graph.records.upsert("customers", rows).rejected
    with pytest.raises(LooksAlike, match="'Ada Byron' \\(C1\\)") as refused:
        graph.records.create("customers", {"id": "N", **ADA})
    found = refused.value.candidates
    assert found[0]["id"] == "C1"
    assert [each["probability"] for each in found] == sorted((each["probability"] for each in found), reverse=True)
    assert len(found) == 3


def test_only_what_is_made_by_hand_is_asked_about(graph: Graph) -> None:
    graph.records.create("customers", {"id": "C1", **ADA})
    assert graph.records.upsert("customers", [{"id": "C2", **ADA}]).created == 1
    with pytest.raises(Conflict, match="has the id 'C1' already"):
        graph.records.create("customers", {"id": "C1", **ADA})
    graph.records.create("users", {"id": "U1", "name": "Ada Byron", "email": "ada@example.com"})


def test_common_names_and_switchboards_hide_no_mailbox(graph: Graph) -> None:
    """Sixty namesakes and sixty at one switchboard, whose ids come first: the one with the mailbox is found."""
    names = [{"id": f"A{number:02}", "name": "Li Wei"} for number in range(60)]
    desks = [{"id": f"B{number:02}", "name": f"Desk {number}", "phone": "+49301234567"} for number in range(60)]
    twin = {"name": "Li Wei", "email": "li.wei@example.com"}
    assert not graph.records.upsert("customers", [*names, *desks, {"id": "C", **twin}]).rejected
    assert said(graph, {"name": "Nobody"}, twin) == said(graph, {"name": "Nobody"}, twin | {"phone": "+49301234567"})
    (found,) = said(graph, {"name": "Nobody"}, twin | {"phone": "+49301234567"})
    assert found["id"] == "C"


def test_a_phone_comes_before_a_name(graph: Graph) -> None:
    names = [{"id": f"A{number:02}", "name": "Li Wei"} for number in range(60)]
    assert not graph.records.upsert("customers", [*names, {"id": "C", "name": "L. Wei", "phone": "+4930777"}]).rejected
    (found,) = said(graph, {"name": "Nobody"}, {"name": "Li Wei", "phone": "+4930777"})
    assert found["id"] == "C"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ADA, {**ADA, "name": "Byron, Ada"}),
        ({"name": "Ada Byron", "email": "ada@example.com"}, {"name": "Dr. A. Byron", "email": "ada@EXAMPLE.com"}),
        ({"name": "Ada Byron", "phone": "+44 20 7946 0111"}, {"name": "ADA BYRON", "phone": "+442079460111"}),
    ],
)
def test_of_two_who_make_one_at_once_one_is_told(graph: Graph, one: dict[str, Any], other: dict[str, Any]) -> None:
    told = []
    for number in range(5):
        suffix = chr(ord("a") + number)
        # Another name each time; neither writer may miss the other.
        pair = [each | {"name": each["name"] + suffix, "birth_date": "1990-12-10"} for each in (one, other)]
        pair = [each | {"email": suffix + each["email"]} if "email" in each else each for each in pair]
        pair = [each | {"phone": each["phone"] + str(number)} if "phone" in each else each for each in pair]
        gate = threading.Barrier(2)

        def create(place: int, pair: list[dict[str, Any]] = pair, gate: threading.Barrier = gate) -> bool:
            gate.wait()
            try:
                graph.records.create("customers", {"id": f"{pair[place]['name']}{place}", **pair[place]})
            except LooksAlike:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            told.append(sorted(pool.map(create, (0, 1))))
    assert told == [[False, True]] * 5


def test_most_writers_need_not_wait_for_a_new_party() -> None:
    row = TABLES["customers"].row({"id": "N", **ADA, "phone": "+44 20 7946 0111", "name": "Ada Byron"})
    assert len(keys_of_looks(TABLES["customers"], row)) == 3
    user = TABLES["users"].row({"id": "U", "name": "Ada Byron", "email": "ada@example.com"})
    assert keys_of_looks(TABLES["users"], user) == set()


@given(st.sampled_from(["Ada Byron", "王小明", "Ann-Marie Lee", "Straße, Jörg", "O'Neill, Pat"]), st.data())
def test_all_ways_to_write_a_party_are_one_key(name: str, data: st.DataObject) -> None:
    def keys(way: str) -> set[str]:
        return keys_of_looks(TABLES["customers"], TABLES["customers"].row({"id": "N", "name": way}))

    ways = _looks(TABLES["customers"].row({"id": "N", "name": name}).properties)["names"]
    assert keys(data.draw(st.sampled_from(ways))) == keys(name)


def test_an_answer_that_was_given_is_given_again(graph: Graph) -> None:
    receipt = ("key", "fingerprint")
    first = graph.records.create("customers", {"id": "C1", **ADA}, receipt=receipt)
    graph.records.upsert("customers", [{"id": "C2", **ADA}])
    assert graph.records.create("customers", {"id": "C1", **ADA}, receipt=receipt) == first


def test_a_few_are_judged_by_the_levels_that_all_are() -> None:
    """The quick judgement and the whole search say the same of a pair but for what the search counts."""
    import pandas as pd

    others = [ADA, ADA | {"name": "Byron, Ada"}, ADA | {"birth_date": "1990-10-12"}, {"name": "Ada Byrom", **HOME}]
    new = {**ADA, **HOME, "name": "Ada Byron"}
    rows = pd.DataFrame([{"id": "N", **new}, *({"id": f"O{number}", **other} for number, other in enumerate(others))])
    pairs = find_duplicates(rows, threshold=1e-9).pairs.set_index(["left_id", "right_id"])
    for number, judgement in enumerate(judge(new, others)):
        levels = {entry["field"]: entry["level"] for entry in pairs.loc[("N", f"O{number}"), "evidence"]}
        assert {entry["field"]: entry["level"] for entry in judgement.evidence} == levels
