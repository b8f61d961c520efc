"""How one table of a first mapping is decided: its id, its name, its dates and numbers, and how sure each is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from graphcrm.intake.guesses import Column, date_formats, is_named, looks_like, number_mark
from graphcrm.intake.recognition import column_key

__all__ = [
    "ENDS_OF_IDS",
    "Block",
    "decide_date",
    "decide_id",
    "decide_name",
    "decide_number",
    "decide_plain",
    "list_mark",
    "name_parts",
    "reached_by",
    "shown",
    "text_of",
]

_SHOWN: Final = 3
_PLAIN: Final = {
    "customers": ("city", "address", "industry", "language", "notes"),
    "contacts": ("title", "department", "language", "notes"),
    "orders": ("status",),
    "products": ("category",),
    "opportunities": ("stage",),
}
"""Properties that a column's name alone decides, by table."""
_FORMS: Final = ("email", "phone", "website", "country", "currency")
"""What values must look like, whatever their column is called."""
ENDS_OF_IDS: Final = re.compile(r"(id|code|number|nr|no|uuid|guid|编号|编码|号)$")
_NO_IDS: Final = ("email", "phone", "at", "created_at", "birth_date", "first", "last", "postcode")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL: Final = re.compile(r"[-+]?\d*[.,]\d+")
_NOT_IN_TEMPLATES: Final = frozenset("{}[!:#")


def text_of(value: str) -> str:
    """A text as TOML has it, which is as JSON has it but for a DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def shown(column: Column) -> str:
    """The first values of a column, for a comment."""
    return ", ".join(list(dict.fromkeys(column.values))[:_SHOWN]) or "all empty"


@dataclass(slots=True)
class Block:
    """One ``[[tables]]`` as it grows: what has been decided of each column.

    Parameters
    ----------
    table : str
        The canonical table that is filled.
    columns : list of Column
        The file's.
    used : set of str
        Columns of which something is made.
    file : str
        What the mapping calls the file.
    """

    table: str
    columns: list[Column]
    used: set[str] = field(default_factory=set)
    file: str = "rows"
    once: str | None = None
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    extra: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def named(self, what: str) -> Column | None:
        """The free column whose name says what it holds, and whose values do not deny it."""
        free = [column for column in self.columns if column.name not in self.used and _fits(column, what)]
        exact = next((column for column in free if is_named(column, what)), None)
        return exact or next((column for column in free if is_named(column, what, loosely=True)), None)

    def valued(self, what: str) -> Column | None:
        """The free column whose values are of a form."""
        return next((c for c in self.columns if c.name not in self.used and looks_like(c, what)), None)

    def take(self, name: str, source: str, columns: Iterable[Column], why: str) -> None:
        """Decide where a property comes from."""
        self.used |= {column.name for column in columns}
        self.lines.append((name, source, why))

    def has(self, name: str) -> bool:
        """Whether a property is decided."""
        return any(line[0] == name for line in self.lines)

    def find(self, what: str) -> tuple[Column, str] | None:
        """A column by its name, else by its values; with how sure that is."""
        if column := self.named(what):
            both = what in _FORMS and looks_like(column, what)
            return column, f"{'sure' if both else 'likely, by its name'}: {shown(column)}"
        if what in _FORMS and (column := self.valued(what)):
            return column, f"likely, by its values: {shown(column)}"
        return None


def _fits(column: Column, what: str) -> bool:
    """Whether most values can be what a column's name says; where there are none, nothing speaks against it."""
    if not column.values or what not in ("email", "phone", "website"):
        return True
    if what == "phone":
        return column.share(lambda value: sum(map(str.isdigit, value)) >= 5) >= 0.5
    return column.share(lambda value: ("@" if what == "email" else ".") in value) >= 0.5


def decide_plain(block: Block) -> None:
    for what in _PLAIN[block.table]:
        if column := block.named(what):
            block.take(what, text_of(column.name), [column], f"likely, by its name: {shown(column)}")


def reached_by(block: Block) -> list[Column]:
    return [found[0] for what in ("email", "phone") if (found := block.find(what))]


def name_parts(block: Block) -> list[Column]:
    first, last = block.named("first"), block.named("last")
    if first and last:
        return [first, last]
    found = next((column for what in ("name", "last", "company") if (column := block.named(what))), None)
    return [found] if found else []


def decide_name(block: Block, parts: list[Column], reached: Sequence[Column], id_: str) -> None:
    gap = not parts or any(len(part.values) < part.rows for part in parts)
    others = [column.name for column in reached if column not in parts]
    if not parts:
        if others:
            source = f"{{ either = {_list(others)} }}" if len(others) > 1 else text_of(others[0])
            block.take("name", source, [], "a guess: no column is surely a name")
        else:
            block.take("name", id_, [], "a guess: no column is surely a name; choose one")
        return
    if len(parts) == 2:
        # Where the name is missing whoever it is goes by what reaches them.
        otherwise = next((name for name in others if not set(name) & _NOT_IN_TEMPLATES), None) if gap else None
        end = f", otherwise = {text_of('{' + otherwise + '}')}" if otherwise else ""
        source = f"{{ join = {_list(part.name for part in parts)}{end} }}"
        block.take(
            "name",
            source,
            parts,
            f"sure, first and last name: {' '.join(part.values[0] for part in parts if part.values)}",
        )
        return
    source = f"{{ either = {_list([parts[0].name, *others])} }}" if gap and others else text_of(parts[0].name)
    block.take("name", source, parts, f"likely, by its name: {shown(parts[0])}")


