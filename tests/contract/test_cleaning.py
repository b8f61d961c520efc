"""Cleaning on the way in, on both engines: what is shown, what is kept as it came, and what is counted."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from everything import contents
from phonenumbers import NumberParseException, is_valid_number, parse

from graphcrm import Graph
from graphcrm.errors import InvalidInput
from graphcrm.intake.importer import ImportReport
from graphcrm.service import quality as service_quality
from graphcrm.service.backup import make_backup, restore_backup
from graphcrm.service.export import export_graph

HEADER = "id,name,email,phone,country,birth_date,created_at\n"


def load(graph: Graph, folder: Path, source: str = "files", region: str | None = None, **files: str) -> ImportReport:
    """Import canonical files of these contents."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return graph.import_files([folder], source=source, region=region, rejects=folder.parent / "rejects.csv")


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def said(graph: Graph, id_: str, table: str = "customers") -> dict[tuple[str, str], tuple[Any, str | None]]:
    """Value and original by field and source."""
    found = graph.sources.provenance(table, id_)["fields"]
    return {(f["field"], v["source"]): (v["value"], v["raw"]) for f in found for v in f["values"]}


def test_what_comes_in_is_clean_and_kept_as_it_came(graph: Graph, tmp_path: Path) -> None:
    rows = "A,  Ann  Müller ,Ann@X.DE,030 1234567,Deutschland,31.01.1980,2024-01-31 09:30\nB,Bob,b@x.de,,,,\n"
    report = load(graph, tmp_path / "in", region="de", customers=HEADER + rows)
    assert (counts(report), report.flagged, report.repeated) == ((2, 0, 0, 0), 0, 0)
    ann = graph.records.read("customers", "A")
    assert (ann["name"], ann["email"], ann["phone"]) == ("Ann Müller", "Ann@x.de", "+49301234567")
    assert (ann["country"], ann["birth_date"], ann["created_at"]) == ("DE", "1980-01-31", "2024-01-31T09:30:00Z")
    assert said(graph, "A") == {
        ("name", "files"): ("Ann Müller", "  Ann  Müller "),
        ("email", "files"): ("Ann@x.de", "Ann@X.DE"),
        ("phone", "files"): ("+49301234567", "030 1234567"),
        ("country", "files"): ("DE", "Deutschland"),
        ("birth_date", "files"): ("1980-01-31", "31.01.1980"),
        ("created_at", "files"): ("2024-01-31T09:30:00Z", None),
    }
    assert said(graph, "B") == {("name", "files"): ("Bob", None), ("email", "files"): ("b@x.de", None)}


def test_another_spelling_is_no_news(graph: Graph, tmp_path: Path) -> None:
    load(graph, tmp_path / "in", region="DE", customers=HEADER + "A, Ann,,030 1234567,Deutschland,,\n")
    before = contents(graph)
    for again in ("A, Ann,,030 1234567,Deutschland,,\n", "A,Ann,,+49 30 123 45 67,Germany,,\n"):
        report = load(graph, tmp_path / "in", region="DE", customers=HEADER + again)
        assert counts(report) == (0, 0, 1, 0)
        after = contents(graph)
        assert {label for label in after if after[label] != before[label]} == {"Job", "Sighting"}
    report = load(graph, tmp_path / "in", region="DE", customers=HEADER + "A,Ann,,030 7654321,Germany,,\n")
    assert counts(report) == (0, 1, 0, 0)
    assert said(graph, "A") == {
        ("name", "files"): ("Ann", " Ann"),
        ("phone", "files"): ("+49307654321", "030 7654321"),
        ("country", "files"): ("DE", "Deutschland"),
    }


