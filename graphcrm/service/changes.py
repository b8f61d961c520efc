"""The book of changes: what became of a party's fields, from what to what, when, by whom and on whose word.

A `Change` is written in the transaction of the change itself (`graphcrm.service.recording`). Undoing the later ones of
what a party shows now gives what it showed before.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, Final, Literal

from graphcrm.service.statements import write_all
from graphcrm.store import Transaction

__all__ = [
    "Change",
    "Fields",
    "Kind",
    "Shift",
    "act_as",
    "acting",
    "actor",
    "beginning",
    "forget_changes",
    "forget_said",
    "from_stored",
    "left",
    "new_change",
    "read_changes",
    "undone",
    "without",
    "write_changes",
]

Kind = Literal[
    "created",
    "changed",
    "merged",
    "unmerged",
    "merged_away",
    "came_back",
    "targeted_without_consent",
    "tie_removed",
    "deleted",
]
"""`merged` and `unmerged` are told of the party that stays, `merged_away` and `came_back` of the other."""

Fields = dict[str, Any]
"""What a party shows: its fields, in the form that records have outside, those without a value left out."""

_WHOLE: Final = frozenset({"created", "merged_away", "came_back"})
"""Kinds after or before which the party is not there: their fields are its state, and no news."""

_actor: ContextVar[str | None] = ContextVar("actor", default=None)
_number: Final = count()


def act_as(name: str | None) -> None:
    """Say who makes the changes that follow in this context (a request, a thread); None for nobody in particular."""
    _actor.set(name)


@contextmanager
def acting(name: str | None) -> Iterator[None]:
    """Say who makes the changes that are made meanwhile.

    Parameters
    ----------
    name : str or None
        As the history is to tell it; None for nobody in particular.

    Examples
    --------
    >>> with acting("anna"):
    ...     actor()
    'anna'
    """
    token = _actor.set(name)
    try:
        yield
    finally:
        _actor.reset(token)


def actor() -> str | None:
    """Who makes changes here; None where nobody said."""
    return _actor.get()


@dataclass(frozen=True)
class Shift:
    """What a field showed before and shows after a change, and which sources say so; None stands for no value."""

    before: Any
    after: Any
    said_before: tuple[str, ...] = ()
    said_after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One change of one party.

    Parameters
    ----------
    id : str
        Ids are in the order of the changes.
    about : str
        The party's id.
    at : datetime
        When, UTC.
    kind : str
        What happened; see `Kind`.
    by : str, optional
        Who did it.
    source : str, optional
        The source on whose word it was done.
    other : str, optional
        Another party, or a campaign, that had a part in it.
    other_said : tuple of str
        The sources that know of that one; of one that was deleted, those that knew of it.
    fields : dict of str to Shift
        What became of each field.
    known_since : datetime, optional
        When the party was first recorded, UTC.
    """

    id: str
    about: str
    at: datetime
    kind: Kind
    by: str | None = None
    source: str | None = None
    other: str | None = None
    other_said: tuple[str, ...] = ()
    fields: Mapping[str, Shift] = field(default_factory=dict)
    known_since: datetime | None = None

    @property
    def news(self) -> list[str]:
        """The fields of which it tells something new."""
        return [] if self.kind in _WHOLE else sorted(self.fields)

    @property
    def sources(self) -> set[str]:
        """Every source that it names."""
        said = {name for shift in self.fields.values() for name in (*shift.said_before, *shift.said_after)}
        return said | {*self.other_said} | ({self.source} if self.source else set())


def new_change(about: str, at: datetime, kind: Kind, **more: Any) -> Change:
    """A change that is being made, by whoever acts here."""
    place = next(_number) % 1_000_000
    return Change(f"{_stamp(at)}-{place:06d}-{secrets.token_hex(3)}", about, at, kind, actor(), **more)


def beginning(about: str, at: datetime, source: str | None) -> Change:
    """The change that is not written when many parties are made at once: that one of them is known since then."""
    return Change(_stamp(at), about, at, "created", source=source)


def _stamp(at: datetime) -> str:
    """A text in the order of time."""
    return f"{at:%Y%m%dT%H%M%S.%fZ}"


def undone(state: Fields | None, changes: Iterable[Change]) -> Fields | None:
    """What a party showed before some changes.

    Parameters
    ----------
    state : dict, optional
        What it shows after them; None where it is not there.
    changes : iterable of Change
        All its changes since, newest first.

    Returns
    -------
    dict or None
        Its fields; None where it was not there, or nothing is known of it.

    Examples
    --------
    >>> at = datetime(2025, 1, 1)
    >>> moved = Change("1", "C1", at, "changed", fields={"city": Shift("Ulm", "Bonn"), "phone": Shift(None, "1")})
    >>> undone({"name": "Ann", "city": "Bonn", "phone": "1"}, [moved])
    {'name': 'Ann', 'city': 'Ulm'}
    """
    for change in changes:
        if change.kind == "merged_away":
            state = {name: shift.before for name, shift in change.fields.items()}
        elif change.kind in ("created", "came_back", "deleted"):
            state = None
        elif change.kind != "tie_removed" and state is not None:
            before = {name: shift.before for name, shift in change.fields.items()}
            state = {name: value for name, value in (state | before).items() if value is not None}
    return state


