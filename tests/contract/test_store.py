"""The store makes both engines behave alike where they differ by themselves."""

from __future__ import annotations

import doctest
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from neo4j.exceptions import ConstraintError, TransientError

import graphcrm
from graphcrm import Conflict, Graph, GraphCRMError, InvalidInput, StoreError, queries, wire
from graphcrm.store import GraphStore, Transaction

CUSTOMER = {"LABEL": "Customer"}


def _create(graph: Graph, **properties: Any) -> None:
    graph.store.write(lambda tx: tx.run("nodes/create_again", words=CUSTOMER, rows=[properties]))


def _read(graph: Graph, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = graph.store.read("nodes/read", words=CUSTOMER, id=id_)[0]["record"]
    return found


def test_values_come_back_as_they_went_in(graph: Graph) -> None:
    values = {
        "id": "C1",
        "at": datetime(2025, 7, 1, 12, 0, 0, 123456, tzinfo=UTC),
        "day": date(2024, 2, 29),
        "tags": ["α", "二"],
        "whole": 2**62,
        "share": 0.1,
        "yes": True,
        "text": "line\nbreak ' \" \\ \u202e ☃ \U0001f600",
    }
    _create(graph, **values)
    assert _read(graph, "C1") == values


def test_rows_are_not_rendered_for_the_drivers_log(graph: Graph, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="neo4j"):
        _create(graph, id="C1", name="Ada Lovelace", tags=["poetical"])
        assert graph.store.read("nodes/read_many", words=CUSTOMER, ids=["C1"])[0]["records"]
    assert "UNWIND $rows" in caplog.text
    assert "[1 items]" in caplog.text
    assert "Ada" not in caplog.text
    assert "poetical" not in caplog.text
    assert doctest.testmod(wire).attempted
    assert not doctest.testmod(wire).failed


def test_an_integer_property_does_not_freeze_the_type_of_later_ones(graph: Graph) -> None:
    _create(graph, id="C1", score=1)
    _create(graph, id="C2", score=1.5)
    assert _read(graph, "C2")["score"] == 1.5


def test_a_failing_transaction_leaves_nothing(graph: Graph) -> None:
    def work(tx: Transaction) -> None:
        tx.run("nodes/create_again", words=CUSTOMER, rows=[{"id": "C1"}, {"id": "C2"}])
        tx.run("nodes/create_again", words=CUSTOMER, rows=[{"id": "C3"}, {"id": "C1"}])

    before = graph.revision()
    with pytest.raises(Conflict, match="has this id already"):
        graph.store.write(work)
    assert graph.store.read("store/count_nodes", words=CUSTOMER)[0]["total"] == 0
    assert graph.revision() == before


def test_the_revision_moves_when_something_was_written_and_only_then(graph: Graph) -> None:
    before = graph.revision()
    graph.store.write(lambda tx: tx.run("nodes/read", words=CUSTOMER, id="C1"))
    assert graph.revision() == before
    _create(graph, id="C1")
    assert graph.revision() == before + 1
    assert graph.touch() == before + 2


def test_of_many_writers_of_one_id_one_creates_it(graph: Graph) -> None:
    def create(table: str) -> bool:
        try:
            graph.records.create(table, {"id": "X", "name": table})
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, ["customers", "contacts"] * 8))
    assert won.count(True) == 1
    total = sum(
        graph.store.read("store/count_nodes", words={"LABEL": label})[0]["total"] for label in ("Customer", "Contact")
    )
    assert total == 1


def test_of_many_writers_of_one_tie_one_creates_it(graph: Graph) -> None:
    graph.records.upsert("customers", [{"id": "A", "name": "A"}, {"id": "B", "name": "B"}])
    row = {"type": "KNOWS", "source_id": "A", "target_id": "B", "kind": "friend"}
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda _: graph.records.upsert("ties", [row]), range(16)))
    assert sum(report.created for report in reports) == 1
    assert graph.store.read("store/count_ties", words={"TYPE": "KNOWS"})[0]["total"] == 1


@pytest.mark.parametrize(("taken", "is_written"), [(3, True), (4, False)])
def test_an_id_that_was_taken_is_tried_again_however_often_others_were_in_the_way(
    graph: Graph, taken: int, is_written: bool
) -> None:
    in_the_way = iter([TransientError()] * 5 + [ConstraintError()] * taken)

    def work(_: Transaction) -> str:
        if (error := next(in_the_way, None)) is not None:
            raise error
        return "written"

    if is_written:
        assert graph.store.write(work) == "written"
    else:
        with pytest.raises(Conflict, match="has this id already"):
            graph.store.write(work)


def test_no_edit_is_lost_among_many(graph: Graph) -> None:
    graph.records.create("customers", {"id": "A", "name": "A", "extra": {"count": 0}})

    def increment(_: int) -> None:
        while True:
            record = graph.records.read("customers", "A")
            try:
                graph.records.patch("customers", "A", {"extra": {"count": record["extra"]["count"] + 1}}, _etag(record))
            except graphcrm.StaleVersion:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increment, range(24)))
    assert graph.records.read("customers", "A")["extra"]["count"] == 24


def _etag(record: dict[str, Any]) -> str:
    from graphcrm.service.records import etag

    return etag(record)


def test_reads_cannot_write() -> None:
    with pytest.raises(ValueError, match="@access read but has SET"):
        queries._parse("x", "// Doc.\n// @access read\nMATCH (n) SET n.a = 1", {})


def test_a_word_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        queries.get("nodes/read", LABEL="Customer) DETACH DELETE (n")


