"""One file's rows on their way into the graph, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from graphcrm.service.changes import acting, actor
from graphcrm.service.consent_ids import decisions_apart, own_id, repeated
from graphcrm.service.consents import news
from graphcrm.service.last_seen import Seen, node_name, note_sightings, owners_of
from graphcrm.service.planning import Known, Outcome, keys_of
from graphcrm.service.source_records import Speaker, prefixes
from graphcrm.service.writing import write_rows
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import Row, Table

__all__ = ["Loading"]

_HELD: Final = 250_000
"""Sightings that are held before they are noted."""


class _Done(NamedTuple):
    """What became of a batch: its rows as they were written, the outcome of each, and the strangers among them."""

    rows: Sequence[Row]
    outcomes: Sequence[Outcome]
    strangers: Counter[str]


class Loading:
    """Writes the rows of one table, and does not ask the graph again what nobody else can have changed since.

    A first load spends a third of its time on finding out that nothing is there yet. So the revision tells whether
    another has written since the batch before; if not, the labels found by then still hold, and where the graph had no
    tie of the type when the loading began, it has none but those of earlier batches.

    Parameters
    ----------
    store : GraphStore
        Where to.
    table : Table
        The rows' table.
    speaker : Speaker
        Which source they come from.
    assumed : dict of str to set of str, optional
        Makes it a dry run: nothing is written, and these ids by label are taken as existing.
    """

    def __init__(
        self, store: GraphStore, table: Table, speaker: Speaker, assumed: dict[str, set[str]] | None = None
    ) -> None:
        self._store = store
        self._table = table
        self._speaker = speaker
        self._dry_run = assumed is not None
        self._known = Known(assumed or {})
        self._actor = actor()
        """Who loads: batches may be written from another thread."""
        self._left_at: int | None = None
        """The revision that the last batch left, if it was committed."""
        self._seen = Seen()
        """What the source brought as it was, or partly so, and that is still to be noted."""
        self._named: set[str] = set()
        """Whom new rows have named so far, and who was looked for."""
        self._strangers: Counter[str] = Counter()
        self._times: dict[str, datetime] = {}
        """Of a dry run of consents, when those were decided that are as good as in."""
        self.prefix: str = store.reading(prefixes).get(speaker.source, "")
        """What the source's ids are told from those of others by."""

    @property
    def notes(self) -> list[str]:
        """What is to be said of the rows: that ids of parties seem to be others' by the words of another source."""
        source, what = self._speaker.source, self._table.name
        return [
            f"{count:,} {what} share their id with source {other} but not their name: if {source} numbers its {what} "
            f"for itself, erase it and add it with --prefix; see docs/sources.md"
            for other, count in sorted(self._strangers.items())
        ]

    def news(self, rows: Sequence[Row]) -> Sequence[bool]:
        """Tell which rows that say how things stand tell something new; see `graphcrm.service.consents.news`."""
        return self._store.reading(lambda tx: news(tx, self._speaker.source, rows))

    def write(self, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Write a batch in one transaction.

        Parameters
        ----------
        rows : sequence of Row
            From `Table.row`; no id twice, in this batch or in earlier ones.

        Returns
        -------
        list of Outcome
            One for each row, in order.
        """
        if self._dry_run:
            done = self._store.reading(lambda tx: self._try(tx, rows))
        else:
            keys = {key for row in rows for key in keys_of(row)}
            if self._is_of_consents:
                keys |= {own_id(row) for row in rows}
            with acting(self._actor):
                done = self._store.write(lambda tx: self._write(tx, rows), keys, repeatable=True)
            self._remember(done.rows, done.outcomes)
        self._strangers += done.strangers
        return done.outcomes

    def key(self, row: Row) -> int:
        """What tells a row from the others of its file, as a hash: the id, of consents with the time."""
        return hash((row.id, row.properties["at"]) if self._is_of_consents else row.id)

    @property
    def _is_of_consents(self) -> bool:
        return self._table.label == "Consent"

    def _try(self, tx: Transaction, rows: Sequence[Row]) -> _Done:
        strangers: Counter[str] = Counter()
        options: dict[str, Any] = {"dry_run": True, "known": self._known, "strangers": strangers}
        if self._is_of_consents:
            return self._write_apart(tx, rows, self._times, options)
        return _Done(rows, write_rows(tx, self._table, rows, self._speaker, **options), strangers)

    def _write_apart(
        self, tx: Transaction, rows: Sequence[Row], times: dict[str, datetime], options: dict[str, Any]
    ) -> _Done:
        """Write consents, each decision once."""
        apart = decisions_apart(tx, self._speaker.source, rows, times)
        first = {row.id: row for row in reversed(apart)}
        written = write_rows(tx, self._table, list(first.values()), self._speaker, **options)
        by_id = dict(zip(first, written, strict=True))
        outcomes = [
            by_id[row.id] if row is first[row.id] else repeated(row, first[row.id], by_id[row.id]) for row in apart
        ]
        return _Done(apart, outcomes, options["strangers"])

    def finish(self) -> None:
        """Note when the source brought what it had said before: the file is through."""
        if self._seen:
            note_sightings(self._store, self._speaker.source, self._speaker.at, self._seen)
            self._seen = Seen()

    def _remember(self, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> None:
        """Hold what was seen again; what is new says itself when it was seen."""
        told = list(zip(rows, outcomes, strict=True))
        self._seen.add_rows(self._table, [row for row, outcome in told if outcome in ("updated", "unchanged")])
        self._seen.add_named(self._known_owners([row for row, outcome in told if outcome == "created"]))
        if len(self._seen) >= _HELD:
            self.finish()

    def _known_owners(self, rows: Sequence[Row]) -> list[str]:
        """Name those whom new rows name and who were there before this load."""
        found = []
        for label, ids in owners_of(self._table, rows).items():
            if more := ids - self._named:
                stored = self._store.read("nodes/read_many", words={"LABEL": label}, ids=sorted(more))[0]["records"]
                found += [node_name(label, one["id"]) for one in stored if one.get("_seen_at") != self._speaker.at]
                self._named |= more
        return found

    def _write(self, tx: Transaction, rows: Sequence[Row]) -> _Done:
        strangers: Counter[str] = Counter()
        if self._is_of_consents:
            return self._write_apart(tx, rows, {}, {"strangers": strangers})
        if not self._table.type:
            return _Done(rows, write_rows(tx, self._table, rows, self._speaker, strangers=strangers), strangers)
        revision = tx.run("store/read_revision")[0]["revision"]
        if self._left_at is None or revision != self._left_at:
            present = tx.run("store/count_ties", words={"TYPE": self._table.type})[0]["total"]
            self._known = Known(no_ties=not present)
        # Unknown until the batch is through: what failed once is asked about when it is tried again.
        self._left_at = None
        outcomes = write_rows(tx, self._table, rows, self._speaker, known=self._known)
        self._left_at = revision + (len(tx.counters) if tx.moved else 0)
        return _Done(rows, outcomes, strangers)
