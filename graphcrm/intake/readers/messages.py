"""One e-mail message as a flat row, whatever its character sets, dates and addresses look like."""

from __future__ import annotations

import binascii
import datetime as dt
import html
import quopri
import re
from collections.abc import Iterable
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from typing import Final

from graphcrm.intake.readers.columns import one_line, short_id
from graphcrm.intake.readers.threads import Threads
from graphcrm.limits import MAX_TEXT_LENGTH

__all__ = ["COLUMNS", "Unreadable", "decoded_bytes", "decoded_words", "mail_address", "reply_of", "row_of"]

COLUMNS: Final = (
    "id",
    "message_id",
    "thread_id",
    "date",
    "from",
    "from_name",
    "to",
    "to_names",
    "cc",
    "cc_names",
    "receivers",
    "subject",
    "in_reply_to",
    "references",
    "text",
)
"""The columns of a message, in order."""

_MAX_PARTS: Final = 100
_LINKS: Final = re.compile(
    rb"^(?:message-id|in-reply-to|references)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")
_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_GAP: Final = re.compile(r"(?<=\?=)[ \t\r\n]+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_ID: Final = re.compile(r"<([^<>\s]+)>")
_ADDRESS: Final = re.compile(r"[^\s@<>|,;]+@[^\s@<>|,;]+")
_HIDDEN: Final = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")


class Unreadable(ValueError):
    """A message that is none."""


def row_of(data: bytes, envelope: str = "", threads: Threads | None = None) -> dict[str, str]:
    """Make the row of a message.

    Parameters
    ----------
    data : bytes
        The message, headers first; what a very long one lacks at its end is missed in `text` alone.
    envelope : str
        The line by which a mailbox begins a message; its time stands in for a missing date.
    threads : Threads, optional
        What the replies of its mailbox answer.

    Returns
    -------
    dict of str to str
        By `COLUMNS`: addresses in lower case, times in UTC, lists separated by ``|``. ``receivers`` are those of
        ``to`` and ``cc`` without the sender; ``id`` is the message's, else a digest of its headers; ``thread_id`` is
        the id of the message that began the thread. What cannot be read is empty.

    Raises
    ------
    Unreadable
        If there is neither a sender, a receiver nor an id.
    """
    try:
        # Parts within parts take time for each line and level, so that a message of nothing else is not taken apart.
        is_plain = data.count(b"boundary") <= _MAX_PARTS
        message = message_from_bytes(data) if is_plain else BytesHeaderParser().parsebytes(data)
        headers = _headers(message)
        row = _row(headers, envelope)
    except RecursionError:
        raise Unreadable("is nested too deep") from None
    if not (row["from"] or row["receivers"] or row["message_id"]):
        raise Unreadable("has neither a sender, a receiver nor an id, and so is no message")
    row["id"] = short_id(row["message_id"]) or "mail-" + sha256(repr(sorted(headers.items())).encode()).hexdigest()[:40]
    first = row["references"].split("|")[0] or row["in_reply_to"] or row["message_id"]
    row["thread_id"] = short_id((threads or Threads()).root(first)) or row["id"]
    try:
        row["text"] = _text(message) if is_plain else ""
    except (RecursionError, LookupError, ValueError):  # a body that cannot be taken apart
        row["text"] = ""
    return row


def reply_of(data: bytes) -> tuple[str, str]:
    """Tell the id of a message, and of the earliest message that it says it answers; empty where it says none.

    Examples
    --------
    >>> reply_of(b"Message-ID: <2@x>\\nReferences: <0@x>\\n <1@x>\\n\\nText")
    ('2@x', '0@x')
    """
    end = _END_OF_HEADERS.search(data)
    links = b"".join(_LINKS.findall((data[: end.start()] if end else data) + b"\n"))
    headers = _headers(BytesHeaderParser().parsebytes(links))
    return _message_id(headers), next(iter([*_references(headers), *_answered(headers)]), "")


def decoded_words(text: str) -> str:
    """Undo the encoded words of a header (RFC 2047) and raw bytes in it.

    Parameters
    ----------
    text : str
        As `email` gives it, bytes beyond ASCII as surrogates.

    Returns
    -------
    str
        On one line; words in an unknown character set, and what is no word, as far as it can be read.

    Examples
    --------
    >>> decoded_words("=?utf-8?B?546L?= =?utf-8?Q?=E5=B0=8F_Ann?= <x>")
    '王小 Ann <x>'
    """
    parts: list[tuple[str, bytes]] = []
    position = 0
    text = _GAP.sub("", text)
    for word in _WORD.finditer(text):
        data = _word_bytes(word[2], word[3])
        if data is None:
            continue
        if word.start() > position:
            parts.append(("", text[position : word.start()].encode("utf-8", "surrogateescape")))
        charset = word[1].partition("*")[0].lower()
        if parts and parts[-1][0] == charset and word.start() == position:
            data = parts.pop()[1] + data  # a character may be spread over two words
        parts.append((charset, data))
        position = word.end()
    parts.append(("", text[position:].encode("utf-8", "surrogateescape")))
    return one_line("".join(decoded_bytes(data, charset) for charset, data in parts))


def decoded_bytes(data: bytes, charset: str = "") -> str:
    """Decode bytes by what they say to be in, else by what they can be in.

    Examples
    --------
    >>> decoded_bytes("é".encode("latin-1"), "no-such-set")
    'é'
    """
    for encoding in (charset or "utf-8", "utf-8", "cp1252"):
        try:
            return data.decode(encoding).replace("\0", "")
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1").replace("\0", "")


def mail_address(text: str) -> str:
    """Take an address out of what stands around it, in lower case; empty where there is none.

    Examples
    --------
    >>> mail_address("mailto:Ann@Example.COM"), mail_address("undisclosed-recipients:;")
    ('ann@example.com', '')
    """
    text = text.strip()
    text = text[7:] if text[:7].lower() == "mailto:" else text
    return text.lower() if _ADDRESS.fullmatch(text) else ""


def _headers(message: Message) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), []).append(str(value)[:MAX_TEXT_LENGTH])
    return headers


