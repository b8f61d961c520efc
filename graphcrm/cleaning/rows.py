"""Cleaning a row of a table: which field is cleaned how, in one call that costs little for values seen before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from graphcrm.cleaning.codes import clean_country, clean_currency
from graphcrm.cleaning.dates import clean_day, clean_time
from graphcrm.cleaning.emails import clean_email
from graphcrm.cleaning.phones import clean_phone
from graphcrm.cleaning.text import PLACEHOLDERS, REMEMBERED, Cleaned, clean_name, clean_text, widths
from graphcrm.cleaning.websites import clean_website
from graphcrm.limits import MAX_NAME_LENGTH
from graphcrm.values import is_link, texts_in

__all__ = ["KINDS", "REGIONAL", "CleanRow", "clean_field", "clean_row", "kind_of"]


class CleanRow(NamedTuple):
    """A cleaned row.

    Parameters
    ----------
    values : mapping of str to object
        The row with its values cleaned; what could not be cleaned stands in it as it came.
    raw : dict of str to str
        The fields that cleaning has changed, as they came; not those that turned out to be blank.
    flags : dict of str to str
        The fields that could not be cleaned, with the code of the reason (`graphcrm.cleaning.text.FLAGS`).
    """

    values: Mapping[str, Any]
    raw: dict[str, str]
    flags: dict[str, str]


# What they answer is remembered below, once.


def _name(value: str, region: str | None) -> Cleaned:
    return clean_name(value)


def _line(value: str, region: str | None) -> Cleaned:
    return Cleaned(clean_text(value))


def _phone(value: str, region: str | None) -> Cleaned:
    found = clean_phone.__wrapped__(value, region)
    return Cleaned(found.text, found.flag)


def _email(value: str, region: str | None) -> Cleaned:
    found = clean_email.__wrapped__(value)
    return Cleaned(found.value, found.flag)


def _website(value: str, region: str | None) -> Cleaned:
    return clean_website.__wrapped__(value)


def _country(value: str, region: str | None) -> Cleaned:
    return clean_country.__wrapped__(value)


def _day(value: str, region: str | None) -> Cleaned:
    tidy = value.strip()
    return Cleaned(date.fromisoformat(tidy).isoformat()) if _is_iso(date, tidy) else clean_day(value)


def _time(value: str, region: str | None) -> Cleaned:
    return Cleaned(value) if _is_iso(datetime, value) else clean_time(value)


def _links(value: str, region: str | None) -> Cleaned:
    return Cleaned(value, None if all(map(is_link, texts_in(value))) else "no_link")


def _is_iso(kind: type[date], value: str) -> bool:
    """A date or time in ISO's form needs no cleaning: every table reads it, whatever its offset."""
    try:
        kind.fromisoformat(value)
    except ValueError:
        return False
    return True


_CLEANERS: Final[dict[str, Callable[[str, str | None], Cleaned]]] = {
    "name": _name,
    "phone": _phone,
    "email": _email,
    "website": _website,
    "country": _country,
    "currency": clean_currency.__wrapped__,
    "day": _day,
    "time": _time,
    "line": _line,
    "links": _links,
}

KINDS: Final = tuple(_CLEANERS)
"""The kinds of values that are cleaned: `kind_of` tells a field's."""

_FIELDS: Final = {
    **{kind: kind for kind in ("name", "phone", "email", "website", "country", "currency")},
    **dict.fromkeys(("birth_date", "starts_on", "ends_on", "since", "until", "close_on"), "day"),
    **dict.fromkeys(("at", "created_at", "made_at", "opened_at", "due_at", "closed_at", "done_at"), "time"),
    **dict.fromkeys(("city", "address", "industry", "title", "department", "category"), "line"),
    "attachments": "links",
}
_NAMED_TABLES: Final = frozenset({"customers", "contacts", "users"})


def kind_of(table_name: str, field: str) -> str | None:
    """Tell how a field is cleaned.

    Parameters
    ----------
    table_name : str
        A table of `graphcrm.tables.TABLES`: a `name` is a name where it is a party's, and any line of text elsewhere.
    field : str
        The field.

    Returns
    -------
    str or None
        One of `KINDS`; None where it is left as it is.

    Examples
    --------
    >>> kind_of("customers", "birth_date"), kind_of("products", "name"), kind_of("customers", "notes")
    ('day', 'line', None)
    """
    kind = _FIELDS.get(field)
    return "line" if kind == "name" and table_name not in _NAMED_TABLES else kind


