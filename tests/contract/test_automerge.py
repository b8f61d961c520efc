"""What is surely one party is merged without asking: into whom, on what grounds, and what a cut-off run leaves."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graphcrm import Graph
from graphcrm.cli import cli
from graphcrm.errors import Conflict, InvalidInput
from graphcrm.service import automerge
from graphcrm.service import decisions as service_decisions
from graphcrm.service.automerge import MERGED_COLUMNS, merge_surely, survivor
from graphcrm.service.duplicates import Duplicates
from graphcrm.service.merging import Grounds, Merge, merge_parties
from graphcrm.service.verdicts import forget_found
from graphcrm.store import GraphStore, Transaction

ADA = {"name": "Ada Byron", "email": "ada@example.com", "birth_date": "1990-12-10"}
MAX = {"name": "Max Born", "email": "max@example.com", "phone": "+49 30 1234567"}
EVE = [{"id": id_, "name": "Eve Stone", "email": "eve@example.com", "phone": "+49 40 765432"} for id_ in ("E1", "E2")]
TIMES = ("at", "_seen_at", "seen_at", "first_at", "created_at", "_created_at")
SHOWN = ("customers", "contacts", "orders", "interactions", "ties")


def put(graph: Graph, table: str, *rows: dict[str, Any], source: str = "hand") -> None:
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected, report


def fill(graph: Graph, *more: dict[str, Any]) -> None:
    """Two people recorded three times and twice, a married couple, and what hangs on them; and more contacts."""
    graph.sources.add("crm", trust=80)
    put(graph, "contacts", *more)
    put(graph, "contacts", {"id": "A1", **ADA, "phone": "+44 20 7946 0018"}, {"id": "M1", **MAX})
    put(graph, "customers", {"id": "A2", **ADA}, {"id": "A3", **ADA, "city": "London"}, source="shop")
    put(graph, "customers", {"id": "M2", **MAX}, source="crm")
    home = {"phone": "+44 20 7946 0111", "address": "12 Harbour Street", "city": "Leeds"}
    put(graph, "customers", {"id": "W1", "name": "Jane Doe", **home}, {"id": "W2", "name": "John Doe", **home})
    friend = {"type": "KNOWS", "kind": "friend"}
    ties = [("A1", "M1"), ("A2", "M2"), ("A2", "A3"), ("W1", "A1"), ("M1", "A3")]
    put(graph, "ties", *(friend | {"source_id": one, "target_id": other} for one, other in ties))
    put(graph, "orders", {"id": "O1", "customer_id": "A2", "at": "2025-01-01", "amount": "9", "currency": "EUR"})
    put(graph, "interactions", {"id": "I", "kind": "call", "at": "2025-01-02", "from_id": "A1", "to_ids": ["M1"]})


def shown(graph: Graph) -> dict[str, Any]:
    return {table: graph.records.page(table, limit=1000).items for table in SHOWN}


def gone(graph: Graph) -> list[tuple[str, str]]:
    return [(merge["id"], merge["into"]) for merge in graph.merging.all()]


def test_what_is_surely_one_becomes_one(graph: Graph) -> None:
    fill(graph)
    done = merge_surely(graph.store)
    assert tuple(done.columns) == MERGED_COLUMNS
    # A customer before the contacts, the fuller one of the two; the couple stays two.
    assert list(zip(done["id"], done["into"], strict=True)) == [("A1", "A3"), ("A2", "A3"), ("M1", "M2")]
    assert done.attrs == {"resumed": False, "skipped": 0}
    found = shown(graph)
    assert [party["id"] for party in found["customers"]] == ["A3", "M2", "W1", "W2"]
    assert found["contacts"] == []
    assert {tie["id"] for tie in found["ties"] if tie["type"] == "KNOWS"} == {
        "KNOWS:A3:M2:friend",
        "KNOWS:M2:A3:friend",
        "KNOWS:W1:A3:friend",
    }
    assert found["orders"][0]["customer_id"] == "A3"
    assert (found["interactions"][0]["from_id"], found["interactions"][0]["to_ids"]) == ("A3", ["M2"])
    assert len(merge_surely(graph.store)) == 0


def test_each_merge_says_who_made_it_and_why(graph: Graph) -> None:
    fill(graph)
    graph.merging.merge("W2", "W1", by="ann")
    merge_surely(graph.store)
    kept = {merge["id"]: merge for merge in graph.merging.all()}
    assert {id_: merge["by"] for id_, merge in kept.items()} == {
        "A1": "automatic",
        "A2": "automatic",
        "M1": "automatic",
        "W2": "ann",
    }
    assert kept["W2"]["probability"] is kept["W2"]["evidence"] is kept["W2"]["compared_with"] is None
    assert kept["M1"]["probability"] >= 0.99
    assert kept["M1"]["compared_with"] == "M2"
    assert {"email", "phone", "given_name", "surname"} <= {entry["field"] for entry in kept["M1"]["evidence"]}


def test_a_merge_that_was_taken_back_is_not_made_again(graph: Graph) -> None:
    fill(graph)
    before = shown(graph)
    merge_surely(graph.store)
    for id_, into in gone(graph):
        assert graph.merging.unmerge(id_) == {"id": id_, "into": into, "undecided": []}
    assert shown(graph) == before
    verdicts = [(verdict["left_id"], verdict["right_id"]) for verdict in Duplicates(graph.store).verdicts()]
    assert verdicts == [("A1", "A3"), ("A2", "A3"), ("M1", "M2")]
    again = merge_surely(graph.store)
    assert list(zip(again["id"], again["into"], strict=True)) == [("A1", "A2")]  # of them nobody said anything
    graph.merging.merge("M1", "M2")
    graph.merging.unmerge("M1")  # what people did is not remembered when they take it back
    assert ("A1", "A2") not in [(v["left_id"], v["right_id"]) for v in Duplicates(graph.store).verdicts()]


def test_who_stands_for_a_party_is_told_apart_with_it(graph: Graph) -> None:
    fill(graph)
    Duplicates(graph.store).tell_apart("A1", "A3")
    graph.merging.merge("A1", "W1")
    put(graph, "customers", {"id": "W1", **ADA})
    found = Duplicates(graph.store).find()
    assert ("A3", "W1") not in list(zip(found["left_id"], found["right_id"], strict=True))
    assert ("A2", "A3") in list(zip(found["left_id"], found["right_id"], strict=True))


def state(bare: Any) -> list[str]:
    """Everything but times, histories and the product's counters."""
    nodes = bare.run(
        "MATCH (n) WHERE NOT n:Revision AND NOT n:Migration AND NOT n:Change "
        "RETURN labels(n)[0] AS label, properties(n) AS properties"
    )
    ties = bare.run("MATCH ()-[r]->() RETURN type(r) AS label, properties(r) AS properties")
    return sorted(
        json.dumps(
            [row["label"], {k: str(v) for k, v in row["properties"].items() if k not in TIMES}],
            sort_keys=True,
        )
        for row in nodes + ties
    )


