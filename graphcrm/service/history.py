"""The history of a party: what changed, and what was known of it at an earlier time."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pandas as pd

from graphcrm.errors import InvalidInput, MergedAway, NotFound
from graphcrm.limits import MAX_NAME_LENGTH, MAX_PAGE
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.aliases import merged_into, roots
from graphcrm.service.answers import bounded, table
from graphcrm.service.changes import Change, Fields, beginning, from_stored, read_changes, undone
from graphcrm.service.planning import resolve_labels
from graphcrm.service.states import State, states
from graphcrm.service.stored import found_node, node_table, noun
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TABLES, Table
from graphcrm.values import from_graph

__all__ = ["COLUMNS", "earlier_values", "party_history", "record_as_of"]

COLUMNS: Final = ("at", "kind", "party_id", "field", "from", "to", "source", "by", "other")
"""What a line of a history says."""

_END: Final = "~"
"""A text after every id of a change."""
_LATEST: Final = 200
_OF_PARTIES: Final = frozenset(ref.field for table in TABLES.values() for ref in table.references)


@dataclass(frozen=True)
class _Place:
    """Where a page begins: a change, and how many of its lines were given already."""

    change: str = _END
    given: int = 0


def party_history(
    store: GraphStore,
    party_id: str,
    field: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
    label: str | None = None,
) -> pd.DataFrame:
    """What changed in a party; see `graphcrm.service.archive.Archive.history`."""
    bounded("limit", limit, MAX_PAGE)
    if field is not None and not 1 <= len(field) <= MAX_NAME_LENGTH:
        raise InvalidInput(f"field: must have 1 to {MAX_NAME_LENGTH} characters", field="field")
    place = _place(cursor, field)

    def work(tx: Transaction) -> tuple[str | None, list[dict[str, Any]], str | None]:
        state = _present(tx, party_id, label)
        if state is None and (roots(tx.run, [party_id]) or not read_changes(tx, [party_id])):
            raise _nobody(tx, party_id, label)
        parties = [party_id, *sorted(merged_into(tx.run, [party_id]))]
        lines: list[dict[str, Any]] = []
        next_cursor = None
        for mark, given, line in _lines(tx, parties, state, field, place, limit + 1):
            if len(lines) == limit:
                next_cursor = _cursor(mark, given, field)
                break
            lines.append(line)
        return state.label if state else None, lines, next_cursor

    found, lines, next_cursor = store.reading(work)
    frame = table(lines, list(COLUMNS))
    frame.attrs.update({"party_id": party_id, "label": found, "next_cursor": next_cursor})
    return frame


def earlier_values(store: GraphStore, party_id: str) -> dict[str, list[dict[str, Any]]]:
    """What fields showed before, among a party's latest changes.

    Returns
    -------
    dict of str to list of dict
        By field, newest first: `value`, and `until` when it was shown.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for line in party_history(store, party_id, limit=_LATEST).to_dict("records"):
        own = line["party_id"] == party_id and line["kind"] != "tie_removed"
        if own and line["field"] and line["from"] is not None:
            found.setdefault(line["field"], []).append({"value": line["from"], "until": line["at"]})
    return found


def record_as_of(store: GraphStore, resource: str, id_: str, recorded_as_of: str | date) -> dict[str, Any]:
    """A customer or contact as it was known then; see `graphcrm.service.records.Records.read`."""
    spec = node_table(resource)
    if spec.label not in PARTY_LABELS:
        raise InvalidInput(
            "recorded_as_of: only customers and contacts can be read as of a time", field="recorded_as_of"
        )
    moment = _moment(recorded_as_of)

    def work(tx: Transaction) -> dict[str, Any]:
        state = _present(tx, id_, spec.label)
        changes = read_changes(tx, [id_]).get(id_, [])
        if state is None and not changes:
            raise _nobody(tx, id_, spec.label)
        return _record(spec, id_, _known(tx, spec, id_, state, changes, moment))

    return store.reading(work)


def _known(
    tx: Transaction, spec: Table, id_: str, state: State | None, changes: Sequence[Change], moment: datetime
) -> Fields:
    """What was known of a party at a time; says why where that was nothing."""
    known = [change.known_since for change in changes] + [state.known_since if state else None]
    since = min((at for at in known if at is not None), default=None)
    if since is not None and since > moment:
        raise NotFound(f"nothing was known of the {noun(spec)} {id_!r} yet: it was first recorded at {_iso(since)}")
    fields = undone(state.fields if state else None, [each for each in reversed(changes) if each.at > moment])
    if fields is not None:
        return fields
    # Who stood for it is not named where only an erased source knew that one; it may stand for it still.
    earlier = [change for change in changes if change.at <= moment and (change.other or change.kind == "merged_away")]
    if earlier and (into := earlier[-1].other or roots(tx.run, [id_]).get(id_)):
        there = resolve_labels(tx, PARTY_LABELS, [into], {}).get(into, spec.label or "")
        raise MergedAway(f"{id_!r} was merged into {into!r} then; read that one", table=f"{there.lower()}s", into=into)
    if gone := [change for change in changes if change.kind == "deleted"]:
        raise NotFound(f"the {noun(spec)} {id_!r} was deleted at {_iso(gone[-1].at)}, with all that was known of it")
    raise NotFound(f"nothing was known of the {noun(spec)} {id_!r} at {_iso(moment)}")


