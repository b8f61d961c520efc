"""Rows into the graph: what is there is compared with what is wanted, and only the difference is written.

Import, bulk upsert, create, replace and patch all end here, in one transaction each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from graphcrm.errors import StoreError
from graphcrm.schema import PARTY_LABELS, TIE_TYPES, TieType, tie_id
from graphcrm.store import Transaction
from graphcrm.tables import Reference, Row, Table

__all__ = [
    "Known",
    "Mode",
    "Outcome",
    "Rejected",
    "TieRow",
    "delete_ties",
    "keys_of",
    "resolve_labels",
    "stands_for",
    "write_rows",
]

Mode = Literal["upsert", "replace"]
"""`upsert` leaves what a row does not mention; `replace` removes it."""


@dataclass(frozen=True)
class Rejected:
    """A row that could not go in: the column and the rule it breaks."""

    column: str
    reason: str


Outcome = Literal["created", "updated", "unchanged"] | Rejected


@dataclass
class Known:
    """What need not be asked of the graph, since it was found before or is to be assumed."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    """Ids of records by label."""
    no_ties: bool = False
    """Whether none of the ties to be written can be there yet."""

    def learn(self, labels: Mapping[str, str]) -> None:
        """Keep labels that were found, by id."""
        for label in set(labels.values()):
            self.ids.setdefault(label, set()).update(id_ for id_, found in labels.items() if found == label)


class TieRow(NamedTuple):
    """A tie between two nodes, each end named by its label and id."""

    type: str
    source: tuple[str, str]  # label, id
    target: tuple[str, str]
    properties: dict[str, Any]

    @property
    def kind(self) -> tuple[str, str, str]:
        return self.type, self.source[0], self.target[0]

    @property
    def ends(self) -> dict[str, str]:
        return {"id": self.properties["id"], "source_id": self.source[1], "target_id": self.target[1]}


@dataclass
class _Plan:
    """What one batch is going to write."""

    creates: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    updates: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    new_ties: list[TieRow] = field(default_factory=list)
    changed_ties: list[TieRow] = field(default_factory=list)
    cut_ties: list[TieRow] = field(default_factory=list)

    @property
    def ties(self) -> int:
        """How many ties it touches."""
        return len(self.new_ties) + len(self.changed_ties) + len(self.cut_ties)

    def write(self, tx: Transaction) -> None:
        for query, nodes in (("nodes/create", self.creates), ("nodes/update", self.updates)):
            for label, rows in nodes.items():
                _write(tx, query, {"LABEL": label}, rows)
        delete_ties(tx, self.cut_ties)
        for query, ties in (("ties/create", self.new_ties), ("ties/update", self.changed_ties)):
            for kind, group in _by_kind(ties).items():
                _write(tx, query, _words(*kind), [tie.ends | {"properties": tie.properties} for tie in group])


def _write(tx: Transaction, query: str, words: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Write rows, all of them: an engine may skip one silently whose node has gone meanwhile."""
    if tx.run(query, words=words, rows=rows)[0]["written"] != len(rows):
        raise StoreError("a record went away while it was being written to; try again", retryable=True)


