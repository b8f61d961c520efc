"""Where one property of a mapped table comes from: a column, a constant, a template, a join."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import CsvFile, Reject
from graphcrm.tables import Table

__all__ = ["SPEC_KEYS", "Expression", "Lookup", "compile_spec", "snake_case"]

SPEC_KEYS: Final = ("column", "value", "template", "values", "date", "file", "key", "take", "sum", "discount")


@dataclass(slots=True)
class Lookup:
    """Another file, read into memory and looked up by a key.

    Either one of its columns is taken, for which the key must be unique, or columns are multiplied in each line of the
    key and the lines added.
    """

    file: str
    key: str
    take: str | None
    factors: tuple[str, ...]
    discount: str | None
    _found: dict[str, str | InvalidInput] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the file must have."""
        parts = (self.key, self.take, *self.factors, self.discount)
        return tuple(part for part in parts if part is not None)

    def load(self, file: CsvFile, null: frozenset[str]) -> None:
        """Read the file.

        Raises
        ------
        InvalidInput
            If a row cannot be read, or a key whose column is taken stands there twice.
        """
        self._found = {}
        totals: dict[str, Decimal] = {}
        for line, row in file.rows(_refuse):
            key = row[self.key].strip()
            if not key or key in null:
                continue
            if self.take is None:
                try:
                    totals[key] = totals.get(key, Decimal(0)) + self._product(row)
                except InvalidInput as error:
                    self._found[key] = InvalidInput(f"{file.name}, line {line}: {error.message}")
            elif key in self._found:
                raise InvalidInput(f"{file.name}, line {line}: {self.key} {key!r} stands there twice.")
            else:
                text = row[self.take]
                self._found[key] = "" if text in null else text
        for key, total in totals.items():
            self._found.setdefault(key, f"{total:f}")

    def __call__(self, key: str, name: str) -> str:
        """Give what belongs to a key; a sum over no lines is nothing."""
        found = self._found.get(key.strip())
        if found is None:
            if self.take is None:
                return ""
            raise InvalidInput(f"{name}: {key!r} is no {self.key} of {self.file}", field=name)
        if isinstance(found, InvalidInput):
            raise InvalidInput(f"{name}: {found.message}", field=name)
        return found

    def _product(self, row: dict[str, str]) -> Decimal:
        product = Decimal(1)
        for column in self.factors:
            product *= _number(row[column], column)
        if self.discount is not None and row[self.discount].strip():
            product *= 1 - _number(row[self.discount], self.discount)
        return product


@dataclass(frozen=True, slots=True)
class Expression:
    """How to make one property from a row; called with the row and the property's name."""

    columns: tuple[str, ...]
    make: Callable[[dict[str, str]], str]
    steps: tuple[Callable[[str, str], str], ...] = ()
    lookup: Lookup | None = None

    @classmethod
    def of_column(cls, column: str) -> Expression:
        """Take a column as it is."""
        return cls((column,), lambda row: row[column])

    def __call__(self, row: dict[str, str], name: str) -> str:
        text = self.make(row)
        for step in self.steps:
            if not text:
                break
            text = step(text, name)
        return text


def compile_spec(
    spec: object, key: str, values: Mapping[str, Mapping[str, str]], table: Table, name: str
) -> Expression:
    """Read the right-hand side of one property.

    Parameters
    ----------
    spec : object
        A column's name, or a table with keys of `SPEC_KEYS`.
    key : str
        Its place in the mapping file, for errors.
    values : mapping
        The translations of the mapping file.
    table : Table
        The table it fills; with ``name`` it decides whether a date keeps its time.
    name : str
        The property.

    Returns
    -------
    Expression
        Ready to be called; a lookup still has to be loaded.

    Raises
    ------
    InvalidInput
        If a rule is broken; the message begins with the key.
    """
    if isinstance(spec, str) and spec:
        return Expression.of_column(spec)
    if not isinstance(spec, dict):
        raise InvalidInput(f"{key}: must be a column's name or a table of {', '.join(SPEC_KEYS)}.", field=key)
    sources = [part for part in ("column", "value", "template") if part in spec]
    if len(sources) != 1:
        raise InvalidInput(f"{key}: must have exactly one of column, value and template.", field=key)
    for part in spec.keys() - {"sum", "value"}:
        if not isinstance(spec[part], str) or not spec[part]:
            raise InvalidInput(f"{key}.{part}: must be a text.", field=key)
    base = _base(spec, sources[0], key)
    steps: list[Callable[[str, str], str]] = []
    lookup = _lookup(spec, key)
    if lookup:
        steps.append(lookup)
    if "values" in spec:
        if spec["values"] not in values:
            raise InvalidInput(f"{key}.values: there is no [values.{spec['values']}].", field=key)
        steps.append(_translation(values[spec["values"]], spec["values"]))
    if "date" in spec:
        steps.append(_date_reader(spec["date"], _is_day(table, name), key))
    return Expression(base.columns, base.make, tuple(steps), lookup)


