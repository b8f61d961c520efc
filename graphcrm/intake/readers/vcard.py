"""vCard 2.1, 3.0 and 4.0: one row a card, however many a file holds.

The columns are those of `graphcrm.intake.readers.cards.COLUMNS`: ``id`` (the card's UID, else a digest of what it
says), ``name``, ``family_name``, ``given_name``, ``organization``, ``title``, ``email`` and ``emails``, ``phone`` and
``phones`` …; columns in the plural are lists separated by ``|``. Pictures, sounds and keys are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from graphcrm.intake.readers.base import SHOWN, OnReject, Reject, StreamReader
from graphcrm.intake.readers.cards import COLUMNS, Property, parse_property, row_of
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.lines import TOO_LONG, decoded_lines
from graphcrm.limits import MAX_LINE_BYTES

__all__ = ["VCardFile"]

_BEGIN: Final = "BEGIN:VCARD"
_END: Final = "END:VCARD"


class VCardFile(StreamReader):
    """A file of vCards; a row's line is the one on which its card begins.

    Parameters
    ----------
    content : Content
        The bytes.
    encoding : str
        What the text is in, where a card does not say otherwise.
    """

    kind = "vcard"
    header = COLUMNS

    def __init__(self, content: Content, encoding: str = "utf-8") -> None:
        super().__init__(content)
        self.encoding = encoding

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        card: _Card | None = None
        outside = False
        for number, (text, fault) in enumerate(decoded_lines(stream, self.encoding), 1):
            line = text.rstrip("\r\n")
            mark = line.strip().upper().lstrip("\ufeff")
            if mark == _BEGIN and (card is None or not card.begins_another()):
                if card is not None:
                    self._refuse(on_reject, card, "is cut off: another card begins before it ends")
                card = _Card(number)
            elif card is None:
                if mark and not outside:
                    on_reject(Reject(self.name, number, None, "stands outside of a card", line[:SHOWN]))
                outside = bool(mark)
            elif mark == _END:
                if card.ends():
                    outside = False
                    yield from self._finished(on_reject, card)
                    card = None
            else:
                card.take(line, fault)
        if card is not None:
            self._refuse(on_reject, card, "is cut off: the file ends before it does")

    def _finished(self, on_reject: OnReject, card: _Card) -> Iterator[tuple[int, dict[str, str]]]:
        properties = card.properties(self.encoding)
        row = row_of(properties)
        if card.fault or not row["name"]:
            self._refuse(on_reject, card, card.fault or "names nobody")
        else:
            yield card.line, row

    def _refuse(self, on_reject: OnReject, card: _Card, reason: str) -> None:
        on_reject(Reject(self.name, card.line, None, reason, card.shown))


class _Card:
    """The lines of a card, put together as they come."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.fault = ""
        """Why it cannot be read."""
        self._found: list[Property] = []
        self._last: list[str] = []
        self._open: Property | None = None
        self._depth = 1
        self._length = 0

    @property
    def shown(self) -> str:
        """Its beginning, for a reject."""
        return "\n".join(f"{item.name}:{item.value}" for item in self._found[:20] if not item.is_binary)[:SHOWN]

    def begins_another(self) -> bool:
        """Whether the card that begins is part of this one: the agent of version 2.1."""
        if self._open is None or self._open.name != "AGENT":
            return False
        self._depth += 1
        return True

    def ends(self) -> bool:
        """Whether this card ends, and not one within it."""
        self._depth -= 1
        return self._depth == 0

    def take(self, line: str, fault: str) -> None:
        """Take the next line."""
        if self._depth > 1:
            return
        if self._goes_on(line):
            if self._open is not None and not self._open.is_binary:
                self._add(line, fault)
            return
        self._close()
        found = parse_property(line)
        if found is not None and found.is_binary:
            self._open = found  # its value is of no use
            found.value = ""
            return
        self._note(line, fault)
        if found is not None:
            self._open = found
            self._last = [found.value]
        elif self._found and line.strip():
            # A line that is no property belongs to the text before it, which somebody wrote without folding.
            self._found[-1].value += "\\n" + line

    def properties(self, encoding: str) -> list[Property]:
        """All properties, decoded."""
        self._close()
        for item in self._found:
            item.decode(encoding)
        return self._found

    def _goes_on(self, line: str) -> bool:
        if self._open is None:
            return False
        if self._open.is_binary:
            return (":" not in line and ";" not in line) or line[:1] in " \t"
        return line[:1] in (" ", "\t") or (self._open.is_quoted_printable and self._last[-1].endswith("="))

    def _add(self, line: str, fault: str) -> None:
        self._note(line, fault)
        assert self._open is not None
        if self._open.is_quoted_printable and self._last[-1].endswith("="):
            self._last[-1] = self._last[-1][:-1]
            self._last.append(line.lstrip(" \t"))
        else:
            self._last.append(line[1:])

    def _note(self, line: str, fault: str) -> None:
        self._length += len(line)
        if self._length > MAX_LINE_BYTES:
            self.fault = self.fault or TOO_LONG
            self._last = [""]
            self._found.clear()
        self.fault = self.fault or fault

    def _close(self) -> None:
        if self._open is not None and not self._open.is_binary:
            self._open.value = "".join(self._last)
            self._found.append(self._open)
        self._open = None
