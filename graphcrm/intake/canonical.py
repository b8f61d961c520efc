"""Canonical files: the file's name says which table or type of tie it holds, its columns are the table's."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import files_in, open_file
from graphcrm.intake.sources import Source, existing, in_import_order
from graphcrm.tables import INCOMPLETE, TABLES, TIES, Table

__all__ = ["canonical_sources", "check_tables"]

_SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xls", ".zip")
"""What names of files end in that are meant when their folder is given; ``.gz`` may follow."""


_FURTHER: Final = INCOMPLETE | {name.lower(): table for name, table in TIES.items()}
"""Files that exports have beside those of the tables: records that lost whom they must name, and ties that no column
says whole."""


def canonical_sources(
    paths: Iterable[str | os.PathLike[str]],
    *,
    ignore: Path | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> list[Source]:
    """Open canonical files.

    Parameters
    ----------
    paths : iterable of path
        Files, and directories and zips whose tables are meant, by what their names end in (not those in directories
        below).
    ignore : Path, optional
        A file in one of these directories that is not meant: the rejects of an earlier import.
    delimiter, encoding : str, optional
        What separates the fields, and what texts are in; found in each file unless given.

    Returns
    -------
    list of Source
        In import order: tables as in `TABLES`, files of one table in the order given, those of a directory by name.

    Raises
    ------
    InvalidInput
        If there is nothing at a path or no table in it, or a file is no table, lacks a required column or has
        one that no property can be named after.
    """
    sources = [_source(path, delimiter, encoding) for path in _files(existing(paths), ignore)]
    return in_import_order(sources, (*TABLES, *INCOMPLETE, *TIES))


def _files(paths: Iterable[Path], ignore: Path | None) -> Iterable[Path]:
    for path in paths:
        if not path.is_dir():
            found = files_in(path)
            yield from found if found == [path] else _tables_of(path, found)
            continue
        there = sorted(file for file in path.iterdir() if not (ignore is not None and _same(file, ignore)))
        yield from _tables_of(path, [file for outer in _meant(there) for file in files_in(outer)])


def _tables_of(path: Path, files: Iterable[Path]) -> list[Path]:
    found = _meant(files)
    if not found:
        raise InvalidInput(f"There is no table in {path}: no file ends in {', '.join(_SUFFIXES[:-1])}.", field="paths")
    return found


def _meant(files: Iterable[Path]) -> list[Path]:
    return [file for file in files if _without_gz(file).suffix.lower() in _SUFFIXES]


def _without_gz(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def check_tables(paths: Iterable[Path]) -> None:
    """Refuse files whose names are no table's; those in directories and zips are looked at when they are opened."""
    for path in paths:
        if path.is_file() and files_in(path) == [path]:
            _table(path)


def _table(path: Path) -> Table:
    stem = _without_gz(path).stem
    table = TABLES.get(stem) or _FURTHER.get(stem)
    if table is None:
        raise InvalidInput(
            f"{path}: is no canonical file; name it after a table ({', '.join(TABLES)}) with .csv, "
            "or describe it in a mapping; --preset auto knows what many systems export.",
            field="paths",
            allowed=[f"{name}.csv" for name in TABLES],
        )
    return table


def _source(path: Path, delimiter: str | None, encoding: str | None) -> Source:
    table = _table(path)
    file = open_file(path, delimiter=delimiter, encoding=encoding)
    missing = [name for name in table.required if name not in file.header]
    if missing:
        raise InvalidInput(
            f"{path}: there is no column {', '.join(missing)}; {table.name}.csv needs "
            f"{', '.join(table.required)}. Rename the columns, or describe the file in a mapping.",
            field=missing[0],
        )
    for name in file.header:
        _check_extra(path, table, name)
    return Source(table, file, _converter(table, file.header))


def _check_extra(path: Path, table: Table, name: str) -> None:
    """An unknown column becomes a property of its name, so it must be able to."""
    if name in (*table.columns, "extra"):
        return
    if not re.fullmatch(r"\w{1,64}", name) or name in ("id", "source_id", "target_id"):
        raise InvalidInput(
            f"{path}: the column {name!r} is not one of {table.name}.csv and cannot be kept under that name; "
            "rename it (1 to 64 letters, digits and underscores) or take it out.",
            field=name,
        )


def _converter(table: Table, header: Iterable[str]) -> Any:
    extras = [name for name in header if name not in table.columns]
    if not extras:
        return _as_it_is
    known = [name for name in header if name in table.columns]

    def convert(raw: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {name: raw[name] for name in known}
        kept: dict[str, Any] = {name: raw[name] for name in extras if raw[name] != "" and name != "extra"}
        if raw.get("extra"):
            kept |= _object(raw["extra"])
        if kept:
            values["extra"] = kept
        return values

    return convert


def _object(text: str) -> dict[str, Any]:
    """What the column `extra` holds: fields beyond the vocabulary, with their types."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInput('extra: must be a JSON object such as {"score": 5}', field="extra")
    return found


def _as_it_is(raw: dict[str, str]) -> dict[str, Any]:
    return raw
