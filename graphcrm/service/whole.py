"""The whole graph read once: every node and tie streamed, with nothing of what writers do meanwhile in between."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from graphcrm.errors import StoreError
from graphcrm.store import GraphStore

__all__ = ["Progress", "Steps", "all_nodes", "all_ties", "consistently", "count_all", "held"]

_T = TypeVar("_T")

Progress = Callable[[str, int, float], None]
"""Told what is being done, for how many nodes and ties it is done, and about what share of all that is."""

_SHARD: Final = 250_000
"""Nodes or ties that one query reads, about: what fits into the time that the embedded engine leaves a query."""
_READINGS: Final = 3
_PAUSE_S: Final = 1.0
_HOLD_S: Final = 15.0
"""Seconds for which writers are held back unless that is said again; should the holder die, they go on after these."""


def consistently(store: GraphStore, read: Callable[[Callable[[], None]], _T]) -> _T:
    """Read many things as they stood at one moment.

    Reads see what others commit between them, on both engines. So the reading is done again when the revision moved
    meanwhile; where it moves each time, writers are held back during the last one: they wait, for up to some twenty
    seconds, and are then told to try again.

    Parameters
    ----------
    store : GraphStore
        What is read.
    read : callable
        Does the reading; called again from the start. It gets a function that it is to call often.

    Returns
    -------
    object
        What the last call returned.

    Raises
    ------
    StoreError
        Something was written even while writers were held back, by another tool or since a hold ran out; nothing of
        it is lost, but nothing was read.
    """
    for attempt in range(_READINGS):
        time.sleep(_PAUSE_S * attempt)
        revision = store.revision()
        found = read(_nothing)
        if store.revision() == revision:
            return found
    with held(store) as go_on:
        revision = store.revision()
        found = read(go_on)
        if store.revision() == revision:
            return found
    raise StoreError("the graph was written to while it was being read; try again", retryable=True)


def _nothing() -> None:
    pass


@contextmanager
def held(store: GraphStore) -> Iterator[Callable[[], None]]:
    """Hold all writers back, in this process and others.

    Every write takes one of the revision's counters first, and finds there whether it has to wait. A write that began
    before is over when this begins, or begins again and waits.

    Yields
    ------
    callable
        To be called often, at least every few seconds: it makes the hold last.
    """
    said_at, over = 0.0, False

    def hold(seconds: float) -> None:
        for_ms = int(seconds * 1000)
        store.write(lambda tx: tx.run("backup/hold_writers", for_ms=for_ms), repeatable=True, through=True)

    def go_on() -> None:
        nonlocal said_at
        if not over and time.monotonic() - said_at > _HOLD_S / 3:
            said_at = time.monotonic()
            hold(_HOLD_S)

    go_on()
    try:
        yield go_on
    finally:
        over = True
        hold(0)


def count_all(store: GraphStore, labels: Iterable[str], types: Iterable[str]) -> tuple[dict[str, int], dict[str, int]]:
    """How many nodes there are by label, and ties by type; those without any are left out."""
    nodes = {name: store.read("store/count_nodes", words={"LABEL": name})[0]["total"] for name in labels}
    ties = {name: store.read("store/count_ties", words={"TYPE": name})[0]["total"] for name in types}
    return {name: n for name, n in nodes.items() if n}, {name: n for name, n in ties.items() if n}


def all_nodes(store: GraphStore, label: str, total: int = 1) -> Iterator[dict[str, Any]]:
    """Stream the properties of every node of a label, in no order, of which there are about so many in total."""
    for row in _sharded(store, "backup/read_nodes", {"LABEL": label}, total):
        yield row["record"]


def all_ties(store: GraphStore, type_: str, total: int = 1) -> Iterator[dict[str, Any]]:
    """Stream every tie of a type, as `backup/read_ties` has it, of which there are about so many in total."""
    return _sharded(store, "backup/read_ties", {"TYPE": type_}, total)


def _sharded(store: GraphStore, query: str, words: dict[str, str], total: int) -> Iterator[dict[str, Any]]:
    shards = max(1, math.ceil(total / _SHARD))
    for shard in range(shards):
        yield from store.stream(query, words=words, shards=shards, shard=shard)


class Steps:
    """Counts what is through, and tells it now and then.

    Parameters
    ----------
    progress : callable, optional
        Whom to tell.
    what : str
        What is being done, in a word.
    total : int
        How much there is to do, about.
    go_on : callable, optional
        Is called now and then, too.
    """

    _EVERY: Final = 5_000

    def __init__(self, progress: Progress | None, what: str, total: int, go_on: Callable[[], None] = _nothing) -> None:
        self._progress = progress
        self._what = what
        self._total = max(1, total)
        self._go_on = go_on
        self._told = 0
        self.done = 0

    def add(self, number: int = 1) -> None:
        """Count some more."""
        self.done += number
        if self.done - self._told >= self._EVERY:
            self._told = self.done
            self._go_on()
            if self._progress:
                self._progress(self._what, self.done, min(1.0, self.done / self._total))

    def end(self) -> None:
        """Say that all is through."""
        if self._progress:
            self._progress(self._what, self.done, 1.0)
