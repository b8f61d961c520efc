"""Rows into the graph: what is there is compared with what is wanted, and only the difference is written.

Import, bulk upsert, create, replace and patch all end here, in one transaction each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from graphcrm.schema import PARTY_LABELS, TIE_TYPES, End, TieType
from graphcrm.service.planning import (
    Known,
    Mode,
    Outcome,
    Plan,
    Rejected,
    TieRow,
    existing_ties,
    nobody,
    resolve_labels,
    single_end,
    taken,
    unchanged_nodes,
    unchanged_ties,
)
from graphcrm.service.recording import recording, touched
from graphcrm.service.reference_words import settle, thing_of
from graphcrm.service.references import References
from graphcrm.service.source_records import Speaker, about_node
from graphcrm.service.stand_ins import (
    attribute,
    named_stand_ins,
    reference_ties,
    say_of_merged,
    say_tie,
    standing_ids,
    with_stand_ins,
)
from graphcrm.service.voices import Voices
from graphcrm.store import Transaction
from graphcrm.tables import Row, Table

__all__ = ["write_rows"]


def write_rows(
    tx: Transaction,
    table: Table,
    rows: Sequence[Row],
    speaker: Speaker,
    mode: Mode = "upsert",
    *,
    stated: Collection[str] = (),
    dry_run: bool = False,
    known: Known | None = None,
    strangers: Counter[str] | None = None,
) -> list[Outcome]:
    """Write rows of one table.

    Parameters
    ----------
    tx : Transaction
        A write transaction that holds the rows' ids as keys; nothing is written to it when nothing differs.
    table : Table
        Their table.
    rows : sequence of Row
        Valid rows, no id twice.
    speaker : Speaker
        Which source says it, and when.
    mode : {'upsert', 'replace'}
        What becomes of properties that a row does not mention.
    stated : collection of str
        Reference columns that a row states even where it names nobody: the ties they stand for are then cut.
    dry_run : bool
        Only say what would happen.
    known : Known, optional
        What to take as given: in a dry run, the records that earlier rows would have made. It learns the labels of the
        ends of ties.
    strangers : Counter, optional
        Takes in how many parties are there under another name by the words of another source: see `Voices.strangers`.

    Returns
    -------
    list of Outcome
        One for each row, in order.
    """
    known = known or Known()
    strangers = Counter() if strangers is None else strangers
    stand_ins = named_stand_ins(tx, table, rows)
    if not stand_ins:
        return _write_named(tx, table, rows, speaker, mode, stated, dry_run, known, {}, strangers)
    return _write_merged(tx, table, rows, speaker, mode, stated, dry_run, known, stand_ins, strangers)


def _write_named(
    tx: Transaction,
    table: Table,
    rows: Sequence[Row],
    speaker: Speaker,
    mode: Mode,
    stated: Collection[str],
    dry_run: bool,
    known: Known,
    stand_ins: Mapping[str, str],
    strangers: Counter[str],
) -> list[Outcome]:
    """Write rows of which none is about a party that was merged away."""
    plan = Plan(speaker)
    if table.type:
        outcomes = _plan_ties(tx, table, rows, mode, plan, known)
    else:
        outcomes = _plan_nodes(tx, table, rows, mode, plan, known, stated, stand_ins, strangers)
    if not dry_run:
        with recording(tx, touched(plan), speaker.source):
            plan.write(tx)
            if table.type:
                # What is said of a tie may speak against what its ends' columns show by another's word.
                ties = (*plan.new_ties, *plan.changed_ties)
                settle(tx, {thing for tie in ties if (thing := thing_of(tie))})
    return outcomes


def _write_merged(
    tx: Transaction,
    table: Table,
    rows: Sequence[Row],
    speaker: Speaker,
    mode: Mode,
    stated: Collection[str],
    dry_run: bool,
    known: Known,
    stand_ins: Mapping[str, str],
    strangers: Counter[str],
) -> list[Outcome]:
    """Write rows of which some name parties that were merged away; those one by one, after the others."""
    tx.hold(stand_ins.values())
    apart = {
        row.id
        for row in rows
        if (row.source_id in stand_ins or row.target_id in stand_ins if table.type else row.id in stand_ins)
        and (table.type or table.label in PARTY_LABELS)
    }
    said = {about: shown for row in rows for about, shown in reference_ties(table, row, stand_ins).items()}
    stood = standing_ids(tx, list(said.values())) if said else set()
    others = [with_stand_ins(table, row, stand_ins) for row in rows if row.id not in apart]
    outcomes = dict(
        zip(
            (row.id for row in others),
            _write_named(tx, table, others, speaker, mode, stated, dry_run, known, stand_ins, strangers),
            strict=True,
        )
    )
    if said and not dry_run:
        attribute(tx, speaker, said, stood)
    for row in rows:
        if row.id not in apart:
            continue
        if dry_run:
            outcomes[row.id] = "updated"
            continue
        ends = (row.source_id, row.target_id) if table.type else (row.id,)
        with recording(tx, [stand_ins.get(id_, id_) for id_ in ends], speaker.source):
            if table.type:
                outcomes[row.id] = say_tie(tx, table, row, speaker, stand_ins)
            else:
                outcomes[row.id] = say_of_merged(tx, table, row, speaker, stand_ins[row.id])
    return [outcomes[row.id] for row in rows]


# ---- ties ------------------------------------------------------------------------------------------------


def _plan_ties(
    tx: Transaction, table: Table, rows: Sequence[Row], mode: Mode, plan: Plan, known: Known
) -> list[Outcome]:
    kind = TIE_TYPES[table.type or ""]
    outcomes: list[Outcome] = []
    wanted: list[TieRow] = []
    for row, source, target in zip(rows, *_end_labels(tx, kind, rows, known), strict=True):
        if source is None:
            outcomes.append(Rejected(table.ends[0], nobody(kind.labels("source", row.end_label), row.source_id)))
        elif target is None:
            outcomes.append(Rejected(table.ends[1], nobody(kind.labels("target", row.end_label), row.target_id)))
        else:
            outcomes.append("created")
            wanted.append(TieRow(kind.name, (source, row.source_id), (target, row.target_id), row.properties))
    unchanged, existing = _standing(tx, wanted, plan.speaker.source, mode, known)
    if not unchanged and not existing and kind.one_a is None:
        plan.new_ties += wanted
        return outcomes
    voices = Voices(tx, plan.speaker, mode, existing)
    busy = taken(tx, kind, [tie for tie in wanted if tie.properties["id"] not in unchanged])
    positions = (position for position, outcome in enumerate(outcomes) if outcome == "created")
    for position, tie in zip(positions, wanted, strict=True):
        if tie.properties["id"] in unchanged:
            outcomes[position] = "unchanged"
            continue
        old = existing.get(tie.properties["id"])
        single, other = single_end(kind, tie)
        if old is None and busy.get(single, other) != other:
            column = table.ends[0 if kind.one_a == "target" else 1]
            reason = f"{single[1]!r} has {busy[single]!r} there already, and one at most; change it where it stands"
            outcomes[position] = Rejected(column, reason)
        elif old is None:
            busy[single] = other
            plan.new_ties.append(tie)
        elif changed := voices.change(old["id"], old, tie.properties):
            plan.changed_ties.append(TieRow(tie.type, tie.source, tie.target, changed | {"id": old["id"]}))
            outcomes[position] = "updated"
        else:
            outcomes[position] = "unchanged"
    plan.records += voices.news
    return outcomes


def _standing(
    tx: Transaction, wanted: Sequence[TieRow], source: str, mode: Mode, known: Known
) -> tuple[set[str], dict[str, dict[str, Any]]]:
    """Ids of ties that stand as they are wanted, and the properties, by id, of the others that stand."""
    if known.no_ties:
        return set(), {}
    unchanged = unchanged_ties(tx, wanted, source) if _may_differ_in_few(wanted, mode) else set()
    return unchanged, existing_ties(tx, (tie for tie in wanted if tie.properties["id"] not in unchanged))


def _may_differ_in_few(rows: Sequence[Any], mode: Mode) -> bool:
    """Whether it pays to ask which rows differ before they are read: to read many is slow."""
    return mode == "upsert" and len(rows) > 1


def _end_labels(
    tx: Transaction, kind: TieType, rows: Sequence[Row], known: Known
) -> tuple[list[str | None], list[str | None]]:
    """The labels of each row's source and target; None where there is none of its id."""
    sources, targets = [row.source_id for row in rows], [row.target_id for row in rows]
    if kind.sources == kind.targets:
        found = resolve_labels(tx, kind.sources, (*sources, *targets), known.ids)
        known.learn(found)
        return [found.get(id_) for id_ in sources], [found.get(id_) for id_ in targets]
    said = [row.end_label for row in rows]
    return _labels(tx, kind, "source", sources, said, known), _labels(tx, kind, "target", targets, said, known)


