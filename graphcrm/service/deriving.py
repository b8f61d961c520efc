"""All that a source describes, derived anew: when its trust changes, and when it is erased."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from graphcrm.schema import LABELS, PARTY_LABELS, TIE_TYPES
from graphcrm.service import outbox
from graphcrm.service.aliases import forget_merged, merged_into
from graphcrm.service.changes import forget_changes
from graphcrm.service.planning import TieRow, delete_ties, existing_ties
from graphcrm.service.recording import recording, shown_parties
from graphcrm.service.reference_words import PLACE, Thing, contested, kept_at, settle, thing_at, thing_of
from graphcrm.service.source_records import (
    NEVER,
    PINNED,
    SourceRecord,
    about_node,
    forget_records,
    is_alone,
    read_records,
    shown_again,
    trusts,
    write_records,
)
from graphcrm.service.statements import write_all
from graphcrm.service.verdicts import RUN, SEARCH, end_searches, forget_found
from graphcrm.store import GraphStore, Transaction

__all__ = ["BATCH", "NODES", "TIES_SAID", "revise", "update_ties"]

BATCH: Final = 5_000
NODES: Final = tuple(label for label in LABELS if label not in ("Source", "Record"))
"""Labels of nodes that sources describe."""
TIES_SAID: Final = tuple(name for name in TIE_TYPES if name != "DESCRIBES")
"""Types of ties that sources describe."""


def revise(store: GraphStore, source: str, keep: bool) -> tuple[int, int]:
    """Show anew all that a source describes.

    Parameters
    ----------
    store : GraphStore
        The graph.
    source : str
        The source's name.
    keep : bool
        Whether its word still counts; otherwise what it says is taken out.

    Returns
    -------
    tuple of int
        How many nodes and ties are gone, and how many of those that it described are left.
    """
    gone = seen = 0
    for type_ in TIES_SAID:
        for ties in _pages(store, partial(_tie_page, type_=type_, source=source), keep):
            gone += store.write(partial(_revise_ties, ties=ties, source=source, keep=keep), _ids(ties), repeatable=True)
            seen += len(ties)
    for things in _outvoted_pages(store, source):
        ids = [id_ for _, id_ in things]
        store.write(partial(_settle, things=things, source=source, keep=keep), ids, repeatable=True)
    for label in NODES:
        for nodes in _pages(store, partial(_node_page, label=label, source=source), keep):
            work = partial(_revise_nodes, label=label, nodes=nodes, source=source, keep=keep)
            gone += store.write(work, [*_ids(nodes), SEARCH, RUN], repeatable=True)
            seen += len(nodes)
    return gone, seen - gone


def update_ties(tx: Transaction, ties: Sequence[TieRow]) -> None:
    """Change properties of ties; None removes one."""
    for kind in sorted({tie.kind for tie in ties}):
        words = dict(zip(("TYPE", "SOURCE", "TARGET"), kind, strict=True))
        rows = [tie.ends | {"properties": tie.properties} for tie in ties if tie.kind == kind]
        write_all(tx, "ties/update", rows, words)


def _pages(store: GraphStore, page: Any, keep: bool) -> Iterator[list[Any]]:
    after = ""
    while found := store.reading(partial(page, after=after)):
        yield found
        # What is erased is found no more, so the first page is always the next one.
        after = _ids(found)[-1] if keep else ""


def _outvoted_pages(store: GraphStore, source: str) -> Iterator[list[Thing]]:
    """The records in whose columns a source says what is not shown."""
    after = ""
    while found := store.read("source_records/page", source=source, after_id=after, row_limit=BATCH)[0]["records"]:
        places = {stored["shown_in"] for stored in found if stored["shown_in"].startswith(PLACE)}
        if places:
            yield [thing_at(place) for place in sorted(places)]
        after = found[-1]["id"]


def _settle(tx: Transaction, *, things: Sequence[Thing], source: str, keep: bool) -> None:
    with recording(tx, _parties(things), source if keep else None, erased=None if keep else source):
        settle(tx, things, without=None if keep else source)


def _parties(things: Iterable[Thing]) -> list[str]:
    return [id_ for label, id_ in things if label in PARTY_LABELS]


def _ids(things: Sequence[Any]) -> list[str]:
    return [thing.properties["id"] if isinstance(thing, TieRow) else thing["id"] for thing in things]


def _tie_page(tx: Transaction, *, type_: str, source: str, after: str) -> list[TieRow]:
    columns = tx.run("sources/find_ties", words={"TYPE": type_}, source=source, after_id=after, row_limit=BATCH)[0]
    names = ("source_label", "source_id", "target_label", "target_id", "tie")
    return [
        TieRow(type_, (a_label, a), (b_label, b), tie)
        for a_label, a, b_label, b, tie in zip(*(columns[name] for name in names), strict=True)
    ]


def _node_page(tx: Transaction, *, label: str, source: str, after: str) -> list[dict[str, Any]]:
    found = tx.run("sources/find_nodes", words={"LABEL": label}, source=source, after_id=after, row_limit=BATCH)
    return list(found[0]["records"])


def _ties_now(tx: Transaction, ties: Sequence[TieRow], source: str) -> list[TieRow]:
    """Those of ties that a source still describes, as they are: others may have written since the page was read."""
    now = existing_ties(tx, ties)
    found = (tie._replace(properties=now[id_]) for tie in ties if (id_ := tie.properties["id"]) in now)
    return [tie for tie in found if source in tie.properties.get("_sources", ())]


def _nodes_now(tx: Transaction, label: str, nodes: Sequence[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """The same of nodes."""
    found = tx.run("nodes/read_many", words={"LABEL": label}, ids=_ids(nodes))[0]["records"]
    return [node for node in found if source in node.get("_sources", ())]


def _revise_ties(tx: Transaction, *, ties: Sequence[TieRow], source: str, keep: bool) -> int:
    ties = _ties_now(tx, ties, source)
    things = {thing for tie in ties if (thing := thing_of(tie))}
    if keep:
        things = contested(tx, things)
    parties = _parties(things) if keep else shown_parties(ties)
    with recording(tx, parties, source if keep else None, erased=None if keep else source):
        changes, gone = _revised(tx, {tie.properties["id"]: tie.properties for tie in ties}, source, keep)
        delete_ties(tx, [tie for tie in ties if tie.properties["id"] in gone])
        changed = [tie._replace(properties=changes[id_]) for tie in ties if (id_ := tie.properties["id"]) in changes]
        update_ties(tx, changed)
        settle(tx, things, without=None if keep else source)
    return len(gone)


def _revise_nodes(tx: Transaction, *, label: str, nodes: Sequence[dict[str, Any]], source: str, keep: bool) -> int:
    nodes = _nodes_now(tx, label, nodes, source)
    ids = [node["id"] for node in nodes] if label in PARTY_LABELS else []
    with recording(tx, ids, source if keep else None, erased=None if keep else source):
        gone = _show_nodes(tx, label, nodes, source, keep)
    if ids and not keep:
        # In this very transaction: who begins to compare after it reads nothing of what is taken out by it.
        end_searches(tx)
        _forget_judgements(tx, ids)
    return gone


def _forget_judgements(tx: Transaction, ids: Sequence[str]) -> None:
    """Forget what was found when parties were compared by words that are taken out now."""
    members = merged_into(tx.run, ids)
    forget_found(tx, [*ids, *members])
    if members:
        tx.run("merges/update", rows=[{"id": id_, "evidence": None, "compared_with": None} for id_ in members])


def _show_nodes(tx: Transaction, label: str, nodes: Sequence[dict[str, Any]], source: str, keep: bool) -> int:
    changes, gone = _revised(tx, {about_node(label, node["id"]): node for node in nodes}, source, keep)
    ids = [node["id"] for node in nodes if about_node(label, node["id"]) in gone]
    held = _held(tx, label, ids) if ids else {}
    if ids:
        gone_ids = [id_ for id_ in ids if id_ not in held]
        tx.run("nodes/detach_delete", words={"LABEL": label}, ids=gone_ids)
        forget_records(tx, [kept_at(label, id_) for id_ in gone_ids])
        outbox.remember_nodes(tx, label, deleted=gone_ids)
        if label in PARTY_LABELS:
            forget_changes(tx, [*gone_ids, *merged_into(tx.run, gone_ids)])
            forget_merged(tx, gone_ids)
    bare = [
        dict.fromkeys(node) | {"id": node["id"], "name": node["id"]} | held[node["id"]]
        for node in nodes
        if node["id"] in held
    ]
    rows = [*changes.values(), *bare]
    if rows:
        write_all(tx, "nodes/update", rows, {"LABEL": label})
        outbox.remember_nodes(tx, label, updated=rows)
    return len(ids) - len(held)


def _held(tx: Transaction, label: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of some nodes that hang on ties: who says so, and since when."""
    columns = tx.run("sources/find_held", words={"LABEL": label}, ids=ids)[0]
    sources: dict[str, set[str]] = {}
    times: dict[str, list[datetime]] = {}
    for id_, saying, seen_at in zip(*(columns[name] for name in ("id", "sources", "seen_at")), strict=True):
        sources.setdefault(id_, set()).update(saying)
        times.setdefault(id_, []).extend([seen_at] if seen_at > NEVER else [])
    now = datetime.now(UTC)
    return {
        id_: {"_sources": sorted(saying), "_seen_at": min(times[id_], default=now)} for id_, saying in sources.items()
    }


def _revised(
    tx: Transaction, things: Mapping[str, dict[str, Any]], source: str, keep: bool
) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """What to change in things so that they show what is said of them, and those of which nothing is said any more.

    Other than a source's, a reference's tie may have several sources and no records: then the names alone are kept.
    """
    trust = trusts(tx)
    changes: dict[str, dict[str, Any]] = {}
    gone = set()
    apart: list[SourceRecord] = []
    written = {about: old for about, old in things.items() if old.get("_records")}
    for about, records in read_records(tx, written).items():
        left = [record for record in records if keep or record.source != source]
        if not [record for record in left if record.source != PINNED]:
            gone.add(about)
            left = []
        if not is_alone(left):
            apart += left
        if left and (changed := shown_again(things[about], left, trust)):
            changes[about] = changed | {"id": things[about]["id"]}
    if not keep:
        forget_records(tx, written)
        write_records(tx, apart)
    for about, old in things.items():
        if keep or old.get("_records"):
            continue
        others = [name for name in old["_sources"] if name != source]
        if others:
            # It is not known which of them said so when, and the time may be that of the source that is gone.
            changes[about] = {"id": old["id"], "_sources": others, "_seen_at": datetime.now(UTC)}
        else:
            gone.add(about)
    return changes, gone
