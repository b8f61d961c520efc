"""An import under way: how far it is, kept in its entry, and whether it has to stop."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from graphcrm.errors import Cancelled, NotFound, StoreError

if TYPE_CHECKING:
    from graphcrm.intake.importer import FileReport, Progress

__all__ = ["Run", "digests"]

_log = logging.getLogger(__name__)

_EVERY_S: Final = 3.0
"""Seconds between two notes of how far a job is. Each also renews the claim, and asks whether to stop."""
_CHUNK: Final = 1 << 20
_STOPPED: Final = "the service is going down; the import goes on when it is back"

Renew = Callable[[Mapping[str, Any]], str | None]
"""Notes changes in a job's entry; gives the reason to stop, if there is one."""


class Run:
    """Keeps the entry of an import up to date while it runs, from a thread of its own.

    Parameters
    ----------
    renew : callable
        Notes changes in the entry, and says why to stop.
    paths : sequence of Path
        What the import reads: their sizes tell how much of it is done.
    progress : callable, optional
        Also told.
    stop : threading.Event, optional
        Set when it is to stop after the batch that is being written, to go on another time.
    """

    def __init__(
        self,
        renew: Renew,
        paths: Sequence[Path],
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._renew = renew
        self._stop = stop
        self._told = progress
        self._sizes = {str(path): path.stat().st_size for path in _files(paths)}
        self._rows: dict[str, int] = {}
        self._share = 0.0
        self._reason: str | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="graphcrm-job", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def progress(self, file: str, rows: int, share: float) -> None:
        """Take note of a batch that is in.

        Parameters
        ----------
        file : str
            The file being read.
        rows : int
            Rows of it that are done.
        share : float
            About what share of the file that is.

        Raises
        ------
        Cancelled
            The import has to stop here.
        """
        self._rows[file] = rows
        done = sum(size for name, size in self._sizes.items() if name in self._rows and name != file)
        done_share = (done + share * self._sizes.get(file, 0)) / max(1, sum(self._sizes.values()))
        self._share = max(self._share, min(0.999, done_share))
        if self._told:
            self._told(file, rows, share)
        if self.is_stopping:
            raise Cancelled(_STOPPED)
        if self._reason is not None:
            raise Cancelled(self._reason)

    @property
    def is_stopping(self) -> bool:
        """Whether it stops to go on another time."""
        return self._stop is not None and self._stop.is_set()

    def so_far(self) -> dict[str, Any]:
        """What an entry says of an import that is not through: its counts are not known yet."""
        unknown = dict.fromkeys(
            ("table", "created", "updated", "unchanged", "rejected", "repeated", "flagged", "sha256")
        )
        files = [{"file": file, "read": rows} | unknown for file, rows in self._rows.copy().items()]
        return {"progress": self._share, "files": json.dumps(files, ensure_ascii=False)}

    def _keep(self) -> None:
        while not self._over.wait(_EVERY_S):
            try:
                self._reason = self._reason or self._renew(self.so_far())
            except NotFound:
                self._reason = "its entry was deleted"
            except StoreError as error:  # the import meets the same, and decides
                _log.warning("a job's entry could not be renewed: %s", error.message)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files at some paths, those in folders included."""
    for path in paths:
        if path.is_dir():
            yield from (child for child in path.rglob("*") if child.is_file())
        elif path.is_file():
            yield path


def digests(reports: Sequence[FileReport], paths: Sequence[Path]) -> Iterator[tuple[FileReport, str | None]]:
    """Add to the reports of an import the SHA-256 of what each was read from.

    Parameters
    ----------
    reports : sequence of FileReport
        From the import.
    paths : sequence of Path
        What it was given. A report may name a part of one of them: a member of an archive, a sheet.

    Yields
    ------
    tuple of FileReport and str or None
        Each report, and the digest in hexadecimal; None where no file can be told.
    """
    known: dict[Path, str | None] = {}
    for report in reports:
        named = Path(report.file)
        origin = named if named.is_file() else next((p for p in paths if report.file.startswith(str(p))), None)
        if origin is not None and origin not in known:
            known[origin] = _digest(origin)
        yield report, known.get(origin) if origin is not None else None


def _digest(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:  # it went away, or is a folder
        return None
    return digest.hexdigest()
