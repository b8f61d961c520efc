"""Physical lines of a text: bounded, numbered, decoded one by one so that a bad one spoils no other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final

from graphcrm.intake.readers.base import SHOWN
from graphcrm.intake.readers.encodings import as_lines, called
from graphcrm.limits import MAX_LINE_BYTES

__all__ = ["TOO_LONG", "LineTooLong", "Lines", "decoded_lines"]

TOO_LONG: Final = f"is longer than {MAX_LINE_BYTES:,} bytes"


class LineTooLong(Exception):
    """A line, or a record over several, is beyond the bound."""


def decoded_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[str, str]]:
    """Read lines.

    Parameters
    ----------
    stream : BinaryIO
        At its beginning.
    encoding : str
        What it is in.

    Yields
    ------
    tuple of str and str
        The line with its end (cut, where it is too long), and what is wrong with it; empty for nothing.
    """
    known = called(encoding)
    stream, encoding = as_lines(stream, encoding)
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield raw[:SHOWN].decode(encoding, errors="replace"), TOO_LONG
            continue
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            place = f"byte {raw[error.start]:#04x} at position {error.start + 1} of a line"
            yield raw.decode(encoding, errors="replace"), f"is not {known} ({place})"
        else:
            # Files that were put together have each one's byte order mark within.
            text = text.removeprefix("\ufeff")
            yield text, "has a NUL byte" if "\0" in text else ""


class Lines:
    """Lines as text, which can be taken back when the record that they began turns out not to be one.

    Parameters
    ----------
    stream : BinaryIO
        At its beginning.
    encoding : str
        What it is in.
    """

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._lines = decoded_lines(stream, encoding)
        self._again: deque[tuple[str, str]] = deque()
        self._record: list[tuple[str, str]] = []
        self._length = 0
        self._number = 0
        self.first = 0
        """The line on which the current record begins."""
        self.fault = ""
        """What is wrong with a line of the current record."""

    def begin(self) -> None:
        """Start a record."""
        self.first = self._number + 1
        self.fault = ""
        self._record.clear()
        self._length = 0

    def peek(self) -> str:
        """Look at the next line without taking it; empty at the end."""
        if not self._again:
            self._again.extend([line] if (line := next(self._lines, None)) else [])
        return self._again[0][0] if self._again else ""

    def give_back(self) -> tuple[int, str]:
        """Take back all lines of the current record but the first, which is given up; tell its number and text."""
        self._again.extendleft(reversed(self._record[1:]))
        self._number = self.first
        return self.first, self._record[0][0]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text, fault = self._again.popleft() if self._again else next(self._lines)
        self._number += 1
        self._record.append((text, fault))
        self._length += len(text)
        if fault == TOO_LONG or self._length > MAX_LINE_BYTES:
            raise LineTooLong
        if fault:
            self.fault = fault
        return text
