"""Which reader a file needs: told from its content, never from its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import Reader
from graphcrm.intake.readers.content import Content, contents_of, is_zip, split_path
from graphcrm.intake.readers.encodings import called, checked_encoding, find_encoding, judge_encoding
from graphcrm.intake.readers.events import CalendarFile
from graphcrm.intake.readers.excel import ExcelFile
from graphcrm.intake.readers.jsondocument import JsonDocument, is_document
from graphcrm.intake.readers.jsonlines import JsonLinesFile
from graphcrm.intake.readers.mail import MaildirFolder, MboxFile, MessageFile, is_maildir
from graphcrm.intake.readers.parquet import ParquetFile
from graphcrm.intake.readers.people import PART as ADDRESSES
from graphcrm.intake.readers.people import AddressesOf
from graphcrm.intake.readers.separated import CsvFile, find_dialect
from graphcrm.intake.readers.vcard import VCardFile

__all__ = ["files_in", "find_kind", "is_there", "open_file"]

_START: Final = 65_536
_MAGIC: Final = (
    (b"%PDF", "a PDF"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ\x00", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3", "a database"),
)
_BINARY: Final = ((b"PAR1", "parquet"), (b"PK\x03\x04", "excel"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"))
_PATTERNS: Final = (
    (re.compile(r"BEGIN:VCARD\s*$", re.IGNORECASE | re.MULTILINE), "vcard"),
    (re.compile(r"BEGIN:VCALENDAR\s*$", re.IGNORECASE | re.MULTILINE), "calendar"),
    (re.compile(r"\{\s*[\"}]"), "jsonl"),
    (re.compile(r"From \S[^\n]*\d\d:\d\d[^\n]*\n"), "mbox"),
    # A message's first lines are headers, and one of them is what only a message has.
    (
        re.compile(
            r"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:From|Date|Message-ID|MIME-Version|Received):[ \t]", re.I
        ),
        "eml",
    ),
)
_JSON_LIST: Final = re.compile(r"\[\s*[{\]]")
_TEXTS: Final = ("json", "jsonl", "vcard", "calendar")
_WITH_PARTS: Final = ("excel", "json")
_WITH_ADDRESSES: Final = ("mbox", "eml", "maildir", "calendar")
_READERS: Final[dict[str, Callable[[Content, str], Reader]]] = {
    "json": JsonDocument,
    "jsonl": JsonLinesFile,
    "vcard": VCardFile,
    "calendar": CalendarFile,
    "mbox": lambda content, _: MboxFile(content),
    "eml": lambda content, _: MessageFile(content),
    "excel": lambda content, _: ExcelFile(content),
    "parquet": lambda content, _: ParquetFile(content),
}
_MARKUP: Final = re.compile(r"<(\?xml|!doctype|html|table|head|meta)\b", re.IGNORECASE)


def open_file(
    path: Path,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    overflow: str | None = None,
    columns: Sequence[str] | None = None,
) -> Reader:
    """Open a file by what it holds.

    Parameters
    ----------
    path : Path
        A file or Maildir folder, or a way into one: ``exports.zip/customers.csv`` for a file of a zip,
        ``book.xlsx/Sheet2`` for a sheet, ``export.json/orders`` for one of several lists, ``inbox.mbox/addresses`` for
        who is named in a mailbox or calendar.
    delimiter : str, optional
        The character between two fields of separated values; found unless given.
    encoding : str, optional
        What a text is in; found unless given.
    overflow, columns : optional
        See `CsvFile`; for separated values.

    Returns
    -------
    Reader
        Its `kind` says which.

    Raises
    ------
    InvalidInput
        If the file cannot be read, is in no format that is known, or holds nothing to read.
    """
    if path.is_dir() or (path.parent.is_dir() and is_maildir(path.parent) and not path.exists()):
        return _folder(path)
    content = _content(path)
    kind = find_kind(content)
    if content.packing != "none":
        find_encoding(content)  # reads it to its end, so that damage is noticed before anything is made of it
    if kind == "csv" or (kind in _TEXTS and (delimiter or overflow or columns)):
        return _separated(content, delimiter, encoding, overflow, columns)
    reader = _READERS[kind](content, _encoding(content, encoding) if kind in _TEXTS else "")
    if kind in _TEXTS:
        reader.notes += _doubts(content, encoding)
    return _part_of(reader)


def _separated(
    content: Content,
    delimiter: str | None,
    encoding: str | None,
    overflow: str | None,
    columns: Sequence[str] | None,
) -> CsvFile:
    found = _encoding(content, encoding)
    dialect = find_dialect(content, found, delimiter)
    file = CsvFile(
        content,
        delimiter=dialect.delimiter,
        overflow=overflow,
        encoding=found,
        quote=dialect.quote,
        columns=columns or (None if overflow else dialect.columns),
        # Who says how wide rows are has looked at the file: a header may then be much narrower than they are.
        titles=0 if overflow or columns else dialect.titles,
    )
    if dialect.columns and not columns and not overflow:
        file.notes += ("has no header, since its first row looks like data: columns have the names of what they hold",)
    file.notes += _doubts(content, encoding)
    return file


def _doubts(content: Content, given: str | None) -> tuple[str, ...]:
    """What is to be said of an encoding that was only guessed."""
    if given is not None:
        return ()
    likely = judge_encoding(content)
    if likely.encoding.startswith("utf-"):
        return ()
    if likely.other:
        also = f", but {called(likely.other)} is nearly as likely: look at names with accents, and say --encoding"
        return (f"is read as {called(likely.encoding)}{also}",)
    return (f"is read as {called(likely.encoding)}, in which its letters make sense; --encoding says otherwise",)


def _encoding(content: Content, given: str | None) -> str:
    return find_encoding(content) if given is None else checked_encoding(given)


def _part_of(reader: Reader) -> Reader:
    """Give the table of a reader that its content's part names."""
    part = reader.content.part
    if not part or reader.kind in _WITH_PARTS:
        return reader
    parts = [ADDRESSES] if reader.kind in _WITH_ADDRESSES else []
    if part not in parts:
        raise InvalidInput(f"{reader.name}: {reader.path} holds no {part!r}.", field="paths", allowed=parts)
    return AddressesOf(reader)


