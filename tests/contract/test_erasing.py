"""Erasing a source on both engines: a walk over all that is kept afterwards finds nothing of it, nor of its time."""

from __future__ import annotations

import base64
import binascii
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import neo4j.time
import pytest

from graphcrm import Graph
from graphcrm.errors import Conflict, MergedAway, NotFound
from graphcrm.service.backup import make_backup
from graphcrm.service.duplicates import Duplicates
from graphcrm.service.export import export_graph
from graphcrm.service.jobs import new_id
from graphcrm.service.merging import Grounds, Merge, merge_parties

SOURCE = "geheim"
TRACES = ("geheim", "sekret", "skey", "1987-06-05", "4711.25", "998877")
"""The source's name, and what is in its values, its keys and its numbers; nobody else says any of it."""
MOMENT = re.compile(r"\d{4}-?\d\d-?\d\dT\d\d:?\d\d:?\d\d(?:\.\d+)?(?:Z|\+00:00)?")

Window = tuple[datetime, datetime]


def say(graph: Graph, source: str, table: str, *rows: dict[str, Any]) -> None:
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected, report


def now() -> datetime:
    return datetime.now(UTC)


class Windows(list[Window]):
    """The times in which the source spoke."""

    @contextmanager
    def speaking(self) -> Iterator[None]:
        time.sleep(0.002)
        begin = now()
        yield
        self.append((begin, now()))
        time.sleep(0.002)

    def hold(self, at: datetime) -> bool:
        return any(begin <= at <= end for begin, end in self)


# ---- walking over everything -----------------------------------------------------------------------------


def things(bare: Any) -> list[tuple[str, dict[str, Any]]]:
    """Every node and tie of the database, with its label or type."""
    nodes = bare.run("MATCH (n) RETURN labels(n) AS kind, properties(n) AS properties")
    ties = bare.run("MATCH ()-[r]->() RETURN [type(r)] AS kind, properties(r) AS properties")
    return [(":".join(row["kind"]), row["properties"]) for row in (*nodes, *ties)]


def texts(value: Any) -> Iterator[str]:
    """A value as text, and what it is when it is unpacked."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
        yield from _unpacked(value)
    else:
        yield str(value)
        if isinstance(value, str):
            try:
                packed = base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                return
            yield packed.decode("utf-8", "replace")
            yield from _unpacked(packed)


def _unpacked(packed: bytes) -> Iterator[str]:
    try:
        yield zlib.decompress(packed).decode("utf-8", "replace")
    except zlib.error:
        return


def moments(value: Any) -> Iterator[datetime]:
    """Every time in a value, those that stand in texts included."""
    if isinstance(value, neo4j.time.DateTime):
        yield value.to_native().astimezone(UTC)
    elif isinstance(value, datetime):
        yield value.astimezone(UTC)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from moments(item)
    elif isinstance(value, str):
        for text in texts(value):
            for found in MOMENT.findall(text):
                at = datetime.fromisoformat(found)
                yield at if at.tzinfo else at.replace(tzinfo=UTC)


def traces(found: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [
        f"{kind}: {text}"
        for kind, properties in found
        for text in texts(properties)
        if any(trace in text.lower() for trace in TRACES)
    ]


def times(found: list[tuple[str, dict[str, Any]]], windows: Windows) -> list[str]:
    """Where a time is kept at which the source spoke; that something changed then may wait to be told."""
    return [
        f"{kind} {properties.get('id')}: {key}"
        for kind, properties in found
        for key, value in properties.items()
        if kind != "Delivery" and any(map(windows.hold, moments(value)))
    ]


def pairs(found: list[tuple[str, dict[str, Any]]]) -> set[tuple[str, str]]:
    """Whom a search found to be alike, and who is to be merged."""
    ends = (("left_id", "right_id"), ("party_id", "into_id"))
    waiting = [properties for kind, properties in found if kind in ("Candidate", "Decision")]
    return {(each[one], each[other]) for each in waiting for one, other in ends if one in each}


FOLDERS = ("rejects", "uploads", "migrations")


@pytest.fixture
def home(bare: Any) -> Path:
    """The data folder, without what other tests left in it."""
    for part in FOLDERS:
        shutil.rmtree(bare.settings.home / part, ignore_errors=True)
    return Path(bare.settings.home)


def files(home: Path) -> str:
    """The names of files in the data folder and what is in them; the database's own are out of reach."""
    kept = [path for part in FOLDERS for path in (home / part).rglob("*")]
    return " ".join(f"{path} {_text(path) if path.is_file() else ''}" for path in kept).lower()


