"""Files of every kind into the graph: packed, in other encodings, as cards; and what is damaged changes nothing."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from everything import contents
from workbooks import write_xlsx

import graphcrm
from graphcrm.errors import InvalidInput
from graphcrm.intake.importer import ImportReport, import_files
from graphcrm.intake.suggest import suggest_mapping

CUSTOMERS = "id;name;city\nA;王小明;深圳\nB;李娜;北京\n"


def counts(report: ImportReport) -> dict[str, tuple[int, int, int, int]]:
    return {file.table: (file.created, file.updated, file.unchanged, file.rejected) for file in report.files}


def test_a_zip_of_many_formats(graph: graphcrm.Graph, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes(CUSTOMERS.encode("gb18030"))
    write_xlsx(tmp_path / "p.xlsx", {"S": [["id", "name", "unit_price", "currency"], ["P", "茶", 2.5, "CNY"]]})
    pq.write_table(pa.table({"referrer_id": ["A"], "referred_id": ["B"]}), tmp_path / "r.parquet")
    path = tmp_path / "company.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "c.csv", "company/customers.csv")
        archive.write(tmp_path / "p.xlsx", "company/products.xlsx")
        archive.write(tmp_path / "r.parquet", "company/referrals.parquet")
    first = graph.import_files([path])
    assert counts(first) == {"customers": (2, 0, 0, 0), "products": (1, 0, 0, 0), "referrals": (1, 0, 0, 0)}
    assert [file.file for file in first.files] == [
        f"{path}/company/{name}" for name in ("customers.csv", "products.xlsx", "referrals.parquet")
    ]
    assert graph.records.read("customers", "A")["name"] == "王小明"
    assert graph.records.read("products", "P")["unit_price"] == "2.50"
    assert all(row[2] == sum(row) for row in counts(graph.import_files([path])).values())
    one = graph.import_files([path / "company" / "customers.csv"])
    assert counts(one) == {"customers": (0, 0, 2, 0)}


def test_encoding_and_delimiter_that_are_said(embedded_graph: graphcrm.Graph, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes("id!name\nA!Дмитрий\n".encode("cp1251"))
    embedded_graph.import_files([path], encoding="windows-1251", delimiter="!")
    assert embedded_graph.records.read("customers", "A")["name"] == "Дмитрий"
    for wrong in ({"encoding": "klingon"}, {"delimiter": "!!"}):
        with pytest.raises(InvalidInput) as caught:
            embedded_graph.import_files([path], **wrong)
        assert caught.value.field in wrong


def test_what_is_damaged_changes_nothing(embedded_graph: graphcrm.Graph, tmp_path: Path) -> None:
    graph = embedded_graph
    (tmp_path / "products.csv").write_text("id,name\nP,Tea\n")
    text = "id,name\n" + "".join(f"C{i},Name {i * 7919}\n" for i in range(20_000))
    (tmp_path / "referrals.csv.gz").write_bytes(gzip.compress(text.encode())[:-500])
    before = graph.revision()
    with pytest.raises(InvalidInput, match=r"referrals\.csv\.gz: is cut off; fetch it again"):
        import_files(graph.records, [tmp_path])
    assert graph.revision() == before
    assert graph.status()["labels"] == {}


def test_a_file_that_shrinks_while_it_comes_in(embedded_graph: graphcrm.Graph, tmp_path: Path) -> None:
    graph = embedded_graph
    path = tmp_path / "customers.csv"
    whole = "id,name\n" + "".join(f"C{i},Name\n" for i in range(30_000))
    path.write_text(whole)

    def cut(_: str, rows: int, __: float) -> None:
        path.write_text(whole[: len(whole) // 2])

    with pytest.raises(
        InvalidInput, match="was changed while it was read, so that rows may be missing; import it again"
    ):
        import_files(graph.records, [path], progress=cut, batch_rows=1_000)
    path.write_text(whole)
    report = import_files(graph.records, [path])
    assert report.rejected == 0
    assert graph.status()["labels"] == {"Customer": 30_000}


ODD = """
[[tables]]
table = "customers"
file = "csvEscapedQuotes.csv"
[tables.columns]
id = { template = "quotes-{column1}" }
name = "column1"

[[tables]]
table = "customers"
file = "csvSeparator.csv"
delimiter = "!"
keep = ["some,column3"]
[tables.columns]
id = "column1,column2"
name = "column1,column2"

[[tables]]
table = "customers"
file = "csvtext_BOM_UTF16LE.csv"
[tables.columns]
id = { template = "utf16-{column1}" }
name = { join = ["column1", "column2", "column3"] }

[[tables]]
table = "customers"
file = "csvtext_BOM_UTF8.csv"
[tables.columns]
id = { template = "utf8-{column1}" }
name = { join = ["column1", "column2", "column3"] }

[[tables]]
table = "customers"
file = "dateEndingInZ.csv"
[tables.columns]
id = { template = "z-{ORACLE_ID__C}" }
name = "NAME"
phone = "PHONE"
created_at = { column = "DATE", date = "iso" }

