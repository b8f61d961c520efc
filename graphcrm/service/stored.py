"""Records as they lie in the graph: found, given the form they have outside, moved and deleted, in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from graphcrm.errors import Conflict, InvalidInput, MergedAway, NotFound
from graphcrm.schema import PARTY_LABELS, TIE_TYPES, split_tie_id, tie_id, tie_id_between
from graphcrm.service import outbox
from graphcrm.service.aliases import forget_merged, merged_into, roots
from graphcrm.service.changes import forget_changes
from graphcrm.service.planning import TieRow, delete_ties, existing_ties, resolve_labels
from graphcrm.service.recording import note_deleted, note_removed, recording, shown_parties
from graphcrm.service.reference_words import kept_at, naming, settle, shown_at, stands_for, thing_of
from graphcrm.service.source_records import HAND, about_node, forget_records, own_fields
from graphcrm.service.states import states
from graphcrm.store import Transaction
from graphcrm.tables import END_LABELS, TABLES, TIES, Row, Table
from graphcrm.values import from_graph

__all__ = [
    "RESOURCES",
    "all_ties",
    "delete_node",
    "delete_tie",
    "found_node",
    "holder_of",
    "move_ties",
    "node_table",
    "noun",
    "read_record",
    "refuse_merged",
    "said_of",
    "shown_id",
    "tie_record",
    "tie_row",
    "ties_of",
    "with_references",
]

RESOURCES: Final = (*(name for name, table in TABLES.items() if table.label), "ties")
"""Tables that can be listed, read and changed one by one; all ties are one of them."""


def node_table(name: str) -> Table:
    if name not in RESOURCES or name == "ties":
        raise InvalidInput(f"{name!r} is no table; there are: {', '.join(RESOURCES)}", field="table", allowed=RESOURCES)
    return TABLES[name]


def noun(table: Table) -> str:
    return f"tie {table.type}" if table.type else (table.label or "").lower()


def read_record(tx: Transaction, table: str, id_: str) -> dict[str, Any]:
    if table == "ties":
        return tie_record(*_stored_tie(tx, id_))
    return found_node(tx.run, table, id_)


def found_node(run: Callable[..., list[dict[str, Any]]], table: str, id_: str) -> dict[str, Any]:
    spec = node_table(table)
    found = run("nodes/read", words={"LABEL": spec.label or ""}, id=id_)
    if not found:
        refuse_merged(run, spec, id_)
        raise NotFound(f"there is no {noun(spec)} {id_!r}")
    named: dict[str, list[str]] = {}
    for ref in spec.references:
        for tie in found[0]["outgoing" if ref.outgoing else "incoming"]:
            if tie["type"] == ref.type and stands_for(ref, tie["label"], tie):
                named.setdefault(ref.field, []).append(tie["id"])
    return _record(spec, found[0]["record"], named)


def refuse_merged(run: Callable[..., list[dict[str, Any]]], table: Table, id_: str) -> None:
    """Say who stands for a party that was merged away."""
    root = roots(run, [id_]).get(id_) if table.label in PARTY_LABELS else None
    if root is not None:
        for name in ("customers", "contacts"):
            if run("nodes/find_ids", words={"LABEL": TABLES[name].label or ""}, ids=[root])[0]["ids"]:
                message = f"{id_!r} was merged into {root!r}; read or change that one"
                raise MergedAway(message, table=name, into=root)


def with_references(tx: Transaction, table: Table, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give nodes their reference columns and the form that records have outside."""
    named: dict[tuple[str, str], list[str]] = {}
    ids = [properties["id"] for properties in found]
    for type_, outgoing in dict.fromkeys((ref.type, ref.outgoing) for ref in table.references):
        query = "ties/list_outgoing" if outgoing else "ties/list_incoming"
        columns = tx.run(query, words={"TYPE": type_, "LABEL": table.label or ""}, ids=ids)[0] if ids else {}
        refs = [ref for ref in table.references if (ref.type, ref.outgoing) == (type_, outgoing)]
        names = ("id", "other_id", "other_label", "tie")
        for id_, other, other_label, tie in zip(*(columns.get(name, ()) for name in names), strict=True):
            for ref in refs:
                if stands_for(ref, other_label, tie):
                    named.setdefault((id_, ref.field), []).append(other)
    return [
        _record(
            table, properties, {ref.field: named.get((properties["id"], ref.field), []) for ref in table.references}
        )
        for properties in found
    ]


