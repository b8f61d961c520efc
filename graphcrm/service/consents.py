"""Consent: what parties decided about being contacted, and who may be."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from typing import Any, Final, Literal

import pandas as pd

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.limits import MAX_NAME_LENGTH, MAX_PAGE
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.aliases import roots
from graphcrm.service.answers import bounded, table
from graphcrm.service.paging import agreed, behind, in_bytes
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import Row
from graphcrm.values import from_graph

__all__ = [
    "PURPOSE",
    "Permission",
    "contactable",
    "folded",
    "granted_to",
    "in_force",
    "last_consents",
    "may_be_listed",
    "news",
    "opted_out",
    "permission",
    "permissions",
    "reach_of",
    "read_consents",
]

Permission = Literal["granted", "refused", "unknown"]
"""What a party allows: what its last consent says, or that there is none."""

PURPOSE: Final = "marketing"
"""What a campaign is for that says nothing about it."""

_COLUMNS: Final = ["party_id", "label", "name", "at"]
_WINDOW: Final = 20_000
"""Parties that are looked at at once, at most."""
_FASTER: Final = 4


def contactable(
    store: GraphStore,
    channel: str | None,
    purpose: str | None,
    cursor: str | None,
    limit: int,
    campaign: str | None = None,
) -> pd.DataFrame:
    """Who may be contacted; see `graphcrm.service.archive.Archive.contactable`."""
    bounded("limit", limit, MAX_PAGE)
    reach = _reach(store, campaign) if campaign is not None else (None, None)
    about = {"channel": _asked("channel", channel, reach[0]), "purpose": _asked("purpose", purpose, reach[1])}
    after = _after(cursor)
    more: dict[str, Any] = {}
    if campaign is None:
        granted = heapq.merge(
            *(_granted(store, label, **about, after=after, wanted=limit + 1) for label in PARTY_LABELS),
            key=lambda line: in_bytes(line["party_id"]),
        )
        lines = list(islice(granted, limit + 1))
        frame = table(lines[:limit], _COLUMNS)
    else:
        lines = _targeted(store, campaign, **about, after=after, wanted=limit + 1)
        told = [line for line in lines[:limit] if may_be_listed(line)]
        frame = table([{name: line[name] for name in _COLUMNS} for line in told], _COLUMNS)
        more = {"campaign_id": campaign, "left_out": [line for line in lines[:limit] if not may_be_listed(line)]}
    last = _cursor(lines[limit - 1]["party_id"]) if len(lines) > limit else None
    frame.attrs.update(about | more | {"next_cursor": last})
    return frame


def _asked(name: str, given: str | None, own: str | None) -> str:
    """A channel or purpose: the one that is asked for, or the campaign's own."""
    word = own if given is None else given
    if word is None:
        raise InvalidInput(f"{name}: say which one, or name a campaign that has one", field=name)
    if not 1 <= len(word.strip()) <= MAX_NAME_LENGTH:
        raise InvalidInput(f"{name}: must have 1 to {MAX_NAME_LENGTH} characters", field=name)
    return word


def _reach(store: GraphStore, campaign: str) -> tuple[str | None, str]:
    found = store.read("nodes/read_many", words={"LABEL": "Campaign"}, ids=[campaign])[0]["records"]
    if not found:
        raise NotFound(f"there is no campaign {campaign!r}")
    return reach_of(found[0])


def _targeted(
    store: GraphStore, campaign: str, channel: str, purpose: str, after: str, wanted: int
) -> list[dict[str, Any]]:
    """Whom a campaign targets and what they allow, by id, as many as are wanted."""

    def work(tx: Transaction) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for label in PARTY_LABELS:
            words = {"LABEL": label}

            def read(behind_id: str, rows: int, words: dict[str, str] = words) -> list[dict[str, Any]]:
                asked = {"id": campaign, "after_id": behind_id, "row_limit": rows}
                return list(tx.run("archive/page_targets", words=words, **asked)[0]["parties"])

            page = behind(read, itemgetter("id"), after, wanted)
            found += [{"party_id": row["id"], "label": label, "name": row["name"]} for row in page]
        found.sort(key=lambda line: in_bytes(line["party_id"]))
        del found[wanted:]
        said = permissions(tx, {line["party_id"]: line["label"] for line in found}, channel, purpose)
        return [line | said[line["party_id"]] for line in found]

    return store.reading(work)


