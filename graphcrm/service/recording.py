"""What a write does to parties, noted in the book of changes in the same transaction.

The parties that a write may change are read before and after it, and what differs is the change. So it makes no
difference by which way a field came to show something else: an edit, an import, a merge, another trust, or a source
that was erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from graphcrm.schema import PARTY_LABELS
from graphcrm.service.changes import Fields, Kind, Shift, forget_said, new_change, read_changes, write_changes
from graphcrm.service.planning import Plan, TieRow
from graphcrm.service.references import stands_for
from graphcrm.service.source_records import FILES, about_node, own_fields, read_records
from graphcrm.store import Transaction
from graphcrm.tables import TABLES, Table
from graphcrm.values import from_graph

__all__ = [
    "Event",
    "State",
    "note_created",
    "note_deleted",
    "note_removed",
    "recording",
    "shown_parties",
    "states",
    "touched",
]

_PARTY_TABLES: Final = tuple(table for table in TABLES.values() if table.label in PARTY_LABELS)
_TOLD: Final = ("KNOWS", "REFERRED", "WORKS_AT", "SUBSIDIARY_OF")
"""Types of ties whose removal is told of both ends."""
_NAMED: Final = {"OWNS": "target", "WORKS_AT": "source"}
"""Types of ties that a reference column of a party shows, and the end that has the column."""


class Event(NamedTuple):
    """What happens to a party, which other one has a part in it, and who does it if not who acts here."""

    about: str
    kind: Kind
    other: str
    by: str | None = None


@dataclass(frozen=True)
class State:
    """What a party shows, which sources say so by field, which speak of it at all, and since when it is known."""

    label: str
    fields: Fields
    said: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    known_since: datetime | None


def states(tx: Transaction, ids: Iterable[str]) -> dict[str, State]:
    """The parties among some ids, as they are now, by id."""
    found: dict[str, State] = {}
    wanted = list(ids)
    for table in _PARTY_TABLES:
        label = table.label or ""
        missing = [id_ for id_ in wanted if id_ not in found]
        rows = tx.run("nodes/read_many", words={"LABEL": label}, ids=missing)[0]["records"] if missing else []
        if not rows:
            continue
        records = read_records(tx, {about_node(label, row["id"]): row for row in rows if row.get("_records")})
        named = _named(tx, table, [row["id"] for row in rows])
        for row in rows:
            fields = _fields(table, row)
            alone = tuple(sorted(row.get("_sources") or [FILES]))
            said = dict.fromkeys(fields, alone)
            for name in fields if row.get("_records") else ():
                by = {one.source for one in records[about_node(label, row["id"])] if one.fields.get(name) == row[name]}
                said[name] = tuple(sorted(by)) or alone
            for name, (other, sources) in named.get(row["id"], {}).items():
                fields[name], said[name] = other, sources
            since = row.get("_created_at") or row.get("_seen_at")
            found[row["id"]] = State(label, fields, said, alone, since)
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


def touched(plan: Plan) -> set[str]:
    """The parties that are there and that a plan changes."""
    new = {row["id"] for label in PARTY_LABELS for row in plan.creates.get(label, ())}
    ids = {row["id"] for label in PARTY_LABELS for row in plan.updates.get(label, ())}
    return (ids | shown_parties((*plan.new_ties, *plan.changed_ties, *plan.cut_ties))) - new


def shown_parties(ties: Iterable[TieRow]) -> set[str]:
    """The parties that show ties in a reference column."""
    ends = (getattr(tie, _NAMED[tie.type]) for tie in ties if tie.type in _NAMED)
    return {id_ for label, id_ in ends if label in PARTY_LABELS}


@contextmanager
def recording(
    tx: Transaction,
    ids: Iterable[str],
    source: str | None = None,
    *,
    events: Sequence[Event] = (),
    erased: str | None = None,
) -> Iterator[None]:
    """Note what becomes of parties meanwhile.

    Parameters
    ----------
    tx : Transaction
        The write transaction of the change.
    ids : iterable of str
        The parties that may change. Those that are new or gone afterwards are noted if there is an event for them.
    source : str, optional
        On whose word it is done.
    events : sequence of Event
        What happens to parties.
    erased : str, optional
        A source whose words are taken out meanwhile, from the earlier changes of the parties too.
    """
    wanted = sorted({*ids, *(event.about for event in events)})
    tx.hold(wanted)  # so that what others do to them meanwhile is not noted as done here
    before = states(tx, wanted) if wanted else {}
    yield
    after = states(tx, wanted) if wanted else {}
    _keep_age(tx, before, after)
    last = forget_said(tx, sorted(after), erased) if erased else {}
    happened = {id_: [event for event in events if event.about == id_] for id_ in wanted}
    at = datetime.now(UTC)
    changes = []
    for id_ in wanted:
        old, new = before.get(id_), after.get(id_)
        if (old is None or new is None) and not happened[id_]:
            continue
        fields = _shifts(old, new)
        if erased:
            fields = _without(fields, erased, last.get(id_, {}))
        known = [state.known_since for state in (old, new) if state and state.known_since]
        more = {"source": source, "known_since": min(known, default=None)}
        if not happened[id_] and fields:
            changes.append(new_change(id_, at, "changed", fields=fields, **more))
        for event in happened[id_]:
            if new is None and event.kind != "merged_away":
                continue  # it has gone with all that was said of it
            there = before.get(event.other) or after.get(event.other)
            said = there.sources if there else ()
            change = new_change(id_, at, event.kind, fields=fields, other=event.other, other_said=said, **more)
            changes.append(replace(change, by=event.by or change.by))
            fields = {}  # told once
    write_changes(tx, changes)


def _shifts(old: State | None, new: State | None) -> dict[str, Shift]:
    names = sorted({*(old.fields if old else ()), *(new.fields if new else ())})
    shifts = {
        name: Shift(
            old.fields.get(name) if old else None,
            new.fields.get(name) if new else None,
            old.said.get(name, ()) if old else (),
            new.said.get(name, ()) if new else (),
        )
        for name in names
    }
    return {name: shift for name, shift in shifts.items() if shift.before != shift.after}


def _without(
    shifts: Mapping[str, Shift], source: str, last: Mapping[str, tuple[Any, tuple[str, ...]]]
) -> dict[str, Shift]:
    """Shifts whose earlier values are those that others than a source said."""
    found = {}
    for name, shift in shifts.items():
        value, said = (
            last.get(name, (None, ())) if shift.said_before == (source,) else (shift.before, shift.said_before)
        )
        if value != shift.after:
            found[name] = Shift(value, shift.after, tuple(one for one in said if one != source), shift.said_after)
    return found


def _keep_age(tx: Transaction, before: Mapping[str, State], after: Mapping[str, State]) -> None:
    """Have parties remember since when they are known, where the time at which a source spoke last says it no more."""
    ages = {id_: state.known_since for id_, state in before.items()}
    # Of a party that is there again, after a merge was taken back, the changes say it.
    for id_, changes in read_changes(tx, sorted(after.keys() - before.keys())).items():
        ages[id_] = min((change.known_since for change in changes if change.known_since), default=None)
    for table in _PARTY_TABLES:
        rows = [
            {"id": id_, "_created_at": since}
            for id_, state in after.items()
            if state.label == table.label
            and (since := ages.get(id_)) is not None
            and (state.known_since is None or since < state.known_since)
        ]
        if rows:
            tx.run("nodes/update", words={"LABEL": table.label or ""}, rows=rows)


# ---- what is no difference between before and after ------------------------------------------------------


def note_created(tx: Transaction, id_: str, source: str) -> None:
    """Note who made a party; an import's are known by their source and time alone."""
    write_changes(tx, [new_change(id_, datetime.now(UTC), "created", source=source)])


def note_deleted(tx: Transaction, id_: str) -> None:
    """Note that a party was deleted, which is all that is remembered of it."""
    write_changes(tx, [new_change(id_, datetime.now(UTC), "deleted")])


def note_removed(tx: Transaction, tie: TieRow, source: str) -> None:
    """Note at both ends that a tie between parties was removed."""
    if tie.type not in _TOLD:
        return
    said = tuple(sorted(tie.properties.get("_sources") or [FILES]))
    shift = {tie.type: Shift(tie.properties["id"], None, said)}
    at = datetime.now(UTC)
    more: dict[str, Any] = {"source": source, "other_said": said, "fields": shift}
    ends = ((tie.source[1], tie.target[1]), (tie.target[1], tie.source[1]))
    write_changes(tx, [new_change(end, at, "tie_removed", other=other, **more) for end, other in ends])