def _record(table: Table, properties: Mapping[str, Any], named: Mapping[str, list[str]]) -> dict[str, Any]:
    record: dict[str, Any] = {"id": properties["id"]}
    record |= {name: from_graph(name, properties.get(name)) for name in table.properties}
    for ref in table.references:
        others = sorted(named.get(ref.field, []))
        record[ref.field] = others if ref.many else (others[0] if others else None)
    return record | {"extra": _extras(table, properties)}


def shown_id(tx: Transaction, table: Table, row: Row) -> str:
    """The id under which a row is going to be shown: its own, but a tie's may have ends that were merged away."""
    part = split_tie_id(row.id) if table.type else None
    stand_ins = roots(tx.run, [end for end in part.parties if end]) if part else {}
    if part is None or not stand_ins:
        return row.id
    shown = shown_at(part, stand_ins)
    if shown.source == shown.target:
        raise Conflict(f"{part.source!r} and {part.target!r} are one party, {shown.source!r}; a tie needs two")
    return tie_id(*shown)


def holder_of(tx: Transaction, table: Table, id_: str) -> str | None:
    """What has an id already, in a word; None when it is free."""
    if table.label:
        labels = PARTY_LABELS if table.label in PARTY_LABELS else (table.label,)
        label = resolve_labels(tx, labels, [id_], {}).get(id_)
        return None if label is None else label.lower()
    try:
        _stored_tie(tx, id_)
    except NotFound:
        return None
    return "tie"


def tie_row(tx: Transaction, id_: str) -> TieRow:
    parts = split_tie_id(id_)
    if parts is None:
        raise NotFound(f"there is no tie {id_!r}")
    source, target = parts.source, parts.target
    sources, targets = (
        resolve_labels(tx, labels, [end], {}) for labels, end in zip(parts.labels, (source, target), strict=True)
    )
    if source not in sources or target not in targets:
        raise NotFound(f"there is no tie {id_!r}")
    return TieRow(parts.type, (sources[source], source), (targets[target], target), {"id": id_})


def _stored_tie(tx: Transaction, id_: str) -> tuple[str, str, str, dict[str, Any]]:
    tie = tie_row(tx, id_)
    words = {"TYPE": tie.type, "SOURCE": tie.source[0], "TARGET": tie.target[0]}
    found = tx.run("ties/read_many", words=words, rows=[tie.ends])[0]["records"]
    if not found:
        raise NotFound(f"there is no tie {id_!r}")
    return tie.type, tie.source[1], tie.target[1], found[0]


def all_ties(tx: Transaction, label: str, id_: str) -> list[TieRow]:
    """Every tie of a node, each once."""
    return ties_of(tx, label, [id_])


def ties_of(tx: Transaction, label: str, ids: Sequence[str]) -> list[TieRow]:
    """Every tie of some nodes of one label, each once."""
    if not ids:
        return []
    ties: dict[str, TieRow] = {}
    for name, kind in TIE_TYPES.items():
        for query, labels in (("ties/list_outgoing", kind.sources), ("ties/list_incoming", kind.targets)):
            if label not in labels:
                continue
            columns = tx.run(query, words={"TYPE": name, "LABEL": label}, ids=ids)[0]
            for id_, other, other_label, tie in zip(
                columns["id"], columns["other_id"], columns["other_label"], columns["tie"], strict=True
            ):
                ends = ((label, id_), (other_label, other))
                source, target = ends if query == "ties/list_outgoing" else ends[::-1]
                ties[tie.get("id") or tie_id_between(name, source, target)] = TieRow(name, source, target, tie)
    return list(ties.values())