def _granted(
    store: GraphStore, label: str, channel: str, purpose: str, after: str, wanted: int
) -> Iterator[dict[str, Any]]:
    """Parties of a label that may be contacted, by id, as far as they are asked for."""
    asked = {"channel": folded(channel), "purpose": folded(purpose)}
    window = wanted
    while True:
        # Not every text compares alike on both engines; see `graphcrm.service.paging`.
        place = {"after_id": agreed(after), "row_limit": window}
        found = store.read("archive/page_consents", words={"LABEL": label}, **asked, **place)[0]
        names = {
            row["party_id"]: row["name"] for row in found["consents"] if in_bytes(row["party_id"]) > in_bytes(after)
        }
        last = last_consents(found["consents"], channel, purpose)
        for id_ in sorted(names.keys() & last.keys(), key=in_bytes):
            if last[id_]["granted"]:
                yield {"party_id": id_, "label": label, "name": names[id_], "at": from_graph("", last[id_]["at"])}
        if found["seen"] < window:
            return
        is_further = in_bytes(found["last_id"]) > in_bytes(after)
        after = found["last_id"] if is_further else after
        # Where few have ever decided, larger steps lead to them sooner.
        window = min(_FASTER * window, _WINDOW) if is_further else _FASTER * window


def granted_to(store: GraphStore, channel: str, purpose: str) -> set[str]:
    """Everyone who may be contacted by a channel for a purpose."""
    about = {"channel": _asked("channel", channel, None), "purpose": _asked("purpose", purpose, None)}
    labels = (_granted(store, label, **about, after="", wanted=_WINDOW) for label in PARTY_LABELS)
    return {line["party_id"] for granted in labels for line in granted}


def opted_out(tx: Transaction, labels: Mapping[str, str]) -> set[str]:
    """Who of some parties has refused to be contacted, and by no channel for any purpose consents to be.

    Parameters
    ----------
    tx : Transaction
        One that reads.
    labels : mapping of str to str
        The label of each party, by its id.
    """
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for label in PARTY_LABELS:
        if some := [id_ for id_, found in labels.items() if found == label]:
            for row in _counting(read_consents(tx, label, some)):
                about = row["party_id"], folded(row["channel"]), folded(row["purpose"])
                last[about] = _later(last.get(about), row)
    granting = {row["party_id"] for row in last.values() if row["granted"]}
    return {row["party_id"] for row in last.values()} - granting


def _cursor(party_id: str) -> str:
    return base64.urlsafe_b64encode(party_id.encode()).decode().rstrip("=")


