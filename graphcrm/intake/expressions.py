"""Where one property of a mapped table comes from: columns, a constant, a template, a join."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.lookups import Lookup
from graphcrm.intake.steps import STEP_KEYS, Apart, Step, compile_steps
from graphcrm.tables import Table

__all__ = ["SPEC_KEYS", "Counter", "Expression", "compile_spec", "snake_case"]

_BASES: Final = ("column", "value", "template", "either", "join", "count")
_JOINS: Final = ("file", "key", "take", "first", "sum", "discount")
_LISTS: Final = ("either", "join", "sum", "date")
_NUMBER: Final = "#"
"""What stands for the count in a template."""
SPEC_KEYS: Final = (*_BASES, "separator", *_JOINS, *STEP_KEYS, "otherwise")


@dataclass(slots=True)
class Counter:
    """Numbers the rows that have the same text in a column: 1, 2, 3, … in the file's order."""

    column: str
    _counts: dict[str, int]

    @classmethod
    def of(cls, column: str) -> Counter:
        """Begin before the first row."""
        return cls(column, {})

    def begin(self) -> None:
        """Begin anew, for another pass over the file."""
        self._counts.clear()

    def __call__(self, row: dict[str, str]) -> str:
        value = row[self.column].strip()
        self._counts[value] = number = self._counts.get(value, 0) + 1
        return str(number)


@dataclass(frozen=True, slots=True)
class _Filling:
    """Puts columns, and the number of the row, into a text."""

    pieces: tuple[tuple[str, str | None], ...]
    columns: tuple[str, ...]
    counter: Counter | None

    def __call__(self, row: dict[str, str]) -> str:
        known = {column: row[column].strip() for column in self.columns}
        if self.counter is not None:
            known[_NUMBER] = self.counter(row)
        # A template with a gap would name nobody: without one of its columns there is no value.
        if not all(known.values()):
            return ""
        return "".join(literal + (known[column] if column else "") for literal, column in self.pieces)


@dataclass(frozen=True, slots=True)
class Expression:
    """How to make one property from a row; called with the row and the property's name."""

    columns: tuple[str, ...]
    make: Callable[[dict[str, str]], str]
    steps: tuple[Step, ...] = ()
    lookup: Lookup | None = None
    counter: Counter | None = None
    otherwise: Callable[[dict[str, str]], str] | None = None

    @classmethod
    def of_column(cls, column: str) -> Expression:
        """Take a column as it is."""
        return cls((column,), lambda row: row[column])

    @property
    def numberings(self) -> list[Counter | Apart]:
        """What in it numbers rows, and so begins anew with each pass over the file."""
        return [*([self.counter] if self.counter else []), *(step for step in self.steps if isinstance(step, Apart))]

    def __call__(self, row: dict[str, str], name: str) -> str:
        text = self.make(row)
        for step in self.steps:
            if not text:
                break
            text = step(text, name)
        if not text and self.otherwise is not None:
            return self.otherwise(row)
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
    bases = [part for part in _BASES if part in spec]
    if len(bases) != 1 and bases != ["template", "count"]:
        raise InvalidInput(f"{key}: must have exactly one of {', '.join(_BASES)}.", field=key)
    _check_kinds(spec, key)
    base = _base(spec, bases[0], key)
    lookup = _lookup(spec, key)
    steps = compile_steps(spec, key, values, _is_day(table, name))
    other = _template(spec["otherwise"], f"{key}.otherwise") if "otherwise" in spec else None
    return Expression(
        (*base.columns, *(other.columns if other else ())),
        base.make,
        (*([lookup] if lookup else []), *steps),
        lookup,
        base.counter,
        other.make if other else None,
    )


def snake_case(name: str) -> str:
    """Make a property key of a column's name.

    Examples
    --------
    >>> snake_case("unitsInStock"), snake_case("#priors"), snake_case("Ship Via"), snake_case("orderID")
    ('units_in_stock', 'priors', 'ship_via', 'order_id')
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+", "_", split).strip("_").lower()[:64]


def _check_kinds(spec: dict[str, Any], key: str) -> None:
    if not isinstance(spec.get("apart", True), bool):
        raise InvalidInput(f"{key}.apart: must be true or false.", field=key)
    for part in spec.keys() - {"value", "apart"}:
        given = spec[part]
        texts = given if part in _LISTS and isinstance(given, list) and given else [given]
        if not all(isinstance(text, str) and (text or part == "separator") for text in texts):
            raise InvalidInput(f"{key}.{part}: must be a text.", field=key)
        if part in _LISTS and part != "date" and not isinstance(given, list):
            raise InvalidInput(f"{key}.{part}: must be a list of columns.", field=key)
    if "separator" in spec and "join" not in spec:
        raise InvalidInput(f"{key}.separator: belongs to join.", field=key)


def _base(spec: dict[str, Any], kind: str, key: str) -> Expression:
    if kind == "column":
        return Expression.of_column(spec["column"])
    if kind == "value":
        value = spec["value"]
        if not isinstance(value, str | int | float):
            raise InvalidInput(f"{key}.value: must be a text or a number.", field=key)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return Expression((), lambda row: text)
    if kind == "either":
        choices = tuple(spec["either"])
        return Expression(choices, lambda row: next((row[name] for name in choices if row[name].strip()), ""))
    if kind == "join":
        parts, between = tuple(spec["join"]), spec.get("separator", " ")
        return Expression(parts, lambda row: between.join(filter(None, (row[name].strip() for name in parts))))
    counter = Counter.of(spec["count"]) if "count" in spec else None
    if kind == "template":
        return _template(spec["template"], f"{key}.template", counter)
    assert counter is not None
    return Expression((counter.column,), counter, counter=counter)


def _template(template: str, key: str, counter: Counter | None = None) -> Expression:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise InvalidInput(f"{key}: {error}.", field=key) from None
    columns = tuple(column for _, column, _, _ in parts if column is not None and column != _NUMBER)
    if counter is None and any(column == _NUMBER for _, column, _, _ in parts):
        raise InvalidInput(f"{key}: {{{_NUMBER}}} stands for a number: say count as well.", field=key)
    if any(form or conversion for _, _, form, conversion in parts) or not all(columns):
        raise InvalidInput(f"{key}: braces hold a column's name and nothing else.", field=key)
    pieces = [(literal, column) for literal, column, _, _ in parts]
    fill = _Filling(tuple(pieces), columns, counter)
    return Expression((*columns, *([counter.column] if counter else [])), fill, counter=counter)


def _lookup(spec: dict[str, Any], key: str) -> Lookup | None:
    if "file" not in spec:
        for part in _JOINS:
            if part in spec:
                raise InvalidInput(f"{key}.{part}: needs a file to look into.", field=key)
        return None
    if "key" not in spec or sum(part in spec for part in ("take", "first", "sum")) != 1:
        raise InvalidInput(f"{key}: a join needs file, key and one of take, first and sum.", field=key)
    factors = tuple(spec.get("sum", ()))
    return Lookup(spec["file"], spec["key"], spec.get("take"), spec.get("first"), factors, spec.get("discount"))


def _is_day(table: Table, name: str) -> bool:
    """Whether a property is a day without a time, by the table's own schema."""
    schema = table.model.model_json_schema()["properties"].get(name, {})
    return any(part.get("format") == "date" for part in schema.get("anyOf", [schema]))
