"""What is exported is everything that is shown, import takes it back, and the same graph gives the same bytes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from everything import contents, fill, fill_books, upsert
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphcrm
from graphcrm import Graph, limits
from graphcrm.errors import Conflict, InvalidInput
from graphcrm.sample import write_sample
from graphcrm.service import export as export_module
from graphcrm.service.backup import restore_begun
from graphcrm.service.export import export_graph
from graphcrm.service.export_formats import FORMATS
from graphcrm.service.migrate import migrate
from graphcrm.service.whole import Steps
from graphcrm.settings import Settings
from graphcrm.tables import TABLES

GRAPHCRM = Path(sys.executable).with_name("graphcrm")


def exported(graph: Graph, folder: Path, format_: str = "csv") -> dict[str, bytes]:
    """The files of an export by name."""
    counts = export_graph(graph.store, folder, format_)
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found.keys() == counts.keys()
    return found


def taken_in(graph: Graph, folder: Path, tmp_path: Path) -> Any:
    rejects = tmp_path / "rejects.csv"
    report = graph.import_files([folder], rejects=rejects)
    assert not report.rejected, rejects.read_text(encoding="utf-8")
    return report


@pytest.mark.parametrize("format_", FORMATS)
def test_an_import_of_an_export_exports_the_same_bytes(
    format_: str, engine: str, graphs: dict[str, Graph], tmp_path: Path
) -> None:
    one, other = graphs[engine], graphs["neo4j" if engine == "embedded" else "embedded"]
    fill(one)
    first = exported(one, tmp_path / "first", format_)
    assert {f"{name}.{format_}" for name in TABLES} <= first.keys()
    report = taken_in(other, tmp_path / "first", tmp_path)
    assert report.created + report.updated == report.read
    assert exported(other, tmp_path / "second", format_) == first
    again = taken_in(other, tmp_path / "first", tmp_path)
    assert again.unchanged == again.read
    assert exported(other, tmp_path / "third", format_) == first
    assert one.status()["types"] == other.status()["types"]
    assert one.status()["labels"] == {k: n for k, n in other.status()["labels"].items() if k != "Source"}


def test_the_sample_company_comes_out_as_it_went_in(embedded_graph: Graph, tmp_path: Path) -> None:
    written = write_sample(tmp_path / "in", 60, 7)
    embedded_graph.import_files([tmp_path / "in"])
    exported(embedded_graph, tmp_path / "out")
    for name, count in written.items():
        before, after = (list(csv.DictReader((tmp_path / f / name).open(encoding="utf-8"))) for f in ("in", "out"))
        assert len(after) == count
        key = ["id"] if "id" in before[0] else [k for k in before[0] if k.endswith("id") or k in ("kind", "line_no")]
        there = {tuple(row[k] for k in key): row for row in after}
        for row in before:
            found = there[tuple(row[k] for k in key)]
            shown = {k: _comparable(v) for k, v in found.items() if k in row}
            assert shown == {k: _comparable(v) for k, v in row.items() if k != "reports_to_id"}


def _comparable(text: str) -> Any:
    """Lists of ids are sorted by an export, and amounts and shares are written in one way."""
    if "|" in text:
        return sorted(text.split("|"))
    try:
        return float(text)
    except ValueError:
        return text.replace("+00:00", "Z")


def test_what_is_longer_than_a_line_may_be_comes_back_by_parquet(embedded_graph: Graph, tmp_path: Path) -> None:
    extra = {f"note{number}": "é" * limits.MAX_TEXT_LENGTH for number in range(6)}
    upsert(embedded_graph, "customers", [{"id": "A", "name": "Ann", "extra": extra}, {"id": "B", "name": "Bob"}])
    for format_, taken in (("csv", 1), ("jsonl", 1), ("parquet", 2)):
        exported(embedded_graph, tmp_path / format_, format_)
        report = embedded_graph.import_files([tmp_path / format_], dry_run=True, rejects=tmp_path / "rejects.csv")
        assert (report.read, report.rejected) == (2, 2 - taken)
        if report.rejected:
            assert "is longer than 1,000,000 bytes" in (tmp_path / "rejects.csv").read_text(encoding="utf-8")


def test_rows_are_sorted_by_the_bytes_of_their_ids(graph: Graph, tmp_path: Path) -> None:
    fill(graph)
    exported(graph, tmp_path / "out", "jsonl")
    for name in ("customers", "interactions", "users"):
        lines = (tmp_path / "out" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
        ids = [json.loads(line)["id"] for line in lines]
        assert ids == sorted(ids, key=str.encode)
        assert ids == [record["id"] for record in sorted(_all(graph, name), key=lambda r: r["id"].encode())]


def _all(graph: Graph, table: str) -> list[dict[str, Any]]:
    return graph.records.page(table, limit=1000).items


def test_every_field_is_what_the_interface_shows(graph: Graph, tmp_path: Path) -> None:
    fill(graph)
    exported(graph, tmp_path / "out", "jsonl")
    # Of these the export has a file, since two records name several where a column has room for one.
    apart = {("users", "reports_to_id"), ("cases", "customer_id"), ("tasks", "party_id")}
    for table in (table for table in TABLES.values() if table.label):
        lines = (tmp_path / "out" / f"{table.name}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
        rows = {row["id"]: row for row in map(json.loads, lines)}
        for record in _all(graph, table.name):
            shown = {
                name: value
                for name, value in record.items()
                if value not in (None, "", [], {}) and (table.name, name) not in apart
            }
            assert rows.pop(record["id"]) == shown
        assert not rows


def test_parquet_has_types_of_its_own(embedded_graph: Graph, tmp_path: Path) -> None:
    fill(embedded_graph)
    exported(embedded_graph, tmp_path / "out", "parquet")
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "out" / "orders.parquet")}
    assert (types["at"], types["amount"], types["extra"]) == ("timestamp[us, tz=UTC]", "decimal128(19, 4)", "string")
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "out" / "customers.parquet")}
    assert types["birth_date"] == "date32[day]"
    assert types["tags"].startswith("list<")


def test_lists_that_no_column_holds_have_a_file(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_LIST_LENGTH", 50)
    many = [f"C{number:05d}" for number in range(51)]
    upsert(graph, "customers", [{"id": id_, "name": "x"} for id_ in many])
    upsert(graph, "campaigns", [{"id": "M1", "name": "all", "targeted_ids": many}])
    upsert(graph, "campaigns", [{"id": "M2", "name": "some", "targeted_ids": many[1:]}])
    first = exported(graph, tmp_path / "out")
    assert first["targeted.csv"].count(b"\n") == 52
    assert first["campaigns.csv"].count(b"|") == 49
    again = taken_in(graph, tmp_path / "out", tmp_path)
    assert again.created == 0
    assert exported(graph, tmp_path / "again") == first


def test_records_that_lost_whom_they_must_name_come_back(graph: Graph, bare: Any, tmp_path: Path) -> None:
    upsert(graph, "contacts", [{"id": id_, "name": "x"} for id_ in ("A", "B", "gone")])
    call = {"kind": "call", "at": "2024-01-01"}
    upsert(graph, "interactions", [{"id": "I1", "from_id": "gone", "to_ids": ["A", "B"], **call}])
    upsert(graph, "interactions", [{"id": "I2", "from_id": "A", "to_ids": ["gone"], **call}])
    upsert(graph, "feedback", [{"id": "F1", "party_id": "gone", "kind": "nps"}])
    graph.records.delete("contacts", "gone", detach=True)
    first = exported(graph, tmp_path / "first")
    assert first.keys() == {"contacts.csv", "interactions_incomplete.csv", "feedback_incomplete.csv"}
    bare.wipe()
    taken_in(graph, tmp_path / "first", tmp_path)
    assert exported(graph, tmp_path / "second") == first
    assert graph.records.read("interactions", "I1")["to_ids"] == ["A", "B"]


# ---- whole or not at all ---------------------------------------------------------------------------------


def test_a_folder_with_files_is_left_alone(embedded_graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("mine", "file", "link"):
        with pytest.raises(InvalidInput, match="is there already"):
            export_graph(embedded_graph.store, tmp_path / name)
    with pytest.raises(InvalidInput, match="format: must be one of csv, jsonl, parquet"):
        export_graph(embedded_graph.store, tmp_path / "new", "xml")
    with pytest.raises(InvalidInput, match="cannot be written"):
        export_graph(embedded_graph.store, tmp_path / "file" / "below")
    (tmp_path / "empty").mkdir()
    upsert(embedded_graph, "customers", [{"id": "A", "name": "x"}])
    assert exported(embedded_graph, tmp_path / "empty").keys() == {"customers.csv"}
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "file", "link", "empty"}


def test_an_export_that_fails_leaves_nothing(
    embedded_graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upsert(embedded_graph, "customers", [{"id": "A", "name": "x"}])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_module, "_rows", full)
    with pytest.raises(InvalidInput, match="No space left"):
        export_graph(embedded_graph.store, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# ---- to the other engine and back ------------------------------------------------------------------------


def test_a_migration_there_and_back_changes_no_byte(
    embedded_graph: Graph, neo4j_graph: Graph, empty_home: Path, tmp_path: Path
) -> None:
    fill(embedded_graph)
    fill_books(embedded_graph)
    first, stored = exported(embedded_graph, tmp_path / "first"), contents(embedded_graph)
    told: list[str] = []
    migrate(embedded_graph.store, neo4j_graph.store, lambda what, *_: told.append(what))
    assert list(dict.fromkeys(told)) == ["reading", "checking", "writing"]
    assert exported(neo4j_graph, tmp_path / "second") == first
    assert contents(neo4j_graph) == stored
    with graphcrm.connect(Settings(home=empty_home, embedded_heap="512m")) as back:
        migrate(neo4j_graph.store, back.store)
        assert exported(back, tmp_path / "third") == first
        assert contents(back) == stored
        with pytest.raises(Conflict, match="not empty"):
            migrate(neo4j_graph.store, back.store)
    assert not list((embedded_graph.settings.home / "migrations").iterdir())


def test_a_migration_that_was_cut_off_is_run_again(
    embedded_graph: Graph, neo4j_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Steps, "_EVERY", 1)
    fill(embedded_graph)
    stored = contents(embedded_graph)

    def cut(what: str, done: int, share: float) -> None:
        if what == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(embedded_graph.store, neo4j_graph.store, cut)
    assert restore_begun(neo4j_graph.store)
    upsert(embedded_graph, "customers", [{"id": "later", "name": "x"}])
    migrate(embedded_graph.store, neo4j_graph.store)
    assert contents(neo4j_graph) == stored


def test_a_migration_does_not_go_on_with_what_was_erased(
    embedded_graph: Graph, neo4j_graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Steps, "_EVERY", 1)
    fill(embedded_graph)
    embedded_graph.records.of("shop").upsert("customers", [{"id": "Z", "name": "Zoe"}])

    def cut(what: str, done: int, share: float) -> None:
        if what == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(embedded_graph.store, neo4j_graph.store, cut)
    embedded_graph.sources.erase("shop")
    with pytest.raises(Conflict, match="empty the target"):
        migrate(embedded_graph.store, neo4j_graph.store)


def test_the_commands(neo4j_graph: Graph, empty_home: Path, tmp_path: Path) -> None:
    """As a user runs them: export, backup, restore and migrate; the bytes are the same all the way."""
    target = neo4j_graph.settings
    environment = os.environ | {
        "GRAPHCRM_HOME": str(empty_home),
        "GRAPHCRM_EMBEDDED_HEAP": "512m",
        "GRAPHCRM_MIGRATE_USER": target.neo4j_user,
        "GRAPHCRM_MIGRATE_PASSWORD": target.neo4j_password.get_secret_value(),
    }

    def run(*arguments: object, fails: bool = False, **more: str) -> str:
        command = [str(part) for part in (GRAPHCRM, *arguments)]
        done = subprocess.run(command, env=environment | more, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == (1 if fails else 0), done.stderr
        return done.stderr

    with graphcrm.connect(Settings(home=empty_home, embedded_heap="512m")) as graph:
        fill(graph)
        assert f"{tmp_path / 'one' / 'users.csv'}: 2 rows" in run("export", tmp_path / "one")
        run("backup", tmp_path / "crm.backup")
        assert "not empty" in run("restore", tmp_path / "crm.backup", fails=True)
        assert "nodes and ties, counted" in run("migrate", "--to", target.neo4j_uri)
        graph.close()
    on_neo4j = {
        "GRAPHCRM_NEO4J_URI": str(target.neo4j_uri),
        "GRAPHCRM_NEO4J_PASSWORD": target.neo4j_password.get_secret_value(),
    }
    run("export", tmp_path / "two", "--format", "csv", **on_neo4j)
    assert "not empty" in run("migrate", "--to", f"embedded:{empty_home}", fails=True, **on_neo4j)
    assert "--to" in run("migrate", "--to", "http://example.com", fails=True)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "two").iterdir())
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


# ---- any graph -------------------------------------------------------------------------------------------

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
_ENDS = ["", "|", ":%", "\U0001f600", "\uff21", " a\n", '"']
_ID = st.sampled_from([f"{number}{text}" for number, text in enumerate(_ENDS)])
_EXTRA = st.dictionaries(
    st.from_regex(r"x\w{0,5}", fullmatch=True),
    st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    max_size=3,
)
_TIME = st.datetimes().map(lambda moment: moment.isoformat())
_CUSTOMER = st.fixed_dictionaries(
    {"id": _ID, "name": _TEXT},
    optional={
        "tags": st.lists(_TEXT, max_size=3),
        "notes": _TEXT,
        "created_at": _TIME,
        "owner_id": _ID,
        "extra": _EXTRA,
    },
)
_CONTACT = st.fixed_dictionaries({"id": _ID.map(lambda id_: f"K{id_}"), "name": _TEXT}, optional={"customer_id": _ID})
_ORDER = st.fixed_dictionaries(
    {"id": _ID, "customer_id": _ID, "at": _TIME},
    optional={"amount": st.decimals(-(10**9), 10**9, places=4).map(str), "status": _TEXT},
)
_TIE = st.fixed_dictionaries(
    {"type": st.sampled_from(["KNOWS", "REFERRED", "SUBSIDIARY_OF", "WORKS_AT"]), "source_id": _ID, "target_id": _ID},
    optional={"extra": _EXTRA},
)
_JOB = st.fixed_dictionaries(
    {"type": st.just("WORKS_AT"), "source_id": _ID.map(lambda id_: f"K{id_}"), "target_id": _ID},
    optional={"title": _TEXT, "until": st.dates().map(str)},
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    rows=st.fixed_dictionaries(
        {
            "customers": st.lists(_CUSTOMER, min_size=1, max_size=7),
            "contacts": st.lists(_CONTACT, max_size=4),
            "orders": st.lists(_ORDER, max_size=4),
            "ties": st.lists(_TIE | _JOB, max_size=8),
        }
    )
)
def test_any_graph_comes_back(
    graph: Graph, bare: Any, tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[dict[str, Any]]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    bare.wipe()
    for table, some in rows.items():
        graph.records.upsert(table, some)
    if not any(_all(graph, table) for table in ("customers", "users")):
        return
    first = exported(graph, folder / "first")
    bare.wipe()
    taken_in(graph, folder / "first", folder)
    assert exported(graph, folder / "second") == first
