"""Presets into the graph itself, on both engines: exact counts and sums, and a second import that changes nothing."""

from __future__ import annotations

import csv
import gzip
import itertools
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from everything import contents

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


def unchanged(graph: graphcrm.Graph, report: ImportReport, paths: list[Path], **how: Any) -> None:
    """The same import again finds everything in, and changes nothing but its own entry and when what was seen last."""
    before = contents(graph)
    again = graph.import_files(paths, **how)
    assert counts(again) == {table: (row[0], 0, 0, row[0] - row[4], row[4]) for table, row in counts(report).items()}
    after = contents(graph)
    assert len(after.pop("Job")) == len(before.pop("Job")) + 1
    before.pop("Sighting")
    assert after.pop("Sighting")
    assert after == before


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
    unchanged(graph, report, [invoice_lines], preset="online-retail")


def test_salesforce(graph: graphcrm.Graph, shared_data: Path) -> None:
    paths = [shared_data / "salesforce" / f"{name}Data.csv" for name in ("account", "opportunity")]
    report = graph.import_files(paths, preset="auto")
    assert counts(report)["customers"] == (423, 423, 0, 0, 0)
    assert counts(report)["opportunities"] == (38, 38, 0, 0, 0)
    assert graph.status()["types"]["RAISED"] == 38
    unchanged(graph, report, paths, preset="salesforce")


def test_vcards(graph: graphcrm.Graph, shared_data: Path) -> None:
    paths = [shared_data / "vcards"]
    report = graph.import_files(paths, preset="auto")
    assert report.rejected == 0
    assert graph.status()["labels"]["Contact"] == 15
    ibm = graph.records.page("contacts", filters={"customer_id": "IBM/US"}).items
    assert {contact["email"] for contact in ibm} == {"john.doe@ibm.com", "john.doe@ibm.cm"}
    unchanged(graph, report, paths, preset="vcard")


def test_northwind(graph: graphcrm.Graph, shared_data: Path) -> None:
    paths = [shared_data / "northwind"]
    report = graph.import_files(paths, preset="northwind")
    found = {"users": 9, "customers": 91, "contacts": 91, "products": 77, "orders": 830, "order_lines": 2155}
    assert counts(report) == {table: (rows, rows, 0, 0, 0) for table, rows in found.items()}
    unchanged(graph, report, paths, preset="northwind")


def message(id_: str, *lines: str) -> str:
    headers = [f"Message-ID: <{id_}>", f"Date: Wed, 31 Jan 2024 09:3{id_[0]}:00 +0800", "Subject: Chairs", *lines]
    return "\n".join(["From x Wed Jan 31 09:30:00 2024", *headers, "", "Forty, please.", "", ""])


def test_a_mailbox(graph: graphcrm.Graph, tmp_path: Path) -> None:
    """Messages, who wrote them and to whom; a chain of replies that each name the one before is one thread."""
    ann, bob, cy = "Ann Lee <Ann@x.example>", "bob@x.example", "=?utf-8?B?546L5bCP5piO?= <cy@y.example>"
    box = (
        message("2@x", f"From: {ann}", f"To: {bob}", f"Cc: {cy}", "In-Reply-To: <1@x>"),
        message("0@x", f"From: {ann}", f"To: {bob}"),
        message("1@x", f"From: {bob}", f"To: {ann}, {cy}", "In-Reply-To: <0@x>"),
        message("3@x", f"From: {cy}", f"To: {bob}, Bob Ray <BOB@x.example>", "In-Reply-To: <2@x>"),
        message("4@x", f"From: {cy}", f"To: {cy}"),
    )
    path = tmp_path / "inbox.mbox"
    path.write_text("".join(box), encoding="utf-8")
    report = graph.import_files([path], preset="auto")
    # Who writes to nobody else has no part in an interaction of two.
    assert counts(report) == {"contacts": (3, 3, 0, 0, 0), "interactions": (5, 4, 0, 0, 1)}
    names = {id_: graph.records.read("contacts", id_)["name"] for id_ in ("ann@x.example", "cy@y.example", bob)}
    assert names == {"ann@x.example": "Ann Lee", "cy@y.example": "王小明", bob: "Bob Ray"}
    messages = graph.records.page("interactions", sort="at").items
    assert [each["extra"]["thread_id"] for each in messages] == ["0@x"] * 4
    assert messages[2]["at"] == "2024-01-31T01:32:00Z"
    assert (messages[2]["kind"], messages[2]["subject"], messages[2]["text"]) == ("email", "Chairs", "Forty, please.")
    ends = [(each["from_id"], each["to_ids"]) for each in messages]
    assert ends == [
        ("ann@x.example", [bob]),
        (bob, ["ann@x.example", "cy@y.example"]),
        ("ann@x.example", [bob, "cy@y.example"]),
        ("cy@y.example", [bob]),
    ]
    unchanged(graph, report, [path], preset="mailbox")


