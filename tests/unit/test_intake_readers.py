"""Reading CSV: awkward files give rows, rejects or one clear error, never a crash."""

from __future__ import annotations

import csv
import doctest
import io
import random
from pathlib import Path
from types import ModuleType

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import (
    CsvFile,
    Reject,
    base,
    cards,
    columns,
    encodings,
    headers,
    jsondocument,
    legacy,
    messages,
    threads,
)
from graphcrm.intake.readers import separated as separated_values
from graphcrm.limits import MAX_LINE_BYTES


def read(path: Path, content: bytes, **options: str) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]]:
    path = path / "file.csv"
    path.write_bytes(content)
    rejects: list[Reject] = []
    rows = list(CsvFile(path, **options).rows(rejects.append))
    return rows, rejects


def lines(rows: list[tuple[int, dict[str, str]]]) -> list[int]:
    return [line for line, _ in rows]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_plain(tmp_path: Path, mark: bytes, end: bytes) -> None:
    rows, rejects = read(tmp_path, mark + end.join([b"id,name", "1,安娜".encode(), b"2,Bob"]))
    assert rows == [(2, {"id": "1", "name": "安娜"}), (3, {"id": "2", "name": "Bob"})]
    assert rejects == []


def test_quoted_newlines_keep_physical_lines(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b'id,note\n1,"a\nb\n\nc"\n\n2,"say ""hi"", now"\n3,x\n')
    assert rows == [
        (2, {"id": "1", "note": "a\nb\n\nc"}),
        (7, {"id": "2", "note": 'say "hi", now'}),
        (8, {"id": "3", "note": "x"}),
    ]
    assert rejects == []


def test_wrong_number_of_fields(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b"a,b\n1\n1,2\n1,2,3\n3,4\n")
    assert lines(rows) == [3, 5]
    assert [(r.line, r.reason, r.row) for r in rejects] == [
        (2, "has 1 fields where the header has 2", ["1"]),
        (4, "has 3 fields where the header has 2", ["1", "2", "3"]),
    ]


def test_overflow_joins_what_was_not_quoted(tmp_path: Path) -> None:
    rows, rejects = read(
        tmp_path, b"id,street,city\n1,Rua X, 67,Rio\n2,Elm 1,Bonn\n3,a,b,c,d\n4,x\n", overflow="street"
    )
    assert [row["street"] for _, row in rows] == ["Rua X, 67", "Elm 1", "a,b,c"]
    assert [row["city"] for _, row in rows] == ["Rio", "Bonn", "d"]
    assert lines(rows) == [2, 3, 4]
    assert [r.line for r in rejects] == [5]


def test_overflow_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no column 'x'"):
        read(tmp_path, b"a,b\n", overflow="x")


def test_undecodable_bytes_reject_their_row(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b"id,name\n1,ok\n2,Jos\xe9\n3,ok\n")
    assert lines(rows) == [2, 4]
    assert rejects[0].line == 3
    assert "not UTF-8 (byte 0xe9 at position 6" in rejects[0].reason
    assert rejects[0].row == {"id": "2", "name": "Jos\ufffd"}


def test_undecodable_line_within_a_quoted_field(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b'id,name\n1,"a\n\xff\nb"\n2,ok\n')
    assert lines(rows) == [5]
    assert [r.line for r in rejects] == [2]


def test_nul_bytes_reject_their_row(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b"id,name\n1,a\0b\n2,ok\n")
    assert lines(rows) == [3]
    assert [(r.line, r.reason) for r in rejects] == [(2, "has a NUL byte")]


def test_unclosed_quote_gives_up_one_line_only(tmp_path: Path) -> None:
    content = b'id,name\n1,"open\n' + b"".join(b"%d,n\n" % i for i in range(2, 50))
    rows, rejects = read(tmp_path, content)
    assert lines(rows) == list(range(3, 51))
    assert [(r.line, r.row) for r in rejects] == [(2, '1,"open\n')]
    assert "quote that is never closed" in rejects[0].reason


def test_unclosed_quote_before_quoted_rows(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b'id,name\n1,"open\n2,"fine"\n3,"also fine"\n')
    assert lines(rows) == [3, 4]
    assert [r.line for r in rejects] == [2]


