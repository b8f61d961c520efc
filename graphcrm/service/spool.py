"""Rows put aside on disk and given back sorted, so that memory does not grow with their number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["Spool"]

_BATCH: Final = 2_000


class Spool:
    """Named heaps of rows; a row is texts, and sorts by the bytes that its first two have in UTF-8.

    Parameters
    ----------
    path : Path
        A file that does not exist yet; it is removed on closing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Spool(Path(folder) / "spool") as spool:
    ...     spool.add("fruit", "pear", "", "green")
    ...     spool.add("fruit", "apple", "", "red")
    ...     list(spool.sorted("fruit"))
    [('apple', '', 'red'), ('pear', '', 'green')]
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        self._heaps: dict[str, int] = {}
        self._waiting: dict[str, list[tuple[str, str, str]]] = {}
        self._db = sqlite3.connect(self._path, isolation_level=None)
        # It is worth nothing after a crash; what it sorts beyond its cache it sorts on disk.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -16000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("BEGIN")

    def clear(self) -> None:
        """Forget all rows."""
        self.__exit__()
        self._open()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)

    def add(self, heap: str, first: str, second: str, row: str) -> None:
        """Put a row on a heap."""
        waiting = self._waiting.setdefault(heap, [])
        waiting.append((first, second, row))
        if len(waiting) >= _BATCH:
            self._write(heap)

    def sorted(self, heap: str) -> Iterator[tuple[str, str, str]]:
        """Give a heap's rows in order; none where there is no such heap."""
        self._write(heap)
        if heap in self._heaps:
            number = self._heaps[heap]
            with _as_of_a_disk():
                # Not by `yield from`, which would close the cursor of a spool that was given up and closed before.
                for row in self._db.execute(f"SELECT a, b, row FROM heap{number} ORDER BY a, b"):  # noqa: UP028
                    yield row

    def _write(self, heap: str) -> None:
        rows = self._waiting.pop(heap, None)
        if not rows:
            return
        with _as_of_a_disk():
            if heap not in self._heaps:
                self._heaps[heap] = len(self._heaps)
                self._db.execute(f"CREATE TABLE heap{self._heaps[heap]} (a TEXT, b TEXT, row TEXT)")
            self._db.executemany(f"INSERT INTO heap{self._heaps[heap]} VALUES (?, ?, ?)", rows)


@contextmanager
def _as_of_a_disk() -> Iterator[None]:
    """What can go wrong here is a full or broken disk."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"rows put aside: {error}") from None