class _Memory(dict[str, Cleaned]):
    """Answers by value for one kind and region: a look-up costs a third of what `lru_cache` takes.

    When it is full it begins anew; that costs less than keeping account of what was asked for last.
    """

    def __init__(self, kind: str, region: str | None) -> None:
        super().__init__()
        self.kind = kind
        self._clean = _CLEANERS[kind]
        self._region = region

    def __missing__(self, value: str) -> Cleaned:
        if len(value) > MAX_NAME_LENGTH:
            return self._clean(value, self._region) if self.kind == "links" else Cleaned(value)
        if len(self) >= REMEMBERED:
            self.clear()
        clean = self._clean(value, self._region)
        if len(clean.value) > MAX_NAME_LENGTH:
            clean = Cleaned(value, "too_long")
        elif clean.flag and widths(clean_text(value)).casefold() in PLACEHOLDERS:
            clean = Cleaned(value, "placeholder")
        self[value] = clean
        return clean


REGIONAL: Final = frozenset({"phone", "currency"})
"""Kinds whose values mean something else in another region."""


@cache
def _memory(kind: str, region: str | None) -> _Memory:
    return _Memory(kind, region)


def _recall(kind: str, region: str | None) -> _Memory:
    return _memory(kind, region if kind in REGIONAL else None)


def clean_field(kind: str, value: str, region: str | None = None) -> Cleaned:
    """Clean one value.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    value : str
        The text.
    region : str, optional
        ISO 3166 code of the country that telephone numbers without a code are of, and whose currency a sign means.

    Returns
    -------
    Cleaned
        The value in its one form; or as it came, flagged. Text longer than a line of the graph may be is left alone,
        but for lists of links.

    Examples
    --------
    >>> clean_field("phone", "(030) 1234567 ext. 5", "DE")
    Cleaned(value='+49301234567;ext=5', flag=None)
    """
    return _recall(kind, region)[value]


@lru_cache(512)
def _plan(table_name: str, fields: tuple[str, ...], region: str | None) -> tuple[tuple[str, _Memory], ...]:
    """The fields that are cleaned, of rows that have these, each with its answers."""
    return tuple((field, _recall(kind, region)) for field in fields if (kind := kind_of(table_name, field)))


def _own_region(values: Mapping[str, Any]) -> str | None:
    """The country that the row names, if it does."""
    country = values.get("country")
    if not country or not isinstance(country, str):
        return None
    code, flag = _memory("country", None)[country]
    return None if flag else code


def clean_row(table_name: str, values: Mapping[str, Any], region: str | None = None) -> CleanRow:
    """Clean what can be cleaned in a row.

    Parameters
    ----------
    table_name : str
        The row's table.
    values : mapping
        Fields by name; what is no text is left alone.
    region : str, optional
        As for `clean_field`. The row's own `country` comes first, and `region` where that leads to nothing.

    Returns
    -------
    CleanRow
        The row cleaned, what it changed, and what it could not clean. `values` is the mapping given where nothing
        changed.

    Examples
    --------
    >>> row = clean_row("customers", {"id": "C1", "email": "A@X.DE ", "phone": "call me"}, "DE")
    >>> row.values, row.raw, row.flags
    ({'id': 'C1', 'email': 'A@x.de', 'phone': 'call me'}, {'email': 'A@X.DE '}, {'phone': 'no_number'})
    """
    raw: dict[str, str] = {}
    flags: dict[str, str] = {}
    changed: dict[str, Any] | None = None
    own = _own_region(values) or region
    for field, memory in _plan(table_name, tuple(values), own):
        value = values[field]
        if not value or not isinstance(value, str):
            continue
        clean, flag = memory[value]
        if flag and own != region and not (other := _recall(memory.kind, region)[value]).flag:
            clean, flag = other
        if flag:
            flags[field] = flag
        elif clean != value:
            changed = changed or dict(values)
            changed[field] = clean
            if clean:
                raw[field] = value
    return CleanRow(values if changed is None else changed, raw, flags)
