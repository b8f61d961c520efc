"""What sources say of a party or tie, and which of it is shown.

A thing that one source describes carries that source's name, and what the source says are its own properties (what
another tool wrote carries none, and is the first source's that says something new of it). From the
second source on, a value set by hand or a pin, each source has a `Record` node with its own words, and the properties
of the thing are derived from the records by rule: a pinned value, then trust, then recency.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from graphcrm.errors import Conflict, NotFound
from graphcrm.schema import BOOKKEEPING_KEYS, split_tie_id, tie_id
from graphcrm.service.statements import write_all
from graphcrm.store import Transaction
from graphcrm.values import raw_of, raw_text, times_of, times_text

__all__ = [
    "DEFAULT_TRUST",
    "FILES",
    "HAND",
    "NEVER",
    "PINNED",
    "SourceRecord",
    "Speaker",
    "Winner",
    "about_node",
    "check_unpin",
    "derive",
    "difference",
    "earlier_times",
    "forget_records",
    "is_alone",
    "key_of",
    "key_there",
    "own_fields",
    "own_records",
    "prefixes",
    "raw_now",
    "read_by_id",
    "read_records",
    "record_of",
    "rename_records",
    "shown_again",
    "trust_of",
    "trusts",
    "winners",
    "write_records",
]

HAND: Final = "hand"
"""The source of what people write over HTTP, in the pages or from Python."""
FILES: Final = "files"
"""The source of an import that names none."""
PINNED: Final = "pinned"
"""The source of pinned values, which win over every other."""
DEFAULT_TRUST: Final = 50
NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
"""When what has no time was last seen."""
_TRUST: Final = {HAND: 100, PINNED: 1_000}

Rule = Literal["only source", "pinned", "trust", "recency", "name"]


@dataclass(frozen=True)
class Speaker:
    """Who says what is being written: a source, at a time (UTC)."""

    source: str
    at: datetime


@dataclass(frozen=True)
class SourceRecord:
    """What one source says of one thing.

    Parameters
    ----------
    source : str
        The source's name.
    about : str
        The thing, by the source's words: label and id of a node (`about_node`), or the id of a tie.
    shown_in : str
        The thing that shows it: another one than it is about where parties were merged.
    fields : dict
        Properties in the graph's types; None says that there is none.
    raw : dict of str to str
        Fields as they came, where cleaning changed them. One that is not among `fields` is all that the source says of
        it: no value that could be shown.
    seen_at : datetime
        When the source last said something new of it, UTC.
    first_at : datetime, optional
        When it first said anything of it, UTC; None where earlier versions did not note it.
    earlier : mapping of str to datetime
        Of the fields of which it said nothing new then, when it last did, UTC.
    """

    source: str
    about: str
    shown_in: str
    fields: dict[str, Any]
    raw: dict[str, str]
    seen_at: datetime
    first_at: datetime | None = None
    earlier: Mapping[str, datetime] = field(default_factory=dict)

    def said_at(self, field: str) -> datetime:
        """When the source last said something new of one field, UTC."""
        return self.earlier.get(field, self.seen_at)

    @property
    def id(self) -> str:
        return f"{self.source.replace('%', '%25').replace(':', '%3A')}:{self.about}"

    def saying(self, fields: Mapping[str, Any], at: datetime, raw: Mapping[str, str] | None = None) -> SourceRecord:
        """The record with some fields said anew; itself when that is no news."""
        unsaid = raw.keys() - fields.keys() if raw else frozenset()
        merged = {name: value for name, value in self.fields.items() if name not in unsaid} | dict(fields)
        changed = {name for name in merged if name not in self.fields or self.fields[name] != merged[name]}
        kept = raw_now(self.raw, raw or {}, changed | unsaid)
        if merged == self.fields and kept == self.raw:
            return self
        news = {name for name in {*merged, *kept} if self._differs(name, merged, kept)}
        return replace(
            self, fields=merged, raw=kept, seen_at=at, earlier=earlier_times(self, {*merged, *kept} - news, at)
        )

    def _differs(self, name: str, fields: Mapping[str, Any], raw: Mapping[str, str]) -> bool:
        """Whether a field was said otherwise."""
        if self.raw.get(name) != raw.get(name) or (name in self.fields) != (name in fields):
            return True
        return bool(self.fields.get(name) != fields.get(name))

    def insisting(self, fields: Mapping[str, Any], at: datetime) -> SourceRecord:
        """The record with some fields said now, news or not: of what people say the latest is what holds."""
        earlier = earlier_times(self, {*self.fields, *self.raw} - fields.keys(), at)
        return replace(self, fields=self.fields | dict(fields), seen_at=at, earlier=earlier)


@dataclass(frozen=True)
class Winner:
    """The value of a field that is shown, whose it is, the thing it was said of, and the rule by which it won."""

    value: Any
    source: str
    about: str
    rule: Rule


def about_node(label: str, id_: str) -> str:
    """Name a node as records do.

    Examples
    --------
    >>> about_node("Customer", "C1")
    'Customer:C1'
    """
    return f"{label}:{id_}"


def key_of(record: SourceRecord) -> str:
    """The id that the source brings the thing under."""
    return record.about if split_tie_id(record.about) else record.about.partition(":")[2]


def key_there(record: SourceRecord, prefixes: Mapping[str, str]) -> str:
    """The id that the thing has at the source itself: without the prefix that tells the source's ids from others'.

    Examples
    --------
    >>> of_tie = SourceRecord("shop", "KNOWS:shop-1:shop-2:friend", "", {}, {}, NEVER)
    >>> key_there(of_tie, {"shop": "shop-"})
    'KNOWS:1:2:friend'
    """
    prefix = prefixes.get(record.source, "")
    part = split_tie_id(record.about)
    if not prefix or part is None:
        return key_of(record).removeprefix(prefix)
    source, target = (end.removeprefix(prefix) for end in (part.source, part.target))
    return tie_id(part.type, source, target, part.qualifier, part.label)


def raw_now(old: Mapping[str, str], new: Mapping[str, str], changed: Set[str]) -> dict[str, str]:
    """Fields as they came after some have changed: of a value that did not, the first spelling stays."""
    kept = {name: text for name, text in old.items() if name not in changed}
    return kept | {name: text for name, text in new.items() if name in changed}


def earlier_times(record: SourceRecord, fields: Iterable[str], at: datetime) -> dict[str, datetime]:
    """When each of some fields was last said, for a record that says others at a time."""
    return {name: said for name in fields if (said := record.said_at(name)) != at}


def own_fields(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties without the product's own bookkeeping."""
    return {key: value for key, value in properties.items() if key not in BOOKKEEPING_KEYS}


