"""Mapping files: a TOML file that says which column of which CSV file is which property.

::

    null = ["NULL"]                       # spellings of "nothing", beside the empty field
    region = "DE"                         # the country of telephone numbers without a country code
    date_order = "dmy"                    # of dates whose column does not tell what is day and what month

    [values.country]                      # a translation, used by name below
    Germany = "DE"

    [[tables]]
    table = "customers"                   # the canonical table that is filled
    file = "kunden.csv"                   # relative to the directories given to the import
    delimiter = ";"                       # found in the file unless given
    encoding = "latin-1"                  # found in the file unless given
    overflow = "street"                   # a column that holds delimiters without quotes
    open = ["customer_id"]                # columns left open where they name nobody who is there, as in contacts
    keep = ["region"]                     # columns kept as properties of their (snake_case) names, or "rest"

    [tables.made]                         # as columns, for what the rest of the table may name as if it were a column
    address_of_work = { either = ["office", "plant"] }

    [tables.columns]                      # property = where it comes from
    id = "number"                         # a column
    kind = { value = "organization" }     # a constant
    name = { template = "{first} {last}" }
    country = { column = "land", values = "country" }
    created_at = { column = "since", date = "%d.%m.%Y" }
    industry = { column = "branch", file = "branches.csv", key = "code", take = "name" }

    [tables.extra]                        # as columns, for properties beyond the vocabulary
    branch_code = "branch"

A file may also be known by its columns instead of its name, whatever their order, case and blanks::

    title = "Exports of our shop"         # what the mapping is for

    [files.sales]                         # `file = "sales"` means every file that has these columns
    header = ["Invoice", "Customer"]
    also = { Customer = ["Client"] }      # other names of a column

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

from graphcrm.cleaning.dates import Order
from graphcrm.errors import InvalidInput
from graphcrm.intake.dating import checked_order
from graphcrm.intake.expressions import SPEC_KEYS, Expression, compile_spec, snake_case
from graphcrm.intake.mapped import Given, MappedTable
from graphcrm.intake.readers import checked_encoding, is_delimiter
from graphcrm.intake.recognition import Found, Kind, read_kinds, sort_files
from graphcrm.intake.sources import Source, existing, in_import_order, is_named
from graphcrm.settings import checked_region
from graphcrm.tables import TABLES, Table

__all__ = ["MappedTable", "Mapping", "load_mapping"]

_KEYS: Final = ("null", "region", "date_order", "values", "title", "files", "tables")
_TABLE_KEYS: Final = (
    "table",
    "file",
    "part",
    "delimiter",
    "encoding",
    "overflow",
    "header",
    "once",
    "each",
    "when",
    "unless",
    "keep",
    "state",
    "open",
    "made",
    "columns",
    "extra",
)
_STATES: Final = ("consents",)
"""Tables whose rows may tell how things stand."""


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
    kinds : dict of str to Kind
        The kinds of file that are known by their columns.
    title : str
        What it is for, in a line.
    region : str, optional
        ISO 3166 code of the country that telephone numbers without a country code are of.
    date_order : Order, optional
        What day, month and year are in columns of dates that do not tell.
    """

    path: Path
    null: frozenset[str]
    tables: tuple[MappedTable, ...]
    kinds: Dict[str, Kind]
    title: str
    region: str | None
    date_order: Order | None = None

    def sources(
        self,
        paths: Iterable[str | os.PathLike[str]],
        delimiter: str | None = None,
        encoding: str | None = None,
        date_order: Order | None = None,
    ) -> list[Source]:
        """Open the files that the mapping names.

        Parameters
        ----------
        paths : iterable of path
            Directories in which they lie, or the files themselves.
        delimiter, encoding : str, optional
            What separates the fields, and what texts are in, where the mapping does not say so.
        date_order : Order, optional
            What day, month and year are where neither a column's values nor the mapping tell.

        Returns
        -------
        list of Source
            In import order: tables as in `TABLES`, those of one table as in the mapping file.

        Raises
        ------
        InvalidInput
            If a file is missing or lacks a column that the mapping names, or a given file is not named by it.
        """
        there = existing(paths)
        named = {name for table in self.tables for name in (table.file, *table.joined)} - set(self.kinds)
        known = [path for path in there if path.is_dir() or is_named(path, named)]
        if not self.kinds:
            for path in there:
                if path not in known:
                    raise InvalidInput(f"{path}: {self.path} does not name this file.", field="paths", allowed=named)
        found, _ = self.sort_files([path for path in there if path.is_dir() or path not in known], delimiter, encoding)
        given = Given(there, found, delimiter, encoding, self.region, date_order=self.date_order or date_order)
        sources = [source for table in self.tables for source in table.sources(given, self.null)]
        return in_import_order(sources, TABLES)

    def sort_files(
        self, paths: Iterable[Path], delimiter: str | None = None, encoding: str | None = None
    ) -> tuple[list[Found], list[Path]]:
        """Recognise files by their columns; see `graphcrm.intake.recognition.sort_files`."""
        return sort_files(paths, list(self.kinds.values()), delimiter, encoding) if self.kinds else ([], [])


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
    _known_keys(document, _KEYS, "")
    title = document.get("title", "")
    if not isinstance(title, str):
        raise InvalidInput("title: must be a text.", field="title")
    null = document.get("null", [])
    if not isinstance(null, list) or not all(isinstance(text, str) for text in null):
        raise InvalidInput("null: must be a list of strings.", field="null")
    region = checked_region(_text(document, "region", "mapping")) if "region" in document else None
    values = document.get("values", {})
    if not isinstance(values, dict):
        raise InvalidInput("values: must be a table of tables.", field="values")
    for name, pairs in values.items():
        if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
            raise InvalidInput(f"values.{name}: must be a table of strings.", field=f"values.{name}")
    tables = document.get("tables")
    if not isinstance(tables, list) or not tables:
        raise InvalidInput("tables: there must be at least one [[tables]].", field="tables")
    kinds = read_kinds(document.get("files", {}))
    parsed = tuple(_table(table, position, values, kinds) for position, table in enumerate(tables, 1))
    return Mapping(path, frozenset(null), parsed, kinds, title, region, checked_order(document.get("date_order")))


