"""A first mapping for a file that nobody knows: guessed from its columns, with comments that say why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from pathlib import Path
from typing import Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.guesses import Column, date_formats, is_named, looks_like, number_mark
from graphcrm.intake.readers import Reader, open_file

__all__ = ["suggest_mapping"]

_ROWS: Final = 2_000
"""Rows that are looked at."""
_PLAIN: Final = {
    "customers": ("city", "address", "industry", "language", "notes"),
    "contacts": ("title", "department", "language", "notes"),
    "orders": ("status",),
    "products": ("category",),
}
"""Properties that a column's name alone decides, by table."""
_TELLING: Final = ("national_id", "street", "street_number", "suburb", "postcode", "state")
"""Properties beyond the vocabulary by which the search for duplicates tells people apart."""
_SHOWN: Final = 3


@dataclass(slots=True)
class _Guess:
    """The mapping as it grows: what has been decided of each column."""

    columns: list[Column]
    lines: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    def named(self, what: str) -> Column | None:
        return next((c for c in self.columns if c.name not in self.used and is_named(c, what)), None)

    def valued(self, what: str) -> Column | None:
        return next((c for c in self.columns if c.name not in self.used and looks_like(c, what)), None)

    def take(self, name: str, source: str, columns: Iterable[Column], why: str) -> None:
        self.used |= {column.name for column in columns}
        self.lines.append(f"{name} = {source}    # {why}")


