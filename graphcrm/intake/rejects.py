"""The rejects of an import as a CSV file, for people to mend in a spreadsheet."""

from __future__ import annotations

import csv
import errno
import json
import os
from contextlib import suppress
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

    The rejects of an earlier run are taken away when the writer is opened; the file is begun at the first reject. A
    file that holds anything else is never touched.

    Parameters
    ----------
    path : path, optional
        Where to; None only counts.

    Raises
    ------
    InvalidInput
        If something stands at the path that is no file of rejects, or no file can be made there.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = Path(path) if path is not None else None
        self.count = 0
        self._file: TextIO | None = None
        if self.path is not None and not self._is_free(self.path):
            raise InvalidInput(
                f"{self.path}: is there already and holds no rejects; name another file for them.", field="rejects"
            )

    def __enter__(self) -> Self:
        if self.path is not None:
            try:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self.path.unlink(missing_ok=True)
                # Better told now than at the first reject, when much may have been written to the graph.
                if not os.access(self.path.parent, os.W_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            except OSError as error:
                raise self._cannot_write(error) from error
        return self

    def __call__(self, reject: Reject) -> None:
        """Write one."""
        self.count += 1
        if self.path is None:
            return
        row = json.dumps(reject.row, ensure_ascii=False, default=str)
        cells = (reject.file, str(reject.line), reject.column or "", reject.reason, row)
        try:
            if self._file is None:
                self._file = _begun(self.path)
                self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow([escape_formula(cell) for cell in cells])
        except OSError as error:
            raise self._cannot_write(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # each line was written at once; what a full disk did not take has been told
                self._file.close()

    def _is_free(self, path: Path) -> bool:
        """Whether there is nothing at a path, or what an earlier run wrote there."""
        begin = (",".join(HEADER) + "\n").encode()
        try:
            if not path.exists():
                return True
            if not path.is_file():  # a device or a pipe
                return False
            with path.open("rb") as file:
                return file.read(len(begin)) == begin
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> InvalidInput:
        return InvalidInput(
            f"Cannot write the rejects to {self.path} ({error.strerror}). Mend that or name another file for them, "
            "and run the same import again; what is in stays in.",
            field="rejects",
        )


def _begun(path: Path) -> TextIO:
    """A new file that has its header, for its owner's eyes; none is left where that cannot be written."""
    mine = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    file = os.fdopen(mine, "w", encoding="utf-8", errors="backslashreplace", newline="", buffering=1)
    try:
        file.write(",".join(HEADER) + "\n")
    except OSError:
        with suppress(OSError):
            file.close()
        path.unlink(missing_ok=True)
        raise
    return file
