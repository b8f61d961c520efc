"""Records: list, read, create, replace, patch, delete and bulk upsert, for every table and for ties."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from graphcrm import limits
from graphcrm.errors import Conflict, InvalidInput, NotFound, StaleVersion
from graphcrm.models import TABLES, TIES, Row, Table, from_graph
from graphcrm.schema import PARTY_LABELS, TIE_TYPES, split_tie_id
from graphcrm.service.listing import Page, TiePages, page_of_nodes
from graphcrm.service.writing import Mode, Outcome, Rejected, TieRow, delete_ties, resolve_labels, write_rows
from graphcrm.store import GraphStore, Transaction

__all__ = ["RESOURCES", "Page", "Records", "Rejection", "UpsertReport", "etag"]

RESOURCES: Final = (*(name for name, table in TABLES.items() if table.label), "ties")
"""Tables that can be listed, read and changed one by one; all ties are one of them."""

_RECEIPT_LIFE: Final = timedelta(hours=24)


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


def etag(record: Mapping[str, Any]) -> str:
    """The version of a record: a digest of its fields, the same wherever and whenever it is computed."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Records:
    """The records of a graph.

    A record is a dict of JSON values: every field of its table (None where unset), reference columns (`owner_id`,
    `to_ids`, …), and `extra` with what lies beyond the vocabulary. Times are ISO 8601 in UTC, money a decimal string.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store

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
        spec = _node_table(table)

        def work(tx: Transaction) -> Page:
            found, next_cursor = page_of_nodes(tx, spec, filters or {}, sort, cursor, limit)
            return Page(_with_references(tx, spec, found), next_cursor)

        return self._store.reading(work)

    def read(self, table: str, id_: str) -> dict[str, Any]:
        """One record.

        Raises
        ------
        NotFound
            There is none of this id.
        """
        if table == "ties":
            return self._store.reading(lambda tx: _read(tx, table, id_))
        return _found_node(self._store.read, table, id_)

    # ---- writing ----

    def create(
        self, table: str, values: Mapping[str, Any], *, receipt: tuple[str, str] | None = None
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

        Returns
        -------
        dict
            The record as it is now.

        Raises
        ------
        InvalidInput
            A field breaks a rule, or the key was used with another fingerprint.
        Conflict
            The id exists.
        """
        spec, row = _validated(table, values)

        def work(tx: Transaction) -> dict[str, Any]:
            if receipt and (answer := _replayed(tx, *receipt)) is not None:
                return answer
            if _exists(tx, spec, row):
                raise Conflict(f"{_noun(spec)} {row.id!r} exists already; change it with PUT or PATCH")
            _write_one(tx, spec, row, "upsert")
            record = _read(tx, table, row.id)
            if receipt:
                _remember(tx, *receipt, record)
            return record

        return self._store.write(work, keys=_keys(row) | ({receipt[0]} if receipt else set()))

    def replace(self, table: str, id_: str, values: Mapping[str, Any], etag_: str | None = None) -> dict[str, Any]:
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

        Raises
        ------
        NotFound
            There is none of this id.
        StaleVersion
            It has changed since.
        InvalidInput
            A field breaks a rule.
        """
        return self._change(table, id_, lambda _: values, etag_)

    def patch(self, table: str, id_: str, changes: Mapping[str, Any], etag_: str | None = None) -> dict[str, Any]:
        """Change some fields, by the rules of JSON Merge Patch (RFC 7396): None removes one; else as `replace`."""
        return self._change(table, id_, lambda current: _merged(current, changes), etag_)

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
            current = _read(tx, table, id_)
            _check_version(current, etag_)
            if table == "ties":
                delete_ties(tx, [_tie_row(tx, id_)])
            else:
                _delete_node(tx, _node_table(table), current, detach)

        self._store.write(work, keys=[id_])

    def upsert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> UpsertReport:
        """Create or change many records; a bad row is rejected and does not stop the rest.

        Parameters
        ----------
        table : str
            One of `RESOURCES`; rows of ``ties`` say their `type`.
        rows : sequence of mapping
            At most `limits.MAX_BULK_ROWS`. What a row does not mention stays as it is.
        """
        if len(rows) > limits.MAX_BULK_ROWS:
            raise InvalidInput(f"rows: at most {limits.MAX_BULK_ROWS} at once", field="rows")
        valid: dict[str, list[tuple[int, Row]]] = {}
        outcomes: dict[int, Outcome] = {}
        for index, values in enumerate(rows):
            try:
                spec, row = _validated(table, values)
            except InvalidInput as error:
                outcomes[index] = Rejected(error.field or "row", error.message)
            else:
                valid.setdefault(spec.name, []).append((index, row))
        for name, numbered in valid.items():
            results = self.write(_table(name), [row for _, row in numbered])
            outcomes |= {index: outcome for (index, _), outcome in zip(numbered, results, strict=True)}
        counts = {kind: sum(o == kind for o in outcomes.values()) for kind in ("created", "updated", "unchanged")}
        rejected = [
            Rejection(index, outcome.column, outcome.reason)
            for index, outcome in sorted(outcomes.items())
            if isinstance(outcome, Rejected)
        ]
        return UpsertReport(**counts, rejected=rejected)

    def write(
        self,
        table: Table,
        rows: Sequence[Row],
        *,
        dry_run: bool = False,
        assumed: Mapping[str, Collection[str]] | None = None,
    ) -> list[Outcome]:
        """Write valid rows of one table, in one transaction a wave; a second row of an id comes in the next wave.

        Parameters
        ----------
        table : Table
            Their table.
        rows : sequence of Row
            From `Table.row`.
        dry_run : bool
            Only say what would happen.
        assumed : mapping of str to str, optional
            In a dry run, labels by id of what earlier rows would have created.

        Returns
        -------
        list of Outcome
            One for each row, in order.
        """
        outcomes: list[Outcome] = ["unchanged"] * len(rows)
        for wave in _waves(rows):
            batch = [rows[index] for index in wave]

            def work(tx: Transaction, batch: list[Row] = batch) -> list[Outcome]:
                return write_rows(tx, table, batch, dry_run=dry_run, assumed=assumed)

            results = self._store.reading(work) if dry_run else self._store.write(work, keys=_all_keys(batch))
            for index, outcome in zip(wave, results, strict=True):
                outcomes[index] = outcome
        return outcomes

    def convert(self, id_: str, etag_: str | None = None) -> dict[str, Any]:
        """Make a contact a customer: same id, properties and ties kept, in one transaction.

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
            _check_version(_read(tx, "contacts", id_), etag_)
            properties = tx.run("nodes/read", words={"LABEL": "Contact"}, id=id_)[0]["record"]
            ties = _all_ties(tx, "Contact", id_)
            delete_ties(tx, ties)
            tx.run("nodes/delete", words={"LABEL": "Contact"}, ids=[id_])
            tx.run("nodes/create", words={"LABEL": "Customer"}, rows=[properties | {"kind": "person"}])
            _move(tx, ties, id_)
            return _read(tx, "customers", id_)

        return self._store.write(work, keys=[id_])

    def _change(
        self, table: str, id_: str, values: Callable[[dict[str, Any]], Mapping[str, Any]], etag_: str | None
    ) -> dict[str, Any]:
        def work(tx: Transaction) -> dict[str, Any]:
            current = _read(tx, table, id_)
            _check_version(current, etag_)
            wanted = dict(values(current))
            if wanted.setdefault("id", id_) != id_:
                raise InvalidInput("id: cannot be changed; create a new record", field="id")
            if table == "ties":
                wanted = {"type": current["type"]} | wanted
            spec, row = _validated(table, wanted)
            if row.id != id_:
                raise InvalidInput("a tie's type, ends and kind cannot be changed; create a new one", field="id")
            _write_one(tx, spec, row, "replace")
            return _read(tx, table, id_)

        return self._store.write(work, keys=[id_])


