"""Erasing a source on both engines while others compare, merge and import: its words stay nowhere all the same."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.errors import Conflict, GraphCRMError
from graphcrm.service import aliases, automerge, deriving, erasing, loading
from graphcrm.service.automerge import merge_surely
from graphcrm.service.candidates import Candidates
from graphcrm.service.deriving import revise
from graphcrm.service.duplicates import Duplicates
from graphcrm.service.last_seen import note_sightings
from graphcrm.service.merging import Grounds, Merge, merge_parties
from graphcrm.store import Transaction

SOURCE = "geheim"
TRACES = ("geheim", "sekret", "skey", "1987-06-05", "998877")
"""The source's name and what it alone says."""
ADA = {"name": "Ada Byron", "email": "ada@example.com", "birth_date": "1990-12-10"}
SECRET = {"name": "Ann Berg", "email": "sekret@example.com", "birth_date": "1987-06-05", "phone": "+49 30 998877"}


def say(graph: Graph, source: str, table: str, *rows: dict[str, Any]) -> None:
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected, report


def kept(bare: Any, label: str) -> list[dict[str, Any]]:
    """The properties of all nodes of a label."""
    return [row["properties"] for row in bare.run(f"MATCH (n:{label}) RETURN properties(n) AS properties")]


def texts(bare: Any) -> list[str]:
    """All nodes and ties, each as one text."""
    rows = bare.run("MATCH (n) RETURN properties(n) AS properties")
    rows += bare.run("MATCH ()-[r]->() RETURN properties(r) AS properties")
    return [json.dumps(row["properties"], default=str).lower() for row in rows]


def fill(graph: Graph) -> None:
    """A and B are one by the secret source's words alone, E1 and E2 by what the others say."""
    say(graph, "crm", "customers", {"id": "A", "name": "Ann Berg"}, {"id": "B", "name": "Ann Berg"})
    say(graph, "crm", "customers", {"id": "E1", **ADA}, {"id": "E2", **ADA})
    say(graph, SOURCE, "customers", *({"id": id_, **SECRET} for id_ in "AB"))


# ---- while others write ----------------------------------------------------------------------------------


