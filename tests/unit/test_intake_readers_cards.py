"""vCards as rows: what stands in the cards, read by hand."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from graphcrm.intake.readers import Reader, Reject, open_file
from graphcrm.intake.readers.cards import COLUMNS
from graphcrm.limits import MAX_LINE_BYTES


def read(reader: Reader) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]]:
    rejects: list[Reject] = []
    return list(reader.rows(rejects.append)), rejects


def rows_of(path: Path) -> list[dict[str, str]]:
    found, rejects = read(open_file(path))
    assert rejects == []
    return [row for _, row in found]


def card(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> dict[str, str]:
    path = tmp_path / "card.vcf"
    path.write_bytes("\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""]).encode(encoding))
    (row,) = rows_of(path)
    return row


# ---- the vCards of phones and mail programs --------------------------------------------------------------


N = "\u00d1"  # the letter that the phone's owner typed, again and again

CARDS = {
    "John_Doe_ANDROID.vcf": [
        (1, "john.doe@company.com", "", "john.doe@company.com"),
        (6, "jane.doe@company.com", "", "jane.doe@company.com"),
        (11, f"{N} {N} {N} {N} {N}", "123456789", ""),
        (18, " ".join([N] * 11), "123456|234567|3456789|45678901", ""),
        (36, f"{N} {N} {N} {N}", "123456", f"bob@company.com|{N * 14}"),
        (71, N * 4, "55556666", "henry@company.com"),
    ],
    "John_Doe_GMAIL.vcf": [
        (1, "Mr. John Richter, James Doe Sr.", "905-555-1234|905-666-1234", "john.doe@ibm.com"),
    ],
    "John_Doe_IPHONE.vcf": [
        (
            1,
            "Mr. John Richter James Doe Sr.",
            "905-555-1234|905-666-1234|905-777-1234|905-222-1234",
            "john.doe@ibm.com",
        ),
    ],
    "John_Doe_LOTUS_NOTES.vcf": [
        (1, "Mr. Doe John I Johny", "+1 (212) 204-34456", "john.doe@ibm.com|billy_bob@gmail.com"),
    ],
    "John_Doe_MS_OUTLOOK.vcf": [
        (1, "Mr. John Richter James Doe Sr.", "(905) 555-1234|(905) 666-1234", "john.doe@ibm.cm"),
    ],
    "gmail-list.vcf": [
        (1, "Arnold Smith", "", "asmithk@gmail.com"),
        (7, "Chris Beatle", "", "chrisy55d@yahoo.com"),
        (13, "Doug White", "", "dwhite@gmail.com"),
    ],
    "outlook-2003.vcf": [
        (1, "John Doe III", "BusinessPhone|HomePhone|MobilePhone", "jdoe@hotmail.com"),
    ],
    "rfc6350-example.vcf": [
        (1, "Simon Perreault", "+1-418-656-9254 ext. 102|+1-418-262-6501", "simon.perreault@viagenie.ca"),
    ],
}


@pytest.mark.parametrize("name", CARDS)
def test_real_cards(shared_data: Path, name: str) -> None:
    reader = open_file(shared_data / "vcards" / name)
    found, rejects = read(reader)
    assert rejects == []
    assert [(line, row["name"], row["phones"], row["emails"]) for line, row in found] == CARDS[name]
    assert all(tuple(row) == COLUMNS == reader.header for _, row in found)
    assert len({row["id"] for _, row in found}) == len(found)


def test_every_real_card_is_looked_at(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "vcards").glob("*.vcf")} == set(CARDS)


def test_all_of_one_real_card(shared_data: Path) -> None:
    (row,) = rows_of(shared_data / "vcards" / "John_Doe_IPHONE.vcf")
    del row["id"]
    assert {name: text for name, text in row.items() if text} == {
        "name": "Mr. John Richter James Doe Sr.",
        "family_name": "Doe",
        "given_name": "John",
        "additional_names": "Richter James",
        "prefix": "Mr.",
        "suffix": "Sr.",
        "nickname": "Johny",
        "organization": "IBM",
        "department": "Accounting",
        "title": "Money Counter",
        "email": "john.doe@ibm.com",
        "emails": "john.doe@ibm.com",
        "phone": "905-555-1234",
        "phones": "905-555-1234|905-666-1234|905-777-1234|905-222-1234",
        "phone_cell": "905-555-1234",
        "phone_work": "905-777-1234",
        "phone_home": "905-666-1234",
        "fax": "905-888-1234",
        "address": "Silicon Alley 5, 12345 New York, New York, United States of America",
        "street": "Silicon Alley 5",
        "city": "New York",
        "region": "New York",
        "postcode": "12345",
        "country": "United States of America",
        "addresses": "Silicon Alley 5, 12345 New York, New York, United States of America|"
        "Street4, Building 6, Floor 8, 12345 New York, USA",
        "url": "http://www.ibm.com",
        "urls": "http://www.ibm.com",
        "bday": "2012-06-06",
        "birth_date": "2012-06-06",
        "version": "3.0",
    }


def test_what_other_real_cards_have(shared_data: Path) -> None:
    (outlook,) = rows_of(shared_data / "vcards" / "outlook-2003.vcf")
    assert outlook["organization"] == "Company, The"
    assert outlook["note"] == "This is the note field!!\nSecond line\n\nThird line is empty"
    assert (outlook["birth_date"], outlook["fax"]) == ("1980-03-21", "BusinessFaxPhone")
    (lotus,) = rows_of(shared_data / "vcards" / "John_Doe_LOTUS_NOTES.vcf")
    assert lotus["id"] == lotus["uid"] == "0e7602cc-443e-4b82-b4b1-90f62f99a199"
    (example,) = rows_of(shared_data / "vcards" / "rfc6350-example.vcf")
    assert (example["bday"], example["birth_date"], example["anniversary"]) == ("--0203", "", "2009-08-08")
    assert (example["language"], example["city"], example["country"]) == ("fr", "Quebec", "Canada")


# ---- awkward vCards --------------------------------------------------------------------------------------


def test_preferred_ones_come_first(tmp_path: Path) -> None:
    row = card(
        tmp_path,
        "FN:Ann",
        "EMAIL;PREF=2:b@x.org",
        "EMAIL;PREF=1:a@x.org",
        "TEL;TYPE=work,fax;PREF=1:1",
        "TEL;TYPE=cell:2",
        "TEL;TYPE=pref:3",
        "EMAIL:mailto:c@x.org",
    )
    assert (row["email"], row["emails"]) == ("a@x.org", "a@x.org|b@x.org|c@x.org")
    assert (row["phone"], row["phones"], row["fax"]) == ("3", "3|2", "1")


def test_escapes_folds_and_quotes(tmp_path: Path) -> None:
    row = card(
        tmp_path,
        "N:Doe\\;Roe;Ann\\, Jr;;;",
        'TEL;TYPE="work;odd:er":12',
        "ORG:A\\;B\\\\;Sales",
        "TITLE:Head of",
        "  Sales",
        "NOTE:one\\ntwo\\Nthree",
        "NICKNAME:a|b",
    )
    assert (row["name"], row["family_name"], row["given_name"]) == ("Ann, Jr Doe;Roe", "Doe;Roe", "Ann, Jr")
    assert (row["organization"], row["department"], row["title"]) == ("A;B\\", "Sales", "Head of Sales")
    assert (row["note"], row["phone"]) == ("one\ntwo\nthree", "12")


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "big5", "no-such-charset"])
def test_quoted_printable(tmp_path: Path, charset: str) -> None:
    data = "王小明".encode("gb18030" if charset == "gb2312" else "big5" if charset == "big5" else "utf-8")
    quoted = "".join(f"={byte:02X}" for byte in data)
    row = card(
        tmp_path,
        f"FN;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{quoted[:9]}=",
        quoted[9:],
        "TEL;CELL:1",
        "EMAIL:a@x.org",
    )
    assert (row["name"], row["phone_cell"]) == ("王小明", "1")


def test_character_sets_of_old_cards(tmp_path: Path) -> None:
    assert card(tmp_path, "VERSION:2.1", "N;CHARSET=GBK:王;小明", encoding="gbk")["family_name"] == "王"
    assert card(tmp_path, "VERSION:2.1", "FN:José Müller", encoding="cp1252")["name"] == "José Müller"
    assert card(tmp_path, "FN:王小明", encoding="utf-16")["name"] == "王小明"


@pytest.mark.parametrize("fold", ["\r\n ", "\r\n", ""])
def test_pictures_are_passed_over(tmp_path: Path, fold: str) -> None:
    picture = base64.b64encode(bytes(range(256)) * 8000).decode()
    picture = fold.join(picture[i : i + 72] for i in range(0, len(picture), 72))
    assert len(picture) > 2 * MAX_LINE_BYTES
    head = "PHOTO;ENCODING=BASE64;JPEG:" if fold else "PHOTO;ENCODING=b;TYPE=JPEG:"
    row = card(
        tmp_path, "FN:Ann", head + picture, "", "TEL:1", "PHOTO:data:image/png;base64,AAAA", "KEY:http://x.org/k"
    )
    assert (row["name"], row["phone"]) == ("Ann", "1")
    assert sum(map(len, row.values())) < 200


def test_many_cards_with_bad_ones_between(tmp_path: Path) -> None:
    path = tmp_path / "cards.vcf"
    path.write_bytes(
        b"BEGIN:VCARD\nFN:Ann\nEND:VCARD\n"
        b"\nnobody's line\nanother\n"
        b"BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n"
        b"begin:vcard\nfn:Bob\nAGENT:\nBEGIN:VCARD\nFN:Agent\nEND:VCARD\nTEL:1\nend:vcard\n"
        b"BEGIN:VCARD\nFN:Cut\n"
        b"BEGIN:VCARD\nFN:J\xf6rg\nEND:VCARD\n"
        b"BEGIN:VCARD\nFN:Zo\xc3\xab\nTEL:2\nEND:VCARD\n"
        b"BEGIN:VCARD\nFN:\xe7\x8e\x8b\nEND:VCARD\n"
        b"BEGIN:VCARD\nFN:" + b"x" * 1_100_000 + b"\nEND:VCARD\n"
        b"BEGIN:VCARD\nFN:Last\n"
    )
    found, rejects = read(open_file(path))
    assert [(line, row["name"], row["phone"]) for line, row in found] == [
        (1, "Ann", ""),
        (10, "Bob", "1"),
        (23, "Zoë", "2"),
        (27, "王", ""),
    ]
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (5, "stands outside of a card"),
        (7, "names nobody"),
        (18, "is cut off: another card begins before it ends"),
        (20, "is not UTF-8 (byte 0xf6 at position 5 of a line)"),
        (30, "is longer than 1,000,000 bytes"),
        (33, "is cut off: the file ends before it does"),
    ]


def test_cards_without_a_uid_keep_their_id(tmp_path: Path) -> None:
    one = card(tmp_path, "FN:Ann", "TEL:1")
    assert one["id"] == card(tmp_path, "FN:Ann", "TEL:1")["id"] != card(tmp_path, "FN:Ann", "TEL:2")["id"]
    assert card(tmp_path, "FN:Ann", "UID:urn:uuid:4fbe")["id"] == "4fbe"
    assert card(tmp_path, "FN:Ann", "UID:" + "x" * 500)["id"].startswith("sha256-")
