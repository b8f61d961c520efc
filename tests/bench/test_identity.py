"""What it takes to find the duplicates of a town of households, and how many are found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

PEOPLE, COPIES = 70_000, 30_000
TESTS = Path(__file__).resolve().parents[1]

PROGRAM = """
import itertools, json, resource, sys, time
sys.path.insert(0, sys.argv[1])
from households import f1, register, true_pairs
from graphcrm.identity.duplicates import find_duplicates

people, owners = register(int(sys.argv[2]), int(sys.argv[3]))
true = true_pairs(people["id"].tolist(), owners)
people = people.drop(columns=sys.argv[4:])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, worked = time.perf_counter(), time.process_time()
found = find_duplicates(people)
figures = {"seconds": time.perf_counter() - start, "processor_s": time.process_time() - worked}
figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
figures["peak_mib_before"] = before // 1024
pairs = set(zip(found.pairs["left_id"], found.pairs["right_id"]))
figures["f1_pairs"] = f1(pairs, true)
grouped = {pair for group in found.groups for pair in itertools.combinations(group, 2)}
figures["f1_groups"] = f1(grouped, true)
figures["precision"] = len(pairs & true) / len(pairs)
figures["recall"] = len(pairs & true) / len(true)
print(json.dumps(figures))
"""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("without", [(), ("national_id",), ("national_id", "email", "phone")], ids="-".join)
def test_identity(without: tuple[str, ...], report: Callable[..., None]) -> None:
    command = [sys.executable, "-c", PROGRAM, str(TESTS), str(PEOPLE), str(COPIES), *without]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    figures = json.loads(answer.stdout)
    report({"people": PEOPLE, "copies": COPIES, "without": list(without)}, figures)
    assert figures["f1_pairs"] >= 0.96
    assert figures["f1_groups"] >= 0.96