def _table(given: object, position: int, values: Dict[str, Dict[str, str]], kinds: Dict[str, Kind]) -> MappedTable:
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
    file = _text(given, "file", where)
    if file not in kinds:
        relative_name(file, f"{where}.file")
    delimiter = _text(given, "delimiter", where) if "delimiter" in given else None
    if delimiter is not None and not is_delimiter(delimiter):
        raise InvalidInput(f"{where}.delimiter: must be one character.", field="delimiter")
    encoding = checked_encoding(_text(given, "encoding", where)) if "encoding" in given else None
    overflow = _text(given, "overflow", where) if "overflow" in given else None
    columns = _specs(given, "columns", where, table, values, kinds)
    extra = _specs(given, "extra", where, table, values, kinds)
    state = given.get("state", False)
    if not isinstance(state, bool) or (state and table.name not in _STATES):
        raise InvalidInput(f"{where}.state: must be true or false, and is for {', '.join(_STATES)}.", field="state")
    left_open = _names(given, "open", where)
    allowed = [ref.field for ref in table.references if ref.field not in table.required and not ref.creates]
    for name in left_open:
        if name not in allowed:
            raise InvalidInput(
                f"{where}.open: {name!r} may not be left open; what may: {', '.join(allowed) or 'no column'}.",
                field="open",
                allowed=allowed,
            )
    made = _specs(given, "made", where, table, values, kinds)
    for name, expression in made.items():
        if expression.lookup or expression.numberings:
            raise InvalidInput(f"{where}.made.{name}: can neither be joined nor numbered.", field=name)
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
    return MappedTable(
        where,
        table,
        file,
        _text(given, "part", where) if "part" in given else None,
        delimiter,
        encoding,
        overflow,
        _names(given, "header", where) or None,
        _text(given, "once", where) if "once" in given else None,
        _names(given, "each", where),
        _values(given, "when", where),
        _values(given, "unless", where),
        made,
        columns,
        extra,
        _keep(given, where),
        state,
        dict(kinds),
        frozenset(left_open),
    )


def _values(given: Dict[str, Any], key: str, where: str) -> dict[str, frozenset[str]]:
    columns = given.get(key, {})
    if not isinstance(columns, dict) or not all(
        isinstance(values, list) and values and all(isinstance(value, str) for value in values)
        for values in columns.values()
    ):
        raise InvalidInput(f"{where}.{key}: must be a table of lists of values, by column.", field=f"{where}.{key}")
    return {column: frozenset(value.lower() for value in values) for column, values in columns.items()}


def _names(given: Dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    names = given.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise InvalidInput(f"{where}.{key}: must be a list of columns.", field=f"{where}.{key}")
    return tuple(names)


def _keep(given: Dict[str, Any], where: str) -> tuple[str, ...] | None:
    keep = given.get("keep", [])
    if keep == "rest":
        return None
    if not isinstance(keep, list) or not all(isinstance(name, str) for name in keep):
        raise InvalidInput(f'{where}.keep: must be a list of columns, or "rest".', field="keep")
    return tuple(keep)


def _specs(
    given: Dict[str, Any],
    group: str,
    where: str,
    table: Table,
    values: Dict[str, Dict[str, str]],
    kinds: Dict[str, Kind],
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
        if found[name].lookup and spec["file"] not in kinds:
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
