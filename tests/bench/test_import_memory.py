"""What an import takes in memory: a file of twice the length must not take more."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from measuring import write_company

from graphcrm import embedded

pytestmark = pytest.mark.bench

PARTIES, TIES = 50_000, 100_000
WANTED = 1.15

PROGRAM = """
import json, resource, sys
import graphcrm

with graphcrm.connect() as graph:
    report = graph.import_files([sys.argv[1]])
    print(json.dumps({
        "rows": report.read,
        "created": report.created,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))
"""


@pytest.mark.timeout(1800)
def test_twice_the_file_takes_the_same_memory(
    report: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for times in (1, 2):
        folder = tmp_path / str(times)
        write_company(folder, times * PARTIES, times * TIES)
        home = tmp_path / f"home{times}"
        monkeypatch.setenv("GRAPHCRM_HOME", str(home))
        try:
            answer = subprocess.run(
                [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False
            )
        finally:
            embedded.stop(home)
        assert answer.returncode == 0, answer.stderr[-2000:]
        found.append(json.loads(answer.stdout))
    once, twice = found
    assert (once["rows"], twice["rows"]) == (PARTIES + TIES, 2 * (PARTIES + TIES))
    assert all(figures["created"] == figures["rows"] for figures in found)
    ratio = twice["peak_mib"] / once["peak_mib"]
    report(
        {"engine": "embedded", "rows": once["rows"]},
        {
            "peak_mib": once["peak_mib"],
            "peak_mib_of_twice_as_many": twice["peak_mib"],
            "ratio": ratio,
            "ratio_wanted_at_most": WANTED,
        },
    )
    assert ratio <= WANTED
