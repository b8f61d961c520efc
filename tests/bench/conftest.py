"""Benches measure ratios within one run and write down what they found, with the sizes and the machine."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results"
PACKAGES = ("arcadedb-embedded", "neo4j", "neo4j-rust-ext", "networkx", "numpy", "scipy", "pandas", "fastapi")


def machine() -> dict[str, Any]:
    """What the figures depend on beside the code."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu[0].split(":")[1].strip() if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """A function that prints a bench's figures and writes them to ``bench/results/<bench>.json``."""

    def write(sizes: dict[str, Any], figures: dict[str, Any]) -> None:
        name = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")
        load = os.getloadavg()[0]
        document = {
            "bench": name,
            "measured_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "machine": machine() | {"load_average": round(load, 1)},
            "sizes": sizes,
            "figures": {key: _short(value) for key, value in figures.items()},
        }
        RESULTS.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=2, ensure_ascii=False)
        (RESULTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
        print(f"\n{name}: " + ", ".join(f"{key} {value}" for key, value in document["figures"].items()))

    return write


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
