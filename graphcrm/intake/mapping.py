"""Mapping files: a TOML file that says which column of which CSV file is which property.

::

    null = ["NULL"]                       # spellings of "nothing", beside the empty field

    [values.country]                      # a translation, used by name below
    Germany = "DE"

    [[tables]]
    table = "customers"                   # the canonical table that is filled
    file = "kunden.csv"                   # relative to the directories given to the import
    delimiter = ";"                       # found in the file unless given
    encoding = "latin-1"                  # found in the file unless given
    overflow = "street"                   # a column that holds delimiters without quotes
    keep = ["region"]                     # columns kept as properties of their (snake_case) names, or "rest"

    [tables.columns]                      # property = where it comes from
    id = "number"                         # a column
    kind = { value = "organization" }     # a constant
    name = { template = "{first} {last}" }
    country = { column = "land", values = "country" }
    created_at = { column = "since", date = "%d.%m.%Y" }
    industry = { column = "branch", file = "branches.csv", key = "code", take = "name" }

    [tables.extra]                        # as columns, for properties beyond the vocabulary
    branch_code = "branch"

A joined file can also be added up: ``amount = { column = "order", file = "lines.csv", key = "order",
sum = ["price", "quantity"], discount = "discount" }`` multiplies ``sum``'s columns (times 1 - discount) in each
of the order's lines and adds the lines.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.expressions import SPEC_KEYS, Expression, Lookup, compile_spec, snake_case
from graphcrm.intake.readers import Reader, checked_encoding, is_delimiter, open_file
from graphcrm.intake.sources import Source, existing, in_import_order, is_named, locate
from graphcrm.tables import TABLES, Table

__all__ = ["MappedTable", "Mapping", "load_mapping"]

_TABLE_KEYS: Final = ("table", "file", "delimiter", "encoding", "overflow", "keep", "columns", "extra")


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
        The file, relative to what the import is given.
    delimiter, encoding : str, optional
        What separates its fields, and what its text is in; None where that is found in the file.
    columns, extra : dict of str to Expression
        Where each property comes from.
    keep : tuple of str, optional
        Columns kept under their own names; None for all that nothing else uses.
    """

    where: str
    table: Table
    file: str
    delimiter: str | None
    encoding: str | None
    overflow: str | None
    columns: dict[str, Expression]
    extra: dict[str, Expression]
    keep: tuple[str, ...] | None

    def source(
        self, paths: list[Path], null: frozenset[str], delimiter: str | None = None, encoding: str | None = None
    ) -> Source:
        """Find and open the file (and those joined to it), and check that it has the columns named here."""
        said = {"delimiter": self.delimiter or delimiter, "encoding": self.encoding or encoding}
        file = open_file(locate(self.file, paths), overflow=self.overflow, **said)
        converters = {}
        for group, specs in (("columns", self.columns), ("extra", self.extra)):
            for name, expression in specs.items():
                key = f"{self.where}.{group}.{name}"
                _check_columns(expression.columns, file, key)
                if expression.lookup:
                    self._load(expression.lookup, paths, null, key, said)
                converters[group, name] = expression
        kept = {snake_case(column): column for column in self._kept(file)}
        for name in kept:
            if name in self.table.columns or name in self.extra or not name:
                raise InvalidInput(f"{self.where}.keep: {kept[name]!r} would be {name!r}, which is taken; map it.")
        extra = {name: Expression.of_column(column) for name, column in kept.items()} | self.extra
        return Source(self.table, file, _converter(self.columns, extra, null))

    def _load(
        self, lookup: Lookup, paths: list[Path], null: frozenset[str], key: str, said: dict[str, str | None]
    ) -> None:
        joined = open_file(locate(lookup.file, paths), **said)
        _check_columns(lookup.columns, joined, key)
        lookup.load(joined, null)

    def _kept(self, file: Reader) -> Iterable[str]:
        if self.keep is None:
            used = {column for e in (*self.columns.values(), *self.extra.values()) for column in e.columns}
            return [column for column in file.header if column not in used]
        _check_columns(self.keep, file, f"{self.where}.keep")
        return self.keep


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, read and checked.

    Parameters
    ----------
    path : Path
        The mapping file.
    null : frozenset of str
        Spellings of "nothing".
    tables : tuple of MappedTable
        In the file's order.
    """

    path: Path
    null: frozenset[str]
    tables: tuple[MappedTable, ...]

    def sources(
        self,
        paths: Iterable[str | os.PathLike[str]],
        delimiter: str | None = None,
        encoding: str | None = None,
    ) -> list[Source]:
        """Open the files that the mapping names.

        Parameters
        ----------
        paths : iterable of path
            Directories in which they lie, or the files themselves.
        delimiter, encoding : str, optional
            What separates the fields, and what texts are in, where the mapping does not say so.

        Returns
        -------
        list of Source
            In import order: tables as in `TABLES`, those of one table as in the mapping file.

        Raises
        ------
        InvalidInput
            If a file is missing or lacks a column that the mapping names, or a given file is not named by it.
        """
        found = existing(paths)
        named = {name for table in self.tables for name in (table.file, *_joined(table))}
        for path in found:
            if not path.is_dir() and not is_named(path, named):
                raise InvalidInput(f"{path}: {self.path} does not name this file.", field="paths", allowed=named)
        return in_import_order((table.source(found, self.null, delimiter, encoding) for table in self.tables), TABLES)


def load_mapping(path: str | os.PathLike[str]) -> Mapping:
    """Read a mapping file.

    Parameters
    ----------
    path : path
        A TOML file as the module's docstring describes it.

    Returns
    -------
    Mapping
        Checked but for the columns of the CSV files, which `Mapping.sources` checks.

    Raises
    ------
    InvalidInput
        If the file cannot be read or breaks a rule; the message names the key.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}).", field="mapping") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: is not UTF-8.", field="mapping") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path}: is not TOML: {error}.", field="mapping") from error
    try:
        return _mapping(path, document)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.message}", field=error.field, allowed=error.allowed) from None


