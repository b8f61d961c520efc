"""Excel workbooks (.xlsx, .xls): one sheet as a table.

A workbook is held in memory while it is read, so that its size is bounded; it is looked through before it is opened,
as it is XML in a zip: what would expand without end, or is spread over a sheet of billions of empty cells, is refused.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import OnReject, Reject, StreamReader, checked_header, text_of
from graphcrm.intake.readers.content import Content
from graphcrm.limits import MAX_EXPANSION, MAX_SHEET_CELLS, MAX_WORKBOOK_BYTES

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

__all__ = ["ExcelFile"]

_BLOCK: Final = 1 << 20
_ALWAYS_EXPANDED: Final = 10_000_000
_OVERLAP: Final = 64
"""Bytes of one block that are looked at again with the next: what is searched for is shorter."""
_CELL: Final = re.compile(rb"""[\s]r\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")
_DECLARATIONS: Final = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_MIDNIGHT: Final = dt.time()


class ExcelFile(StreamReader):
    """A sheet of a workbook; a row's line is its number in the sheet.

    Parameters
    ----------
    content : Content
        The bytes; its `part` names the sheet, the first one unless given.

    Raises
    ------
    InvalidInput
        If the workbook is damaged, protected, too large or not what it should be, the sheet is not there, or its first
        row that is not empty cannot be a header.
    """

    kind = "excel"

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        with content.open() as stream:
            number, fields = next(self._rows_of(stream), (0, []))
        if not number:
            raise InvalidInput(f"{self.name}: is empty; the first row must name the columns.")
        self.header = checked_header(f"{self.name}, row {number}: the header", fields)
        self._first = number

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        width = len(self.header)
        for number, fields in self._rows_of(stream):
            if number <= self._first:
                continue
            if len(fields) > width:
                reason = f"has {len(fields)} fields where the header has {width}"
                on_reject(Reject(self.name, number, None, reason, fields))
                continue
            fields += [""] * (width - len(fields))
            if any("\0" in text for text in fields):
                on_reject(Reject(self.name, number, None, "has a NUL character", fields))
                continue
            yield number, dict(zip(self.header, fields, strict=True))

    def _rows_of(self, stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Rows that are not empty, by number, without the empty cells behind the last full one."""
        data = stream.read(MAX_WORKBOOK_BYTES + 1)
        if len(data) > MAX_WORKBOOK_BYTES:
            raise InvalidInput(f"{self.name}: is larger than {MAX_WORKBOOK_BYTES:,} bytes; save it as CSV.")
        if data.startswith(b"PK"):
            _Package(self.name, data).check()
        book = self._opened(data)
        names = book.sheet_names
        part = self.content.part
        if part and part not in names:
            raise InvalidInput(
                f"{self.content.path}: there is no sheet {part!r}; there are: {', '.join(names)}.", allowed=names
            )
        return self._sheet_rows(book, part or next(iter(names), ""))

    def _sheet_rows(self, book: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
        if not name:
            return
        with _Damage(self.name):
            sheet = book.get_sheet_by_name(name)
            start, end = sheet.start or (0, 0), sheet.end or (0, 0)
        if (end[0] - start[0] + 1) * (end[1] - start[1] + 1) > MAX_SHEET_CELLS:
            raise InvalidInput(f"{self.name}: has more than {MAX_SHEET_CELLS:,} cells; save it as CSV.")
        # The empty rows before the first full one are given too, the empty columns are not.
        for number, values in enumerate(sheet.iter_rows(), 1):
            fields = [_cell(value) for value in values]
            while fields and not fields[-1].strip():
                fields.pop()
            if fields:
                yield number, fields

    def _opened(self, data: bytes) -> CalamineWorkbook:
        from python_calamine import CalamineWorkbook, PasswordError

        try:
            with _Damage(self.name):
                return CalamineWorkbook.from_filelike(io.BytesIO(data))
        except PasswordError as error:
            raise InvalidInput(f"{self.name}: is protected by a password; save it without.") from error


class _Damage:
    """Turns what the library finds wrong into one error."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from python_calamine import CalamineError, PasswordError

        if isinstance(error, PasswordError) or error is None or isinstance(error, InvalidInput):
            return
        # A fault in the library's own code comes as pyo3's PanicException, which is no Exception.
        if isinstance(error, (CalamineError, OSError, ValueError)) or type(error).__name__ == "PanicException":
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InvalidInput(f"{self._name}: is a workbook that is damaged or cut off ({reason}).") from error


class _Package:
    """A workbook as a zip of XML, looked through before anything takes it apart."""

    def __init__(self, name: str, data: bytes) -> None:
        self._name = name
        self._data = data
        self._expanded = 0

    def check(self) -> None:
        """Refuse what is no .xlsx, or would not fit into memory."""
        try:
            with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
                names = archive.namelist()
                if not any(name.lower().startswith("xl/") for name in names):
                    raise InvalidInput(f"{self._name}: is no workbook that is read; save it as .xlsx or CSV.")
                for info in archive.infolist():
                    if info.flag_bits & 1:
                        raise InvalidInput(f"{self._name}: is encrypted; save it without a password.")
                    with archive.open(info) as member:
                        self._check_member(info.filename.lower(), member)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise InvalidInput(f"{self._name}: is a workbook that is damaged or cut off ({error}).") from error

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
                raise InvalidInput(f"{self._name}: has XML with declarations of its own, as no workbook needs.")
            if is_sheet:
                cells += text.count(b"<c") + text.count(b":c ")
                for letters, digits in _CELL.findall(text):
                    rows = max(rows, int(digits))
                    columns = max(columns, _column(letters))
                if max(1, rows) * max(1, columns) > MAX_SHEET_CELLS or cells > MAX_SHEET_CELLS:
                    raise InvalidInput(f"{self._name}: has a sheet of more than {MAX_SHEET_CELLS:,} cells; save CSV.")

    def _count(self, size: int) -> None:
        self._expanded += size
        if self._expanded > max(_ALWAYS_EXPANDED, MAX_EXPANSION * len(self._data)):
            raise InvalidInput(
                f"{self._name}: expands to more than {MAX_EXPANSION} times its size, as no workbook does."
            )
        if self._expanded > MAX_WORKBOOK_BYTES:
            raise InvalidInput(f"{self._name}: expands to more than {MAX_WORKBOOK_BYTES:,} bytes; save it as CSV.")


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
