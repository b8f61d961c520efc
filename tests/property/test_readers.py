"""Whatever bytes a file holds: rows, rejects or one InvalidInput, in little memory, and never a crash or a hang."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from measuring import peak_mib

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import Reader, Reject, open_file

FUZZ = settings(
    max_examples=2_500,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SOME = settings(FUZZ, max_examples=500)


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "fuzz"


LITTLE_MIB = 48
"""What a file of a few hundred bytes may take, whatever it says that it holds."""


@contextlib.contextmanager
def in_little_memory() -> Iterator[None]:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before = peak_mib()
    yield
    assert peak_mib() - before < LITTLE_MIB


def check(path: Path, **options: str) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]]:
    """Read all, and see that each row has every column, and each line is told of once and in order."""
    with in_little_memory():
        return check_rows(open_file(path, **options))


def check_rows(reader: Reader) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]]:
    rejects: list[Reject] = []
    rows = list(reader.rows(rejects.append))
    header = reader.header
    assert all(tuple(row) == header for _, row in rows)
    assert all(type(text) is str and "\0" not in text for _, row in rows for text in row.values())
    marks = [line for line, _ in rows] + [reject.line for reject in rejects]
    assert len(set(marks)) == len(marks)
    assert [line for line, _ in rows] == sorted(line for line, _ in rows)
    assert all(reject.reason and "\n" not in reject.reason for reject in rejects)
    assert reader.offset == reader.size
    return rows, rejects


def read(path: Path, content: bytes) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]] | None:
    path.write_bytes(content)
    try:
        return check(path)
    except InvalidInput:
        return None


# ---- CSV -------------------------------------------------------------------------------------------------

PIECES = [b"a", b"1", b",", b";", b"\t", b"|", b"\n", b"\n", b"\r\n", b'"', b'""', b"'", b"\r", b"\0", b" ", b"sep=;\n"]
PIECES += [
    "é".encode(),
    "é".encode("latin-1"),
    "王".encode(),
    "王".encode("gbk"),
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xd8\0",
]
BYTES = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@FUZZ
@given(body=BYTES)
def test_any_bytes_as_csv(path: Path, body: bytes) -> None:
    read(path, body)


@FUZZ
@given(body=BYTES, head=st.sampled_from([b"a,b,c\n", b"a;b\n", b"a\n", b"\xef\xbb\xbfa\tb\n"]))
def test_any_bytes_below_a_header(path: Path, head: bytes, body: bytes) -> None:
    read(path, head + body)


@SOME
@given(
    body=BYTES, encoding=st.sampled_from(["utf-16-le", "utf-16-be", "utf-32", "gb18030", "cp1252", "cp037", "utf-7"])
)
def test_any_bytes_in_an_encoding_that_is_said(path: Path, encoding: str, body: bytes) -> None:
    path.write_bytes(body)
    with contextlib.suppress(InvalidInput):
        check(path, encoding=encoding)


@SOME
@given(
    table=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    packed=st.booleans(),
)
def test_what_csv_wrote_comes_back(
    path: Path, table: list[tuple[str, ...]], delimiter: str, encoding: str, packed: bool
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("first", "second", "third"), *table])
    content = buffer.getvalue().encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    rows, rejects = check(path, delimiter=delimiter, encoding=encoding)
    assert [tuple(row.values()) for _, row in rows] == table
    assert rejects == []


# ---- vCards ----------------------------------------------------------------------------------------------

NAMES = [
    "FN",
    "N",
    "ORG",
    "TEL",
    "EMAIL",
    "ADR",
    "URL",
    "BDAY",
    "NOTE",
    "PHOTO",
    "UID",
    "AGENT",
    "item1.TEL",
    "X-A",
    "",
]
PARAMETERS = ["", ";TYPE=work", ";CELL", ';TYPE="a;b:c"', ";PREF=1", ";PREF=x", ";ENCODING=QUOTED-PRINTABLE", ";BASE64"]
PARAMETERS += [";CHARSET=gbk", ";CHARSET=hex", ';TYPE="', ";=", ";ENCODING=b"]
VALUES = [
    "Ann",
    "Doe;Ann;;;",
    "a\\,b\\;c\\n",
    "=41=",
    "=4",
    "=C3=A9=",
    "王",
    "tel:+1;ext=2",
    "mailto:a@x.org",
    "\\",
    "|",
    "AAAA",
]
VALUES += ["19800229", "--0203", "20259999", "\ud7ff", "'", '"', ";;;;;;;;", ",", "urn:uuid:x", " "]
LINES = st.one_of(
    st.tuples(
        st.sampled_from(NAMES), st.sampled_from(PARAMETERS), st.sampled_from(PARAMETERS), st.sampled_from(VALUES)
    ).map(lambda parts: f"{parts[0]}{parts[1]}{parts[2]}:{parts[3]}"),
    st.sampled_from(
        [" folded", "\tfolded", "", "\x00", "no property", "BEGIN:VCARD", "END:VCARD", "end:vcard ", "=20="]
    ),
)
ENDS = st.sampled_from(["\n", "\r\n", "\r\r\n"])
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "gb18030", "utf-8-sig"])


@settings(FUZZ, max_examples=4_000)
@given(lines=st.lists(LINES, max_size=10), end=ENDS, encoding=ENCODINGS, cut=st.integers(0, 400))
@example(lines=["\x00"] * 9, end="\n", encoding="utf-8", cut=11)
def test_any_lines_as_cards(path: Path, lines: list[str], end: str, encoding: str, cut: int) -> None:
    content = end.join(["BEGIN:VCARD", *lines, "END:VCARD", ""]).encode(encoding, errors="replace")
    found = read(path, content[: max(30, len(content) - cut)] if cut % 2 else content)
    if found is not None:
        assert found[0] or found[1]


@SOME
@given(body=st.binary(max_size=200))
def test_any_bytes_as_a_card(path: Path, body: bytes) -> None:
    read(path, b"BEGIN:VCARD\n" + body + b"\nEND:VCARD\n")


@SOME
@given(name=CELLS.map(str.strip), phone=st.text("0123456789 +()-", min_size=1, max_size=20).map(str.strip))
def test_what_a_program_wrote_comes_back(path: Path, name: str, phone: str) -> None:
    escaped = name.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")
    path.write_text(f"BEGIN:VCARD\nVERSION:4.0\nFN:{escaped}\nTEL:{phone}\nNICKNAME:x\nEND:VCARD\n", encoding="utf-8")
    if any(mark in name for mark in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029") or not name.isprintable():
        read(path, path.read_bytes())
        return
    ((_, row),), _ = check(path)
    assert row["name"] == (" ".join(name.split()) or "x")
    assert row["phone"] == " ".join(phone.split())


# ---- mail, calendars, JSON -------------------------------------------------------------------------------

HEADERS = [
    "From: a@x.org",
    "To: b@x.org, c",
    "Cc: =?utf-8?q?=C3?= <d@x.org>",
    "Date: Mon, 1 Jan 2024 1:2:3 +9999",
    "Date: x",
]
HEADERS += [
    "Content-Type: multipart/mixed; boundary=b",
    "Content-Type: text/html; charset=hex",
    "--b",
    "--b--",
    "",
    "",
    "<p",
]
HEADERS += [
    "Content-Transfer-Encoding: base64",
    "Message-ID: <1>",
    " folded",
    "=?x?b?!?=",
    "From a Mon Jan  1 00:00:00 2024",
]
HEADERS += [
    "References: <1> <2",
    "Content-Transfer-Encoding: uuencode",
    "begin 666 x",
    "M",
    "To: (((((",
    'To: "',
    "To: a@x.org,",
]


@SOME
@given(lines=st.lists(st.sampled_from(HEADERS), max_size=14), mbox=st.booleans())
def test_any_lines_as_mail(path: Path, lines: list[str], mbox: bool) -> None:
    head = "From a Mon Jan  1 00:00:00 2024" if mbox else "From: a@x.org"
    assert read(path, "\n".join([head, *lines]).encode()) is not None


EVENT = [
    "BEGIN:VEVENT",
    "END:VEVENT",
    "DTSTART:20240101T000000Z",
    "DTSTART:2024",
    "DTSTART;TZID=X:20240101T000000",
    "UID:1",
]
EVENT += [
    "DTEND;VALUE=DATE:20240101",
    "DURATION:PT1H",
    "DURATION:x",
    "RRULE:FREQ=X",
    'ATTENDEE;CN="a:mailto:a@x.org',
    " y",
]
EVENT += [
    "BEGIN:VALARM",
    "END:VALARM",
    "BEGIN:VTIMEZONE",
    "END:VTIMEZONE",
    "TZID:X",
    "ATTACH:x",
    "CATEGORIES:a,b",
    "x",
    "",
]


@SOME
@given(lines=st.lists(st.sampled_from(EVENT), max_size=14))
def test_any_lines_as_a_calendar(path: Path, lines: list[str]) -> None:
    assert read(path, "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELLS, inner, max_size=3),
    max_leaves=6,
)


@SOME
@given(lines=st.lists(JSON.map(json.dumps) | st.text(max_size=20), max_size=8))
def test_any_lines_as_json(path: Path, lines: list[str]) -> None:
    read(path, "\n".join(['{"id": 1}', *lines]).encode("utf-8", errors="surrogatepass"))
