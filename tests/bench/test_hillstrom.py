"""All 64,000 customers of Hillstrom's e-mail test by the mapping that is suggested for them, and a second time."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from measuring import seconds

from graphcrm import Graph
from graphcrm.intake.suggest import suggest_mapping
from graphcrm.service.whole import all_nodes

pytestmark = pytest.mark.bench

ROWS = 64_000
SPENT = {"Mens E-Mail": "1.42262", "Womens E-Mail": "1.07720", "No E-Mail": "0.65279"}
VISITED = {"Mens E-Mail": ".18276", "Womens E-Mail": ".15140", "No E-Mail": ".10617"}


@pytest.mark.timeout(3600)
def test_hillstrom_whole(
    graph: Graph, engine: str, report: Callable[..., None], shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "hillstrom" / "hillstrom.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        repeats = ROWS - len(Counter(tuple(row) for row in csv.reader(file))) + 1
    mapping = tmp_path / "suggested.toml"
    mapping.write_text(suggest_mapping(path), encoding="utf-8")
    done: list[Any] = []

    def load() -> float:
        return seconds(lambda: done.append(graph.import_files([path], mapping)))

    first, again = load(), load()
    counts = [(each.read, each.created, each.updated, each.unchanged, each.rejected) for each in done]
    assert counts == [(ROWS, ROWS, 0, 0, 0), (ROWS, 0, 0, ROWS, 0)]
    assert done[0].repeated == repeats
    assert graph.status()["labels"]["Customer"] == ROWS
    # What the test came to, of the customers as they are in the graph.
    rows = list(all_nodes(graph.store, "Customer"))
    for segment, spent in SPENT.items():
        group = [row for row in rows if row["segment"] == segment]
        assert round(sum(Decimal(str(row["spend"])) for row in group) / len(group), 5) == Decimal(spent)
        assert round(sum(Decimal(str(row["visit"])) for row in group) / len(group), 5) == Decimal(VISITED[segment])
    report({"engine": engine, "rows": ROWS}, {"seconds": first, "rows_per_s": ROWS / first, "again_s": again})
