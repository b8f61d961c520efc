"""When each source last brought what it says: the book of sightings.

A record has the time at which its source last said something new of it. An import that finds a row as it was changes
nothing in the graph; that the source had the row is noted here instead, one of the product's own books.

A source's sightings are spread over 64 parts by the digests of what was seen; a part is one `Sighting` node with the
digests, sorted, and the time of each. So it takes one part to know of one thing, and an import rewrites only the parts
in which it saw something. A thing is digested by the id that the source uses, so that it is found again whatever was
merged, and stands in the book once for each source.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from graphcrm.schema import PARTY_LABELS, split_tie_id, tie_id
from graphcrm.service.reference_words import named_tie
from graphcrm.service.source_records import SourceRecord
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TABLES, Row, Table

__all__ = [
    "Digests",
    "Sightings",
    "digests",
    "forget_sightings",
    "node_name",
    "note_sightings",
    "owners_of",
    "things_of",
    "turn",
]

Digests = npt.NDArray[np.uint64]
"""64 bits for each of some things."""

_PARTS: Final = 64
_SHIFT: Final = np.uint64(58)
"""The first bits of a digest tell its part."""
_AT_ONCE: Final = 2_000_000
"""Characters of one statement, about: the embedded engine takes messages of at most 16 MiB."""
_CHARACTERS: Final = 12
"""That a digest takes in the book, at most."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNSAID: Final = frozenset(
    ref.type
    for table in TABLES.values()
    for ref in table.references
    if len({label in PARTY_LABELS or label for label in ref.labels}) > 1
)
"""Types of ties of which a column does not say the kind of record that it names."""


# ---- what a row speaks of --------------------------------------------------------------------------------


def things_of(table: Table, row: Row) -> list[str]:
    """Name all that a source speaks of by bringing a row: the record or tie itself, and the ties its columns stand for.

    Parameters
    ----------
    table : Table
        The row's table.
    row : Row
        A valid one.

    Returns
    -------
    list of str
        Names to be digested, the row's own first. Customers and contacts share their ids, and so their names.

    Examples
    --------
    >>> from graphcrm.tables import TABLES
    >>> orders = TABLES["orders"]
    >>> things_of(orders, orders.row({"id": "O1", "at": "2026-01-31", "customer_id": "C1"}))
    ['Order:O1', 'PLACED:C1:O1']
    """
    if table.type:
        return [row.id]
    found = [node_name(table.label or "", row.id)]
    for ref in table.references:
        for id_ in row.references.get(ref.field, ()):
            found.append(named_tie(table, ref, row.id, id_))
            if ref.creates:
                found.append(node_name(ref.labels[0], id_))
    return found


def owners_of(table: Table, rows: Sequence[Row]) -> dict[str, set[str]]:
    """Whom rows name that are made where they are not there: ids by label.

    Examples
    --------
    >>> from graphcrm.tables import TABLES
    >>> customers = TABLES["customers"]
    >>> owners_of(customers, [customers.row({"id": "C1", "name": "Ann", "owner_id": "U1"})])
    {'User': {'U1'}}
    """
    made = [ref for ref in table.references if ref.creates]
    named = {ref.labels[0]: {id_ for row in rows for id_ in row.references.get(ref.field, ())} for ref in made}
    return {label: ids for label, ids in named.items() if ids}


def node_name(label: str, id_: str) -> str:
    """What a record is digested by."""
    return f"{'Party' if label in PARTY_LABELS else label}:{id_}"


def _names(about: str) -> list[str]:
    """The names under which a thing may have been seen, given what records call it."""
    parts = split_tie_id(about)
    if parts is None:
        label, _, id_ = about.partition(":")
        return [node_name(label, id_)]
    if parts.label and parts.type in _UNSAID:
        return [about, tie_id(*parts[:4])]
    return [about]


def digests(names: Iterable[str]) -> Digests:
    """Digest names: the same on every machine and in every process."""
    joined = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(joined, ">u8").astype(np.uint64)


# ---- a part of the book ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """Some digests, sorted, each once, and when each was last seen: microseconds since 1970, UTC."""

    digests: Digests
    times: npt.NDArray[np.int64]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> _Part:
        data = zlib.decompress(base64.b64decode(stored["seen"]))
        half = len(data) // 2
        return cls(np.frombuffer(data[:half], "<u8"), np.frombuffer(data[half:], "<i8"))

    def stored(self) -> str:
        data = self.digests.astype("<u8").tobytes() + self.times.astype("<i8").tobytes()
        return base64.b64encode(zlib.compress(data, 1)).decode()

    def seeing(self, new: Digests, at: int) -> _Part:
        """The part when some things are seen at a time; of a thing's times the latest stays."""
        found = np.concatenate((self.digests, new))
        times = np.concatenate((self.times, np.full(len(new), at, np.int64)))
        order = np.lexsort((times, found))
        found, times = found[order], times[order]
        latest = np.append(found[1:] != found[:-1], True)
        return _Part(found[latest], times[latest])

    def last(self, digest: np.uint64) -> datetime | None:
        place = int(np.searchsorted(self.digests, digest))
        if place == len(self.digests) or self.digests[place] != digest:
            return None
        return _EPOCH + timedelta(microseconds=int(self.times[place]))


