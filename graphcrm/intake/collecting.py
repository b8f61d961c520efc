"""The search for cycles among objects, done rarely while rows are loaded: its settings are the whole process's."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

__all__ = ["collecting_rarely"]

_RARELY: Final = (100_000, 20, 100)
_lock: Final = Lock()
_usual: tuple[int, int, int] | None = None
_loads = 0


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Rows are many small objects that die by themselves: looking through them for cycles takes a sixth of the time.

    What is there already is not looked through at all meanwhile. Several loads may run at once: the first one changes
    the settings of the process, and the last one puts them back.
    """
    global _loads, _usual
    with _lock:
        if not _loads:
            _usual = gc.get_threshold()
            gc.set_threshold(*_RARELY)
            gc.freeze()
        _loads += 1
    try:
        yield
    finally:
        with _lock:
            _loads -= 1
            if not _loads and _usual is not None:
                gc.unfreeze()
                gc.set_threshold(*_usual)
