"""Two parties become one, and two again: what sources say is shown elsewhere, and nothing of it is lost.

A merge makes every record that shows in the one party, and in the ties that hang on it, show in the other; the party
that is gone is remembered by its id. Taking it back makes the records show where they say again. So it makes no
difference what was merged, edited or imported in between, or in which order merges are taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from graphcrm.errors import Conflict, InvalidInput, NotFound
from graphcrm.schema import PARTY_LABELS, TIE_TYPES, split_tie_id, tie_id, tie_id_between
from graphcrm.service import outbox
from graphcrm.service.aliases import held_roots, hidden_at, merged_into, refuse_again, roots
from graphcrm.service.changes import forget_changes
from graphcrm.service.edits_while_merged import undecided
from graphcrm.service.planning import Showing, TieRow, delete_ties, existing_ties, resolve_labels
from graphcrm.service.recording import Event, recording, shown_parties
from graphcrm.service.reference_words import (
    REPLACING,
    Columns,
    Thing,
    kept_at,
    own_end,
    reference_of,
    settle,
    shown_at,
    thing_of,
    ties_by_id,
)
from graphcrm.service.source_records import (
    HAND,
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
from graphcrm.service.statements import write_all
from graphcrm.service.stored import all_ties, ties_of
from graphcrm.service.verdicts import forget_pairs, in_order, tell_apart
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

__all__ = ["Grounds", "Merge", "Merging", "may_merge", "merge_parties", "show_ties"]

Party = tuple[str, str, dict[str, Any]]
"""Label, id and properties."""


@dataclass(frozen=True)
class Grounds:
    """Why the product itself made a merge.

    Parameters
    ----------
    probability : float
        That the two were one.
    evidence : list of dict
        ``{field, level, weight}``, as `graphcrm.service.duplicates.Duplicates.find` gives it.
    compared_with : str
        With whom the party that is gone was compared: the one that stays, or another of the group.
    """

    probability: float
    evidence: list[dict[str, Any]]
    compared_with: str


@dataclass(frozen=True)
class Merge:
    """A merge that is to be made: who goes, who stays, who made it, and on what grounds if it was not a person."""

    id: str
    into: str
    by: str = HAND
    grounds: Grounds | None = None


class Merging:
    """Merges of a graph's parties.

    Parameters
    ----------
    store : GraphStore
        The graph.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def merge(self, id_: str, into: str, by: str = HAND) -> dict[str, Any]:
        """Make one party of two.

        Parameters
        ----------
        id_ : str
            The party that goes: a customer or contact. Its id keeps naming the one that stays.
        into : str
            The party that stays, with its id and label. Of both it shows what the rule of sources says; every tie of
            the other becomes its own.
        by : str
            Who says so.

        Returns
        -------
        dict
            `id`, `into` and `at` (UTC).

        Raises
        ------
        NotFound
            One of them is not there.
        Conflict
            One of them was merged away itself.
        InvalidInput
            Both are the same, or a customer would go into a contact.
        """
        if id_ == into:
            raise InvalidInput(f"into: {id_!r} is the same party; name another", field="into")
        at = datetime.now(UTC)

        def work(tx: Transaction) -> None:
            refuse_again(tx.run, id_, into)
            merge_parties(tx, [Merge(id_, into, by)], at)

        self._store.write(work, [id_, into])
        return {"id": id_, "into": into, "at": from_graph("", at)}

    def unmerge(self, id_: str) -> dict[str, Any]:
        """Take a merge back: the party is there again, with all that was and is said of it.

        Parties that had been merged into it before come back with it, as its own. What was said since then by its id
        is its own too; what was said by the id of the party that stays is that one's, and so is what people edited
        there. A merge that the product made by itself is not made again: the two are remembered as not the same.

        Returns
        -------
        dict
            `id`, and `into`: the party that stood for it. `undecided`: the edits made meanwhile that may be meant for
            the party that is there again, since they replaced what only it had; a list of `field`, its `value`, which
            it shows again, and what it was `edited` to, which stays with the other one.

        Raises
        ------
        NotFound
            It was not merged away.
        """

        def work(tx: Transaction) -> dict[str, Any]:
            root = held_roots(tx, [id_]).get(id_)
            if root is None:
                raise NotFound(f"{id_!r} is not merged into anybody")
            columns = tx.run("merges/read", ids=[id_])[0]
            stays = _party(tx, root)
            own = {id_, *merged_into(tx.run, [id_])}
            records = read_records(tx, {about_node(*stays[:2]): stays[2]})[about_node(*stays[:2])]
            named = Columns(tx, stays[0], [root]).said()[root]
            outvoted = _outvoted(tx, [stays])
            ties = [tie for tie in all_ties(tx, stays[0], root) if tie.properties.get("_records")]
            edits = undecided(tx, id_, [*records, *named], own)
            tx.run("merges/delete", ids=[id_])
            events = [Event(root, "unmerged", id_), Event(id_, "came_back", root)]
            with recording(tx, shown_parties(ties), events=events):
                moved = _take_out(tx, ties, own) + _hidden(tx, [root])
                again = [record for record in records if key_of(record) in own]
                _create_node(tx, columns["label"][0], id_, again)
                _show_node(tx, stays, [record for record in records if key_of(record) not in own])
                show_ties(tx, moved, outvoted)
                is_gone = _drop_if_empty(tx, stays, records, own)
                if is_gone:
                    # Nobody speaks of it any more: its id is to stay nowhere.
                    events[:] = [Event(id_, "came_back", None)]
            if columns["automatic"][0] and not is_gone:
                pairs = {in_order(id_, other) for other in (columns["into"][0], root)}
                tell_apart(tx, sorted(pairs), datetime.now(UTC))
            return {"id": id_, "into": root, "undecided": edits}

        return self._store.write(work, [id_])

    def all(self, after: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """A page of the merges that hold, by the id of the party that is gone.

        Returns
        -------
        list of dict
            `id`, `label`, `into`, `at` and `by` (who made it: ``hand``, a token's name or ``automatic``). Of those that
            the product made, `probability`, `evidence` and `compared_with` (see `Grounds`); None of others.
        """
        rows = self._store.read("merges/list", after_id=after, row_limit=limit)
        return [_shown_merge(row["record"]) for row in rows]

    def root(self, id_: str) -> str | None:
        """Who stands for a party that was merged away; None for any other id."""
        return roots(self._store.read, [id_]).get(id_)


def _shown_merge(record: Mapping[str, Any]) -> dict[str, Any]:
    evidence = record.get("evidence")
    return {
        **{key: from_graph("", record[key]) for key in ("id", "label", "into", "at")},
        "by": record.get("by", HAND),
        "probability": record.get("probability"),
        "compared_with": record.get("compared_with"),
        "evidence": json.loads(evidence) if evidence else None,
    }


def may_merge(label: str, into: str) -> bool:
    """Whether a party of a label may go into one of another: a contact cannot have what a customer has."""
    return (label, into) != ("Customer", "Contact")


def merge_parties(tx: Transaction, merges: Sequence[Merge], at: datetime) -> None:
    """Make merges in one transaction, as if one after the other.

    Parameters
    ----------
    tx : Transaction
        A write transaction that holds the parties' ids as keys.
    merges : sequence of Merge
        None of those that go stays in another, nor goes twice.
    at : datetime
        When, UTC.

    Raises
    ------
    NotFound
        One of the parties is not there, or was merged away itself.
    InvalidInput
        A customer would go into a contact, which cannot have what a customer has: orders, employees.
    """
    parties = _parties(tx, dict.fromkeys(id_ for merge in merges for id_ in (merge.id, merge.into)))
    for merge in merges:
        if not may_merge(parties[merge.id][0], parties[merge.into][0]):
            raise InvalidInput(
                f"into: {merge.into!r} is a contact and {merge.id!r} a customer; merge the contact into the customer",
                field="into",
            )
    gone = {merge.id: parties[merge.id] for merge in merges}
    ids = {label: [id_ for id_, party in gone.items() if party[0] == label] for label in PARTY_LABELS}
    ties = list({_id_of(tie): tie for label in PARTY_LABELS for tie in ties_of(tx, label, ids[label])}.values())
    said = [*{record.id: record for record in (*_records_of(tx, ties), *_hidden(tx, list(gone)))}.values()]
    outvoted = _outvoted(tx, gone.values())
    records = read_records(tx, {about_node(*party[:2]): party[2] for party in parties.values()})
    with recording(tx, shown_parties(ties), events=_events(merges)):
        delete_ties(tx, ties)
        forget_records(tx, [tie.properties["id"] for tie in ties if tie.properties.get("_records")])
        for label in PARTY_LABELS:
            if ids[label]:
                tx.run("nodes/detach_delete", words={"LABEL": label}, ids=ids[label])
        write_all(tx, "merges/create", [_alias(merge, gone[merge.id][0], at) for merge in merges])
        told = [(each.into, each.id) for each in merges if "Customer" in (parties[each.into][0], parties[each.id][0])]
        outbox.remember(tx, merged=told)
        members: dict[str, list[str]] = {}
        for merge in merges:
            members.setdefault(merge.into, [merge.into]).append(merge.id)
        shown = [
            (parties[into], [record for id_ in all_ for record in records[about_node(*parties[id_][:2])]])
            for into, all_ in members.items()
        ]
        _show_nodes(tx, shown)
        show_ties(tx, said, outvoted)


def _events(merges: Sequence[Merge]) -> list[Event]:
    """What merges are in the histories of both parties."""
    events = []
    for merge in merges:
        by = None if merge.by == HAND else merge.by
        events += [Event(merge.into, "merged", merge.id, by), Event(merge.id, "merged_away", merge.into, by)]
    return events


def _alias(merge: Merge, label: str, at: datetime) -> dict[str, Any]:
    alias = {"id": merge.id, "label": label, "into": merge.into, "at": at, "by": merge.by}
    if merge.grounds:
        evidence = json.dumps(merge.grounds.evidence, ensure_ascii=False)
        alias |= {"probability": merge.grounds.probability, "evidence": evidence}
        alias["compared_with"] = merge.grounds.compared_with
    return alias


def show_ties(tx: Transaction, records: Sequence[SourceRecord], outvoted: Sequence[SourceRecord] = ()) -> None:
    """Show records of ties at the parties that stand for their ends, beside what is shown there already.

    Of those that speak in a column that names one, the rule of sources says which show. A tie whose ends became one
    party shows nowhere. What does not show is kept, for the day when the merge is taken back.

    Parameters
    ----------
    tx : Transaction
        A write transaction.
    records : sequence of SourceRecord
        Records of ties.
    outvoted : sequence of SourceRecord, optional
        Those of them, or others, that did not show before, since others won in their columns.
    """
    parts = {record.about: split_tie_id(record.about) for record in records}
    stand_ins = roots(tx.run, {end for part in parts.values() if part for end in part.parties if end})
    groups: dict[str, list[SourceRecord]] = {}
    hidden: list[SourceRecord] = []
    for record in records:
        part = parts[record.about]
        if part is None:
            raise Conflict(
                f"the tie {record.about!r} has no id of this version, so that it cannot be moved; "
                "export the graph and import it into an empty store first"
            )
        part = shown_at(part, stand_ins)
        if part.source == part.target and all(part.parties):
            hidden.append(replace(record, shown_in=hidden_at(part.source)))
            continue
        id_ = tie_id(*part)
        groups.setdefault(id_, []).append(replace(record, shown_in=id_))
    rows = ties_by_id(tx, groups)
    in_columns: dict[Thing, list[SourceRecord]] = {}
    beside: dict[str, list[SourceRecord]] = {}
    for id_, group in groups.items():
        if id_ not in rows:
            continue  # an end is gone, and its ties with it
        thing = thing_of(rows[id_])
        for record in group:
            if thing and reference_of(REPLACING[thing[0]], record):
                in_columns.setdefault(thing, []).append(record)
            else:
                beside.setdefault(id_, []).append(record)
    existing = existing_ties(tx, [rows[id_] for id_ in beside])
    standing = read_records(tx, existing)
    showing = Showing(kept=hidden)
    for id_, group in beside.items():
        showing.shown.append((rows[id_], existing.get(id_), _joined(standing.get(id_, []), group)))
    showing.write(tx)
    for thing, kept in _things_of(tx, outvoted).items():
        in_columns.setdefault(thing, []).extend(kept)
    settle(tx, (), in_columns)


def _things_of(tx: Transaction, outvoted: Iterable[SourceRecord]) -> dict[Thing, list[SourceRecord]]:
    """Words of parties that are not shown, by the party that stands for the one of which they are said."""
    named = {own_end(record): record for record in outvoted}
    stand_ins = roots(tx.run, named)
    labels = resolve_labels(tx, PARTY_LABELS, {stand_ins.get(id_, id_) for id_ in named}, {})
    found: dict[Thing, list[SourceRecord]] = {}
    for record in outvoted:
        id_ = stand_ins.get(own_end(record), own_end(record))
        if id_ in labels:
            found.setdefault((labels[id_], id_), []).append(record)
    return found


def _joined(standing: Iterable[SourceRecord], more: Iterable[SourceRecord]) -> list[SourceRecord]:
    return list({record.id: record for record in (*standing, *more)}.values())


def _take_out(tx: Transaction, ties: Sequence[TieRow], own: set[str]) -> list[SourceRecord]:
    """The records of ties that are about somebody's own; the ties show the others from now on, or go."""
    out = []
    showing = Showing()
    by_id = {tie.properties["id"]: tie for tie in ties}
    for id_, records in read_records(tx, {id_: tie.properties for id_, tie in by_id.items()}).items():
        mine = [record for record in records if own.intersection(_parties_of(record))]
        rest = [record for record in records if record not in mine]
        if not mine:
            continue
        out += mine
        forget_records(tx, [id_])
        if rest:
            showing.shown.append((by_id[id_], by_id[id_].properties, rest))
        else:
            showing.cut.append(by_id[id_])
    showing.write(tx)
    return out


def _parties_of(record: SourceRecord) -> tuple[str | None, ...]:
    """The parties at the ends of the tie that a record is about."""
    part = split_tie_id(record.about)
    return part.parties if part else ()


def _party(tx: Transaction, id_: str) -> Party:
    return _parties(tx, [id_])[id_]


def _parties(tx: Transaction, ids: Iterable[str]) -> dict[str, Party]:
    """Parties by id; NotFound unless all of them are there as themselves."""
    wanted = list(ids)
    labels = resolve_labels(tx, PARTY_LABELS, wanted, {})
    for id_ in wanted:
        if id_ not in labels:
            root = roots(tx.run, [id_]).get(id_)
            why = f"was merged into {root!r}; name that one" if root else "is neither a customer nor a contact"
            raise NotFound(f"{id_!r} {why}")
    found: dict[str, Party] = {}
    for label in set(labels.values()):
        here = [id_ for id_ in wanted if labels[id_] == label]
        for properties in tx.run("nodes/read_many", words={"LABEL": label}, ids=here)[0]["records"]:
            found[properties["id"]] = label, properties["id"], properties
    return found


def _records_of(tx: Transaction, ties: Sequence[TieRow]) -> list[SourceRecord]:
    found = read_records(tx, {_id_of(tie): tie.properties for tie in ties})
    return [record for records in found.values() for record in records]


def _id_of(tie: TieRow) -> str:
    """A tie's id; one that another tool wrote without any has the id that it would have."""
    qualifier = TIE_TYPES[tie.type].qualifier
    made = tie_id_between(tie.type, tie.source, tie.target, tie.properties.get(qualifier) if qualifier else None)
    return str(tie.properties.get("id") or made)


def _hidden(tx: Transaction, ids: Iterable[str]) -> list[SourceRecord]:
    """Take out the records that were kept for parties and show nowhere."""
    things = {hidden_at(id_): {"_records": 1} for id_ in ids}
    found = [record for records in read_records(tx, things).values() for record in records]
    if found:
        forget_records(tx, things)
    return found


def _outvoted(tx: Transaction, parties: Iterable[Party]) -> list[SourceRecord]:
    """Take out the words that parties do not show in their columns."""
    places = {kept_at(label, id_): {"_records": 1} for label, id_, _ in parties}
    found = [record for records in read_records(tx, places).values() for record in records]
    if found:
        forget_records(tx, places)
    return found


def _show_node(tx: Transaction, party: Party, records: Sequence[SourceRecord]) -> None:
    """Have a party show records, those of which it is made no longer taken for granted."""
    _show_nodes(tx, [(party, records)])


def _show_nodes(tx: Transaction, parties: Sequence[tuple[Party, Sequence[SourceRecord]]]) -> None:
    trust = trusts(tx)
    updates: dict[str, list[dict[str, Any]]] = {}
    alone: list[str] = []
    apart: list[SourceRecord] = []
    for (label, id_, old), records in parties:
        thing = about_node(label, id_)
        shown = [replace(record, shown_in=thing) for record in records]
        changed = shown_again(old, shown, trust) if shown else _bare(old)
        if changed:
            updates.setdefault(label, []).append(changed | {"id": id_})
        if not shown or is_alone(shown):
            alone.append(thing)
        else:
            apart += shown
    for label, rows in updates.items():
        write_all(tx, "nodes/update", rows, {"LABEL": label})
        outbox.remember_nodes(tx, label, updated=rows)
    forget_records(tx, alone)
    write_records(tx, apart)


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
) -> bool:
    """Remove the party that stayed, when all that was said of it has been erased and no tie names it; whether it is."""
    label, id_, _ = party
    if not all(key_of(record) in own for record in records) or all_ties(tx, label, id_):
        return False
    tx.run("nodes/detach_delete", words={"LABEL": label}, ids=[id_])
    forget_changes(tx, [id_])
    forget_pairs(tx, [id_])
    forget_records(tx, [kept_at(label, id_)])
    outbox.remember_nodes(tx, label, deleted=[id_])
    return True
