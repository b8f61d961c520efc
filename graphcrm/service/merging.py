"""Two parties become one, and two again: what sources say is shown elsewhere, and nothing of it is lost.

A merge makes every record that shows in the one party, and in the ties that hang on it, show in the other; the party
that is gone is remembered by its id. Taking it back makes the records show where they say again. So it makes no
difference what was merged, edited or imported in between, or in which order merges are taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.schema import PARTY_LABELS, TIE_TYPES, TieParts, split_tie_id, tie_id, tie_id_between
from graphcrm.service import outbox
from graphcrm.service.aliases import hidden_at, merged_into, roots
from graphcrm.service.deriving import update_ties
from graphcrm.service.planning import TieRow, delete_ties, existing_ties, resolve_labels, single_end, taken
from graphcrm.service.source_records import (
    SourceRecord,
    about_node,
    forget_records,
    is_alone,
    key_of,
    read_records,
    shown_again,
    trusts,
    write_records,
)
from graphcrm.service.stored import all_ties
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

__all__ = ["Merging", "show_ties", "ties_by_id"]


class Merging:
    """Merges of a graph's parties.

    Parameters
    ----------
    store : GraphStore
        The graph.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def merge(self, id_: str, into: str) -> dict[str, Any]:
        """Make one party of two.

        Parameters
        ----------
        id_ : str
            The party that goes: a customer or contact. Its id keeps naming the one that stays.
        into : str
            The party that stays, with its id and label. Of both it shows what the rule of sources says; every tie of
            the other becomes its own.

        Returns
        -------
        dict
            `id`, `into` and `at` (UTC).

        Raises
        ------
        NotFound
            One of them is not there, or was merged away itself.
        InvalidInput
            Both are the same.
        """
        if id_ == into:
            raise InvalidInput(f"into: {id_!r} is the same party; name another", field="into")
        at = datetime.now(UTC)

        def work(tx: Transaction) -> None:
            gone, stays = _party(tx, id_), _party(tx, into)
            ties = all_ties(tx, gone[0], id_)
            said = _records_of(tx, ties) + _hidden(tx, id_)
            records = read_records(tx, {about_node(*gone[:2]): gone[2], about_node(*stays[:2]): stays[2]})
            delete_ties(tx, ties)
            forget_records(tx, [tie.properties["id"] for tie in ties if tie.properties.get("_records")])
            tx.run("nodes/detach_delete", words={"LABEL": gone[0]}, ids=[id_])
            tx.run("merges/create", id=id_, label=gone[0], into=into, at=at)
            if "Customer" in (gone[0], stays[0]):
                outbox.remember(tx, merged=[(into, id_)])
            _show_node(tx, stays, [record for each in records.values() for record in each])
            show_ties(tx, said)

        self._store.write(work, [id_, into])
        return {"id": id_, "into": into, "at": from_graph("", at)}

    def unmerge(self, id_: str) -> dict[str, Any]:
        """Take a merge back: the party is there again, with all that was and is said of it.

        Parties that had been merged into it before come back with it, as its own. What was said since then by its id
        is its own too; what was said by the id of the party that stays is that one's.

        Returns
        -------
        dict
            `id`, and `into`: the party that stood for it.

        Raises
        ------
        NotFound
            It was not merged away.
        """

        def work(tx: Transaction) -> str:
            columns = tx.run("merges/read", ids=[id_])[0]
            if not columns["id"]:
                raise NotFound(f"{id_!r} is not merged into anybody")
            root = roots(tx.run, [id_])[id_]
            tx.hold([root])
            stays = _party(tx, root)
            own = {id_, *merged_into(tx.run, [id_])}
            records = read_records(tx, {about_node(*stays[:2]): stays[2]})[about_node(*stays[:2])]
            ties = [tie for tie in all_ties(tx, stays[0], root) if tie.properties.get("_records")]
            tx.run("merges/delete", ids=[id_])
            moved = _take_out(tx, ties, own) + _hidden(tx, root)
            again = [record for record in records if key_of(record) in own]
            _create_node(tx, columns["label"][0], id_, again)
            _show_node(tx, stays, [record for record in records if key_of(record) not in own])
            show_ties(tx, moved)
            _drop_if_empty(tx, stays, records, own)
            return root

        return {"id": id_, "into": self._store.write(work, [id_])}

    def all(self, after: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """A page of the merges that hold, by the id of the party that is gone: `id`, `label`, `into` and `at`."""
        rows = self._store.read("merges/list", after_id=after, row_limit=limit)
        return [{key: from_graph("", row["record"][key]) for key in ("id", "label", "into", "at")} for row in rows]

    def root(self, id_: str) -> str | None:
        """Who stands for a party that was merged away; None for any other id."""
        return roots(self._store.read, [id_]).get(id_)


def show_ties(tx: Transaction, records: Sequence[SourceRecord]) -> None:
    """Show records of ties at the parties that stand for their ends, beside what is shown there already.

    A tie whose ends became one party shows nowhere, nor does one to a party that has such a tie and may have but one;
    both are kept, for the day when the merge is taken back.
    """
    parts = {record.about: split_tie_id(record.about) for record in records}
    stand_ins = roots(tx.run, {end for part in parts.values() if part for end in part.parties if end})
    groups: dict[str, list[SourceRecord]] = {}
    wanted: dict[str, TieParts] = {}
    hidden: list[SourceRecord] = []
    for record in records:
        part = parts[record.about]
        if part is None:
            continue
        part = _shown_at(part, stand_ins)
        if part.source == part.target and all(part.parties):
            hidden.append(replace(record, shown_in=hidden_at(part.source)))
            continue
        id_ = tie_id(*part)
        groups.setdefault(id_, []).append(replace(record, shown_in=id_))
        wanted[id_] = part
    rows = _rows(tx, wanted)
    existing = existing_ties(tx, rows.values())
    standing = read_records(tx, existing)
    trust = trusts(tx)
    busy: dict[str, dict[tuple[str, str], str]] = {}
    for id_, group in groups.items():
        row = rows.get(id_)
        if row is None:
            continue  # an end is gone, and its ties with it
        kind = TIE_TYPES[row.type]
        if row.type not in busy:
            busy[row.type] = taken(tx, kind, [each for each in rows.values() if each.type == row.type])
        single, other = single_end(kind, row)
        if id_ not in existing and busy[row.type].get(single, other) != other:
            hidden += [replace(record, shown_in=hidden_at(single[1])) for record in group]
            continue
        busy[row.type][single] = other
        _show_tie(tx, row, existing.get(id_), _joined(standing.get(id_, []), group), trust)
    write_records(tx, hidden)


def _shown_at(part: TieParts, stand_ins: Mapping[str, str]) -> TieParts:
    """A tie between those who stand for its ends."""
    source, target = part.parties
    return part._replace(
        source=stand_ins.get(source, source) if source else part.source,
        target=stand_ins.get(target, target) if target else part.target,
    )


def _joined(standing: Iterable[SourceRecord], more: Iterable[SourceRecord]) -> list[SourceRecord]:
    return list({record.id: record for record in (*standing, *more)}.values())


def _rows(tx: Transaction, wanted: Mapping[str, TieParts]) -> dict[str, TieRow]:
    """Ties by id with the labels of their ends; those without one of their ends are left out."""
    rows = {}
    for type_, label in {(each.type, each.label) for each in wanted.values()}:
        mine = {id_: each for id_, each in wanted.items() if (each.type, each.label) == (type_, label)}
        some = next(iter(mine.values()))
        sources = resolve_labels(tx, some.labels[0], [each.source for each in mine.values()], {})
        targets = resolve_labels(tx, some.labels[1], [each.target for each in mine.values()], {})
        for id_, each in mine.items():
            if each.source in sources and each.target in targets:
                source, target = (sources[each.source], each.source), (targets[each.target], each.target)
                rows[id_] = TieRow(type_, source, target, {"id": id_})
    return rows


def ties_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, TieRow]:
    """Ties by their ids, with the labels of their ends; those without one of their ends are left out."""
    parts = {id_: split_tie_id(id_) for id_ in ids}
    return _rows(tx, {id_: part for id_, part in parts.items() if part})