# ---- tables ----------------------------------------------------------------------------------------------


def _node_table(name: str) -> Table:
    if name not in RESOURCES or name == "ties":
        raise InvalidInput(f"{name!r} is no table; there are: {', '.join(RESOURCES)}", field="table", allowed=RESOURCES)
    return TABLES[name]


def _table(name: str) -> Table:
    return TIES[name] if name in TIES else _node_table(name)


def _noun(table: Table) -> str:
    return f"tie {table.type}" if table.type else (table.label or "").lower()


def _validated(table: str, values: Mapping[str, Any]) -> tuple[Table, Row]:
    if not isinstance(values, Mapping):
        raise InvalidInput("row: must be an object with the record's fields", field="row")
    if table != "ties":
        spec = _node_table(table)
        return spec, spec.row(values)
    type_ = values.get("type")
    if not isinstance(type_, str) or type_ not in TIES:
        raise InvalidInput(f"type: must be one of {', '.join(TIES)}", field="type", allowed=TIES)
    spec = TIES[type_]
    given = {key: value for key, value in values.items() if key not in ("type", "id")}
    row = spec.row(given)
    if values.get("id") not in (None, row.id):
        raise InvalidInput(f"id: a tie's id is made from its type and ends; this one's is {row.id!r}", field="id")
    return spec, row


