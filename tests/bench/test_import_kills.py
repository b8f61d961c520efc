"""Twenty kills -9 of the service while imports come in over HTTP: it all ends as if there had been none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from everything import state
from http_imports import discarded_uploads, import_under_kills

from graphcrm import Graph
from graphcrm.sample import write_sample

pytestmark = pytest.mark.bench

KILLS, COMPANIES, PARTIES, SEED = 20, 30, 400, 20_261_123


@pytest.mark.timeout(3600)
def test_import_kills(graph: Graph, bare: Any, engine: str, report: Callable[..., None], tmp_path: Path) -> None:
    folders = [tmp_path / f"company{number}" for number in range(COMPANIES)]
    for number, folder in enumerate(folders):
        write_sample(folder, PARTIES, number)
    struck = import_under_kills(bare.settings, folders, KILLS, SEED)
    left = discarded_uploads(graph)
    report({"engine": engine, "imports": COMPANIES, "parties": PARTIES, "seed": SEED}, {"kills": struck})
    assert struck == KILLS
    assert not {job["id"] for job in graph.jobs.page(limit=100).items} & {*left}
    after = state(graph)
    bare.wipe()
    graph.touch()
    for folder in folders:
        assert not graph.import_files([folder]).rejected
    assert state(graph) == after