def without(changes: Iterable[Change], source: str) -> tuple[list[Change], dict[str, tuple[Any, tuple[str, ...]]]]:
    """A party's changes as if a source had never said anything.

    Parameters
    ----------
    changes : iterable of Change
        All of one party, oldest first.
    source : str
        The source's name.

    Returns
    -------
    list of Change
        What is left of them. Where the source alone said what came to be shown, what was shown before stands in its
        place; that others came to say the same is told by the next change.
    dict of str to tuple
        The value that each field had last, and who said so.

    Examples
    --------
    >>> at = datetime(2025, 1, 1)
    >>> first = Change("1", "C1", at, "changed", fields={"city": Shift("Ulm", "Bonn", ("crm",), ("list",))})
    >>> second = Change("2", "C1", at, "changed", fields={"city": Shift("Bonn", "Kiel", ("list",), ("hand",))})
    >>> [change.fields for change in without([first, second], "list")[0]]
    [{'city': Shift(before='Ulm', after='Kiel', said_before=('crm',), said_after=('hand',))}]
    """
    last: dict[str, tuple[Any, tuple[str, ...]]] = {}
    kept = []
    for change in changes:
        is_chained = change.kind != "tie_removed"  # of one type several ties may be removed
        fields = {}
        for name, shift in change.fields.items():
            before = left(shift.before, shift.said_before, source) or (None, ())
            if is_chained and name in last and last[name][0] != before[0]:
                before = last[name]
            after = left(shift.after, shift.said_after, source) or before
            if is_chained:
                last[name] = after
            if before[0] != after[0]:
                fields[name] = Shift(before[0], after[0], before[1], after[1])
        own = change.source == source
        if own and change.kind == "created":
            continue  # others came to speak of it later, which needs no line
        hidden = change.other_said == (source,)
        if fields or (change.kind not in ("changed", "tie_removed") and not hidden):
            kept.append(
                replace(
                    change,
                    fields=fields,
                    by=None if own else change.by,
                    source=None if own else change.source,
                    other=None if hidden else change.other,
                    other_said=tuple(name for name in change.other_said if name != source),
                )
            )
    return kept, last


def left(value: Any, said: tuple[str, ...], source: str) -> tuple[Any, tuple[str, ...]] | None:
    """A value with those who say it beside a source; None where the source alone does."""
    return None if said == (source,) else (value, tuple(name for name in said if name != source))


# ---- in the graph ----------------------------------------------------------------------------------------


def read_changes(tx: Transaction, parties: Sequence[str]) -> dict[str, list[Change]]:
    """All changes of parties, by the party's id, oldest first; parties without any are left out."""
    found: dict[str, list[Change]] = {}
    stored = tx.run("history/read", parties=list(parties))[0]["records"] if parties else []
    for change in sorted(map(from_stored, stored), key=lambda each: each.id):
        found.setdefault(change.about, []).append(change)
    return found


def from_stored(stored: Mapping[str, Any]) -> Change:
    """A change as the graph has it."""
    fields = {
        name: Shift(before, after, tuple(said_before), tuple(said_after))
        for name, (before, after, said_before, said_after) in json.loads(stored["fields"]).items()
    }
    return Change(
        stored["id"],
        stored["about"],
        stored["at"],
        stored["kind"],
        stored.get("by"),
        stored.get("source"),
        stored.get("other"),
        tuple(stored.get("other_said") or ()),
        fields,
        stored.get("known_since"),
    )


def write_changes(tx: Transaction, changes: Iterable[Change]) -> None:
    """Keep changes, each in the place of an earlier one of the same id."""
    write_all(tx, "history/write", [_stored(change) for change in changes])


def _stored(change: Change) -> dict[str, Any]:
    shifts = {
        name: [shift.before, shift.after, shift.said_before, shift.said_after]
        for name, shift in sorted(change.fields.items())
    }
    row = {
        "id": change.id,
        "about": change.about,
        "at": change.at,
        "kind": change.kind,
        "by": change.by,
        "source": change.source,
        "other": change.other,
        "other_said": list(change.other_said),
        "names": change.news,
        "sources": sorted(change.sources),
        "fields": json.dumps(shifts, ensure_ascii=False),
        "known_since": change.known_since,
    }
    return {key: value for key, value in row.items() if value not in (None, [])}


def forget_changes(tx: Transaction, parties: Sequence[str]) -> None:
    """Forget all changes of parties."""
    if parties:
        tx.run("history/delete_about", parties=list(parties))


def forget_said(
    tx: Transaction, parties: Sequence[str], source: str, ages: Mapping[str, datetime | None] | None = None
) -> dict[str, dict[str, tuple[Any, tuple[str, ...]]]]:
    """Take what a source said out of the changes of parties.

    Parameters
    ----------
    tx : Transaction
        A write transaction that holds the parties' ids as keys.
    parties : sequence of str
        Whose changes.
    source : str
        The source's name.
    ages : mapping of str to datetime, optional
        Since when the others speak of parties, UTC, None where nobody does: that is then since when they are known.

    Returns
    -------
    dict of str to dict
        By party, what each field showed last then, and who said so.
    """
    ages = ages or {}
    last = {}
    gone: list[str] = []
    for party, changes in read_changes(tx, parties).items():
        kept, last[party] = without(changes, source)
        if party in ages:
            kept = [replace(change, known_since=change.known_since and ages[party]) for change in kept]
        ids = {change.id for change in kept}
        gone += [change.id for change in changes if change.id not in ids]
        write_changes(tx, [change for change in kept if change not in changes])
    if gone:
        tx.run("history/delete", ids=gone)
    return last
