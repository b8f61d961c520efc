"""When each source last brought what it says: noted by imports beside the graph, which they leave as it is."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from struct import pack
from typing import Any
from zlib import compress

import pytest
from everything import contents, fill
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphcrm import Graph
from graphcrm.errors import Cancelled
from graphcrm.service import last_seen, loading
from graphcrm.service.backup import make_backup, restore_backup
from graphcrm.service.deriving import NODES, TIES_SAID
from graphcrm.service.export import export_graph
from graphcrm.service.last_seen import Seen, Sightings, digests, note_sightings
from graphcrm.service.quality import quality_of
from graphcrm.service.sighting_parts import moment_of
from graphcrm.service.source_records import SourceRecord, about_node, read_records
from graphcrm.service.whole import all_nodes, all_ties

OTHER = {"embedded": "neo4j", "neo4j": "embedded"}
COMPANY = {
    "customers": "id,name,city,owner_id\nA,Ann,Ulm,U1\nB,Bob,Bonn,U1\nC,Cleo,,U2\n",
    "contacts": "id,name,customer_id\nK,Kim,A\n",
    "interactions": "id,kind,at,from_id,to_ids\nI1,call,2026-01-31,U1,A|K\n",
    "relationships": "source_id,target_id,kind\nA,B,friend\n",
}


def bring(graph: Graph, folder: Path, files: dict[str, str], source: str = "crm", **options: Any) -> datetime:
    """Import files as a source; the moment before."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    before = datetime.now(UTC)
    report = graph.import_files([folder], source=source, **options)
    assert not report.rejected
    return before


def times(graph: Graph, table: str, id_: str, source: str = "crm") -> tuple[datetime, datetime]:
    """When a source last said something new of a record, and when it last brought it."""
    said = graph.sources.provenance(table, id_)
    found = next(each for each in said["sources"] if each["source"] == source)
    for field in said["fields"]:
        for one in (one for one in field["values"] if one["source"] == source):
            assert one["seen_at"] <= one["last_seen"]
            if field["field"] not in ("owner_id", "customer_id"):  # whom a column names is news of its own
                assert one["last_seen"] <= found["last_seen"]
    return datetime.fromisoformat(found["seen_at"]), datetime.fromisoformat(found["last_seen"])


def field_times(graph: Graph, table: str, id_: str, source: str = "crm") -> dict[str, tuple[datetime, datetime]]:
    """The same of each of its fields."""
    return {
        field["field"]: (datetime.fromisoformat(one["seen_at"]), datetime.fromisoformat(one["last_seen"]))
        for field in graph.sources.provenance(table, id_)["fields"]
        for one in field["values"]
        if one["source"] == source
    }


def seen_of(*names: str) -> Seen:
    seen = Seen()
    seen.add_named(names)
    return seen