def _text(path: Path) -> str:
    content = path.read_bytes()
    return " ".join([content.decode("utf-8", "replace"), *_unpacked(content), *_unpacked_of_gzip(content)])


def _unpacked_of_gzip(content: bytes) -> Iterator[str]:
    """What lies packed behind the header of a backup."""
    start = content.find(b"\x1f\x8b")
    if start >= 0:
        yield zlib.decompressobj(wbits=31).decompress(content[start:]).decode("utf-8", "replace")


# ---- a graph in which a source has left traces everywhere -------------------------------------------------


@pytest.fixture
def windows() -> Windows:
    return Windows()


def fill(graph: Graph, windows: Windows, folder: Path) -> None:
    """What others say, and between that what the source says, and what becomes of it."""
    graph.webhooks.add("https://example.com")
    graph.sources.add("crm", trust=60)
    with windows.speaking():
        graph.sources.add(SOURCE, "sekret list", 90)
        say(graph, SOURCE, "customers", {"id": "F", "name": "Fay Sekret", "owner_id": "U2"})
    say(graph, "crm", "customers", *({"id": id_, "name": f"Name {id_}"} for id_ in "AMYZGHDPQ"))
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm", "owner_id": "U1"})
    say(graph, "crm", "contacts", {"id": "K", "name": "Kim", "customer_id": "A"})
    with windows.speaking():
        _speak(graph)
    say(graph, "crm", "customers", {"id": "F", "name": "Fay", "owner_id": "U2"})
    say(graph, "crm", "customers", {"id": "E", "name": "Eve"})
    _merge(graph)
    _decide(graph)
    _edit(graph, windows)
    with windows.speaking():
        _import(graph, folder)
        say(graph, SOURCE, "customers", {"id": "A", "name": "Ann Sekret 2", "city": "Sekretbach"})
        say(graph, SOURCE, "customers", {"id": "SKEY3", "name": "Sekret, merged already"})


def _speak(graph: Graph) -> None:
    mail = {"email": "sekret@example.com", "birth_date": "1987-06-05", "phone": "+49 30 998877"}
    say(
        graph, SOURCE, "customers", {"id": "A", "name": "Ann Sekret", "owner_id": "U1", "extra": {"sekret_no": 4711.25}}
    )
    say(graph, SOURCE, "customers", *({"id": id_, "name": "Gus Sekret", **mail} for id_ in "GHPQ"))
    say(graph, SOURCE, "customers", *({"id": f"SKEY{n}", "name": f"Sekret {n}", "owner_id": "U2"} for n in range(1, 8)))
    say(graph, SOURCE, "customers", {"id": "B", "name": "Bo Sekret"}, {"id": "C", "name": "Cy Sekret"})
    say(graph, SOURCE, "customers", {"id": "D", "name": "Di Sekret"}, {"id": "M", "name": "Mo Sekret"})
    say(graph, SOURCE, "contacts", {"id": "SKEY-K", "name": "Kay Sekret", "customer_id": "A", "title": "Sekret"})
    say(graph, SOURCE, "orders", {"id": "SKEY-O", "customer_id": "A", "at": "2024-01-01", "amount": "4711.25"})
    say(graph, SOURCE, "cases", {"id": "SKEY-C", "subject": "Sekret", "customer_id": "Y"})
    ties = [("A", "SKEY1"), ("SKEY2", "A"), ("A", "M"), ("SKEY3", "M")]
    say(graph, SOURCE, "ties", *({"type": "REFERRED", "source_id": one, "target_id": two} for one, two in ties))
    knows = {"type": "KNOWS", "kind": "friend"}
    say(graph, SOURCE, "ties", knows | {"source_id": "A", "target_id": "SKEY1", "since": "1987-06-05"})
    say(graph, SOURCE, "ties", knows | {"source_id": "A", "target_id": "Y", "strength": 0.5})


