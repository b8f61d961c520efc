"""Reading the network into memory against the naive read, a row for each party and tie.

The naive reader is who installs the driver alone: what the product gains by returning columns and by the driver's
compiled extension counts together. The gain by columns alone is written down beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from measuring import best_of, seconds, write_company

from graphcrm import Graph
from graphcrm.service.resident import Resident

pytestmark = pytest.mark.bench

PARTIES, TIES, ROUNDS = 20_000, 100_000, 4
WANTED = 4.0

STATEMENTS = (
    "MATCH (p:Customer) RETURN p.id AS id, p.name AS name, p.created_at AS created_at",
    "MATCH (a:Customer)-[r:KNOWS]->(b:Customer) RETURN r.id AS id, a.id AS source_id, b.id AS target_id, "
    "r.kind AS kind, r.strength AS strength, r.count AS count, r.since AS since, r.until AS until",
)

NAIVE = """
import json, sys, time
sys.modules["neo4j._rust"] = None
import neo4j

task = json.load(sys.stdin)
with neo4j.GraphDatabase.driver(task["uri"], auth=tuple(task["auth"])) as driver:
    driver.verify_connectivity()
    with driver.session(database=task["database"]) as session:
        start = time.perf_counter()
        for text in task["statements"]:
            rows = session.execute_read(lambda tx: [record.values() for record in tx.run(text)])
        print(len(rows), time.perf_counter() - start)
"""


@pytest.mark.timeout(1800)
def test_network_load(graph: Graph, bare: Any, engine: str, report: Callable[..., None], tmp_path: Path) -> None:
    write_company(tmp_path / "in", PARTIES, TIES)
    graph.import_files([tmp_path / "in"])
    task = {"uri": bare.uri, "auth": bare.auth, "database": bare.database, "statements": STATEMENTS}

    def plain_driver() -> float:
        answer = subprocess.run(
            [sys.executable, "-c", NAIVE], input=json.dumps(task), capture_output=True, text=True, check=True
        )
        rows, taken = answer.stdout.split()
        assert int(rows) == TIES
        return float(taken)

    def same_driver() -> None:
        with bare.driver.session(database=bare.database) as session:
            for statement in STATEMENTS:
                session.execute_read(lambda tx, text=statement: [record.values() for record in tx.run(text)])

    def product() -> None:
        columns = Resident(graph.store).snapshot().columns
        assert (len(columns.party_ids), len(columns.tie_ids)) == (PARTIES, TIES)

    naive, row_wise, column_wise = best_of(ROUNDS, plain_driver, lambda: seconds(same_driver), lambda: seconds(product))
    ratio = naive / column_wise
    report(
        {"engine": engine, "parties": PARTIES, "ties": TIES},
        {
            "naive_ties_per_s": TIES / naive,
            "naive_with_extension_ties_per_s": TIES / row_wise,
            "ties_per_s": TIES / column_wise,
            "ratio": ratio,
            "ratio_by_columns_alone": row_wise / column_wise,
            "ratio_wanted_at_least": WANTED,
        },
    )
    assert ratio >= WANTED
