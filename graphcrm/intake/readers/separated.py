"""Separated values (CSV, TSV and their kin) as rows: streamed, bounded, and never stopped by a bad line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import SHOWN, OnReject, Reject, StreamReader, checked_header, titles_above
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.encodings import checked_encoding
from graphcrm.intake.readers.headers import is_data, named_by_content, named_header
from graphcrm.intake.readers.lines import TOO_LONG, Lines, LineTooLong, decoded_lines
from graphcrm.limits import MAX_LINE_BYTES

__all__ = ["CsvFile", "Dialect", "checked_delimiter", "find_dialect", "is_delimiter"]

# The field limit is the process's. It is only ever raised here, to what one record may measure at most.
csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE_LINES: Final = 200
_SAMPLE_CHARACTERS: Final = 200_000
_MOST_ROWS: Final = 0.5
_SAID: Final = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
"""The line by which a spreadsheet says what separates the fields."""


def is_delimiter(text: str) -> bool:
    """Whether a text can stand between fields.

    Examples
    --------
    >>> is_delimiter(";"), is_delimiter(";;"), is_delimiter('"')
    (True, False, False)
    """
    return len(text) == 1 and text not in "\"'\r\n\0"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields are told apart.

    Parameters
    ----------
    delimiter : str
        The character between two fields.
    quote : str
        The character around fields that hold the delimiter, the quote (doubled) or line breaks.
    titles : int
        Rows that are not blank and stand above the header.
    columns : tuple of str, optional
        Names for the columns, where no header has any.
    """

    delimiter: str = ","
    quote: str = '"'
    titles: int = 0
    columns: tuple[str, ...] | None = None


def find_dialect(content: Content, encoding: str, delimiter: str | None = None) -> Dialect:
    """Tell what separates the fields from the first lines: the header, and which of its splits the rows follow.

    Parameters
    ----------
    content : Content
        A text of separated values.
    encoding : str
        What it is in.
    delimiter : str, optional
        What separates the fields, where that is known.

    Returns
    -------
    Dialect
        The delimiter that is known, else comma, semicolon, tab or bar, or what a first line ``sep=;`` says; comma where
        there is one column.
    """
    if delimiter is not None:
        checked_delimiter(delimiter)
    with content.open() as stream:
        sample: list[str] = []
        characters = 0
        for text, _ in islice(decoded_lines(stream, encoding), _SAMPLE_LINES):
            characters += len(text)
            if characters > _SAMPLE_CHARACTERS and sample:
                break
            if sample or text.strip():
                sample.append(text.replace("\0", ""))
    if not sample:
        return Dialect(delimiter or ",")
    if said := _SAID.fullmatch(sample[0]):
        return Dialect(delimiter or said[1])
    best, score = delimiter or ",", _NO_TABLE
    for one in _DELIMITERS if delimiter is None else ():
        found = _score(_split(sample, one))
        if found > score:
            best, score = one, found
    rows = _split(sample, best)
    titles = titles_above(rows)
    lines = [line for line in sample if line.replace(best, "").strip()][titles:]
    # The last row may be cut where the sample ends.
    columns = named_by_content(rows) if not titles and is_data(rows[:-1] if len(rows) > 2 else rows) else None
    return Dialect(best, _quote(lines[0] if lines else "", best), titles, columns)


def checked_delimiter(text: str) -> str:
    """Check what is to stand between fields; InvalidInput where it cannot.

    Examples
    --------
    >>> checked_delimiter(";")
    ';'
    """
    if not is_delimiter(text):
        raise InvalidInput("delimiter: must be one character, and no quote or line end.", field="delimiter")
    return text


def _split(sample: list[str], delimiter: str) -> list[list[str]]:
    """The rows of a sample that are not empty; none where it cannot be split so."""
    try:
        rows = csv.reader(sample, delimiter=delimiter, skipinitialspace=delimiter == " ")
        return [fields for fields in rows if fields]
    except csv.Error:
        return []


_Score = tuple[bool, float, int, int]
_NO_TABLE: Final[_Score] = (False, 0.0, 0, 1)


def _score(rows: list[list[str]]) -> _Score:
    """How well a split makes a table: the share of rows that are as wide as the header, and that width.

    A header that comes first goes before one below titles: lists in a column may be longer than rows are wide.
    """
    titles = titles_above(rows)
    widths = [len(fields) for fields in rows if any(map(str.strip, fields))][titles:]
    if not widths or widths[0] < 2:
        return _NO_TABLE
    # The last one may be cut where the sample ends.
    others = widths[1:-1] or widths[1:]
    share = sum(width == widths[0] for width in others) / len(others) if others else 1.0
    return not titles and share > _MOST_ROWS, share, -titles, widths[0]


def _quote(header: str, delimiter: str) -> str:
    names = [name.strip() for name in header.split(delimiter)]
    single = all(len(name) > 2 and name[0] == name[-1] == "'" for name in names)
    return "'" if single else '"'


