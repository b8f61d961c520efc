"""Reference columns: who is named, which ties stand for it, and which must come or go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from graphcrm.schema import TIE_TYPES, tie_id, tie_id_between
from graphcrm.service.planning import Known, Plan, Rejected, TieRow, nobody, resolve_labels
from graphcrm.service.source_records import difference
from graphcrm.store import Transaction
from graphcrm.tables import Reference, Row, Table

__all__ = ["References", "named_tie", "stands_for"]


class References:
    """The reference columns of a batch: who is named, which ties stand, and which must come or go."""

    def __init__(
        self,
        tx: Transaction,
        table: Table,
        rows: Sequence[Row],
        stated: Collection[str],
        existing: Set[str],
        known: Known,
    ) -> None:
        self._table = table
        self._stated = stated
        self._existing = existing
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
                    return Rejected(ref.field, nobody(ref.labels, id_))
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
            if self._table.label in ref.labels and id_ not in self._existing:
                self._labels[ref.field].pop(id_, None)

    def plan(self, row: Row, plan: Plan) -> bool:
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
                elif changed := _revived(standing[id_], tie, plan.speaker.source):
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

    def _tie(self, ref: Reference, own_id: str, other_id: str, plan: Plan) -> TieRow:
        known = self._labels[ref.field]
        if other_id not in known:
            known[other_id] = ref.labels[0]
            plan.creates[ref.labels[0]].append({"id": other_id, "name": other_id})
        own, other = (self._table.label or "", own_id), (known[other_id], other_id)
        source, target = (own, other) if ref.outgoing else (other, own)
        properties = {"id": tie_id_between(ref.type, source, target)}
        if ref.role:
            properties["role"] = ref.role
        return TieRow(ref.type, source, target, properties)


def named_tie(table: Table, ref: Reference, own: str, other: str) -> str:
    """The id of the tie that a column stands for; where the column may name records of several kinds, a party's."""
    source, target = (own, other) if ref.outgoing else (other, own)
    is_open = TIE_TYPES[ref.type].open_end == ("source" if ref.outgoing else "target")
    return tie_id(ref.type, source, target, label=table.label if is_open else ref.labels[0])


def stands_for(ref: Reference, label: str, tie: Mapping[str, Any]) -> bool:
    """Whether a reference column speaks of a tie: to a record of a label it can name, in its role, and not ended."""
    until = tie.get("until")
    ended = until is not None and until < datetime.now(UTC).date()
    return label in ref.labels and ref.role in (None, tie.get("role")) and not ended


def _revived(old: TieRow, wanted: TieRow, source: str) -> dict[str, Any]:
    """What to change in a standing tie so that it is the wanted one again: another role, an end, a further source."""
    changed = difference(old.properties, wanted.properties, "upsert")
    if old.properties.get("until") is not None:
        changed["until"] = None
    sources = old.properties.get("_sources", [source])
    return changed if source in sources else changed | {"_sources": sorted([*sources, source])}


def _ties_of(tx: Transaction, label: str, ref: Reference, existing: Set[str]) -> dict[str, list[TieRow]]:
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
