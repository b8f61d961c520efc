"""Which encoding a text is in, told from its bytes.

UTF-8 and UTF-16 are recognised by their rules. Between the older encodings only likelihood decides; see
`graphcrm.intake.readers.legacy`.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, Final, cast

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.legacy import Likely, most_likely

__all__ = ["as_lines", "called", "checked_encoding", "find_encoding", "judge_encoding"]

_BLOCK: Final = 1 << 20
_ENOUGH_LINES: Final = 20_000
"""After so many lines beyond ASCII the verdict stands."""
_ENOUGH_BYTES: Final = 200_000
"""So much of the lines that are not UTF-8 is looked at."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PLAIN_START: Final = re.compile(rb"[\t\n\r -~]{8}")
"""How no text in UTF-16 begins: four characters, each of two bytes that are ASCII."""
_NAMES: Final = {
    "iso8859-1": "Latin-1",
    "cp950": "Big5",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "cp949": "EUC-KR",
    "koi8_r": "KOI8-R",
    "mac_roman": "Mac Roman",
    "cp850": "DOS 850",
    "cp866": "DOS 866",
    "cp874": "Windows-874",
    **{f"cp125{number}": f"Windows-125{number}" for number in range(9)},
}
_LINE_ENDS: Final = 65_536
"""Bytes in which a line must end."""
_NO_CHARACTER_SETS: Final = ("unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined", "utf_7")


def called(encoding: str) -> str:
    """Give an encoding the name that people know.

    Examples
    --------
    >>> called("cp1252"), called("utf-16-le")
    ('Windows-1252', 'UTF-16-LE')
    """
    return _NAMES.get(encoding, encoding.upper())


def checked_encoding(name: str) -> str:
    """Look an encoding up by one of its names.

    Parameters
    ----------
    name : str
        As Python, iconv or a person would write it.

    Returns
    -------
    str
        Python's name. UTF-16 and UTF-32 without an order of bytes are little-endian, unless a mark says otherwise.

    Raises
    ------
    InvalidInput
        If there is no such encoding.

    Examples
    --------
    >>> checked_encoding("Latin1"), checked_encoding("GBK"), checked_encoding("utf8")
    ('iso8859-1', 'gbk', 'utf-8')
    """
    try:
        found = codecs.lookup(name.strip()).name
        "a".encode(found)  # refuses codecs of other things than texts
    except (LookupError, ValueError, UnicodeError):
        found = "undefined"
    if found.replace("-", "_") in _NO_CHARACTER_SETS:
        raise InvalidInput(
            f"encoding: {name!r} is not known; name one such as utf-8, utf-16, gb18030, latin-1 or windows-1252.",
            field="encoding",
        )
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(found, found)


def find_encoding(content: Content) -> str:
    """Tell the encoding of a text from its bytes.

    What is not packed is read until the verdict stands; what is packed is unpacked to its end, so that a damaged file
    is noticed before anything is made of it.

    Parameters
    ----------
    content : Content
        A text.

    Returns
    -------
    str
        ``utf-8`` (also where all is ASCII, or only some lines are not UTF-8), ``utf-16-le``, ``utf-16-be``,
        ``utf-32-le``, ``utf-32-be``, or what `most_likely` gives.

    Raises
    ------
    InvalidInput
        If the content cannot be read, is damaged, or expands too far.
    """
    return judge_encoding(content).encoding


def judge_encoding(content: Content) -> Likely:
    """Tell the encoding, and which other one is nearly as likely; see `find_encoding`."""
    return _remembered(content) if content.is_settled() else _found(content)


def _found(content: Content) -> Likely:
    with content.open() as stream:
        block = stream.read(_BLOCK)
        verdict = _by_mark(block) or _utf16_without_mark(block[:4096])
        votes = _Votes()
        while block and not (content.packing == "none" and (verdict or votes.stand)):
            if not verdict:
                votes.take(block)
            block = stream.read(_BLOCK)
        return Likely(verdict) if verdict else votes.verdict()


_remembered = lru_cache(maxsize=64)(_found)


