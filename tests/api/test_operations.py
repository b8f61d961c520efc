"""Health, readiness, metrics; and a database that goes away and comes back."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app
from api.middleware import RequestIdFilter
from graphcrm import embedded
from graphcrm.settings import Settings

API = "/api/v1"


def test_health_and_readiness(client: TestClient, graph: graphcrm.Graph) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "revision": graph.revision()}


def test_head_is_get_without_the_body(client: TestClient, problem: Any) -> None:
    client.post(f"{API}/customers", json={"id": "C1", "name": "One"})
    for path in (f"{API}/customers/C1", f"{API}/customers/nobody", "/healthz", "/"):
        full, head = client.get(path), client.head(path)
        assert head.status_code == full.status_code
        assert head.content == b""
        for name in ("content-length", "content-type", "etag"):
            assert head.headers.get(name) == full.headers.get(name)
    assert client.head(f"{API}/customers/bulk/").status_code == 404


def test_metrics_count_by_route_and_hold_no_ids(client: TestClient) -> None:
    client.get(f"{API}/customers/somebody")
    client.get("/nowhere/at/all")
    client.request("BREW", "/healthz")
    client.head("/healthz")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'graphcrm_http_requests_total{method="GET",route="/api/v1/customers/{id}",status="404"} 1.0' in answer.text
    assert 'graphcrm_http_requests_total{method="GET",route="none",status="404"} 1.0' in answer.text
    assert 'method="other"' in answer.text
    assert 'graphcrm_http_requests_total{method="HEAD",route="/healthz",status="200"} 1.0' in answer.text
    assert "somebody" not in answer.text
    assert "BREW" not in answer.text


def test_what_is_logged_names_its_request(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.DEBUG, "graphcrm"):
        client.get(f"{API}/customers/C1", headers={"X-Request-ID": "r-42"})
    queries = [
        record
        for record in caplog.records
        if record.message == "query" and not record.query.startswith(("jobs/", "webhooks/"))  # the service's own
    ]
    assert queries
    assert {getattr(record, "request_id", None) for record in queries} == {"r-42"}


def test_without_a_graph_the_application_opens_its_own(empty_home: Path) -> None:
    settings = Settings(home=empty_home, embedded_heap="512m")
    with TestClient(create_app(settings=settings), base_url="http://127.0.0.1") as client:
        assert client.post(f"{API}/customers", json={"id": "C1", "name": "One"}).status_code == 201
    with graphcrm.connect(settings) as graph:
        assert graph.records.read("customers", "C1")["name"] == "One"


class Relay:
    """A TCP connection to a server that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start()

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open.clear()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start()

    def _start(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)


Outage = tuple[graphcrm.Graph, Callable[[], Any], Callable[[], Any]]


@pytest.fixture
def outage(engine: str, request: pytest.FixtureRequest, empty_home: Path) -> Iterator[Outage]:
    """A graph, and how to take its database away and to bring it back."""
    if engine == "embedded":
        settings = Settings(home=empty_home, embedded_heap="512m")
        with graphcrm.connect(settings) as graph, contextlib.ExitStack() as others:
            yield graph, lambda: embedded.stop(empty_home), lambda: others.enter_context(graphcrm.connect(settings))
        return
    real: graphcrm.Graph = request.getfixturevalue("neo4j_graph")
    address = urlsplit(real.settings.neo4j_uri or "")
    relay = Relay(address.hostname or "127.0.0.1", address.port or 7687)
    settings = real.settings.model_copy(update={"neo4j_uri": f"bolt://127.0.0.1:{relay.port}"})
    try:
        with graphcrm.connect(settings) as graph:
            yield graph, relay.cut, relay.mend
    finally:
        relay.cut()


def test_a_database_that_goes_away_and_comes_back(outage: Outage, problem: Any) -> None:
    graph, take_away, bring_back = outage
    with TestClient(create_app(graph), base_url="http://127.0.0.1") as client:
        assert client.post(f"{API}/customers", json={"id": "C1", "name": "One"}).status_code == 201
        assert client.get(f"{API}/influencers").status_code == 200
        take_away()
        time.sleep(1.1)  # what is known of tokens is believed for a second
        assert client.get("/healthz").status_code == 200
        for ask in (
            lambda: client.get("/readyz"),
            lambda: client.get(f"{API}/customers/C1"),
            lambda: client.get(f"{API}/influencers"),
            lambda: client.post(f"{API}/customers", json={"id": "C2", "name": "Two"}),
        ):
            answer = ask()
            found = problem(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
            assert "127.0.0.1" not in found["detail"]
        bring_back()
        assert client.get("/readyz").status_code == 200
        assert client.get(f"{API}/customers/C1").json()["name"] == "One"
        assert client.post(f"{API}/customers", json={"id": "C2", "name": "Two"}).status_code == 201
        assert client.get(f"{API}/influencers").json()["parties"] == 2
