"""The outbox: what webhooks are to be told, written in the transaction of the change itself.

So an event is there exactly when its change is. `graphcrm.service.delivery` sends what lies here and takes it away.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol

from graphcrm import limits
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

__all__ = [
    "EVENTS",
    "EVENTS_A_DELIVERY",
    "Event",
    "Tie",
    "changes_of",
    "forget_source",
    "lost_since",
    "parties_of",
    "range_of",
    "remember",
    "remember_nodes",
    "retell",
    "waiting",
]

Event = dict[str, Any]
"""What a webhook is told: its `type`, and who and what it is about."""

EVENTS: Final = (
    "customer.created",
    "customer.updated",
    "customer.merged",
    "customer.deleted",
    "referral.created",
    "import.finished",
)
"""What a webhook may ask for."""

EVENTS_A_DELIVERY: Final = 500
"""Events of one transaction that are told together."""

_PAGE: Final = 1_000
_END: Final = "~"
"""A text after every id of a delivery."""


class Tie(Protocol):
    """A tie that was written: `graphcrm.service.planning.TieRow`."""

    @property
    def type(self) -> str: ...
    @property
    def source(self) -> tuple[str, str]: ...
    @property
    def target(self) -> tuple[str, str]: ...
    @property
    def properties(self) -> dict[str, Any]: ...


def remember(
    tx: Transaction,
    *,
    created: Iterable[str] = (),
    updated: Mapping[str, Iterable[str]] | None = None,
    merged: Iterable[tuple[str, str]] = (),
    deleted: Iterable[str] = (),
    referrals: Iterable[tuple[str, str, str]] = (),
    finished: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Note what a transaction changes, for every webhook that wants to know; nothing is done where there is none.

    What is noted at several moments of one transaction is told together, at its end.

    Parameters
    ----------
    tx : Transaction
        The write transaction of the change. It holds the parties' ids as keys, which gives their events their order.
    created : iterable of str
        Ids of new customers.
    updated : mapping of str to iterable of str, optional
        Ids of changed customers, and the fields that changed. One that is new as well is only told as new.
    merged : iterable of (str, str)
        Ids of the customer that stays and of the one that it took in.
    deleted : iterable of str
        Ids of customers that are gone.
    referrals : iterable of (str, str, str)
        Ids of new referrals, of who referred, and of who was referred.
    finished : iterable of mapping
        Jobs that have ended, as `graphcrm.service.jobs.Jobs.read` gives them.
    """
    if not tx.watched:
        return
    events: list[Event] = [{"type": "customer.created", "id": id_} for id_ in created]
    for id_, fields in (updated or {}).items():
        names = sorted(name for name in fields if not name.startswith("_") and name != "id")
        if names:
            events.append({"type": "customer.updated", "id": id_, "fields": names})
    events += [{"type": "customer.merged", "id": id_, "merged_id": other} for id_, other in merged]
    events += [{"type": "customer.deleted", "id": id_} for id_ in deleted]
    events += [
        {"type": "referral.created", "id": id_, "referrer_id": source, "referred_id": target}
        for id_, source, target in referrals
    ]
    events += [_finished(job) for job in finished]
    if not events:
        return
    noted = next((last for last in tx.at_end if isinstance(last, _Noted)), None)
    if noted is None:
        noted = _Noted()
        tx.at_end.append(noted)
    for event in events:
        noted.add(event)


