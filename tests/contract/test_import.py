"""The import into the graph itself, on both engines: what is counted is what is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import graphcrm
from graphcrm.intake.importer import ImportReport, import_files
from graphcrm.intake.presets import preset_path
from graphcrm.sample import write_sample
from graphcrm.service.writing import Rejected
from graphcrm.settings import Settings
from graphcrm.tables import TABLES, Row

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

Counts = dict[str, tuple[int, int, int, int, int]]


def counts(report: ImportReport) -> Counts:
    """Read, created, updated, unchanged and rejected by table."""
    for file in report.files:
        file.check()
    return {file.table: (file.read, file.created, file.updated, file.unchanged, file.rejected) for file in report.files}


def test_sample_twice(graph: graphcrm.Graph, tmp_path: Path) -> None:
    expected = write_sample(tmp_path, 60, 7)
    dry = import_files(graph.records, [tmp_path], dry_run=True, batch_rows=100)
    assert counts(dry) == {name[:-4]: (rows, rows, 0, 0, 0) for name, rows in expected.items()}
    assert graph.status()["labels"] == {}
    first = import_files(graph.records, [tmp_path], batch_rows=100)
    assert counts(first) == counts(dry)
    there = graph.status()
    assert there["labels"] == {
        "Customer": 40,
        "Contact": 20,
        "Interaction": expected["interactions.csv"],
        "Campaign": expected["campaigns.csv"],
        "Order": expected["orders.csv"],
        "Product": expected["products.csv"],
        "User": expected["users.csv"],
    }
    for type_, file in (("REFERRED", "referrals"), ("KNOWS", "relationships"), ("CONTAINS", "order_lines")):
        assert there["types"][type_] == expected[f"{file}.csv"]
    again = import_files(graph.records, [tmp_path])
    assert counts(again) == {name[:-4]: (rows, 0, 0, rows, 0) for name, rows in expected.items()}
    assert graph.status() == there


def test_bad_rows(graph: graphcrm.Graph, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(
        f"id,name,created_at\nA,Ann,\n,No id,\nB,Bob,\n{'x' * 200},Long id,\nC,Cy,2099-01-01\n"
    )
    (tmp_path / "contacts.csv").write_text("id,name,customer_id\nA,Same id,\nP,Pat,A\nQ,Quin,nobody\n")
    (tmp_path / "referrals.csv").write_text(
        "referrer_id,referred_id,at\nA,B,2025-01-01T00:00:00Z\nA,A,2025-01-01T00:00:00Z\n"
        "A,Z,2025-01-01T00:00:00Z\nB,C,yesterday\nB,A,2025-02-01\n"
    )
    (tmp_path / "relationships.csv").write_text(
        "source_id,target_id,kind,strength\nA,B,friend,-0.1\nA,C,friend,1.5\nA,P,friend,1\nA,C,foe,1\n"
    )
    rejects = tmp_path / "out" / "rejects.csv"
    report = import_files(graph.records, [tmp_path], rejects_path=rejects)
    assert counts(report) == {
        "customers": (5, 3, 0, 0, 2),
        "contacts": (3, 1, 0, 0, 2),
        "referrals": (5, 2, 0, 0, 3),  # a cycle is accepted
        "relationships": (4, 1, 0, 0, 3),
    }
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == 1 + report.rejected
    assert graph.status()["types"] == {"REFERRED": 2, "KNOWS": 1, "WORKS_AT": 1}


def test_northwind(graph: graphcrm.Graph, shared_data: Path) -> None:
    paths, mapping = [shared_data / "northwind"], preset_path("northwind")
    report = graph.import_files(paths, mapping)
    assert {table: row[:2] for table, row in counts(report).items()} == {
        "users": (9, 9),
        "customers": (91, 91),
        "contacts": (91, 91),
        "products": (77, 77),
        "orders": (830, 830),
        "order_lines": (2155, 2155),
    }
    assert report.rejects_path is None
    status = graph.status()
    assert status["labels"] == {"Customer": 91, "Contact": 91, "Order": 830, "Product": 77, "User": 9}
    assert status["types"] == {"WORKS_AT": 91, "PLACED": 830, "CONTAINS": 2155, "REPORTS_TO": 8}
    order = graph.records.read("orders", "10248")
    assert (order["at"], order["amount"], order["customer_id"]) == ("1996-07-04T00:00:00Z", "440.00", "VINET")
    assert order["extra"]["employee_id"] == "5"
    assert {row[3] for row in counts(graph.import_files(paths, mapping)).values()} == {9, 91, 77, 830, 2155}
    assert graph.status() == status


def test_radoslaw(graph: graphcrm.Graph, shared_data: Path, tmp_path: Path) -> None:
    report = graph.import_files(
        [shared_data / "networks"], EXAMPLES / "networks" / "radoslaw_email.toml", rejects=tmp_path / "rejects.csv"
    )
    assert counts(report) == {"contacts": (167, 167, 0, 0, 0), "relationships": (5784, 5783, 0, 0, 1)}
    rejected = (tmp_path / "rejects.csv").read_text(encoding="utf-8")
    assert "radoslaw_email.edges.csv,5704,target_id" in rejected
    assert "'radoslaw-129'" in rejected


@pytest.mark.parametrize(("name", "nodes", "edges"), [("kite", 10, 18), ("karate", 34, 78), ("flo_marriage", 16, 20)])
def test_networks(graph: graphcrm.Graph, shared_data: Path, name: str, nodes: int, edges: int) -> None:
    report = graph.import_files([shared_data / "networks"], EXAMPLES / "networks" / f"{name}.toml")
    assert counts(report) == {"customers": (nodes, nodes, 0, 0, 0), "relationships": (edges, edges, 0, 0, 0)}


KILLED = """
import sys
from pathlib import Path
import graphcrm
from graphcrm.intake.importer import import_files
from graphcrm.service.writing import Rejected
from graphcrm.settings import Settings
from graphcrm.tables import TABLES, Row
with graphcrm.connect(Settings(home=Path(sys.argv[1]))) as graph:
    import_files(graph.records, [sys.argv[2]], progress=lambda *told: print(*told, flush=True), batch_rows=50)