def _row(headers: dict[str, list[str]], envelope: str) -> dict[str, str]:
    senders = _people(headers.get("from", []) or headers.get("sender", []))
    to, cc = _people(headers.get("to", [])), _people(headers.get("cc", []))
    sender = next(iter(senders), "")
    return dict.fromkeys(COLUMNS, "") | {
        "message_id": _message_id(headers),
        "date": _date(headers, envelope),
        "from": sender,
        "from_name": senders.get(sender, ""),
        "to": "|".join(to),
        "to_names": "|".join(to.values()),
        "cc": "|".join(cc),
        "cc_names": "|".join(cc.values()),
        "receivers": "|".join(address for address in {**to, **cc} if address != sender),
        "subject": _first(headers, "subject"),
        "in_reply_to": next(iter(_answered(headers)), ""),
        "references": "|".join(_references(headers)),
    }


def _message_id(headers: dict[str, list[str]]) -> str:
    text = _first(headers, "message-id")
    return next(iter(_ID.findall(text)), text)


def _answered(headers: dict[str, list[str]]) -> list[str]:
    return _ID.findall(_first(headers, "in-reply-to"))


def _references(headers: dict[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(_ID.findall(_first(headers, "references"))))


def _first(headers: dict[str, list[str]], name: str) -> str:
    return decoded_words(headers[name][0]) if name in headers else ""


def _people(values: Iterable[str]) -> dict[str, str]:
    """Addresses with their names, each once; a name in another place fills one that is missing."""
    found: dict[str, str] = {}
    for name, address in getaddresses([" ".join(value.split()) for value in values]):
        if address := mail_address(decoded_words(address)):
            name = decoded_words(name).replace("|", " ").strip(" '\"")
            found[address] = found.get(address) or ("" if name.lower() == address else name)
    return found


def _date(headers: dict[str, list[str]], envelope: str) -> str:
    """The message's own time, else the first server's, else the mailbox's."""
    received = [value.rpartition(";")[2] for value in reversed(headers.get("received", []))]
    for text in (*headers.get("date", []), *received, " ".join(envelope.split()[2:])):
        try:
            when = parsedate_to_datetime(one_line(text))
            when = when.astimezone(dt.UTC) if when.tzinfo else when.replace(tzinfo=dt.UTC)
        except (TypeError, ValueError, OverflowError, IndexError):
            continue
        return when.isoformat().replace("+00:00", "Z")
    return ""


def _word_bytes(kind: str, text: str) -> bytes | None:
    data = text.encode("ascii", "ignore")
    if kind in "qQ":
        return quopri.decodestring(data.replace(b"_", b" "), header=True)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4)) or None
    except binascii.Error:
        return None


def _text(message: Message) -> str:
    """The body to read: the first plain text, else the first HTML without its tags."""
    markup = ""
    for part in message.walk():
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
            continue
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        text = decoded_bytes(payload, part.get_content_charset("")).replace("\r\n", "\n").strip()
        if kind == "text/plain" and text:
            return text[:MAX_TEXT_LENGTH]
        markup = markup or text
    plain = html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", markup)))
    return "\n".join(line for raw in plain.splitlines() if (line := " ".join(raw.split())))[:MAX_TEXT_LENGTH]