def _merge(graph: Graph) -> None:
    """SKEY3, SKEY5 and SKEY6 stay as nobody; what was merged into SKEY5 stays where that was merged into."""
    graph.merging.merge("SKEY3", "Y")
    graph.merging.merge("SKEY4", "SKEY2")
    graph.merging.merge("E", "SKEY5")
    graph.merging.merge("SKEY5", "Z")
    graph.merging.merge("M", "Z")
    graph.merging.merge("SKEY6", "Z")
    graph.merging.unmerge("SKEY6")
    grounds = Grounds(0.995, [{"field": "email", "level": "sekret@example.com equal", "weight": 9.5}], "SKEY2")
    graph.store.write(lambda tx: merge_parties(tx, [Merge("H", "G", "automatic", grounds)], now()), ["G", "H"])


def _decide(graph: Graph) -> None:
    for id_ in ("SKEY1", "Y"):
        Duplicates(graph.store).tell_apart(id_, "A")
    decided = {"compared_with": "G", "probability": 0.995, "evidence": '[{"level": "1987-06-05 equal"}]'}
    rows = [decided | {"id": "r:1", "party_id": "G", "into_id": "A"}]
    graph.store.write(lambda tx: tx.run("decisions/write", rows=rows))


def _edit(graph: Graph, windows: Windows) -> None:
    """Who was edited stays, by its editor's word."""
    graph.records.patch("customers", "B", {"name": "Bo", "city": "Kiel"})
    graph.sources.pin("customers", "A", "website", "https://ann.example")
    say(graph, "crm", "ties", {"type": "KNOWS", "source_id": "A", "target_id": "C", "kind": "friend"})
    graph.records.delete("customers", "SKEY7", detach=True)
    graph.records.delete("customers", "D", detach=True)
    graph.records.delete("ties", "KNOWS:A:SKEY1:friend")
    with windows.speaking():
        graph.records.convert("SKEY-K", receipt=("key", "print"))
        graph.records.of(SOURCE).create("customers", {"id": "SKEY8", "name": "Sekret"}, force=True)
        graph.sources.add(SOURCE, trust=95)


def _import(graph: Graph, folder: Path) -> None:
    file = folder / "customers.csv"
    file.write_text("id,name,city\nSKEY9,Sekret 9,\nSKEY10,,Sekret\n", encoding="utf-8")
    graph.import_files([file], source=SOURCE)
    graph.import_files([file], source=SOURCE)
    id_ = new_id()
    upload = graph.jobs.uploads.begin(id_)
    with upload.open_file("sekret.csv") as out:
        out.write(b"id,name\nSKEY11,Sekret\n")
    graph.jobs.queue(id_, {"source": SOURCE}, SOURCE, False, ("queued", "print"))
    upload.release()


def test_nothing_is_left_of_an_erased_source(
    graph: Graph, bare: Any, home: Path, windows: Windows, tmp_path: Path
) -> None:
    fill(graph, windows, tmp_path)
    graph.candidates.search()
    graph.candidates.wait(120)
    make_backup(graph.store, home / "migrations" / "cut-off.backup")
    found = things(bare)
    kinds = {line.partition(":")[0] for line in traces(found)}
    assert kinds >= {
        *("Customer", "Order", "Case", "REFERRED", "KNOWS", "Record", "Change", "Alias", "Verdict"),
        *("Decision", "Delivery", "Job", "Receipt", "Source", "Sighting"),
    }, "the walk would find no trace there"
    assert times(found, windows)
    assert pairs(found) >= {("P", "Q")}, "the two have what the source says in common"
    assert all(trace in files(home) for trace in ("sekret", "skey"))
    assert "sekret" in _text(home / "migrations" / "cut-off.backup").lower()

    graph.sources.erase(SOURCE)

    found = things(bare)
    assert traces(found) == []
    assert times(found, windows) == []
    assert not pairs(found) & {("P", "Q"), ("G", "A")}
    assert not any(trace in files(home) for trace in TRACES)
    export_graph(graph.store, tmp_path / "out", "csv", provenance=True)
    exported = " ".join(path.read_text() for path in (tmp_path / "out").rglob("*.csv")).lower()
    assert "ann" in exported
    assert (tmp_path / "out" / "provenance" / "history.csv").exists()
    assert not any(trace in exported for trace in TRACES)
    for again in (graph.sources.erase, graph.sources.read):
        with pytest.raises(NotFound):
            again(SOURCE)


