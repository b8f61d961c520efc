"""Erasing a source: what it alone said goes, and every trace of it in the product's own books with it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from graphcrm.schema import PARTY_LABELS, split_tie_id
from graphcrm.service import outbox
from graphcrm.service.aliases import held_roots, hidden_at, roots
from graphcrm.service.changes import forget_changes, forget_said, read_changes
from graphcrm.service.deriving import BATCH, revise
from graphcrm.service.last_seen import forget_sightings, turn
from graphcrm.service.planning import existing_ties, resolve_labels
from graphcrm.service.reference_words import kept_at, ties_by_id
from graphcrm.service.source_records import PINNED, about_node, key_of, read_records
from graphcrm.service.stored import ties_of
from graphcrm.service.verdicts import forget_pairs
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TABLES

__all__ = ["erase_source"]

_MERGES: Final = 500
"""Merges that are looked at in one transaction."""
_TELL_S: Final = 20.0
"""Seconds for which webhooks may be told who is gone."""
_LOOK_S: Final = 1.5
"""Seconds in which a service that tells webhooks has told something."""
_CUSTOMER_FIELDS: Final = {*TABLES["customers"].properties, *(ref.field for ref in TABLES["customers"].references)}


def erase_source(store: GraphStore, name: str) -> tuple[int, int]:
    """Take out what a source said, and at last its name; cut off anywhere, it can be run again.

    Parameters
    ----------
    store : GraphStore
        The graph.
    name : str
        The source.

    Returns
    -------
    tuple of int
        How many nodes and ties are gone, and how many of those that it described are left.
    """
    removed, kept = revise(store, name, keep=False)
    _forget_in_changes(store, name)
    while ids := store.read("source_records/find_by_source", source=name, row_limit=BATCH)[0]["ids"]:
        store.write(partial(_delete_records, ids=ids), [name])
    _forget_merged_away(store)
    # A kept answer to a request may hold anything that was said; who repeats that request is answered anew.
    store.write(lambda tx: tx.run("receipts/delete_old", before=datetime.now(UTC) + timedelta(days=1)), repeatable=True)
    _wait_until_told(store)
    outbox.retell(store, partial(_still_true, store, set()))
    store.write(partial(_forget_name, name=name), [name, turn(name)], repeatable=True)
    return removed, kept


def _forget_name(tx: Transaction, *, name: str) -> None:
    """Forget the source itself, and in the same moment its sightings, of which an import under way may note some."""
    forget_sightings(tx, name)
    tx.run("sources/delete", id=name)


def _delete_records(tx: Transaction, ids: list[str]) -> None:
    tx.run("source_records/delete", ids=ids)


# ---- the book of changes ---------------------------------------------------------------------------------


def _forget_in_changes(store: GraphStore, name: str) -> None:
    """Take a source out of the changes of parties that it describes no more: they are gone, or were merged away."""
    after = ""
    while True:
        found = store.read("history/find_by_source", source=name, after_id=after, row_limit=BATCH)[0]
        if not found["parties"]:
            return
        store.write(partial(_forget_said, parties=found["parties"], source=name), found["parties"])
        after = found["last_id"]


def _forget_said(tx: Transaction, parties: list[str], source: str) -> None:
    """Take what a source said out of changes; parties that are gone and of which others said nothing are forgotten."""
    forget_said(tx, parties, source)
    there = resolve_labels(tx, PARTY_LABELS, parties, {})
    left = read_changes(tx, [party for party in parties if party not in there])
    told = {party for party, changes in left.items() for each in changes if each.fields or each.kind == "deleted"}
    forget_changes(tx, sorted(left.keys() - told))


# ---- merges ----------------------------------------------------------------------------------------------


def _forget_merged_away(store: GraphStore) -> None:
    """Forget the merges of parties of which nobody says anything any more."""
    after = ""
    while rows := store.read("merges/list", after_id=after, row_limit=_MERGES):
        ids = [row["record"]["id"] for row in rows]
        store.write(partial(_forget_unspoken, ids=ids), ids, repeatable=True)
        after = ids[-1]


def _forget_unspoken(tx: Transaction, *, ids: Sequence[str]) -> None:
    stand_ins = held_roots(tx, ids)
    spoken = _spoken_of(tx, stand_ins)
    gone = [id_ for id_ in stand_ins if id_ not in spoken]
    if not gone:
        return
    columns = tx.run("merges/read", ids=gone)[0]
    into = dict(zip(columns["id"], columns["into"], strict=True))
    left = []
    for id_ in tx.run("merges/read_into", ids=gone)[0]["id"]:
        if id_ in into:
            continue
        # Who was merged into it is merged into the one that stood for it.
        stays = tx.run("merges/read", ids=[id_])[0]["into"][0]
        while stays in into:
            stays = into[stays]
        left.append({"id": id_, "into": stays})
    if left:
        tx.run("merges/update", rows=left)
    tx.run("merges/delete", ids=gone)
    forget_pairs(tx, gone)
    forget_changes(tx, gone)


def _spoken_of(tx: Transaction, stand_ins: dict[str, str]) -> set[str]:
    """Those of the parties that were merged away of which something is said: of themselves, or of ties of theirs."""
    standing = sorted(set(stand_ins.values()))
    labels = resolve_labels(tx, PARTY_LABELS, standing, {})
    things = {about_node(label, id_): {"_records": 1} for id_, label in labels.items()}
    found = {key_of(record) for record in _records(tx, things) if record.source != PINNED}
    missing = {root for id_, root in stand_ins.items() if id_ not in found}
    for label in PARTY_LABELS:
        here = sorted(id_ for id_ in missing if labels.get(id_) == label)
        ties = {tie.properties["id"]: tie.properties for tie in ties_of(tx, label, here) if tie.properties.get("id")}
        for record in _records(tx, ties):
            found.update(filter(None, _parties_of(record.about)))
    places = {*map(hidden_at, missing), *(kept_at(labels[id_], id_) for id_ in missing & labels.keys())}
    for record in _records(tx, {place: {"_records": 1} for place in places}):
        found.update(filter(None, _parties_of(record.about)))
    return found


def _records(tx: Transaction, things: dict[str, Any]) -> list[Any]:
    return [record for records in read_records(tx, things).values() for record in records]


def _parties_of(tie: str) -> tuple[str | None, ...]:
    part = split_tie_id(tie)
    return part.parties if part else ()


# ---- what waits for webhooks -----------------------------------------------------------------------------


def _wait_until_told(store: GraphStore) -> None:
    """Give webhooks the time to hear who is gone, as long as they hear anything: what is left then is withdrawn."""
    deadline = time.monotonic() + _TELL_S
    before = outbox.waiting(store)
    while before and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
        now = outbox.waiting(store)
        if now >= before:
            return
        before = now


def _still_true(
    store: GraphStore, told: set[str], delivery: Mapping[str, Any], events: list[outbox.Event]
) -> list[outbox.Event]:
    """Events about parties and referrals that are there, by the names of fields that they have.

    A webhook that was to hear of others that they are gone is told once to read everything again.
    """
    parties = outbox.parties_of(events)
    referrals = [event["id"] for event in events if event["type"] == "referral.created"]

    def work(tx: Transaction) -> tuple[set[str], dict[str, dict[str, Any]]]:
        labels = resolve_labels(tx, PARTY_LABELS, parties, {})
        there = {*labels, *roots(tx.run, parties)}
        ties = ties_by_id(tx, [id_ for id_ in referrals if {*(split_tie_id(id_) or ())[1:3]} <= there])
        named = [event["id"] for event in events if not _known_fields(event) and event["id"] in labels]
        stored = tx.run("nodes/read_many", words={"LABEL": "Customer"}, ids=named)[0]["records"]
        return there | existing_ties(tx, ties.values()).keys(), {record["id"]: record for record in stored}

    there, stored = store.reading(work)
    kept: list[outbox.Event] = []
    for event in events:
        about = outbox.parties_of([event]) | ({event["id"]} if event["type"] == "referral.created" else set())
        if about <= there:
            kept.append(event if _known_fields(event) else _with_fields(event, stored.get(event["id"], {})))
        elif event["type"] == "customer.deleted" and (hook := delivery["id"].partition(":")[0]) not in told:
            told.add(hook)
            kept.append(outbox.lost_since(delivery["made_at"]))
    return kept


def _known_fields(event: outbox.Event) -> bool:
    """Whether all fields that an event names are of the vocabulary, and none is of somebody's own."""
    return set(event.get("fields", ())) <= _CUSTOMER_FIELDS


def _with_fields(event: outbox.Event, stored: Mapping[str, Any]) -> outbox.Event:
    return event | {"fields": [name for name in event["fields"] if name in _CUSTOMER_FIELDS or name in stored]}
