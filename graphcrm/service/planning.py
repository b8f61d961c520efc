"""What a batch of rows is going to write: nodes, ties and records of sources, each group in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from graphcrm.errors import StoreError
from graphcrm.schema import TieType
from graphcrm.service import outbox
from graphcrm.service.source_records import (
    SourceRecord,
    Speaker,
    forget_records,
    is_alone,
    shown_again,
    trusts,
    write_records,
)
from graphcrm.service.statements import portions
from graphcrm.store import Transaction
from graphcrm.tables import Row

__all__ = [
    "Known",
    "Mode",
    "Outcome",
    "Plan",
    "Rejected",
    "Showing",
    "TieRow",
    "delete_ties",
    "existing_ties",
    "keys_of",
    "nobody",
    "resolve_labels",
    "single_end",
    "taken",
    "unchanged_nodes",
    "unchanged_ties",
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
class Showing:
    """Ties that are to show what is said of them, and words that show nowhere.

    Parameters
    ----------
    shown : list of tuple
        Ties, the properties that each has (None where it is to be made), and the records that it is to show.
    cut : list of TieRow
        Ties that go.
    kept : list of SourceRecord
        Words that are kept where they say that they are shown, which is no tie.
    withdrawn : list of str
        Ids of records that go.
    """

    shown: list[tuple[TieRow, Mapping[str, Any] | None, list[SourceRecord]]] = field(default_factory=list)
    cut: list[TieRow] = field(default_factory=list)
    kept: list[SourceRecord] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    @property
    def new(self) -> list[TieRow]:
        """The ties that are to be made."""
        return [tie for tie, old, _ in self.shown if old is None]

    @property
    def ties(self) -> list[TieRow]:
        """The ties that it touches."""
        return [*(tie for tie, _, _ in self.shown), *self.cut]

    def add(self, other: Showing) -> None:
        """Take in another one."""
        for mine, more in zip(self._parts, other._parts, strict=True):
            mine.extend(more)

    @property
    def _parts(self) -> tuple[list[Any], ...]:
        return self.shown, self.cut, self.kept, self.withdrawn

    def write(self, tx: Transaction) -> None:
        """Write it; a record that shows elsewhere from now on moves there, since records keep their own ids."""
        if not any(self._parts):
            return
        trust = trusts(tx)
        delete_ties(tx, self.cut)
        alone = [record.id for _, _, records in self.shown if is_alone(records) for record in records]
        if gone := [*self.withdrawn, *alone]:
            tx.run("source_records/delete", ids=gone)
        new, changed = [], []
        for tie, old, records in self.shown:
            shown = shown_again(old or tie.properties, records, trust)
            if old is None:
                new.append(tie._replace(properties={"id": tie.properties["id"]} | shown))
            elif shown:
                changed.append(tie._replace(properties={"id": tie.properties["id"]} | shown))
        for query, ties in (("ties/create_again", new), ("ties/update", changed)):
            for kind, group in _by_kind(ties).items():
                for rows in portions([tie.ends | {"properties": tie.properties} for tie in group]):
                    _write(tx, query, _words(*kind), rows)
        apart = (record for _, _, records in self.shown if not is_alone(records) for record in records)
        write_records(tx, [*apart, *self.kept])


@dataclass
class Plan:
    """What one batch is going to write, and who says it."""

    speaker: Speaker
    creates: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    updates: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    new_ties: list[TieRow] = field(default_factory=list)
    changed_ties: list[TieRow] = field(default_factory=list)
    cut_ties: list[TieRow] = field(default_factory=list)
    records: list[SourceRecord] = field(default_factory=list)
    showing: Showing = field(default_factory=Showing)
    """Of columns of which several sources speak: what of it is shown."""

    @property
    def ties(self) -> int:
        """How many ties it touches."""
        return len(self.new_ties) + len(self.changed_ties) + len(self.cut_ties)

    @property
    def touched_ties(self) -> list[TieRow]:
        """The ties that it touches."""
        return [*self.new_ties, *self.changed_ties, *self.cut_ties, *self.showing.ties]

    def write(self, tx: Transaction) -> None:
        said = {"sources": [self.speaker.source], "seen_at": self.speaker.at}
        for label, rows in self.creates.items():
            _write(tx, "nodes/create", {"LABEL": label}, rows, **said)
        for label, rows in self.updates.items():
            _write(tx, "nodes/update", {"LABEL": label}, rows)
        delete_ties(tx, self.cut_ties)
        forget_records(tx, [tie.properties["id"] for tie in self.cut_ties if tie.properties.get("_records")])
        for query, ties, more in (("ties/create", self.new_ties, said), ("ties/update", self.changed_ties, {})):
            for kind, group in _by_kind(ties).items():
                rows = [tie.ends | {"properties": tie.properties} for tie in group]
                _write(tx, query, _words(*kind), rows, **more)
        self.showing.write(tx)
        write_records(tx, self.records)
        if tx.watched:
            new = [*self.new_ties, *self.showing.new]
            outbox.remember(tx, **outbox.changes_of(self.creates, self.updates, new))


def _write(tx: Transaction, query: str, words: dict[str, str], rows: list[dict[str, Any]], **more: Any) -> None:
    """Write rows, all of them: an engine may skip one silently whose node has gone meanwhile."""
    if tx.run(query, words=words, rows=rows, **more)[0]["written"] != len(rows):
        raise StoreError("a record went away while it was being written to; try again", retryable=True)


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


def nobody(labels: Sequence[str], id_: str) -> str:
    return f"there is no {' or '.join(label.lower() for label in labels)} {id_!r}"


def existing_ties(tx: Transaction, ties: Iterable[TieRow]) -> dict[str, dict[str, Any]]:
    """Properties of those of the ties that exist, by id."""
    found: dict[str, dict[str, Any]] = {}
    for kind, group in _by_kind(ties).items():
        records = tx.run("ties/read_many", words=_words(*kind), rows=[tie.ends for tie in group])[0]["records"]
        found |= {record["id"]: record for record in records}
    return found


def unchanged_ties(tx: Transaction, ties: Iterable[TieRow], source: str) -> set[str]:
    """Ids of ties that stand as one source alone says, found without reading them; some may be missed."""
    found: set[str] = set()
    for kind, group in _by_kind(ties).items():
        rows = [tie.ends | {"properties": tie.properties} for tie in group]
        found.update(tx.run("ties/find_unchanged", words=_words(*kind), rows=rows, source=source)[0]["ids"])
    return found


def unchanged_nodes(tx: Transaction, label: str, rows: Sequence[dict[str, Any]], source: str) -> set[str]:
    """Ids of nodes that are there as one source alone says, found without reading them; some may be missed."""
    if not rows:
        return set()
    return set(tx.run("nodes/find_unchanged", words={"LABEL": label}, rows=rows, source=source)[0]["ids"])


def single_end(kind: TieType, tie: TieRow) -> tuple[tuple[str, str], str]:
    """The end that has at most one tie of the kind, and the other; ties without such an end stand for themselves."""
    if kind.one_a is None:
        return ("", tie.properties["id"]), ""
    return (tie.target, tie.source[1]) if kind.one_a == "target" else (tie.source, tie.target[1])


def taken(tx: Transaction, kind: TieType, wanted: Sequence[TieRow]) -> dict[tuple[str, str], str]:
    """Of the ends (label, id) that have at most one tie of the kind, those that have one, and to whom."""
    found: dict[tuple[str, str], str] = {}
    if kind.one_a is None:
        return found
    query = "ties/list_incoming" if kind.one_a == "target" else "ties/list_outgoing"
    ends = {tie.target if kind.one_a == "target" else tie.source for tie in wanted}
    for label in sorted({label for label, _ in ends}):
        ids = [id_ for end, id_ in ends if end == label]
        columns = tx.run(query, words={"TYPE": kind.name, "LABEL": label}, ids=ids)[0]
        found |= {(label, id_): other for id_, other in zip(columns["id"], columns["other_id"], strict=True)}
    return found
