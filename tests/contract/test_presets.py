"""Presets into the graph itself, on both engines: exact counts and sums, and a second import that changes nothing."""

from __future__ import annotations

import csv
import gzip
import itertools
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

import graphcrm
from graphcrm.cli import cli
from graphcrm.errors import InvalidInput
from graphcrm.intake.importer import ImportReport
from graphcrm.values import MONEY_SCALE

LINES = 8_000


def counts(report: ImportReport) -> dict[str, tuple[int, int, int, int, int]]:
    """Read, created, updated, unchanged and rejected by table, over all files."""
    found: dict[str, list[int]] = {}
    for file in report.files:
        file.check()
        row = (file.read, file.created, file.updated, file.unchanged, file.rejected)
        found[file.table] = [a + b for a, b in zip(found.get(file.table, [0] * 5), row, strict=True)]
    return {table: (row[0], row[1], row[2], row[3], row[4]) for table, row in found.items()}


def unchanged(graph: graphcrm.Graph, report: ImportReport, paths: list[Path], preset: str) -> None:
    """The same import again finds everything in."""
    before = graph.status()
    again = graph.import_files(paths, preset=preset)
    assert counts(again) == {table: (row[0], 0, 0, row[0] - row[4], row[4]) for table, row in counts(report).items()}
    after = graph.status()
    assert (after["labels"], after["types"]) == (before["labels"], before["types"])


@pytest.fixture(scope="module")
def invoice_lines(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first lines of Online Retail, as they stand there."""
    path = tmp_path_factory.mktemp("retail") / "lines.csv"
    with gzip.open(shared_data / "online_retail" / "online_retail.csv.gz", "rt", encoding="utf-8") as whole:
        path.write_text("".join(itertools.islice(whole, LINES + 1)), encoding="utf-8")
    return path


def test_online_retail(graph: graphcrm.Graph, bare: object, invoice_lines: Path) -> None:
    with invoice_lines.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    invoices = {row["InvoiceNo"]: row["CustomerID"] for row in rows}
    customers = {row["CustomerID"] for row in rows} - {""}
    products = {row["StockCode"] for row in rows}
    total = sum((Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in rows), Decimal(0))
    repeats = sum(count - 1 for count in Counter(tuple(row.values()) for row in rows).values())
    assert repeats > 20
    assert sum(not customer for customer in invoices.values()) > 20

    report = graph.import_files([invoice_lines], preset="auto")
    assert {table: row[:2] for table, row in counts(report).items()} == {
        "customers": (len(customers), len(customers)),
        "products": (len(products), len(products)),
        "orders": (len(invoices), len(invoices)),
        "order_lines": (LINES, LINES),
    }
    assert [file.repeated for file in report.files if file.table == "order_lines"] == [repeats]
    status = graph.status()
    assert status["types"]["CONTAINS"] == LINES
    assert status["types"]["PLACED"] == sum(bool(customer) for customer in invoices.values())
    found = graph.store.read("nodes/read_many", words={"LABEL": "Order"}, ids=list(invoices))[0]["records"]
    assert sum(order["amount"] for order in found) == total * MONEY_SCALE
    refunds = [order for order in found if order["id"].startswith("C")]
    assert refunds
    assert all(order["amount"] < 0 for order in refunds)
    unknown = next(id_ for id_, customer in invoices.items() if not customer)
    assert graph.records.read("orders", unknown)["customer_id"] is None
    unchanged(graph, report, [invoice_lines], "online-retail")


def test_salesforce(graph: graphcrm.Graph, shared_data: Path) -> None:
    paths = [shared_data / "salesforce" / f"{name}Data.csv" for name in ("account", "opportunity")]
    report = graph.import_files(paths, preset="auto")
    assert counts(report)["customers"] == (423, 423, 0, 0, 0)
    assert counts(report)["opportunities"] == (38, 38, 0, 0, 0)
    assert graph.status()["types"]["RAISED"] == 38
    unchanged(graph, report, paths, "salesforce")


def test_vcards(graph: graphcrm.Graph, shared_data: Path) -> None:
    paths = [shared_data / "vcards"]
    report = graph.import_files(paths, preset="auto")
    assert report.rejected == 0
    assert graph.status()["labels"]["Contact"] == 15
    ibm = graph.records.page("contacts", filters={"customer_id": "IBM/US"}).items
    assert {contact["email"] for contact in ibm} == {"john.doe@ibm.com", "john.doe@ibm.cm"}
    unchanged(graph, report, paths, "vcard")


@pytest.mark.parametrize(
    ("example", "folder", "expected"),
    [
        ("ifood", "ifood_campaign", {"customers": 2240, "campaigns": 6, "responses": 1001}),
        ("telco", "telco_churn", {"customers": 7043}),
        ("cdnow", "cdnow", {"customers": 2357, "orders": 6919}),
    ],
)
def test_examples(
    embedded_graph: graphcrm.Graph, shared_data: Path, example: str, folder: str, expected: dict[str, int]
) -> None:
    mapping = Path(__file__).resolve().parents[2] / "examples" / f"{example}.toml"
    for column in (1, 3):
        report = counts(embedded_graph.import_files([shared_data / folder], mapping))
        assert {table: row[0] for table, row in report.items()} == expected
        assert {table: row[column] for table, row in report.items()} == expected


def test_a_mapping_or_a_preset(embedded_graph: graphcrm.Graph, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="choose one of the two"):
        embedded_graph.import_files([tmp_path], mapping=tmp_path / "m.toml", preset="auto")
    with pytest.raises(InvalidInput, match="no preset 'sap'"):
        embedded_graph.import_files([tmp_path], preset="sap")


def test_commands(tmp_path: Path) -> None:
    listed = CliRunner().invoke(cli, ["mapping", "list", "--format", "csv"])
    assert listed.exit_code == 0
    assert listed.output.splitlines()[0] == "preset,title,files"
    assert '"customers, contacts, opportunities, sales_records"' in listed.output
    mapping = tmp_path / "mine.toml"
    mapping.write_text(CliRunner().invoke(cli, ["mapping", "show", "zoho"]).output, encoding="utf-8")
    assert "Zoho CRM" in mapping.read_text(encoding="utf-8")
    file = tmp_path / "x.csv"
    file.write_text("no,name\n1,Ann\n", encoding="utf-8")
    assert 'name = "name"    # Ann' in CliRunner().invoke(cli, ["mapping", "suggest", str(file)]).output


def test_import_says_what_it_took(tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCRM_HOME", str(empty_home))
    (tmp_path / "x.csv").write_text("Record ID,Company name,Create Date\n1,Delta,2024-01-31\n", encoding="utf-8")
    (tmp_path / "y.csv").write_text("colour\nred\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["import", "--preset", "auto", str(tmp_path), "--format", "json"])
    assert done.exit_code == 0, done.output
    assert "x.csv: hubspot, companies (it has the columns Record ID, Company name, Create Date)" in done.stderr
    assert "y.csv: left out, no preset knows its columns" in done.stderr
    assert '"created": 1' in done.stdout or '"created":1' in done.stdout