def event(id_: str, *lines: str) -> list[str]:
    return ["BEGIN:VEVENT", f"UID:{id_}", "DTSTART;TZID=Asia/Shanghai:20240131T093000", "DURATION:PT45M", *lines]


def test_a_calendar(graph: graphcrm.Graph, tmp_path: Path) -> None:
    """Meetings, and who came to them; what was called off is none, and who meets nobody is told."""
    ann, bob = "ORGANIZER;CN=Ann Lee:mailto:Ann@x.example", "ATTENDEE;CN=王小明:mailto:wang@y.example"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        *event("1@x", "SUMMARY:Chairs", "LOCATION:Room 4", ann, bob, "ATTENDEE:mailto:cy@y.example", "END:VEVENT"),
        *event("2@x", "SUMMARY:Desks", ann, bob, "STATUS:CANCELLED", "END:VEVENT"),
        *event("3@x", "SUMMARY:Alone", ann, "END:VEVENT"),
        "END:VCALENDAR",
        "",
    ]
    path = tmp_path / "meetings.ics"
    path.write_bytes("\r\n".join(lines).encode())
    report = graph.import_files([path], preset="auto")
    assert counts(report) == {"contacts": (3, 3, 0, 0, 0), "interactions": (2, 1, 0, 0, 1)}
    meeting = graph.records.read("interactions", "1@x")
    assert (meeting["kind"], meeting["at"], meeting["duration_s"]) == ("meeting", "2024-01-31T01:30:00Z", 2700)
    assert (meeting["from_id"], meeting["to_ids"]) == ("ann@x.example", ["cy@y.example", "wang@y.example"])
    assert (meeting["subject"], meeting["extra"]["location"]) == ("Chairs", "Room 4")
    assert graph.records.read("contacts", "wang@y.example")["name"] == "王小明"
    unchanged(graph, report, [path], preset="icalendar")


def test_people_who_share_an_address(graph: graphcrm.Graph, tmp_path: Path) -> None:
    """Two at one address, two on one line, father and son of one name: each is there, and is found again."""
    header = "First Name,Last Name,E-mail 1 - Value,Phone 1 - Value,Organization Name,Address 1 - Country"
    rows = ("Ann,Lee,info@d.example,,D,Germany", "Bob,Ray,info@d.example,,D,Chile", ",,,030 1234567,,")
    rows = (*rows, "Al,Ash,,030 1234567,,", "Jo,Ash,,030 1234567,,", "Jo,Ash,,030 1234567,,", "Jo,Ash,,030 1234567,E,")
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    report = graph.import_files([path], preset="auto", region="DE")
    assert counts(report) == {"customers": (3, 3, 0, 0, 0), "contacts": (7, 7, 0, 0, 0)}
    assert [file.repeated for file in report.files] == [0, 1]
    assert graph.status()["types"]["WORKS_AT"] == 3
    unchanged(graph, report, [path], preset="google-contacts", region="DE")