def test_what_a_field_cannot_hold_is_kept_beside_it(graph: Graph, tmp_path: Path) -> None:
    rows = "A,Ann,nobody,call me,Atlantis,30.02.1980,03/04/2024\n"
    report = load(graph, tmp_path / "in", customers=HEADER + rows)
    assert (counts(report), report.flagged) == ((1, 0, 0, 0), 1)
    ann = graph.records.read("customers", "A")
    assert (ann["email"], ann["phone"]) == ("nobody", "call me")
    assert (ann["country"], ann["birth_date"], ann["created_at"]) == (None, None, None)
    unread = {("birth_date", "30.02.1980"), ("country", "Atlantis"), ("created_at", "03/04/2024")}
    assert {(f, raw) for (f, _), (value, raw) in said(graph, "A").items() if value is None} == unread
    assert counts(load(graph, tmp_path / "in", customers=HEADER + rows)) == (0, 0, 1, 0)

    # The source's last word counts: a country, then none that is known again.
    assert counts(load(graph, tmp_path / "in", customers=HEADER + "A,Ann,,,Austria,,\n")) == (0, 1, 0, 0)
    assert said(graph, "A")["country", "files"] == ("AT", "Austria")
    assert counts(load(graph, tmp_path / "in", customers=HEADER + "A,Ann,,,Lemuria,,\n")) == (0, 1, 0, 0)
    assert said(graph, "A")["country", "files"] == (None, "Lemuria")
    assert graph.records.read("customers", "A")["country"] is None


def test_a_bad_link_costs_no_row(graph: Graph, tmp_path: Path) -> None:
    customers = "id,name,attachments\nA,Ann,contract.pdf\nB,Bob,https://x.de/a|offer.docx|http://y.de/b\n"
    files = {"customers": customers, "orders": "id,at,customer_id\nO1,2026-01-31,A\n"}
    report = load(graph, tmp_path / "in", **files)
    assert (counts(report), report.flagged) == ((3, 0, 0, 0), 2)
    found = [graph.records.read("customers", id_)["attachments"] for id_ in "AB"]
    assert found == [None, ["https://x.de/a", "http://y.de/b"]]
    assert said(graph, "A")["attachments", "files"] == (None, "contract.pdf")
    assert said(graph, "B")["attachments", "files"] == (found[1], "https://x.de/a|offer.docx|http://y.de/b")
    assert counts(load(graph, tmp_path / "in", **files)) == (0, 0, 3, 0)
    lines = {line["field"]: line["reasons"] for line in graph.sources.quality("files")}
    assert lines["attachments"] == {"no_link": 1}
    for wrong in ("https://x.de|offer.docx", ["offer.docx"]):
        with pytest.raises(InvalidInput, match="attachments"):
            graph.records.patch("customers", "B", {"attachments": wrong})


def test_what_one_source_cannot_say_does_not_hide_what_another_says(graph: Graph, tmp_path: Path) -> None:
    graph.sources.add("crm", trust=90)
    load(graph, tmp_path / "in", "shop", "DE", customers=HEADER + "A,Ann,,030 1234567,Germany,,\n")
    load(graph, tmp_path / "in", "crm", customers=HEADER + "A,Ann,,+49 30 1234567,Atlantis,,\n")
    assert graph.records.read("customers", "A")["country"] == "DE"
    words = said(graph, "A")
    assert words["country", "crm"] == (None, "Atlantis")
    assert words["country", "shop"] == ("DE", "Germany")
    assert words["phone", "crm"] == ("+49301234567", "+49 30 1234567")
    assert words["phone", "shop"] == ("+49301234567", "030 1234567")
    again = load(graph, tmp_path / "in", "crm", customers=HEADER + "A,Ann,,+49 30 1234567,Atlantis,,\n")
    assert counts(again) == (0, 0, 1, 0)
    graph.sources.erase("shop")
    assert graph.records.read("customers", "A")["country"] is None
    assert said(graph, "A")["country", "crm"] == (None, "Atlantis")


