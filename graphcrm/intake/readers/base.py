"""What every reader is: a header, rows as text by column, and rejects for what is no row."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.content import Content
from graphcrm.limits import MAX_COLUMNS

__all__ = ["SHOWN", "OnReject", "Reader", "Reject", "StreamReader", "checked_header", "text_of", "titles_above"]

SHOWN: Final = 1_000
"""Characters of an unreadable row that a reject shows."""
_MAX_TITLES: Final = 20


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that did not come in, and why.

    Parameters
    ----------
    file : str
        The file's name as the user gave it.
    line : int
        The physical line on which the row begins, the header being line 1; in formats without lines, which row,
        message, card or event it is.
    column : str, optional
        The column at fault, where there is one.
    reason : str
        What is wrong with it.
    row : dict, list or str
        The row by column; its fields, where their number is wrong; its text (cut), where it cannot be read.
    """

    file: str
    line: int
    column: str | None
    reason: str
    row: object


OnReject = Callable[[Reject], None]


class Reader(ABC):
    """A file as a table of texts.

    Parameters
    ----------
    content : Content
        The bytes.

    Attributes
    ----------
    kind : str
        The format, such as ``csv`` or ``vcard``.
    path : Path
        The file on disk.
    name : str
        What the user knows it by; for a part of a file, the file's name, ``/`` and the part's.
    header : tuple of str
        The columns, in the file's order.
    size : int
        Bytes on disk.
    notes : tuple of str
        What was guessed and may be wrong, each to be put behind the name.
    """

    kind: str
    header: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __init__(self, content: Content) -> None:
        self.content = content
        self.path = content.path
        self.name = content.name
        self.size = content.size

    @property
    @abstractmethod
    def offset(self) -> int:
        """About how many of the bytes are read so far."""

    @abstractmethod
    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows.

        Parameters
        ----------
        on_reject : callable
            Told of each row that cannot be read, at its place in the order.

        Yields
        ------
        tuple of int and dict of str to str
            The line on which the row begins (see `Reject`), and its fields by column, as they stand in the file; what
            is absent is an empty text.

        Raises
        ------
        InvalidInput
            If the file is damaged beyond a row, or changed while it was read.
        """


class StreamReader(Reader):
    """A reader that goes through its bytes once, from the beginning."""

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        self._stream: BinaryIO | None = None
        self._done = False

    @property
    def offset(self) -> int:
        """About how many of the bytes are read so far."""
        if self._stream is None:
            return self.size if self._done else 0
        return min(self.content.position(self._stream), self.size)

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows; see `Reader.rows`."""
        with self.content.open() as stream:
            self._stream = stream
            try:
                yield from self._read(stream, on_reject)
            finally:
                self._stream = None
        self._done = True
        self.content.check_unchanged()

    @abstractmethod
    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Read the rows from the content's beginning."""


def titles_above(rows: Iterable[Sequence[str]]) -> int:
    """Count the rows that stand above a table's header: what it is a report of, who made it and when.

    Parameters
    ----------
    rows : iterable of sequence of str
        The first rows of a file, cell by cell.

    Returns
    -------
    int
        How many rows that are not blank fill less than half of the usual width before one fills more than half of it. 0
        where there are none, or more than 20.

    Examples
    --------
    >>> titles_above([["Customers of 2024", "", ""], ["id", "name", "city"], ["1", "Ada", "Ulm"]])
    1
    >>> titles_above([["id", "name", "city"], ["1", "Ada", "Ulm"]])
    0
    """
    table = [row for row in rows if any(map(str.strip, row))]
    if not table:
        return 0
    # Blank fields at the end are no columns: a table may be exported with more of them than it has others.
    usual = Counter(map(_width, table)).most_common(1)[0][0]
    for number, row in enumerate(table[: _MAX_TITLES + 1]):
        filled = sum(map(bool, map(str.strip, row)))
        if len(row) >= usual and filled * 2 > usual:
            return number
        if filled * 2 >= usual:
            break
    return 0


def _width(row: Sequence[str]) -> int:
    """The place of the last field that is not blank."""
    return max(place for place, text in enumerate(row, 1) if text.strip())


def checked_header(where: str, names: Sequence[str]) -> tuple[str, ...]:
    """Check that columns have names, each its own.

    Parameters
    ----------
    where : str
        Begins the sentence that says what is wrong.
    names : sequence of str
        The names as they stand in the file.

    Returns
    -------
    tuple of str
        The names without blanks around them.

    Raises
    ------
    InvalidInput
        If a name is missing or stands there twice, or there are too many.

    Examples
    --------
    >>> checked_header("The header", [" id", "name "])
    ('id', 'name')
    """
    if len(names) > MAX_COLUMNS:
        raise InvalidInput(f"{where} has {len(names):,} columns; at most {MAX_COLUMNS:,} are read.")
    header = tuple(name.strip() for name in names)
    seen = set()
    for position, name in enumerate(header, 1):
        if not name:
            raise InvalidInput(f"{where} has no name for column {position}.")
        if name in seen:
            raise InvalidInput(f"{where} has the column {name!r} twice.", field=name)
        seen.add(name)
    return header


def text_of(value: Any) -> str:
    """Write a value of a typed format as a CSV file would have it.

    Parameters
    ----------
    value : object
        A text, number, truth value, time, list or nested record; None for nothing.

    Returns
    -------
    str
        Whole floats without a decimal point, times as ISO 8601, lists of plain values separated by ``|`` (as JSON where
        one holds that character), all that is nested deeper as JSON.

    Examples
    --------
    >>> [text_of(value) for value in (None, True, 3.0, 0.1, ["a", 2], {"b": [1]})]
    ['', 'true', '3', '0.1', 'a|2', '{"b": [1]}']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 and repr(value) != "-0.0" else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, (list, tuple)) and not any(isinstance(item, (list, tuple, dict)) for item in value):
        texts = [text_of(item) for item in value]
        plain = not any("|" in text for text in texts) and not "".join(texts[:1]).startswith("[")
        return "|".join(texts) if plain else json.dumps(texts, ensure_ascii=False)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=text_of)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
