"""When each source last brought what it says: the book of sightings.

A record has the time at which its source last said something new of it. An import that finds a row as it was changes
nothing in the graph; that the source had the row is noted here instead, one of the product's own books.

A source's sightings are spread over 64 parts by the digests of what was seen; a part is one `Sighting` node, see
`graphcrm.service.sighting_parts`. So it takes one part to know of one thing, and an import rewrites only the parts
in which it saw something. A thing is digested by the id that the source uses, so that it is found again whatever was
merged. A row sees the fields that it has a value for, and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from graphcrm.schema import BOOKKEEPING_KEYS, PARTY_LABELS, split_tie_id, tie_id
from graphcrm.service.reference_words import named_tie
from graphcrm.service.sighting_parts import EMPTY, EVERY, ITSELF, Digests, Part, moment_of
from graphcrm.service.source_records import SourceRecord, key_of
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TABLES, Row, Table
from graphcrm.values import raw_of

__all__ = [
    "Seen",
    "Sightings",
    "digests",
    "fields_of",
    "forget_sightings",
    "node_name",
    "note_sightings",
    "owners_of",
    "things_of",
    "turn",
]

_PARTS: Final = 64
_SHIFT: Final = np.uint64(58)
"""The first bits of a digest tell its part."""
_AT_ONCE: Final = 2_000_000
"""Characters of one statement, about: the embedded engine takes messages of at most 16 MiB."""
_CHARACTERS: Final = 16
"""That a digest and its fields take in the book, about."""
_NAMED: Final = (ITSELF, "role")
"""What is seen of a tie or record that a column names: that it is there, and the role that the column gives it."""
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


def fields_of(row: Row) -> tuple[str, ...]:
    """The fields that a source speaks of by bringing a row, and what stands for the row itself.

    Examples
    --------
    >>> from graphcrm.tables import TABLES
    >>> fields_of(TABLES["customers"].row({"id": "C1", "name": "Ann", "city": "", "owner_id": "U1"}))
    ('', 'name', 'owner_id')
    """
    # Of a field that could not hold what came, only that stands there.
    raw = raw_of(row.properties) if "_raw" in row.properties else ()
    said = (name for name in row.properties if name != "id" and name not in BOOKKEEPING_KEYS)
    return tuple(dict.fromkeys((ITSELF, *said, *raw, *row.references)))


class Seen:
    """What a source brought as it had said it before, still to be noted: some 12 bytes for each thing.

    Examples
    --------
    >>> from graphcrm.tables import TABLES
    >>> seen = Seen()
    >>> seen.add_rows(TABLES["customers"], [TABLES["customers"].row({"id": "C1", "name": "Ann", "owner_id": "U1"})])
    >>> len(seen)  # the customer, the owner, and that he owns it
    3
    """

    def __init__(self) -> None:
        self._digests: list[Digests] = []
        self._kinds: list[int] = []
        self._places: dict[tuple[str, ...], int] = {}
        """Which fields came together, and the place of each such group among them."""
        self._known: dict[tuple[str, ...], int] = {}
        """The same by the columns of rows, for which to ask is quick."""

    def __len__(self) -> int:
        return len(self._kinds)

    def add_rows(self, table: Table, rows: Iterable[Row]) -> None:
        """Take in rows: what each speaks of, its own fields, and of others that it names them."""
        names: list[str] = []
        named = self._place(_NAMED)
        for row in rows:
            things = things_of(table, row)
            names += things
            self._kinds.append(self._kind(row))
            if len(things) > 1:
                self._kinds += [named] * (len(things) - 1)
        self._digests.append(digests(names))

    def add_named(self, names: Sequence[str]) -> None:
        """Take in what was named and no more."""
        self._kinds += [self._place(_NAMED)] * len(names)
        self._digests.append(digests(names))

    def _kind(self, row: Row) -> int:
        columns = (*row.properties, *row.references)
        if "_raw" in row.properties:
            return self._place(fields_of(row))
        kind = self._known.get(columns)
        if kind is None:
            kind = self._known[columns] = self._place(fields_of(row))
        return kind

    def _place(self, fields: tuple[str, ...]) -> int:
        return self._places.setdefault(fields, len(self._places))

    def parts(self) -> dict[int, _Some]:
        """All of it by the part of the book that it belongs to, nothing twice with the same fields."""
        found, kinds = np.concatenate(self._digests), np.array(self._kinds, np.intp)
        order = np.lexsort((kinds, found))
        found, kinds = found[order], kinds[order]
        new = np.append(True, (found[1:] != found[:-1]) | (kinds[1:] != kinds[:-1]))
        found, kinds = found[new], kinds[new]
        cuts = np.searchsorted(found, np.arange(1, _PARTS, dtype=np.uint64) << _SHIFT)
        split = zip(np.split(found, cuts), np.split(kinds, cuts), strict=True)
        fields = tuple(self._places)
        return {part: (some, of_some, fields) for part, (some, of_some) in enumerate(split) if len(some)}


_Some = tuple[Digests, Any, Sequence[Sequence[str]]]
"""Digests of one part, of each the place of its fields, and the fields that come together."""


# ---- in the graph ----------------------------------------------------------------------------------------


def _id(source: str, part: int) -> str:
    return f"{source}:{part:02x}"


def note_sightings(store: GraphStore, source: str, at: datetime, seen: Seen) -> None:
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
    seen : Seen
        What it brought.
    """
    found = seen.parts()
    known = store.read("sightings/measure", **_range(source))[0]["total"]
    rounds = 1 + (known + len(seen) * _CHARACTERS) // _AT_ONCE
    for some in _in_rounds(list(found), rounds):
        new = {part: found[part] for part in some}
        store.write(partial(_note, source=source, at=at, new=new), [turn(source)], repeatable=True)