def test_a_row_that_would_say_something_else_is_rejected(graph: Graph, tmp_path: Path) -> None:
    report = load(
        graph,
        tmp_path / "in",
        customers="id,name\nA,Ann\nB,Bob\n",
        orders="id,customer_id,at,currency\nO1,A,soon,EUR\nO2,A,31.01.2024,Taler\nO3,A,2024-01-31,€\n",
        referrals="referrer_id,referred_id,at\nA,B,yesterday\n",
        relationships="source_id,target_id,kind,since,until\nA,B,friend,1.5.2020,some day\nB,A,friend,31.5.2020,\n",
    )
    assert {file.table: (file.created, file.rejected, file.flagged) for file in report.files} == {
        "customers": (2, 0, 0),
        "orders": (2, 1, 1),
        "referrals": (0, 1, 0),
        "relationships": (1, 1, 0),
    }
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        assert [row["column"] for row in csv.DictReader(file)] == ["at", "at", "since"]
    orders = {each["id"]: (each["at"], each["currency"]) for each in graph.records.page("orders").items}
    assert orders == {"O2": ("2024-01-31T00:00:00Z", None), "O3": ("2024-01-31T00:00:00Z", "EUR")}
    assert said(graph, "KNOWS:B:A:friend", "ties")["since", "files"] == ("2020-05-31", "31.5.2020")


def test_by_hand_the_same_is_cleaned_and_what_no_field_holds_is_refused(graph: Graph) -> None:
    made = graph.records.create("customers", {"id": "A", "name": " Ann", "phone": "+49 30 1234567", "country": "China"})
    assert (made["name"], made["phone"], made["country"]) == ("Ann", "+49301234567", "CN")
    assert said(graph, "A")["phone", "hand"] == ("+49301234567", "+49 30 1234567")
    with pytest.raises(InvalidInput, match="country"):
        graph.records.patch("customers", "A", {"country": "Atlantis"})
    changed = graph.records.patch("customers", "A", {"phone": "010 6552 9988"})
    assert changed["phone"] == "+861065529988"  # the number is of the country that stands there
    assert said(graph, "A")["phone", "hand"] == ("+861065529988", "010 6552 9988")
    assert said(graph, "A")["name", "hand"] == ("Ann", " Ann")
    put = graph.records.replace("customers", "A", {"name": "Ann  Lee", "phone": "call me"})
    assert (put["name"], put["phone"], put["country"]) == ("Ann Lee", "call me", None)
    report = graph.records.upsert("contacts", [{"id": "P", "name": "Pat\nLee", "birth_date": "31.1.1980"}])
    assert report.created == 1
    assert graph.records.read("contacts", "P")["birth_date"] == "1980-01-31"


def test_originals_outlive_export_backup_and_merges(graphs: dict[str, Graph], engine: str, tmp_path: Path) -> None:
    graph, other = graphs[engine], graphs["neo4j" if engine == "embedded" else "embedded"]
    rows = "A, Ann,,030 1234567,Germany,,\nB,Ann,,nobody,Atlantis,,\n"
    load(graph, tmp_path / "in", "crm", customers=HEADER + rows)
    before = said(graph, "A"), said(graph, "B")
    graph.merging.merge("A", "B")
    fields = graph.sources.provenance("customers", "B")["fields"]
    assert "030 1234567" in [value["raw"] for field in fields for value in field["values"]]
    assert graph.records.read("customers", "B")["country"] == "DE"
    graph.merging.unmerge("A")
    assert (said(graph, "A"), said(graph, "B")) == before
    export_graph(graph.store, tmp_path / "one")
    make_backup(graph.store, tmp_path / "backup")
    restore_backup(other.store, tmp_path / "backup")
    assert (said(other, "A"), said(other, "B")) == before
    export_graph(other.store, tmp_path / "two")
    assert (tmp_path / "one" / "customers.csv").read_bytes() == (tmp_path / "two" / "customers.csv").read_bytes()


# ---- what is counted -------------------------------------------------------------------------------------


def quality(graph: Graph, source: str, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(line["table"], line["field"]): line for line in graph.sources.quality(source, **options)}