def _keys(row: Row) -> set[str]:
    return {row.id} | ({row.source_id, row.target_id} if row.source_id else set())


def _all_keys(rows: Sequence[Row]) -> set[str]:
    return set().union(*map(_keys, rows[:200]))


def _waves(rows: Sequence[Row]) -> list[list[int]]:
    """Positions of rows in waves, so that no id stands twice in one and each id's rows keep their order."""
    seen: dict[str, int] = {}
    waves: list[list[int]] = []
    for index, row in enumerate(rows):
        turn = seen.get(row.id, 0)
        seen[row.id] = turn + 1
        if turn == len(waves):
            waves.append([])
        waves[turn].append(index)
    return waves


# ---- one record ------------------------------------------------------------------------------------------


def _read(tx: Transaction, table: str, id_: str) -> dict[str, Any]:
    if table == "ties":
        return TiePages.record(*_stored_tie(tx, id_))
    return _found_node(tx.run, table, id_)


def _found_node(run: Callable[..., list[dict[str, Any]]], table: str, id_: str) -> dict[str, Any]:
    spec = _node_table(table)
    found = run("nodes/read", words={"LABEL": spec.label or ""}, id=id_)
    if not found:
        raise NotFound(f"there is no {_noun(spec)} {id_!r}")
    named: dict[str, list[str]] = {}
    for ref in spec.references:
        for tie in found[0]["outgoing" if ref.outgoing else "incoming"]:
            if tie["type"] == ref.type and ref.role in (None, tie.get("role")):
                named.setdefault(ref.field, []).append(tie["id"])
    return _record(spec, found[0]["record"], named)