class CsvFile(StreamReader):
    """Separated values with a header.

    Parameters
    ----------
    content : Content or Path
        The bytes; a path is a file that is not packed, or packed by gzip.
    delimiter : str
        The character between two fields; a blank stands for any number of them.
    overflow : str, optional
        The column that was written without quotes although it may hold the delimiter: fields beyond the header's
        number are joined to it again.
    encoding : str
        What the text is in; a byte order mark is passed over.
    quote : str
        The character around fields.
    columns : sequence of str, optional
        The names of the columns of a file that has no header.
    titles : int
        Rows that are not blank and stand above the header.

    Raises
    ------
    InvalidInput
        If the file cannot be opened or has no usable header.
    """

    kind = "csv"

    def __init__(
        self,
        content: Content | Path,
        *,
        delimiter: str = ",",
        overflow: str | None = None,
        encoding: str = "utf-8",
        quote: str = '"',
        columns: Sequence[str] | None = None,
        titles: int = 0,
    ) -> None:
        super().__init__(Content.of_file(content) if isinstance(content, Path) else content)
        self.delimiter = checked_delimiter(delimiter)
        self.encoding = checked_encoding(encoding)
        self._quote = quote
        self._titles = titles
        self._columns = checked_header("columns", columns) if columns is not None else None
        self._named: list[str] = []
        with self.content.open() as stream:
            lines = Lines(stream, self.encoding)
            self.header = self._read_header(lines, self._reader(lines))
        if overflow is not None and overflow not in self.header:
            raise InvalidInput(f"{self.name}: there is no column {overflow!r}.", field=overflow, allowed=self.header)
        self._overflow = self.header.index(overflow) if overflow is not None else None

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        lines = Lines(stream, self.encoding)
        reader = self._reader(lines)
        header = self._read_header(lines, reader)
        width = len(header)
        while True:
            lines.begin()
            try:
                fields = next(reader)
            except StopIteration:
                break
            except (csv.Error, LineTooLong) as error:
                line, text = lines.give_back()
                on_reject(Reject(self.name, line, None, _explain(error), text[:SHOWN]))
                continue
            if not fields:
                continue
            if lines.fault:
                row: object = dict(zip(header, fields, strict=False))
                on_reject(Reject(self.name, lines.first, None, lines.fault, row))
                continue
            if len(fields) != width:
                fields = _without_blanks(fields, width)
            if width > 1 and fields == self._named:
                reason = "is the header once more, as where files were put together"
                on_reject(Reject(self.name, lines.first, None, reason, fields))
                continue
            if len(fields) != width:
                if len(fields) < width or self._overflow is None:
                    reason = f"has {len(fields)} fields where the header has {width}"
                    on_reject(Reject(self.name, lines.first, None, reason, fields))
                    continue
                fields = self._join_overflow(fields)
            yield lines.first, dict(zip(header, fields, strict=True))

    def _join_overflow(self, fields: list[str]) -> list[str]:
        start = self._overflow or 0
        end = start + 1 + len(fields) - len(self.header)
        return [*fields[:start], self.delimiter.join(fields[start:end]), *fields[end:]]

    def _reader(self, lines: Lines) -> Iterator[list[str]]:
        # Strict, so that a quote which is never closed is noticed instead of swallowing what follows.
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self._quote,
            skipinitialspace=self.delimiter == " ",
            strict=True,
        )

    def _read_header(self, lines: Lines, reader: Iterator[list[str]]) -> tuple[str, ...]:
        if self._columns is not None:
            if _SAID.fullmatch(lines.peek()):
                next(lines)
            return self._columns
        header: list[str] = []
        above = -1
        while above < self._titles:
            lines.begin()
            if _SAID.fullmatch(lines.peek()):
                next(lines)
                continue
            try:
                header = next(reader)
            except StopIteration:
                raise InvalidInput(f"{self.name}: is empty; the first line must name the columns.") from None
            except (csv.Error, LineTooLong) as error:
                raise InvalidInput(f"{self.name}, line {lines.first}: the header {_explain(error)}.") from None
            above += any(map(str.strip, header))
        where = f"{self.name}, line {lines.first}: the header"
        if lines.fault:
            raise InvalidInput(f"{where} {lines.fault}.")
        self._named = _without_blanks(header, 1)
        names, notes = named_header(where, self._named)
        self.notes = tuple(dict.fromkeys((*notes, *self.notes)))
        return names


def _without_blanks(fields: list[str], width: int) -> list[str]:
    """Fields without the blank ones beyond a width: spreadsheets write as many as their widest row ever had."""
    end = len(fields)
    while end > width and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


_CAUSES: Final = (
    ("unexpected end of data", "has a quote that is never closed"),
    ("field larger than", TOO_LONG),
    ("expected after", "has text after a closing quote, or a quote that is never closed"),
    ("new-line character", "has a carriage return within a line; end lines with a line feed"),
)


def _explain(error: Exception) -> str:
    """Say what csv found in the words of a reject's reason."""
    if isinstance(error, LineTooLong):
        return TOO_LONG + ", or has a quote that is never closed"
    text = str(error)
    return next((reason for part, reason in _CAUSES if part in text), f"is not CSV ({text})")