class _Noted:
    """What one transaction has to tell, written at its end: of a party all changed fields at once."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str, str | None], Event] = {}

    def add(self, event: Event) -> None:
        before = self._events.setdefault((event["type"], event["id"], event.get("merged_id")), event)
        if "fields" in event:
            before["fields"] = sorted({*before["fields"], *event["fields"]})

    def __call__(self, tx: Transaction) -> None:
        told = self._events.values()
        # Who is new is read anyway, and of who is gone nothing is left to be read.
        whole = {event["id"] for event in told if event["type"] in ("customer.created", "customer.deleted")}
        _write(tx, [event for event in told if event["type"] != "customer.updated" or event["id"] not in whole])


def remember_nodes(
    tx: Transaction,
    label: str,
    *,
    created: Iterable[str] = (),
    updated: Iterable[Mapping[str, Any]] = (),
    deleted: Iterable[str] = (),
) -> None:
    """Note what a transaction does to nodes of one label, as `remember` does: nothing, unless they are customers.

    Parameters
    ----------
    tx : Transaction
        The write transaction of the change.
    label : str
        The nodes'.
    created, deleted : iterable of str
        Ids of new ones and of those that are gone.
    updated : iterable of mapping
        Changed properties of others, each with the `id`.
    """
    if label == "Customer":
        remember(tx, created=created, updated={row["id"]: row for row in updated}, deleted=deleted)


def _finished(job: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "source", "state", "dry_run", "read", "created", "updated", "unchanged", "rejected", "message")
    return {"type": "import.finished"} | {name: job[name] for name in names}


def changes_of(
    creates: Mapping[str, Sequence[Mapping[str, Any]]],
    updates: Mapping[str, Sequence[Mapping[str, Any]]],
    new_ties: Iterable[Tie],
) -> dict[str, Any]:
    """What a batch of rows changes, as `remember` takes it.

    Parameters
    ----------
    creates, updates : mapping of str to sequence of mapping
        Properties of new nodes and changed ones of others, by label.
    new_ties : iterable of Tie
        Ties that come: referrals are told. Of owners `graphcrm.service.recording` tells, however they changed.

    Returns
    -------
    dict
        `created`, `updated` and `referrals`.
    """
    return {
        "created": [row["id"] for row in creates.get("Customer", ())],
        "updated": {row["id"]: set(row) for row in updates.get("Customer", ())},
        "referrals": [
            (tie.properties["id"], tie.source[1], tie.target[1]) for tie in new_ties if tie.type == "REFERRED"
        ],
    }


def _write(tx: Transaction, events: Sequence[Mapping[str, Any]]) -> None:
    hooks = [row["record"] for row in tx.run("webhooks/list")]
    revision = tx.run("store/read_revision")[0]["revision"]
    rows = []
    for hook in hooks:
        wanted = [event for event in events if event["type"] in hook["events"]]
        if not wanted or hook.get("lost_since") is not None:
            continue
        first, last = range_of(hook["id"])
        most = limits.MAX_WAITING_DELIVERIES
        room = most - tx.run("webhooks/count_deliveries", after_id=first, before_id=last, row_limit=most)[0]["total"]
        groups = list(_groups(wanted))
        if len(groups) > room:
            tx.run("webhooks/update", id=hook["id"], changes={"lost_since": datetime.now(UTC)})
            continue
        # The revision gives a party's deliveries their order, whoever wrote them; the time, those of one transaction.
        stem = f"{first}{revision:016d}:{time.time_ns():020d}"
        rows += [_row(f"{stem}:{place:06d}:{secrets.token_hex(2)}", group) for place, group in enumerate(groups)]
    if rows:
        tx.run("webhooks/add_deliveries", rows=rows)


def _groups(events: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    for start in range(0, len(events), EVENTS_A_DELIVERY):
        yield events[start : start + EVENTS_A_DELIVERY]


def _row(id_: str, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"id": id_, "events": _text(events), "made_at": datetime.now(UTC), "attempts": 0}


def _text(events: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(events, ensure_ascii=False, separators=(",", ":"))


def range_of(webhook_id: str) -> tuple[str, str]:
    """Between which two texts the ids of a webhook's deliveries lie.

    Examples
    --------
    >>> range_of("ab12")
    ('ab12:', 'ab12;')
    """
    return f"{webhook_id}:", f"{webhook_id};"


def forget_source(store: GraphStore, source: str) -> None:
    """Take the events that name a source out of what webhooks are still to be told.

    Parameters
    ----------
    store : GraphStore
        Where the outbox is.
    source : str
        The source's name.
    """
    retell(store, lambda _, events: [event for event in events if event.get("source") != source])


def retell(store: GraphStore, wanted: Callable[[Mapping[str, Any], list[Event]], list[Event]]) -> None:
    """Change what webhooks are still to be told.

    Parameters
    ----------
    store : GraphStore
        Where the outbox is.
    wanted : callable
        Gets a delivery and its events, and gives those that are to be told instead.
    """
    after = ""
    while rows := store.read("webhooks/page_deliveries", after_id=after, before_id=_END, row_limit=_PAGE):
        for row in rows:
            delivery = row["record"]
            events = json.loads(delivery["events"])
            kept = wanted(delivery, events)
            if not kept:
                store.write(partial(_delete, ids=[delivery["id"]]), repeatable=True)
            elif kept != events:
                store.write(partial(_change, id_=delivery["id"], changes={"events": _text(kept)}), repeatable=True)
        after = rows[-1]["record"]["id"]


def waiting(store: GraphStore) -> int:
    """How many deliveries wait."""
    most = limits.MAX_WAITING_DELIVERIES * limits.MAX_WEBHOOKS
    return int(store.read("webhooks/count_deliveries", after_id="", before_id=_END, row_limit=most)[0]["total"])


def lost_since(at: datetime) -> Event:
    """The event that tells a webhook to read everything again."""
    return {"type": "events.lost", "since": from_graph("since", at)}


def _delete(tx: Transaction, ids: list[str]) -> None:
    tx.run("webhooks/delete_deliveries", ids=ids)


def _change(tx: Transaction, id_: str, changes: dict[str, Any]) -> None:
    tx.run("webhooks/update_delivery", id=id_, changes=changes)


def parties_of(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """The parties that some events are about.

    Examples
    --------
    >>> sorted(parties_of([{"type": "customer.merged", "id": "C1", "merged_id": "C2"}, {"type": "import.finished"}]))
    ['C1', 'C2']
    """
    found: set[str] = set()
    for event in events:
        if event["type"].startswith("customer."):
            found.add(event["id"])
        found.update(event[name] for name in ("merged_id", "referrer_id", "referred_id") if name in event)
    return found