def _record(spec: Table, id_: str, fields: Fields) -> dict[str, Any]:
    columns = {name: fields.get(name) for name in spec.columns if name != "id"}
    extra = {name: fields[name] for name in sorted(fields) if name not in columns and name not in _OF_PARTIES}
    return {"id": id_} | columns | {"extra": extra}


def _present(tx: Transaction, party_id: str, label: str | None) -> State | None:
    """A party as it is now; None where there is none of the label."""
    state = states(tx, [party_id]).get(party_id)
    if state is not None and label not in (None, state.label):
        raise NotFound(f"there is no {(label or '').lower()} {party_id!r}")
    return state


def _nobody(tx: Transaction, party_id: str, label: str | None) -> NotFound | MergedAway:
    """Why there is nothing to be told of a party."""
    try:
        found_node(tx.run, f"{(label or PARTY_LABELS[0]).lower()}s", party_id)  # says who stands for one merged away
    except MergedAway as error:
        return error
    except NotFound:
        pass
    return NotFound(f"there is no {' or '.join((label,) if label else PARTY_LABELS).lower()} {party_id!r}")


# ---- lines -----------------------------------------------------------------------------------------------


def _lines(
    tx: Transaction, parties: Sequence[str], state: State | None, field: str | None, place: _Place, wanted: int
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Lines from a place on, at least as many as wanted if there are; each with its change and its number there."""
    rows = tx.run("history/page", parties=list(parties), through_id=place.change, field=field, row_limit=wanted + 1)
    changes = [from_stored(row["record"]) for row in rows]
    is_whole = len(rows) <= wanted
    if field is None and state is not None and (first := _beginning(parties[0], state)) is not None:
        newer = [change for change in changes if change.id > first.id]
        is_here = first.id <= place.change and (is_whole or len(newer) < len(changes))
        is_told = any(change.kind == "created" and change.about == first.about for change in newer[-1:])
        if is_here and not is_told:
            changes.insert(len(newer), first)
    for change in changes:
        skipped = place.given if change.id == place.change else 0
        for number, line in list(enumerate(_told(change, field)))[skipped:]:
            yield change.id, number, line


def _beginning(party_id: str, state: State) -> Change | None:
    """The change by which a party that came in with an import came to be; none is written, since it says so itself."""
    if state.known_since is None:
        return None
    first = state.first(party_id)
    source = first.source if first and first.at == state.known_since else None
    return beginning(party_id, state.known_since, source)


def _told(change: Change, field: str | None) -> list[dict[str, Any]]:
    """The lines of a change: what it was, and each field of which it is news."""
    line = dict.fromkeys(COLUMNS) | {
        "at": _iso(change.at),
        "kind": change.kind,
        "party_id": change.about,
        "source": change.source,
        "by": change.by,
        "other": change.other,
    }
    shifts = [(name, change.fields[name]) for name in change.news if field in (None, name)]
    told = [line | {"field": name, "from": shift.before, "to": shift.after} for name, shift in shifts]
    if field is None and change.kind not in ("changed", "tie_removed"):
        told.insert(0, line)
    return told


def _cursor(change: str, given: int, field: str | None) -> str:
    text = json.dumps([change, given, field], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str | None, field: str | None) -> _Place:
    if not cursor:
        return _Place()
    try:
        change, given, asked = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(change, str) and type(given) is int and 0 <= given < MAX_PAGE and asked == field:
            change.encode()
            return _Place(change, given)
    except (ValueError, TypeError, RecursionError):
        pass
    raise InvalidInput("cursor: take it from next_cursor of a page of the same field", field="cursor")


def _iso(at: datetime) -> str:
    return str(from_graph("", at))


def _moment(recorded_as_of: str | date) -> datetime:
    """A time, UTC; a day means its end."""
    try:
        if isinstance(recorded_as_of, str):
            is_day = len(recorded_as_of) == len("2025-01-31")
            recorded_as_of = (date if is_day else datetime).fromisoformat(recorded_as_of)
        if isinstance(recorded_as_of, datetime):
            naive = recorded_as_of.tzinfo is None
            return recorded_as_of.replace(tzinfo=UTC) if naive else recorded_as_of.astimezone(UTC)
        end = datetime(recorded_as_of.year, recorded_as_of.month, recorded_as_of.day, tzinfo=UTC)
        return end + timedelta(days=1) - timedelta(microseconds=1)
    except (ValueError, OverflowError):
        message = "recorded_as_of: must be a day such as 2025-01-31 or a time such as 2025-01-31T09:30:00Z"
        raise InvalidInput(message, field="recorded_as_of") from None
