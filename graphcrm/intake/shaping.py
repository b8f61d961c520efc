"""Which rows of a table one row of a file gives: itself, none, or one for each entry of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Shape"]


@dataclass(slots=True)
class Shape:
    """Gives the rows to be mapped for each row of a file.

    Parameters
    ----------
    once : str, optional
        A column: only the first row of each of its values counts, and none where it is empty.
    each : tuple of str
        Columns that hold lists, entries side by side: one row for each entry.
    when, unless : dict of str to frozenset of str
        Columns and values in lower case: only rows that have one of the values in each column of `when`, and none in
        any of `unless`. The empty text is a value as well.
    null : frozenset of str
        Spellings of "nothing".
    resets : sequence of callable
        What else is to begin anew with each pass over the file.

    Examples
    --------
    >>> shape = Shape("who", ("who", "name"))
    >>> [list(shape(row)) for row in ({"who": "a|b", "name": "Ann|"}, {"who": "b|", "name": "Bob|"})]
    [[{'who': 'a', 'name': 'Ann'}, {'who': 'b', 'name': ''}], []]
    """

    once: str | None
    each: tuple[str, ...] = ()
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    null: frozenset[str] = frozenset()
    resets: Sequence[Callable[[], None]] = ()
    _seen: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Begin another pass over the file."""
        self._seen.clear()
        for reset in self.resets:
            reset()

    def __call__(self, raw: dict[str, str]) -> Iterable[dict[str, str]]:
        if (self.when or self.unless) and not self._is_meant(raw):
            return ()
        rows: Iterable[dict[str, str]] = self._entries(raw) if self.each else (raw,)
        return rows if self.once is None else filter(self._is_first, rows)

    def _is_meant(self, raw: dict[str, str]) -> bool:
        def among(column: str, values: frozenset[str]) -> bool:
            text = raw[column].strip()
            return ("" if text in self.null else text.lower()) in values

        if not all(among(column, values) for column, values in self.when.items()):
            return False
        return not any(among(column, values) for column, values in self.unless.items())

    def _entries(self, raw: dict[str, str]) -> Iterable[dict[str, str]]:
        lists = [raw[column].split("|") for column in self.each]
        for position in range(max(map(len, lists))):
            entries = [entries[position].strip() if position < len(entries) else "" for entries in lists]
            if any(entries):
                yield raw | dict(zip(self.each, entries, strict=True))

    def _is_first(self, row: dict[str, str]) -> bool:
        value = row[self.once or ""].strip()
        if not value or value in self.null or value in self._seen:
            return False
        self._seen.add(value)
        return True
