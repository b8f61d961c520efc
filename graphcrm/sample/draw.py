"""Random draws and text forms that come out the same on every platform and Python version.

Only ``Random.random()`` is used, whose sequence Python promises for a seed, and only arithmetic that IEEE 754
fixes to the last bit (no logarithms, no powers); everything written is an integer, a date or a text.
"""

from __future__ import annotations

import csv
import random
from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain
from pathlib import Path
from typing import Final, Generic, TypeVar

__all__ = ["DAY", "END", "SPAN", "START", "Draw", "Weighted", "day", "money", "when", "write_csv"]

T = TypeVar("T")

DAY: Final = 86_400
START: Final = datetime(2023, 10, 1, tzinfo=UTC)
END: Final = datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)
SPAN: Final = int((END - START).total_seconds())


class Draw:
    """A stream of draws for one subject, so that a change to one subject leaves the others as they were."""

    def __init__(self, seed: int, subject: str) -> None:
        self.random = random.Random(f"graphcrm sample {seed} {subject}").random

    def below(self, n: int) -> int:
        """An integer of 0 to n - 1."""
        return int(self.random() * n)

    def between(self, low: int, high: int) -> int:
        """An integer of low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.random() * len(items))]


class Weighted(Generic[T]):
    """A fixed choice by integer weights.

    Examples
    --------
    >>> Weighted(("a", "b"), (0, 3)).pick(Draw(1, "x"))
    'b'
    """

    def __init__(self, items: Sequence[T], weights: Sequence[int]) -> None:
        self._items = items
        self._bounds = list(accumulate(weights))

    def pick(self, draw: Draw) -> T:
        """One item, each as likely as its weight says."""
        return self._items[bisect(self._bounds, draw.below(self._bounds[-1]))]


def when(second: int) -> str:
    """A second since the start as ISO 8601 in UTC."""
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(second: int) -> str:
    """The day of a second since the start as ISO 8601."""
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%d")


def money(ten_thousandths: int) -> str:
    """An amount of ten-thousandths as decimal text with at least two places.

    Examples
    --------
    >>> money(-123_4500), money(5_0625)
    ('-123.45', '5.0625')
    """
    sign, value = ("-", -ten_thousandths) if ten_thousandths < 0 else ("", ten_thousandths)
    whole, rest = divmod(value, 10_000)
    places = f"{rest:04d}"
    return f"{sign}{whole}.{places[:2]}{places[2:].rstrip('0')}"


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a canonical CSV file (UTF-8, ``\\n`` line ends) and return how many rows it got."""
    count = -1  # the header
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in chain((header,), rows):
            writer.writerow(row)
            count += 1
    return count
