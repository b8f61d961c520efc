"""What an import reads from: a file, the table it fills, and how its rows become that table's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import OnReject, Reader, Reject, files_in, is_there
from graphcrm.intake.shaping import Shape
from graphcrm.tables import Table

__all__ = ["Source", "SourceRow", "existing", "in_import_order", "is_named", "locate"]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row on its way in: where it stands, as it stands there, and as the table takes it."""

    line: int
    raw: dict[str, str]
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One file read as one table.

    Parameters
    ----------
    table : Table
        What it fills.
    file : Reader
        What it is read from.
    convert : callable
        Makes the table's values (unknown ones in `extra`) from the file's; raises InvalidInput with the column.
    shape : Shape, optional
        Which rows of the table a row of the file gives; itself where None.
    region : str, optional
        ISO 3166 code of the country that its telephone numbers without a country code are of, where it says so.
    is_numbered : bool
        Whether rows get a running number, so that two that say the same are two.
    is_state : bool
        Whether rows tell how things stand and not what happened, so that only what is new is written.
    decided : tuple of str
        What was decided about its columns, each to be put behind the file's name.
    left_open : frozenset of str
        Reference columns that are left open where they name nobody who is there; in others such a row is rejected.
    """

    table: Table
    file: Reader
    convert: Callable[[dict[str, str]], dict[str, Any]]
    shape: Shape | None = None
    region: str | None = None
    is_numbered: bool = False
    is_state: bool = False
    decided: tuple[str, ...] = ()
    left_open: frozenset[str] = frozenset()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed or decided, each to be put behind the file's name."""
        return (*self.file.notes, *self.decided)

    def rows(self, on_reject: OnReject) -> Iterator[SourceRow]:
        """Stream the rows in the file's order; those that cannot be read or converted go to ``on_reject``."""
        convert = self.convert
        for line, raw in self._shaped(on_reject):
            try:
                values = convert(raw)
            except InvalidInput as error:
                on_reject(Reject(self.file.name, line, error.field, error.message, raw))
            else:
                yield SourceRow(line, raw, values)

    def _shaped(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        if self.shape is None:
            return self.file.rows(on_reject)
        self.shape.begin()
        return ((line, raw) for line, whole in self.file.rows(on_reject) for raw in self.shape(whole))


def existing(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Check that there is something at each path.

    Raises
    ------
    InvalidInput
        If no path is given, or there is nothing at one.
    """
    found = [Path(path) for path in paths]
    if not found:
        raise InvalidInput("Name at least one file or directory to import.", field="paths")
    for path in found:
        if not path.exists() and not is_there(path):
            raise InvalidInput(f"There is no file or directory {str(path)!r}.", field="paths")
    return found


def locate(name: str, paths: Sequence[Path]) -> Path:
    """Find a file by its name relative to the given directories and zips, or among the given files.

    Parameters
    ----------
    name : str
        A relative path with ``/``, which may not lead upwards.
    paths : sequence of Path
        Directories and files, as given to the import.

    Returns
    -------
    Path
        The one that fits, or that fits with ``.gz`` behind it; a way into a zip where it lies in one.

    Raises
    ------
    InvalidInput
        If none fits, or several do.
    """
    fits = [fit for path in paths for fit in _fits(name, path)]
    if not fits:
        where = ", ".join(map(str, paths))
        raise InvalidInput(f"There is no {name} in {where}.", field="paths")
    if len({path.resolve() for path in fits}) > 1:
        raise InvalidInput(f"There are several files {name}: {', '.join(map(str, fits))}.", field="paths")
    return fits[0]


def is_named(path: Path, names: Iterable[str]) -> bool:
    """Whether a given file is one of those named, or of which a part is; or a zip that may hold them."""
    wanted = {part for name in names for part in PurePosixPath(name).parts}
    return _plain(path.name) in wanted or path.name in wanted or files_in(path) != [path]


def _fits(name: str, path: Path) -> list[Path]:
    parts = PurePosixPath(name).parts
    if path.is_dir():
        found = [candidate for candidate in (path / name, path / f"{name}.gz") if is_there(candidate)]
        return found[:1] or _itself(parts, path, path.parts)
    within = files_in(path)
    if within == [path]:
        return _itself(parts, path, path.parts)
    return [fit for file in within for fit in _itself(parts, file, file.relative_to(path).parts)]


def _itself(parts: tuple[str, ...], file: Path, names: tuple[str, ...]) -> list[Path]:
    """The file, if its path ends as the name begins; what is left of the name is a part of the file."""
    for count in range(len(parts), 0, -1):
        ends = (names[-count:], (*names[-count:-1], _plain(names[-1])))
        if parts[:count] in ends and is_there(file.joinpath(*parts[count:])):
            return [file.joinpath(*parts[count:])]
    return []


def _plain(name: str) -> str:
    return name[:-3] if name.lower().endswith(".gz") else name


def in_import_order(sources: Iterable[Source], tables: Iterable[str]) -> list[Source]:
    """Sort sources by the order of their tables, keeping the given order within one."""
    rank = {name: position for position, name in enumerate(tables)}
    return sorted(sources, key=lambda source: rank[source.table.name])
