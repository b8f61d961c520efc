"""Who does what: a process's name in the product's books, and whether another that stands there still runs.

What one process alone may do (run an import, deliver a webhook's events) is claimed in the graph by a name and a time
until which the claim holds. A claim is renewed while the work goes on, so a dead process loses it in the end. Another
process on the same data folder need not wait for that: each holder keeps a file locked, and the operating system gives
a lock up at once when its process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

from graphcrm.errors import InvalidInput

__all__ = ["LEASE", "Holder"]

LEASE: Final = timedelta(seconds=60)
"""For how long a claim holds that nobody renews; clocks of several machines may differ by less."""


class Holder:
    """This process as one that claims work.

    Parameters
    ----------
    home : Path
        The data folder; the lock files lie in its folder ``holders``.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "holders"
        self._guard = threading.Lock()
        self._name: str | None = None
        self._lock: IO[bytes] | None = None

    @property
    def name(self) -> str:
        """What this process is called in the books; made, with its lock, when it is first asked for."""
        with self._guard:
            if self._name is None:
                self._name = self._begin()
            return self._name

    def _begin(self) -> str:
        name = secrets.token_hex(8)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = (self._folder / name).open("xb")
        except OSError as error:
            message = f"cannot use the data folder {self._folder.parent}: {error.strerror}; set GRAPHCRM_HOME"
            raise InvalidInput(message) from None
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._lock = lock
        return name

    def claim(self, now: datetime) -> dict[str, Any]:
        """The properties that claim a node for this process."""
        return {"owner": self.name, "lease_until": now + LEASE}

    def is_free(self, record: Mapping[str, Any], now: datetime) -> bool:
        """Whether nobody has a claim on a node: none was made, it ran out, or its holder has ended."""
        owner, until = record.get("owner"), record.get("lease_until")
        if owner is None or until is None or until <= now:
            return True
        return owner != self._name and self._has_ended(str(owner))

    def _has_ended(self, name: str) -> bool:
        """Whether a holder of the same data folder has ended; of one elsewhere nothing is known."""
        path = self._folder / Path(name).name
        try:
            with path.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it is not there, or still locked
            return False
        return True

    def close(self) -> None:
        """Give the name up, and clear away the files of others that ended."""
        with self._guard:
            if self._lock is None:
                return
            for path in self._folder.iterdir():
                if path.name == self._name or self._has_ended(path.name):
                    with contextlib.suppress(OSError):
                        path.unlink()
            self._lock.close()
            self._lock, self._name = None, None
