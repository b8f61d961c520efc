"""One part of the book of sightings: which things were seen, in which of their fields, and when.

A part is three columns: digests of things, times, and for each the fields that were seen at that time, one bit for each
name of the part. Of each field of a thing only the latest time stays, so that a thing whose fields always come together
takes one line however often it is brought, and never more than it has fields.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["EMPTY", "EVERY", "ITSELF", "Digests", "Part", "moment_of"]

Digests = npt.NDArray[np.uint64]
"""64 bits for each of some things."""
Bits = npt.NDArray[np.uint8]
"""For each of some lines the fields that were seen, eight to a byte."""

ITSELF: Final = ""
"""What stands for the thing itself among the names of its fields."""
EVERY: Final = "*"
"""What stands for all fields, in what earlier versions noted: they did not tell one field from another."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(at: datetime) -> int:
    """A time as a part has it: microseconds since 1970, UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Part:
    """Sightings of some things, sorted by digest and, of each, the latest first.

    Parameters
    ----------
    names : tuple of str
        The fields that are told apart.
    digests : array of uint64
        What was seen.
    times : array of int64
        When: microseconds since 1970, UTC.
    bits : array of uint8, a line for each digest
        In which fields, in the order of `names`.
    """

    names: tuple[str, ...]
    digests: Digests
    times: npt.NDArray[np.int64]
    bits: Bits

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Part:
        """Read what `stored` wrote, or an earlier version, which had no names."""
        data = zlib.decompress(base64.b64decode(stored["seen"]))
        names = tuple(stored.get("fields") or ())
        width = _width(names)
        lines = len(data) // (16 + width)
        digests, times = (data[8 * lines * n : 8 * lines * (n + 1)] for n in range(2))
        bits = np.frombuffer(data[16 * lines :], np.uint8).reshape(lines, width)
        if not names:
            names, bits = (ITSELF, EVERY), np.full((lines, 1), 0b1100_0000, np.uint8)
        return cls(names, np.frombuffer(digests, "<u8"), np.frombuffer(times, "<i8"), bits)

    def stored(self) -> dict[str, Any]:
        """The part as properties: `seen`, the names of its `fields`, and the `size` of both in characters."""
        data = self.digests.astype("<u8").tobytes() + self.times.astype("<i8").tobytes() + self.bits.tobytes()
        text = base64.b64encode(zlib.compress(data, 1)).decode()
        return {"seen": text, "fields": list(self.names), "size": len(text) + sum(map(len, self.names))}

    def seeing(self, digests: Digests, kinds: npt.NDArray[np.intp], fields: Sequence[Iterable[str]], at: int) -> Part:
        """The part when some things are seen at a time.

        Parameters
        ----------
        digests : array of uint64
            What is seen, nothing twice with the same fields.
        kinds : array of int
            Of each the place of its fields among those given.
        fields : sequence of iterable of str
            Names of fields that are seen together.
        at : int
            When.
        """
        used, kinds = np.unique(kinds, return_inverse=True)
        here = [fields[kind] for kind in used.tolist()]
        names = tuple(dict.fromkeys((*self.names, *(name for some in here for name in some))))
        width = _width(names)
        masks = np.array([_mask(names, some) for some in here], np.uint8).reshape(len(here), width)
        old = np.zeros((len(self.bits), width), np.uint8)
        old[:, : self.bits.shape[1]] = self.bits
        found = np.concatenate((self.digests, digests))
        times = np.concatenate((self.times, np.full(len(digests), at, np.int64)))
        bits = np.concatenate((old, masks[kinds]))
        order = np.lexsort((-times, found))
        return Part(names, found[order], times[order], bits[order])._latest()

    def _latest(self) -> Part:
        """The part with each field of a thing in the latest of its lines alone; lines without a field go."""
        first = np.append(True, self.digests[1:] != self.digests[:-1])
        starts = np.flatnonzero(first)
        thing = np.cumsum(first) - 1
        turn = np.arange(len(thing)) - starts[thing]
        bits, later = self.bits.copy(), self.bits[starts]
        for rank in range(1, int(turn.max(initial=0)) + 1):
            lines = np.flatnonzero(turn == rank)
            bits[lines] &= ~later[thing[lines]]
            later[thing[lines]] |= bits[lines]
        left = bits.any(axis=1)
        return Part(self.names, self.digests[left], self.times[left], bits[left])

    def last(self, digest: np.uint64) -> dict[str, datetime]:
        """When a thing was last seen, by field, `ITSELF` and `EVERY` among them; nothing where it was not."""
        first = int(np.searchsorted(self.digests, digest))
        found: dict[str, datetime] = {}
        while first < len(self.digests) and self.digests[first] == digest:
            at = _EPOCH + timedelta(microseconds=int(self.times[first]))
            found |= dict.fromkeys(self._named(self.bits[first].tobytes()), at)
            first += 1
        return found

    def _named(self, bits: bytes) -> tuple[str, ...]:
        if bits not in self._known:
            places = np.flatnonzero(np.unpackbits(np.frombuffer(bits, np.uint8)))
            self._known[bits] = tuple(self.names[place] for place in places.tolist())
        return self._known[bits]

    @cached_property
    def _known(self) -> dict[bytes, tuple[str, ...]]:
        """Names by the bits that stand for them: things of a source have few different ones."""
        return {}


def _width(names: Sequence[str]) -> int:
    return -(-len(names) // 8)


def _mask(names: Sequence[str], some: Iterable[str]) -> Bits:
    wanted = set(some)
    return np.packbits(np.array([name in wanted for name in names], bool))


EMPTY: Final = Part((), np.empty(0, np.uint64), np.empty(0, np.int64), np.empty((0, 0), np.uint8))
