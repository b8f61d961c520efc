"""What 100,000 parties and 500,000 ties take: to load, to answer `influencers`, and in memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from measuring import write_company

pytestmark = pytest.mark.bench

PARTIES, KNOWS, REFERRALS = 100_000, 400_000, 100_000

PROGRAM = """
import json, resource, sys, time
import graphcrm

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

figures = {}
with graphcrm.connect() as graph:
    start = time.perf_counter()
    created = sum(file.created for file in graph.import_files([sys.argv[1]]).files)
    figures["load_s"] = time.perf_counter() - start
    figures["records_per_s"] = created / figures["load_s"]
    figures["load_peak_mib"] = peak()
    for name in ("influencers_s", "influencers_again_s"):
        start = time.perf_counter()
        table = graph.influencers(metric="pagerank", limit=10)
        figures[name] = time.perf_counter() - start
    figures["peak_mib"] = peak()
    pid = json.loads((graph.settings.home / "embedded" / "server.json").read_text())["pid"]
    with open(f"/proc/{pid}/status") as status:
        figures["engine_peak_kib"] = status.read()
    print(json.dumps({"created": created, "parties": table.attrs["parties"], "ties": table.attrs["ties"], **figures}))
"""


@pytest.mark.timeout(1800)
def test_memory(empty_home: Path, report: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_company(tmp_path / "in", PARTIES, KNOWS, REFERRALS)
    monkeypatch.setenv("GRAPHCRM_HOME", str(empty_home))
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "in")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    figures = json.loads(answer.stdout)
    status = figures.pop("engine_peak_kib")
    figures["engine_peak_mib"] = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024
    assert figures.pop("created") == PARTIES + KNOWS + REFERRALS
    assert (figures.pop("parties"), figures.pop("ties")) == (PARTIES, KNOWS + REFERRALS)
    report({"engine": "embedded", "parties": PARTIES, "ties": KNOWS + REFERRALS}, figures)
