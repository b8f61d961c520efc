"""What 100,000 parties and 500,000 ties take: to load, to answer `influencers`, and in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from measuring import in_a_process, write_company

pytestmark = pytest.mark.bench

PARTIES, KNOWS, REFERRALS = 100_000, 400_000, 100_000

PROGRAM = """
import json, sys, time
import graphcrm
from measuring import peak_mib

figures = {}
with graphcrm.connect() as graph:
    start = time.perf_counter()
    created = sum(file.created for file in graph.import_files([sys.argv[1]]).files)
    figures["load_s"] = time.perf_counter() - start
    figures["records_per_s"] = created / figures["load_s"]
    figures["load_peak_mib"] = peak_mib()
    for name in ("influencers_s", "influencers_again_s"):
        start = time.perf_counter()
        table = graph.influencers(metric="pagerank", limit=10)
        figures[name] = time.perf_counter() - start
    figures["peak_mib"] = peak_mib()
    pid = json.loads((graph.settings.home / "embedded" / "server.json").read_text())["pid"]
    figures["engine_peak_mib"] = peak_mib(pid)
    print(json.dumps({"created": created, "parties": table.attrs["parties"], "ties": table.attrs["ties"], **figures}))
"""


@pytest.mark.timeout(1800)
def test_memory(empty_home: Path, report: Callable[..., None], tmp_path: Path) -> None:
    write_company(tmp_path / "in", PARTIES, KNOWS, REFERRALS)
    figures = in_a_process(PROGRAM, tmp_path / "in", GRAPHCRM_HOME=str(empty_home))
    assert figures.pop("created") == PARTIES + KNOWS + REFERRALS
    assert (figures.pop("parties"), figures.pop("ties")) == (PARTIES, KNOWS + REFERRALS)
    report({"engine": "embedded", "parties": PARTIES, "ties": KNOWS + REFERRALS}, figures)