def test_a_query_that_takes_too_long_is_cut_off(
    engine: str, graph: Graph, monkeypatch: pytest.MonkeyPatch, slow_store: Callable[[], GraphStore]
) -> None:
    slow = queries.Query(
        "test/slow",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b % 7 = 3 RETURN count(*) AS n",
        "Slow.",
        "read",
        {},
        {"n": "int"},
    )
    store = slow_store()
    monkeypatch.setattr(queries, "get", lambda *_, **__: slow)
    began = time.monotonic()
    with pytest.raises(StoreError, match="took too long") as caught:
        store.read("test/slow")
    assert caught.value.timed_out
    assert time.monotonic() - began < 30
    monkeypatch.undo()
    assert store.read("store/read_migrations")[0]["ids"]


@pytest.fixture
def slow_store(request: pytest.FixtureRequest, engine: str, empty_home: Any) -> Any:
    """A store whose queries may take two seconds; the embedded engine is told so when its server starts."""
    opened: list[GraphStore] = []

    def open_() -> GraphStore:
        settings = request.getfixturevalue(f"_{engine}_bare").settings
        changes: dict[str, Any] = {"query_timeout_s": 2.0} | ({"home": empty_home} if engine == "embedded" else {})
        opened.append(GraphStore(settings.model_copy(update=changes)))
        return opened[0]

    yield open_
    for store in opened:
        store.close()


def test_a_database_newer_than_the_code_is_refused(bare: Any, graph: Graph) -> None:
    bare.run("CREATE (:Migration {id: '9999_future'})")
    try:
        with pytest.raises(StoreError, match="newer than this graphcrm"):
            graphcrm.connect(bare.settings)
    finally:
        bare.run("MATCH (m:Migration {id: '9999_future'}) DELETE m")


def test_a_wrong_password_is_one_clear_error(bare: Any, graph: Graph) -> None:
    if not bare.settings.neo4j_uri:
        settings = graphcrm.Settings(home=bare.settings.home, neo4j_uri=graph.store._lease.server.uri)  # type: ignore[union-attr]
    else:
        settings = graphcrm.Settings(home=bare.settings.home, neo4j_uri=bare.settings.neo4j_uri, neo4j_password="wrong")
    with pytest.raises(StoreError, match="user or password"):
        graphcrm.connect(settings)


def test_an_absent_server_is_one_clear_error(tmp_path: Any) -> None:
    with pytest.raises(StoreError, match="no database answers") as caught:
        graphcrm.connect(graphcrm.Settings(home=tmp_path, neo4j_uri="bolt://127.0.0.1:9"))
    assert caught.value.retryable


def test_routing_works_with_the_neo4j_scheme(neo4j_graph: Graph) -> None:
    settings = neo4j_graph.settings
    assert settings.neo4j_uri
    routed = graphcrm.Settings(
        home=settings.home,
        neo4j_uri=settings.neo4j_uri.replace("bolt://", "neo4j://"),
        neo4j_user=settings.neo4j_user,
        neo4j_password=settings.neo4j_password,
        neo4j_database=settings.neo4j_database,
    )
    with graphcrm.connect(routed) as graph:
        graph.records.create("customers", {"id": "C1", "name": "Ann"})
        assert graph.records.read("customers", "C1")["name"] == "Ann"
        assert graph.influencers("degree").party_id.tolist() == ["C1"]


class _Breaking:
    """Stands between a client and Neo4j, and hangs up on the next few requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.left = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_request: bool) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(65536):
                if is_request and self.left:
                    self.left -= 1
                    source.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)


def test_a_request_is_made_again_when_its_connection_is_lost(neo4j_graph: Graph, tmp_path: Any) -> None:
    """Also when that happens twice in a row, in the middle of a write."""
    settings = neo4j_graph.settings
    proxy = _Breaking(int(settings.neo4j_uri.rpartition(":")[2]))
    uri = f"bolt://127.0.0.1:{proxy.port}"
    try:
        with graphcrm.connect(settings.model_copy(update={"neo4j_uri": uri, "home": tmp_path})) as graph:
            for number in range(3):
                proxy.left = 2
                graph.records.upsert("customers", [{"id": "A", "name": f"Ann {number}"}])
                proxy.left = 2
                assert graph.records.read("customers", "A")["name"] == f"Ann {number}"
    finally:
        proxy.close()


def test_another_process_write_is_seen_at_once(graph: Graph, bare: Any) -> None:
    graph.records.create("customers", {"id": "A", "name": "A"})
    assert graph.influencers("degree").party_id.tolist() == ["A"]
    with graphcrm.connect(bare.settings) as other:
        other.records.create("customers", {"id": "B", "name": "B"})
    assert graph.influencers("degree").party_id.tolist() == ["A", "B"]


def test_what_another_tool_wrote_is_seen_after_touch(graph: Graph, bare: Any) -> None:
    assert graph.influencers("degree").empty
    bare.run("CREATE (:Customer {id: 'Z', name: 'Z'})")
    graph.touch()
    assert graph.influencers("degree").party_id.tolist() == ["Z"]


@pytest.mark.parametrize(
    "values", [{"id": "X" * 129, "name": "x"}, {"id": "", "name": "x"}, {"id": "\ud800", "name": "x"}]
)
def test_bad_ids_never_reach_the_engine(graph: Graph, values: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        graph.records.create("customers", values)
    assert caught.value.field == "id"
    assert isinstance(caught.value, GraphCRMError)