def own_records(about: str, properties: Mapping[str, Any]) -> list[SourceRecord]:
    """The records that a thing is itself, one for each source that has no node of its own."""
    raw = raw_of(properties)
    fields = {name: value for name, value in own_fields(properties).items() if name != "id"}
    seen_at = properties.get("_seen_at") or NEVER
    first_at = properties.get("_created_at") or properties.get("_seen_at")
    earlier = times_of(properties.get("_earlier"))
    return [
        SourceRecord(source, about, about, fields, raw, seen_at, first_at, earlier)
        for source in properties.get("_sources") or [FILES]
    ]


def winners(records: Iterable[SourceRecord], trust: Mapping[str, int]) -> dict[str, Winner]:
    """Decide what is shown of a thing.

    Parameters
    ----------
    records : iterable of SourceRecord
        What each source says of it, in any order.
    trust : mapping of str to int
        Trust by source; `DEFAULT_TRUST` where there is none.

    Returns
    -------
    dict of str to Winner
        By field, sorted. Of what several say the pinned value wins, then the most trusted source's, then the latest
        (of what people say, by hand or pinned, by when they said it of the field; of a source, by when it last said
        anything new of the thing), then that of the first source by name, of its words those about the thing that
        shows them, then those about the first thing by name. A winner None says that nothing is shown.
        What no source has a value for, but one has said as it came, is such a field too.

    Examples
    --------
    >>> early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
    >>> crm = SourceRecord("crm", "Customer:A", "Customer:A", {"name": "Ann", "city": "Ulm"}, {}, early)
    >>> shop = SourceRecord("shop", "Customer:A", "Customer:A", {"name": "Anna"}, {}, late)
    >>> {field: (w.value, w.rule) for field, w in winners([crm, shop], {"crm": 60}).items()}
    {'city': ('Ulm', 'only source'), 'name': ('Ann', 'trust')}
    """
    records = list(records)
    by_field: dict[str, list[SourceRecord]] = {}
    for record in records:
        for name in record.fields:
            by_field.setdefault(name, []).append(record)
    for record in records:
        for name in record.raw.keys() - by_field.keys():
            by_field[name] = [each for each in records if name in each.raw]

    found = {}
    for name in sorted(by_field):
        saying = sorted(by_field[name], key=lambda one: (one.source, one.about != one.shown_in, one.about))
        best = max(saying, key=lambda one: (trust_of(one.source, trust), _latest(one, name)))  # the first of equals
        found[name] = Winner(best.fields.get(name), best.source, best.about, _rule(name, best, saying, trust))
    return found