def test_quality_by_hand(graphs: dict[str, Graph], tmp_path: Path) -> None:
    rows = (
        "A,Ann,ann@x.de,030 1234567,Germany,,\n"
        "B,Ann ,Ann@X.de,call me,Atlantis,03/04/2024,\n"
        "C,Cy,nobody,030 1234567,,30.02.1980,\n"
        "D,n/a,,,DE,,2024-01-31\n"
    )
    found = {}
    for name, graph in graphs.items():
        load(graph, tmp_path / "in", "crm", "DE", customers=HEADER + rows)
        load(graph, tmp_path / "in", "shop", customers="id,name,email\nA,Anna,nobody either\n")
        found[name] = graph.sources.quality("crm")
        lines = quality(graph, "crm")
        assert [key[1] for key in lines] == ["name", "email", "phone", "country", "birth_date", "created_at"]
        assert lines["customers", "name"] == {
            "table": "customers",
            "field": "name",
            "count": 4,
            "blank": 0,
            "invalid": 1,
            "duplicated": 2,
            "stale": 0,
            "reasons": {"placeholder": 1},
            "examples": ["placeholder: n/x", "duplicated: axx"],
        }
        assert [lines["customers", "email"][key] for key in ("blank", "invalid", "duplicated")] == [1, 1, 2]
        assert [lines["customers", "phone"][key] for key in ("blank", "invalid", "duplicated")] == [1, 1, 2]
        assert lines["customers", "country"]["reasons"] == {"unknown_country": 1}
        assert lines["customers", "birth_date"]["reasons"] == {"ambiguous_date": 1, "no_such_day": 1}
        assert {line["stale"] for line in graph.sources.quality("crm", 0)} == {1, 2, 3, 4}
        # Each source's own words, whatever is shown.
        assert quality(graph, "shop")["customers", "email"]["reasons"] == {"no_at": 1}
        assert quality(graph, "shop")["customers", "email"]["count"] == 1
        with pytest.raises(InvalidInput):
            graph.sources.quality("crm", -1)
    assert found["embedded"] == found["neo4j"]