def _in_rounds(parts: Sequence[int], rounds: int) -> Iterator[Sequence[int]]:
    """Parts in so many groups of one size, or a few less."""
    size = -(-len(parts) // rounds) or 1
    return (parts[first : first + size] for first in range(0, len(parts), size))


def _note(tx: Transaction, *, source: str, at: datetime, new: Mapping[int, _Some]) -> None:
    if not tx.run("nodes/find_ids", words={"LABEL": "Source"}, ids=[source])[0]["ids"]:
        return
    known = _read(tx, [_id(source, part) for part in new])
    rows = []
    for part, seen in new.items():
        id_ = _id(source, part)
        rows.append({"id": id_, "source": source} | known.get(id_, EMPTY).seeing(*seen, moment_of(at)).stored())
    tx.run("sightings/write", rows=rows)


def turn(source: str) -> str:
    """What writers of one source's sightings take turns by."""
    return f"sightings of {source}"


def _range(source: str) -> dict[str, Any]:
    """A source and the bounds of its ids: no name holds a colon."""
    return {"source": source, "after_id": f"{source}:", "before_id": f"{source};"}


def _read(tx: Transaction, ids: Sequence[str]) -> dict[str, Part]:
    found = tx.run("nodes/read_many", words={"LABEL": "Sighting"}, ids=ids)[0]["records"]
    return {stored["id"]: Part.of(stored) for stored in found}


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

    def __init__(self, parts: Mapping[str, Part]) -> None:
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
        found: dict[str, Part] = {}
        for some in _in_rounds(range(_PARTS), 1 + known // _AT_ONCE):
            found |= store.reading(partial(_read, ids=[_id(source, part) for part in some]))
        return cls(found)

    def last_seen(self, record: SourceRecord) -> datetime:
        """When the source of a record last said what it says of the thing, or something new of it."""
        return max([record.seen_at, *filter(None, [self._seen(record).get(ITSELF)])])

    def by_field(self, record: SourceRecord) -> dict[str, datetime]:
        """When the source of a record last said what it says of each field, or something new of it."""
        seen = self._seen(record)
        times = {field: record.said_at(field) for field in (*record.fields, *record.raw)}
        for field in times.keys() & seen.keys():
            times[field] = max(times[field], seen[field])
        if every := seen.get(EVERY):
            times = {field: max(at, every) for field, at in times.items()}
        if ITSELF in seen and record.fields.get("name") == key_of(record):
            times["name"] = max(times["name"], seen[ITSELF])  # to name a record that has no other name
        return times

    def _seen(self, record: SourceRecord) -> dict[str, datetime]:
        """What the book has of a record: the latest time of each field."""
        found: dict[str, datetime] = {}
        for id_, digest in _places(record):
            for field, at in self._parts.get(id_, EMPTY).last(digest).items():
                found[field] = max(at, found.get(field, at))
        return found


def _places(record: SourceRecord) -> list[tuple[str, np.uint64]]:
    """Where in the book a record may be: ids of parts, and digests."""
    return [(_id(record.source, int(digest >> _SHIFT)), digest) for digest in digests(_names(record.about))]
