"""One customer over HTTP against the bare driver query, each by one caller at a time."""

from __future__ import annotations

import http.client
import json
import statistics
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from measuring import seconds, write_company
from neo4j_server import free_port
from processes import Service

from graphcrm import Graph

pytestmark = pytest.mark.bench

PARTIES, TIES, REQUESTS, ROUNDS = 5_000, 20_000, 500, 5
WANTED = 4.0
STATEMENT = "MATCH (c:Customer {id: $id}) RETURN c"


@pytest.mark.timeout(900)
def test_customer_read(graph: Graph, bare: Any, engine: str, report: Callable[..., None], tmp_path: Path) -> None:
    write_company(tmp_path / "in", PARTIES, TIES)
    graph.import_files([tmp_path / "in"])
    ids = [f"C{(i * 7919) % PARTIES:07d}" for i in range(REQUESTS)]

    def query(party_id: str) -> None:
        with bare.driver.session(database=bare.database) as session:
            (row,) = session.execute_read(lambda tx: tx.run(STATEMENT, id=party_id).data())
        assert row["c"]["id"] == party_id

    port = free_port()
    with (
        Service(graph.settings, port),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection,
    ):

        def get(party_id: str) -> None:
            connection.request("GET", f"/api/v1/customers/{party_id}")
            answer = connection.getresponse()
            assert answer.status == 200
            assert json.loads(answer.read())["id"] == party_id

        queries, gets = [], []
        for _ in range(ROUNDS):
            queries.append(statistics.median(seconds(lambda id_=id_: query(id_)) for id_ in ids))
            gets.append(statistics.median(seconds(lambda id_=id_: get(id_)) for id_ in ids))

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
