"""What a write does to parties, noted in the book of changes in the same transaction.

The parties that a write may change are read before and after it, and what differs is the change. So it makes no
difference by which way a field came to show something else: an edit, an import, a merge, another trust, or a source
that was erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from graphcrm.schema import PARTY_LABELS
from graphcrm.service import outbox
from graphcrm.service.aliases import merged_into
from graphcrm.service.changes import Change, Kind, Shift, forget_said, left, new_change, read_changes, write_changes
from graphcrm.service.planning import Plan, TieRow
from graphcrm.service.source_records import FILES
from graphcrm.service.states import PARTY_TABLES, State, states
from graphcrm.store import Transaction

__all__ = [
    "Erased",
    "Event",
    "ages",
    "changes_between",
    "note_created",
    "note_deleted",
    "note_removed",
    "recording",
    "shown_parties",
    "touched",
]

_TOLD: Final = ("KNOWS", "REFERRED", "WORKS_AT", "SUBSIDIARY_OF")
"""Types of ties whose removal is told of both ends."""
_NAMED: Final = {"OWNS": "target", "WORKS_AT": "source"}
"""Types of ties that a reference column of a party shows, and the end that has the column."""


Told = tuple[Any, tuple[str, ...]]
"""A value, and the sources that say it."""


class Event(NamedTuple):
    """What happens to a party, which other one has a part in it, and who does it if not who acts here."""

    about: str
    kind: Kind
    other: str | None
    by: str | None = None


@dataclass(frozen=True)
class Erased:
    """A source whose words are taken out.

    Parameters
    ----------
    source : str
        Its name.
    last : mapping of str to mapping
        By party, what each field showed last on the word of others, and who said so.
    """

    source: str
    last: Mapping[str, Mapping[str, Told]] = field(default_factory=dict)


def touched(plan: Plan) -> set[str]:
    """The parties that are there and that a plan changes."""
    new = {row["id"] for label in PARTY_LABELS for row in plan.creates.get(label, ())}
    ids = {row["id"] for label in PARTY_LABELS for row in plan.updates.get(label, ())}
    return (ids | shown_parties(plan.touched_ties)) - new


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
        A source whose words are taken out meanwhile, from the earlier changes of the parties, and of those that were
        merged into them, too.
    """
    wanted = sorted({*ids, *(event.about for event in events)})
    tx.hold(wanted)  # so that what others do to them meanwhile is not noted as done here
    before = states(tx, wanted) if wanted else {}
    yield
    after = states(tx, wanted) if wanted else {}
    outbox.remember(tx, updated=dict.fromkeys(_with_another_owner(before, after), ("owner_id",)))
    back = read_changes(tx, sorted(after.keys() - before.keys()))
    known = ages(before, after, back, erased)
    _keep_ages(tx, after, known)
    gone = Erased(erased, _forget_said(tx, before, after, known, erased)) if erased else None
    write_changes(tx, changes_between(before, after, events, datetime.now(UTC), source, known, gone))


def _with_another_owner(before: Mapping[str, State], after: Mapping[str, State]) -> list[str]:
    """The customers that have come to show another owner, or none."""
    there = [id_ for id_, new in after.items() if new.label == "Customer" and id_ in before]
    return [id_ for id_ in there if before[id_].fields.get("owner_id") != after[id_].fields.get("owner_id")]


def ages(
    before: Mapping[str, State],
    after: Mapping[str, State],
    back: Mapping[str, Sequence[Change]],
    erased: str | None = None,
) -> dict[str, datetime | None]:
    """Since when parties are known that are there after a write.

    Parameters
    ----------
    before, after : mapping of str to State
        Parties as they were and are, by id.
    back : mapping of str to sequence of Change
        The changes of those that are there again, after a merge was taken back.
    erased : str, optional
        A source whose words were taken out: where it may have spoken first, it is the others' first word that counts.

    Returns
    -------
    dict of str to datetime
        By id, UTC; None where nothing says it.
    """
    found: dict[str, datetime | None] = {}
    for id_, new in after.items():
        old = before.get(id_)
        if erased and old and _may_be_first(old, id_, erased):
            first = new.first(id_)
            found[id_] = first.at if first else None
            continue
        times = [state.known_since for state in (old, new) if state]
        times += [change.known_since for change in back.get(id_, ())]
        found[id_] = min((at for at in times if at is not None), default=None)
    return found


def _may_be_first(state: State, id_: str, source: str) -> bool:
    """Whether a source may be the one that spoke first of a party."""
    first = state.first(id_)
    return first is None or first.source in (source, None)


