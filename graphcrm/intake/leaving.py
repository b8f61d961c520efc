"""Rows that name somebody who is not there: they come in without that name, which is counted and said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Final

from graphcrm.tables import Row, Table

__all__ = ["LeavingOpen", "Nobodies"]

Nobodies = Callable[[Table, Sequence[Row], Set[str], Mapping[str, Set[str]]], Mapping[str, Set[str]]]
"""Given a table, rows of it, reference columns and ids that are to be taken as there: the ids that are nobody's."""

_SHOWN: Final = 3


class LeavingOpen:
    """Takes out of rows whom they name although there is nobody of that id.

    Parameters
    ----------
    table : Table
        The rows' table.
    columns : set of str
        The reference columns in which they may; in others such a row is rejected.
    nobodies : callable, optional
        Who tells; see `graphcrm.service.left_open.nobodies`. Without it all stays as it is.
    """

    def __init__(self, table: Table, columns: Set[str], nobodies: Nobodies | None) -> None:
        self._table = table
        self._columns = columns
        self._nobodies = nobodies
        self._missing: dict[str, set[str]] = {}

    def __call__(self, rows: Sequence[Row], assumed: Mapping[str, Set[str]]) -> None:
        """Change a batch of rows; `assumed` are ids by label that are to be taken as there."""
        if not (self._nobodies and rows and self._columns):
            return
        for column, missing in self._nobodies(self._table, rows, self._columns, assumed).items():
            self._missing.setdefault(column, set()).update(missing)
            for row in rows:
                named = row.references.get(column, [])
                left = [id_ for id_ in named if id_ not in missing]
                if left:
                    row.references[column] = left
                elif named:
                    del row.references[column]

    @property
    def notes(self) -> Iterator[str]:
        """What is to be said of them."""
        for column, missing in sorted(self._missing.items()):
            some = ", ".join(sorted(missing)[:_SHOWN]) + (", …" if len(missing) > _SHOWN else "")
            labels = next(ref.labels for ref in self._table.references if ref.field == column)
            kind = " or ".join(f"{label.lower()}s" for label in labels)
            yield (
                f"{self._table.name} name {len(missing):,} {kind} that are not in this export ({some}): "
                f"those rows are in, their {column} is left open until both are imported"
            )