def _show_tie(
    tx: Transaction,
    row: TieRow,
    old: Mapping[str, Any] | None,
    records: Sequence[SourceRecord],
    trust: Mapping[str, int],
) -> None:
    changed = shown_again(old or {"id": row.properties["id"]}, records, trust)
    if old is None:
        words = {"TYPE": row.type, "SOURCE": row.source[0], "TARGET": row.target[0]}
        properties = {"id": row.properties["id"]} | changed
        tx.run("ties/create_again", words=words, rows=[row.ends | {"properties": properties}])
    elif changed:
        update_ties(tx, [row._replace(properties=changed | {"id": old["id"]})])
    if is_alone(records):
        forget_records(tx, [row.properties["id"]])
    else:
        write_records(tx, records)


def _take_out(tx: Transaction, ties: Sequence[TieRow], own: set[str]) -> list[SourceRecord]:
    """The records of ties that are about somebody's own; the ties show the others from now on, or go."""
    trust = trusts(tx)
    out = []
    by_id = {tie.properties["id"]: tie for tie in ties}
    for id_, records in read_records(tx, {id_: tie.properties for id_, tie in by_id.items()}).items():
        mine = [record for record in records if own.intersection(_parties_of(record))]
        rest = [record for record in records if record not in mine]
        if not mine:
            continue
        out += mine
        forget_records(tx, [id_])
        if rest:
            _show_tie(tx, by_id[id_], by_id[id_].properties, rest, trust)
        else:
            delete_ties(tx, [by_id[id_]])
    return out