def _keep_ages(tx: Transaction, after: Mapping[str, State], known: Mapping[str, datetime | None]) -> None:
    """Have parties remember since when they are known, where the time at which a source spoke last says it not."""
    for table in PARTY_TABLES:
        rows = []
        for id_, state in after.items():
            created_at = known[id_] if known[id_] != state.seen_at else None
            if state.label == table.label and created_at != state.created_at:
                rows.append({"id": id_, "_created_at": created_at})
        if rows:
            tx.run("nodes/update", words={"LABEL": table.label or ""}, rows=rows)


def _forget_said(
    tx: Transaction,
    before: Mapping[str, State],
    after: Mapping[str, State],
    known: Mapping[str, datetime | None],
    source: str,
) -> dict[str, dict[str, Told]]:
    """Take a source out of the changes of parties and of all that were merged into them; see `forget_said`."""
    members = merged_into(tx.run, after)
    since = dict(known)
    for id_, new in after.items():
        for member in (before[id_].voices.keys() & members.keys()) - {id_} if id_ in before else ():
            if _may_be_first(before[id_], member, source):
                since[member] = new.voices[member].at if member in new.voices else None
    return forget_said(tx, sorted({*after, *members}), source, since)


# ---- comparing -------------------------------------------------------------------------------------------


def changes_between(
    before: Mapping[str, State],
    after: Mapping[str, State],
    events: Sequence[Event],
    at: datetime,
    source: str | None = None,
    known: Mapping[str, datetime | None] | None = None,
    erased: Erased | None = None,
) -> list[Change]:
    """What became of parties between two moments.

    Parameters
    ----------
    before, after : mapping of str to State
        Parties as they were and are, by id.
    events : sequence of Event
        What happened to them, in order. A party that is new or gone makes a change only by an event; what a party shows
        now is told with the first of its events, and is a change of its own where there is none.
    at : datetime
        When, UTC.
    source : str, optional
        On whose word it was done.
    known : mapping of str to datetime, optional
        Since when those that are there are known, from `ages`.
    erased : Erased, optional
        A source whose words were taken out: what it alone said was never shown.

    Returns
    -------
    list of Change
        By the party's id; of one party in the order of its events.

    Examples
    --------
    >>> at = datetime(2025, 1, 1)
    >>> ulm, bonn = ({"A": State("Customer", {"city": city}, {}, ("crm",), {}, None, at)} for city in ("Ulm", "Bonn"))
    >>> [change.fields["city"].after for change in changes_between(ulm, bonn, [], at)]
    ['Bonn']
    """
    known = known or {}
    changes = []
    for id_ in sorted({*before, *after, *(event.about for event in events)}):
        old, new = before.get(id_), after.get(id_)
        happened = [event for event in events if event.about == id_]
        if (old is None or new is None) and not happened:
            continue
        fields = _without(old, new, erased, erased.last.get(id_, {})) if erased else _shifts(old, new)
        since = known.get(id_) if new else old and old.known_since
        more: dict[str, Any] = {"source": source, "known_since": since}
        if fields and not happened:
            changes.append(new_change(id_, at, "changed", fields=fields, **more))
        for event in happened:
            if new is None and event.kind != "merged_away":
                continue  # it has gone with all that was said of it
            there = event.other and (before.get(event.other) or after.get(event.other))
            said = there.sources if there else ()
            change = new_change(id_, at, event.kind, fields=fields, other=event.other, other_said=said, **more)
            changes.append(replace(change, by=event.by or change.by))
            fields = {}  # told once
    return changes


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


def _without(old: State | None, new: State | None, erased: Erased, last: Mapping[str, Told]) -> dict[str, Shift]:
    """What differs between what a party shows now and what it would have shown before without a source."""
    shifts = {}
    for name in sorted({*(old.fields if old else ()), *(new.fields if new else ()), *last}):
        shown = (old.fields.get(name), old.said.get(name, ())) if old else (None, ())
        value, said = last.get(name) or left(*shown, erased.source) or (None, ())
        after = new.fields.get(name) if new else None
        if value != after:
            shifts[name] = Shift(value, after, said, new.said.get(name, ()) if new else ())
    return shifts


# ---- what is no difference between before and after ------------------------------------------------------


def note_created(tx: Transaction, id_: str, source: str) -> None:
    """Note who made a party; an import's are known by their source and time alone."""
    write_changes(tx, [new_change(id_, datetime.now(UTC), "created", source=source)])


def note_deleted(tx: Transaction, id_: str, sources: Iterable[str]) -> None:
    """Note that a party was deleted, and who knew of it, which is all that is remembered of it."""
    write_changes(tx, [new_change(id_, datetime.now(UTC), "deleted", other_said=tuple(sources))])


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