def test_quality_is_counted_in_small_parts_alike(graphs: dict[str, Graph], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids that compare oddly, some described by one source and some by two, a few read at once."""
    ids = [*(f"P{number:02}" for number in range(20)), "（全", "\U0001f600", "\ue000", "P\U0001f600", "P\uff5e", "z"]
    rows = [{"id": id_, "name": f"Name {place % 7}", "phone": "call me"} for place, id_ in enumerate(ids)]
    found = []
    for graph in graphs.values():
        assert graph.records.of("crm").upsert("customers", rows).created == len(ids)
        others = [row | {"name": "Other"} for row in rows[::3]]
        assert graph.records.of("shop").upsert("customers", others).updated == len(others)
        found.append(graph.sources.quality("crm"))
        for at_once in (1, 3, len(ids)):
            with monkeypatch.context() as patch:
                patch.setattr(service_quality, "_PAGE", at_once)
                found.append(graph.sources.quality("crm"))
    assert all(lines == found[0] for lines in found)
    name, phone = found[0]
    assert (name["count"], name["duplicated"], phone["invalid"]) == (len(ids), len(ids), len(ids))


def test_quality_of_salesforce_accounts(graph: Graph, shared_data: Path) -> None:
    path = shared_data / "salesforce" / "accountData.csv"
    with path.open(encoding="cp1252", newline="") as file:
        rows = list(csv.DictReader(file))
    graph.import_files([path], preset="salesforce", source="sf")
    lines = quality(graph, "sf")
    name = lines["customers", "name"]
    assert (name["count"], name["blank"]) == (len(rows), 0)
    spelled = Counter(" ".join(row["NAME"].split()).casefold() for row in rows)
    assert name["duplicated"] == sum(n for n in spelled.values() if n > 1)
    for column, field in (("PHONE", "phone"), ("BILLINGCOUNTRY", "country"), ("BILLINGCITY", "city")):
        values = [row[column].strip() for row in rows]
        if any(values):
            assert lines["customers", field]["blank"] == values.count(""), field
        else:
            assert ("customers", field) not in lines
    phones = [(row["PHONE"], row["BILLINGCOUNTRY"]) for row in rows if row["PHONE"].strip()]
    if phones:
        invalid = sum(not _is_number(*each) for each in phones)
        assert lines["customers", "phone"]["reasons"] == {"unassigned": invalid}


def _is_number(text: str, country: str) -> bool:
    region = {"US": "US", "USA": "US", "United States": "US", "Canada": "CA"}.get(country)
    try:
        return is_valid_number(parse(text, region))
    except NumberParseException:
        return False


FEBRL = """
[[tables]]
table = "contacts"
file = "dataset1.csv"

[tables.columns]
id = "rec_id"
name = { join = ["given_name", "surname"], otherwise = "{rec_id}" }
birth_date = "date_of_birth"

[tables.extra]
suburb = "suburb"
soc_sec_id = "soc_sec_id"
"""


def test_quality_of_febrl(graph: Graph, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "febrl" / "dataset1.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{k.strip(): v.strip() for k, v in row.items()} for row in csv.DictReader(file)]
    (tmp_path / "febrl.toml").write_text(FEBRL, encoding="utf-8")
    report = graph.import_files([path], tmp_path / "febrl.toml", source="febrl")
    assert (report.created, report.rejected) == (1_000, 0)
    dates = [row["date_of_birth"] for row in rows]
    bad = [day for day in dates if day and not _is_day(day)]
    lines = quality(graph, "febrl")
    born = lines["contacts", "birth_date"]
    assert (born["count"], born["blank"], born["invalid"]) == (1_000, dates.count(""), len(bad))
    assert report.flagged == len(bad) > 0
    for field in ("suburb", "soc_sec_id"):
        values = [row[field].casefold() for row in rows]
        line = lines["contacts", field]
        shared = {value for value, n in Counter(values).items() if value and n > 1}
        assert (line["blank"], line["duplicated"]) == (values.count(""), sum(value in shared for value in values))


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{8}", text):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def test_repeated_lines_are_kept_or_unchanged_and_counted(graph: Graph, tmp_path: Path) -> None:
    report = load(
        graph,
        tmp_path / "in",
        customers="id,name\nA,Ann\nA,Ann\nB,Bob\nA,Ann\n",
        referrals="referrer_id,referred_id\nA,Z\nA,Z\nA,B\n",
    )
    customers, referrals = report.files
    assert (customers.created, customers.unchanged, customers.rejected, customers.repeated) == (2, 2, 0, 2)
    assert (referrals.created, referrals.unchanged, referrals.rejected, referrals.repeated) == (1, 0, 2, 1)
    invoices = tmp_path / "lines.csv"
    line = "{},P,A product,{},12/1/2010 8:26,2.5,17850,United Kingdom\n"
    lines = [line.format(*each) for each in (("1", 2), ("1", 2), ("2", 2), ("1", 3), ("1", 2))]
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    invoices.write_text(header + "".join(lines), encoding="utf-8")
    report = graph.import_files([invoices], preset="online-retail")
    found = {file.table: (file.read, file.created, file.repeated) for file in report.files}
    assert found["order_lines"] == (5, 5, 2)
    assert {found[table][2] for table in ("customers", "products", "orders")} == {0}
    again = graph.import_files([invoices], preset="online-retail")
    assert [(file.read, file.repeated) for file in again.files] == [(file.read, file.repeated) for file in report.files]
    assert (again.unchanged, again.repeated) == (again.read, 2)
    entry = graph.jobs.page(limit=1).items[0]
    assert (entry["unchanged"], entry["repeated"], entry["flagged"]) == (again.read, 2, 0)
