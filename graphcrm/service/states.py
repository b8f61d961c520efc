"""A party as a write finds and leaves it: what it shows, and which sources say so since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from graphcrm.schema import PARTY_LABELS
from graphcrm.service.changes import Fields
from graphcrm.service.reference_words import stands_for
from graphcrm.service.source_records import (
    FILES,
    NEVER,
    PINNED,
    SourceRecord,
    about_node,
    key_of,
    own_fields,
    read_records,
)
from graphcrm.store import Transaction
from graphcrm.tables import TABLES, Table
from graphcrm.values import from_graph

__all__ = ["PARTY_TABLES", "State", "Voice", "states"]

PARTY_TABLES: Final = tuple(table for table in TABLES.values() if table.label in PARTY_LABELS)


class Voice(NamedTuple):
    """Since when a party is spoken of, UTC, and by whom; no name where that was not noted."""

    at: datetime
    source: str | None


@dataclass(frozen=True)
class State:
    """What a party shows, and who says so since when.

    Parameters
    ----------
    label : str
        Its label.
    fields : dict
        What it shows.
    said : mapping of str to tuple of str
        The sources that say so, by field.
    sources : tuple of str
        Those that speak of the party itself, and not only of one that was merged into it.
    voices : mapping of str to Voice
        Who spoke first of it and of each that was merged into it, by their ids.
    created_at, seen_at : datetime, optional
        Since when it is known, if that is not when a source last said something new of it; and that time. UTC.
    """

    label: str
    fields: Fields
    said: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    voices: Mapping[str, Voice]
    created_at: datetime | None
    seen_at: datetime | None

    @property
    def known_since(self) -> datetime | None:
        return self.created_at or self.seen_at

    def first(self, id_: str) -> Voice | None:
        """Who spoke first of the party itself, by its id, or else of any that was merged into it."""
        return self.voices.get(id_) or min(self.voices.values(), key=lambda voice: voice.at, default=None)


def states(tx: Transaction, ids: Iterable[str]) -> dict[str, State]:
    """The parties among some ids, as they are now, by id."""
    found: dict[str, State] = {}
    wanted = list(ids)
    for table in PARTY_TABLES:
        label = table.label or ""
        missing = [id_ for id_ in wanted if id_ not in found]
        rows = tx.run("nodes/read_many", words={"LABEL": label}, ids=missing)[0]["records"] if missing else []
        if not rows:
            continue
        records = read_records(tx, {about_node(label, row["id"]): row for row in rows})
        named = _named(tx, table, [row["id"] for row in rows])
        for row in rows:
            found[row["id"]] = _state(table, row, records[about_node(label, row["id"])], named.get(row["id"], {}))
    return found


def _state(
    table: Table,
    row: Mapping[str, Any],
    records: Sequence[SourceRecord],
    named: Mapping[str, tuple[str, tuple[str, ...]]],
) -> State:
    """A party by its properties, what is said of it, and whom it names."""
    fields = _fields(table, row)
    alone = tuple(sorted(row.get("_sources") or [FILES]))
    said = dict.fromkeys(fields, alone)
    for name in fields if row.get("_records") else ():
        said[name] = tuple(sorted({one.source for one in records if one.fields.get(name) == row[name]})) or alone
    for name, (other, sources) in named.items():
        fields[name], said[name] = other, sources
    spoken = [record for record in records if record.source != PINNED]
    own = [record for record in spoken if key_of(record) == row["id"]]
    sources = tuple(sorted({record.source for record in own or spoken}))
    times = row.get("_created_at"), row.get("_seen_at")
    return State(table.label or "", fields, said, sources, _voices(spoken), *times)


def _voices(records: Iterable[SourceRecord]) -> dict[str, Voice]:
    """Who spoke first of each party that records are about; where one may have spoken earlier, nobody is named."""
    found: dict[str, Voice] = {}
    for record in records:
        if record.seen_at == NEVER:
            continue
        key = key_of(record)
        voice = Voice(record.first_at or record.seen_at, record.source if record.first_at else None)
        first = found.get(key, voice)
        is_sure = None not in (first.source, voice.source)
        earlier = min(first, voice, key=lambda each: each.at)
        found[key] = earlier if is_sure else Voice(earlier.at, None)
    return found


def _fields(table: Table, properties: Mapping[str, Any]) -> Fields:
    return {
        name: from_graph(name if name in table.properties else "", value)
        for name, value in own_fields(properties).items()
        if name != "id"
    }


def _named(tx: Transaction, table: Table, ids: list[str]) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """Whom each party names in its reference columns, and who says so; of several the first by id."""
    found: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {}
    for ref in table.references:
        query = "ties/list_outgoing" if ref.outgoing else "ties/list_incoming"
        columns = tx.run(query, words={"TYPE": ref.type, "LABEL": table.label or ""}, ids=ids)[0]
        for id_, other, label, tie in zip(
            *(columns[name] for name in ("id", "other_id", "other_label", "tie")), strict=True
        ):
            mine = found.setdefault(id_, {})
            if stands_for(ref, label, tie) and (ref.field not in mine or other < mine[ref.field][0]):
                mine[ref.field] = other, tuple(sorted(tie.get("_sources") or [FILES]))
    return found