def decide_id(block: Block, names: Sequence[str], parts: Sequence[Column], reached: Sequence[Column] = ()) -> str:
    """Decide the id by the columns' names, their values, or what tells people apart; and give its source."""
    free = [column for column in block.columns if column.name not in block.used]
    unique = [column for column in free if column.is_unique]
    said = [(what, loosely) for what in names for loosely in (False, True)]
    column = next((c for what, loosely in said for c in unique if is_named(c, what, loosely=loosely)), None)
    sure = "sure" if column else "likely"
    plausible = [column for column in unique if column not in parts and _may_be_id(column)]
    column = column or next((c for c in plausible if c.share(_UUID.fullmatch) == 1), None)
    column = column or next((c for c in plausible if ENDS_OF_IDS.search(column_key(c.name))), None)
    if column:
        _warn_of_numbers(block, column)
        block.used.add(column.name)
        return _take_id(block, text_of(column.name), f"{sure}: every row has another, such as {shown(column)}")
    for what in ("email", "website"):
        if (column := next((c for c in unique if looks_like(c, what)), None)) and _is_unique_in_any_case(column):
            source = (
                f'{{ column = {text_of(column.name)}, case = "lower" }}' if what == "email" else text_of(column.name)
            )
            return _take_id(block, source, f"likely: every row has another, such as {shown(column)}")
    if parts:
        return _id_of_name(block, [*parts, *reached])
    if column := next(iter(plausible), None):
        why = f"a guess: the first column in which every row has another value, such as {shown(column)}"
        return _take_id(block, text_of(column.name), why)
    return _made_id(block, free)


def _id_of_name(block: Block, columns: Sequence[Column]) -> str:
    if len(columns) == 1 and columns[0].is_unique and _is_unique_in_any_case(columns[0]):
        return _take_id(block, text_of(columns[0].name), f"likely: every row has another, such as {shown(columns[0])}")
    source = f'{{ join = {_list(c.name for c in columns)}, separator = "/", case = "lower", apart = true }}'
    return _take_id(block, source, "a guess: who it is and what reaches them; those that share all that get a number")


def _is_unique_in_any_case(column: Column) -> bool:
    return len({value.lower() for value in column.values}) == len(column.values)


def _warn_of_numbers(block: Block, column: Column) -> None:
    if block.table in ("customers", "contacts") and all(value.isdigit() and len(value) < 7 for value in column.values):
        block.notes.append(
            f"{column.name}: customers and contacts share one run of ids; where sources have numbers of their own, "
            "give this one a prefix: graphcrm source add NAME --prefix NAME-, and import --source NAME."
        )


def _may_be_id(column: Column) -> bool:
    if any(is_named(column, what) for what in _NO_IDS) or column_key(column.name).startswith("column"):
        return False
    return not column.share(_DECIMAL.fullmatch) and not date_formats(column.values)


def _made_id(block: Block, free: list[Column]) -> str:
    # Braces and what a format may hold would be taken for the template's own.
    whole = [c for c in free if len(c.values) == c.rows and not set(c.name) & _NOT_IN_TEMPLATES]
    for one, other in combinations(whole[:40], 2):
        if len(set(zip(one.values, other.values, strict=True))) == one.rows:
            source = f"{{ template = {text_of('{' + one.name + '}/{' + other.name + '}')}, apart = true }}"
            return _take_id(
                block, source, "a guess: no column alone tells the rows apart; what two share gets a number"
            )
    source = f'{{ join = {_list(column.name for column in free)}, separator = "/", apart = true }}'
    why = "a guess: nothing tells all rows apart; those that are alike get a number. Choose better"
    return _take_id(block, source, why)


def _take_id(block: Block, source: str, why: str) -> str:
    # It stays free: an e-mail address that is the id is the e-mail address as well.
    block.lines.append(("id", source, why))
    return source


# ---- dates, numbers, lists -------------------------------------------------------------------------------


def decide_date(block: Block, what: str, property_: str | None = None) -> None:
    column = block.named(what)
    if column is None:
        return
    property_ = property_ or what
    forms = date_formats(column.values)
    if len(forms) > 1:
        # Other dates of the file were written by the same hand.
        said = {form for other in block.columns if len(found := date_formats(other.values)) == 1 for form in found}
        forms = [form for form in forms if form in said] or forms
    if len(forms) == 1:
        source = f"{{ column = {text_of(column.name)}, date = {text_of(forms[0])} }}"
        block.take(property_, source, [column], f"sure, all values have this form: {shown(column)}")
    elif forms:
        both = " or ".join(forms)
        block.notes.append(f"{column.name}: is kept; {property_} could be {both}, and no value tells which.")
    elif what == "birth_date" and looks_like(column, "day"):
        why = f"likely; what is no date stays as it came, and is flagged: {shown(column)}"
        block.take(what, text_of(column.name), [column], why)


def decide_number(block: Block, property_: str, what: str) -> None:
    column = block.named(what)
    if column is not None and (mark := number_mark(column)):
        source = f"{{ column = {text_of(column.name)}, number = {text_of(mark)} }}"
        block.take(property_, source, [column], f"likely, by its name: {shown(column)}")


def list_mark(column: Column) -> str | None:
    return next((mark for mark in (";", ",", "|") if any(mark in value for value in column.values)), None)


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(text_of, names))}]"