def test_text_after_a_closing_quote(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b'id,name\n1,"a"b\n2,5" pipe\n')
    assert rows == [(3, {"id": "2", "name": '5" pipe'})]
    assert [r.line for r in rejects] == [2]


def test_over_long_lines(tmp_path: Path) -> None:
    long = b"2," + b"x" * (3 * MAX_LINE_BYTES)
    rows, rejects = read(tmp_path, b"id,name\n1,a\n" + long + b"\n3,c\n" + long)
    assert lines(rows) == [2, 4]
    assert [(r.line, "longer than 1,000,000 bytes" in r.reason) for r in rejects] == [(3, True), (5, True)]
    assert all(isinstance(r.row, str) and len(r.row) <= 1_000 for r in rejects)


def test_long_record_over_many_lines(tmp_path: Path) -> None:
    block = (b"y" * 99 + b"\n") * 15_000
    rows, rejects = read(tmp_path, b'id,name\n1,"' + block + b'"\n2,b\n')
    assert rows == [(15_003, {"id": "2", "name": "b"})]
    assert "longer than" in rejects[0].reason
    assert [reject.line for reject in rejects] == list(range(2, 15_003))


def test_field_as_long_as_a_record_may_be(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b"id,name\n1," + b"x" * 500_000 + b"\n")
    assert len(rows[0][1]["name"]) == 500_000
    assert rejects == []


def test_bare_carriage_returns(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, b"id,name\n1,a\rb\n2,c\n")
    assert lines(rows) == [3]
    assert "carriage return" in rejects[0].reason
    assert read(tmp_path, b"id,name\r1,a\r\r2,b") == (
        [(2, {"id": "1", "name": "a"}), (4, {"id": "2", "name": "b"})],
        [],
    )


def test_other_delimiter(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, b"id;name\n1;a,b\n", delimiter=";")
    assert rows == [(2, {"id": "1", "name": "a,b"})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"id,n\xe9\n", "not UTF-8"),
        (b"i\0d\n", "NUL byte"),
        (b'id,"name\n1,2\n', "never closed"),
        ("id,name\n".encode("utf-16"), "not UTF-8"),
        ("id,name\n".encode("utf-16-le"), "NUL byte"),
        (b"x" * 2_000_000, "longer than"),
    ],
)
def test_unusable_headers(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as error:
        read(tmp_path, content)
    assert "file.csv" in error.value.message
    assert "\n" not in error.value.message


def test_header_only_and_blanks_before_it(tmp_path: Path) -> None:
    assert read(tmp_path, b"id,name") == ([], [])
    rows, _ = read(tmp_path, b"\n\n id , name \n1,a\n")
    assert rows == [(4, {"id": "1", "name": "a"})]


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        CsvFile(tmp_path / "none.csv")
    with pytest.raises(InvalidInput, match="cannot be read"):
        CsvFile(tmp_path)


def test_progress_reaches_the_size(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"a\n" + b"1\n" * 100)
    file = CsvFile(path)
    seen = [file.offset for _ in file.rows(lambda _: None)]
    assert seen == sorted(seen)
    assert file.offset == file.size == 202


@pytest.mark.parametrize("seed", range(200))
def test_random_bytes_never_crash(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    pieces = [b"a", b"1", b",", b",", b"\n", b'"', b"\r", b"\0", b"\xff", "é".encode(), b'""', b" "]
    body = b"".join(draw.choice(pieces) for _ in range(draw.randrange(400)))
    rows, rejects = read(tmp_path, b"a,b,c\n" + body)
    total = body.count(b"\n") + 2
    marks = lines(rows) + [r.line for r in rejects]
    assert len(set(marks)) == len(marks)
    assert all(2 <= line <= total for line in marks)


@pytest.mark.parametrize("seed", range(50))
def test_agrees_with_csv_on_what_csv_wrote(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    table = [
        ["".join(draw.choice('ab,"\n é中') for _ in range(draw.randrange(6))) for _ in range(3)] for _ in range(30)
    ]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *table])
    rows, rejects = read(tmp_path, buffer.getvalue().encode())
    assert [list(row.values()) for _, row in rows] == table
    assert rejects == []
    begins, line = [], 2
    for row in table:
        begins.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    assert lines(rows) == begins


@pytest.mark.parametrize(
    "module", [base, cards, columns, encodings, headers, jsondocument, legacy, messages, separated_values, threads]
)
def test_doctests(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
