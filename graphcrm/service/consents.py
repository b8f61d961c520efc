"""Consent: what parties decided about being contacted, and who may be."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal

import pandas as pd

from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_NAME_LENGTH, MAX_PAGE
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.aliases import roots
from graphcrm.service.answers import bounded, table
from graphcrm.service.paging import agreed, in_bytes
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import Row
from graphcrm.values import from_graph

__all__ = ["Decision", "contactable", "decision", "last_decisions", "news", "read_consents", "standing"]

Decision = Literal["granted", "refused", "unknown"]

_WINDOW: Final = 20_000
"""Parties that are looked at at once, at most."""
_FASTER: Final = 4


def contactable(store: GraphStore, channel: str, purpose: str, cursor: str | None, limit: int) -> pd.DataFrame:
    """Who may be contacted; see `graphcrm.service.archive.Archive.contactable`."""
    bounded("limit", limit, MAX_PAGE)
    for name, word in (("channel", channel), ("purpose", purpose)):
        if not 1 <= len(word.strip()) <= MAX_NAME_LENGTH:
            raise InvalidInput(f"{name}: must have 1 to {MAX_NAME_LENGTH} characters", field=name)
    after = _after(cursor)
    granted = heapq.merge(
        *(_granted(store, label, channel, purpose, after, limit + 1) for label in PARTY_LABELS),
        key=lambda line: in_bytes(line["party_id"]),
    )
    lines = list(islice(granted, limit + 1))
    frame = table(lines[:limit], ["party_id", "label", "name", "at"])
    last = _cursor(lines[limit - 1]["party_id"]) if len(lines) > limit else None
    frame.attrs.update({"channel": channel, "purpose": purpose, "next_cursor": last})
    return frame


def _granted(
    store: GraphStore, label: str, channel: str, purpose: str, after: str, wanted: int
) -> Iterator[dict[str, Any]]:
    """Parties of a label that may be contacted, by id, as far as they are asked for."""
    asked = {"channel": _folded(channel), "purpose": _folded(purpose)}
    window = wanted
    while True:
        # Not every text compares alike on both engines; see `graphcrm.service.paging`.
        place = {"after_id": agreed(after), "row_limit": window}
        found = store.read("archive/page_decisions", words={"LABEL": label}, **asked, **place)[0]
        names = {
            row["party_id"]: row["name"] for row in found["decisions"] if in_bytes(row["party_id"]) > in_bytes(after)
        }
        last = last_decisions(found["decisions"], channel, purpose)
        for id_ in sorted(names.keys() & last.keys(), key=in_bytes):
            if last[id_]["granted"]:
                yield {"party_id": id_, "label": label, "name": names[id_], "at": from_graph("", last[id_]["at"])}
        if found["seen"] < window:
            return
        is_further = in_bytes(found["last_id"]) > in_bytes(after)
        after = found["last_id"] if is_further else after
        # Where few have ever decided, larger steps lead to them sooner.
        window = min(_FASTER * window, _WINDOW) if is_further else _FASTER * window


def _cursor(party_id: str) -> str:
    return base64.urlsafe_b64encode(party_id.encode()).decode().rstrip("=")


def _after(cursor: str | None) -> str:
    try:
        return base64.b64decode((cursor or "") + "=" * (-len(cursor or "") % 4), altchars=b"-_", validate=True).decode()
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


def news(tx: Transaction, source: str, rows: Sequence[Row]) -> list[bool]:
    """Tell which rows of consents say something new, where a source tells how things stand and not what was decided.

    Parameters
    ----------
    tx : Transaction
        One that reads.
    source : str
        Whose rows they are: what others say is theirs to take back.
    rows : sequence of Row
        Of consents, each of one party.

    Returns
    -------
    list of bool
        For each row whether it is a refusal that the source has not said yet, or a grant that lifts an earlier refusal
        of the source. Who was never refused has granted nothing by that.
    """
    named = [row.references["party_id"][0] for row in rows]
    now = roots(tx.run, named)
    parties = sorted({now.get(id_, id_) for id_ in named})
    said: list[dict[str, Any]] = []
    for label in PARTY_LABELS:
        words = {"LABEL": label}
        said += tx.run("archive/list_decisions_of", words=words, ids=parties, source=source)[0]["decisions"]
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in said:
        if None not in row.values():
            key = (row["party_id"], _folded(row["channel"]), _folded(row["purpose"]))
            last[key] = _later(last.get(key), row)
    return [_is_news(row, last.get(_about(row, now.get(id_, id_)))) for row, id_ in zip(rows, named, strict=True)]


def _about(row: Row, party_id: str) -> tuple[str, str, str]:
    return party_id, _folded(row.properties["channel"]), _folded(row.properties["purpose"])


def _is_news(row: Row, last: dict[str, Any] | None) -> bool:
    if row.properties["granted"]:
        return last is not None and not last["granted"] and last["at"] < row.properties["at"]
    return last is None or last["granted"]


def standing(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The decision that counts for each channel and purpose, by these, with its sources and the `earlier` ones."""
    decisions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        decisions.setdefault((_folded(row["channel"]), _folded(row["purpose"])), []).append(row)
    found = []
    for _, said in sorted(decisions.items()):
        last, *earlier = sorted(said, key=lambda row: (_weight(row), row["id"]), reverse=True)
        about = {"channel": last["channel"], "purpose": last["purpose"]}
        found.append(_told(last) | about | {"earlier": [_told(row) for row in earlier]})
    return found


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "consent": decision(row),
        "at": from_graph("", row["at"]),
        "sources": sorted(row["sources"]),
    }


def decision(row: Mapping[str, Any] | None) -> Decision:
    """What was decided, in a word."""
    if row is None:
        return "unknown"
    return "granted" if row["granted"] else "refused"


def _folded(word: str) -> str:
    return word.strip().casefold()


def _later(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """Which of two decisions counts."""
    return other if one is None or _weight(other) > _weight(one) else one


def _weight(row: Mapping[str, Any]) -> tuple[datetime, bool]:
    """What decisions are compared by: the later one counts, of two of one time the refusal."""
    return row["at"], not row["granted"]