def write_rows(
    tx: Transaction,
    table: Table,
    rows: Sequence[Row],
    mode: Mode = "upsert",
    *,
    stated: Collection[str] = (),
    dry_run: bool = False,
    known: Known | None = None,
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
    mode : {'upsert', 'replace'}
        What becomes of properties that a row does not mention.
    stated : collection of str
        Reference columns that a row states even where it names nobody: the ties they stand for are then cut.
    dry_run : bool
        Only say what would happen.
    known : Known, optional
        What to take as given: in a dry run, the records that earlier rows would have made. It learns the labels of the
        ends of ties.

    Returns
    -------
    list of Outcome
        One for each row, in order.
    """
    plan = _Plan()
    known = known or Known()
    if table.type:
        outcomes = _plan_ties(tx, table, rows, mode, plan, known)
    else:
        refs = _References(tx, table, rows, stated, _stored(tx, table, rows), known)
        outcomes = _plan_nodes(tx, table, rows, mode, plan, known, refs)
    if not dry_run:
        plan.write(tx)
    return outcomes


def keys_of(row: Row) -> set[str]:
    """The ids that writing a row decides about: its own, its ends', and of all whom it names."""
    named = {id_ for ids in row.references.values() for id_ in ids}
    return {row.id, row.source_id, row.target_id, *named} - {""}


def resolve_labels(
    tx: Transaction, labels: Sequence[str], ids: Iterable[str], known: Mapping[str, Set[str]]
) -> dict[str, str]:
    """Find the label of each id among some labels, the first one that has it; ids found nowhere are left out.

    Those that are known by label already are not asked about.
    """
    missing = set(ids)
    found: dict[str, str] = {}
    for label in labels:
        here = missing & known.get(label, set())
        found |= dict.fromkeys(here, label)
        missing -= here
    for label in labels:
        if missing:
            there = tx.run("nodes/find_ids", words={"LABEL": label}, ids=list(missing))[0]["ids"]
            found |= dict.fromkeys(there, label)
            missing.difference_update(there)
    return found


def delete_ties(tx: Transaction, ties: Iterable[TieRow]) -> None:
    """Cut ties."""
    for kind, group in _by_kind(ties).items():
        tx.run("ties/delete", words=_words(*kind), rows=[tie.ends for tie in group])


def _by_kind(ties: Iterable[TieRow]) -> dict[tuple[str, str, str], list[TieRow]]:
    groups: dict[tuple[str, str, str], list[TieRow]] = defaultdict(list)
    for tie in ties:
        groups[tie.kind].append(tie)
    return groups


def _words(type_: str, source: str, target: str) -> dict[str, str]:
    return {"TYPE": type_, "SOURCE": source, "TARGET": target}


def _difference(old: dict[str, Any], new: dict[str, Any], mode: Mode) -> dict[str, Any]:
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if mode == "replace":
        changed |= {key: None for key in old if key not in new}
    return changed


def _nobody(labels: Sequence[str], id_: str) -> str:
    return f"there is no {' or '.join(label.lower() for label in labels)} {id_!r}"


# ---- ties ------------------------------------------------------------------------------------------------


def _plan_ties(
    tx: Transaction, table: Table, rows: Sequence[Row], mode: Mode, plan: _Plan, known: Known
) -> list[Outcome]:
    kind = TIE_TYPES[table.type or ""]
    if kind.sources == kind.targets:
        ends = (id_ for row in rows for id_ in (row.source_id, row.target_id))
        sources = targets = resolve_labels(tx, kind.sources, ends, known.ids)
    else:
        sources = resolve_labels(tx, kind.sources, (row.source_id for row in rows), known.ids)
        targets = resolve_labels(tx, kind.targets, (row.target_id for row in rows), known.ids)
        known.learn(targets)
    known.learn(sources)
    outcomes: list[Outcome] = []
    wanted: list[TieRow] = []
    for row in rows:
        if row.source_id not in sources:
            outcomes.append(Rejected(table.ends[0], _nobody(kind.sources, row.source_id)))
        elif row.target_id not in targets:
            outcomes.append(Rejected(table.ends[1], _nobody(kind.targets, row.target_id)))
        else:
            outcomes.append("created")
            source, target = (sources[row.source_id], row.source_id), (targets[row.target_id], row.target_id)
            wanted.append(TieRow(kind.name, source, target, row.properties))
    existing = {} if known.no_ties else _existing_ties(tx, wanted)
    taken = _taken(tx, kind, wanted)
    positions = (position for position, outcome in enumerate(outcomes) if outcome == "created")
    for position, tie in zip(positions, wanted, strict=True):
        old = existing.get(tie.properties["id"])
        single, other = _single_end(kind, tie)
        if old is None and taken.get(single, other) != other:
            column = table.ends[0 if kind.one_a == "target" else 1]
            reason = f"{single!r} has {taken[single]!r} there already, and one at most; change it where it stands"
            outcomes[position] = Rejected(column, reason)
        elif old is None:
            taken[single] = other
            plan.new_ties.append(tie)
        elif changed := _difference(old, tie.properties, mode):
            plan.changed_ties.append(TieRow(tie.type, tie.source, tie.target, changed | {"id": old["id"]}))
            outcomes[position] = "updated"
        else:
            outcomes[position] = "unchanged"
    return outcomes


def _single_end(kind: TieType, tie: TieRow) -> tuple[str, str]:
    """The end that has at most one tie of the kind, and the other; ties without such an end stand for themselves."""
    if kind.one_a is None:
        return tie.properties["id"], ""
    return (tie.target[1], tie.source[1]) if kind.one_a == "target" else (tie.source[1], tie.target[1])


def _taken(tx: Transaction, kind: TieType, wanted: Sequence[TieRow]) -> dict[str, str]:
    """Of the ends that have at most one tie of the kind, those that have one, and to whom."""
    found: dict[str, str] = {}
    if kind.one_a is None:
        return found
    query = "ties/list_incoming" if kind.one_a == "target" else "ties/list_outgoing"
    ends = {tie.target if kind.one_a == "target" else tie.source for tie in wanted}
    for label in sorted({label for label, _ in ends}):
        ids = [id_ for end, id_ in ends if end == label]
        columns = tx.run(query, words={"TYPE": kind.name, "LABEL": label}, ids=ids)[0]
        found |= dict(zip(columns["id"], columns["other_id"], strict=True))
    return found


def _existing_ties(tx: Transaction, ties: Iterable[TieRow]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for kind, group in _by_kind(ties).items():
        records = tx.run("ties/read_many", words=_words(*kind), rows=[tie.ends for tie in group])[0]["records"]
        found |= {record["id"]: record for record in records}
    return found


# ---- nodes -----------------------------------------------------------------------------------------------


def _plan_nodes(
    tx: Transaction,
    table: Table,
    rows: Sequence[Row],
    mode: Mode,
    plan: _Plan,
    known: Known,
    refs: _References,
) -> list[Outcome]:
    label, existing = table.label or "", refs.existing
    rejected = _rejected_ids(tx, label, [row.id for row in rows if row.id not in existing], known.ids)
    refs.refuse_all(rows, rejected)

    outcomes: list[Outcome] = []
    for row in rows:
        if row.id in rejected:
            outcomes.append(rejected[row.id])
            continue
        old = existing.get(row.id)
        tied = refs.plan(row, plan)
        if old is None:
            plan.creates[label].append(row.properties)
            outcomes.append("unchanged" if row.id in known.ids.get(label, ()) else "created")
        elif changed := _difference(old, row.properties, mode):
            plan.updates[label].append({"id": row.id} | changed)
            outcomes.append("updated")
        else:
            outcomes.append("updated" if tied else "unchanged")
    return outcomes


def _stored(tx: Transaction, table: Table, rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    ids = [row.id for row in rows]
    found = tx.run("nodes/read_many", words={"LABEL": table.label or ""}, ids=ids)[0]["records"]
    return {properties["id"]: properties for properties in found}


def _rejected_ids(tx: Transaction, label: str, ids: list[str], known: Mapping[str, Set[str]]) -> dict[str, Rejected]:
    """New ids that a party of the other label has: customers and contacts share one namespace."""
    if label not in PARTY_LABELS:
        return {}
    others = [other for other in PARTY_LABELS if other != label]
    taken = resolve_labels(tx, others, ids, known)
    return {id_: Rejected("id", f"a {other.lower()} has the id {id_!r} already") for id_, other in taken.items()}


class _References:
    """The reference columns of a batch: who is named, which ties stand, and which must come or go."""

    def __init__(
        self,
        tx: Transaction,
        table: Table,
        rows: Sequence[Row],
        stated: Collection[str],
        existing: Mapping[str, dict[str, Any]],
        known: Known,
    ) -> None:
        self._table = table
        self._stated = stated
        self.existing = existing
        own = {table.label or "": known.ids.get(table.label or "", set()) | {row.id for row in rows}}
        self._labels = {
            ref.field: resolve_labels(
                tx,
                ref.labels,
                (id_ for row in rows for id_ in row.references.get(ref.field, ())),
                known.ids | own,
            )
            for ref in table.references
        }
        self._standing = {
            (ref.type, ref.outgoing): _ties_of(tx, table.label or "", ref, existing) for ref in table.references
        }

    def refuse(self, row: Row) -> Rejected | None:
        for ref in self._table.references:
            known = self._labels[ref.field]
            for id_ in row.references.get(ref.field, ()):
                if id_ not in known and not ref.creates:
                    return Rejected(ref.field, _nobody(ref.labels, id_))
                if id_ == row.id and known.get(id_) == self._table.label:
                    return Rejected(ref.field, f"{id_!r} names itself")
        return None

    def refuse_all(self, rows: Sequence[Row], rejected: dict[str, Rejected]) -> None:
        """Add the rows that name somebody who is not there, nor comes with the batch; each may take others along."""
        for id_ in rejected:
            self._forget(id_)
        while refused := {r.id: no for r in rows if r.id not in rejected and (no := self.refuse(r)) is not None}:
            rejected |= refused
            for id_ in refused:
                self._forget(id_)

    def _forget(self, id_: str) -> None:
        for ref in self._table.references:
            if self._table.label in ref.labels and id_ not in self.existing:
                self._labels[ref.field].pop(id_, None)

    def plan(self, row: Row, plan: _Plan) -> bool:
        """Add the ties that a row brings or cuts; whether there are any."""
        before = plan.ties
        for type_, outgoing in dict.fromkeys((ref.type, ref.outgoing) for ref in self._table.references):
            refs = [ref for ref in self._table.references if (ref.type, ref.outgoing) == (type_, outgoing)]
            stated = [ref for ref in refs if ref.field in row.references or ref.field in self._stated]
            standing = {tie.properties["id"]: tie for tie in self._standing[type_, outgoing].get(row.id, ())}
            wanted: dict[str, TieRow] = {}
            for ref in stated:
                for id_ in row.references.get(ref.field, ()):
                    tie = self._tie(ref, row.id, id_, plan)
                    wanted.setdefault(tie.properties["id"], tie)
            for id_, tie in wanted.items():
                if id_ not in standing:
                    plan.new_ties.append(tie)
                elif changed := _revived(standing[id_], tie):
                    plan.changed_ties.append(tie._replace(properties={"id": id_} | changed))
            plan.cut_ties += [
                tie
                for id_, tie in standing.items()
                if id_ not in wanted and any(self._cuts(ref, tie) for ref in stated)
            ]
        return plan.ties > before

    def _cuts(self, ref: Reference, tie: TieRow) -> bool:
        """Whether a column that does not name a tie's other end speaks against it."""
        other = tie.target if ref.outgoing else tie.source
        speaks = ref.replaces or ref.field in self._stated
        return speaks and stands_for(ref, other[0], tie.properties)

    def _tie(self, ref: Reference, own_id: str, other_id: str, plan: _Plan) -> TieRow:
        known = self._labels[ref.field]
        if other_id not in known:
            known[other_id] = ref.labels[0]
            plan.creates[ref.labels[0]].append({"id": other_id, "name": other_id})
        own, other = (self._table.label or "", own_id), (known[other_id], other_id)
        source, target = (own, other) if ref.outgoing else (other, own)
        properties = {"id": tie_id(ref.type, source[1], target[1])}
        if ref.role:
            properties["role"] = ref.role
        return TieRow(ref.type, source, target, properties)


def stands_for(ref: Reference, label: str, tie: Mapping[str, Any]) -> bool:
    """Whether a reference column speaks of a tie: to a record of a label it can name, in its role, and not ended."""
    until = tie.get("until")
    ended = until is not None and until < datetime.now(UTC).date()
    return label in ref.labels and ref.role in (None, tie.get("role")) and not ended


def _revived(old: TieRow, wanted: TieRow) -> dict[str, Any]:
    """What to change in a standing tie so that it is the wanted one again: another role, an end taken back."""
    changed = _difference(old.properties, wanted.properties, "upsert")
    return changed | ({"until": None} if old.properties.get("until") is not None else {})


def _ties_of(
    tx: Transaction, label: str, ref: Reference, existing: Mapping[str, dict[str, Any]]
) -> dict[str, list[TieRow]]:
    """The standing ties that a reference column is about, by the id of the record that has the column."""
    found: dict[str, list[TieRow]] = defaultdict(list)
    if not existing:
        return found
    query = "ties/list_outgoing" if ref.outgoing else "ties/list_incoming"
    columns = tx.run(query, words={"TYPE": ref.type, "LABEL": label}, ids=list(existing))[0]
    for id_, other_id, other_label, tie in zip(
        columns["id"], columns["other_id"], columns["other_label"], columns["tie"], strict=True
    ):
        own, other = (label, id_), (other_label, other_id)
        source, target = (own, other) if ref.outgoing else (other, own)
        found[id_].append(TieRow(ref.type, source, target, tie))
    return found