def _with_references(tx: Transaction, table: Table, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give nodes their reference columns and the form that records have outside."""
    named: dict[tuple[str, str], list[str]] = {}
    ids = [properties["id"] for properties in found]
    for type_, outgoing in dict.fromkeys((ref.type, ref.outgoing) for ref in table.references):
        query = "ties/list_outgoing" if outgoing else "ties/list_incoming"
        columns = tx.run(query, words={"TYPE": type_, "LABEL": table.label or ""}, ids=ids)[0] if ids else {}
        refs = [ref for ref in table.references if (ref.type, ref.outgoing) == (type_, outgoing)]
        for id_, other, tie in zip(*(columns.get(c, ()) for c in ("id", "other_id", "tie")), strict=True):
            for ref in refs:
                if ref.role in (None, tie.get("role")):
                    named.setdefault((id_, ref.field), []).append(other)
    return [
        _record(
            table, properties, {ref.field: named.get((properties["id"], ref.field), []) for ref in table.references}
        )
        for properties in found
    ]


def _record(table: Table, properties: Mapping[str, Any], named: Mapping[str, list[str]]) -> dict[str, Any]:
    record: dict[str, Any] = {"id": properties["id"]}
    record |= {name: from_graph(name, properties.get(name)) for name in table.properties}
    for ref in table.references:
        others = sorted(named.get(ref.field, []))
        record[ref.field] = others if ref.many else (others[0] if others else None)
    record["extra"] = {
        key: from_graph(key, value)
        for key, value in sorted(properties.items())
        if key != "id" and key not in table.properties
    }
    return record


def _merged(current: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(current)
    for key, value in changes.items():
        if key == "extra" and isinstance(value, Mapping):
            merged[key] = {k: v for k, v in {**current["extra"], **value}.items() if v is not None}
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _check_version(current: dict[str, Any], etag_: str | None) -> None:
    if etag_ is not None and etag_ != etag(current):
        raise StaleVersion(f"{current['id']!r} has changed since it was read; read it again and repeat the change")


def _exists(tx: Transaction, table: Table, row: Row) -> bool:
    if table.label:
        labels = PARTY_LABELS if table.label in PARTY_LABELS else (table.label,)
        return bool(resolve_labels(tx, labels, [row.id], {}))
    try:
        _stored_tie(tx, row.id)
    except NotFound:
        return False
    return True


def _write_one(tx: Transaction, table: Table, row: Row, mode: Mode) -> None:
    outcome = write_rows(tx, table, [row], mode)[0]
    if isinstance(outcome, Rejected):
        raise InvalidInput(f"{outcome.column}: {outcome.reason}", field=outcome.column)


# ---- ties and deletion -----------------------------------------------------------------------------------


def _tie_row(tx: Transaction, id_: str) -> TieRow:
    parts = split_tie_id(id_)
    if parts is None:
        raise NotFound(f"there is no tie {id_!r}")
    type_, source, target, _ = parts
    kind = TIE_TYPES[type_]
    sources = resolve_labels(tx, kind.sources, [source], {})
    targets = resolve_labels(tx, kind.targets, [target], {})
    if source not in sources or target not in targets:
        raise NotFound(f"there is no tie {id_!r}")
    return TieRow(type_, (sources[source], source), (targets[target], target), {"id": id_})


def _stored_tie(tx: Transaction, id_: str) -> tuple[str, str, str, dict[str, Any]]:
    tie = _tie_row(tx, id_)
    words = {"TYPE": tie.type, "SOURCE": tie.source[0], "TARGET": tie.target[0]}
    found = tx.run("ties/read_many", words=words, rows=[tie.ends])[0]["records"]
    if not found:
        raise NotFound(f"there is no tie {id_!r}")
    return tie.type, tie.source[1], tie.target[1], found[0]


def _all_ties(tx: Transaction, label: str, id_: str) -> list[TieRow]:
    """Every tie of a node, each once."""
    ties: dict[str, TieRow] = {}
    for name, kind in TIE_TYPES.items():
        for query, labels in (("ties/list_outgoing", kind.sources), ("ties/list_incoming", kind.targets)):
            if label not in labels:
                continue
            columns = tx.run(query, words={"TYPE": name, "LABEL": label}, ids=[id_])[0]
            for other, other_label, tie in zip(
                columns["other_id"], columns["other_label"], columns["tie"], strict=True
            ):
                ends = ((label, id_), (other_label, other))
                source, target = ends if query == "ties/list_outgoing" else ends[::-1]
                ties[tie["id"]] = TieRow(name, source, target, tie)
    return list(ties.values())


def _move(tx: Transaction, ties: Sequence[TieRow], id_: str) -> None:
    """Write ties again after the contact at one of their ends became a customer."""

    def moved(end: tuple[str, str]) -> tuple[str, str]:
        return ("Customer", id_) if end == ("Contact", id_) else end

    for tie in ties:
        source, target = moved(tie.source), moved(tie.target)
        words = {"TYPE": tie.type, "SOURCE": source[0], "TARGET": target[0]}
        rows = [{"source_id": source[1], "target_id": target[1], "properties": tie.properties}]
        tx.run("ties/create", words=words, rows=rows)


def _delete_node(tx: Transaction, table: Table, current: dict[str, Any], detach: bool) -> None:
    label, id_ = table.label or "", current["id"]
    ties = _all_ties(tx, label, id_)
    own = {(ref.type, ref.outgoing) for ref in table.references}
    hanging: dict[str, int] = {}
    for tie in ties:
        if (tie.type, tie.source == (label, id_)) not in own:
            hanging[tie.type] = hanging.get(tie.type, 0) + 1
    if hanging and not detach:
        what = ", ".join(f"{count} {type_}" for type_, count in sorted(hanging.items()))
        raise Conflict(
            f"{_noun(table)} {id_!r} is still in use: {what}; delete with detach to cut them", details=hanging
        )
    delete_ties(tx, ties)
    tx.run("nodes/delete", words={"LABEL": label}, ids=[id_])


# ---- receipts --------------------------------------------------------------------------------------------


def _replayed(tx: Transaction, key: str, fingerprint: str) -> dict[str, Any] | None:
    found = tx.run("receipts/read", id=key)
    if not found:
        return None
    if found[0]["fingerprint"] != fingerprint:
        raise InvalidInput("Idempotency-Key: was used with another request; choose a new key", field="Idempotency-Key")
    answer: dict[str, Any] = json.loads(base64.b64decode(found[0]["answer"]))
    return answer


def _remember(tx: Transaction, key: str, fingerprint: str, record: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    answer = base64.b64encode(json.dumps(record).encode()).decode()
    tx.run("receipts/delete_old", before=now - _RECEIPT_LIFE)
    tx.run("receipts/create", id=key, fingerprint=fingerprint, answer=answer, at=now)
