"""The rejects of an import as a CSV file, for people to mend in a spreadsheet."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import Reject

__all__ = ["HEADER", "RejectWriter", "escape_formula"]

HEADER: Final = ("file", "line", "column", "reason", "row")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def escape_formula(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula.

    Parameters
    ----------
    text : str
        The value of a cell.

    Returns
    -------
    str
        The value, after an apostrophe where a spreadsheet would calculate it.

    References
    ----------
    OWASP, CSV Injection.

    Examples
    --------
    >>> escape_formula("=1+1")
    "'=1+1"
    >>> escape_formula("1+1")
    '1+1'
    """
    return "'" + text if text.startswith(_FORMULA) else text


class RejectWriter:
    """Writes rejects as they come, each at once, so that a killed import leaves those it met.

    The file is begun (and an older one replaced) when the writer is opened, and taken away if it stayed empty.

    Parameters
    ----------
    path : path, optional
        Where to; None only counts.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = Path(path) if path is not None else None
        self.count = 0
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self.path is not None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="", buffering=1)
            except OSError as error:
                raise InvalidInput(
                    f"Cannot write the rejects to {self.path} ({error.strerror}).", field="rejects"
                ) from error
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(HEADER)
        return self

    def __call__(self, reject: Reject) -> None:
        """Write one."""
        self.count += 1
        if self._file is not None:
            row = json.dumps(reject.row, ensure_ascii=False, default=str)
            cells = (reject.file, str(reject.line), reject.column or "", reject.reason, row)
            self._writer.writerow([escape_formula(cell) for cell in cells])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None and self.path is not None:
            self._file.close()
            if not self.count:
                self.path.unlink(missing_ok=True)
