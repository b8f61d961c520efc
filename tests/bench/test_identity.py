"""What it takes to find the duplicates of a town of households, and how many are found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from measuring import in_a_process

pytestmark = pytest.mark.bench

PEOPLE, COPIES = 70_000, 30_000
F1_WANTED, PEAK_WANTED_MIB = 0.96, 1024

PROGRAM = """
import itertools, json, sys, time
from households import f1, register, true_pairs
from measuring import peak_mib
from graphcrm.identity.duplicates import find_duplicates

people, owners = register(int(sys.argv[1]), int(sys.argv[2]))
true = true_pairs(people["id"].tolist(), owners)
people = people.drop(columns=sys.argv[3:])
figures = {"peak_mib_before": peak_mib()}
start, worked = time.perf_counter(), time.process_time()
found = find_duplicates(people)
figures |= {"seconds": time.perf_counter() - start, "processor_s": time.process_time() - worked}
figures["peak_mib"] = peak_mib()
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
    figures = in_a_process(PROGRAM, PEOPLE, COPIES, *without)
    wanted = {"f1_wanted_at_least": F1_WANTED, "peak_mib_wanted_at_most": PEAK_WANTED_MIB}
    report({"people": PEOPLE, "copies": COPIES, "without": list(without)}, figures | wanted)
    assert figures["f1_pairs"] >= F1_WANTED
    assert figures["f1_groups"] >= F1_WANTED
    assert figures["peak_mib"] <= PEAK_WANTED_MIB
