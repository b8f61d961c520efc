"""Which reader a file needs: told from its content, never from its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import Reader
from graphcrm.intake.readers.content import Content, contents_of, is_zip, split_path
from graphcrm.intake.readers.encodings import checked_encoding, find_encoding
from graphcrm.intake.readers.separated import CsvFile, find_dialect

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
        A file, or a way into one: ``exports.zip/customers.csv`` for a file of a zip.
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
    content = _content(path)
    kind = find_kind(content)
    if kind != "csv":
        raise InvalidInput(f"{content.name}: is {kind}.")
    encoding = find_encoding(content) if encoding is None else checked_encoding(encoding)
    dialect = find_dialect(content, encoding)
    return CsvFile(
        content,
        delimiter=delimiter or dialect.delimiter,
        overflow=overflow,
        encoding=encoding,
        quote=dialect.quote,
        columns=columns,
    )


def find_kind(content: Content) -> str:
    """Tell the format from the first bytes.

    Parameters
    ----------
    content : Content
        What is to be read.

    Returns
    -------
    str
        ``csv`` for separated values.

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
    text = start.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if _MARKUP.match(text):
        raise InvalidInput(f"{content.name}: is XML or HTML, which is not read; export CSV instead.")
    return "csv"


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
    """Whether a file stands at a path, or a zip's file at a way into the zip."""
    outer, inner = split_path(path)
    if not outer.is_file():
        return False
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
