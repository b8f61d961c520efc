"""Which ids a file has had already, in 16 bytes each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["MARK_BITS", "Seen"]

MARK_BITS: Final = 28
"""Bits of a mark; the rest of 64 hold the line."""


class Seen:
    """Remembers keys with a line and a mark each, as sorted arrays of which each is about half as long as the last.

    A key is a hash of 64 bits: among ten million ids the chance that any two are taken for one is three in a million.

    Examples
    --------
    >>> seen = Seen()
    >>> seen.add([5, 3], [2, 3], [77, 88])
    >>> seen.find([3, 4])
    ([3, 0], [88, 0])
    >>> len(seen)
    2
    """

    def __init__(self) -> None:
        self._levels: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]] = []

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self._levels)

    def add(self, keys: Sequence[int], lines: Sequence[int], marks: Sequence[int]) -> None:
        """Remember keys that are not there yet.

        Parameters
        ----------
        keys : sequence of int
            64 bits with a sign, no two alike.
        lines, marks : sequence of int
            What belongs to each; a mark has `MARK_BITS` bits.
        """
        if not keys:
            return
        new = np.array(keys, dtype=np.int64)
        values = np.array(lines, dtype=np.uint64) << np.uint64(MARK_BITS) | np.array(marks, dtype=np.uint64)
        self._push(new, values)
        while len(self._levels) > 1 and len(self._levels[-2][0]) <= 2 * len(self._levels[-1][0]):
            (keys_1, values_1), (keys_2, values_2) = self._levels.pop(), self._levels.pop()
            self._push(np.concatenate((keys_2, keys_1)), np.concatenate((values_2, values_1)))

    def add_new(self, keys: Sequence[int]) -> int:
        """Remember those of some keys that are not there yet; how many these are.

        Parameters
        ----------
        keys : sequence of int
            64 bits with a sign, in any order, some perhaps alike.

        Examples
        --------
        >>> seen = Seen()
        >>> seen.add_new([5, 3, 5]), seen.add_new([3, 4])
        (2, 1)
        """
        distinct = np.unique(np.array(keys, dtype=np.int64)).tolist()
        lines, _ = self.find(distinct)
        new = [key for key, line in zip(distinct, lines, strict=True) if not line]
        self.add(new, [1] * len(new), [0] * len(new))
        return len(new)

    def find(self, keys: Sequence[int]) -> tuple[list[int], list[int]]:
        """Look keys up.

        Returns
        -------
        tuple of two lists of int
            The line and the mark of each key, in their order; 0 where it is not known (no line is 0).
        """
        wanted = np.array(keys, dtype=np.int64)
        found = np.zeros(len(wanted), dtype=np.uint64)
        for known, values in self._levels:
            places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            hits = known[places] == wanted
            found[hits] = values[places[hits]]
        marks = found & np.uint64((1 << MARK_BITS) - 1)
        return (found >> np.uint64(MARK_BITS)).tolist(), marks.tolist()

    def _push(self, keys: npt.NDArray[np.int64], values: npt.NDArray[np.uint64]) -> None:
        order = np.argsort(keys, kind="stable")  # two sorted runs are merged in one go
        self._levels.append((keys[order], values[order]))