def exported(graph: Graph, folder: Path) -> dict[str, bytes]:
    export_graph(graph.store, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def sightings(graph: Graph, source: str = "crm") -> list[dict[str, Any]]:
    return [record for record in all_nodes(graph.store, "Sighting") if record["source"] == source]


def test_a_second_import_moves_what_it_has_and_changes_nothing(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", COMPANY)
    assert sightings(graph) == []
    assert len({*times(graph, "customers", "A"), *times(graph, "customers", "B")}) == 1
    first = times(graph, "customers", "A")[0]
    before, shown, revision = contents(graph), exported(graph, tmp_path / "one"), graph.revision()

    fewer = COMPANY | {"customers": "id,name,city,owner_id\nA,Ann,Ulm,U1\nC,Cleo,,U2\n"}
    second = bring(graph, tmp_path / "in", fewer)
    after = contents(graph)
    assert {label for label in after if after[label] != before[label]} == {"Sighting", "Job"}
    assert len(after["Job"]) == 2
    assert exported(graph, tmp_path / "two") == shown
    assert graph.revision() == revision
    for table, id_ in (("customers", "A"), ("customers", "C"), ("contacts", "K"), ("interactions", "I1")):
        said, seen = times(graph, table, id_)
        assert said < second < seen < datetime.now(UTC)
    assert times(graph, "customers", "B") == (first, first)

    third = bring(graph, tmp_path / "in", {"customers": COMPANY["customers"].replace("Bonn", "Bern")})
    assert times(graph, "customers", "B")[0] > third
    assert times(graph, "customers", "A")[0] == first
    assert times(graph, "customers", "A")[1] > third
    assert second < times(graph, "contacts", "K")[1] < third


def test_ties_are_seen_where_a_column_or_a_file_names_them(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", COMPANY)
    ties = ("OWNS:U1:A", "WORKS_AT:K:A", "TOOK_PART_IN:User:U1:I1", "TOOK_PART_IN:A:I1", "KNOWS:A:B:friend")
    first = {tie: times(graph, "ties", tie)[1] for tie in ties}
    second = bring(graph, tmp_path / "in", COMPANY)
    assert all(times(graph, "ties", tie)[1] > second > first[tie] for tie in ties)
    assert times(graph, "users", "U1")[1] > second

    third = bring(graph, tmp_path / "in", {"customers": "id,name\nA,Ann\n", "contacts": COMPANY["contacts"]})
    assert times(graph, "customers", "A")[1] > third
    assert times(graph, "ties", "WORKS_AT:K:A")[1] > third
    assert times(graph, "ties", "OWNS:U1:A")[1] < third
    assert times(graph, "ties", "KNOWS:A:B:friend")[1] < third


def test_an_owner_is_seen_where_only_new_rows_name_him(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", {"customers": "id,name,owner_id\nA,Ann,U1\n"})
    first = times(graph, "users", "U1")[1]
    second = bring(graph, tmp_path / "in", {"customers": "id,name,owner_id\nB,Bob,U1\nC,Cy,U2\n"})
    assert times(graph, "users", "U1")[1] > second > first
    assert len({*times(graph, "users", "U2")}) == 1
    assert len(sightings(graph)) == 1


def test_all_that_a_source_brings_is_seen_whatever_its_table(graph: Graph, tmp_path: Path) -> None:
    fill(graph)
    export_graph(graph.store, tmp_path / "out")
    for _ in range(2):
        second = datetime.now(UTC)
        report = graph.import_files([tmp_path / "out"], source="crm")
    assert (report.unchanged, report.rejected) == (report.read, 0)

    things: dict[str, dict[str, Any]] = {}
    for label in NODES:
        for record in all_nodes(graph.store, label):
            things[about_node(label, record["id"])] = record
    for type_ in TIES_SAID:
        for row in all_ties(graph.store, type_):
            things[row["record"]["id"]] = row["record"]
    records = [one for each in graph.store.reading(lambda tx: read_records(tx, things)).values() for one in each]
    mine = [one for one in records if one.source == "crm"]
    assert {one.about for one in mine} == things.keys()
    book = Sightings.by_source(graph.store, "crm")
    assert [one.about for one in mine if not one.seen_at < second < book.last_seen(one)] == []


def test_a_field_is_seen_where_its_column_has_a_value(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", {"customers": "id,name,city,owner_id\nA,Ann,Ulm,U1\nB,Bob,Bonn,U1\n"})
    first = times(graph, "customers", "A")[0]

    second = bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Ann,\nB,Bob,Bonn\n"})
    of_a, of_b = field_times(graph, "customers", "A"), field_times(graph, "customers", "B")
    assert of_a["name"][1] == of_b["name"][1] == of_b["city"][1] > second
    assert of_a["city"] == of_a["owner_id"] == of_b["owner_id"] == (first, first)
    assert times(graph, "customers", "A") == (first, of_a["name"][1])

    third = bring(graph, tmp_path / "in", {"customers": "id,name,email\nA,Anna,a@b.example\n"})
    now = field_times(graph, "customers", "A")
    assert now["name"] == now["email"] == times(graph, "customers", "A")
    assert now["name"][0] > third
    assert now["city"] == now["owner_id"] == (first, first)

    fourth = bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Anna,Ulm\nB,Bob,Bonn\n"})
    last = field_times(graph, "customers", "A")
    assert last["city"][0] == first
    assert last["city"][1] == last["name"][1] > fourth
    assert (last["name"][0], last["email"]) == (now["name"][0], now["email"])
    fifth = bring(graph, tmp_path / "in", {"customers": "id,name,owner_id\nA,Anna,U1\n"})
    assert field_times(graph, "customers", "A")["owner_id"][1] > fifth
    assert field_times(graph, "customers", "A")["city"] == last["city"]


def test_the_times_of_fields_live_through_a_second_source_and_its_erasing(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Ann,Ulm\n"})
    bring(graph, tmp_path / "in", {"customers": "id,name\nA,Anna\n"})
    before = field_times(graph, "customers", "A")
    assert before["city"][0] < before["name"][0]
    bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Annie,Bonn\n"}, "shop")
    assert field_times(graph, "customers", "A") == before
    shop = bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Annie,Bern\n"}, "shop")
    of_shop = field_times(graph, "customers", "A", "shop")
    assert of_shop["name"][0] < shop < of_shop["city"][0]
    graph.records.patch("customers", "A", {"notes": "x"})
    graph.records.patch("customers", "A", {"city": "Jena"})
    by_hand = field_times(graph, "customers", "A", "hand")
    assert by_hand["notes"][1] < by_hand["city"][1]
    graph.sources.erase("shop")
    graph.sources.erase("hand")
    assert field_times(graph, "customers", "A") == before


def test_what_earlier_versions_noted_is_of_every_field(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Ann,Ulm\n"})
    (digest,) = digests(["Party:A"]).tolist()
    at = datetime.now(UTC)
    seen = b64encode(compress(pack("<Qq", digest, moment_of(at)))).decode()
    part = f"crm:{digest >> 58:02x}"
    store = graph.store
    row = {"id": part, "source": "crm", "size": len(seen), "seen": seen}
    store.write(lambda tx: tx.run("sightings/write", rows=[row]))
    assert {last for _, last in field_times(graph, "customers", "A").values()} == {at}
    now = bring(graph, tmp_path / "in", {"customers": "id,name\nA,Ann\n"})
    assert field_times(graph, "customers", "A")["city"][1] == at
    assert field_times(graph, "customers", "A")["name"][1] > now


def test_what_is_brought_again_is_not_stale(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Ann,Ulm\nB,Bob,Bonn\nC,Cy,\n"})
    bring(
        graph, tmp_path / "in", {"customers": "id,name\nC,Sy\n"}, "shop"
    )  # so that crm speaks of it in a record apart
    between = datetime.now(UTC)
    assert _stale(graph, between) == {"name": 3, "city": 2}
    bring(graph, tmp_path / "in", {"customers": "id,name,city\nB,Bob,Bonn\nC,Cy,\n"})
    assert _stale(graph, between) == {"name": 1, "city": 1}
    bring(graph, tmp_path / "in", {"customers": "id,name,city\nA,Ann,\n"})
    assert _stale(graph, between) == {"name": 0, "city": 1}


def _stale(graph: Graph, at: datetime) -> dict[str, int]:
    return {line["field"]: line["stale"] for line in quality_of(graph.store, "crm", None, 0, at)}


def test_each_source_is_seen_for_itself_also_in_merged_and_converted_parties(graph: Graph, tmp_path: Path) -> None:
    for source in ("crm", "shop"):
        bring(graph, tmp_path / "in", COMPANY, source)
    crm = bring(graph, tmp_path / "in", COMPANY)
    assert times(graph, "customers", "A")[1] > crm > times(graph, "customers", "A", "shop")[1]

    graph.merging.merge("B", "A")
    files = {"customers": "id,name,city,owner_id\nB,Bob,Bonn,U1\n", "orders": "id,at,customer_id\nO1,2026-01-31,B\n"}
    bring(graph, tmp_path / "in", files, "shop")
    shop = bring(graph, tmp_path / "in", files, "shop")
    assert times(graph, "ties", "PLACED:A:O1", "shop")[1] > shop
    said = graph.sources.provenance("customers", "A")["sources"]
    seen = {(each["source"], each["key"]): datetime.fromisoformat(each["last_seen"]) for each in said}
    assert seen.keys() == {("crm", "A"), ("crm", "B"), ("shop", "A"), ("shop", "B")}
    assert [key for key, at in seen.items() if at > shop] == [("shop", "B")]
    graph.merging.unmerge("B")
    assert times(graph, "customers", "B", "shop")[1] == seen["shop", "B"]

    graph.records.convert("K")
    assert times(graph, "customers", "K")[1] > crm


def test_what_is_cut_off_or_only_tried_is_not_seen(graph: Graph, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", COMPANY)

    def stop(file: str, rows: int, share: float) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        bring(graph, tmp_path / "in", COMPANY, progress=stop)
    assert not graph.import_files([tmp_path / "in"], source="crm", dry_run=True).rejected
    assert sightings(graph) == []
    last = bring(graph, tmp_path / "in", COMPANY)
    assert times(graph, "customers", "B")[1] > last


def test_an_erased_source_was_never_seen(graph: Graph, tmp_path: Path) -> None:
    for source in ("crm", "crm", "shop", "shop"):
        bring(graph, tmp_path / "in", COMPANY, source)
    kept = times(graph, "customers", "A", "shop")
    assert sightings(graph)
    graph.sources.erase("crm")
    assert sightings(graph) == []
    assert sightings(graph, "shop")
    assert times(graph, "customers", "A", "shop") == kept


def test_a_backup_carries_it(graph: Graph, engine: str, graphs: dict[str, Graph], tmp_path: Path) -> None:
    for _ in range(2):
        bring(graph, tmp_path / "in", COMPANY)
    make_backup(graph.store, tmp_path / "one.backup")
    other = graphs[OTHER[engine]]
    restore_backup(other.store, tmp_path / "one.backup")
    assert times(other, "customers", "A") == times(graph, "customers", "A")
    again = bring(other, tmp_path / "in", COMPANY)
    assert times(other, "customers", "A")[1] > again > times(graph, "customers", "A")[1]


def test_large_files_are_noted_bit_by_bit_and_two_at_once(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_HELD", 40)
    monkeypatch.setattr(last_seen, "_AT_ONCE", 500)
    rows = [f"C{number},Customer {number}\n" for number in range(300)]
    bring(graph, tmp_path / "in", {"customers": "id,name\n" + "".join(rows)})
    before = datetime.now(UTC)
    halves = {"one": rows[:200], "two": rows[100:]}

    def load(name: str) -> None:
        bring(graph, tmp_path / name, {"customers": "id,name\n" + "".join(halves[name])})

    threads = [threading.Thread(target=partial(load, name)) for name in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book = Sightings.by_source(graph.store, "crm")
    assert all(book.last_seen(record("crm", f"Customer:C{number}")) > before for number in range(300))
    assert book.last_seen(record("crm", "Customer:C300")) == NEVER
    assert book.last_seen(record("shop", "Customer:C1")) == NEVER


NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def record(source: str, about: str) -> SourceRecord:
    return SourceRecord(source, about, about, {}, {}, NEVER)


@pytest.fixture
def emptied(embedded_graph: Graph, request: pytest.FixtureRequest) -> Callable[[], Graph]:
    """An empty graph, each time anew."""
    bare = request.getfixturevalue("_embedded_bare")

    def empty() -> Graph:
        bare.wipe()
        return embedded_graph

    return empty


THINGS = [f"Party:{number}" for number in range(12)]
NOTES = st.lists(st.tuples(st.integers(0, 9), st.lists(st.sampled_from(THINGS), min_size=1)), max_size=6)


@given(NOTES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_latest_time_of_each_thing_stays(emptied: Callable[[], Graph], notes: list[tuple[int, list[str]]]) -> None:
    graph = emptied()
    graph.sources.add("crm")
    wanted: dict[str, datetime] = {}
    for year, things in notes:
        at = datetime(2020 + year, 5, 6, 7, 8, 9, 123_456, tzinfo=UTC)
        note_sightings(graph.store, "crm", at, seen_of(*things))
        wanted |= {thing: max(at, wanted.get(thing, at)) for thing in things}
    records = [record("crm", thing.replace("Party", "Customer")) for thing in THINGS]
    book = graph.store.reading(lambda tx: Sightings.about(tx, records))
    assert [book.last_seen(each) for each in records] == [wanted.get(thing, NEVER) for thing in THINGS]