def test_what_others_say_between_reading_a_page_and_writing_it_stays(
    graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of nodes and ties that until then the erased source alone had described."""
    tie = {"type": "KNOWS", "source_id": "A", "target_id": "K", "kind": "friend"}
    say(graph, "crm", "customers", {"id": "A", "name": "Ann"})
    say(graph, SOURCE, "contacts", {"id": "K", **SECRET})
    say(graph, SOURCE, "ties", tie | {"strength": 0.998877})
    later = [("ties", tie | {"strength": 0.5}), ("contacts", {"id": "K", "name": "Kim"})]
    pages = deriving._pages

    def then_said(*arguments: Any, **options: Any) -> Any:
        for page in pages(*arguments, **options):
            if later:
                say(graph, "crm", *later.pop(0))
            yield page

    monkeypatch.setattr(deriving, "_pages", then_said)
    graph.sources.erase(SOURCE)
    assert not later
    assert graph.records.read("contacts", "K")["name"] == "Kim"
    assert graph.records.read("ties", "KNOWS:A:K:friend")["strength"] == 0.5
    assert not [text for text in texts(bare) if any(trace in text for trace in TRACES)]


# ---- merging by itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [(Duplicates, "find"), (automerge, "keep")], ids=["searched", "decided"])
def test_nobody_is_merged_on_the_words_of_a_source_that_is_erased_meanwhile(
    graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str]
) -> None:
    fill(graph)
    step = getattr(*where)

    def erased_then(*arguments: Any, **options: Any) -> Any:
        result = step(*arguments, **options)
        graph.sources.erase(SOURCE)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(*where, erased_then)
        with pytest.raises(Conflict, match="a source that was erased"):
            merge_surely(graph.store)
    assert graph.merging.all() == []
    done = merge_surely(graph.store)
    assert [{row["id"], row["into"]} for row in done.to_dict("records")] == [{"E1", "E2"}]
    assert kept(bare, "Decision") == []
    assert not any(trace in text for text in texts(bare) for trace in TRACES)


# ---- searching -------------------------------------------------------------------------------------------


def test_a_search_that_begins_while_a_source_is_erased_keeps_nothing_of_it(
    graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(graph)
    keep = Candidates._keep
    has_read, is_erased = threading.Event(), threading.Event()

    def kept_later(self: Candidates, found: Any) -> None:
        assert len(found) == 2
        has_read.set()
        assert is_erased.wait(60)
        keep(self, found)

    def searched_then(*arguments: Any, **options: Any) -> Any:
        graph.candidates.search()
        assert has_read.wait(60)
        return revise(*arguments, **options)

    monkeypatch.setattr(Candidates, "_keep", kept_later)
    monkeypatch.setattr(erasing, "revise", searched_then)
    graph.sources.erase(SOURCE)
    is_erased.set()
    graph.candidates.wait(60)
    assert (graph.candidates.last() or {})["state"] == "failed"
    assert [each["id"] for each in kept(bare, "Candidate")] == ["search"]


# ---- importing -------------------------------------------------------------------------------------------


def test_an_import_that_goes_on_notes_no_sightings_of_an_erased_source(
    graph: Graph, bare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("id,name\nSKEY1,Sekret\nSKEY2,Sekret\n", encoding="utf-8")
    graph.import_files([file], source=SOURCE)

    def noted(*arguments: Any) -> None:
        graph.sources.erase(SOURCE)
        note_sightings(*arguments)

    monkeypatch.setattr(loading, "note_sightings", noted)
    with suppress(GraphCRMError):  # it was cancelled, or ends as it would have
        graph.import_files([file], source=SOURCE)
    assert kept(bare, "Sighting") == []
    assert SOURCE not in [each["name"] for each in graph.sources.all()]
    assert not any(trace in text for text in texts(bare) for trace in TRACES)


# ---- merges ----------------------------------------------------------------------------------------------


def by_itself(graph: Graph, id_: str, into: str, compared_with: str) -> None:
    """Merge as the product does it."""
    grounds = Grounds(0.995, [{"field": "email", "level": "equal", "weight": 9.5}], compared_with)
    merge = Merge(id_, into, "automatic", grounds)
    graph.store.write(lambda tx: merge_parties(tx, [merge], datetime.now(UTC)), [id_, into])


@pytest.mark.parametrize("is_automatic", [False, True])
def test_who_only_stood_for_another_is_named_nowhere_once_that_one_is_taken_out(
    graph: Graph, bare: Any, is_automatic: bool
) -> None:
    say(graph, SOURCE, "customers", {"id": "SKEY4", "name": "Sekret"})
    say(graph, "crm", "customers", {"id": "A1", "name": "Ann"}, {"id": "A2", "name": "Bea"})
    if is_automatic:
        by_itself(graph, "A1", "SKEY4", "SKEY4")
    else:
        graph.merging.merge("A1", "SKEY4")
    graph.sources.erase(SOURCE)
    Duplicates(graph.store).tell_apart("A2", "SKEY4")
    graph.merging.unmerge("A1")
    assert not any(trace in text for text in texts(bare) for trace in TRACES)
    kinds = [line["kind"] for line in graph.archive.history("A1").to_dict("records")]
    assert kinds[0] == "came_back"
    assert graph.records.read("customers", "A1")["name"] == "Ann"


@pytest.mark.parametrize("is_deleted", [False, True], ids=["erased", "deleted"])
def test_a_merge_names_nobody_who_is_gone_as_the_one_it_was_made_for(graph: Graph, bare: Any, is_deleted: bool) -> None:
    say(graph, "crm", "customers", *({"id": f"C{n}", "name": "Ann Berg"} for n in range(4)))
    say(graph, SOURCE, "customers", *({"id": id_, "name": "Ann Berg"} for id_ in ("SKEY", "SKEY2")))
    by_itself(graph, "C0", "C1", "SKEY")
    by_itself(graph, "C2", "C3", "C3")
    if is_deleted:
        graph.records.delete("customers", "SKEY", detach=True)
    graph.sources.erase(SOURCE)
    merges = {each["id"]: each for each in graph.merging.all()}
    assert [merges["C0"][name] for name in ("into", "probability", "compared_with", "evidence")] == [
        *("C1", 0.995),
        *(None, None),
    ]
    assert (merges["C2"]["compared_with"], len(merges["C2"]["evidence"])) == ("C3", 1)
    assert not any(trace in text for text in texts(bare) for trace in TRACES)


def test_who_stands_for_a_party_is_held_when_it_was_merged_meanwhile(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding who stands for a party and holding that one, it may be merged itself."""
    say(graph, "crm", "customers", *({"id": id_, "name": f"Name {id_}"} for id_ in "ABC"))
    graph.merging.merge("A", "B")
    held: list[set[str]] = []
    hold, find = Transaction.hold, aliases.roots
    answers = iter([{"A": "B"}])
    graph.merging.merge("B", "C")

    def noted(self: Transaction, keys: Any) -> None:
        held.append(set(keys))
        hold(self, held[-1])

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "hold", noted)
        patch.setattr(aliases, "roots", lambda run, ids: next(answers, None) or find(run, ids))
        found = graph.store.write(lambda tx: aliases.held_roots(tx, ["A"]), ["A"])
    assert found == {"A": "C"}
    assert held == [{"B"}, {"C"}]


# ---- how much is asked -----------------------------------------------------------------------------------


def test_records_are_forgotten_by_the_page(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("crm", "shop", SOURCE):
        say(graph, source, "customers", *({"id": f"C{n}", "name": f"{source} {n}"} for n in range(20)))
    asked: list[str] = []
    run = Transaction.run

    def counted(self: Transaction, name: str, /, **parameters: Any) -> Any:
        asked.append(name)
        return run(self, name, **parameters)

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "run", counted)
        graph.sources.erase(SOURCE)
    assert asked.count("source_records/delete") < 5
    assert asked.count("source_records/write") < 5
    said = graph.sources.provenance("customers", "C7")
    assert [each["source"] for each in said["sources"]] == ["crm", "shop"]
    assert graph.records.read("customers", "C7")["name"] == "shop 7"
