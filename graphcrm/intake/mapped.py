"""One table of a mapping: the files it is read from, and what makes its values of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from graphcrm.cleaning.dates import Order
from graphcrm.errors import InvalidInput
from graphcrm.intake.dating import decide
from graphcrm.intake.expressions import Expression, snake_case
from graphcrm.intake.lookups import Lookup
from graphcrm.intake.readers import OnReject, Reader, Reject, open_file
from graphcrm.intake.recognition import Found, Kind, Renamed
from graphcrm.intake.shaping import Shape
from graphcrm.intake.sources import Source, locate
from graphcrm.tables import Table

__all__ = ["Given", "MappedTable"]

_IMPORT_TIME: Final = "import time"
"""A column that every file has: when it is imported, for what has no date of its own."""


@dataclass(frozen=True, slots=True)
class Given:
    """What an import is given.

    Parameters
    ----------
    paths : list of Path
        Files and folders.
    found : list of Found
        Those that are known by their columns.
    delimiter, encoding : str, optional
        What separates fields, and what texts are in, where the mapping does not say so.
    region : str, optional
        The country that telephone numbers without a country code are of, where the mapping says so.
    at : datetime
        When it is imported.
    date_order : Order, optional
        What day, month and year are where a column's values do not tell.
    """

    paths: list[Path]
    found: Sequence[Found] = ()
    delimiter: str | None = None
    encoding: str | None = None
    region: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    date_order: Order | None = None


@dataclass(frozen=True, slots=True)
class MappedTable:
    """One ``[[tables]]`` of a mapping file.

    Parameters
    ----------
    where : str
        Its place in the mapping file, for errors.
    table : Table
        The canonical table that it fills.
    file : str
        The file, relative to what the import is given; or the kind of file, see ``kinds``.
    part : str, optional
        Which part of the file is meant: a sheet, or the addresses of a mailbox or calendar.
    delimiter, encoding, overflow : str, optional
        See `open_file`; None where they are found in the file.
    header : tuple of str, optional
        The names of the columns, for a file that does not begin with them.
    once, each, when, unless
        See `Shape`.
    made : dict of str to Expression
        Columns made of others, in this order, which all that follows may name.
    columns, extra : dict of str to Expression
        Where each property comes from.
    keep : tuple of str, optional
        Columns kept under their own names; None for all that nothing else uses.
    is_state : bool
        See `Source`.
    kinds : dict of str to Kind
        The kinds of file that the mapping knows by their columns.
    left_open : frozenset of str
        See `Source`.
    """

    where: str
    table: Table
    file: str
    part: str | None
    delimiter: str | None
    encoding: str | None
    overflow: str | None
    header: tuple[str, ...] | None
    once: str | None
    each: tuple[str, ...]
    when: dict[str, frozenset[str]]
    unless: dict[str, frozenset[str]]
    made: dict[str, Expression]
    columns: dict[str, Expression]
    extra: dict[str, Expression]
    keep: tuple[str, ...] | None
    is_state: bool = False
    kinds: dict[str, Kind] = field(default_factory=dict)
    left_open: frozenset[str] = frozenset()

    @property
    def joined(self) -> list[str]:
        """The files that are joined to it."""
        return [expression.lookup.file for expression in self._expressions() if expression.lookup]

    def sources(self, given: Given, null: frozenset[str]) -> list[Source]:
        """Find and open the files (and those joined to them), and check that they have the columns named here."""
        return [self._source(file, given, null) for file in self._open(self.file, given, self._wanted())]

    def _expressions(self) -> Iterable[Expression]:
        return (*self.columns.values(), *self.extra.values())

    def _shaping(self) -> list[str]:
        """The columns that decide which rows there are."""
        return [*([self.once] if self.once else []), *self.each, *self.when, *self.unless]

    def _wanted(self) -> list[str]:
        expressions = (*self.made.values(), *self._expressions())
        named = [column for expression in expressions for column in expression.columns]
        made = {_IMPORT_TIME, *self.made}
        return [column for column in (*named, *self._shaping(), *(self.keep or ())) if column not in made]

    def _open(self, name: str, given: Given, wanted: Iterable[str]) -> list[Reader]:
        said = {"delimiter": self.delimiter or given.delimiter, "encoding": self.encoding or given.encoding}
        kind = self.kinds.get(name)
        own = name == self.file
        overflow = self.overflow if own else None
        part = (self.part or "") if own else ""
        if kind is None:
            path = locate(name, given.paths)
            return [open_file(path / part, overflow=overflow, columns=self.header if own else None, **said)]
        wanted = [*wanted, *(() if part else kind.header)]
        paths = [found.path / part for found in given.found if found.kind.name == kind.name]
        return [Renamed(open_file(path, overflow=overflow, **said), kind, wanted) for path in paths]

    def _source(self, file: Reader, given: Given, null: frozenset[str]) -> Source:
        # Lookups, counters and orders of dates belong to one file: several may be of the same kind.
        made, columns, extra = deepcopy((self.made, self.columns, self.extra))
        decided: list[str] = []
        if made:
            file = _Made(file, made, given.at, null, f"{self.where}.made")
            decided += decide(made.values(), partial(file.rows, _pass_over), given.date_order)
        for group, specs in (("columns", columns), ("extra", extra)):
            for name, expression in specs.items():
                key = f"{self.where}.{group}.{name}"
                _check_columns(expression.columns, file, key)
                if expression.lookup:
                    self._load(expression.lookup, file, given, null, key)
        shaping = self._shaping()
        _check_columns(shaping, file, self.where)
        extra = {name: Expression.of_column(column) for name, column in self._kept(file).items()} | extra
        counters = [each.begin for e in (*columns.values(), *extra.values()) for each in e.numberings]
        shape = Shape(self.once, self.each, self.when, self.unless, null, counters)
        decided += decide((*columns.values(), *extra.values()), partial(file.rows, _pass_over), given.date_order)
        return Source(
            self.table,
            file,
            _converter(columns, extra, null),
            shape if shaping or counters else None,
            given.region,
            is_numbered=bool(counters),
            is_state=self.is_state,
            decided=tuple(dict.fromkeys(decided)),
            left_open=self.left_open,
        )

    def _load(self, lookup: Lookup, file: Reader, given: Given, null: frozenset[str], key: str) -> None:
        itself = lookup.file == self.file
        files = [file] if itself else self._open(lookup.file, given, lookup.columns)
        if not files:
            raise InvalidInput(f"{key}: there is no file of the kind {lookup.file}, which is joined.", field="paths")
        for joined in files:
            _check_columns(lookup.columns, joined, key)
        lookup.load(files, null, itself=itself)

    def _kept(self, file: Reader) -> dict[str, str]:
        """The columns that are kept, by the names of their properties."""
        if self.keep is None:
            used = {column for expression in self._expressions() for column in expression.columns}
            used.update(self._shaping())
            used.update(self.made, (_IMPORT_TIME,))
            columns: Iterable[str] = [column for column in file.header if column not in used]
        else:
            _check_columns(self.keep, file, f"{self.where}.keep")
            columns = self.keep
        kept: dict[str, str] = {}
        for column in columns:
            name = snake_case(column)
            taken = not name or name in self.table.columns or name in self.extra or name in kept
            if taken and not self.kinds:
                raise InvalidInput(f"{self.where}.keep: {column!r} would be {name!r}, which is taken; map it.")
            kept[self._free(name, kept) if taken else name] = column
        return kept

    def _free(self, name: str, kept: dict[str, str]) -> str:
        """A name that nothing has: who shapes an export does not know the names of properties."""
        number = 2
        while (free := f"{name[:60] or 'column'}_{number}") in kept or free in self.extra or free in self.table.columns:
            number += 1
        return free


class _Made(Reader):
    """A file with further columns: when it is imported, and others, each made of those before it."""

    def __init__(self, file: Reader, made: dict[str, Expression], at: datetime, null: frozenset[str], key: str) -> None:
        self.kind, self.path, self.name, self.size = file.kind, file.path, file.name, file.size
        self.notes = file.notes
        self.header = tuple(dict.fromkeys((*file.header, _IMPORT_TIME)))
        self._at = {_IMPORT_TIME: at.isoformat(timespec="seconds")}
        for name, expression in made.items():
            if name in file.header:
                raise InvalidInput(f"{key}.{name}: {file.name} has such a column; choose another name.", field=name)
            _check_columns(expression.columns, self, f"{key}.{name}")
            self.header = (*self.header, name)
        self._file, self._made, self._null = file, made, null

    @property
    def offset(self) -> int:
        return self._file.offset

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows; see `Reader.rows`."""
        for line, raw in self._file.rows(on_reject):
            row = {name: "" if text in self._null else text for name, text in raw.items()} if self._null else raw
            row = self._at | row
            try:
                for name, expression in self._made.items():
                    row = row | {name: expression(row, name)}
            except InvalidInput as error:
                on_reject(Reject(self.name, line, error.field, error.message, raw))
            else:
                yield line, row


def _pass_over(reject: Reject) -> None:
    """Leave a row that cannot be read to the import, which rejects it."""


def _check_columns(columns: Iterable[str], file: Reader, key: str) -> None:
    for column in columns:
        if column not in file.header:
            raise InvalidInput(
                f"{key}: there is no column {column!r} in {file.name}; there are: {', '.join(file.header)}.",
                field=column,
                allowed=file.header,
            )


def _converter(
    columns: dict[str, Expression], extra: dict[str, Expression], null: frozenset[str]
) -> Callable[[dict[str, str]], dict[str, Any]]:
    def convert(raw: dict[str, str]) -> dict[str, Any]:
        if null:
            raw = {name: "" if text in null else text for name, text in raw.items()}
        values: dict[str, Any] = {name: expression(raw, name) for name, expression in columns.items()}
        kept = {name: text for name, expression in extra.items() if (text := expression(raw, name).strip())}
        if kept:
            values["extra"] = kept
        return values

    return convert
