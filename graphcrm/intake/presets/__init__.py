"""Presets: mapping files for what well-known programs export, shipped beside this module."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from graphcrm.cleaning.dates import Order
from graphcrm.errors import InvalidInput
from graphcrm.intake.mapped import Given
from graphcrm.intake.mapping import Mapping, load_mapping
from graphcrm.intake.recognition import Found, Kind, sort_files
from graphcrm.intake.sources import Source, existing, in_import_order
from graphcrm.tables import TABLES

__all__ = ["AUTO", "AnyPreset", "Choice", "find_preset", "load_preset", "preset_names", "preset_path", "say_choices"]

AUTO: Final = "auto"
"""The name that stands for whichever preset knows a file by its columns."""

_FOLDER: Final = Path(__file__).parent
_BETWEEN: Final = " "
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """A file, and which kind of which preset it was recognised as."""

    path: Path
    preset: str
    kind: Kind


class AnyPreset:
    """All presets at once: each file is read by the one that knows it by its columns."""

    def __init__(self) -> None:
        self._mappings = {name: load_preset(name) for name in preset_names()}
        self._kinds = {
            f"{name}{_BETWEEN}{kind.name}": Choice(mapping.path, name, kind)
            for name, mapping in self._mappings.items()
            for kind in mapping.kinds.values()
        }

    def choose(
        self, paths: Iterable[Path], delimiter: str | None = None, encoding: str | None = None
    ) -> tuple[list[Choice], list[Path]]:
        """Recognise files; see `graphcrm.intake.recognition.sort_files`."""
        kinds = [replace(choice.kind, name=name) for name, choice in self._kinds.items()]
        found, others = sort_files(paths, kinds, delimiter, encoding)
        return [replace(self._kinds[each.kind.name], path=each.path) for each in found], others

    def sources(
        self,
        paths: Iterable[str | os.PathLike[str]],
        delimiter: str | None = None,
        encoding: str | None = None,
        date_order: Order | None = None,
    ) -> list[Source]:
        """Open the files; see `Mapping.sources`."""
        there = existing(paths)
        choices, _ = self.choose(there, delimiter, encoding)
        sources: list[Source] = []
        for name, mapping in self._mappings.items():
            found = [Found(choice.path, choice.kind) for choice in choices if choice.preset == name]
            given = Given(
                there, found, delimiter, encoding, mapping.region, date_order=mapping.date_order or date_order
            )
            sources += [source for table in mapping.tables for source in table.sources(given, mapping.null)]
        return in_import_order(sources, TABLES)


def find_preset(name: str) -> Mapping | AnyPreset:
    """What reads files by a preset's name, or by whichever knows them for `AUTO`; see `load_preset`."""
    return AnyPreset() if name == AUTO else load_preset(name)


def preset_names() -> list[str]:
    """The names of the presets, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def preset_path(name: str) -> Path:
    """Where a preset's mapping file lies.

    Raises
    ------
    InvalidInput
        If there is no such preset.
    """
    names = preset_names()
    if name not in names:
        raise InvalidInput(
            f"There is no preset {name!r}; there are: {', '.join(names)}.", field="preset", allowed=names
        )
    return _FOLDER / f"{name}.toml"


@cache
def load_preset(name: str) -> Mapping:
    """Read a preset.

    Parameters
    ----------
    name : str
        One of `preset_names`.

    Returns
    -------
    Mapping
        As any mapping file.

    Raises
    ------
    InvalidInput
        If there is no such preset.

    Examples
    --------
    >>> load_preset("online-retail").title
    'Online Retail: invoice lines of a shop'
    """
    return load_mapping(preset_path(name))


def say_choices(
    name: str, paths: Iterable[Path], delimiter: str | None = None, encoding: str | None = None
) -> list[str]:
    """Say what each file was recognised as and why, and which were not.

    Parameters
    ----------
    name : str
        One of `preset_names`, or `AUTO`.
    paths : iterable of Path
        What the import is given.
    delimiter, encoding : str, optional
        See `graphcrm.intake.readers.open_file`.

    Returns
    -------
    list of str
        A sentence for each file.

    Raises
    ------
    InvalidInput
        As `Mapping.sources` would.
    """
    there = existing(paths)
    if name == AUTO:
        choices, others = AnyPreset().choose(there, delimiter, encoding)
    else:
        found, others = load_preset(name).sort_files(there, delimiter, encoding)
        choices = [Choice(each.path, name, each.kind) for each in found]
    said = [f"{choice.path}: {choice.preset}, {_words(choice.kind)}" for choice in choices]
    return said + [f"{path}: left out, no preset knows its columns" for path in others]


def _words(kind: Kind) -> str:
    shown = ", ".join(kind.header[:_SHOWN]) + (", …" if len(kind.header) > _SHOWN else "")
    return f"{kind.name.replace('_', ' ')} (it has the columns {shown})"
