"""Rows that name a party that was merged away: what they say is kept as said of it, and shown in who stands for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphcrm.schema import PARTY_LABELS, TIE_TYPES
from graphcrm.service import outbox
from graphcrm.service.aliases import any_merged, roots
from graphcrm.service.deriving import update_ties
from graphcrm.service.merging import show_ties
from graphcrm.service.planning import Outcome, Rejected, existing_ties, nobody, resolve_labels
from graphcrm.service.reference_words import Columns, Thing, named_tie, ties_by_id
from graphcrm.service.source_records import (
    SourceRecord,
    Speaker,
    about_node,
    own_fields,
    read_by_id,
    write_records,
)
from graphcrm.service.voices import Voices
from graphcrm.store import Transaction
from graphcrm.tables import Reference, Row, Table
from graphcrm.values import raw_of

__all__ = [
    "attribute",
    "named_stand_ins",
    "reference_ties",
    "say_of_merged",
    "say_tie",
    "standing_ids",
    "with_stand_ins",
]


def named_stand_ins(tx: Transaction, table: Table, rows: Sequence[Row]) -> dict[str, str]:
    """Who stands for the parties that rows name and that were merged away, by their ids."""
    if not any_merged(tx.run):
        return {}
    return roots(tx.run, {id_ for row in rows for id_ in _parties(table, row)})


def _parties(table: Table, row: Row) -> set[str]:
    """Ids in a row that may be parties'."""
    if table.type:
        return {id_ for labels, id_ in _ends(table, row) if _party_labels(labels)}
    refs = [ref for ref in table.references if _party_labels(ref.labels)]
    named = {id_ for ref in refs for id_ in row.references.get(ref.field, ())}
    return named | ({row.id} if table.label in PARTY_LABELS else set())


def _ends(table: Table, row: Row) -> tuple[tuple[tuple[str, ...], str], tuple[tuple[str, ...], str]]:
    """The labels that each end of a tie may have, and its id."""
    kind = TIE_TYPES[table.type or ""]
    source, target = kind.labels("source", row.end_label), kind.labels("target", row.end_label)
    return (source, row.source_id), (target, row.target_id)


def _party_labels(labels: Sequence[str]) -> bool:
    return any(label in PARTY_LABELS for label in labels)


def _adding_references(table: Table) -> list[Reference]:
    """The columns that name further parties; of the others `References` knows who stands for whom."""
    return [ref for ref in table.references if _party_labels(ref.labels) and not ref.replaces]


def with_stand_ins(table: Table, row: Row, stand_ins: Mapping[str, str]) -> Row:
    """A row whose reference columns that add to others name who stands for whom, each once."""
    fields = {ref.field for ref in _adding_references(table)}
    named = {
        field: list(dict.fromkeys(stand_ins.get(id_, id_) if field in fields else id_ for id_ in ids))
        for field, ids in row.references.items()
    }
    return replace(row, references=named)


def reference_ties(table: Table, row: Row, stand_ins: Mapping[str, str]) -> dict[str, str]:
    """Ties that a row's columns stand for and that show elsewhere: the id that shows, by the id that is said."""
    found = {}
    for ref in _adding_references(table):
        for id_ in row.references.get(ref.field, ()):
            if id_ in stand_ins:
                found[named_tie(table, ref, row.id, id_)] = named_tie(table, ref, row.id, stand_ins[id_])
    return found


def standing_ids(tx: Transaction, ids: Sequence[str]) -> set[str]:
    """Those of the ties that are there."""
    rows = ties_by_id(tx, ids)
    return set(existing_ties(tx, rows.values()))


def attribute(tx: Transaction, speaker: Speaker, said: Mapping[str, str], stood: set[str]) -> None:
    """Have ties that were just made be said of the party that was named, which is not the one they show at."""
    new = {about: shown for about, shown in said.items() if shown not in stood}
    rows = ties_by_id(tx, list(new.values()))
    there = existing_ties(tx, rows.values())
    records = [
        SourceRecord(
            speaker.source,
            about,
            shown,
            {key: value for key, value in own_fields(there[shown]).items() if key != "id"},
            {},
            speaker.at,
        )
        for about, shown in new.items()
        if shown in there
    ]
    write_records(tx, records)
    update_ties(tx, [rows[shown]._replace(properties={"id": shown, "_records": 1}) for shown in there])