def _labels(
    tx: Transaction, kind: TieType, end: End, ids: Sequence[str], said: Sequence[str | None], known: Known
) -> list[str | None]:
    """The label of each id at an end, among those that the tie leaves it."""
    if end != kind.open_end:
        said = [None] * len(ids)
    found: dict[str | None, dict[str, str]] = {}
    for label in dict.fromkeys(said):
        mine = (id_ for id_, of_it in zip(ids, said, strict=True) if of_it == label)
        found[label] = resolve_labels(tx, kind.labels(end, label), mine, known.ids)
        known.learn(found[label])
    return [found[label].get(id_) for id_, label in zip(ids, said, strict=True)]


# ---- nodes -----------------------------------------------------------------------------------------------


def _plan_nodes(
    tx: Transaction,
    table: Table,
    rows: Sequence[Row],
    mode: Mode,
    plan: Plan,
    known: Known,
    stated: Collection[str],
    stand_ins: Mapping[str, str],
    strangers: Counter[str],
) -> list[Outcome]:
    label = table.label or ""
    unchanged, existing = _stored(tx, label, rows, plan.speaker.source, mode)
    there = unchanged | existing.keys()
    refs = References(tx, table, rows, stated, there, known, plan.speaker, mode, stand_ins)
    rejected = _rejected_ids(tx, label, [row.id for row in rows if row.id not in there], known.ids)
    refs.refuse_all(rows, rejected)

    voices = Voices(tx, plan.speaker, mode, {about_node(label, id_): old for id_, old in existing.items()})
    outcomes: list[Outcome] = []
    for row in rows:
        if row.id in rejected:
            outcomes.append(rejected[row.id])
            continue
        tied = refs.plan(row, plan)
        if label in PARTY_LABELS:
            strangers.update(voices.strangers(about_node(label, row.id), row.properties))
        if row.id not in there:
            plan.creates[label].append(row.properties)
            outcomes.append("unchanged" if row.id in known.ids.get(label, ()) else "created")
        elif row.id in existing and (
            changed := voices.change(about_node(label, row.id), existing[row.id], row.properties)
        ):
            plan.updates[label].append(changed | {"id": row.id})
            outcomes.append("updated")
        else:
            outcomes.append("updated" if tied else "unchanged")
    refs.finish(plan)
    plan.records += voices.news
    return outcomes


