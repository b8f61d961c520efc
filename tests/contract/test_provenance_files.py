"""What an export tells of where everything came from is what the interface says of each record, on both engines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from everything import fill

import graphcrm
from graphcrm import Graph
from graphcrm.service.duplicates import Duplicates
from graphcrm.service.export import export_graph
from graphcrm.service.export_formats import FORMATS, cell_text
from graphcrm.service.migrate import migrate
from graphcrm.settings import Settings
from graphcrm.tables import TABLES

FILES = {"provenance", "sources", "history", "merges", "verdicts"}
IN_COLUMNS = {(table.name, ref.field) for table in TABLES.values() for ref in table.references}


def say(graph: Graph, source: str, table: str, *rows: dict[str, Any]) -> None:
    report = graph.records.of(source).upsert(table, list(rows))
    assert not report.rejected, report.rejected


def disagree(graph: Graph, folder: Path) -> None:
    """Sources of other minds, in fields, ties and columns; values as they came; pins, edits, a merge, a verdict."""
    graph.sources.add("crm", "crm", 70)
    graph.sources.add("shop", trust=30)
    graph.sources.add("till", prefix="till-")
    file = folder / "customers.csv"
    file.write_text(
        'id,name,phone,country,owner_id,tags\nA,"Ann, ""the"" first",+49 30 123456,Germany,U7,a|b\n'
        "B,Bob,call me,DE,U7,\nE,Eve,,,U7,\nF,=1+1,,,,\n",
        encoding="utf-8",
    )
    (folder / "till").mkdir()
    (folder / "till" / "customers.csv").write_text("id,name,country\n1,Tim,Germany\n", encoding="utf-8")
    graph.import_files([folder / "till"], source="till")
    for _ in range(2):
        graph.import_files([file], source="list")
    file.write_text("id,name,email\nF,=1+1,f@example.com\n", encoding="utf-8")
    graph.import_files([file], source="list")
    say(graph, "crm", "customers", {"id": "A", "name": "Anna", "city": "Ulm", "owner_id": "U8", "extra": {"n": 1.0}})
    say(
        graph,
        "shop",
        "customers",
        {"id": "A", "name": "Ann", "city": "Bonn"},
        {"id": "B", "name": "Bobby"},
        {"id": "D", "name": "Di"},
    )
    say(graph, "crm", "orders", {"id": "O1", "customer_id": "A", "at": "2024-02-29", "amount": "12.5"})
    say(graph, "shop", "orders", {"id": "O1", "customer_id": "A", "at": "2024-02-29", "amount": "12.6"})
    knows = {"type": "KNOWS", "source_id": "A", "target_id": "B", "kind": "friend"}
    say(graph, "crm", "ties", knows | {"strength": 0.5}, knows | {"target_id": "D"})
    say(graph, "shop", "ties", knows | {"strength": 0.25, "since": "2020-01-01"})
    say(
        graph,
        "shop",
        "consents",
        {"id": "N", "party_id": "B", "channel": "email", "purpose": "ads", "granted": True, "at": "2024-01-01"},
    )
    graph.records.patch("customers", "B", {"notes": "\n1\r\n2", "name": "Rob"})
    graph.sources.pin("customers", "A", "city", "Kiel")
    graph.sources.pin("customers", "B", "owner_id", source="list")
    graph.merging.merge("E", "A")
    Duplicates(graph.store).tell_apart("D", "A")


def exported(graph: Graph, folder: Path, format_: str = "csv") -> dict[str, bytes]:
    counts = export_graph(graph.store, folder, format_, provenance=True)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found.keys() == counts.keys()
    return found


def lines(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "provenance" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def things(told: list[dict[str, str]]) -> Iterator[tuple[tuple[str, str], list[dict[str, str]]]]:
    for thing, some in groupby(told, key=lambda line: (line["table"], line["id"])):
        yield thing, list(some)


def test_every_line_is_what_the_interface_says(graph: Graph, tmp_path: Path) -> None:
    disagree(graph, tmp_path)
    exported(graph, tmp_path / "out")
    told = lines(tmp_path / "out", "provenance")
    seen = set()
    for (table, id_), some in things(told):
        if any(line["shown"] == "false" and not line["field"] for line in some):
            assert table == "ties"  # a word of a column that does not show
            assert all(line["shown"] == "false" for line in some)
            continue
        known = graph.sources.provenance(table, id_)
        seen.add((table, id_))
        whole = {
            (line["source"], line["key"], line["seen_at"], line["last_seen"]) for line in some if not line["field"]
        }
        assert whole == {
            tuple(each[name] for name in ("source", "key", "seen_at", "last_seen")) for each in known["sources"]
        }
        values = {
            (field["field"], said["source"], said["key"]): (field, said)
            for field in known["fields"]
            if (table, field["field"]) not in IN_COLUMNS
            for said in field["values"]
        }
        found = {(line["field"], line["source"], line["key"]): line for line in some if line["field"]}
        is_alone = not any(line["rule"] for line in found.values())
        times = {(line["seen_at"], line["last_seen"]) for line in some if not line["field"]}
        wanted = {
            key
            for key, (_, said) in values.items()
            if not is_alone or said["raw"] is not None or (said["seen_at"], said["last_seen"]) not in times
        }
        assert found.keys() == wanted
        for key, line in found.items():
            field, said = values[key]
            assert (line["value"], line["raw"]) == (cell_text(said["value"]), said["raw"] or "")
            assert line["shown"] == cell_text(said["shown"])
            assert is_alone or line["rule"] == (field["rule"] if said["shown"] else "")
            assert (line["seen_at"], line["last_seen"]) == (said["seen_at"], said["last_seen"])
    for table in (table.name for table in TABLES.values() if table.label):
        assert {id_ for name, id_ in seen if name == table} == {r["id"] for r in graph.records.page(table).items}
    kept = {(line["source"], line["id"]) for line in told if line["shown"] == "false" and line["table"] == "ties"}
    assert {("list", "OWNS:U7:A")} <= kept
    pinned = {(line["id"], line["field"], line["value"]) for line in told if line["source"] == "pinned"}
    assert {("A", "city", "Kiel"), ("OWNS:U7:B", "", "")} <= pinned
    raw = {(line["id"], line["field"], line["raw"]) for line in told if line["raw"]}
    assert ("A", "country", "Germany") in raw
    assert {line["key"] for line in told if line["id"] == "till-1"} == {"1"}
    assert {line["field"] for line in told if line["id"] == "F"} >= {"", "name"}  # said at another time than the e-mail


def test_books_are_told_too(graph: Graph, tmp_path: Path) -> None:
    disagree(graph, tmp_path)
    exported(graph, tmp_path / "out")
    sources = {
        line["name"]: (line["kind"], line["trust"], line["prefix"]) for line in lines(tmp_path / "out", "sources")
    }
    assert sources == {
        "crm": ("crm", "70", ""),
        "hand": ("hand", "100", ""),
        "list": ("files", "50", ""),
        "shop": ("files", "30", ""),
        "till": ("files", "50", "till-"),
    }
    [merge] = lines(tmp_path / "out", "merges")
    assert {name: merge[name] for name in ("id", "into", "table", "by")} == {
        "id": "E",
        "into": "A",
        "table": "customers",
        "by": "hand",
    }
    [verdict] = lines(tmp_path / "out", "verdicts")
    assert (verdict["left_id"], verdict["right_id"]) == ("A", "D")
    history = lines(tmp_path / "out", "history")
    assert [line["change_id"] for line in history] == sorted(line["change_id"] for line in history)
    told = [(line["at"], line["kind"], line["field"], line["from"], line["to"]) for line in history]
    for party in ("A", "B", "D"):
        for line in graph.archive.history(party).to_dict("records"):
            if line["kind"] == "changed":
                values = [cell_text(line[name]) for name in ("from", "to")]
                assert (line["at"], line["kind"], line["field"], *values) in told


def test_the_same_bytes_on_both_engines_and_back(
    embedded_graph: Graph, neo4j_graph: Graph, empty_home: Path, tmp_path: Path
) -> None:
    fill(embedded_graph)
    disagree(embedded_graph, tmp_path)
    first = {format_: exported(embedded_graph, tmp_path / f"1{format_}", format_) for format_ in FORMATS}
    migrate(embedded_graph.store, neo4j_graph.store)
    for format_, files in first.items():
        assert {f"provenance/{name}.{format_}" for name in FILES} <= files.keys()
        assert exported(neo4j_graph, tmp_path / f"2{format_}", format_) == files
    with graphcrm.connect(Settings(home=empty_home, embedded_heap="512m")) as back:
        migrate(neo4j_graph.store, back.store)
        assert exported(back, tmp_path / "3") == first["csv"]
    alike(tmp_path)


def alike(folder: Path) -> None:
    """The three formats say the same."""
    for name in FILES:
        in_csv = lines(folder / "1csv", name)
        text = (folder / "1jsonl" / "provenance" / f"{name}.jsonl").read_text(encoding="utf-8")
        in_json = [json.loads(line) for line in text.split("\n")[:-1]]
        in_parquet = pq.read_table(folder / "1parquet" / "provenance" / f"{name}.parquet").to_pylist()
        assert len(in_csv) == len(in_json) == len(in_parquet) > 0
        for one, other, third in zip(in_csv, in_json, in_parquet, strict=True):
            assert {key: value for key, value in one.items() if value} == {k: cell_text(v) for k, v in other.items()}
            assert other.keys() == {key for key, value in third.items() if value is not None}


def test_import_takes_the_tables_and_leaves_the_rest(graph: Graph, bare: Any, tmp_path: Path) -> None:
    disagree(graph, tmp_path)
    first = exported(graph, tmp_path / "first")
    bare.wipe()
    report = graph.import_files([tmp_path / "first"])
    assert not report.rejected
    assert {Path(item.file).stem for item in report.files} == {Path(name).stem for name in first if "/" not in name}
    export_graph(graph.store, tmp_path / "second")
    for path in (tmp_path / "second").iterdir():
        assert path.read_bytes() == first[path.name]


def test_nothing_to_tell_makes_no_folder(embedded_graph: Graph, tmp_path: Path) -> None:
    assert exported(embedded_graph, tmp_path / "out") == {}
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_tells_of_it_only_where_that_is_asked_for(
    format_: str, embedded_graph: Graph, tmp_path: Path
) -> None:
    say(embedded_graph, "crm", "customers", {"id": "A", "name": "Ann"})
    assert export_graph(embedded_graph.store, tmp_path / "out", format_) == {f"customers.{format_}": 1}