def _folder(path: Path) -> Reader:
    folder, part = (path, "") if path.is_dir() else (path.parent, path.name)
    if not is_maildir(folder):
        raise InvalidInput(f"{path}: is a folder, and no Maildir; name the files in it.", field="paths")
    return _part_of(MaildirFolder(folder, part))


def find_kind(content: Content) -> str:
    """Tell the format from the first bytes.

    Parameters
    ----------
    content : Content
        What is to be read.

    Returns
    -------
    str
        ``csv`` for separated values (and whatever is no other format), ``json``, ``jsonl``, ``excel``, ``parquet``,
        ``vcard``, ``mbox``, ``eml`` or ``calendar``.

    Raises
    ------
    InvalidInput
        If it is empty, or in a format that is not read.
    """
    with content.open() as stream:
        start = stream.read(_START)
    for magic, what in _MAGIC:
        if start.startswith(magic):
            raise InvalidInput(f"{content.name}: is {what}, which is not read; export CSV instead.")
    for magic, kind in _BINARY:
        if start.startswith(magic):
            return kind
    text = _as_text(content, start)
    if _MARKUP.match(text):
        raise InvalidInput(f"{content.name}: is XML or HTML, which is not read; export CSV instead.")
    if _JSON_LIST.match(text):
        return "json"
    kind = next((kind for pattern, kind in _PATTERNS if pattern.match(text)), "csv")
    return "json" if kind == "jsonl" and is_document(text) else kind


def _as_text(content: Content, start: bytes) -> str:
    encoding = find_encoding(content) if b"\0" in start else "utf-8"
    text = start.decode(encoding, errors="replace").lstrip("\ufeff \t\r\n")
    return text if "\n" in text else text.replace("\r", "\n")


def files_in(path: Path) -> list[Path]:
    """List the files that a path leads to: those of a zip as ways into it, else the path itself.

    Raises
    ------
    InvalidInput
        If the zip is damaged, encrypted, or holds nothing, too much or paths that lead out of it.
    """
    outer, inner = split_path(path)
    if inner or not is_zip(outer):
        return [path]
    return [outer / content.member for content in contents_of(outer)]


def is_there(path: Path) -> bool:
    """Whether a file or Maildir folder stands at a path, or the path leads to a part of one."""
    outer, inner = split_path(path)
    if not outer.is_file():
        return is_maildir(outer) or (outer.name == ADDRESSES and is_maildir(outer.parent))
    return not inner or not is_zip(outer) or any(_is_of(inner, content) for content in contents_of(outer))


def _content(path: Path) -> Content:
    outer, inner = split_path(path)
    contents = contents_of(outer)
    if contents[0].packing != "zip":
        return Content.of_file(outer, inner)
    found = [content for content in contents if not inner or _is_of(inner, content)]
    if len(found) != 1:
        names = [content.member for content in contents]
        what = f"holds no file {inner}" if inner else "holds several files; name one of them after a /"
        raise InvalidInput(f"{outer}: {what}; there are: {', '.join(names[:20])}.", field="paths", allowed=names)
    return found[0].at(inner.removeprefix(found[0].member).lstrip("/"))


def _is_of(inner: str, content: Content) -> bool:
    return inner == content.member or inner.startswith(content.member + "/")