def _stored(
    tx: Transaction, label: str, rows: Sequence[Row], source: str, mode: Mode
) -> tuple[set[str], dict[str, dict[str, Any]]]:
    """Ids of nodes that are there as rows have them, and the properties, by id, of the others that are there."""
    ids = [row.id for row in rows]
    unchanged: set[str] = set()
    if _may_differ_in_few(rows, mode):
        there = set(tx.run("nodes/find_ids", words={"LABEL": label}, ids=ids)[0]["ids"])
        unchanged = unchanged_nodes(tx, label, [row.properties for row in rows if row.id in there], source)
        ids = [id_ for id_ in ids if id_ in there and id_ not in unchanged]
    found = tx.run("nodes/read_many", words={"LABEL": label}, ids=ids)[0]["records"] if ids else []
    return unchanged, {properties["id"]: properties for properties in found}


def _rejected_ids(tx: Transaction, label: str, ids: list[str], known: Mapping[str, Set[str]]) -> dict[str, Rejected]:
    """New ids that a party of the other label has: customers and contacts share one namespace."""
    if label not in PARTY_LABELS:
        return {}
    others = [other for other in PARTY_LABELS if other != label]
    taken = resolve_labels(tx, others, ids, known)
    return {id_: Rejected("id", f"a {other.lower()} has the id {id_!r} already") for id_, other in taken.items()}
