"""Excel, Parquet and JSON Lines as rows of text, and what of them is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import tracemalloc
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workbooks import DAY_STYLE, MAIN, sheet_xml, write_xls, write_xlsx

from graphcrm.errors import InvalidInput
from graphcrm.intake.canonical import canonical_sources
from graphcrm.intake.readers import Reader, Reject, open_file


def read(reader: Reader) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]]:
    rejects: list[Reject] = []
    return list(reader.rows(rejects.append)), rejects


# ---- Excel -----------------------------------------------------------------------------------------------


def test_xlsx(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "book.xlsx",
        {
            "First": [
                [],
                ["id", "name", "number", "day"],
                ["A", "王小明", 3, (45_292, DAY_STYLE)],
                [],
                ["B", "Zoë & <Co>", 2.5, (45_292.5, DAY_STYLE), None, None],
                ["C"],
                ["D", "x", 1, 2, "too much"],
            ],
            "客户": [["id"], ["Z"]],
        },
    )
    reader = open_file(path)
    assert (reader.kind, reader.header) == ("excel", ("id", "name", "number", "day"))
    found, rejects = read(reader)
    assert found == [
        (3, {"id": "A", "name": "王小明", "number": "3", "day": "2024-01-01"}),
        (5, {"id": "B", "name": "Zoë & <Co>", "number": "2.5", "day": "2024-01-01T12:00:00"}),
        (6, {"id": "C", "name": "", "number": "", "day": ""}),
    ]
    assert [(reject.line, reject.reason) for reject in rejects] == [(7, "has 5 fields where the header has 4")]
    assert reader.offset == reader.size
    assert reader.notes == ("has other sheets, which are not read: '客户'; name one as book.xlsx/SHEET",)
    assert read(open_file(path / "客户"))[0] == [(2, {"id": "Z"})]
    assert open_file(path / "客户").notes == ()
    with pytest.raises(InvalidInput, match="has no sheet 'None'; there are: First, 客户"):
        open_file(path / "None")


def test_xlsx_in_a_zip_and_by_gzip(tmp_path: Path) -> None:
    book = write_xlsx(tmp_path / "book.xlsx", {"One": [["id"], ["A"]], "Two": [["id"], ["B"]]})
    with zipfile.ZipFile(tmp_path / "books.zip", "w") as archive:
        archive.write(book, "in/book.xlsx")
    (tmp_path / "book.gz").write_bytes(gzip.compress(book.read_bytes()))
    assert read(open_file(tmp_path / "books.zip"))[0] == [(2, {"id": "A"})]
    assert read(open_file(tmp_path / "books.zip/in/book.xlsx/Two"))[0] == [(2, {"id": "B"})]
    assert read(open_file(tmp_path / "book.gz"))[0] == [(2, {"id": "A"})]


def test_xls(tmp_path: Path) -> None:
    path = write_xls(tmp_path / "old.xls", [["id", "name"], ["A", "Zoë 王"], ["B", 7.0]])
    assert read(open_file(path))[0] == [(2, {"id": "A", "name": "Zoë 王"}), (3, {"id": "B", "name": "7"})]


def test_a_table_may_begin_anywhere_in_its_sheet(tmp_path: Path) -> None:
    cells = [("C3", "id"), ("D3", "name"), ("C4", "A"), ("D4", "Ann")]
    rows = "".join(
        f'<row r="{n}">'
        + "".join(f'<c r="{r}" t="inlineStr"><is><t>{t}</t></is></c>' for r, t in cells if r[1:] == str(n))
        + "</row>"
        for n in (3, 4)
    )
    path = write_xlsx(
        tmp_path / "b.xlsx", {"S": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'}
    )
    assert read(open_file(path))[0] == [(4, {"id": "A", "name": "Ann"})]


def test_titles_above_a_table_in_its_sheet(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "b.xlsx",
        {
            "S": [
                ["Report of 2024"],
                [],
                ["made", "by Jo"],
                ["id", "name", "city", "land", "zip"],
                ["A", "Ann", "", "", "1"],
                ["B", "Bob"],
                ["C", "Cy", "", "", "2"],
            ]
        },
    )
    found = read(open_file(path))[0]
    assert [line for line, _ in found] == [5, 6, 7]
    assert [list(row.values()) for _, row in found][1:] == [["B", "Bob", "", "", ""], ["C", "Cy", "", "", "2"]]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_billion_laughs(tmp_path: Path, encoding: str) -> None:
    text = sheet_xml([["id"], ["&j;"]], LAUGHS + "]>").replace("&amp;", "&")
    path = write_xlsx(tmp_path / "laughs.xlsx", {"S": text.encode(encoding)})
    with pytest.raises(InvalidInput, match="has XML with declarations of its own"):
        open_file(path)


def test_workbooks_that_would_not_fit_into_memory(tmp_path: Path) -> None:
    far = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    far += '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    with pytest.raises(InvalidInput, match=r"a sheet of more than 10,000,000 cells"):
        open_file(write_xlsx(tmp_path / "far.xlsx", {"S": far}))
    bomb = f'<worksheet xmlns="{MAIN}"><sheetData>' + " " * 50_000_000 + "</sheetData></worksheet>"
    tracemalloc.start()
    path = write_xlsx(tmp_path / "bomb.xlsx", {"S": bomb})
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    with pytest.raises(InvalidInput, match="expands to more than 200 times its size"):
        open_file(path)
    assert tracemalloc.get_traced_memory()[1] - before < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_workbooks_that_are_cut_off(tmp_path: Path, kind: str, share: float) -> None:
    rows = [["id", "name"], *([f"P{i}", f"Name {i * 7919}"] for i in range(500))]
    path = tmp_path / f"book.{kind}"
    if kind == "xlsx":
        write_xlsx(path, {"S": rows})
    else:
        write_xls(path, rows)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share) + 8])
    with pytest.raises(InvalidInput, match="damaged"):
        read(open_file(path))


@pytest.mark.parametrize("place", [28, 44, 46, 68, 120, 517, 600, 1040, 1100, 1600, 1700, 2100])
def test_workbooks_with_a_wrong_byte(tmp_path: Path, place: int) -> None:
    for path in (
        write_xlsx(tmp_path / "b.xlsx", {"S": [["id", "name"], ["A", "Ann"]]}),
        write_xls(tmp_path / "b.xls", [["id", "name"], ["A", "Ann"]]),
    ):
        data = bytearray(path.read_bytes())
        data[place % len(data)] ^= 0xA5
        path.write_bytes(data)
        with suppress(InvalidInput):  # whatever else happens is a failure
            read(open_file(path))


def test_other_documents_are_no_tables(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "letter.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    with pytest.raises(InvalidInput, match="is no workbook that is read"):
        open_file(tmp_path / "letter.docx")
    with pytest.raises(InvalidInput, match="is empty"):
        open_file(write_xlsx(tmp_path / "empty.xlsx", {"S": []}))
    with pytest.raises(InvalidInput, match="'id' twice"):
        open_file(write_xlsx(tmp_path / "twice.xlsx", {"S": [["id", "id"]]}))


# ---- Parquet ---------------------------------------------------------------------------------------------


def test_parquet(tmp_path: Path) -> None:
    noon = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
    table = pa.table(
        {
            "id": ["A", "B", None],
            "whole": [1, None, -3],
            "real": [1.0, 2.5, None],
            "money": [Decimal("1.50"), None, Decimal("-0.01")],
            "at": [noon, None, noon],
            "on": [noon.date(), None, noon.date()],
            "yes": [True, False, None],
            "tags": [["x", "y"], [], None],
            "more": [{"a": 1}, None, {"a": 2}],
        }
    )
    path = tmp_path / "t.data"
    pq.write_table(table, path, row_group_size=2)
    reader = open_file(path)
    assert (reader.kind, reader.header) == ("parquet", tuple(table.column_names))
    found, rejects = read(reader)
    assert rejects == []
    assert [(line, list(row.values())) for line, row in found] == [
        (1, ["A", "1", "1", "1.50", "2024-01-01T12:00:00+00:00", "2024-01-01", "true", "x|y", '{"a": 1}']),
        (2, ["B", "", "2.5", "", "", "", "false", "", ""]),
        (3, ["", "-3", "", "-0.01", "2024-01-01T12:00:00+00:00", "2024-01-01", "", "", '{"a": 2}']),
    ]
    assert reader.offset == reader.size
    (tmp_path / "t.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read(open_file(tmp_path / "t.gz"))[0] == found


@pytest.mark.parametrize("place", [*range(4, 3000, 97)])
def test_parquet_that_is_damaged_or_cut_off(tmp_path: Path, place: int) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": [f"P{i}" for i in range(500)], "n": range(500)}), buffer)
    data = buffer.getvalue()
    path = tmp_path / "t.parquet"
    path.write_bytes(data[: place % len(data)])
    with pytest.raises(InvalidInput, match="damaged or cut off"):
        open_file(path)
    damaged = bytearray(data)
    damaged[place % len(data)] ^= 0xA5
    path.write_bytes(damaged)
    with suppress(InvalidInput):  # whatever else happens is a failure
        read(open_file(path))


# ---- JSON Lines ------------------------------------------------------------------------------------------


def write_lines(path: Path, *lines: Any) -> Path:
    texts = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_json_lines(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "t.jsonl",
        {"id": "A", "name": "王", "n": 1, "yes": True, "none": None},
        "",
        '{"id": "B", "tags": ["x", 2], "n": 12345678901234567890.10, "more": {"a": [1, "é"]}}',
    )
    reader = open_file(path)
    assert (reader.kind, reader.header) == ("jsonl", ("id", "name", "n", "yes", "none", "tags", "more"))
    found, rejects = read(reader)
    assert rejects == []
    assert [(line, list(row.values())) for line, row in found] == [
        (1, ["A", "王", "1", "true", "", "", ""]),
        (3, ["B", "", "12345678901234567890.10", "", "", "x|2", '{"a": [1, "é"]}']),
    ]


def test_lines_that_are_no_objects(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "t.jsonl",
        {"id": "A"},
        "[1]",
        '{"id": ',
        '{"id": NaN}',
        "[" * 100_000,
        '{"id": "\\ud800"}',
        '{"id": "\\u0000"}',
        '{"id": "' + "x" * 1_100_000 + '"}',
        {"id": "B"},
    )
    found, rejects = read(open_file(path))
    assert [row["id"] for _, row in found] == ["A", "B"]
    assert [reject.line for reject in rejects] == list(range(2, 9))
    reasons = [reject.reason for reject in rejects]
    assert reasons[0] == "is no JSON object"
    assert reasons[1].startswith("is not JSON (Expecting value")
    assert reasons[2:6] == [
        "is not JSON (NaN is no JSON number)",
        "is nested too deep",
        "has half of a surrogate pair",
        "has a NUL character",
    ]
    assert "longer than 1,000,000 bytes" in reasons[6]


def test_too_many_names(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "t.jsonl", *({f"n{i}": i} for i in range(2001)))
    with pytest.raises(InvalidInput, match=r"2,001 columns; at most 2,000"):
        open_file(path)


# ---- canonical tables in any format ----------------------------------------------------------------------


def test_canonical_tables_of_every_format(tmp_path: Path) -> None:
    rows = [["id", "name"], ["A", "安娜"], ["B", "王"]]
    text = "\n".join("\t".join(row) for row in rows)
    folders = [tmp_path / name for name in ("tsv", "gz", "xlsx", "xls", "parquet", "jsonl", "zip")]
    for folder in folders:
        folder.mkdir()
    (tmp_path / "tsv/customers.tsv").write_bytes(text.encode("utf-16"))
    (tmp_path / "gz/customers.csv.gz").write_bytes(gzip.compress(text.replace("\t", ";").encode("gb18030")))
    write_xlsx(tmp_path / "xlsx/customers.xlsx", {"S": rows})
    write_xls(tmp_path / "xls/customers.xls", rows)
    pq.write_table(pa.table({"id": ["A", "B"], "name": ["安娜", "王"]}), tmp_path / "parquet/customers.parquet")
    write_lines(tmp_path / "jsonl/customers.jsonl", {"id": "A", "name": "安娜"}, {"id": "B", "name": "王"})
    with zipfile.ZipFile(tmp_path / "zip/company.zip", "w") as archive:
        archive.writestr("company/users.csv", "id,name\n")
        archive.writestr("company/customers.csv", text)
        archive.writestr("company/README.txt", "not data")
    for folder in folders:
        *_, source = canonical_sources([folder])
        assert source.table.name == "customers"
        assert [row.values for row in source.rows(lambda reject: pytest.fail(str(reject)))] == [
            {"id": "A", "name": "安娜"},
            {"id": "B", "name": "王"},
        ]
    assert [s.table.name for s in canonical_sources([tmp_path / "zip/company.zip"])] == ["users", "customers"]
    assert [s.table.name for s in canonical_sources([tmp_path / "zip/company.zip/company/users.csv"])] == ["users"]


def test_online_retail(shared_data: Path) -> None:
    reader = open_file(shared_data / "online_retail" / "online_retail.csv.gz")
    count = without_customer = 0
    vouchers = set()
    for _, row in reader.rows(pytest.fail):
        count += 1
        without_customer += not row["CustomerID"]
        if not row["Description"].isascii():
            vouchers.add(row["Description"])
    assert (count, without_customer) == (541_909, 135_080)
    assert "Dotcomgiftshop Gift Voucher £40.00" in vouchers
