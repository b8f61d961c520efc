"""Rows to be written in as many statements as their size takes: an engine refuses a message that is too large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from graphcrm.store import Transaction

__all__ = ["portions", "write_all"]

MAX_STATEMENT_CHARACTERS: Final = 3_500_000
"""Of one statement, about: the embedded engine takes messages of 16 MiB, and a character may take four bytes."""


def write_all(
    tx: Transaction, query: str, rows: Sequence[dict[str, Any]], words: dict[str, str] | None = None, **more: Any
) -> None:
    """Run a query that writes rows; nothing is done where there are none.

    Parameters
    ----------
    tx : Transaction
        In which it is run.
    query : str
        Its name; it takes ``rows``.
    rows : sequence of dict
        What to write.
    words : dict of str, optional
        As for `Transaction.run`.
    **more
        Its other parameters.
    """
    for some in portions(rows):
        tx.run(query, words=words, rows=some, **more)


def portions(rows: Sequence[dict[str, Any]], most: int = MAX_STATEMENT_CHARACTERS) -> Iterator[list[dict[str, Any]]]:
    """Rows in their order, in portions of a size; a row that is larger by itself is a portion.

    Examples
    --------
    >>> [len(some) for some in portions([{"id": "a" * 40} for _ in range(5)], most=120)]
    [2, 2, 1]
    """
    some: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        more = _size(row)
        if some and size + more > most:
            yield some
            some, size = [], 0
        some.append(row)
        size += more
    if some:
        yield some


def _size(value: Any) -> int:
    """Characters of a value, about."""
    if isinstance(value, str):
        return len(value) + 5
    if isinstance(value, dict):
        return sum(len(key) + 5 + _size(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return 10
