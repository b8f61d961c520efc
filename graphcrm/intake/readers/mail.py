"""Mailboxes: one row a message, from an mbox file, a single message (.eml) or a Maildir folder.

The columns are those of `graphcrm.intake.readers.messages.COLUMNS`: ``id``, ``message_id``, ``thread_id``, ``date``
(UTC), ``from`` and ``from_name``, ``to`` and ``to_names``, ``cc`` and ``cc_names`` (lists separated by ``|``, names in
the order of the addresses), ``receivers`` (of both, without the sender), ``subject``, ``in_reply_to``, ``references``,
``text``. What each message answers is read before, so that a thread is one whatever the order.
``inbox.mbox/addresses`` is another table of the same file, see `graphcrm.intake.readers.people`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from graphcrm.intake.readers.base import SHOWN, OnReject, Reader, Reject, StreamReader
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.messages import COLUMNS, Unreadable, reply_of, row_of
from graphcrm.intake.readers.threads import Threads
from graphcrm.limits import MAX_LINE_BYTES

__all__ = ["MaildirFolder", "MboxFile", "MessageFile", "is_maildir"]

_PIECE: Final = 65_536
_BEGIN: Final = re.compile(rb"From \S.*\d\d:\d\d")
"""A line that begins a message has a time; a sentence that begins so hardly has."""
_FOLDERS: Final = ("cur", "new")


class MboxFile(StreamReader):
    """A file of messages, each begun by a line ``From`` with a sender and a time; a row's line is that one's."""

    kind = "mbox"
    header = COLUMNS

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        with self.content.open() as before:
            threads = Threads(reply_of(data) for _, data, _ in _messages(before))
        for line, data, envelope in _messages(stream):
            yield from _row(self.name, line, data, envelope, threads, on_reject)


class MessageFile(StreamReader):
    """A file that is one message."""

    kind = "eml"
    header = COLUMNS

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        yield from _row(self.name, 1, stream.read(MAX_LINE_BYTES), "", Threads(), on_reject)


class MaildirFolder(Reader):
    """A folder of messages, one a file; a row's line is its number among them.

    Parameters
    ----------
    path : Path
        The folder that holds ``cur`` and ``new``.
    """

    kind = "maildir"
    header = COLUMNS

    def __init__(self, path: Path, part: str = "") -> None:
        super().__init__(Content(path, part=part, size=sum(1 for _ in _files(path))))
        self._offset = 0

    @property
    def offset(self) -> int:
        """How many of the messages are read so far."""
        return min(self._offset, self.size)

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows in the folder's order; `size` and `offset` are numbers of messages."""
        threads = Threads(_replies(self.path))
        for number, path in enumerate(_files(self.path), 1):
            self._offset = number
            try:
                data = _read(path)
            except OSError as error:
                reason = f"{path.name} cannot be read ({error.strerror}); a mail program may have moved it"
                on_reject(Reject(self.name, number, None, reason, ""))
                continue
            yield from _row(self.name, number, data, "", threads, on_reject)


def is_maildir(path: Path) -> bool:
    """Whether a path is a Maildir folder."""
    return all((path / folder).is_dir() for folder in _FOLDERS)


def _files(path: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        with os.scandir(path / folder) as entries:
            yield from (Path(entry.path) for entry in entries if entry.is_file() and not entry.name.startswith("."))


def _replies(path: Path) -> Iterator[tuple[str, str]]:
    for file in _files(path):
        with suppress(OSError):  # told when its row is read
            yield reply_of(_read(file))


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_LINE_BYTES)


def _row(
    name: str, line: int, data: bytes, envelope: str, threads: Threads, on_reject: OnReject
) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        row = row_of(data, envelope, threads)
    except Unreadable as error:
        on_reject(Reject(name, line, None, str(error), data[:SHOWN].decode("utf-8", errors="replace")))
    else:
        yield line, row


def _messages(stream: BinaryIO) -> Iterator[tuple[int, bytes, str]]:
    """Messages with the line on which each begins and that line's text; of a long one the beginning."""
    pieces: list[bytes] = []
    number, first, size, envelope = 0, 0, 0, ""
    begins_line = after_blank = True
    while piece := stream.readline(_PIECE):
        number += begins_line
        if begins_line and after_blank and _BEGIN.match(piece):
            if first:
                yield first, b"".join(pieces), envelope
            pieces, size = [], 0
            first, envelope = number, piece.decode("latin-1")
        elif first and size < MAX_LINE_BYTES:
            pieces.append(piece[1:] if begins_line and piece.startswith(b">From ") else piece)
            size += len(piece)
        after_blank = begins_line and piece in (b"\n", b"\r\n")
        begins_line = piece.endswith(b"\n")
    if first:
        yield first, b"".join(pieces), envelope