def snake_case(name: str) -> str:
    """Make a property key of a column's name.

    Examples
    --------
    >>> snake_case("unitsInStock"), snake_case("#priors"), snake_case("Ship Via"), snake_case("orderID")
    ('units_in_stock', 'priors', 'ship_via', 'order_id')
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+", "_", split).strip("_").lower()[:64]


def _base(spec: dict[str, Any], kind: str, key: str) -> Expression:
    if kind == "column":
        return Expression.of_column(spec["column"])
    if kind == "value":
        value = spec["value"]
        if not isinstance(value, str | int | float):
            raise InvalidInput(f"{key}.value: must be a text or a number.", field=key)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return Expression((), lambda row: text)
    try:
        parts = list(string.Formatter().parse(spec["template"]))
    except ValueError as error:
        raise InvalidInput(f"{key}.template: {error}.", field=key) from None
    columns = tuple(column for _, column, _, _ in parts if column is not None)
    if any(form or conversion for _, _, form, conversion in parts) or not all(columns):
        raise InvalidInput(f"{key}.template: braces hold a column's name and nothing else.", field=key)
    pieces = [(literal, column) for literal, column, _, _ in parts]

    def fill(row: dict[str, str]) -> str:
        # A template with a gap would name nobody: without one of its columns there is no value.
        if not all(row[column].strip() for column in columns):
            return ""
        return "".join(literal + (row[column].strip() if column else "") for literal, column in pieces)

    return Expression(columns, fill)


def _lookup(spec: dict[str, Any], key: str) -> Lookup | None:
    if "file" not in spec:
        for part in ("key", "take", "sum", "discount"):
            if part in spec:
                raise InvalidInput(f"{key}.{part}: needs a file to look into.", field=key)
        return None
    if "key" not in spec or ("take" in spec) == ("sum" in spec):
        raise InvalidInput(f"{key}: a join needs file, key and either take or sum.", field=key)
    factors = spec.get("sum", [])
    if not isinstance(factors, list) or not all(isinstance(name, str) for name in factors):
        raise InvalidInput(f"{key}.sum: must be a list of columns.", field=key)
    return Lookup(spec["file"], spec["key"], spec.get("take"), tuple(factors), spec.get("discount"))


def _translation(pairs: Mapping[str, str], called: str) -> Callable[[str, str], str]:
    def translate(text: str, name: str) -> str:
        try:
            return pairs[text.strip()]
        except KeyError:
            raise InvalidInput(f"{name}: {text!r} is not in [values.{called}]", field=name) from None

    return translate


def _date_reader(form: str, day: bool, key: str) -> Callable[[str, str], str]:
    try:
        datetime.strptime(datetime(2001, 2, 3).strftime(form), form)
    except ValueError:
        raise InvalidInput(f"{key}.date: {form!r} is no date format such as %d.%m.%Y.", field=key) from None

    @lru_cache(maxsize=10_000)
    def parse(text: str) -> str:
        found = datetime.strptime(text, form)
        return found.date().isoformat() if day else found.isoformat()

    def read(text: str, name: str) -> str:
        try:
            return parse(text.strip())
        except ValueError:
            raise InvalidInput(f"{name}: {text!r} is no date of the form {form}", field=name) from None

    return read


def _is_day(table: Table, name: str) -> bool:
    """Whether a property is a day without a time, by the table's own schema."""
    schema = table.model.model_json_schema()["properties"].get(name, {})
    return any(part.get("format") == "date" for part in schema.get("anyOf", [schema]))


def _number(text: str, column: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise InvalidInput(f"{column}: {text!r} is no number") from None
    if not number.is_finite():
        raise InvalidInput(f"{column}: {text!r} is no number")
    return number


def _refuse(reject: Reject) -> None:
    raise InvalidInput(f"{reject.file}, line {reject.line}: {reject.reason}; it is needed for a join.")
