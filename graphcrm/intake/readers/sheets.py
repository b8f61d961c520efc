"""A workbook's rows, written to standard output: what `graphcrm.intake.readers.excel` runs in a process of its own.

A workbook is XML in a zip, or a file system in a file, and its library has to hold it in memory: a hostile one can make
the library ask for more memory than there is, which ends the process. So the process is this one, its memory and time
are bounded, and what would expand without end or is spread over billions of empty cells is refused before it is opened.

It writes a JSON object with the names of the sheets that are left out, and a list for each row: its number and its
texts; or, last, an object with the reason why it cannot.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn

from graphcrm.intake.readers.base import text_of
from graphcrm.limits import MAX_EXPANSION, MAX_SHEET_CELLS, MAX_WORKBOOK_BYTES

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

__all__ = ["Refused", "main"]

MEMORY_BYTES: Final = 4_000_000_000
CPU_SECONDS: Final = 300

_BLOCK: Final = 1 << 20
_ALWAYS_EXPANDED: Final = 10_000_000
_OVERLAP: Final = 64
"""Bytes of one block that are looked at again with the next: what is searched for is shorter."""
_CELL: Final = re.compile(rb"""[\s]r\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")
_DECLARATIONS: Final = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_MIDNIGHT: Final = dt.time()


class Refused(Exception):
    """Why a workbook is not read, as the end of a sentence."""


def main(sheet: str) -> None:
    """Read a workbook from standard input and write the rows of a sheet, the first one where none is named."""
    bounds = ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_CORE, 0))
    for kind, bound in bounds:
        with suppress(ValueError, OSError):  # not every system bounds all of them
            resource.setrlimit(kind, (bound, bound))
    try:
        book = _opened(sys.stdin.buffer.read(MAX_WORKBOOK_BYTES + 1))
        chosen = _chosen(book.sheet_names, sheet)
        print(json.dumps({"left_out": [] if sheet else book.sheet_names[1:]}))
        for row in _rows(book, chosen) if chosen else ():
            print(json.dumps(row))
    except Refused as error:
        print(json.dumps({"reason": str(error)}))


def _chosen(names: list[str], sheet: str) -> str | None:
    """The sheet of a name, or the first one where none is named."""
    if sheet and sheet not in names:
        raise Refused(f"has no sheet {sheet!r}; there are: {', '.join(names)}")
    return sheet or next(iter(names), None)


def _rows(book: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet that are not empty: their numbers, and their cells without the empty ones at the end."""
    from python_calamine import CalamineError

    try:
        sheet = book.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        _damaged(error)
    (top, left), (bottom, right) = sheet.start or (0, 0), sheet.end or (0, 0)
    if (bottom - top + 1) * (right - left + 1) > MAX_SHEET_CELLS:
        raise Refused(f"has more than {MAX_SHEET_CELLS:,} cells; save it as CSV")
    # The empty rows before the first full one are given too, the empty columns are not.
    for number, values in enumerate(sheet.iter_rows(), 1):
        fields = [_cell(value) for value in values]
        while fields and not fields[-1].strip():
            fields.pop()
        if fields:
            yield number, fields


def _opened(data: bytes) -> CalamineWorkbook:
    """The workbook, when it is known to be none that would not fit into memory."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    if len(data) > MAX_WORKBOOK_BYTES:
        raise Refused(f"is larger than {MAX_WORKBOOK_BYTES:,} bytes; save it as CSV")
    if data.startswith(b"PK"):
        _Package(data).check()
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise Refused("is protected by a password; save it without") from None
    except (CalamineError, OSError, ValueError) as error:
        _damaged(error)


def _damaged(error: Exception) -> NoReturn:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    raise Refused(f"is a workbook that is damaged or cut off ({reason})")


class _Package:
    """A workbook as a zip of XML, looked through before anything takes it apart."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._expanded = 0

    def check(self) -> None:
        """Refuse what is no .xlsx, or would not fit into memory."""
        try:
            with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
                names = archive.namelist()
                if not any(name.lower().startswith("xl/") for name in names):
                    raise Refused("is no workbook that is read; save it as .xlsx or CSV")
                for info in archive.infolist():
                    if info.flag_bits & 1:
                        raise Refused("is encrypted; save it without a password")
                    with archive.open(info) as member:
                        self._check_member(info.filename.lower(), member)
        # A RuntimeError of the library means a way of packing that it does not know.
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            _damaged(error)

    def _check_member(self, name: str, member: Any) -> None:
        is_xml = name.endswith((".xml", ".rels", ".vml"))
        is_sheet = name.startswith("xl/worksheets/") and is_xml
        rows = columns = cells = 0
        before = b""
        while block := member.read(_BLOCK):
            self._count(len(block))
            # XML may be in UTF-16, where each of these letters has a NUL beside it.
            text = before + block.replace(b"\0", b"")
            before = text[-_OVERLAP:]
            if is_xml and _DECLARATIONS.search(text):
                raise Refused("has XML with declarations of its own, as no workbook needs")
            if is_sheet:
                cells += text.count(b"<c") + text.count(b":c ")
                for letters, digits in _CELL.findall(text):
                    rows = max(rows, int(digits))
                    columns = max(columns, _column(letters))
                if max(1, rows) * max(1, columns) > MAX_SHEET_CELLS or cells > MAX_SHEET_CELLS:
                    raise Refused(f"has a sheet of more than {MAX_SHEET_CELLS:,} cells; save CSV")

    def _count(self, size: int) -> None:
        self._expanded += size
        if self._expanded > max(_ALWAYS_EXPANDED, MAX_EXPANSION * len(self._data)):
            raise Refused(f"expands to more than {MAX_EXPANSION} times its size, as no workbook does")
        if self._expanded > MAX_WORKBOOK_BYTES:
            raise Refused(f"expands to more than {MAX_WORKBOOK_BYTES:,} bytes; save it as CSV")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _cell(value: Any) -> str:
    if isinstance(value, dt.datetime):
        # A day in a sheet is a time at midnight that is shown without the time.
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat()
    if isinstance(value, dt.timedelta):
        return text_of(value.total_seconds())
    return text_of(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