def as_lines(stream: BinaryIO, encoding: str) -> tuple[BinaryIO, str]:
    """Make a stream that can be read and decoded line by line.

    Parameters
    ----------
    stream : BinaryIO
        At its beginning; a mark of the byte order is passed over.
    encoding : str
        A name that `checked_encoding` or `find_encoding` gave.

    Returns
    -------
    tuple of BinaryIO and str
        The stream, and what its lines are to be decoded by: where lines do not end with the byte 10 they are given as
        UTF-8, with bytes that are not in what could not be decoded.
    """
    start = stream.peek(4)[:4]  # type: ignore[attr-defined]
    for mark, marked in _MARKS:
        if start.startswith(mark) and (marked == encoding or marked[:6] == encoding[:6] == "utf-16"):
            stream.read(len(mark))
            encoding = marked
            break
    start = stream.peek(_LINE_ENDS)[:_LINE_ENDS]  # type: ignore[attr-defined]
    is_plain = '\n,"a'.encode(encoding) == b'\n,"a'
    # Old Macs, and programs that still write as they did, end lines with a carriage return alone.
    only_returns = b"\n" not in start and b"\r" in start.rstrip(b"\r\0")
    if is_plain and not only_returns:
        return stream, encoding
    return cast(BinaryIO, BufferedReader(_AsUtf8(stream, encoding, only_returns), 1 << 18)), "utf-8"


class _AsUtf8(RawIOBase):
    """A text in another encoding as UTF-8; what is wrong with it stays wrong, so that its line is refused."""

    def __init__(self, stream: BinaryIO, encoding: str, only_returns: bool) -> None:
        self._stream = stream
        self._only_returns = only_returns
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=_KEEP)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            block = self._stream.read(len(buffer) // 4 or 1)
            text = self._decoder.decode(block, final=not block)
            if self._only_returns:
                text = text.replace("\r", "\n")
            self._ready = text.encode("utf-8", errors="surrogatepass")
            if not block:
                break
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _keep_wrong(error: UnicodeError) -> tuple[str, int]:
    """Give what cannot be decoded as half a surrogate pair, which is not UTF-8 either."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


_KEEP: Final = "graphcrm.keep_wrong"
codecs.register_error(_KEEP, _keep_wrong)


def _by_mark(start: bytes) -> str:
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "")


def _utf16_without_mark(start: bytes) -> str:
    """UTF-16 has a NUL in each character of the first 256, always in the same place.

    A text of single bytes with stray NULs may have those so, too; but it begins like one.
    """
    if _PLAIN_START.match(start):
        return ""
    start = start[: len(start) // 2 * 2]
    even, odd = start[::2], start[1::2]
    for encoding, in_place, elsewhere in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if in_place.count(0) >= 2 and elsewhere.count(0) == 0:
            text = start.decode(encoding, errors="replace")
            controls = any(character < " " and character not in "\t\r\n" for character in text)
            if not controls and any(mark in text for mark in "\n\r,;\t|:"):
                return encoding
    return ""


class _Votes:
    """What the lines beyond ASCII say."""

    def __init__(self) -> None:
        self._utf8 = 0
        self._other = 0
        self._sample: list[bytes] = []
        self._sampled = 0
        self._rest = b""

    @property
    def stand(self) -> bool:
        """Whether further lines would change nothing."""
        return self._utf8 + self._other >= _ENOUGH_LINES

    def take(self, block: bytes) -> None:
        """Look at the next bytes."""
        if self.stand:
            return
        if block.isascii():
            self._rest = b""
            return
        lines = (self._rest + block).split(b"\n")
        # A line without an end within a block is judged by what of it is there.
        self._rest = lines.pop() if len(lines) > 1 else b""
        for line in lines:
            self._judge(line)

    def verdict(self) -> Likely:
        """Say what most lines are."""
        self._judge(self._rest)
        self._rest = b""
        if self._utf8 >= self._other:
            return Likely("utf-8")
        return most_likely(b"\n".join(self._sample))

    def _judge(self, line: bytes) -> None:
        if line.isascii():
            return
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and len(line) >= _BLOCK:
                return
            self._other += 1
            if self._sampled < _ENOUGH_BYTES:
                self._sample.append(line[:_ENOUGH_BYTES])
                self._sampled += len(line)
        else:
            self._utf8 += 1