def _parties_of(record: SourceRecord) -> tuple[str | None, ...]:
    """The parties at the ends of the tie that a record is about."""
    part = split_tie_id(record.about)
    return part.parties if part else ()


def _party(tx: Transaction, id_: str) -> tuple[str, str, dict[str, Any]]:
    label = resolve_labels(tx, PARTY_LABELS, [id_], {}).get(id_)
    if label is None:
        root = roots(tx.run, [id_]).get(id_)
        why = f"was merged into {root!r}; name that one" if root else "is neither a customer nor a contact"
        raise NotFound(f"{id_!r} {why}")
    return label, id_, tx.run("nodes/read_many", words={"LABEL": label}, ids=[id_])[0]["records"][0]


def _records_of(tx: Transaction, ties: Sequence[TieRow]) -> list[SourceRecord]:
    found = read_records(tx, {_id_of(tie): tie.properties for tie in ties})
    return [record for records in found.values() for record in records]


def _id_of(tie: TieRow) -> str:
    """A tie's id; one that another tool wrote without any has the id that it would have."""
    qualifier = TIE_TYPES[tie.type].qualifier
    made = tie_id_between(tie.type, tie.source, tie.target, tie.properties.get(qualifier) if qualifier else None)
    return str(tie.properties.get("id") or made)


def _hidden(tx: Transaction, id_: str) -> list[SourceRecord]:
    thing = hidden_at(id_)
    found = read_records(tx, {thing: {"_records": 1}})[thing]
    forget_records(tx, [thing])
    return found


def _show_node(tx: Transaction, party: tuple[str, str, dict[str, Any]], records: Sequence[SourceRecord]) -> None:
    """Have a party show records, those of which it is made no longer taken for granted."""
    label, id_, old = party
    thing = about_node(label, id_)
    shown = [replace(record, shown_in=thing) for record in records]
    changed = shown_again(old, shown, trusts(tx)) if shown else _bare(old)
    if changed:
        tx.run("nodes/update", words={"LABEL": label}, rows=[changed | {"id": id_}])
        outbox.remember_nodes(tx, label, updated=[changed | {"id": id_}])
    if not shown or is_alone(shown):
        forget_records(tx, [thing])
    else:
        write_records(tx, shown)


def _create_node(tx: Transaction, label: str, id_: str, records: Sequence[SourceRecord]) -> None:
    tx.run("nodes/create_again", words={"LABEL": label}, rows=[{"id": id_, "name": id_}])
    outbox.remember_nodes(tx, label, created=[id_])
    # Records keep their own names, so that writing them moves them away from where they were shown.
    write_records(tx, [replace(record, shown_in=about_node(label, id_)) for record in records])
    _show_node(tx, (label, id_, {"id": id_, "name": id_}), records)


def _bare(old: Mapping[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(key for key in old if key != "id") | {"name": old["id"]}


def _drop_if_empty(
    tx: Transaction, party: tuple[str, str, dict[str, Any]], records: Sequence[SourceRecord], own: set[str]
) -> None:
    """Remove the party that stayed, when all that was said of it has been erased and no tie names it."""
    label, id_, _ = party
    if all(key_of(record) in own for record in records) and not all_ties(tx, label, id_):
        tx.run("nodes/detach_delete", words={"LABEL": label}, ids=[id_])
        outbox.remember_nodes(tx, label, deleted=[id_])
