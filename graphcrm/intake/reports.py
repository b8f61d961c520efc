"""What an import tells of itself: what became of the rows of each file, and of all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["FileReport", "ImportReport"]


@dataclass(slots=True)
class FileReport:
    """What became of the rows of one file: `read` is always the sum of the next four.

    A file that a mapping reads as several tables has a report for each.

    Parameters
    ----------
    file, table : str
        Which file, read as which table.
    read, created, updated, unchanged, rejected : int
        Rows.
    repeated : int
        Rows among these that say in every column what an earlier one says. Where rows are numbered, as the lines of
        an order, each of them is kept; else they are unchanged, or rejected with the first.
    flagged : int
        Rows that are in with a value that could not be cleaned.
    notes : tuple of str
        What was guessed or decided of the file, such as its encoding or the order of day and month.
    """

    file: str
    table: str
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    repeated: int = 0
    flagged: int = 0
    notes: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse to report counts that do not add up."""
        assert self.read == self.created + self.updated + self.unchanged + self.rejected, self


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Parameters
    ----------
    files : list of FileReport
        In the order in which they were read.
    dry_run : bool
        Whether it only said what would happen.
    rejects_path : Path, optional
        The CSV file of rejected rows; None where no row was rejected, or none was asked for.
    merged : int, optional
        Parties that were merged into others afterwards; None where nobody asked for that.
    """

    files: list[FileReport]
    dry_run: bool
    rejects_path: Path | None
    merged: int | None = None

    @property
    def read(self) -> int:
        """Rows of all files."""
        return sum(file.read for file in self.files)

    @property
    def created(self) -> int:
        """Rows that were new."""
        return sum(file.created for file in self.files)

    @property
    def updated(self) -> int:
        """Rows that changed what was there."""
        return sum(file.updated for file in self.files)

    @property
    def unchanged(self) -> int:
        """Rows that were in already."""
        return sum(file.unchanged for file in self.files)

    @property
    def rejected(self) -> int:
        """Rows that did not come in."""
        return sum(file.rejected for file in self.files)

    @property
    def repeated(self) -> int:
        """Rows that say what an earlier one of their file says."""
        return sum(file.repeated for file in self.files)

    @property
    def flagged(self) -> int:
        """Rows with a value that could not be cleaned."""
        return sum(file.flagged for file in self.files)
