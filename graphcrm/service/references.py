"""Reference columns: who is named, which ties stand for it, and which must come or go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from graphcrm.schema import tie_id_between
from graphcrm.service.planning import Known, Mode, Plan, Rejected, TieRow, nobody, resolve_labels
from graphcrm.service.reference_words import REPLACING, Columns, kept_words, named_tie, standing_ties, stands_for
from graphcrm.service.source_records import Speaker, difference
from graphcrm.store import Transaction
from graphcrm.tables import Reference, Row, Table

__all__ = ["References"]


class References:
    """The reference columns of a batch: who is named, which ties stand, and which must come or go.

    Where one source alone speaks in a column, its ties are all there is. Rows with columns in which others speak too
    are told apart at the beginning; only of them what is not shown is read.
    """

    def __init__(
        self,
        tx: Transaction,
        table: Table,
        rows: Sequence[Row],
        stated: Collection[str],
        existing: Set[str],
        known: Known,
        speaker: Speaker,
        mode: Mode = "upsert",
        stand_ins: Mapping[str, str] | None = None,
    ) -> None:
        self._table = table
        self._label = table.label or ""
        self._stated = stated
        self._existing = existing
        self._speaker = speaker
        self._mode = mode
        self._stand_ins = stand_ins or {}
        own = {self._label: known.ids.get(self._label, set()) | {row.id for row in rows}}
        self._labels = {
            ref.field: resolve_labels(
                tx,
                ref.labels,
                (self._root(id_) for row in rows for id_ in row.references.get(ref.field, ())),
                known.ids | own,
            )
            for ref in table.references
        }
        self._standing: dict[str, list[TieRow]] = defaultdict(list)
        """By the id of the record that has the column."""
        for tie in standing_ties(tx, self._label, existing, table.references):
            self._standing[(tie.source if _is_outgoing(table, tie) else tie.target)[1]].append(tie)
        apart = self._contested(tx, rows)
        ties = (tie for id_ in apart for tie in self._standing.get(id_, ()))
        self._columns = Columns(tx, self._label, apart, ties) if apart else None
        self._apart = apart

    def _root(self, id_: str) -> str:
        return self._stand_ins.get(id_, id_)

    def _replacing(self, row: Row) -> list[Reference]:
        """The columns in which a row says whom it names and nobody else, as far as it changes them."""
        refs = [ref for ref in REPLACING[self._label] if ref.field in row.references or ref.field in self._stated]
        if self._mode == "upsert":
            return refs
        return [ref for ref in refs if self._named(row, ref) != self._shown(row, ref).keys()]

    def _named(self, row: Row, ref: Reference) -> set[str]:
        return {self._root(id_) for id_ in row.references.get(ref.field, ())}

    def _shown(self, row: Row, ref: Reference) -> dict[str, TieRow]:
        """The ties that a column shows, by whom it names."""
        found = {}
        for tie in self._standing.get(row.id, ()):
            other = tie.target if ref.outgoing else tie.source
            if tie.type == ref.type and stands_for(ref, other[0], tie.properties):
                found[other[1]] = tie
        return found

    def _contested(self, tx: Transaction, rows: Sequence[Row]) -> set[str]:
        """The rows in whose columns others speak than the source, or that name somebody who was merged away."""
        apart, asked = set(), set()
        source = [self._speaker.source]
        for row in rows:
            for ref in self._replacing(row):
                named, shown = self._named(row, ref), self._shown(row, ref)
                said = [tie.properties.get("_sources", source) for tie in shown.values()]
                if named != set(row.references.get(ref.field, ())) or any(
                    tie.properties.get("_records") for tie in shown.values()
                ):
                    apart.add(row.id)
                elif named == shown.keys() and all(self._speaker.source in sources for sources in said):
                    continue
                elif (
                    named != shown.keys() and any(sources != source for sources in said) and not self._repeats(row, ref)
                ):
                    apart.add(row.id)
                elif row.id in self._existing:
                    asked.add(row.id)
        asked -= apart
        kept = kept_words(tx, self._label, asked) if asked else {}
        return apart | {id_ for id_, words in kept.items() if words}

    def _repeats(self, row: Row, ref: Reference) -> bool:
        """Whether a row names whom its source named before, beside ties of others that were written as such."""
        shown = self._shown(row, ref)
        return self._named(row, ref) == {id_ for id_, tie in shown.items() if self._is_own(tie)} != set()

    def _is_own(self, tie: TieRow) -> bool:
        return self._speaker.source in tie.properties.get("_sources", (self._speaker.source,))

    # ---- rows that cannot go in ----

    def refuse(self, row: Row) -> Rejected | None:
        for ref in self._table.references:
            known = self._labels[ref.field]
            for id_ in row.references.get(ref.field, ()):
                if self._root(id_) not in known and not ref.creates:
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

    # ---- what they bring ----

    def plan(self, row: Row, plan: Plan) -> bool:
        """Add the ties that a row brings or cuts; whether it says anything new."""
        before = plan.ties
        replacing = self._replacing(row)
        news = self._say(row, replacing, plan) if row.id in self._apart else False
        adding = [ref for ref in self._table.references if not ref.replaces]
        stated = [ref for ref in adding if ref.field in row.references or ref.field in self._stated]
        self._plan_alone(row, stated if row.id in self._apart else [*stated, *replacing], plan)
        return news or plan.ties > before

    def finish(self, plan: Plan) -> None:
        """Add what is to be shown in columns in which several speak, when all rows are planned."""
        if self._columns:
            plan.showing.add(self._columns.showing())

    def _say(self, row: Row, refs: Sequence[Reference], plan: Plan) -> bool:
        """What a row says in columns of which others speak too."""
        if self._columns is None:
            return False
        news = False
        taken: set[str] = set()
        for ref in refs:
            wanted: dict[str, TieRow] = {}
            for id_ in row.references.get(ref.field, ()):
                tie = self._tie(ref, row.id, self._root(id_), plan)
                other = (tie.target if ref.outgoing else tie.source)[0], id_
                ends = (tie.source, other) if ref.outgoing else (other, tie.target)
                about = tie_id_between(ref.type, *ends)
                if about not in taken:
                    wanted[about] = tie
            taken |= wanted.keys()
            to_nobody = named_tie(self._table, ref, row.id, "")
            news |= self._columns.say(row.id, row.id, ref, wanted, to_nobody, self._speaker)
        return news

    def _plan_alone(self, row: Row, stated: Sequence[Reference], plan: Plan) -> None:
        """What a row brings in columns of which nobody else speaks, or to which it adds."""
        for type_ in dict.fromkeys(ref.type for ref in stated):
            refs = [ref for ref in stated if ref.type == type_]
            standing = {tie.properties["id"]: tie for tie in self._standing.get(row.id, ()) if tie.type == type_}
            wanted: dict[str, TieRow] = {}
            for ref in refs:
                for id_ in row.references.get(ref.field, ()):
                    tie = self._tie(ref, row.id, id_, plan)
                    wanted.setdefault(tie.properties["id"], tie)
            for id_, tie in wanted.items():
                if id_ not in standing:
                    plan.new_ties.append(tie)
                elif changed := _revived(standing[id_], tie, plan.speaker.source):
                    plan.changed_ties.append(tie._replace(properties={"id": id_} | changed))
            plan.cut_ties += [
                tie for id_, tie in standing.items() if id_ not in wanted and any(self._cuts(ref, tie) for ref in refs)
            ]

    def _cuts(self, ref: Reference, tie: TieRow) -> bool:
        """Whether a column that does not name a tie's other end speaks against it."""
        other = tie.target if ref.outgoing else tie.source
        # What others wrote beside a word that is only repeated was there when it was said first.
        speaks = self._is_own(tie) if ref.replaces else ref.field in self._stated
        return speaks and stands_for(ref, other[0], tie.properties)

    def _tie(self, ref: Reference, own_id: str, other_id: str, plan: Plan) -> TieRow:
        known = self._labels[ref.field]
        if other_id not in known:
            known[other_id] = ref.labels[0]
            plan.creates[ref.labels[0]].append({"id": other_id, "name": other_id})
        own, other = (self._label, own_id), (known[other_id], other_id)
        source, target = (own, other) if ref.outgoing else (other, own)
        properties = {"id": tie_id_between(ref.type, source, target)}
        if ref.role:
            properties["role"] = ref.role
        return TieRow(ref.type, source, target, properties)


def _is_outgoing(table: Table, tie: TieRow) -> bool:
    return next(ref.outgoing for ref in table.references if ref.type == tie.type)


def _revived(old: TieRow, wanted: TieRow, source: str) -> dict[str, Any]:
    """What to change in a standing tie so that it is the wanted one again: another role, an end, a further source."""
    changed = difference(old.properties, wanted.properties, "upsert")
    if old.properties.get("until") is not None:
        changed["until"] = None
    sources = old.properties.get("_sources", [source])
    return changed if source in sources else changed | {"_sources": sorted([*sources, source])}