def test_opting_out_and_in_again(graph: graphcrm.Graph, tmp_path: Path) -> None:
    """A refusal is not lost for want of a date, is lifted by its own source alone, and is not said twice."""
    path = tmp_path / "contacts.csv"

    def imported(ann: str, bob: str, changed: str = "", source: str = "crm") -> tuple[int, ...]:
        header = f"Id,LastName,AccountId,HasOptedOutOfEmail,DoNotCall{',LastModifiedDate' if changed else ''}"
        end = f",{changed}" if changed else ""
        path.write_text(f"{header}\n003A,Lee,,{ann},0{end}\n003B,Ray,,{bob},0{end}\n", encoding="utf-8")
        return counts(graph.import_files([path], preset="auto", source=source))["consents"]

    def stands() -> dict[str, str]:
        return {id_: graph.archive.consent(id_, "email", "marketing") for id_ in ("003A", "003B")}

    said = {"003A": "refused", "003B": "unknown"}
    # Each contact has a row for e-mails and one for calls; who has not opted out says nothing.
    assert imported("1", "0") == (4, 1, 0, 3, 0)
    assert stands() == said
    before = contents(graph)["Consent"]
    assert imported("1", "0") == (4, 0, 0, 4, 0)
    assert imported("1", "0", "2024-01-31T09:30:00.000Z") == (4, 0, 0, 4, 0)
    assert contents(graph)["Consent"] == before
    # Another source knows of no opting out, and so has nothing to take back; nor has an export of long ago.
    assert imported("0", "0", "2999-01-01T00:00:00Z", source="shop") == (4, 0, 0, 4, 0)
    assert imported("0", "0", "2024-01-31T09:30:00.000Z") == (4, 0, 0, 4, 0)
    assert stands() == said
    lifted = datetime.now(UTC).isoformat(timespec="milliseconds")
    assert imported("0", "1", lifted) == (4, 2, 0, 2, 0)
    assert stands() == {"003A": "granted", "003B": "refused"}
    assert imported("0", "1", lifted) == (4, 0, 0, 4, 0)
    assert imported("1", "1", datetime.now(UTC).isoformat(timespec="milliseconds")) == (4, 1, 0, 3, 0)
    assert stands() == {"003A": "refused", "003B": "refused"}
    assert graph.status()["labels"]["Consent"] == 4


@pytest.mark.parametrize(
    ("example", "folder", "expected"),
    [
        ("ifood", "ifood_campaign", {"customers": 2240, "campaigns": 6, "responses": 1001}),
        ("telco", "telco_churn", {"customers": 7043}),
        ("cdnow", "cdnow", {"customers": 2357, "orders": 6919}),
    ],
)
def test_examples(
    graph: graphcrm.Graph, shared_data: Path, example: str, folder: str, expected: dict[str, int]
) -> None:
    mapping = Path(__file__).resolve().parents[2] / "examples" / f"{example}.toml"
    report = graph.import_files([shared_data / folder], mapping)
    assert counts(report) == {table: (rows, rows, 0, 0, 0) for table, rows in expected.items()}
    unchanged(graph, report, [shared_data / folder], mapping=mapping)


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
    told = CliRunner().invoke(cli, ["mapping", "suggest", str(file)]).output
    assert 'name = "name"    # likely, by its name: Ann' in told


def test_import_says_what_it_took(tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCRM_HOME", str(empty_home))
    (tmp_path / "x.csv").write_text("Record ID,Company name,Create Date\n1,Delta,2024-01-31\n", encoding="utf-8")
    (tmp_path / "y.csv").write_text("colour\nred\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["import", "--preset", "auto", str(tmp_path), "--format", "json"])
    assert done.exit_code == 0, done.output
    assert "x.csv: hubspot, companies (it has the columns Record ID, Company name, Create Date)" in done.stderr
    assert "y.csv: left out, no preset knows its columns" in done.stderr
    assert '"created": 1' in done.stdout or '"created":1' in done.stdout