def _latest(record: SourceRecord, field: str) -> datetime:
    """When a record spoke last, where others say otherwise of a field.

    Who changes one field of a party by hand says nothing of the others.
    """
    return record.said_at(field) if record.source in (HAND, PINNED) else record.seen_at


def _rule(name: str, best: SourceRecord, saying: Sequence[SourceRecord], trust: Mapping[str, int]) -> Rule:
    others = [record for record in saying if record is not best]
    if best.source == PINNED:
        return "pinned"
    if not others:
        return "only source"
    if all(trust_of(best.source, trust) > trust_of(other.source, trust) for other in others):
        return "trust"
    rivals = [other for other in others if trust_of(other.source, trust) == trust_of(best.source, trust)]
    return "recency" if all(_latest(best, name) > _latest(other, name) for other in rivals) else "name"


def check_unpin(field: str, id_: str, pinned: Iterable[str]) -> None:
    """Refuse to take a pin out of a party where it would be lost to those who were merged into it.

    Parameters
    ----------
    field, id_ : str
        Which field of which record.
    pinned : iterable of str
        The parties that it is pinned of: the record itself, and those that it stands for.

    Raises
    ------
    NotFound
        It is pinned of nobody.
    Conflict
        It is pinned of somebody who was merged into the record, and keeps the pin for the day of parting.
    """
    members = set(pinned)
    if not members:
        raise NotFound(f"{field} of {id_!r} is not pinned")
    if others := sorted(members - {id_}):
        raise Conflict(
            f"{field} was pinned of {', '.join(map(repr, others))}, merged into {id_!r} since, and stays so until the "
            "merge is taken back: pin the value that is to be shown now, or take the merge back first"
        )


def trust_of(source: str, trust: Mapping[str, int]) -> int:
    """How far a source is trusted: as people have set it, or what holds until they do."""
    return trust.get(source, _TRUST.get(source, DEFAULT_TRUST))


def derive(records: Sequence[SourceRecord], trust: Mapping[str, int]) -> dict[str, Any]:
    """All properties of a thing that its records come to, the bookkeeping included; None stands for no property."""
    won = winners(records, trust)
    raw = {
        name: record.raw[name]
        for name, winner in won.items()
        for record in records
        if (record.source, record.about) == (winner.source, winner.about) and name in record.raw
    }
    return {name: winner.value for name, winner in won.items()} | {
        "_sources": sorted({record.source for record in records}),
        "_seen_at": max(record.seen_at for record in records),
        "_raw": raw_text(raw),
        "_earlier": times_text(records[0].earlier) if len(records) == 1 else None,
        "_records": len(records),
    }


def difference(old: Mapping[str, Any], new: Mapping[str, Any], mode: Literal["upsert", "replace"]) -> dict[str, Any]:
    """What to change in properties so that they are the new ones; None removes one, as `replace` asks for."""
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if mode == "replace":
        changed |= {key: None for key in old if key not in new}
    return changed


