"""Reading the network into memory against the naive read by the same driver, a row for each party and tie."""

from __future__ import annotations

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


@pytest.mark.timeout(1800)
def test_network_load(graph: Graph, bare: Any, engine: str, report: Callable[..., None], tmp_path: Path) -> None:
    write_company(tmp_path / "in", PARTIES, TIES)
    graph.import_files([tmp_path / "in"])

    def row_by_row() -> None:
        with bare.driver.session(database=bare.database) as session:
            for statement in STATEMENTS:
                rows = session.execute_read(lambda tx, text=statement: [record.values() for record in tx.run(text)])
        assert len(rows) == TIES

    def by_columns() -> None:
        columns = Resident(graph.store).snapshot().columns
        assert (len(columns.party_ids), len(columns.tie_ids)) == (PARTIES, TIES)

    naive, product = best_of(ROUNDS, lambda: seconds(row_by_row), lambda: seconds(by_columns))
    ratio = naive / product
    report(
        {"engine": engine, "parties": PARTIES, "ties": TIES},
        {
            "naive_ties_per_s": TIES / naive,
            "ties_per_s": TIES / product,
            "ratio": ratio,
            "ratio_wanted_at_least": WANTED,
        },
    )
    assert ratio >= WANTED
