"""Files of every kind into the graph: packed, in other encodings, as cards; and what is damaged changes nothing."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workbooks import write_xlsx

import graphcrm
from graphcrm.errors import InvalidInput
from graphcrm.intake.importer import ImportReport, import_files

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