def test_what_others_said_is_left_and_can_be_taken_apart(
    graph: Graph, bare: Any, windows: Windows, tmp_path: Path
) -> None:
    fill(graph, windows, tmp_path)
    graph.sources.erase(SOURCE)
    left = {each["id"]: each["name"] for each in graph.records.page("customers", limit=100).items}
    assert left == {
        "A": "Ann",
        "B": "Bo",
        "C": "C",
        "F": "Fay",
        "G": "Name G",
        "P": "Name P",
        "Q": "Name Q",
        "Y": "Name Y",
        "Z": "Eve",
    }
    merged = {each["id"]: each for each in graph.merging.all()}
    assert {id_: each["into"] for id_, each in merged.items()} == {"E": "Z", "H": "G", "M": "Z"}
    assert [merged["H"][name] for name in ("probability", "evidence", "compared_with")] == [0.995, None, None]
    assert [(each["left_id"], each["right_id"]) for each in Duplicates(graph.store).verdicts()] == [("A", "Y")]
    with pytest.raises(NotFound, match="was deleted"):
        graph.records.read("customers", "D", now())  # others knew it, too
    lines = graph.archive.history("F").to_dict("records")
    assert [(line["kind"], line["source"]) for line in lines if line["kind"] == "created"] == [("created", "crm")]
    for id_ in merged:
        graph.merging.unmerge(id_)
    left = {each["id"]: each["name"] for each in graph.records.page("customers", limit=100).items}
    assert [left[id_] for id_ in "EHMZ"] == ["Eve", "Name H", "Name M", "Name Z"]
    assert times(things(bare), windows) == []


def test_who_was_first_spoken_of_by_the_erased_source_is_known_since_the_next(graph: Graph, windows: Windows) -> None:
    with windows.speaking():
        say(graph, SOURCE, "customers", {"id": "A", "name": "Ann", "city": "Bonn"}, {"id": "M", "name": "Mo"})
        say(graph, SOURCE, "contacts", {"id": "K", "name": "Kim"})
    early = now()
    time.sleep(0.002)
    say(graph, "shop", "customers", {"id": "A", "name": "Anna"}, {"id": "M", "name": "Mo"}, {"id": "Z", "name": "Zoe"})
    between = now()
    graph.records.patch("customers", "A", {"city": "Kiel"})
    graph.merging.merge("M", "Z")
    say(graph, "crm", "ties", {"type": "KNOWS", "source_id": "A", "target_id": "K", "kind": "friend"})
    assert graph.records.read("customers", "A", early)["name"] == "Ann"
    graph.sources.erase(SOURCE)
    for id_ in ("A", "M"):
        with pytest.raises(NotFound, match="first recorded"):
            graph.records.read("customers", id_, early)
        assert graph.records.read("customers", id_, between)["city"] is None
    with pytest.raises(NotFound, match="first recorded"):
        graph.records.read("contacts", "K", between)
    first = graph.archive.history("A").to_dict("records")[-1]
    assert (first["kind"], first["source"]) == ("created", "shop")
    assert early < datetime.fromisoformat(first["at"]) < between
    graph.merging.unmerge("M")
    assert datetime.fromisoformat(graph.archive.history("M").to_dict("records")[-1]["at"]) < between


def test_who_stands_for_others_keeps_its_id_until_they_are_taken_out(graph: Graph) -> None:
    say(graph, SOURCE, "customers", {"id": "S", "name": "Sekret"})
    say(graph, "crm", "customers", {"id": "A", "name": "Ann"})
    known = now()
    graph.merging.merge("A", "S")
    merged = now()
    graph.sources.erase(SOURCE)
    assert graph.records.read("customers", "S")["name"] == "Ann"
    assert graph.records.read("customers", "A", known)["name"] == "Ann"
    for at in (merged, now()):
        with pytest.raises(MergedAway, match="into 'S' then"):
            graph.records.read("customers", "A", at)
    graph.merging.unmerge("A")
    assert [each["id"] for each in graph.records.page("customers", limit=9).items] == ["A"]
    assert graph.records.read("customers", "A", known)["name"] == "Ann"


