"""Duplicates of a graph: found, told apart, on both engines and on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from households import register

from graphcrm import Graph
from graphcrm.cli import cli
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.schema import BOOKKEEPING_LABELS
from graphcrm.service.duplicates import DUPLICATE_COLUMNS, Duplicates

ADA = {"name": "Ada Byron", "email": "ada@example.com", "birth_date": "1990-12-10"}
CUSTOMERS = [
    {"id": "C1", **ADA, "kind": "person", "phone": "+44 20 7946 0018", "extra": {"postcode": 4011}},
    {"id": "C2", "name": "Acme Logistics GmbH", "kind": "organization", "country": "DE", "email": "info@acme.example"},
    {"id": "C3", "name": "Acme Logistics SARL", "kind": "organization", "country": "FR", "email": "info@acme.example"},
    {"id": "☃:1", "name": "Max Born", "phone": "+49 30 1234567"},
]
CONTACTS = [
    {"id": "K1", "name": "Ada Byrom", "email": "ADA@example.com", "birth_date": "1990-12-10"},
    {"id": "K2", "name": "Born, Max", "phone": "0049 30 1234567"},
]


def fill(graph: Graph) -> Duplicates:
    for table, rows in (("customers", CUSTOMERS), ("contacts", CONTACTS)):
        report = graph.records.upsert(table, rows)
        assert not report.rejected, report
    return Duplicates(graph.store)


def ends(found: Any) -> list[tuple[str, str]]:
    return list(zip(found["left_id"], found["right_id"], strict=True))


def test_found_across_labels(graph: Graph) -> None:
    found = fill(graph).find()
    assert tuple(found.columns) == DUPLICATE_COLUMNS
    assert sorted(ends(found)) == [("C1", "K1"), ("K2", "☃:1")]
    ada = found[found["left_id"] == "C1"].to_dict("records")[0]
    assert (ada["left_name"], ada["right_name"], ada["group"]) == ("Ada Byron", "Ada Byrom", "C1")
    levels = {entry["field"]: entry["level"] for entry in ada["evidence"]}
    assert levels == {"email": "equal", "birth_date": "equal", "given_name": "equal", "surname": "similar"}
    assert found.attrs["groups"] == [["C1", "K1"], ["K2", "☃:1"]]
    assert found.attrs["parties"] == 6
    assert found.attrs["revision"] == graph.store.revision()


def test_an_empty_graph_has_none(graph: Graph) -> None:
    found = Duplicates(graph.store).find()
    assert found.empty
    assert tuple(found.columns) == DUPLICATE_COLUMNS


def test_parties_are_read_as_they_are(graph: Graph) -> None:
    parties = fill(graph).parties()
    rows = {row["id"]: row for row in parties.to_dict("records")}
    assert set(rows) == {"C1", "C2", "C3", "K1", "K2", "☃:1"}
    assert (rows["C1"]["label"], rows["K1"]["label"]) == ("Customer", "Contact")
    assert (rows["C1"]["birth_date"], rows["C1"]["postcode"]) == ("1990-12-10", "4011")
    assert rows["C2"]["national_id"] == ""


def test_engines_agree_on_a_register(graphs: dict[str, Graph]) -> None:
    people, _ = register(140, 60, seed=9)
    rows = [
        {
            "id": person["id"],
            "name": f"{person['given_name'] or ''} {person['surname'] or ''}".strip() or "?",
            "phone": person["phone"],
            "birth_date": person["birth_date"] if _is_day(person["birth_date"]) else None,
            "extra": {
                key: person[key] for key in ("given_name", "surname", "street", "suburb", "postcode") if person[key]
            },
        }
        for person in people.astype(object).where(people.notna(), None).to_dict("records")
    ]
    answers = []
    for graph in graphs.values():
        assert not graph.records.upsert("customers", rows).rejected
        found = Duplicates(graph.store).find()
        answers.append((found.to_dict("records"), found.attrs["groups"]))
    assert len(answers[0][0]) >= 40
    assert answers[0] == answers[1]


def _is_day(text: str | None) -> bool:
    from datetime import date

    try:
        return bool(text and date.fromisoformat(text))
    except ValueError:
        return False


def test_what_was_told_apart_is_remembered(graph: Graph) -> None:
    duplicates = fill(graph)
    told = duplicates.tell_apart("K1", "C1")
    assert (told["left_id"], told["right_id"]) == ("C1", "K1")
    duplicates.tell_apart("C1", "K1")
    assert [(verdict["left_id"], verdict["right_id"]) for verdict in duplicates.verdicts()] == [("C1", "K1")]
    found = Duplicates(graph.store).find()
    assert ends(found) == [("K2", "☃:1")]
    assert found.attrs["groups"] == [["K2", "☃:1"]]
    duplicates.forget("K1", "C1")
    assert list(duplicates.verdicts()) == []
    assert ("C1", "K1") in ends(duplicates.find())


def test_verdicts_keep_to_the_rules(graph: Graph) -> None:
    duplicates = fill(graph)
    with pytest.raises(InvalidInput, match="same id twice"):
        duplicates.tell_apart("C1", "C1")
    with pytest.raises(NotFound, match="no party 'nobody'"):
        duplicates.tell_apart("C1", "nobody")
    with pytest.raises(NotFound, match="not told apart"):
        duplicates.forget("C1", "K1")
    assert list(duplicates.verdicts()) == []


def test_verdict_is_bookkeeping_and_has_its_migration(graph: Graph) -> None:
    assert "Verdict" in BOOKKEEPING_LABELS
    assert any(name.startswith("0002") for name in graph.store.migrations())


@pytest.fixture
def run(embedded_graph: Graph, graph_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the command on the filled embedded engine."""
    fill(embedded_graph)
    monkeypatch.setenv("GRAPHCRM_HOME", str(graph_home))

    def command(*arguments: str, answers: str = "") -> Any:
        return CliRunner().invoke(cli, ["duplicates", *arguments], input=answers, env=dict(os.environ))

    return command


