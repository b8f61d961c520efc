"""Pinned values of reference columns: they are shown whatever sources say, now and later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.schema import PARTY_LABELS, tie_id_between
from graphcrm.service.aliases import held_roots
from graphcrm.service.planning import TieRow, nobody, resolve_labels
from graphcrm.service.recording import recording
from graphcrm.service.reference_words import REPLACING, Columns, named_tie
from graphcrm.service.source_records import HAND, PINNED, Speaker, winners
from graphcrm.service.stored import node_table, read_record
from graphcrm.store import Transaction
from graphcrm.tables import TABLES, Reference, Table

__all__ = ["pin_column", "replacing_column", "unpin_column"]


def replacing_column(table: str, field: str) -> Reference | None:
    """The reference column of a table that names all there are; None where the field is something else."""
    label = TABLES[table].label if table in TABLES else None
    return next((ref for ref in REPLACING.get(label or "", ()) if ref.field == field), None)


def pin_column(tx: Transaction, table: str, id_: str, ref: Reference, value: Any, source: str | None) -> None:
    """Have a column name somebody whatever sources say.

    Parameters
    ----------
    tx : Transaction
        A write transaction that holds the record's id as a key.
    table, id_ : str
        The record.
    ref : Reference
        Its column.
    value : str, list of str or None
        Whom it is to name, by id; None for nobody.
    source : str, optional
        Take whom this source names instead.

    Raises
    ------
    NotFound
        There is no such record, or the source says nothing in the column.
    InvalidInput
        The value is no such id, of nobody who is there, or breaks a rule of the record, as a change would.
    """
    spec, columns = _columns(tx, table, id_)
    if source is not None:
        # Of what it said of several parties that are one now, what would be shown were it the only source.
        won = winners([record for record in columns.said()[id_] if record.source == source], {}).get(ref.field)
        if won is None or not (value := won.value):
            raise NotFound(f"the source {source!r} says nothing of {ref.field} that could be shown")
    named = _named(tx, spec, id_, ref, value)
    wanted: dict[str, TieRow] = {}
    for other, (label, root) in _found(tx, ref, named).items():
        if (label, root) == (spec.label, id_):
            raise InvalidInput(f"{ref.field}: {other!r} names itself", field=ref.field)
        about = _tie_id(spec, id_, ref, label, other)
        own, there = (spec.label or "", id_), (label, root)
        source_end, target_end = (own, there) if ref.outgoing else (there, own)
        wanted[about] = TieRow(ref.type, source_end, target_end, {"id": _tie_id(spec, id_, ref, label, root)})
    to_nobody = named_tie(spec, ref, id_, "")
    columns.say(id_, id_, ref, wanted, to_nobody, Speaker(PINNED, datetime.now(UTC)))
    _write(tx, spec, id_, columns)


def unpin_column(tx: Transaction, table: str, id_: str, ref: Reference) -> None:
    """Let a column name whom sources say again; see `graphcrm.service.source_records.check_unpin`."""
    spec, columns = _columns(tx, table, id_)
    columns.unpin(id_, ref)
    _write(tx, spec, id_, columns)


def _columns(tx: Transaction, table: str, id_: str) -> tuple[Table, Columns]:
    read_record(tx, table, id_)  # which says so if it is not there
    spec = node_table(table)
    return spec, Columns(tx, spec.label or "", [id_])


def _named(tx: Transaction, spec: Table, id_: str, ref: Reference, value: Any) -> list[str]:
    """The ids that a column is to name, each once, where the record with them breaks no rule of its table."""
    current = read_record(tx, spec.name, id_)
    others = {each.field for each in spec.references if each.field not in spec.required}
    fields = {key: said for key, said in current.items() if said is not None and key not in others}
    row = spec.row(fields | {ref.field: value})
    return list(dict.fromkeys(row.references.get(ref.field, ())))


def _found(tx: Transaction, ref: Reference, named: list[str]) -> dict[str, tuple[str, str]]:
    """Label and id of who is there for each that is named: of who was merged away, the one that stands for it."""
    tx.hold(named)
    stand_ins = held_roots(tx, named)
    labels = resolve_labels(tx, ref.labels, [stand_ins.get(id_, id_) for id_ in named], {})
    found = {}
    for id_ in named:
        root = stand_ins.get(id_, id_)
        if root not in labels:
            raise InvalidInput(f"{ref.field}: {nobody(ref.labels, id_)}", field=ref.field)
        found[id_] = labels[root], root
    return found


def _tie_id(spec: Table, id_: str, ref: Reference, label: str, other: str) -> str:
    ends = (spec.label or "", id_), (label, other)
    return tie_id_between(ref.type, *(ends if ref.outgoing else ends[::-1]))


def _write(tx: Transaction, spec: Table, id_: str, columns: Columns) -> None:
    showing = columns.showing()
    with recording(tx, [id_] if spec.label in PARTY_LABELS else [], HAND):
        showing.write(tx)