[[tables]]
table = "customers"
file = "dateWithTimeZone.csv"
[tables.columns]
id = { template = "zone-{ORACLE_ID__C}" }
name = "NAME"
created_at = { column = "DATE", date = "%Y-%m-%dT%H:%M:%S.%fZ%z" }

[[tables]]
table = "customers"
file = "upsertFkAccountNewFormatCsvTemplate.csv"
keep = ["PARENT"]
[tables.columns]
id = "ORACLE_ID__C"
name = "NAME"
website = "WEBSITE"

[[tables]]
table = "contacts"
file = "insertTaskWithContactAsWhoCsv.csv"
[tables.columns]
id = "Who:Contact-email"
name = "Who:Contact-email"
email = "Who:Contact-email"

[[tables]]
table = "tasks"
file = "insertTaskWithContactAsWhoCsv.csv"
[tables.columns]
id = "Subject"
subject = "Subject"
party_id = "Who:Contact-email"
"""


def test_the_odd_files_of_salesforce(graph: graphcrm.Graph, shared_data: Path, tmp_path: Path) -> None:
    """Quotes within quotes, a separator of its own, UTF-16 and UTF-8 with marks, times with two zones, wide blanks."""
    mapping = tmp_path / "odd.toml"
    mapping.write_text(ODD)
    folder = shared_data / "salesforce"
    report = graph.import_files([folder], mapping)
    found = {(Path(file.file).name, file.table): (file.read, file.created) for file in report.files}
    assert found == {
        ("csvEscapedQuotes.csv", "customers"): (2, 2),
        ("csvSeparator.csv", "customers"): (2, 2),
        ("csvtext_BOM_UTF16LE.csv", "customers"): (2, 2),
        ("csvtext_BOM_UTF8.csv", "customers"): (2, 2),
        ("dateEndingInZ.csv", "customers"): (1, 1),
        ("dateWithTimeZone.csv", "customers"): (2, 2),
        ("upsertFkAccountNewFormatCsvTemplate.csv", "customers"): (5, 5),
        ("insertTaskWithContactAsWhoCsv.csv", "contacts"): (1, 1),
        ("insertTaskWithContactAsWhoCsv.csv", "tasks"): (1, 1),
    }
    customer = {item["id"]: item for item in graph.records.page("customers", limit=100).items}
    assert customer['quotes-"The Best" Account']["name"] == '"The Best" Account'
    assert customer['quotes-The "Best" Account']["name"] == 'The "Best" Account'
    assert customer["col21,col22"]["extra"] == {"some_column3": "somev2,col23"}
    assert customer["utf16-row2-1"]["name"] == customer["utf8-row2-1"]["name"] == "row2-1 row2-2 row2-3"
    assert customer["z-1-00000"]["created_at"] == "2010-10-14T12:00:00Z"
    assert customer["zone-1-00001"]["created_at"] == "2010-10-14T15:00:00Z"
    assert customer["1-000009"]["extra"] == {"parent": "1-000004"}
    (task,) = graph.records.page("tasks").items
    assert task["party_id"] == "contactFor@PolymorphicMappingOfTask.com"
    before = contents(graph)
    again = graph.import_files([folder], mapping)
    assert (again.read, again.unchanged) == (report.read, report.read)
    for store in (before, after := contents(graph)):
        del store["Job"], store["Sighting"]
    assert after == before


@pytest.mark.parametrize(("name", "rows", "count"), [("brfarmers.csv", 692, 692), ("hillstrom.csv.gz", 64_000, 2_500)])
def test_a_suggested_mapping(
    graph: graphcrm.Graph, shared_data: Path, tmp_path: Path, name: str, rows: int, count: int
) -> None:
    """Every row of a file without ids is somebody, also where two say the same; a second time nothing changes."""
    path = shared_data / name.partition(".")[0] / name
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        lines = file.read().splitlines(keepends=True)
    assert len(lines) == rows + 1
    part = tmp_path / "part.csv"
    part.write_bytes(b"".join(lines[: count + 1]))
    mapping = tmp_path / "suggested.toml"
    mapping.write_text(suggest_mapping(part), encoding="utf-8")
    report = graph.import_files([part], mapping)
    assert counts(report) == {"customers": (count, 0, 0, 0)}
    assert report.repeated == count - len(set(lines[1 : count + 1]))
    assert graph.status()["labels"]["Customer"] == count
    assert counts(graph.import_files([part], mapping)) == {"customers": (0, 0, count, 0)}


CARDS = """
[[tables]]
table = "contacts"
file = "cards.vcf"

[tables.columns]
id = "id"
name = "name"
email = "email"
phone = "phone"
"""


def test_cards_through_a_mapping(embedded_graph: graphcrm.Graph, shared_data: Path, tmp_path: Path) -> None:
    cards = b"\n".join(path.read_bytes() for path in sorted((shared_data / "vcards").glob("*.vcf")))
    (tmp_path / "cards.vcf.gz").write_bytes(gzip.compress(cards))
    (tmp_path / "cards.toml").write_text(CARDS)
    report = embedded_graph.import_files([tmp_path], tmp_path / "cards.toml")
    assert counts(report) == {"contacts": (15, 0, 0, 0)}
    assert len(embedded_graph.search("John Doe III")) == 1
