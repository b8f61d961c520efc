"""What is found in a file: its format, packing, encoding and separator; and what is refused, each with one sentence."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import Reader, Reject, files_in, open_file
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.encodings import find_encoding

PEOPLE = "id,name,city\n1,Ann,Köln\n2,Zoë,Łódź\n"
CHINESE = "编号,姓名,公司\n1,王小明,深圳嘉禾商贸有限公司\n2,李娜,北京云帆餐饮有限公司\n"
WESTERN = "id,name,city\n1,José,Köln\n2,Françoise,Besançon\n3,Ann,Bonn\n"


def read(reader: Reader) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]]:
    rejects: list[Reject] = []
    return list(reader.rows(rejects.append)), rejects


def rows(path: Path, **options: str) -> list[list[str]]:
    found, rejects = read(open_file(path, **options))  # type: ignore[arg-type]
    assert rejects == []
    return [list(row.values()) for _, row in found]


def lines_of(text: str, delimiter: str = ",") -> list[list[str]]:
    return [line.split(delimiter) for line in text.splitlines()[1:]]


def zipped(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".csv", content)
    return path


# ---- encodings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (PEOPLE, "utf-8", "utf-8"),
        (PEOPLE, "utf-8-sig", "utf-8"),
        (PEOPLE, "utf-16", "utf-16-le"),
        (PEOPLE, "utf-16-le", "utf-16-le"),
        (PEOPLE, "utf-16-be", "utf-16-be"),
        (PEOPLE, "utf-32", "utf-32-le"),
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-16-le", "utf-16-le"),
        (CHINESE, "utf-16-be", "utf-16-be"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "gbk", "gb18030"),
        (WESTERN, "latin-1", "cp1252"),
        (WESTERN.replace("Ann", "“Ann” €5"), "cp1252", "cp1252"),
    ],
)
def test_encodings_are_found(tmp_path: Path, text: str, written: str, found: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode(written))
    assert find_encoding(Content.of_file(path)) == found
    assert rows(path) == lines_of(text)
    assert open_file(path).header == tuple(text.splitlines()[0].split(","))


def test_utf16_be_with_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(codecs.BOM_UTF16_BE + PEOPLE.encode("utf-16-be"))
    assert rows(path) == lines_of(PEOPLE)


def test_the_only_umlaut_may_stand_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"id,name\n" + b"".join(b"%d,Ann\n" % i for i in range(300_000)) + "x,Jürgen\n".encode("latin-1"))
    assert rows(path)[-1] == ["x", "Jürgen"]


def test_a_few_bad_lines_do_not_change_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(PEOPLE.encode() + b"3,Jos\xe9,Rio\n4,Zo\xc3\xab,Bonn\n")
    found, rejects = read(open_file(path))
    assert [row["id"] for _, row in found] == ["1", "2", "4"]
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (4, "is not UTF-8 (byte 0xe9 at position 6 of a line)")
    ]


def test_encodings_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("id,name\n1,Дмитрий\n2,Ольга\n".encode("cp1251"))
    assert rows(path, encoding="windows-1251") == [["1", "Дмитрий"], ["2", "Ольга"]]
    path.write_bytes("id,name\n1,山田\n".encode("shift_jis"))
    assert rows(path, encoding="Shift-JIS") == [["1", "山田"]]
    path.write_bytes("id,name\n1,Ann\n".encode("cp037"))  # where a line ends with another byte
    assert rows(path, encoding="cp037") == [["1", "Ann"]]
    path.write_bytes(PEOPLE.encode("utf-16"))
    assert rows(path, encoding="UTF-16") == lines_of(PEOPLE)


@pytest.mark.parametrize("name", ["klingon", "hex", "unicode_escape", "", "idna", "utf-7", "\0"])
def test_encodings_that_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    with pytest.raises(InvalidInput, match="is not known; name one such as") as caught:
        open_file(tmp_path / "people.csv", encoding=name)
    assert caught.value.field == "encoding"


def test_broken_utf16_spoils_its_line_only(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    lone = b"2,\x00\xd8,x\n".replace(b"2", b"2\0").replace(b",", b",\0").replace(b"x", b"x\0").replace(b"\n", b"\n\0")
    path.write_bytes(
        "\ufeffid,name,city\n1,Ann,Bonn\n".encode("utf-16-le") + lone + "3,Bob,Ulm\n4".encode("utf-16-le") + b"x"
    )
    found, rejects = read(open_file(path))
    assert [row["id"] for _, row in found] == ["1", "3"]
    assert [reject.line for reject in rejects] == [3, 5]
    assert all("is not UTF-16-LE" in reject.reason for reject in rejects)


# ---- separators ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_are_found(tmp_path: Path, delimiter: str) -> None:
    text = PEOPLE.replace(",", delimiter).replace("Ann", '"a, b; c"')
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    assert rows(tmp_path / "people.csv")[0] == ["1", "a, b; c", "Köln"]


def test_separators_that_stand_within_the_texts(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name;city, country;income\nAnn;Bonn, DE;1,5\nBob;Rio, BR, South;2,5\n")
    assert open_file(path).header == ("name", "city, country", "income")
    path.write_text("name\nAnn; Bob\nCy\tDee\n")
    assert rows(path) == [["Ann; Bob"], ["Cy\tDee"]]


def test_separators_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("sep=!\nid!name\n1!a,b\n")
    assert read(open_file(path))[0] == [(3, {"id": "1", "name": "a,b"})]
    path.write_text("id!name,x\n1!a,b\n")
    assert rows(path, delimiter="!") == [["1", "a,b"]]
    with pytest.raises(InvalidInput, match="must be one character") as caught:
        open_file(path, delimiter="::")
    assert caught.value.field == "delimiter"


def test_single_quotes_and_missing_headers(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("'id';'name'\n'1';'a;b'\n")
    assert rows(path) == [["1", "a;b"]]
    path.write_text(" 00004 0001 19970101  2   29.33\n 00021 0002 19970101 12    7.00\n")
    found = read(open_file(path, delimiter=" ", columns=("id", "sample", "on", "cds", "spent")))[0]
    assert [list(row.values()) for _, row in found] == [
        ["00004", "0001", "19970101", "2", "29.33"],
        ["00021", "0002", "19970101", "12", "7.00"],
    ]
    assert [line for line, _ in found] == [1, 2]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "titles",
    [["Customers of 2024"], ["Customers of 2024", "", "Made by,Jo"], ["Customers of 2024,,,,,", ",,,,,"], [","] * 20],
)
def test_titles_above_the_header_are_passed_over(tmp_path: Path, delimiter: str, titles: list[str]) -> None:
    table = ["id,name,city,country,postcode", '1,"Lee, Ann",Ulm,DE,89073', "2,Bob,,DE,"]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(titles + table).replace(",", delimiter), encoding="utf-8")
    file = open_file(path)
    assert file.header == ("id", "name", "city", "country", "postcode")
    found, rejects = read(file)
    assert [list(row.values())[::2] for _, row in found] == [["1", "Ulm", "89073"], ["2", "", ""]]
    assert [line for line, _ in found] == [len(titles) + 2, len(titles) + 3]
    assert not rejects


@pytest.mark.parametrize("text", ["id,name\n1,Lee, Ann\n2,Ray, Bob\n", "name\nLee, Ann\nRay, Bob\n", "id\n1,2\n"])
def test_a_narrow_header_is_no_title(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    file = open_file(path)
    assert list(file.header) == text.splitlines()[0].split(",")
    assert len(read(file)[1]) == text.count("\n") - 1


@pytest.mark.parametrize("between", [";", "|", "\t"])
def test_lists_in_a_column_make_no_title_of_the_header(tmp_path: Path, between: str) -> None:
    path = tmp_path / "campaigns.csv"
    targets = between.join(f"P{number}" for number in range(50))
    path.write_text("id,name,targets\n" + f"K,N,{targets}\n" * 20 + f"K,N, or M,{targets}\n")
    file = open_file(path)
    assert (file.header, len(read(file)[0]), len(read(file)[1])) == (("id", "name", "targets"), 20, 1)


def test_a_header_with_blank_names_at_its_end_is_no_title(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name,,,,,\n1,Ann,,,,,\n2,Bob,,,,,\n3,Cy,a,b,c,d,e\n4,Di,,,,,\n")
    file = open_file(path)
    assert file.header == ("id", "name")
    assert [line for line, _ in read(file)[0]] == [2, 3, 5]


def test_a_header_that_is_narrow_because_a_column_overflows_is_no_title(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("at,text\n" + "2024-01-01,hello, you, there, my friend\n" * 20)
    file = open_file(path, overflow="text")
    assert file.header == ("at", "text")
    assert len(read(file)[0]) == 20


def test_fields_that_are_blank_beyond_the_header_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name,,\n1,Ann,,\n2,Bob\n3,Cy,,x\n")
    found, rejects = read(open_file(path))
    assert [row for _, row in found] == [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]
    assert [reject.reason for reject in rejects] == ["has 4 fields where the header has 2"]


# ---- packed files ----------------------------------------------------------------------------------------


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "people.data"
    path.write_bytes(gzip.compress(CHINESE.encode("gb18030")) + gzip.compress("3,钱,上海\n".encode("gb18030")))
    reader = open_file(path)
    found, rejects = read(reader)
    assert rejects == []
    assert [list(row.values()) for _, row in found] == [*lines_of(CHINESE), ["3", "钱", "上海"]]
    assert reader.offset == reader.size == path.stat().st_size


def test_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", exports__people=PEOPLE, exports__chinese=CHINESE.encode("utf-16"))
    assert files_in(path) == [path / "exports/people.csv", path / "exports/chinese.csv"]
    assert rows(path / "exports/people.csv") == lines_of(PEOPLE)
    reader = open_file(path / "exports/chinese.csv")
    assert reader.name == f"{path}/exports/chinese.csv"
    assert reader.path == path
    assert [list(row.values()) for _, row in read(reader)[0]] == lines_of(CHINESE)
    with pytest.raises(InvalidInput, match="holds several files") as caught:
        open_file(path)
    assert caught.value.allowed == ["exports/people.csv", "exports/chinese.csv"]
    with pytest.raises(InvalidInput, match=r"holds no file none\.csv"):
        open_file(path / "none.csv")
    one = zipped(tmp_path / "one.zip", people=PEOPLE)
    assert rows(one) == lines_of(PEOPLE)


def test_clutter_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("__MACOSX/folder/._people.csv", b"\0\5\x16\7")
        archive.writestr("folder/.DS_Store", b"\0")
        archive.writestr("folder/people.csv", PEOPLE)
    assert files_in(path) == [path / "folder/people.csv"]


@pytest.mark.parametrize(
    "name", ["../people.csv", "/etc/people.csv", "a/../../people.csv", "..\\people.csv", "C:\\p.csv"]
)
def test_paths_out_of_a_zip(tmp_path: Path, name: str) -> None:
    path = tmp_path / "in" / "evil.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("people.csv", PEOPLE)
        archive.writestr(zipfile.ZipInfo(name), PEOPLE)
    for way in (path, path / "people.csv"):
        with pytest.raises(InvalidInput, match="a path that leads out of it"):
            open_file(way)
    assert [file.name for file in tmp_path.rglob("*")] == ["in", "evil.zip"]


def test_bombs(tmp_path: Path) -> None:
    bomb = b"id,name\n" + b"0" * 60_000_000
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(bomb))
    zipped(tmp_path / "bomb.zip", bomb=bomb)
    for name in ("bomb.csv.gz", "bomb.zip"):
        tracemalloc.start()
        with pytest.raises(InvalidInput, match="expands to more than 200 times its size"):
            open_file(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()


def test_other_zips_that_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.zip", **{f"f{i}": "id\n" for i in range(1001)})
    with pytest.raises(InvalidInput, match=r"holds 1,001 files; at most 1,000"):
        files_in(path)
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(InvalidInput, match="holds no file"):
        open_file(tmp_path / "empty.zip")
    with zipfile.ZipFile(tmp_path / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("people.csv", PEOPLE)
    with pytest.raises(InvalidInput, match="packed in a way that is not known"):
        open_file(tmp_path / "lzma.zip")
    data = bytearray(zipped(tmp_path / "secret.zip", people=PEOPLE).read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    (tmp_path / "secret.zip").write_bytes(data)
    with pytest.raises(InvalidInput, match="is encrypted; unpack it"):
        open_file(tmp_path / "secret.zip")


def long_table() -> bytes:
    return b"id,name\n" + b"".join(b"%d,%s\n" % (i, os.urandom(8).hex().encode()) for i in range(20_000))


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.6, 0.9, 0.9999])
@pytest.mark.parametrize("name", ["table.csv.gz", "table.zip"])
def test_packed_files_that_are_cut_off(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(long_table()))
    else:
        zipped(path, table=long_table())
    data = path.read_bytes()
    path.write_bytes(data[: max(5, int(len(data) * share))])
    for encoding in (None, "utf-8"):
        with pytest.raises(InvalidInput, match="cut off"):
            open_file(path, encoding=encoding)


def test_packed_files_that_are_damaged(tmp_path: Path) -> None:
    for name, make in (("t.gz", gzip.compress), ("t.zip", None)):
        path = tmp_path / name
        path.write_bytes(make(long_table())) if make else zipped(path, t=long_table())
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
        with pytest.raises(InvalidInput, match="is damaged"):
            open_file(path)


# ---- formats ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"id,name\n", "csv"),
        (b"From: Ann,To: Bob\n1,2\n", "eml"),
        (b'\n{"id": 1}\n', "jsonl"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n", "vcard"),
        ("begin:vcard\nversion:2.1\nfn:Änn\nend:vcard\n".encode("utf-16"), "vcard"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "calendar"),
        (b"From ann@x.org Mon Jan  1 10:00:00 2024\nFrom: ann@x.org\n\nHi\n", "mbox"),
        (b"Return-Path: <a@x.org>\nReceived: from x\n by y\nSubject: z\n\nHi\n", "eml"),
        (b"name: first\n", "csv"),
    ],
)
def test_formats_are_told_from_the_content(tmp_path: Path, content: bytes, kind: str) -> None:
    for data in (content, gzip.compress(content)):
        path = tmp_path / "file.xyz"
        path.write_bytes(data)
        assert open_file(path).kind == kind


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty|no name"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"%PDF-1.7", "is a PDF, which is not read"),
        (b"BZh91AY", "packed by bzip2"),
        (b"<?xml version='1.0'?><a/>", "is XML or HTML"),
        (b"  <!DOCTYPE html><table>", "is XML or HTML"),
        (b"[]", "holds no JSON object"),
        (b'[{"id": 1}', "is not JSON"),
        (b'{"a": [{"id": 1}], "b": [{"id": 1}]}', "several lists; name one of them after a /; there are: a, b"),
        (b"PK\x03\x04 no zip", "damaged or cut off"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no workbook", "damaged or cut off"),
        (b"PAR1 no table", "damaged or cut off"),
        (b"\x1f\x8b\x08\x00", "cut off"),
        (bytes(range(256)) * 30, "line 1"),
        (b'{"no json\n', "no line with a JSON object"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=message) as caught:
        open_file(path)
    assert "file.csv" in caught.value.message
    assert "\n" not in caught.value.message


def test_folders_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is a folder, and no Maildir"):
        open_file(tmp_path)
    with pytest.raises(InvalidInput, match="cannot be read"):
        open_file(tmp_path / "none.csv")
    (tmp_path / "cards.vcf").write_text("BEGIN:VCARD\nFN:Ann\nEND:VCARD\n")
    with pytest.raises(InvalidInput, match="holds no 'addresses'"):
        open_file(tmp_path / "cards.vcf/addresses")


# ---- size and change -------------------------------------------------------------------------------------


def test_a_line_of_a_gigabyte(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"id,name\n1,Ann\n2,")
        file.truncate(1_000_000_000)  # a hole: nothing is written
        file.seek(0, io.SEEK_END)
        file.write(b"\n3,Bob\n")
    tracemalloc.start()
    found, rejects = read(open_file(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row["id"] for _, row in found] == ["1", "3"]
    assert [(reject.line, "longer than 1,000,000 bytes" in reject.reason) for reject in rejects] == [(3, True)]
    assert peak < 20_000_000


CHANGES: list[Callable[[Path], object]] = [
    lambda path: os.truncate(path, 3000),
    lambda path: path.write_bytes(path.read_bytes() + b"9999999,x\n"),
    lambda path: path.unlink(),
    lambda path: shutil.copy2(path, f"{path}.new") and os.replace(f"{path}.new", path),
    lambda path: path.write_bytes(path.read_bytes().replace(b",n", b",m")),
]


@pytest.mark.parametrize("change", CHANGES, ids=["shrinks", "grows", "goes", "is replaced", "is written anew"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, change: Callable[[Path], object]) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"id,name\n" + b"".join(b"%d,n\n" % i for i in range(200_000)))
    reader = open_file(path)
    stream = reader.rows(pytest.fail)
    next(stream)
    change(path)
    with pytest.raises(
        InvalidInput, match="was changed while it was read, so that rows may be missing; import it again"
    ):
        for _ in stream:
            pass


# ---- real files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding", "columns", "count"),
    [
        ("salesforce/accountData.csv", "cp1252", 36, 423),
        ("salesforce/opportunityData.csv", "utf-8", 31, 38),
        ("salesforce/csvEscapedQuotes.csv", "utf-8", 2, 2),
        ("salesforce/csvSeparator.csv", "utf-8", 3, 2),
        ("salesforce/csvtext_BOM_UTF16LE.csv", "utf-16-le", 3, 2),
        ("salesforce/csvtext_BOM_UTF8.csv", "utf-8", 3, 2),
        ("ifood_campaign/marketing_campaign.csv", "utf-8", 29, 2240),
        ("telco_churn/Telco-Customer-Churn.csv", "utf-8", 21, 7043),
        ("hillstrom/hillstrom.csv.gz", "utf-8", 12, 64_000),
        ("febrl/dataset1.csv", "utf-8", 11, 1000),
        ("northwind/customers.csv", "utf-8", 11, 91),
    ],
)
def test_real_tables(shared_data: Path, name: str, encoding: str, columns: int, count: int) -> None:
    reader = open_file(shared_data / name)
    found, rejects = read(reader)
    assert (len(reader.header), len(found), rejects) == (columns, count, [])
    assert reader.encoding == encoding


def test_accents_of_a_real_export(shared_data: Path) -> None:
    found, _ = read(open_file(shared_data / "salesforce" / "accountData.csv"))
    assert {line: text for line, row in found for text in row.values() if not text.isascii()} == {
        72: "00045844 c/ San Romualdo, 26 5º",
        87: "Crédito Inmobiliario Terras",
        361: "00052339 Paseo de la Castellana, Nº 77, Edif. Azu",
        375: "Pébéo of America",
    }