_EMPTY: Final = _Part(np.empty(0, np.uint64), np.empty(0, np.int64))


def _id(source: str, part: int) -> str:
    return f"{source}:{part:02x}"


# ---- in the graph ----------------------------------------------------------------------------------------


def note_sightings(store: GraphStore, source: str, at: datetime, seen: Digests) -> None:
    """Note that a source brought what it had said before; nothing of one that has been erased meanwhile.

    It goes into the book a few parts at a time: where that is cut off, some of it is in, and true.

    Parameters
    ----------
    store : GraphStore
        The graph.
    source : str
        The source's name.
    at : datetime
        When, UTC.
    seen : array of uint64
        What it brought, from `digests`, in any order.
    """
    starts = np.arange(1, _PARTS, dtype=np.uint64) << _SHIFT
    ordered = np.sort(seen)
    found = np.split(ordered, np.searchsorted(ordered, starts))
    touched = [part for part, new in enumerate(found) if len(new)]
    known = store.read("sightings/measure", **_range(source))[0]["total"]
    rounds = 1 + (known + len(seen) * _CHARACTERS) // _AT_ONCE
    for some in _in_rounds(touched, rounds):
        new = {part: found[part] for part in some}
        store.write(partial(_note, source=source, at=at, new=new), [turn(source)], repeatable=True)


def _in_rounds(parts: Sequence[int], rounds: int) -> Iterator[Sequence[int]]:
    """Parts in so many groups of one size, or a few less."""
    size = -(-len(parts) // rounds) or 1
    return (parts[first : first + size] for first in range(0, len(parts), size))


def _note(tx: Transaction, *, source: str, at: datetime, new: Mapping[int, Digests]) -> None:
    if not tx.run("nodes/find_ids", words={"LABEL": "Source"}, ids=[source])[0]["ids"]:
        return
    known = _read(tx, [_id(source, part) for part in new])
    moment = (at - _EPOCH) // timedelta(microseconds=1)
    rows = []
    for part, seen in new.items():
        text = known.get(_id(source, part), _EMPTY).seeing(seen, moment).stored()
        rows.append({"id": _id(source, part), "source": source, "size": len(text), "seen": text})
    tx.run("sightings/write", rows=rows)


def turn(source: str) -> str:
    """What writers of one source's sightings take turns by."""
    return f"sightings of {source}"


def _range(source: str) -> dict[str, Any]:
    """A source and the bounds of its ids: no name holds a colon."""
    return {"source": source, "after_id": f"{source}:", "before_id": f"{source};"}


def _read(tx: Transaction, ids: Sequence[str]) -> dict[str, _Part]:
    found = tx.run("nodes/read_many", words={"LABEL": "Sighting"}, ids=ids)[0]["records"]
    return {stored["id"]: _Part.of(stored) for stored in found}


def forget_sightings(tx: Transaction, source: str) -> None:
    """Forget when a source brought what it had said before: it is erased.

    Parameters
    ----------
    tx : Transaction
        A write transaction that holds the source's `turn` as a key, and takes away the `Source` as well: an import that
        is still under way then notes nothing after it.
    source : str
        The source's name.
    """
    tx.run("sightings/delete", **_range(source))


class Sightings:
    """When sources last brought what they say, read from the book once and asked for many records.

    Parameters
    ----------
    parts : mapping of str to object
        Parts of the book by id; those that are missing are empty. `about` and `by_source` read them.
    """

    def __init__(self, parts: Mapping[str, _Part]) -> None:
        self._parts = parts

    @classmethod
    def about(cls, tx: Transaction, records: Iterable[SourceRecord]) -> Sightings:
        """Read what it takes to tell about some records: one part for each, or two."""
        ids = {id_ for record in records for id_, _ in _places(record)}
        return cls(_read(tx, sorted(ids)))

    @classmethod
    def by_source(cls, store: GraphStore, source: str) -> Sightings:
        """Read all of one source: 16 bytes for each of its records that were brought again."""
        known = store.read("sightings/measure", **_range(source))[0]["total"]
        found: dict[str, _Part] = {}
        for some in _in_rounds(range(_PARTS), 1 + known // _AT_ONCE):
            found |= store.reading(partial(_read, ids=[_id(source, part) for part in some]))
        return cls(found)

    def last_seen(self, record: SourceRecord) -> datetime:
        """When the source of a record last said what it says, or said something new of it."""
        times = [self._parts.get(id_, _EMPTY).last(digest) for id_, digest in _places(record)]
        return max([record.seen_at, *filter(None, times)])


def _places(record: SourceRecord) -> list[tuple[str, np.uint64]]:
    """Where in the book a record may be: ids of parts, and digests."""
    return [(_id(record.source, int(digest >> _SHIFT)), digest) for digest in digests(_names(record.about))]