"""


def test_killed_and_run_again(empty_home: Path, tmp_path: Path) -> None:
    expected = write_sample(tmp_path / "sample", 90, 7)
    command = [sys.executable, "-c", KILLED, str(empty_home), str(tmp_path / "sample")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "interactions.csv 100" in line:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    with graphcrm.connect(Settings(home=empty_home)) as graph:
        found = counts(import_files(graph.records, [tmp_path / "sample"]))
        assert {f"{table}.csv": row[0] for table, row in found.items()} == expected
        assert all(row[2] == row[4] == 0 for row in found.values())
        assert found["customers"][3] == 60
        assert 100 <= found["interactions"][3] < expected["interactions.csv"]
        assert graph.status()["labels"]["Interaction"] == expected["interactions.csv"]
        assert graph.status()["types"]["CONTAINS"] == expected["order_lines.csv"]


def test_another_writes_while_a_file_is_loading(graph: graphcrm.Graph) -> None:
    """What a loading has found out it forgets when another has written: no tie is written twice, none to nobody."""
    records, knows = graph.records, TABLES["relationships"]
    records.upsert("customers", [{"id": id_, "name": id_} for id_ in "ABCDEF"])
    loading = records.loading(knows)

    def row(source: str, target: str) -> Row:
        return knows.row({"source_id": source, "target_id": target, "kind": "friend"})

    assert loading.write([row("A", "B"), row("A", "C")]) == ["created", "created"]
    records.create("ties", {"type": "KNOWS", "source_id": "B", "target_id": "C", "kind": "friend", "strength": 0.5})
    records.delete("customers", "D")
    refused = loading.write([row("B", "C"), row("C", "D"), row("E", "F")])
    assert (refused[0], refused[2]) == ("unchanged", "created")
    assert isinstance(refused[1], Rejected)
    assert refused[1].column == "target_id"
    assert graph.status()["types"] == {"KNOWS": 4}


def test_another_tool_writes_while_a_file_is_loading(graph: graphcrm.Graph, bare: Any) -> None:
    """Who writes without raising the revision is noticed by the tie's id, or by the party that is gone."""
    records, knows = graph.records, TABLES["relationships"]
    records.upsert("customers", [{"id": id_, "name": id_} for id_ in "ABCD"])
    loading = records.loading(knows)

    def row(source: str, target: str) -> Row:
        return knows.row({"source_id": source, "target_id": target, "kind": "friend"})

    assert loading.write([row("A", "B"), row("C", "D")]) == ["created", "created"]
    bare.run(
        "MATCH (a:Customer {id: 'B'}) MATCH (b:Customer {id: 'A'}) "
        "CREATE (a)-[:KNOWS {id: 'KNOWS:B:A:friend', kind: 'friend'}]->(b)"
    )
    assert loading.write([row("B", "A"), row("B", "C")]) == ["unchanged", "created"]
    bare.run("MATCH (d:Customer {id: 'D'}) DETACH DELETE d")
    outcomes = loading.write([row("A", "D"), row("A", "C")])
    assert isinstance(outcomes[0], Rejected)
    assert outcomes[1] == "created"
    assert graph.status()["types"] == {"KNOWS": 4}