def test_a_run_that_was_cut_off_is_gone_on_with(graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(graph, *EVE)
    merge_surely(graph.store)
    undisturbed = state(bare)
    for made in (2, 3):
        bare.wipe()
        graph.touch()
        fill(graph, *EVE)
        with cut_off(monkeypatch, made):
            merge_surely(graph.store)
        assert len(gone(graph)) == made  # those of one group go together
        rest = merge_surely(graph.store)
        assert (len(rest), rest.attrs) == (4 - made, {"resumed": True, "skipped": 0})
        assert state(bare) == undisturbed
        assert bare.run("MATCH (n:Decision) RETURN count(n) AS n") == [{"n": 0}]


@contextmanager
def cut_off(monkeypatch: pytest.MonkeyPatch, made: int) -> Iterator[None]:
    """Merge group by group meanwhile, and be killed when some merges are made."""

    def killed(_: GraphStore, run: str) -> None:
        raise KeyboardInterrupt

    def carry_out(*arguments: Any, **choices: Any) -> Any:
        nonlocal left
        if left <= 0:
            raise KeyboardInterrupt
        rows = carried_out(*arguments, **choices)
        left -= len(rows)
        return rows

    left, carried_out = made, automerge._carry_out
    with monkeypatch.context() as patch:
        patch.setattr(automerge, "_BATCH", 1)
        patch.setattr(automerge, "_carry_out", carry_out)
        patch.setattr(automerge, "end", killed)
        with pytest.raises(KeyboardInterrupt):
            yield


def decisions(bare: Any) -> int:
    return int(bare.run("MATCH (n:Decision) RETURN count(n) AS n")[0]["n"])


def test_what_was_decided_is_looked_at_again(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a run that was cut off and the next one people go on working."""
    fill(graph, *EVE)
    with cut_off(monkeypatch, 0):
        merge_surely(graph.store)
    Duplicates(graph.store).tell_apart("A1", "A2")
    graph.records.delete("contacts", "M1", detach=True)
    rest = merge_surely(graph.store)
    assert list(rest["id"]) == ["E2"]
    assert rest.attrs == {"resumed": True, "skipped": 2}  # what was decided about M1 went with it
    again = merge_surely(graph.store)
    assert list(zip(again["id"], again["into"], strict=True)) == [("A1", "A3")]  # A2 is not A1
    assert again.attrs == {"resumed": False, "skipped": 0}


CHANGES: dict[str, Callable[[Graph], Any]] = {
    "edited": lambda graph: graph.records.patch("customers", "A3", {"birth_date": "1990-12-11"}),
    "said anew": lambda graph: put(graph, "customers", {"id": "A2", **ADA, "city": "Leeds"}, source="shop"),
    "merged": lambda graph: graph.merging.merge("A1", "W1"),
    "unmerged": lambda graph: (graph.merging.merge("W2", "A3"), graph.merging.unmerge("W2")),
    "moved": lambda graph: graph.records.patch("contacts", "A1", {"customer_id": "W1"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_group_that_somebody_changed_since_is_left(
    graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch, change: Callable[[Graph], Any]
) -> None:
    fill(graph)
    with cut_off(monkeypatch, 0):
        merge_surely(graph.store)
    change(graph)
    rest = merge_surely(graph.store)
    assert (list(rest["id"]), rest.attrs) == (["M1"], {"resumed": True, "skipped": 2})
    assert decisions(bare) == 0


def test_what_says_nothing_new_is_no_change(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(graph)
    with cut_off(monkeypatch, 0):
        merge_surely(graph.store)
    put(graph, "customers", {"id": "A2", **ADA}, {"id": "A3", **ADA, "city": "London"}, source="shop")
    assert len(merge_surely(graph.store)) == 3


def test_what_a_run_does_itself_is_no_change(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contact's employer is merged, so that it shows another, before it is merged itself."""
    fill(graph)
    graph.records.patch("contacts", "M1", {"customer_id": "A2"})
    with cut_off(monkeypatch, 2):
        merge_surely(graph.store)
    changes = graph.archive.history("M1", field="customer_id").to_dict("records")
    assert [(line["from"], line["to"], line["by"]) for line in changes[:1]] == [("A2", "A3", "automatic")]
    rest = merge_surely(graph.store)
    assert (list(rest["id"]), rest.attrs) == (["M1"], {"resumed": True, "skipped": 0})


def test_a_name_and_a_town_make_no_two_people_one(graph: Graph) -> None:
    put(graph, "customers", *({"id": id_, "name": "Aigul Zhumagali", "city": "Karakol"} for id_ in ("T1", "T2")))
    found = Duplicates(graph.store).find(0.5)
    assert ("T1", "T2") in set(zip(found["left_id"], found["right_id"], strict=True))
    assert not {"T1", "T2"} & {*merge_surely(graph.store, 0.5)["id"]}
    assert {"T1", "T2"} <= {party["id"] for party in shown(graph)["customers"]}


def test_another_threshold_is_decided_anew(graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    eve = {"id": "E1", "name": "Eve Stone", "birth_date": "1970-05-05"}
    fill(graph, eve, {"id": "E2", "name": "Eve Stones", "birth_date": "1970-05-06"})  # likely, and not sure
    with cut_off(monkeypatch, 0):
        merge_surely(graph.store, 0.8)
    assert decisions(bare) == 5  # and the run
    rest = merge_surely(graph.store)
    assert (list(rest["id"]), rest.attrs) == (["A1", "A2", "M1"], {"resumed": False, "skipped": 0})
    assert decisions(bare) == 0
    assert list(merge_surely(graph.store, 0.8)["id"]) == ["E2"]


def test_a_run_that_was_cut_off_while_it_decided_has_decided_nothing(
    graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(graph)
    monkeypatch.setattr("graphcrm.service.decisions._PART", 1)
    wanted = merge_surely(graph.store, dry_run=True).to_dict("records")
    write_part, parts = service_decisions._write_part, 0

    def killed(*arguments: Any, **choices: Any) -> Any:
        nonlocal parts
        parts += 1
        if parts == 3:
            raise KeyboardInterrupt
        return write_part(*arguments, **choices)

    with monkeypatch.context() as patch:
        patch.setattr(service_decisions, "_write_part", killed)
        with pytest.raises(KeyboardInterrupt):
            merge_surely(graph.store)
    assert decisions(bare) == 3  # two, and the run without its mark
    assert gone(graph) == []
    done = merge_surely(graph.store)
    assert (done.to_dict("records"), done.attrs["resumed"]) == (wanted, False)
    assert decisions(bare) == 0


def test_of_two_that_decide_at_once_the_later_goes_on(graph: Graph, bare: Any) -> None:
    fill(graph)
    merges = [Merge(id_, "A3", "automatic", Grounds(0.995, [], "A3")) for id_ in ("A1", "A2")]
    first = service_decisions.keep(graph.store, service_decisions.begin(graph.store, 0.99), merges[:1])
    second = service_decisions.keep(graph.store, service_decisions.begin(graph.store, 0.99), merges)
    assert [merge for _, merge in second.merges] == merges
    graph.store.write(lambda tx: _is_refused(tx, first.run))
    service_decisions.end(graph.store, first.run)
    assert service_decisions.waiting(graph.store, 0.99) == second
    assert service_decisions.waiting(graph.store, 0.98) is None
    service_decisions.end(graph.store, second.run)
    assert service_decisions.waiting(graph.store, 0.99) is None


def _is_refused(tx: Transaction, run: str) -> None:
    with pytest.raises(Conflict, match="another run is merging"):
        service_decisions._write_part(tx, run=run, rows=[])


def test_what_is_forgotten_meanwhile_is_not_carried_out(graph: Graph) -> None:
    """Decisions that a run has in hand when the search's result is forgotten, as erasing a source does."""
    fill(graph)
    seen = 0

    def told(done: int, of: int) -> None:
        nonlocal seen
        seen += 1
        graph.store.write(lambda tx: forget_found(tx, ["M2"]), ["M2"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(automerge, "_BATCH", 1)
        done = merge_surely(graph.store, progress=told)
    assert seen == 2
    assert (list(done["id"]), done.attrs["skipped"]) == (["A1", "A2"], 1)


def test_who_was_deleted_during_the_search_is_not_named(
    graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(graph)
    find = Duplicates.find

    def found_and_deleted(self: Duplicates, threshold: float) -> Any:
        found = find(self, threshold)
        graph.records.delete("contacts", "A1", detach=True)
        return found

    monkeypatch.setattr(Duplicates, "find", found_and_deleted)
    with cut_off(monkeypatch, 0):
        merge_surely(graph.store)
    assert decisions(bare) > 1
    assert "A1" not in json.dumps(state(bare))


def test_who_was_converted_meanwhile_holds_nobody_up(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact that was to go into a contact is a customer now, which cannot."""
    put(graph, "contacts", {"id": "X", **ADA, "title": "Countess"}, {"id": "Y", **ADA}, {"id": "M1", **MAX})
    put(graph, "customers", {"id": "M2", **MAX})
    with cut_off(monkeypatch, 0):
        merge_surely(graph.store)
    graph.records.convert("Y")
    rest = merge_surely(graph.store)
    assert (list(rest["id"]), rest.attrs) == (["M1"], {"resumed": True, "skipped": 1})
    again = merge_surely(graph.store)
    assert list(zip(again["id"], again["into"], strict=True)) == [("X", "Y")]


@pytest.mark.parametrize(("one", "other", "is_merged"), [("Shop 1", "Shop 2", False), ("Shop 1", "Shop  1", True)])
def test_names_that_differ_in_a_number_are_left_to_a_person(
    graph: Graph, one: str, other: str, is_merged: bool
) -> None:
    shop = {"kind": "organization", "email": "mail@shop.example", "phone": "+44 20 7946 0018", "country": "GB"}
    shop |= {"address": "12 Harbour Street", "city": "Leeds"}
    put(graph, "customers", {"id": "S1", "name": one, **shop}, {"id": "S2", "name": other, **shop})
    found = Duplicates(graph.store).find()
    assert found["probability"][0] >= 0.99  # a person is asked all the same
    assert len(merge_surely(graph.store)) == is_merged


def test_a_rehearsal_changes_nothing(graph: Graph, bare: Any) -> None:
    fill(graph)
    before = state(bare)
    rehearsed = merge_surely(graph.store, dry_run=True)
    assert state(bare) == before
    done = merge_surely(graph.store)
    assert rehearsed.to_dict("records") == done.to_dict("records")


@pytest.mark.parametrize("threshold", [0.2, 1.0])
def test_only_what_is_likely_is_merged(embedded_graph: Graph, threshold: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        merge_surely(embedded_graph.store, threshold)
    assert refused.value.field == "threshold"


def test_merges_at_once_are_merges_one_by_one(graph: Graph, bare: Any) -> None:
    pairs = [("A1", "A3"), ("A2", "A3"), ("M1", "M2"), ("W2", "W1")]
    fill(graph)
    for id_, into in pairs:
        graph.merging.merge(id_, into)
    one_by_one = state(bare)
    bare.wipe()
    graph.touch()
    fill(graph)
    merges = [Merge(id_, into) for id_, into in pairs]
    graph.store.write(lambda tx: merge_parties(tx, merges, datetime.now(UTC)))
    assert state(bare) == one_by_one


@pytest.mark.parametrize(
    ("members", "stays"),
    [
        ([("Contact", {"id": "A", "x": 1, "y": 2}), ("Customer", {"id": "B"})], "B"),
        ([("Customer", {"id": "A", "_sources": ["shop"]}), ("Customer", {"id": "B", "_sources": ["crm", "old"]})], "B"),
        ([("Customer", {"id": "A"}), ("Customer", {"id": "B", "city": "Ulm"})], "B"),
        ([("Customer", {"id": "A", "created_at": 2025}), ("Customer", {"id": "B", "created_at": 2024})], "B"),
        ([("Customer", {"id": "Ä"}), ("Customer", {"id": "B"})], "B"),
    ],
    ids=["label", "trust", "fields", "age", "id"],
)
def test_who_stays(members: list[tuple[str, dict[str, Any]]], stays: str) -> None:
    for _, properties in members:
        if year := properties.get("created_at"):
            properties["created_at"] = datetime(year, 1, 1, tzinfo=UTC)
    assert survivor(members, {"crm": 90}) == stays
    assert survivor(members[::-1], {"crm": 90}) == stays


def test_a_party_that_is_deleted_leaves_no_decision(graph: Graph, bare: Any) -> None:
    fill(graph)
    Duplicates(graph.store).tell_apart("A1", "M1")
    Duplicates(graph.store).tell_apart("A2", "A1")
    graph.candidates.search()
    graph.candidates.wait(60)
    assert len(graph.candidates.page().items) >= 2
    graph.records.delete("contacts", "A1", detach=True)
    assert "A1" not in json.dumps(state(bare))


@pytest.fixture
def run(embedded_graph: Graph, graph_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the command on the filled embedded engine."""
    fill(embedded_graph)
    monkeypatch.setenv("GRAPHCRM_HOME", str(graph_home))
    return lambda *arguments: CliRunner().invoke(cli, ["duplicates", *arguments], env=dict(os.environ))


def test_the_command(run: Callable[..., Any], embedded_graph: Graph) -> None:
    rehearsed = run("merge", "--auto", "--dry-run")
    assert "3 to be merged into 2" in rehearsed.stderr
    assert gone(embedded_graph) == []
    done = run("merge", "--auto", "--format", "json")
    assert [row["id"] for row in json.loads(done.stdout)] == ["A1", "A2", "M1"]
    assert "3 merged into 2" in done.stderr
    merged = run("merged")
    assert "automatic" in merged.stdout
    assert "email equal +" in merged.stdout
    assert "nothing found" in run("merge", "--auto").stdout


@pytest.mark.parametrize("arguments", [("A1",), (), ("A1", "A2", "--auto"), ("A1", "A2", "--dry-run")], ids=" ".join)
def test_the_command_refuses(run: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    assert isinstance(run("merge", *arguments).exception, InvalidInput)