def say_of_merged(tx: Transaction, table: Table, row: Row, speaker: Speaker, root: str) -> Outcome:
    """Write a row about a party that was merged away: its words, and what they change in who stands for it."""
    for ref in table.references:
        named = row.references.get(ref.field, [])
        stand_ins = roots(tx.run, named)
        there = resolve_labels(tx, ref.labels, (stand_ins.get(id_, id_) for id_ in named), {})
        if missing := sorted(id_ for id_ in named if stand_ins.get(id_, id_) not in there):
            if not ref.creates:
                return Rejected(ref.field, nobody(ref.labels, missing[0]))
            rows = [{"id": id_, "name": id_} for id_ in missing]
            tx.run("nodes/create", words={"LABEL": ref.labels[0]}, rows=rows, **_said(speaker))
    label = resolve_labels(tx, PARTY_LABELS, [root], {})[root]
    old = tx.run("nodes/read_many", words={"LABEL": label}, ids=[root])[0]["records"][0]
    thing = about_node(label, root)
    voices = Voices(tx, speaker, "upsert", {thing: old}, about_node(table.label or "", row.id))
    changed = voices.change(thing, old, row.properties)
    if changed:
        tx.run("nodes/update", words={"LABEL": label}, rows=[changed | {"id": root}])
        outbox.remember_nodes(tx, label, updated=[changed | {"id": root}])
    write_records(tx, voices.news)
    tied = _say_in_columns(tx, table, row, speaker, (label, root))
    return "updated" if voices.news or tied else "unchanged"


def _say_in_columns(tx: Transaction, table: Table, row: Row, speaker: Speaker, thing: Thing) -> bool:
    """Whether it is news whom a row about a party that was merged away names; it is shown in who stands for it."""
    label, root = thing
    refs = [ref for ref in table.references if ref.field in row.references]
    stand_ins = roots(tx.run, [id_ for ref in refs for id_ in row.references[ref.field]])
    columns = Columns(tx, label, [root], refs=table.references)
    news = False
    to_itself = []
    for ref in refs:
        shown = {
            named_tie(table, ref, row.id, id_): named_tie(table, ref, root, stand_ins.get(id_, id_))
            for id_ in row.references[ref.field]
        }
        ties = ties_by_id(tx, shown.values())
        # Who is named may have become the party itself, and then no tie can show it.
        wanted = {about: ties[id_] for about, id_ in shown.items() if ties[id_].source != ties[id_].target}
        to_itself += [about for about in shown if about not in wanted]
        if wanted:
            news |= columns.say(root, row.id, ref, wanted, named_tie(table, ref, row.id, ""), speaker)
    columns.showing().write(tx)
    said = [SourceRecord(speaker.source, about, "", {}, {}, speaker.at) for about in to_itself]
    there = read_by_id(tx, [record.id for record in said])
    new = [record for record in said if record.id not in there]
    show_ties(tx, new)
    return news or bool(new)


def _said(speaker: Speaker) -> dict[str, Any]:
    return {"sources": [speaker.source], "seen_at": speaker.at}


def say_tie(tx: Transaction, table: Table, row: Row, speaker: Speaker, stand_ins: Mapping[str, str]) -> Outcome:
    """Write a tie of which an end was merged away."""
    for column, (labels, id_) in zip(table.ends, _ends(table, row), strict=True):
        if not resolve_labels(tx, labels, [stand_ins.get(id_, id_)], {}):
            return Rejected(column, nobody(labels, id_))
    fields = {key: value for key, value in own_fields(row.properties).items() if key != "id"}
    blank = SourceRecord(speaker.source, row.id, "", {}, {}, speaker.at)
    old = read_by_id(tx, [blank.id]).get(blank.id)
    said = (old or blank).saying(fields, speaker.at, raw_of(row.properties))
    if said is old:
        return "unchanged"
    show_ties(tx, [said])
    return "updated" if old else "created"
