"""Files known by their columns: an export is recognised whatever its name, the order and the spelling of its header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import OnReject, Reader, files_in, open_file
from graphcrm.intake.readers.mail import is_maildir

__all__ = ["Found", "Kind", "Renamed", "column_key", "nearest", "read_kinds", "recognize", "sort_files"]

_KIND_KEYS: Final = ("header", "also")
_NEAREST: Final = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file, told by columns that it has.

    Parameters
    ----------
    name : str
        What the mapping calls it.
    header : tuple of str
        Columns that every such file has.
    also : dict of str to tuple of str
        Other names under which a column may stand.
    """

    name: str
    header: tuple[str, ...]
    also: Mapping[str, tuple[str, ...]]

    def spellings(self, column: str) -> tuple[str, ...]:
        """The keys of the names under which a column may stand."""
        return tuple(column_key(name) for name in (column, *self.also.get(column, ())))

    def missing(self, header: Iterable[str]) -> list[str]:
        """The columns of a kind's header that a file lacks."""
        there = {column_key(name) for name in header}
        return [column for column in self.header if there.isdisjoint(self.spellings(column))]


@dataclass(frozen=True, slots=True)
class Found:
    """A file, and the kind that it was recognised as."""

    path: Path
    kind: Kind


class Renamed(Reader):
    """A file whose columns have the names that a mapping knows them by; those that it lacks are empty.

    Parameters
    ----------
    file : Reader
        The file.
    kind : Kind
        What it was recognised as.
    wanted : iterable of str
        The columns that the mapping names.
    """

    def __init__(self, file: Reader, kind: Kind, wanted: Iterable[str]) -> None:
        self._file = file
        self.kind = file.kind
        self.path = file.path
        self.name = file.name
        self.size = file.size
        self.notes = file.notes
        wanted = list(dict.fromkeys(wanted))
        self._names = _renames(file.header, kind, wanted)
        absent = [column for column in wanted if column not in self._names.values()]
        self._blank = dict.fromkeys(absent, "")
        self.header = (*self._names.values(), *absent)

    @property
    def offset(self) -> int:
        return self._file.offset

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows; see `Reader.rows`."""
        if not self._blank and all(old == new for old, new in self._names.items()):
            yield from self._file.rows(on_reject)
            return
        names = list(self._names.items())
        for line, raw in self._file.rows(on_reject):
            yield line, {new: raw[old] for old, new in names} | self._blank


@lru_cache(10_000)
def column_key(name: str) -> str:
    """What is left of a column's name when case, blanks and signs make no difference.

    Examples
    --------
    >>> column_key("Billing Street") == column_key("BILLINGSTREET") == column_key("billing_street")
    True
    """
    return re.sub(r"[\W_]+", "", normalize("NFKC", name).casefold()) or name


def _renames(header: Sequence[str], kind: Kind, wanted: Sequence[str]) -> dict[str, str]:
    """The name that each column gets: an equal one stays, others take that of the first wanted column they can be."""
    taken = {name for name in header if name in wanted}
    names: dict[str, str] = {}
    by_key: dict[str, list[str]] = {}
    for column in wanted:
        for key in kind.spellings(column):
            by_key.setdefault(key, []).append(column)
    for name in header:
        fits = [column for column in by_key.get(column_key(name), ()) if column not in taken]
        if name in taken or not fits:
            names[name] = name
        else:
            names[name] = fits[0]
            taken.add(fits[0])
    return names


def read_kinds(given: object) -> dict[str, Kind]:
    """Read the ``[files]`` of a mapping.

    Raises
    ------
    InvalidInput
        If a rule is broken; the message begins with the key.
    """
    if not isinstance(given, dict):
        raise InvalidInput("files: must be a table of tables.", field="files")
    return {name: _kind(name, entry) for name, entry in given.items()}


def _kind(name: str, entry: Any) -> Kind:
    key = f"files.{name}"
    if not isinstance(entry, dict) or not entry.keys() <= set(_KIND_KEYS):
        raise InvalidInput(f"{key}: must be a table of {' and '.join(_KIND_KEYS)}.", field=key, allowed=_KIND_KEYS)
    header, also = entry.get("header"), entry.get("also", {})
    if not _is_texts(header) or not header:
        raise InvalidInput(f"{key}.header: must be a list of columns.", field=f"{key}.header")
    if not isinstance(also, dict) or not all(_is_texts(names) for names in also.values()):
        raise InvalidInput(f"{key}.also: must be a table of lists of columns.", field=f"{key}.also")
    return Kind(name, tuple(header), {column: tuple(names) for column, names in also.items()})


def _is_texts(given: object) -> bool:
    return isinstance(given, list) and all(isinstance(text, str) and text for text in given)


def recognize(header: Sequence[str], kinds: Iterable[Kind]) -> Kind | None:
    """Find the kind of a file.

    Parameters
    ----------
    header : sequence of str
        The file's columns.
    kinds : iterable of Kind
        What it may be.

    Returns
    -------
    Kind or None
        Of those all of whose columns the file has, the one that asks for most, the first of equals; None where
        there is none.

    Examples
    --------
    >>> people, staff = Kind("people", ("Name",), {}), Kind("staff", ("Name", "Salary"), {})
    >>> recognize(["SALARY", "name"], [people, staff]).name
    'staff'
    """
    fits = [kind for kind in kinds if not kind.missing(header)]
    return max(fits, key=lambda kind: len(kind.header), default=None)


def sort_files(
    paths: Iterable[Path], kinds: Sequence[Kind], delimiter: str | None = None, encoding: str | None = None
) -> tuple[list[Found], list[Path]]:
    """Recognise files.

    Parameters
    ----------
    paths : iterable of Path
        Files, zips, Maildir folders, and other folders of files.
    kinds : sequence of Kind
        What they may be.
    delimiter, encoding : str, optional
        See `open_file`.

    Returns
    -------
    tuple of list of Found and list of Path
        The files by kind, in the order given and by name within a folder; and those in folders and zips that are
        of no kind.

    Raises
    ------
    InvalidInput
        If a file that is named itself is of no kind, or none of all is; the message has the nearest kinds.
    """
    found: list[Found] = []
    others: list[Path] = []
    for path in paths:
        named = is_maildir(path) if path.is_dir() else files_in(path) == [path]
        for file in [path] if named else _within(path):
            kind = _kind_of(file, kinds, named, delimiter, encoding)
            if kind is None:
                others.append(file)
            else:
                found.append(Found(file, kind))
    if not found:
        names = ", ".join(map(str, others)) or "no file"
        raise InvalidInput(f"None of the files is known: {names}.{_hint(others, kinds)}", field="paths")
    return found, others


def _within(path: Path) -> list[Path]:
    if not path.is_dir():
        return files_in(path)
    outer = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    return [file for name in outer for file in files_in(name)]


def _kind_of(
    file: Path, kinds: Sequence[Kind], named: bool, delimiter: str | None, encoding: str | None
) -> Kind | None:
    try:
        header = open_file(file, delimiter=delimiter, encoding=encoding).header
    except InvalidInput:
        # In a folder there may be a file that is no table at all.
        if named:
            raise
        return None
    kind = recognize(header, kinds)
    if kind is None and named:
        raise InvalidInput(f"{file}: is no file that is known by its columns.{nearest(header, kinds)}", field="paths")
    return kind


def _hint(files: Sequence[Path], kinds: Sequence[Kind]) -> str:
    for file in files:
        try:
            return nearest(open_file(file).header, kinds)
        except InvalidInput:
            continue
    return ""


def nearest(header: Sequence[str], kinds: Iterable[Kind]) -> str:
    """Say which kinds of file come nearest to a header, and what they would need."""
    lacking = [(len(lacks) / len(kind.header), kind.name, lacks) for kind in kinds if (lacks := kind.missing(header))]
    near = [f"{name} (lacks {', '.join(lacks)})" for share, name, lacks in sorted(lacking) if share < 1][:_NEAREST]
    return f" Nearest are: {'; '.join(near)}." if near else ""