def _after(cursor: str | None) -> str:
    try:
        return base64.b64decode((cursor or "") + "=" * (-len(cursor or "") % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidInput("cursor: take it from next_cursor of the page before", field="cursor") from None


def read_consents(tx: Transaction, label: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every consent of parties of one label: `party_id`, `id`, `channel`, `purpose`, `granted` and `at`."""
    found = tx.run("archive/list_consents", words={"LABEL": label}, ids=list(ids))[0]["consents"]
    # What another tool wrote may lack any of these, and then decides nothing.
    return [row for row in found if None not in row.values()]


def last_consents(rows: Iterable[dict[str, Any]], channel: str, purpose: str) -> dict[str, dict[str, Any]]:
    """The consent that counts for a channel and a purpose, by party: the last one, of two of one time the refusal.

    One that is granted from a later time on does not count before it; a refusal does at once.
    """
    asked = (folded(channel), folded(purpose))
    last: dict[str, dict[str, Any]] = {}
    for row in _counting(rows):
        if (folded(row["channel"]), folded(row["purpose"])) == asked:
            last[row["party_id"]] = _later(last.get(row["party_id"]), row)
    return last


def reach_of(campaign: Mapping[str, Any]) -> tuple[str | None, str]:
    """By which channel (None where it has none) and for which purpose a campaign reaches out, by its properties.

    Examples
    --------
    >>> reach_of({"channel": "email"}), reach_of({"purpose": "survey"})
    (('email', 'marketing'), (None, 'survey'))
    """
    channel, purpose = (_word(campaign.get(name)) for name in ("channel", "purpose"))
    return channel, purpose or PURPOSE


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def permissions(tx: Transaction, labels: Mapping[str, str], channel: str, purpose: str) -> dict[str, dict[str, Any]]:
    """What parties allow for a channel and a purpose.

    Parameters
    ----------
    tx : Transaction
        One that reads.
    labels : mapping of str to str
        The label of each party, by its id.
    channel, purpose : str
        In any case.

    Returns
    -------
    dict of str to dict
        By id, in the order given: `consent` (see `Permission`) and `at` (when it was said; None where it never was).
    """
    rows: list[dict[str, Any]] = []
    for label in PARTY_LABELS:
        if some := [id_ for id_, found in labels.items() if found == label]:
            rows += read_consents(tx, label, some)
    last = last_consents(rows, channel, purpose)
    return {
        id_: {"consent": permission(last.get(id_)), "at": from_graph("", last[id_]["at"]) if id_ in last else None}
        for id_ in labels
    }


def may_be_listed(said: Mapping[str, Any]) -> bool:
    """Whether a party, of whom `permissions` says this, may be listed for contact: only who granted it."""
    return bool(said["consent"] == "granted")


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
        said += tx.run("archive/list_consents_of", words=words, ids=parties, source=source)[0]["consents"]
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in said:
        if None not in row.values():
            key = (row["party_id"], folded(row["channel"]), folded(row["purpose"]))
            last[key] = _later(last.get(key), row)
    return [_is_news(row, last.get(_about(row, now.get(id_, id_)))) for row, id_ in zip(rows, named, strict=True)]


def _about(row: Row, party_id: str) -> tuple[str, str, str]:
    return party_id, folded(row.properties["channel"]), folded(row.properties["purpose"])


def _is_news(row: Row, last: dict[str, Any] | None) -> bool:
    if row.properties["granted"]:
        return last is not None and not last["granted"] and last["at"] < row.properties["at"]
    return last is None or last["granted"]


def in_force(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The consent that counts for each channel and purpose, by these, with its sources and the `earlier` ones."""
    by_subject: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _counting(rows):
        by_subject.setdefault((folded(row["channel"]), folded(row["purpose"])), []).append(row)
    found = []
    for _, said in sorted(by_subject.items()):
        last, *earlier = sorted(said, key=lambda row: (_weight(row), row["id"]), reverse=True)
        about = {"channel": last["channel"], "purpose": last["purpose"]}
        found.append(_told(last) | about | {"earlier": [_told(row) for row in earlier]})
    return found


def _counting(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Consents that count by now: on the safe side, what is refused from a later time on is refused already."""
    now = datetime.now(UTC)
    return (row for row in rows if not row["granted"] or row["at"] <= now)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "consent": permission(row),
        "at": from_graph("", row["at"]),
        "sources": sorted(row["sources"]),
    }


def permission(row: Mapping[str, Any] | None) -> Permission:
    """What a consent says, in a word."""
    if row is None:
        return "unknown"
    return "granted" if row["granted"] else "refused"


def folded(word: str) -> str:
    """A channel or purpose as it is compared: in any case, without blanks around it."""
    return word.strip().casefold()


def _later(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """Which of two consents counts."""
    return other if one is None or _weight(other) > _weight(one) else one


def _weight(row: Mapping[str, Any]) -> tuple[datetime, bool]:
    """What consents are compared by: the later one counts, of two of one time the refusal."""
    return row["at"], not row["granted"]
