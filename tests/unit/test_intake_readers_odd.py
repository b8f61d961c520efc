"""Files as they really come: put together, without a header, with columns of one name, as one JSON document."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import Reader, open_file
from graphcrm.limits import MAX_LINE_BYTES


def file_of(folder: Path, content: str | bytes, name: str = "file") -> Reader:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_file(path)


def read(file: Reader) -> tuple[list[dict[str, str]], list[str]]:
    refused: list[str] = []
    return [row for _, row in file.rows(lambda reject: refused.append(reject.reason))], refused


# ---- headers ---------------------------------------------------------------------------------------------


def test_columns_without_a_name_or_of_one_name(tmp_path: Path) -> None:
    file = file_of(tmp_path, ",name,Phone,Phone,Phone (2)\n0,Ann,1,2,3\n")
    assert file.header == ("column 1", "name", "Phone", "Phone (3)", "Phone (2)")
    assert file.notes == (
        "has no name for column 1: 'column 1' stands for it",
        "has the column 'Phone' twice: 'Phone (3)' stands for it",
    )
    assert read(file)[0][0]["Phone (3)"] == "2"


def test_a_header_that_comes_again_is_no_row(tmp_path: Path) -> None:
    one = "\ufeffid,name\r\n1,Ann\r\n"
    rows, refused = read(file_of(tmp_path, one + one.replace("1,Ann", "2,Bob")))
    assert rows == [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]
    assert refused == ["is the header once more, as where files were put together"]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_line_end(tmp_path: Path, end: str, encoding: str) -> None:
    file = file_of(tmp_path, end.join(["id;name", "1;Zoë", "2;Bob", ""]).encode(encoding))
    assert read(file) == ([{"id": "1", "name": "Zoë"}, {"id": "2", "name": "Bob"}], [])


def test_line_ends_in_a_packed_file(tmp_path: Path) -> None:
    file = file_of(tmp_path, gzip.compress(b"id,name\r1,Ann\r" + b"2,Bob\r" * 50_000))
    assert len(read(file)[0]) == 50_001


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("39, State-gov, 77516, Bachelors\n50, Private, 83311, HS-grad\n38, Private, 215646, Masters\n", 4),
        ("7|ann@x.example|2024-01-31\n8|bob@x.example|2024-02-01\n", ("column 1", "email", "date")),
        ("1\tAnn Lee\t+1 604 555 0163\n2\tBob Ray\t+1 604 555 0100\n", ("column 1", "column 2", "phone")),
        ("http://a.example,A\nhttp://b.example,B\n", ("url", "column 2")),
    ],
)
def test_no_header(tmp_path: Path, text: str, header: int | tuple[str, ...]) -> None:
    file = file_of(tmp_path, text)
    assert file.header == header if isinstance(header, tuple) else len(file.header) == header
    assert len(read(file)[0]) == text.count("\n")
    assert file.notes[0].startswith("has no header")


@pytest.mark.parametrize(
    "text",
    [
        "country,2022,2023\nDE,1,2\nFR,3,4\n",
        "0,1,2\n5,6,7\n8,9,1\n",
        "id,name\n1,Ann\n2,Bob\n",
        "name,city\nAnn,Ulm\n",
        "a,b\n",
        "e-mail,when\nann@x.example,2024-01-31\n",
    ],
)
def test_a_header(tmp_path: Path, text: str) -> None:
    file = file_of(tmp_path, text)
    assert (file.header, file.notes) == (tuple(text.partition("\n")[0].split(",")), ())


def test_notes_and_blank_lines_above_the_header(tmp_path: Path) -> None:
    text = (
        'Notes:\n"When exporting your connection data, you may notice that some addresses are missing, since ..."\n\n'
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
        "Ann,Lee,https://www.linkedin.com/in/ann,,Delta,Buyer,08 Mar 2024\n"
        "Bob,Ray,https://www.linkedin.com/in/bob,bob@x.example,Echo,Chief,15 Jan 2023\n"
    )
    rows, refused = read(file_of(tmp_path, text))
    assert (refused, [row["Connected On"] for row in rows]) == ([], ["08 Mar 2024", "15 Jan 2023"])


# ---- JSON ------------------------------------------------------------------------------------------------

PEOPLE = [
    {"id": 1, "name": "Ann", "address": {"city": "Ulm", "geo": {"lat": 48.40}}, "tags": ["a", "b"]},
    {"id": 2, "name": "Zoë", "active": True, "extra": {"score": 5}},
]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("around", [lambda x: x, lambda x: {"contacts": x}, lambda x: {"n": 2, "data": {"people": x}}])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_in_a_document(tmp_path: Path, indent: int | None, around: object, encoding: str) -> None:
    assert callable(around)
    file = file_of(tmp_path, json.dumps(around(PEOPLE), indent=indent, ensure_ascii=False).encode(encoding))
    assert file.kind == "json"
    assert file.header == ("id", "name", "address.city", "address.geo.lat", "tags", "active", "extra")
    rows, refused = read(file)
    assert refused == []
    assert rows[0] | {} == {
        "id": "1",
        "name": "Ann",
        "address.city": "Ulm",
        "address.geo.lat": "48.4",
        "tags": "a|b",
        "active": "",
        "extra": "",
    }
    assert (rows[1]["name"], rows[1]["active"], json.loads(rows[1]["extra"])) == ("Zoë", "true", {"score": "5"})


def test_one_of_several_lists(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text(json.dumps({"customers": PEOPLE, "meta": {"orders": [{"no": "7"}]}}, indent=1))
    with pytest.raises(
        InvalidInput, match=r"several lists; name one of them after a /; there are: customers, meta.ord"
    ):
        open_file(path)
    assert read(open_file(path / "meta.orders")) == ([{"no": "7"}], [])
    with pytest.raises(InvalidInput, match="holds no list 'invoices'"):
        open_file(path / "invoices")


def test_one_object_is_one_row(tmp_path: Path) -> None:
    assert read(file_of(tmp_path, '{\n "id": 1,\n "tags": ["a"],\n "of": {"x": 1}\n}\n')) == (
        [{"id": "1", "tags": "a", "of.x": "1"}],
        [],
    )


def test_entries_that_are_no_rows(tmp_path: Path) -> None:
    data = b'[{"n": "a"}, 7, {"n": "\xff"}, {"n": "\\ud800"}, {"n": "\\u0000"}, {"n": "b"}]'
    (tmp_path / "x").write_bytes(data)
    rows, refused = read(open_file(tmp_path / "x", encoding="utf-8"))
    assert rows == [{"n": "a"}, {"n": "b"}]
    assert refused == ["is no JSON object", "is not UTF-8", "has half of a surrogate pair", "has a NUL character"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1}\n{"id": 2}]', r"near line 2: '\{' stands where , or \] is expected"),
        ('[{"id": 1}] x', "goes on behind its end"),
        ('[{"id": 1},', "near line 1"),
        ('{"a": [{"id": NaN}]}', "NaN is no JSON number"),
        ("[{}" + "[" * 100_000, "expected"),
        ('[{"a": ' + "[" * 100_000, "nested too deep"),
        ('[{"a": "' + "x" * 3 * MAX_LINE_BYTES + '"', "longer than"),
        ("[{}]", "holds no JSON object"),
    ],
)
def test_damaged_documents(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        file_of(tmp_path, text)


def test_a_long_document_is_streamed(tmp_path: Path) -> None:
    people = [{"id": number, "text": "é" * (number % 300)} for number in range(5_000)]
    file = file_of(tmp_path, json.dumps({"people": people}, ensure_ascii=False))
    offsets = [file.offset for _ in file.rows(lambda reject: None)]
    assert len(offsets) == 5_000
    assert offsets == sorted(offsets)
    assert offsets[100] < file.size / 2