def test_command_find(run: Callable[..., Any]) -> None:
    done = run("find")
    assert done.exit_code == 0, done.output
    assert "email equal +" in done.stdout
    assert "2 pairs (2 shown), 2 groups of 4 among 6 parties" in done.stderr
    one = run("find", "--limit", "1", "--format", "json")
    assert len(json.loads(one.stdout)) == 1
    assert isinstance(json.loads(one.stdout)[0]["evidence"], list)
    refused = run("find", "--threshold", "1")
    assert isinstance(refused.exception, InvalidInput)


def test_command_review_of_one_pair(run: Callable[..., Any]) -> None:
    shown = run("review", "C1", "K1")
    assert "Ada Byron" in shown.stdout
    assert "Ada Byrom" in shown.stdout
    assert run("review", "C1", "K1", "--not-same").stdout == "C1 and K1: not the same\n"
    assert "1 pairs" in run("find").stderr
    assert run("review", "C1", "K1", "--undo").stdout == "C1 and K1: open again\n"
    assert "2 pairs" in run("find").stderr


@pytest.mark.parametrize(
    "arguments", [("C1",), ("--not-same",), ("C1", "K1", "--not-same", "--undo"), ("C1", "nobody")], ids=" ".join
)
def test_command_review_refuses(run: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    assert isinstance(run("review", *arguments).exception, InvalidInput)


def test_command_review_asks(run: Callable[..., Any]) -> None:
    done = run("review", "--below", "1.1", answers="n\nl\n")
    assert done.exit_code == 0, done.output
    assert "1 of 2" in done.stdout
    assert "2 of 2" in done.stdout
    assert "1 pairs" in run("find").stderr
    assert run("review", "--below", "1.1", answers="q\n").exit_code == 0
    assert "nothing to review" in run("review", "--threshold", "0.4", "--below", "0.4").stdout
