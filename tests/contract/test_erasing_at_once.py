"""Erasing a source on both engines while others compare, merge and import: its words stay nowhere all the same."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.errors import Conflict
from graphcrm.service import automerge, erasing
from graphcrm.service.automerge import merge_surely
from graphcrm.service.candidates import Candidates
from graphcrm.service.duplicates import Duplicates

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
    revise, keep = erasing.revise, Candidates._keep
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
