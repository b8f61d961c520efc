"""Importing canonical CSV against a bare loop of ``UNWIND … MERGE`` over the same files by the same driver."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from measuring import best_of, seconds, write_company

from graphcrm import Graph

pytestmark = pytest.mark.bench

PARTIES, TIES, BATCH = 20_000, 60_000, 10_000
WANTED = 0.6

NODES = "UNWIND $rows AS row MERGE (c:Customer {id: row.id}) SET c += row"
KNOWS = (
    "UNWIND $rows AS row MATCH (a:Customer {id: row.source_id}) MATCH (b:Customer {id: row.target_id}) "
    "MERGE (a)-[r:KNOWS {id: row.id}]->(b) "
    "SET r.kind = row.kind, r.strength = toFloat(row.strength), r.since = date(row.since)"
)


def batches(path: Path) -> Iterator[list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        while rows := list(islice(reader, BATCH)):
            yield rows


@pytest.mark.timeout(1800)
def test_import_rate(graph: Graph, bare: Any, engine: str, report: Callable[..., None], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_company(folder, PARTIES, TIES)

    def bare_loop() -> None:
        for rows in batches(folder / "customers.csv"):
            bare.run(NODES, rows=rows)
        for rows in batches(folder / "relationships.csv"):
            for row in rows:
                row["id"] = f"KNOWS:{row['source_id']}:{row['target_id']}:{row['kind']}"
            bare.run(KNOWS, rows=rows)

    def product() -> None:
        done = graph.import_files([folder])
        assert sum(file.created for file in done.files) == PARTIES + TIES

    def on_an_empty_graph(work: Callable[[], None]) -> Callable[[], float]:
        def run() -> float:
            bare.wipe()
            graph.touch()
            return seconds(work)

        return run

    bare_seconds, product_seconds = best_of(5, on_an_empty_graph(bare_loop), on_an_empty_graph(product))
    ratio = bare_seconds / product_seconds
    report(
        {"engine": engine, "nodes": PARTIES, "ties": TIES, "batch": BATCH},
        {
            "bare_records_per_s": (PARTIES + TIES) / bare_seconds,
            "records_per_s": (PARTIES + TIES) / product_seconds,
            "ratio": ratio,
            "ratio_wanted_at_least": WANTED,
        },
    )
    assert ratio >= WANTED
