"""What benches share: taking turns, timing, peaks of memory, and a company of any size as canonical CSV."""

from __future__ import annotations

import csv
import datetime as dt
import gc
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any


def best_of(rounds: int, *contenders: Callable[[], float]) -> list[float]:
    """Let each contender run in turn and give each one's shortest time; it returns the seconds that count."""
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, found in zip(contenders, times, strict=True):
            gc.collect()
            found.append(contender())
    return [min(found) for found in times]


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mib(pid: int | str = "self") -> float:
    """The most memory that a process has held so far.

    What `resource.getrusage` says begins with the peak of the process that started this one; the kernel's status does
    not.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (kib,) = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(kib) / 1024


def in_a_process(program: str, *arguments: object, **environment: str) -> dict[str, Any]:
    """Run a program in a Python of its own, which finds this module, and give the JSON that it prints."""
    paths = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
    environ = os.environ | {"PYTHONPATH": paths} | environment
    command = [sys.executable, "-c", program, *map(str, arguments)]
    answer = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def write_company(folder: Path, parties: int, knows: int, referrals: int = 0, seed: int = 7) -> None:
    """Write a company as canonical CSV: customers and their ties, degrees heavy-tailed, no tie twice."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    first_day = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)

    def ends(count: int) -> list[tuple[int, int]]:
        found: dict[tuple[int, int], None] = {}
        while len(found) < count:
            pair = (int(parties * chance.random() ** 2), chance.randrange(parties))
            if pair[0] != pair[1]:
                found[pair] = None
        return list(found)

    def moment() -> str:
        return (first_day + dt.timedelta(minutes=chance.randrange(1_000_000))).isoformat()

    write_csv(
        folder / "customers.csv",
        ("id", "name", "email", "country", "created_at"),
        ((f"C{i:07d}", f"Customer {i}", f"c{i}@example.com", "DE", first_day.isoformat()) for i in range(parties)),
    )
    write_csv(
        folder / "relationships.csv",
        ("source_id", "target_id", "kind", "since", "strength"),
        ((f"C{a:07d}", f"C{b:07d}", "friend", "2024-01-01", f"{chance.uniform(0.01, 1):.3f}") for a, b in ends(knows)),
    )
    write_csv(
        folder / "referrals.csv",
        ("referrer_id", "referred_id", "at", "channel"),
        ((f"C{a:07d}", f"C{b:07d}", moment(), "email") for a, b in ends(referrals)),
    )
