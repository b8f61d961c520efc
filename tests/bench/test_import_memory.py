"""What an import takes in memory: a file of twice the length must not take more, on either engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from measuring import in_a_process, write_company
from processes import environment

from graphcrm import Graph

pytestmark = pytest.mark.bench

PARTIES, TIES = 50_000, 100_000
WANTED, PEAK_WANTED_MIB = 1.15, 1024

PROGRAM = """
import json, sys
import graphcrm
from measuring import peak_mib

with graphcrm.connect() as graph:
    report = graph.import_files([sys.argv[1]])
    print(json.dumps({"rows": report.read, "created": report.created, "peak_mib": peak_mib()}))
"""


@pytest.mark.timeout(1800)
def test_twice_the_file_takes_the_same_memory(
    graph: Graph, bare: Any, engine: str, report: Callable[..., None], tmp_path: Path
) -> None:
    found = []
    for times in (1, 2):
        bare.wipe()
        graph.touch()
        write_company(tmp_path / str(times), times * PARTIES, times * TIES)
        found.append(in_a_process(PROGRAM, tmp_path / str(times), **environment(bare.settings)))
    once, twice = found
    assert (once["rows"], twice["rows"]) == (PARTIES + TIES, 2 * (PARTIES + TIES))
    assert all(figures["created"] == figures["rows"] for figures in found)
    ratio = twice["peak_mib"] / once["peak_mib"]
    report(
        {"engine": engine, "rows": once["rows"]},
        {
            "peak_mib": once["peak_mib"],
            "peak_mib_of_twice_as_many": twice["peak_mib"],
            "ratio": ratio,
            "ratio_wanted_at_most": WANTED,
        },
    )
    assert ratio <= WANTED
    assert twice["peak_mib"] <= PEAK_WANTED_MIB
