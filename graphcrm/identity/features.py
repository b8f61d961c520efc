"""What two parties are compared by: names, addresses, phones and the like, brought into one form.

The form serves comparison alone and is never shown or stored.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from graphcrm.cleaning.chinese import is_chinese, pinyin
from graphcrm.cleaning.codes import clean_country
from graphcrm.cleaning.companies import is_company, split_company
from graphcrm.cleaning.legal_forms import legal_form
from graphcrm.cleaning.people import split_person

__all__ = ["FEATURES", "features", "fold"]

FEATURES: Final = (
    "kind",
    "given",
    "given_latin",
    "surname",
    "surname_latin",
    "script",
    "suffix",
    "company",
    "legal_form",
    "country",
    "address",
    "street",
    "number",
    "area",
    "postcode",
    "birth_date",
    "national_id",
    "national_id_block",
    "email",
    "mailbox",
    "phone",
    "phone_block",
)
"""Columns of what `features` gives, all text or None."""

_ROLES: Final = frozenset(
    [
        "accounting",
        "accounts",
        "admin",
        "billing",
        "contact",
        "hello",
        "help",
        "hr",
        "info",
        "invoice",
        "invoices",
        "mail",
        "marketing",
        "no-reply",
        "noreply",
        "office",
        "orders",
        "post",
        "reception",
        "sales",
        "service",
        "support",
        "team",
        "webmaster",
    ]
)
"""Mailboxes that belong to a post and not to a person."""
_SUFFIXES: Final = {"jr": "junior", "jnr": "junior", "sr": "senior", "snr": "senior"}
_STREET_WORDS: Final = {
    "ave": "avenue",
    "av": "avenue",
    "blvd": "boulevard",
    "cres": "crescent",
    "ct": "court",
    "dr": "drive",
    "hwy": "highway",
    "ln": "lane",
    "pl": "place",
    "rd": "road",
    "st": "street",
    "str": "strasse",
}
_PHONE_DIGITS: Final = 9
"""A phone is compared by so many last digits: what stands before them is written in too many ways."""

_BLOCK_DIGITS: Final = 2
"""Numbers that differ in so many last digits alone are one block: a firm or a town is given them together."""

Parts = tuple[str | None, ...]


@lru_cache(maxsize=200_000)
def fold(text: str) -> str:
    """The text without case, accents and punctuation, its words one space apart.

    Examples
    --------
    >>> fold("  Müller-Lüdenscheidt, José ")
    'muller ludenscheidt jose'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = (" " if not char.isalnum() else char for char in plain if not unicodedata.combining(char))
    return " ".join("".join(kept).split())


def features(parties: pd.DataFrame) -> pd.DataFrame:
    """Bring parties into the form in which they are compared.

    Parameters
    ----------
    parties : DataFrame
        One row a party; columns as `duplicates.find_duplicates` takes them, any of them missing or blank.

    Returns
    -------
    DataFrame
        The columns `FEATURES`, in the order of the rows.

    Examples
    --------
    >>> features(pd.DataFrame({"name": ["Dr. José Müller"]}))[["given", "surname"]].values.tolist()
    [['jose', 'muller']]
    """
    texts = _Columns(parties)
    found: dict[str, list[Any]] = {}
    names = [_names(*row) for row in texts.rows("kind", "name", "given_name", "surname", "label")]
    for position, column in enumerate(("kind", "given", "surname", "suffix", "company", "legal_form")):
        found[column] = [row[position] for row in names]
    found["given_latin"] = [_latin(text) for text in found["given"]]
    found["surname_latin"] = [_latin(text, True) for text in found["surname"]]
    found["script"] = [
        _script(f"{given or ''}{surname or ''}")
        for given, surname in zip(found["given"], found["surname"], strict=True)
    ]
    where = [
        _address(*row)
        for row in texts.rows("street_number", "street", "address", "suburb", "city", "postcode", "state")
    ]
    for position, column in enumerate(("address", "street", "number", "area", "postcode")):
        found[column] = [row[position] for row in where]
    found["country"] = texts.each("country", lambda text: fold(clean_country(text).value) or None)
    found["birth_date"] = texts.each("birth_date", _birth_date)
    found["national_id"] = texts.each("national_id", lambda text: fold(text).replace(" ", "").strip("0") or None)
    found["national_id_block"] = [_block(number) for number in found["national_id"]]
    emails = texts.each("email", _email)
    found["email"] = emails
    pairs = zip(emails, found["kind"], strict=True)
    found["mailbox"] = [
        "post" if email and kind != "organization" and _is_post(email) else None for email, kind in pairs
    ]
    found["phone"] = texts.each("phone", _phone)
    found["phone_block"] = [_block(number) for number in found["phone"]]
    return pd.DataFrame({column: pd.Series(found[column], dtype=object) for column in FEATURES})


