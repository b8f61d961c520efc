"""One customer over HTTP against the bare driver query, each by one caller at a time."""

from __future__ import annotations

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from measuring import seconds, write_company
from neo4j_server import free_port

from graphcrm import Graph
from graphcrm.settings import Settings

pytestmark = pytest.mark.bench

PARTIES, TIES, REQUESTS, ROUNDS = 5_000, 20_000, 500, 5
WANTED = 4.0
STATEMENT = "MATCH (c:Customer {id: $id}) RETURN c"


@contextmanager
def service(settings: Settings) -> Iterator[int]:
    """The service as users run it, a process of its own; gives its port."""
    port = free_port()
    environ = os.environ | {"GRAPHCRM_HOME": str(settings.home)}
    if settings.neo4j_uri:
        environ |= {
            "GRAPHCRM_NEO4J_URI": settings.neo4j_uri,
            "GRAPHCRM_NEO4J_USER": settings.neo4j_user,
            "GRAPHCRM_NEO4J_PASSWORD": settings.neo4j_password.get_secret_value(),
            "GRAPHCRM_NEO4J_DATABASE": settings.neo4j_database,
        }
    command = [Path(sys.executable).with_name("graphcrm"), "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _ready(port):
            assert process.poll() is None, "the service ended while it started"
            assert time.monotonic() < deadline, "the service did not start within 60 s"
            time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.timeout(900)
def test_customer_read(graph: Graph, bare: Any, engine: str, report: Callable[..., None], tmp_path: Path) -> None:
    write_company(tmp_path / "in", PARTIES, TIES)
    graph.import_files([tmp_path / "in"])
    ids = [f"C{(i * 7919) % PARTIES:07d}" for i in range(REQUESTS)]

    def query(party_id: str) -> None:
        with bare.driver.session(database=bare.database) as session:
            (row,) = session.execute_read(lambda tx: tx.run(STATEMENT, id=party_id).data())
        assert row["c"]["id"] == party_id

    with service(graph.settings) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

        def get(party_id: str) -> None:
            connection.request("GET", f"/api/v1/customers/{party_id}")
            answer = connection.getresponse()
            assert answer.status == 200
            assert json.loads(answer.read())["id"] == party_id

        queries, gets = [], []
        for _ in range(ROUNDS):
            queries.append(statistics.median(seconds(lambda id_=id_: query(id_)) for id_ in ids))
            gets.append(statistics.median(seconds(lambda id_=id_: get(id_)) for id_ in ids))
        connection.close()

    ratio = min(gets) / min(queries)
    report(
        {"engine": engine, "parties": PARTIES, "ties": TIES, "requests": REQUESTS, "rounds": ROUNDS},
        {
            "query_ms": min(queries) * 1000,
            "get_ms": min(gets) * 1000,
            "ratio": ratio,
            "ratio_wanted_at_most": WANTED,
        },
    )
    assert ratio <= WANTED
