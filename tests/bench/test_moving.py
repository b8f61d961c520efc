"""Times and peak memory of export, backup, restore and migration of 100,000 parties and 500,000 ties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from measuring import in_a_process, write_company

import graphcrm
from graphcrm import Graph, embedded
from graphcrm.settings import Settings

pytestmark = pytest.mark.bench

PARTIES, KNOWS, REFERRALS = 100_000, 400_000, 100_000

PROGRAM = """
import json, sys, time
import graphcrm
from measuring import peak_mib
from graphcrm.settings import Settings
from graphcrm.service.backup import make_backup, restore_backup
from graphcrm.service.export import export_graph
from graphcrm.service.migrate import migrate

what, *rest = sys.argv[1:]
with graphcrm.connect() as graph:
    start = time.perf_counter()
    if what == "export":
        moved = export_graph(graph.store, *rest)
    elif what == "backup":
        moved = make_backup(graph.store, *rest)
    elif what == "restore":
        moved = restore_backup(graph.store, *rest)
    else:
        with graphcrm.connect(Settings(neo4j_uri=rest[0], neo4j_user=rest[1], neo4j_password=rest[2])) as there:
            moved = migrate(graph.store, there.store)
    seconds = time.perf_counter() - start
print(json.dumps({"rows": sum(moved.values()), "s": seconds, "peak_mib": peak_mib()}))
"""


@pytest.mark.timeout(3600)
def test_moving(neo4j_graph: Graph, report: Callable[..., None], tmp_path: Path) -> None:
    figures: dict[str, Any] = {}
    homes = [tmp_path / "one", tmp_path / "two"]

    def measure(what: str, home: Path, *arguments: object, name: str = "") -> int:
        environment = {"GRAPHCRM_HOME": str(home), "GRAPHCRM_EMBEDDED_HEAP": "1g"}
        environment["GRAPHCRM_QUERY_TIMEOUT_S"] = "600"  # a busy machine reads 400,000 ties in more than a minute
        found = in_a_process(PROGRAM, what, *arguments, **environment)
        figures[f"{name or what}_s"], figures[f"{name or what}_peak_mib"] = found["s"], found["peak_mib"]
        return int(found["rows"])

    try:
        write_company(tmp_path / "in", PARTIES, KNOWS, REFERRALS)
        with graphcrm.connect(Settings(home=homes[0], embedded_heap="1g")) as graph:
            graph.import_files([tmp_path / "in"])
        wanted = PARTIES + KNOWS + REFERRALS
        assert measure("export", homes[0], tmp_path / "out") == wanted
        assert measure("export", homes[0], tmp_path / "parquet", "parquet", name="export_parquet") == wanted
        figures["export_mib"] = sum(file.stat().st_size for file in (tmp_path / "out").rglob("*.*")) / 2**20
        assert measure("backup", homes[0], tmp_path / "b.backup") >= wanted
        figures["backup_mib"] = (tmp_path / "b.backup").stat().st_size / 2**20
        assert measure("restore", homes[1], tmp_path / "b.backup") >= wanted
        target = neo4j_graph.settings
        login = (target.neo4j_uri, target.neo4j_user, target.neo4j_password.get_secret_value())
        assert measure("migrate", homes[1], *login) >= wanted
    finally:
        for home in homes:
            embedded.stop(home)
    report({"parties": PARTIES, "ties": KNOWS + REFERRALS}, figures)
