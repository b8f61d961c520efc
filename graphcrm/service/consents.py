"""Consent: what parties decided about being contacted, and who may be."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import pandas as pd

from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_NAME_LENGTH, MAX_PAGE
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.answers import bounded, table
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

__all__ = ["Decision", "contactable", "decision", "last_decisions", "read_consents", "standing"]

Decision = Literal["granted", "refused", "unknown"]

_COLUMNS: Final = ("party_id", "channel", "purpose", "granted", "at")


def contactable(store: GraphStore, channel: str, purpose: str, cursor: str | None, limit: int) -> pd.DataFrame:
    """Who may be contacted; see `graphcrm.service.archive.Archive.contactable`."""
    bounded("limit", limit, MAX_PAGE)
    for name, word in (("channel", channel), ("purpose", purpose)):
        if not 1 <= len(word.strip()) <= MAX_NAME_LENGTH:
            raise InvalidInput(f"{name}: must have 1 to {MAX_NAME_LENGTH} characters", field=name)
    after = _after(cursor)

    def work(tx: Transaction) -> tuple[list[dict[str, Any]], bool]:
        granted: dict[str, tuple[str, dict[str, Any]]] = {}
        for label in PARTY_LABELS:
            columns = tx.run("archive/list_every_consent", words={"LABEL": label})[0]
            rows = [dict(zip(_COLUMNS, row, strict=True)) for row in zip(*(columns[n] for n in _COLUMNS), strict=True)]
            last = last_decisions(rows, channel, purpose)
            granted |= {id_: (label, row) for id_, row in last.items() if row["granted"]}
        ids = sorted((id_ for id_ in granted if id_.encode() > after), key=str.encode)
        page = ids[:limit]
        names: dict[str, str] = {}
        for label in PARTY_LABELS:
            mine = [id_ for id_ in page if granted[id_][0] == label]
            found = tx.run("nodes/read_many", words={"LABEL": label}, ids=mine)[0]["records"] if mine else []
            names |= {each["id"]: each.get("name") for each in found}
        lines = [
            {"party_id": id_, "label": granted[id_][0], "name": names[id_], "at": from_graph("", granted[id_][1]["at"])}
            for id_ in page
        ]
        return lines, len(ids) > limit

    lines, more = store.reading(work)
    frame = table(lines, ["party_id", "label", "name", "at"])
    last = base64.urlsafe_b64encode(lines[-1]["party_id"].encode()).decode().rstrip("=") if more else None
    frame.attrs.update({"channel": channel, "purpose": purpose, "next_cursor": last})
    return frame


def _after(cursor: str | None) -> bytes:
    try:
        return base64.b64decode((cursor or "") + "=" * (-len(cursor or "") % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise InvalidInput("cursor: take it from next_cursor of the page before", field="cursor") from None


def read_consents(tx: Transaction, label: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every decision of parties of one label: `party_id`, `id`, `channel`, `purpose`, `granted` and `at`."""
    found = tx.run("archive/list_consents", words={"LABEL": label}, ids=list(ids))[0]["decisions"]
    # What another tool wrote may lack any of these, and then decides nothing.
    return [row for row in found if None not in row.values()]


def last_decisions(rows: Iterable[dict[str, Any]], channel: str, purpose: str) -> dict[str, dict[str, Any]]:
    """The decision that counts for a channel and a purpose, by party: the last one, of two of one time the refusal."""
    asked = (_folded(channel), _folded(purpose))
    last: dict[str, dict[str, Any]] = {}
    for row in rows:
        if (_folded(row["channel"]), _folded(row["purpose"])) == asked:
            last[row["party_id"]] = _later(last.get(row["party_id"]), row)
    return last


def standing(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The decision that counts for each channel and purpose, by these."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (_folded(row["channel"]), _folded(row["purpose"]))
        last[key] = _later(last.get(key), row)
    return [
        {
            "id": row["id"],
            "channel": row["channel"],
            "purpose": row["purpose"],
            "consent": decision(row),
            "at": from_graph("", row["at"]),
        }
        for _, row in sorted(last.items())
    ]


def decision(row: Mapping[str, Any] | None) -> Decision:
    """What was decided, in a word."""
    if row is None:
        return "unknown"
    return "granted" if row["granted"] else "refused"


def _folded(word: str) -> str:
    return word.strip().casefold()


def _later(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """Which of two decisions counts."""

    def counts(row: Mapping[str, Any]) -> tuple[datetime, bool]:
        return row["at"], not row["granted"]

    return other if one is None or counts(other) > counts(one) else one