def _mapping(path: Path, document: Dict[str, Any]) -> Mapping:
    _known_keys(document, ("null", "values", "tables"), "")
    null = document.get("null", [])
    if not isinstance(null, list) or not all(isinstance(text, str) for text in null):
        raise InvalidInput("null: must be a list of strings.", field="null")
    values = document.get("values", {})
    if not isinstance(values, dict):
        raise InvalidInput("values: must be a table of tables.", field="values")
    for name, pairs in values.items():
        if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
            raise InvalidInput(f"values.{name}: must be a table of strings.", field=f"values.{name}")
    tables = document.get("tables")
    if not isinstance(tables, list) or not tables:
        raise InvalidInput("tables: there must be at least one [[tables]].", field="tables")
    parsed = tuple(_table(table, position, values) for position, table in enumerate(tables, 1))
    return Mapping(path, frozenset(null), parsed)


def _table(given: object, position: int, values: Dict[str, Dict[str, str]]) -> MappedTable:
    where = f"tables[{position}]"
    if not isinstance(given, dict):
        raise InvalidInput(f"{where}: must be a table.", field=where)
    _known_keys(given, _TABLE_KEYS, f"{where}.")
    table = TABLES.get(_text(given, "table", where))
    if table is None:
        raise InvalidInput(
            f"{where}.table: there is no table {given['table']!r}; there are: {', '.join(TABLES)}.",
            field=f"{where}.table",
            allowed=TABLES,
        )
    where = f"{where} ({table.name})"
    file = relative_name(_text(given, "file", where), f"{where}.file")
    delimiter = _text(given, "delimiter", where) if "delimiter" in given else None
    if delimiter is not None and not is_delimiter(delimiter):
        raise InvalidInput(f"{where}.delimiter: must be one character.", field="delimiter")
    encoding = checked_encoding(_text(given, "encoding", where)) if "encoding" in given else None
    overflow = _text(given, "overflow", where) if "overflow" in given else None
    columns = _specs(given, "columns", where, table, values)
    extra = _specs(given, "extra", where, table, values)
    for name in columns:
        if name not in table.columns:
            raise InvalidInput(
                f"{where}.columns.{name}: is no property of {table.name}; there are: "
                f"{', '.join(table.columns)}. Others belong under [tables.extra].",
                field=name,
                allowed=table.columns,
            )
    for name in table.required:
        if name not in columns:
            raise InvalidInput(f"{where}.columns: {name} is required.", field=name)
    for name in extra:
        if name in table.columns or name != snake_case(name):
            raise InvalidInput(
                f"{where}.extra.{name}: must be a snake_case name that {table.name} does not have.", field=name
            )
    return MappedTable(where, table, file, delimiter, encoding, overflow, columns, extra, _keep(given, where))


def _keep(given: Dict[str, Any], where: str) -> tuple[str, ...] | None:
    keep = given.get("keep", [])
    if keep == "rest":
        return None
    if not isinstance(keep, list) or not all(isinstance(name, str) for name in keep):
        raise InvalidInput(f'{where}.keep: must be a list of columns, or "rest".', field="keep")
    return tuple(keep)


def _specs(
    given: Dict[str, Any], group: str, where: str, table: Table, values: Dict[str, Dict[str, str]]
) -> dict[str, Expression]:
    specs = given.get(group, {})
    if not isinstance(specs, dict):
        raise InvalidInput(f"{where}.{group}: must be a table.", field=group)
    found = {}
    for name, spec in specs.items():
        key = f"{where}.{group}.{name}"
        if isinstance(spec, dict):
            _known_keys(spec, SPEC_KEYS, f"{key}.")
        found[name] = compile_spec(spec, key, values, table, name)
        if found[name].lookup:
            relative_name(spec["file"], f"{key}.file")
    return found


def relative_name(name: str, key: str) -> str:
    """Check that a file name stays within what the import is given."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise InvalidInput(f"{key}: must be a relative file name, with / between folders.", field=key)
    return name


def _text(given: Dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = given.get(key, default)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{where}.{key}: must be a text.", field=f"{where}.{key}")
    return value


def _known_keys(given: Dict[str, Any], known: tuple[str, ...], prefix: str) -> None:
    for key in given:
        if key not in known:
            raise InvalidInput(
                f"{prefix}{key}: is unknown; there are: {', '.join(known)}.", field=f"{prefix}{key}", allowed=known
            )


def _check_columns(columns: Iterable[str], file: Reader, key: str) -> None:
    for column in columns:
        if column not in file.header:
            raise InvalidInput(
                f"{key}: there is no column {column!r} in {file.name}; there are: {', '.join(file.header)}.",
                field=column,
                allowed=file.header,
            )


def _joined(table: MappedTable) -> list[str]:
    expressions = (*table.columns.values(), *table.extra.values())
    return [expression.lookup.file for expression in expressions if expression.lookup]


def _converter(columns: dict[str, Expression], extra: dict[str, Expression], null: frozenset[str]) -> Any:
    def convert(raw: dict[str, str]) -> dict[str, Any]:
        if null:
            raw = {name: "" if text in null else text for name, text in raw.items()}
        values: dict[str, Any] = {name: expression(raw, name) for name, expression in columns.items()}
        kept = {name: text for name, expression in extra.items() if (text := expression(raw, name))}
        if kept:
            values["extra"] = kept
        return values

    return convert
