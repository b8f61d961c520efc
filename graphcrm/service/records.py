"""Records: list, read, create, replace, patch, delete and bulk upsert, for every table and for ties."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from graphcrm import limits
from graphcrm.cleaning.rows import clean_row
from graphcrm.errors import Conflict, InvalidInput, NoConsent
from graphcrm.schema import PARTY_LABELS
from graphcrm.service import outbox
from graphcrm.service.given import check_names, check_version, etag, fields_of, patched, table_of, waves
from graphcrm.service.history import record_as_of
from graphcrm.service.listing import Page, TiePages, page_of_nodes
from graphcrm.service.loading import Loading
from graphcrm.service.lookalikes import keys_of_looks, refuse_look_alikes
from graphcrm.service.planning import Mode, Outcome, Rejected, delete_ties, keys_of
from graphcrm.service.receipts import remember, replayed
from graphcrm.service.recording import note_created, recording
from graphcrm.service.reference_words import kept_at
from graphcrm.service.source_records import HAND, Speaker, about_node, rename_records
from graphcrm.service.stored import (
    RESOURCES,
    all_ties,
    delete_node,
    delete_tie,
    found_node,
    holder_of,
    move_ties,
    node_table,
    read_record,
    said_of,
    shown_id,
    with_references,
)
from graphcrm.service.targeting import Asking, reasons
from graphcrm.service.writing import write_rows
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TABLES, Row, Table
from graphcrm.values import raw_text

__all__ = ["RESOURCES", "Page", "Records", "Rejection", "UpsertReport", "etag"]


@dataclass(frozen=True)
class Rejection:
    """A row of a bulk upsert that was not taken: its 0-based position, the column and the rule it breaks."""

    index: int
    column: str
    reason: str


@dataclass(frozen=True)
class UpsertReport:
    """What became of the rows of a bulk upsert; the four counts add up to the rows given."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)


