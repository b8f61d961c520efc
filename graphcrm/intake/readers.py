"""CSV files as rows: streamed, bounded, and never stopped by a bad line."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_LINE_BYTES

__all__ = ["CsvFile", "OnReject", "Reject"]

# The field limit is the process's. It is only ever raised here, to what one record may measure at most.
csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))

_SHOWN: Final = 1_000
_OTHER_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that did not come in, and why.

    Parameters
    ----------
    file : str
        The file's name as the user gave it.
    line : int
        The physical line on which the row begins; the header is line 1.
    column : str, optional
        The column at fault, where there is one.
    reason : str
        What is wrong with it.
    row : dict, list or str
        The row by column; its fields, where their number is wrong; its text (cut), where it is no CSV.
    """

    file: str
    line: int
    column: str | None
    reason: str
    row: object


OnReject = Callable[[Reject], None]


class CsvFile:
    """A CSV file with a header, in UTF-8 with or without a byte order mark.

    Parameters
    ----------
    path : Path
        The file.
    delimiter : str
        The character between two fields.
    overflow : str, optional
        The column that was written without quotes although it may hold the delimiter: fields beyond the header's
        number are joined to it again.

    Raises
    ------
    InvalidInput
        If the file cannot be opened or has no usable header.
    """

    def __init__(self, path: Path, *, delimiter: str = ",", overflow: str | None = None) -> None:
        self.path = path
        self.name = str(path)
        self.delimiter = delimiter
        self.offset = 0
        """Bytes read so far."""
        with self._open() as file:
            lines = _Lines(file)
            self.header = self._read_header(lines, self._reader(lines))
            self.size = path.stat().st_size
        if overflow is not None and overflow not in self.header:
            raise InvalidInput(f"{self.name}: there is no column {overflow!r}.", field=overflow, allowed=self.header)
        self._overflow = self.header.index(overflow) if overflow is not None else None

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows.

        Parameters
        ----------
        on_reject : callable
            Told of each row that cannot be read, at its place in the order.

        Yields
        ------
        tuple of int and dict of str to str
            The physical line on which the row begins, and its fields by column, as they stand in the file.
        """
        with self._open() as file:
            lines = _Lines(file)
            reader = self._reader(lines)
            header = self._read_header(lines, reader)
            width = len(header)
            while True:
                lines.begin()
                try:
                    fields = next(reader)
                except StopIteration:
                    break
                except (csv.Error, _LineTooLong) as error:
                    line, text = lines.give_back()
                    on_reject(Reject(self.name, line, None, _explain(error), text[:_SHOWN]))
                    continue
                self.offset = lines.offset
                if not fields:
                    continue
                if lines.fault:
                    row: object = dict(zip(header, fields, strict=False))
                    on_reject(Reject(self.name, lines.first, None, lines.fault, row))
                    continue
                if len(fields) != width:
                    if len(fields) < width or self._overflow is None:
                        reason = f"has {len(fields)} fields where the header has {width}"
                        on_reject(Reject(self.name, lines.first, None, reason, fields))
                        continue
                    fields = self._join_overflow(fields)
                yield lines.first, dict(zip(header, fields, strict=True))
            self.offset = self.size

    def _join_overflow(self, fields: list[str]) -> list[str]:
        start = self._overflow or 0
        end = start + 1 + len(fields) - len(self.header)
        return [*fields[:start], self.delimiter.join(fields[start:end]), *fields[end:]]

    def _open(self) -> BinaryIO:
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise InvalidInput(f"{self.name}: cannot be read ({error.strerror}).") from error
        start = file.read(4)
        for mark, encoding in _OTHER_ENCODINGS:
            if start.startswith(mark):
                file.close()
                raise InvalidInput(f"{self.name}: is {encoding}; save it as UTF-8.")
        file.seek(3 if start.startswith(codecs.BOM_UTF8) else 0)
        return file

    def _reader(self, lines: _Lines) -> Iterator[list[str]]:
        # Strict, so that a quote which is never closed is noticed instead of swallowing what follows.
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _read_header(self, lines: _Lines, reader: Iterator[list[str]]) -> tuple[str, ...]:
        header: list[str] = []
        while not header:
            lines.begin()
            try:
                header = [name.strip() for name in next(reader)]
            except StopIteration:
                raise InvalidInput(f"{self.name}: is empty; the first line must name the columns.") from None
            except (csv.Error, _LineTooLong) as error:
                raise InvalidInput(f"{self.name}, line {lines.first}: the header {_explain(error)}.") from None
        where = f"{self.name}, line {lines.first}: the header"
        if lines.fault:
            raise InvalidInput(f"{where} {lines.fault}.")
        for position, name in enumerate(header, 1):
            if not name:
                raise InvalidInput(f"{where} has no name for column {position}.")
            if header.index(name) != position - 1:
                raise InvalidInput(f"{where} has the column {name!r} twice.", field=name)
        return tuple(header)


class _LineTooLong(Exception):
    """A line, or a record over several, is beyond the bound."""


class _Lines:
    """Physical lines as text, which can be taken back when the record that they began turns out not to be one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._again: deque[tuple[str, str]] = deque()
        self._record: list[tuple[str, str]] = []
        self._length = 0
        self._number = 0
        self.first = 0
        """The line on which the current record begins."""
        self.fault = ""
        """What is wrong with a line of the current record."""
        self.offset = 0

    def begin(self) -> None:
        """Start a record."""
        self.first = self._number + 1
        self.fault = ""
        self._record.clear()
        self._length = 0

    def give_back(self) -> tuple[int, str]:
        """Take back all lines of the current record but the first, which is given up; tell its number and text."""
        self._again.extendleft(reversed(self._record[1:]))
        self._number = self.first
        return self.first, self._record[0][0]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text, fault = self._again.popleft() if self._again else self._read()
        self._number += 1
        self._record.append((text, fault))
        self._length += len(text)
        if fault == _TOO_LONG or self._length > MAX_LINE_BYTES:
            raise _LineTooLong
        if fault:
            self.fault = fault
        return text

    def _read(self) -> tuple[str, str]:
        raw = self._file.readline(MAX_LINE_BYTES + 1)
        if not raw:
            raise StopIteration
        self.offset += len(raw)
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while rest := self._file.readline(MAX_LINE_BYTES):
                self.offset += len(rest)
                if rest.endswith(b"\n"):
                    break
            return raw[:_SHOWN].decode("utf-8", errors="replace"), _TOO_LONG
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            reason = f"is not UTF-8 (byte {raw[error.start]:#04x} at position {error.start + 1} of a line)"
            return raw.decode("utf-8", errors="replace"), reason
        return text, "has a NUL byte" if "\0" in text else ""


_TOO_LONG: Final = f"is longer than {MAX_LINE_BYTES:,} bytes"
_CAUSES: Final = (
    ("unexpected end of data", "has a quote that is never closed"),
    ("field larger than", _TOO_LONG),
    ("expected after", "has text after a closing quote, or a quote that is never closed"),
    ("new-line character", "has a carriage return within a line; end lines with a line feed"),
)


def _explain(error: Exception) -> str:
    """Say what csv found in the words of a reject's reason."""
    if isinstance(error, _LineTooLong):
        return _TOO_LONG + ", or has a quote that is never closed"
    text = str(error)
    return next((reason for part, reason in _CAUSES if part in text), f"is not CSV ({text})")
