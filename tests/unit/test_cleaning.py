"""Text, names, codes and rows: what cleaning makes of values as they really come."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from typing import get_args
from unicodedata import normalize

import pycountry
import pytest

import graphcrm.cleaning
from graphcrm.cleaning import rows
from graphcrm.cleaning.codes import clean_country, clean_currency
from graphcrm.cleaning.dates import Order
from graphcrm.cleaning.rows import KINDS, clean_field, clean_row, kind_of
from graphcrm.cleaning.text import FLAGS, clean_name, clean_text, name_key
from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_NAME_LENGTH
from graphcrm.tables import TABLES

MODULES = [f"graphcrm.cleaning.{module.name}" for module in pkgutil.iter_modules(graphcrm.cleaning.__path__)]
SOURCES = Path(graphcrm.cleaning.__path__[0])
DOCS = Path(__file__).resolve().parents[2] / "docs" / "cleaning.md"


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_of_the_guide() -> None:
    assert doctest.testfile(str(DOCS), module_relative=False).failed == 0


# ---- text and names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "clean"),
    [
        ("  Anna  ", "Anna"),
        ("Anna\u00a0Müller", "Anna Müller"),
        ("Anna\tB.\r\nMüller", "Anna B. Müller"),
        ("\ufeffAnna", "Anna"),
        ("An\u00adna\u200b", "Anna"),
        ("\u202eannA\u202c", "annA"),
        ("Mu\u0308ller", "Müller"),
        ("张　伟", "张 伟"),
        ("ＡＣＭＥ", "ＡＣＭＥ"),
        ("\u200b \u3000", ""),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("x" * 700, "x" * 700),
    ],
)
def test_text(came: str, clean: str) -> None:
    assert clean_text(came) == clean


@pytest.mark.parametrize(
    "spellings",
    [
        ("Müller", "MÜLLER", " müller ", "Mu\u0308ller"),
        ("Straße", "STRASSE", "strasse"),
        ("O'Neill", "O’NEILL", "o`neill", "O´Neill"),
        ("ＡＣＭＥ－１", "acme-1", "Acme–1"),
        ("ﬁlm", "Film"),
        ("Ⅲ", "iii"),
        ("ΌΣΟΣ", "όσος"),
    ],
)
def test_spellings_of_one_name(spellings: tuple[str, ...]) -> None:
    assert len({name_key(spelling) for spelling in spellings}) == 1


def test_every_character_has_one_key_and_one_tidy_form() -> None:
    for code in (*range(0x20000), *range(0xE0000, 0xE0200)):
        text = f"a{chr(code)}b"
        tidy, key = clean_text(text), name_key(text)
        assert clean_text(tidy) == tidy == normalize("NFC", tidy), hex(code)
        assert name_key(key) == key == name_key(tidy), hex(code)


def test_quotes_and_dashes_are_those_of_ascii() -> None:
    assert name_key("‘’‚‛′`´ʼ“”„‟″«»‐‑‒–—―−") == "'" * 8 + '"' * 7 + "-" * 7


def test_accents_tell_names_apart() -> None:
    assert name_key("Müller") != name_key("Muller")


@pytest.mark.parametrize(
    ("came", "flag"),
    [
        ("---", "no_letters"),
        ("?", "no_letters"),
        ("N/A", "placeholder"),
        ("#N/A", "placeholder"),
        ("Unknown", "placeholder"),
        ("无", "placeholder"),
        ("M\ufffdller", "garbled"),
        ("", None),
        ("7-Eleven", None),
        ("X Æ A-12", None),
        ("😀 Anna", None),
    ],
)
def test_names_that_say_nothing(came: str, flag: str | None) -> None:
    assert clean_name(came).flag == flag
    assert clean_name(came).value == came


# ---- countries and currencies ----------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["alpha_2", "alpha_3", "numeric", "name", "official_name", "common_name"])
def test_every_country_by_its_codes_and_names(field: str) -> None:
    wrong = {
        text: found
        for country in pycountry.countries
        if (text := getattr(country, field, None)) and (found := clean_country(text)).value != country.alpha_2
    }
    # ISO's short name of one of the two; nobody can know that its writer meant ISO.
    assert wrong == ({"Congo": ("Congo", "ambiguous_country")} if field == "name" else {})


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (
            "US",
            "USA|U.S.A.|u.s.|United States of America|the United States|美国|美國|Vereinigte Staaten|États-Unis|EE.UU.",
        ),
        ("GB", "UK|U.K.|Great Britain|England|Scotland|Northern Ireland|英国|Großbritannien|Royaume-Uni|Reino Unido"),
        ("CN", "China|PRC|P.R. China|中国|中國|中国大陆|中华人民共和国|Volksrepublik China|CHN|cn"),
        ("TW", "Taiwan|台湾|臺灣|中国台湾|TWN"),
        ("HK", "Hong Kong|Hongkong|香港|中国香港|Hong Kong SAR"),
        ("DE", "Germany|Deutschland|DEUTSCHLAND|德国|Allemagne|Alemania|Alemanha|Germania|Duitsland|276|DEU"),
        ("KR", "South Korea|Korea, Republic of|Republic of Korea|韩国|대한민국|Korea (South)"),
        ("KP", "North Korea|DPRK|朝鲜"),
        ("RU", "Russia|Russian Federation|Россия|俄罗斯"),
        ("CI", "Côte d'Ivoire|Cote d’Ivoire|Ivory Coast|科特迪瓦"),
        ("CZ", "Czechia|Czech Republic|Česko|捷克"),
        ("NL", "The Netherlands|Holland|Nederland|荷兰"),
        ("CH", "Switzerland|Schweiz|Suisse|Svizzera|瑞士"),
        ("TR", "Turkey|Türkiye|TURKIYE|土耳其"),
        ("BR", "Brazil|Brasil|巴西"),
        ("JP", "Japan|日本|Japon|Nippon"),
        ("ES", "España|ESPANA|Spain|Spanien|西班牙"),
        ("GR", "Greece|Ελλάδα|Griechenland"),
        ("EG", "Egypt|مصر"),
        ("IN", "India|भारत|印度"),
        ("VN", "Vietnam|Viet Nam|Việt Nam|越南"),
        ("LC", "St. Lucia|Saint Lucia"),
        ("BA", "Bosnia & Herzegovina|Bosnia and Herzegovina"),
        ("MK", "Macedonia|North Macedonia"),
        ("XK", "Kosovo"),
        ("NE", "Niger"),
        ("NG", "Nigeria"),
        ("US", "United States (USA)|US - United States"),
    ],
)
def test_country(code: str, names: str) -> None:
    assert {name: clean_country(name) for name in names.split("|")} == dict.fromkeys(names.split("|"), (code, None))


@pytest.mark.parametrize(
    ("came", "flag"),
    [
        ("Korea", "ambiguous_country"),
        ("Congo", "ambiguous_country"),
        ("Atlantis", "unknown_country"),
        ("EU", "unknown_country"),
        ("Austria/Germany", "unknown_country"),
        ("ZZ", "unknown_country"),
        ("?", "unknown_country"),
        ("x" * 1000, "unknown_country"),
        (" ", None),
    ],
)
def test_no_country(came: str, flag: str | None) -> None:
    assert clean_country(came) == (came if flag else "", flag)


@pytest.mark.parametrize("field", ["alpha_3", "name"])
def test_every_currency_by_its_code_and_name(field: str) -> None:
    names = [getattr(currency, field) for currency in pycountry.currencies]
    wrong = {
        getattr(currency, field): found
        for currency in pycountry.currencies
        if names.count(getattr(currency, field)) == 1
        and (found := clean_currency(getattr(currency, field))).value != currency.alpha_3
    }
    assert wrong == ({"Won": ("Won", "ambiguous_currency")} if field == "name" else {})


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("EUR", "€|eur|Euro|EUROS|欧元"),
        ("CNY", "RMB|rmb|人民币|人民幣|CN¥|Yuan|Renminbi|人民币元"),
        ("USD", "US$|US Dollar|usd|美元|美金|U.S. Dollar|dollar américain"),
        ("GBP", "£|Pound Sterling|英镑|Pfund Sterling"),
        ("JPY", "日元|円|JP¥|Yen"),
        ("BRL", "R$|Brazilian Real|Real"),
        ("HKD", "HK$|港币|港元"),
        ("TWD", "NT$|新台币"),
        ("CHF", "CHF|Swiss Franc|SFr."),
        ("PLN", "zł|Zloty"),
        ("INR", "₹|Indian Rupee"),
        ("KRW", "₩|원|韩元"),
    ],
)
def test_currency(code: str, names: str) -> None:
    assert {name: clean_currency(name) for name in names.split("|")} == dict.fromkeys(names.split("|"), (code, None))


@pytest.mark.parametrize(
    ("sign", "region", "code"),
    [
        ("$", "US", "USD"),
        ("$", "CA", "CAD"),
        ("$", "DE", None),
        ("$", None, None),
        ("¥", "CN", "CNY"),
        ("￥", "JP", "JPY"),
        ("¥", "US", None),
        ("元", "CN", "CNY"),
        ("元", "TW", "TWD"),
        ("kr", "SE", "SEK"),
        ("kr.", "DK", "DKK"),
        ("Peso", "MX", "MXN"),
        ("Rs.", "PK", "PKR"),
    ],
)
def test_a_sign_of_several_currencies(sign: str, region: str | None, code: str | None) -> None:
    assert clean_currency(sign, region) == ((code, None) if code else (sign, "ambiguous_currency"))


@pytest.mark.parametrize("came", ["Bitcoin", "?", "XYZ", "12"])
def test_no_currency(came: str) -> None:
    assert clean_currency(came) == (came, "unknown_currency")


# ---- rows ------------------------------------------------------------------------------------------------


def test_a_row_keeps_what_came() -> None:
    values = {
        "id": " C1 ",
        "name": " Anna  Müller ",
        "email": "Anna@Example.COM",
        "phone": "(030) 1234567",
        "country": "Deutschland",
        "website": "example.com",
        "birth_date": "31.1.1980",
        "created_at": "2024-01-31T09:30:00+08:00",
        "notes": "  as it is  ",
        "tags": "a|b",
        "extra": {"phone": "x"},
    }
    before = dict(values)
    row = clean_row("customers", values, "DE")
    assert values == before
    assert row.flags == {}
    assert row.values == before | {
        "name": "Anna Müller",
        "email": "Anna@example.com",
        "phone": "+49301234567",
        "country": "DE",
        "website": "https://example.com",
        "birth_date": "1980-01-31",
    }
    assert row.raw == {field: before[field] for field in before if before[field] != row.values[field]}
    again = clean_row("customers", row.values, "DE")
    assert again.values is row.values
    assert again.raw == {}


@pytest.mark.parametrize(
    ("country", "phone", "clean"),
    [
        ("Deutschland", "030 1234567", "+49301234567"),
        ("Frankreich", "(650) 253-0000", "+16502530000"),
        ("", "(650) 253-0000", "+16502530000"),
        ("Atlantis", "(650) 253-0000", "+16502530000"),
        ("中国", "010-65529988-12", "+861065529988;ext=12"),
    ],
)
def test_the_country_of_the_row_comes_before_the_region(country: str, phone: str, clean: str) -> None:
    row = clean_row("customers", {"phone": phone, "country": country}, "US")
    assert row.values["phone"] == clean
    assert row.raw["phone"] == phone
    assert "phone" not in row.flags


def test_a_row_names_what_it_could_not_clean() -> None:
    values = {"name": "N/A", "email": "nobody", "phone": "12", "country": "Atlantis", "birth_date": "3/4/1980"}
    row = clean_row("customers", values, "DE")
    assert row.values is values
    assert row.raw == {}
    assert row.flags == {
        "name": "placeholder",
        "email": "no_at",
        "phone": "too_short",
        "country": "unknown_country",
        "birth_date": "ambiguous_date",
    }


def test_values_that_are_no_text_are_left_alone() -> None:
    values = {"name": None, "email": 5, "phone": "", "country": ["DE"], "created_at": 45322}
    assert clean_row("customers", values, "DE") == (values, {}, {})


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "REMEMBERED", 3)
    memory = rows._memory("line", "a region of its own")
    for number in range(10):
        assert memory[f" {number}"] == (str(number), None)
        assert memory[f" {number}"] == (str(number), None)
        assert len(memory) <= 3
    assert memory["x" * 10_000].value == "x" * 10_000
    assert len(memory) <= 3


def test_only_a_party_has_a_name() -> None:
    assert clean_row("products", {"name": "  ??? "}).flags == {}
    assert clean_row("customers", {"name": "  ??? "}).flags == {"name": "no_letters"}


def test_a_long_text_is_left_alone() -> None:
    for kind in {*KINDS} - {"links"}:
        assert clean_field(kind, "x " * MAX_NAME_LENGTH) == ("x " * MAX_NAME_LENGTH, None)


def test_every_cleaned_field_is_one_of_a_table() -> None:
    columns = {(name, column) for name, table in TABLES.items() for column in table.columns}
    cleaned = {column for name, column in columns if kind_of(name, column)}
    assert {"name", "phone", "email", "website", "country", "currency", "at", "birth_date"} <= cleaned
    assert {kind_of(name, column) for name, column in columns} - {None} == set(KINDS)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (
            "customers",
            {
                "id": "C1",
                "name": "  ＡＣＭＥ\u200b GmbH ",
                "email": "Info@ACME.de",
                "phone": "030/1234567 Durchwahl 5",
                "country": "Bundesrepublik Deutschland",
                "website": "ACME.de",
                "birth_date": "45322",
                "created_at": "31.1.2024 9:30",
            },
        ),
        (
            "contacts",
            {
                "id": "P1",
                "name": "王总",
                "phone": "＋８６ 138 0013 8000",
                "birth_date": "1980年1月31日",
                "title": " 总 ",
            },
        ),
        ("orders", {"id": "O1", "customer_id": "C1", "at": "1/31/2024 9:30 PM", "currency": "€", "amount": "12.50"}),
        (
            "campaigns",
            {"id": "K1", "name": "x", "starts_on": "Jan 31, 2024", "ends_on": "20240229", "currency": "人民币"},
        ),
        ("relationships", {"source_id": "A", "target_id": "B", "since": "31.12.2020", "until": "2024/1/31"}),
        ("tasks", {"id": "T1", "subject": "x", "due_at": "2024-01-31T09:30:00.000-800", "party_id": "C1"}),
        ("opportunities", {"id": "O1", "name": "x", "currency": "US$", "close_on": "31-Jan-24", "customer_id": "C1"}),
    ],
)
def test_a_cleaned_row_is_one_of_its_table(table: str, values: dict[str, str]) -> None:
    row = clean_row(table, values, "DE")
    assert row.flags == {}
    assert row.raw
    assert row.raw.keys() <= values.keys()
    valid = TABLES[table].row(row.values)
    assert valid.properties
    if any(kind_of(table, field) in ("day", "time", "country", "currency") for field in row.raw):
        with pytest.raises(InvalidInput):
            TABLES[table].row(values)


# ---- the documents ---------------------------------------------------------------------------------------


def test_flags_are_used_and_documented() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py") if path.name != "text.py")
    code += (SOURCES / "text.py").read_text(encoding="utf-8").partition("class Cleaned")[2]
    text = DOCS.read_text(encoding="utf-8")
    for flag, meaning in FLAGS.items():
        assert f'"{flag}"' in code, flag
        assert f"| `{flag}` | {meaning} |" in text, flag


def test_kinds_and_orders_are_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name in (*KINDS, *get_args(Order)):
        assert re.search(rf"`{name}`", text), name