def is_alone(records: Sequence[SourceRecord]) -> bool:
    """Whether records are one that needs no node of its own, since the thing can be its record."""
    return len(records) == 1 and records[0].source != PINNED and records[0].about == records[0].shown_in


def shown_again(old: Mapping[str, Any], records: Sequence[SourceRecord], trust: Mapping[str, int]) -> dict[str, Any]:
    """What to change in a thing so that it shows these records, one or more, and no others."""
    alone = is_alone(records)
    derived = derive(records, trust)
    shown = {key: value for key, value in derived.items() if value is not None and not (alone and key == "_records")}
    if "name" in old:
        shown.setdefault("name", old["id"])  # who gave it its name may have been erased
    return difference(old, shown | {"id": old["id"]}, "replace")


# ---- in the graph ----------------------------------------------------------------------------------------


def trusts(tx: Transaction) -> dict[str, int]:
    """Trust by source, as people have set it."""
    return {row["record"]["id"]: row["record"]["trust"] for row in tx.run("sources/list")}


def prefixes(tx: Transaction) -> dict[str, str]:
    """What the ids of sources are told from those of others by, of those that have such a prefix."""
    stored = (row["record"] for row in tx.run("sources/list"))
    return {record["id"]: record["prefix"] for record in stored if record.get("prefix")}


def read_records(tx: Transaction, things: Mapping[str, Mapping[str, Any]]) -> dict[str, list[SourceRecord]]:
    """What things show, by what records call them, ordered by source and what it is about; `things` has properties."""
    apart = [thing for thing, properties in things.items() if properties.get("_records")]
    found: dict[str, list[SourceRecord]] = {thing: [] for thing in apart}
    if apart:
        for stored in tx.run("source_records/read_many", things=apart)[0]["records"]:
            found[stored["shown_in"]].append(record_of(stored))
    for records in found.values():
        records.sort(key=lambda record: (record.source, record.about))
    return found | {thing: own_records(thing, things[thing]) for thing in things if thing not in found}


def read_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, SourceRecord]:
    """Those of the records that have a node of their own, by id."""
    found = tx.run("source_records/read_ids", ids=list(ids))[0]["records"]
    return {stored["id"]: record_of(stored) for stored in found}


def record_of(stored: Mapping[str, Any]) -> SourceRecord:
    """A record from its node's properties."""
    fields = {name: _decoded(value) for name, value in json.loads(stored["fields"]).items()}
    raw = json.loads(stored["raw"])
    said = (stored["source_id"], stored["about"], stored["shown_in"], fields, raw)
    return SourceRecord(*said, stored["seen_at"], stored.get("first_at"), times_of(stored.get("earlier")))


def write_records(tx: Transaction, records: Iterable[SourceRecord]) -> None:
    """Keep records, each in the place of an earlier one of the same source and thing."""
    rows = [
        {
            "id": record.id,
            "source_id": record.source,
            "about": record.about,
            "shown_in": record.shown_in,
            "fields": json.dumps(
                {name: _encoded(value) for name, value in record.fields.items()}, ensure_ascii=False, sort_keys=True
            ),
            "raw": json.dumps(record.raw, ensure_ascii=False, sort_keys=True),
            "seen_at": record.seen_at,
            **({"first_at": record.first_at} if record.first_at else {}),
            **({"earlier": times_text(record.earlier)} if record.earlier else {}),
        }
        for record in records
    ]
    write_all(tx, "source_records/write", rows)


def forget_records(tx: Transaction, things: Iterable[str]) -> None:
    """Remove the records that things show."""
    wanted = list(things)
    found = tx.run("source_records/read_many", things=wanted)[0]["records"] if wanted else []
    if found:
        tx.run("source_records/delete", ids=[record["id"] for record in found])


def rename_records(tx: Transaction, thing: str, new: str) -> None:
    """Call a thing by another name in all that sources say of it."""
    for records in read_records(tx, {thing: {"_records": 1}}).values():
        forget_records(tx, [thing])
        write_records(
            tx,
            [replace(record, shown_in=new, about=new if record.about == thing else record.about) for record in records],
        )


def _encoded(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["time"]) if "time" in value else date.fromisoformat(value["day"])
    return value