def move_ties(tx: Transaction, ties: Sequence[TieRow], id_: str) -> None:
    """Write ties again after the contact at one of their ends became a customer."""

    def moved(end: tuple[str, str]) -> tuple[str, str]:
        return ("Customer", id_) if end == ("Contact", id_) else end

    for tie in ties:
        source, target = moved(tie.source), moved(tie.target)
        words = {"TYPE": tie.type, "SOURCE": source[0], "TARGET": target[0]}
        rows = [{"source_id": source[1], "target_id": target[1], "properties": tie.properties}]
        tx.run("ties/create", words=words, rows=rows, **said_of(tie.properties))


def said_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Who said a thing that is written again as it was."""
    return {"sources": properties.get("_sources"), "seen_at": properties.get("_seen_at")}


def delete_node(tx: Transaction, table: Table, current: dict[str, Any], detach: bool) -> None:
    label, id_ = table.label or "", current["id"]
    ties = all_ties(tx, label, id_)
    own = {(ref.type, ref.outgoing) for ref in table.references}
    hanging: dict[str, int] = {}
    for tie in ties:
        if (tie.type, tie.source == (label, id_)) not in own:
            hanging[tie.type] = hanging.get(tie.type, 0) + 1
    inside = merged_into(tx.run, [id_]) if label in PARTY_LABELS else ()
    if inside:
        hanging["parties merged into it"] = len(inside)
    if hanging and not detach:
        what = ", ".join(f"{count} {type_}" for type_, count in sorted(hanging.items()))
        raise Conflict(
            f"{noun(table)} {id_!r} is still in use: {what}; delete with detach to cut them", details=hanging
        )
    known = states(tx, [id_]) if label in PARTY_LABELS else {}
    gone = [about_node(label, id_), kept_at(label, id_), *(tie.properties.get("id", "") for tie in ties)]
    forget_records(tx, gone)
    # Words that no tie shows are forgotten too: who is given the id later is somebody else.
    naming_it = naming(tx, [id_, *inside]) | {thing for tie in ties if (thing := thing_of(tie))}
    with recording(tx, shown_parties(ties) - {id_}, HAND):
        tx.run("nodes/detach_delete", words={"LABEL": label}, ids=[id_])
        settle(tx, naming_it - {(label, id_)})
    if label in PARTY_LABELS:
        forget_changes(tx, [id_, *merged_into(tx.run, [id_])])
        note_deleted(tx, id_, known[id_].sources)
        forget_merged(tx, [id_])
    if label == "Customer":
        outbox.remember(tx, deleted=[id_])


def delete_tie(tx: Transaction, id_: str, source: str) -> None:
    """Cut a tie and forget what is said of it; a column that showed it shows what else is said there."""
    tie = tie_row(tx, id_)
    tie = tie._replace(properties=existing_ties(tx, [tie])[id_])
    with recording(tx, shown_parties([tie]), source):
        delete_ties(tx, [tie])
        forget_records(tx, [id_])
        settle(tx, [thing] if (thing := thing_of(tie)) else [])
    note_removed(tx, tie, source)


def tie_record(type_: str, source_id: str, target_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give a tie the form that records have outside."""
    table = TIES[type_]
    record: dict[str, Any] = {
        "id": properties["id"],
        "type": type_,
        "source_id": source_id,
        "target_id": target_id,
    }
    if open_end := TIE_TYPES[type_].open_end:
        parts = split_tie_id(properties["id"])
        record[END_LABELS[open_end]] = parts.label if parts else None
    record |= {name: from_graph(name, properties.get(name)) for name in table.properties}
    return record | {"extra": _extras(table, properties)}


def _extras(table: Table, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What lies beyond the vocabulary, by name; an amount there is a plain number."""
    own = ("id", *table.properties)
    return {key: from_graph("", value) for key, value in sorted(own_fields(properties).items()) if key not in own}