class _Columns:
    """The columns of a table as texts; what is blank or missing is ''."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table

    def text(self, column: str) -> list[str]:
        if column not in self._table:
            return [""] * len(self._table)
        return [_text(value) for value in self._table[column].tolist()]

    def rows(self, *columns: str) -> Iterable[tuple[str, ...]]:
        return zip(*(self.text(column) for column in columns), strict=True)

    def each(self, column: str, form: Callable[[str], str | None]) -> list[str | None]:
        return [form(text) if text else None for text in self.text(column)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _names(kind: str, name: str, given: str, surname: str, label: str) -> Parts:
    """Kind, given name, surname, suffix, company and legal form."""
    if not kind and label == "Contact":
        kind = "person"
    apart = bool(given or surname)
    if kind == "organization" or (not kind and not apart and is_company(name)):
        company = split_company(name)
        return "organization", None, None, None, fold(company.key) or None, legal_form(company.forms)
    suffix = None
    if not apart:
        person = split_person(name)
        given, surname = person.given, person.family
        ending = fold(person.suffix)
        suffix = _SUFFIXES.get(ending, ending) or None
    return kind or None, fold(given) or None, fold(surname) or None, suffix, None, None


def _script(name: str) -> str | None:
    if not name:
        return None
    return "other" if name.isascii() or not is_chinese(name) else "han"


@lru_cache(maxsize=200_000)
def _latin(text: str | None, person: bool = False) -> str | None:
    """Chinese characters as pinyin, others as they are, without spaces."""
    if not text:
        return None
    return ((not text.isascii() and pinyin(text, person).text) or text).replace(" ", "")


def _address(number: str, street: str, line: str, suburb: str, city: str, postcode: str, state: str) -> Parts:
    """The whole address as one key, the street's words, the number, the area (suburb or city), the post code."""
    words = fold(f"{number} {street}" if number or street else line).split()
    numbers = [word for word in words if any(char.isdigit() for char in word)]
    rest = [_STREET_WORDS.get(word, word) for word in words if word not in set(numbers)]
    area = fold(suburb or city)
    code = fold(postcode).replace(" ", "")
    whole = None
    if rest and (numbers or area or code):
        whole = "|".join([" ".join(numbers), " ".join(rest), code or area])
    return whole, " ".join(rest) or None, " ".join(numbers) or None, area or fold(state) or None, code or None


def _birth_date(text: str) -> str | None:
    """The digits of year, month and day; a mistyped date may have one more or less than eight."""
    digits = "".join(char for char in text[:11].partition("T")[0] if char.isdigit())
    return digits if 7 <= len(digits) <= 9 else None


def _email(text: str) -> str | None:
    local, at, domain = text.casefold().strip().rpartition("@")
    if not at or not local or not domain:
        return None
    local = local.partition("+")[0]
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def _is_post(email: str) -> bool:
    return email.partition("@")[0] in _ROLES


def _phone(text: str) -> str | None:
    digits = "".join(char for char in text if char.isdigit())
    return digits[-_PHONE_DIGITS:] if len(digits) >= 6 else None


def _block(number: str | None) -> str | None:
    return number[:-_BLOCK_DIGITS] or None if number else None
