"""An import that merges what is surely one party once its rows are in."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from graphcrm import Graph
from graphcrm.cli import cli
from graphcrm.errors import Conflict, InvalidInput
from graphcrm.service import automerge
from graphcrm.store import GraphStore

HEADER = "id,name,email,birth_date,phone\n"
ADA = "Ada Byron,ada@example.com,1990-12-10,"
MAX = "Max Born,max@example.com,,+49 30 1234567"
OTHERS = "C1,Jane Doe,jane@example.org,,\nC2,Tom Reed,tom@example.net,,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two people recorded twice, and two who are one each."""
    path = tmp_path / "customers.csv"
    path.write_text(f"{HEADER}A1,{ADA}\nA2,{ADA}\nM1,{MAX}\nM2,{MAX}\n{OTHERS}", encoding="utf-8")
    return path


def parties(graph: Graph) -> list[str]:
    return [each["id"] for each in graph.records.page("customers", limit=100).items]


def test_what_is_surely_one_is_merged_when_the_rows_are_in(graph: Graph, file: Path, tmp_path: Path) -> None:
    first = graph.import_files([file])
    assert first.merged is None
    assert graph.jobs.page().items[0]["merged"] is None
    more = tmp_path / "more" / "customers.csv"
    more.parent.mkdir()
    more.write_text(f"{HEADER}A3,{ADA}\n", encoding="utf-8")
    report = graph.import_files([more], source="shop", merge_duplicates=True)
    assert (report.created, report.merged) == (1, 3)
    assert graph.jobs.page().items[0]["merged"] == 3
    assert parties(graph) == ["A1", "C1", "C2", "M1"]
    assert {each["by"] for each in graph.merging.all()} == {"automatic"}
    again = graph.import_files([file], merge_duplicates=True)
    assert (again.unchanged, again.merged) == (6, 0)
    assert parties(graph) == ["A1", "C1", "C2", "M1"]


def test_one_that_was_cut_off_while_merging_goes_on(graph: Graph, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automerge, "_BATCH", 1)
    calls = []

    def cut(*told: object) -> None:
        calls.append(told)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        graph.import_files([file], merge_duplicates=True, progress=cut)
    assert calls[1] == (str(file), 6, 1.0)
    assert graph.jobs.page().items[0]["state"] == "cancelled"
    assert len(parties(graph)) == 5
    report = graph.import_files([file], merge_duplicates=True)
    assert (report.unchanged, report.merged) == (6, 1)
    assert parties(graph) == ["A1", "C1", "C2", "M1"]


def test_rows_are_in_though_another_run_merges(
    embedded_graph: Graph, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(store: GraphStore, **_: object) -> None:
        raise Conflict("another run began to decide meanwhile")

    monkeypatch.setattr("graphcrm.service.importing.merge_surely", busy)
    with pytest.raises(Conflict, match=r"rows are in.*meanwhile.*again"):
        embedded_graph.import_files([file], merge_duplicates=True)
    assert len(parties(embedded_graph)) == 6
    assert embedded_graph.jobs.page().items[0]["state"] == "failed"


def test_a_dry_run_merges_nothing(embedded_graph: Graph, file: Path) -> None:
    with pytest.raises(InvalidInput, match="merge_duplicates"):
        embedded_graph.import_files([file], merge_duplicates=True, dry_run=True)


def test_the_command_says_how_many_went(graph: Graph, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcrm.service.graph.connect", lambda _: graph)
    monkeypatch.setattr(graph, "close", lambda: None)
    done = CliRunner().invoke(cli, ["import", str(file), "--merge-duplicates"], standalone_mode=False)
    assert done.exception is None
    assert "2 parties were merged into others" in done.stderr
