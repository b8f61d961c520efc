"""Another file, looked up by a key while a row is mapped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import Reader, Reject
from graphcrm.intake.steps import exact

__all__ = ["Lookup"]


@dataclass(slots=True)
class Lookup:
    """Another file (or another pass over the same), read into memory and looked up by a key.

    Either one of its columns is taken, for which the key must be unique; or the first text that a column has in the
    lines of the key; or columns are multiplied in each line of the key and the lines added.
    """

    file: str
    key: str
    take: str | None
    first: str | None
    factors: tuple[str, ...]
    discount: str | None
    _found: dict[str, str | InvalidInput] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the file must have."""
        parts = (self.key, self.take, self.first, *self.factors, self.discount)
        return tuple(part for part in parts if part is not None)

    def load(self, files: Iterable[Reader], null: frozenset[str], *, itself: bool = False) -> None:
        """Read the file.

        Parameters
        ----------
        files : iterable of Reader
            The file, or those of its kind.
        null : frozenset of str
            Spellings of "nothing".
        itself : bool
            Whether this is the file that is mapped: rows of it that cannot be read are rejected there.

        Raises
        ------
        InvalidInput
            If a row cannot be read, or a key whose column is taken stands there twice.
        """
        self._found = {}
        taken = self.take or self.first
        totals: dict[str, Decimal] = {}
        rows = ((file.name, line, row) for file in files for line, row in file.rows(_ignore if itself else _refuse))
        for name, line, row in rows:
            key = row[self.key].strip()
            if not key or key in null:
                continue
            if taken is None:
                try:
                    totals[key] = totals.get(key, Decimal(0)) + self._product(row)
                except InvalidInput as error:
                    self._found[key] = InvalidInput(f"{name}, line {line}: {error.message}")
            elif self.take is not None and key in self._found:
                raise InvalidInput(f"{name}, line {line}: {self.key} {key!r} stands there twice.")
            elif not self._found.get(key):
                text = row[taken].strip()
                self._found[key] = "" if text in null else text
        for key, total in totals.items():
            self._found.setdefault(key, f"{total:f}")

    def __call__(self, key: str, name: str) -> str:
        """Give what belongs to a key; a sum over no lines is nothing."""
        found = self._found.get(key.strip())
        if found is None:
            if self.take is None:
                return ""
            raise InvalidInput(f"{name}: {key!r} is no {self.key} of {self.file}", field=name)
        if isinstance(found, InvalidInput):
            raise InvalidInput(f"{name}: {found.message}", field=name)
        return found

    def _product(self, row: dict[str, str]) -> Decimal:
        product = Decimal(1)
        for column in self.factors:
            product *= exact(row[column], column)
        if self.discount is not None and row[self.discount].strip():
            product *= 1 - exact(row[self.discount], self.discount)
        return product


def _refuse(reject: Reject) -> None:
    raise InvalidInput(f"{reject.file}, line {reject.line}: {reject.reason}; it is needed for a join.")


def _ignore(reject: Reject) -> None:
    """Leave a row to the reading that rejects it."""