def test_what_people_wrote_is_erased_like_a_source(graph: Graph, bare: Any, windows: Windows) -> None:
    with windows.speaking():
        graph.records.create("customers", {"id": "A", "name": "Ann", "city": "Sekretbach"})
        graph.records.create("customers", {"id": "SKEY", "name": "Zoe"})
    say(graph, "crm", "customers", {"id": "A", "name": "Anna"})
    with windows.speaking():
        graph.records.patch("customers", "A", {"website": "https://sekret.example", "name": "Ann Sekret"})
        graph.sources.add("hand", trust=99)
    graph.sources.erase("hand")
    assert graph.records.page("customers", limit=9).items == [graph.records.read("customers", "A", now())]
    lines = graph.archive.history("A").to_dict("records")
    # What the other source had said was hidden until now.
    assert [(line["kind"], line["field"], line["from"], line["to"], line["source"]) for line in lines] == [
        ("changed", "name", None, "Anna", None),
        ("created", None, None, None, "crm"),
    ]
    found = things(bare)
    assert traces(found) == []
    assert times(found, windows) == []


def test_an_erasing_that_was_cut_off_is_run_again(
    graph: Graph, bare: Any, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(graph, windows, tmp_path)
    for step in ("_forget_in_changes", "_forget_merged_away", "_still_true", "_forget_name"):
        with monkeypatch.context() as patch:
            patch.setattr(f"graphcrm.service.erasing.{step}", _killed)
            with pytest.raises(KeyboardInterrupt):
                graph.sources.erase(SOURCE)
    graph.sources.erase(SOURCE)
    assert traces([thing for thing in things(bare) if thing[0] != "Delivery"]) == []


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_source_of_which_all_was_rejected_can_be_erased(graph: Graph, bare: Any, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("id,name,city\nSKEY1,,Sekret\n", encoding="utf-8")
    tried = graph.import_files([file], source=SOURCE, dry_run=True).rejects_path
    loaded = graph.import_files([file], source=SOURCE).rejects_path
    for path in (tried, loaded):
        assert path
        assert "Sekret" in path.read_text(encoding="utf-8")
        assert path.stat().st_mode & 0o077 == 0
    assert graph.sources.read(SOURCE)["nodes"] == {}
    assert graph.sources.erase(SOURCE) == {"removed": 0, "kept": 0}
    assert traces(things(bare)) == []
    assert "sekret" not in files(home)


def test_a_search_that_read_an_erased_sources_words_keeps_nothing(
    graph: Graph, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann Berg"}, {"id": "B", "name": "Ann Berg"})
    same = {"email": "sekret@example.com", "birth_date": date(1987, 6, 5).isoformat()}
    say(graph, SOURCE, "customers", *({"id": id_, "name": "Ann Berg", **same} for id_ in "AB"))
    keep = type(graph.candidates)._keep

    def erased_meanwhile(self: Any, found: Any) -> None:
        graph.sources.erase(SOURCE)
        keep(self, found)

    monkeypatch.setattr(type(graph.candidates), "_keep", erased_meanwhile)
    graph.candidates.search()
    graph.candidates.wait(60)
    assert (graph.candidates.last() or {})["state"] == "failed"
    assert [properties["id"] for kind, properties in things(bare) if kind == "Candidate"] == ["search"]
    with pytest.raises(Conflict):
        graph.records.create("customers", {"id": "A", "name": "Ann"})


def test_words_that_are_too_long_for_one_statement_are_taken_out(embedded_graph: Graph) -> None:
    """The embedded engine takes messages of at most 16 MiB, and does not answer larger ones."""
    rows = [{"id": f"C{number:05}", "name": "N"} for number in range(4_000)]
    for start in range(0, len(rows), 500):
        for source in ("crm", "shop", SOURCE):
            some = [
                row | {"extra": {"memo": f"{source}{row['id']}" + "x" * 5_000}} for row in rows[start : start + 500]
            ]
            say(embedded_graph, source, "customers", *some)
    assert embedded_graph.sources.erase(SOURCE) == {"removed": 0, "kept": len(rows)}
    memo = str(embedded_graph.records.read("customers", "C03999")["extra"]["memo"])
    assert memo.startswith("shop")
