"""Excel workbooks (.xlsx, .xls): one sheet as a table, read in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import OnReject, Reader, Reject, checked_header, titles_above
from graphcrm.intake.readers.content import Content

__all__ = ["ExcelFile"]

_READ_BY: Final = "graphcrm.intake.readers.sheets"
_SAMPLE_ROWS: Final = 200
"""Rows by which the header is found."""


class ExcelFile(Reader):
    """A sheet of a workbook; a row's line is its number in the sheet.

    Parameters
    ----------
    content : Content
        The bytes; its `part` names the sheet, the first one unless given.

    Raises
    ------
    InvalidInput
        If the workbook is damaged, protected, too large or not what it should be, the sheet is not there, or its first
        row that is not empty and no title cannot be a header.
    """

    kind = "excel"

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        self._done = False
        self._left_out: list[str] = []
        rows = self._rows()
        sample = list(islice(rows, _SAMPLE_ROWS))
        rows.close()
        if not sample:
            raise InvalidInput(f"{self.name}: is empty; the first row must name the columns.")
        number, fields = sample[titles_above(fields for _, fields in sample)]
        self.header = checked_header(f"{self.name}, row {number}: the header", fields)
        self._first = number
        if self._left_out:
            others = ", ".join(map(repr, self._left_out))
            self.notes += (f"has other sheets, which are not read: {others}; name one as {Path(self.name).name}/SHEET",)

    @property
    def offset(self) -> int:
        """All of the bytes when the sheet is read: how far it is before that cannot be told."""
        return self.size if self._done else 0

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows; see `Reader.rows`."""
        width = len(self.header)
        for number, fields in self._rows():
            if number <= self._first:
                continue
            if len(fields) > width:
                reason = f"has {len(fields)} fields where the header has {width}"
                on_reject(Reject(self.name, number, None, reason, fields))
            elif any("\0" in text for text in fields):
                on_reject(Reject(self.name, number, None, "has a NUL character", fields))
            else:
                fields += [""] * (width - len(fields))
                yield number, dict(zip(self.header, fields, strict=True))
        self._done = True
        self.content.check_unchanged()

    def _rows(self) -> Generator[tuple[int, list[str]], None, None]:
        with self.content.seekable() as stream:
            yield from self._read(stream)

    def _read(self, stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        command = [sys.executable, "-P", "-m", _READ_BY, self.content.part]
        # Neither passwords nor anything else of the product's settings is needed there.
        environment = {name: text for name, text in os.environ.items() if not name.startswith("GRAPHCRM_")}
        process = subprocess.Popen(
            command, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert process.stdout is not None
        with process, process.stdout:
            try:
                for line in process.stdout:
                    row = json.loads(line)
                    if isinstance(row, list):
                        yield row[0], row[1]
                    elif "reason" in row:
                        raise InvalidInput(f"{self.name}: {row['reason']}.")
                    else:
                        self._left_out = row["left_out"]
                if process.wait():
                    raise InvalidInput(f"{self.name}: is a workbook that is damaged, or too large for the memory.")
            finally:
                process.kill()