class Records:
    """The records of a graph.

    A record is a dict of JSON values: every field of its table (None where unset), reference columns (`owner_id`,
    `to_ids`, …), and `extra` with what lies beyond the vocabulary. Times are ISO 8601 in UTC, money a decimal string.

    Values are cleaned as they come (`graphcrm.cleaning`); `region` is the country that telephone numbers without a
    country code are of. Unlike in an import, a value that cannot be cleaned and that its field cannot hold is refused:
    who writes by hand can mend it.
    """

    def __init__(self, store: GraphStore, source: str = HAND, region: str | None = None) -> None:
        self._store = store
        self._source = source
        self._region = region

    def of(self, source: str) -> Records:
        """The same records, as another source writes them."""
        return Records(self._store, source, self._region)

    def _speaker(self) -> Speaker:
        return Speaker(self._source, datetime.now(UTC))

    # ---- reading ----

    def page(
        self,
        table: str,
        *,
        filters: Mapping[str, str] | None = None,
        sort: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """List records, a page at a time.

        Parameters
        ----------
        table : str
            One of `RESOURCES`.
        filters : mapping of str to str, optional
            Field to value; ``field__gte``, ``field__lte`` and ``field__contains`` (any case) compare otherwise.
            Reference columns (``customer_id``) find the records that name the id.
        sort : str, optional
            A field, behind ``-`` for descending; the id by default. Records without the field come last, equal ones
            by id.
        cursor : str, optional
            `next_cursor` of the page before, with the same filters and sort.
        limit : int
            Records, 1 to `limits.MAX_PAGE`.

        Returns
        -------
        Page
            `items`, and `next_cursor` (None on the last page).

        Raises
        ------
        InvalidInput
            A field, value, cursor or limit that is not allowed.
        """
        if not 1 <= limit <= limits.MAX_PAGE:
            raise InvalidInput(f"limit: must lie between 1 and {limits.MAX_PAGE}", field="limit")
        if table == "ties":
            return TiePages(self._store).page(filters or {}, sort, cursor, limit)
        spec = node_table(table)

        def work(tx: Transaction) -> Page:
            found, next_cursor = page_of_nodes(tx, spec, filters or {}, sort, cursor, limit)
            return Page(with_references(tx, spec, found), next_cursor)

        return self._store.reading(work)

    def read(self, table: str, id_: str, recorded_as_of: str | date | None = None) -> dict[str, Any]:
        """One record.

        Parameters
        ----------
        table, id_ : str
            Which one.
        recorded_as_of : str, date or datetime, optional
            Give a customer or contact as it was known then (a day means its end, UTC).

        Raises
        ------
        NotFound
            There is none of this id, or there was none then.
        MergedAway
            It is, or was then, merged into another one.
        """
        if recorded_as_of is not None:
            return record_as_of(self._store, table, id_, recorded_as_of)
        if table == "ties":
            return self._store.reading(lambda tx: read_record(tx, table, id_))
        return found_node(self._store.read, table, id_)

    # ---- writing ----

    def create(
        self,
        table: str,
        values: Mapping[str, Any],
        *,
        receipt: tuple[str, str] | None = None,
        force: bool = False,
    ) -> dict[str, Any]:
        """Create a record.

        Parameters
        ----------
        table : str
            One of `RESOURCES`.
        values : mapping
            Its fields.
        receipt : tuple of str, optional
            An idempotency key and a fingerprint of the request: the same pair again gives the first answer back.
        force : bool
            Whether to create a customer or contact although it looks like one that is there, and a campaign, or tie of
            one, although those whom it targets have not granted it; the history of these then tells of it.

        Returns
        -------
        dict
            The record as it is now; a tie of somebody who was merged away is the one of who stands for it.

        Raises
        ------
        InvalidInput
            A field breaks a rule, or the key was used with another fingerprint.
        Conflict
            The id exists.
        LooksAlike
            Parties that are there may be the new one; see `graphcrm.service.lookalikes`.
        NoConsent
            Parties that would be targeted have not granted it; see `graphcrm.service.targeting`.
        """
        spec, row = self._validated(table, values)

        def work(tx: Transaction) -> dict[str, Any]:
            if receipt and (answer := replayed(tx, *receipt)) is not None:
                return answer
            id_ = shown_id(tx, spec, row)
            if (holder := holder_of(tx, spec, id_)) is not None:
                raise Conflict(f"a {holder} has the id {id_!r} already; change that one, or choose another id")
            if not force:
                refuse_look_alikes(tx, spec, row)
            self._write_one(tx, spec, row, "upsert", force=force)
            if spec.label in PARTY_LABELS:
                note_created(tx, row.id, self._source)
            record = read_record(tx, table, id_)
            if receipt:
                remember(tx, *receipt, record)
            return record

        keys = keys_of(row) | (set() if force else keys_of_looks(spec, row)) | ({receipt[0]} if receipt else set())
        return self._store.write(work, keys=keys)

    def replace(
        self, table: str, id_: str, values: Mapping[str, Any], etag_: str | None = None, *, force: bool = False
    ) -> dict[str, Any]:
        """Replace a record: fields that `values` does not mention are removed.

        Parameters
        ----------
        table : str
            One of `RESOURCES`.
        id_ : str
            Its id; one in `values` must be the same.
        values : mapping
            All its fields.
        etag_ : str, optional
            The version that the caller has read; None skips the check.
        force : bool
            Whether a campaign may target who has not granted it, as for `create`.

        Raises
        ------
        NotFound
            There is none of this id.
        StaleVersion
            It has changed since.
        InvalidInput
            A field breaks a rule.
        NoConsent
            As for `create`.
        """
        return self._change(table, id_, lambda _: values, etag_, force=force)

    def patch(
        self, table: str, id_: str, changes: Mapping[str, Any], etag_: str | None = None, *, force: bool = False
    ) -> dict[str, Any]:
        """Change some fields, by the rules of JSON Merge Patch (RFC 7396): None removes one; else as `replace`."""

        check_names(table, changes)
        references = TABLES[table].references if table in TABLES else ()
        untouched = {ref.field for ref in references if ref.field not in (*changes, *TABLES[table].required)}

        def merged(current: dict[str, Any]) -> dict[str, Any]:
            return patched({key: value for key, value in current.items() if key not in untouched}, changes)

        return self._change(table, id_, merged, etag_, named=changes.keys(), force=force)

    def delete(self, table: str, id_: str, etag_: str | None = None, *, detach: bool = False) -> None:
        """Delete a record.

        Parameters
        ----------
        table, id_ : str
            Which one.
        etag_ : str, optional
            The version that the caller has read; None skips the check.
        detach : bool
            Also cut every tie that hangs on it.

        Raises
        ------
        Conflict
            Something hangs on it beside its own references; `details` counts it by type.
        NotFound, StaleVersion
            As for `replace`.
        """

        def work(tx: Transaction) -> None:
            current = read_record(tx, table, id_)
            check_version(current, etag_)
            if table == "ties":
                delete_tie(tx, id_, self._source)
            else:
                delete_node(tx, node_table(table), current, detach)

        self._store.write(work, keys=[id_])

    def upsert(self, table: str, rows: Sequence[Mapping[str, Any]], *, force: bool = False) -> UpsertReport:
        """Create or change many records; a bad row is rejected and does not stop the rest.

        Parameters
        ----------
        table : str
            One of `RESOURCES`; rows of ``ties`` say their `type`.
        rows : sequence of mapping
            At most `limits.MAX_BULK_ROWS`. What a row does not mention stays as it is.
        force : bool
            Whether campaigns may target who has not granted it, as for `create`; such rows are rejected otherwise.
        """
        if len(rows) > limits.MAX_BULK_ROWS:
            raise InvalidInput(f"rows: at most {limits.MAX_BULK_ROWS} at once", field="rows")
        valid: dict[str, list[tuple[int, Row]]] = {}
        outcomes: dict[int, Outcome] = {}
        for index, values in enumerate(rows):
            try:
                spec, row = self._validated(table, values)
            except InvalidInput as error:
                outcomes[index] = Rejected(error.field or "row", error.message)
            else:
                valid.setdefault(spec.name, []).append((index, row))
        for name, numbered in valid.items():
            results = self._write(table_of(name), [row for _, row in numbered], force)
            outcomes |= {index: outcome for (index, _), outcome in zip(numbered, results, strict=True)}
        counts = {kind: sum(o == kind for o in outcomes.values()) for kind in ("created", "updated", "unchanged")}
        rejected = [
            Rejection(index, outcome.column, outcome.reason)
            for index, outcome in sorted(outcomes.items())
            if isinstance(outcome, Rejected)
        ]
        return UpsertReport(**counts, rejected=rejected)

    def loading(self, table: Table, assumed: dict[str, set[str]] | None = None) -> Loading:
        """Begin to load a file; see `Loading`."""
        return Loading(self._store, table, self._speaker(), assumed)

    def _write(self, table: Table, rows: Sequence[Row], force: bool) -> list[Outcome]:
        """Write valid rows of one table, in one transaction a wave; a second row of an id comes in the next wave."""
        outcomes: dict[int, Outcome] = {}
        for wave in waves(rows):
            left = wave
            while left:
                try:
                    found = self._write_wave(table, [rows[index] for index in left], force)
                    outcomes |= zip(left, found, strict=True)
                    break
                except NoConsent as error:
                    refused = reasons(error)
                    outcomes |= {i: Rejected(*refused[rows[i].id]) for i in left if rows[i].id in refused}
                    left = [index for index in left if index not in outcomes]
        return [outcomes[index] for index in range(len(rows))]

    def _write_wave(self, table: Table, rows: Sequence[Row], force: bool) -> list[Outcome]:
        keys = (key for row in rows for key in keys_of(row))
        return self._store.write(lambda tx: self._write_rows(tx, table, rows, force=force), keys, repeatable=True)

    def _write_rows(
        self,
        tx: Transaction,
        table: Table,
        rows: Sequence[Row],
        mode: Mode = "upsert",
        stated: Collection[str] = (),
        *,
        force: bool,
    ) -> list[Outcome]:
        """Write rows, and ask those whom they have campaigns target, unless that is to be done all the same."""
        asking = Asking(tx, table, rows)
        outcomes = write_rows(tx, table, rows, self._speaker(), mode, stated=stated)
        if force:
            asking.note_forced(self._source)
        else:
            asking.refuse()
        return outcomes

    def convert(self, id_: str, etag_: str | None = None, *, receipt: tuple[str, str] | None = None) -> dict[str, Any]:
        """Make a contact a customer: same id, properties and ties kept, in one transaction.

        Parameters
        ----------
        id_ : str
            The contact.
        etag_ : str, optional
            The version that the caller has read; None skips the check.
        receipt : tuple of str, optional
            As for `create`.

        Returns
        -------
        dict
            The customer, of kind ``person``. Properties that only contacts have become `extra`.

        Raises
        ------
        NotFound, StaleVersion
            As for `replace`.
        """

        def work(tx: Transaction) -> dict[str, Any]:
            if receipt and (answer := replayed(tx, *receipt)) is not None:
                return answer
            contact = read_record(tx, "contacts", id_)
            check_version(contact, etag_)
            properties = tx.run("nodes/read", words={"LABEL": "Contact"}, id=id_)[0]["record"]
            if clashing := sorted(contact["extra"].keys() & set(TABLES["customers"].columns)):
                names = ", ".join(clashing)
                raise InvalidInput(
                    f"extra: {names}: customers have fields of these names; rename them first", field="extra"
                )
            ties = all_ties(tx, "Contact", id_)
            with recording(tx, [id_], self._source):
                delete_ties(tx, ties)
                tx.run("nodes/delete", words={"LABEL": "Contact"}, ids=[id_])
                row = properties | {"kind": "person"}
                tx.run("nodes/create", words={"LABEL": "Customer"}, rows=[row], **said_of(properties))
                rename_records(tx, about_node("Contact", id_), about_node("Customer", id_))
                rename_records(tx, kept_at("Contact", id_), kept_at("Customer", id_))
                move_ties(tx, ties, id_)
            outbox.remember(tx, created=[id_])
            customer = read_record(tx, "customers", id_)
            if receipt:
                remember(tx, *receipt, customer)
            return customer

        return self._store.write(work, keys={id_} | ({receipt[0]} if receipt else set()))

    def _change(
        self,
        table: str,
        id_: str,
        values: Callable[[dict[str, Any]], Mapping[str, Any]],
        etag_: str | None,
        named: Collection[str] | None = None,
        force: bool = False,
    ) -> dict[str, Any]:
        """Replace a record; of its reference columns only the `named` ones, all when None."""

        def work(tx: Transaction) -> dict[str, Any]:
            current = read_record(tx, table, id_)
            check_version(current, etag_)
            wanted = dict(values(current))
            if wanted.setdefault("id", id_) != id_:
                raise InvalidInput("id: cannot be changed; create a new record", field="id")
            if table == "ties" and wanted.setdefault("type", current["type"]) != current["type"]:
                raise InvalidInput("type: cannot be changed; create a new tie", field="type")
            spec, row = self._validated(table, wanted, named)
            if row.id != id_:
                raise InvalidInput("a tie's type, ends and kind cannot be changed; create a new one", field="id")
            stated = [ref.field for ref in spec.references if named is None or ref.field in named]
            row = replace(row, references={name: row.references.get(name, []) for name in stated})
            self._write_one(tx, spec, row, "replace", stated, force=force)
            return read_record(tx, table, id_)

        return self._store.write(work, keys=[id_])

    def _validated(
        self, table: str, values: Mapping[str, Any], named: Collection[str] | None = None
    ) -> tuple[Table, Row]:
        """A record's table and row; of its fields only the `named` ones are cleaned, all when None."""
        spec, fields = fields_of(table, values)
        meant = fields if named is None else {name: fields[name] for name in {*named, "country"} & fields.keys()}
        clean = clean_row(spec.name, meant, self._region)
        row = spec.row({**fields, **clean.values})
        if clean.raw:
            row.properties["_raw"] = raw_text(clean.raw)
        if table == "ties" and values.get("id") not in (None, row.id):
            raise InvalidInput(f"id: a tie's id is made from its type and ends; this one's is {row.id!r}", field="id")
        return spec, row

    def _write_one(
        self, tx: Transaction, table: Table, row: Row, mode: Mode, stated: Collection[str] = (), *, force: bool
    ) -> None:
        outcome = self._write_rows(tx, table, [row], mode, stated, force=force)[0]
        if isinstance(outcome, Rejected):
            raise InvalidInput(f"{outcome.column}: {outcome.reason}", field=outcome.column)