def suggest_mapping(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> str:
    """Guess a mapping.

    Parameters
    ----------
    path : Path
        The file; its first 2,000 rows are looked at.
    delimiter, encoding : str, optional
        See `graphcrm.intake.readers.open_file`.

    Returns
    -------
    str
        A mapping file that works for these rows, in TOML. Columns of which nothing is known are kept as properties of
        their own names.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or has no row.
    """
    file = open_file(path, delimiter=delimiter, encoding=encoding)
    guess = _Guess(_columns(file))
    table = _table(guess)
    _GUESSERS[table](guess)
    for what in _PLAIN[table]:
        if column := guess.named(what):
            guess.take(what, _text(column.name), [column], "by its name")
    if table == "customers":
        _guess_telling(guess)
    return _written(path, table, guess, delimiter, encoding)


def _columns(file: Reader) -> list[Column]:
    rows = [row for _, row in islice(file.rows(lambda reject: None), _ROWS)]
    if not rows:
        raise InvalidInput(f"{file.name}: has no row to guess from.", field="paths")
    return [
        Column(name, tuple(value for row in rows if (value := row[name].strip())), len(rows)) for name in file.header
    ]


def _table(guess: _Guess) -> str:
    """Orders have a date, a customer and an amount; products a price; contacts are people who have a company."""
    if (guess.named("order") or guess.named("at")) and guess.named("customer") and guess.named("amount"):
        return "orders"
    if guess.named("product") and guess.named("price"):
        return "products"
    if guess.named("company") and (guess.named("last") or guess.named("title")):
        return "contacts"
    return "customers"


# ---- what a table needs ----------------------------------------------------------------------------------


def _guess_customers(guess: _Guess) -> None:
    if column := guess.named("company"):
        guess.take("name", _text(column.name), [column], _shown(column))
        guess.lines.append('kind = { value = "organization" }    # since there is a company')
    _guess_party(guess)
    if column := guess.named("country") or guess.valued("country"):
        guess.take("country", f'{{ column = {_text(column.name)}, code = "country" }}', [column], _shown(column))
    if column := guess.named("website") or guess.valued("website"):
        guess.take("website", _text(column.name), [column], _shown(column))
    _guess_date(guess, "birth_date")


def _guess_contacts(guess: _Guess) -> None:
    _guess_party(guess)
    _guess_date(guess, "birth_date")
    if column := guess.named("company"):
        guess.notes.append(f"{column.name}: is kept; customer_id would need the id of a customer that is there.")


def _guess_party(guess: _Guess) -> None:
    _guess_id(guess, ("id",))
    if not any(line.startswith("name = ") for line in guess.lines):
        _guess_name(guess)
    for what in ("email", "phone"):
        if column := guess.named(what) or guess.valued(what):
            guess.take(what, _text(column.name), [column], _shown(column))
    _guess_date(guess, "created_at")
    if (column := guess.named("tags")) and (mark := _list_mark(column)):
        guess.take("tags", f"{{ column = {_text(column.name)}, list = {_text(mark)} }}", [column], _shown(column))


def _guess_telling(guess: _Guess) -> None:
    for what in _TELLING:
        if column := guess.named(what):
            guess.used.add(column.name)
            guess.extra.append(f"{what} = {_text(column.name)}    # tells people apart: graphcrm duplicates find")


def _guess_orders(guess: _Guess) -> None:
    customer = guess.named("customer")
    assert customer is not None
    guess.used.add(customer.name)
    _guess_id(guess, ("order", "id"))
    guess.take("customer_id", _text(customer.name), [customer], "by its name; these customers must be there")
    _guess_date(guess, "at")
    if not any(line.startswith("at = ") for line in guess.lines):
        guess.lines.append('at = { value = "1970-01-01" }    # no column is surely a date: say which, and its format')
    _guess_number(guess, "amount", "amount")
    if column := guess.named("currency") or guess.valued("currency"):
        guess.take("currency", f'{{ column = {_text(column.name)}, code = "currency" }}', [column], _shown(column))


def _guess_products(guess: _Guess) -> None:
    _guess_id(guess, ("product", "id"))
    _guess_name(guess)
    _guess_number(guess, "unit_price", "price")
    if column := guess.named("currency"):
        guess.take("currency", f'{{ column = {_text(column.name)}, code = "currency" }}', [column], _shown(column))


_GUESSERS: Final[dict[str, Callable[[_Guess], None]]] = {
    "customers": _guess_customers,
    "contacts": _guess_contacts,
    "orders": _guess_orders,
    "products": _guess_products,
}


def _guess_id(guess: _Guess, names: Sequence[str]) -> None:
    free = [column for column in guess.columns if column.name not in guess.used]
    unique = [column for column in free if column.is_unique]
    for what in names:
        if column := next((c for c in unique if is_named(c, what)), None):
            guess.take(
                "id", _text(column.name), [column], f"by its name; every row has another, such as {_shown(column)}"
            )
            return
    for column in unique:
        guess.lines.append(f"id = {_text(column.name)}    # the first column in which every row has another value")
        return
    # Braces and what a format may hold would be taken for the template's own.
    whole = [c for c in free if len(c.values) == c.rows and not set(c.name) & set("{}[!:#")]
    for one, other in combinations(whole, 2):
        if len(set(zip(one.values, other.values, strict=True))) == one.rows:
            source = f"{{ template = {_text(_template(one, other))}, apart = true }}"
            guess.lines.append(f"id = {source}    # no column alone tells the rows apart; what two share gets a number")
            return
    names_ = ", ".join(_text(column.name) for column in free)
    source = f'{{ join = [{names_}], separator = "/", apart = true }}'
    guess.lines.append(
        f"id = {source}    # nothing tells all rows apart: those that are alike get a number. Choose better"
    )


def _guess_name(guess: _Guess, names: Sequence[str] = ("name", "last", "company")) -> None:
    first, last = guess.named("first"), guess.named("last")
    if first and last:
        source = f"{{ join = [{_text(first.name)}, {_text(last.name)}] }}"
        guess.take("name", source, [first, last], "first and last name")
        return
    for what in names:
        if column := guess.named(what):
            guess.take("name", _text(column.name), [column], _shown(column))
            return
    # The id is decided before the name.
    source = guess.lines[0].partition(" = ")[2].partition("    #")[0]
    guess.lines.append(f"name = {source}    # no column is surely a name: choose one")


def _guess_date(guess: _Guess, what: str) -> None:
    column = guess.named(what)
    if column is None:
        return
    forms = date_formats(column.values)
    if len(forms) == 1:
        source = f"{{ column = {_text(column.name)}, date = {_text(forms[0])} }}"
        guess.take(what, source, [column], f"all values have this form, such as {_shown(column)}")
    elif forms:
        both = " or ".join(forms)
        guess.notes.append(f"{column.name}: is kept; {what} could be {both}, and no value tells which.")
    elif what == "birth_date" and looks_like(column, "day"):
        why = f"what is no date stays as it came, and is flagged; such as {_shown(column)}"
        guess.take(what, _text(column.name), [column], why)


def _guess_number(guess: _Guess, what: str, name: str) -> None:
    column = guess.named(name)
    if column is not None and (mark := number_mark(column)):
        source = f"{{ column = {_text(column.name)}, number = {_text(mark)} }}"
        guess.take(what, source, [column], _shown(column))


def _list_mark(column: Column) -> str | None:
    return next((mark for mark in (";", ",", "|") if any(mark in value for value in column.values)), None)


# ---- as text ---------------------------------------------------------------------------------------------


def _written(path: Path, table: str, guess: _Guess, delimiter: str | None, encoding: str | None) -> str:
    rest = [column.name for column in guess.columns if column.name not in guess.used]
    said = [
        f"{key} = {_text(value)}"
        for key, value in (("delimiter", delimiter), ("encoding", encoding))
        if value is not None
    ]
    lines = [
        f"# A first mapping of {_comment(path.name)}, guessed from its columns. Read it, and mend what is wrong.",
        *(f"# {_comment(note)}" for note in guess.notes),
        "",
        "[files.rows]",
        f"header = [{', '.join(_text(column.name) for column in guess.columns)}]",
        "",
        "[[tables]]",
        f'table = "{table}"',
        'file = "rows"',
        *said,
        *([f"keep = [{', '.join(map(_text, rest))}]"] if rest else []),
        "",
        "[tables.columns]",
        *guess.lines,
        *(["", "[tables.extra]", *guess.extra] if guess.extra else []),
    ]
    return "\n".join(lines) + "\n"


def _template(*columns: Column) -> str:
    return "/".join("{" + column.name + "}" for column in columns)


def _text(value: str) -> str:
    """A text as TOML has it, which is as JSON has it but for a DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(column: Column) -> str:
    return _comment(", ".join(list(dict.fromkeys(column.values))[:_SHOWN]) or "all empty")


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)[:100]
