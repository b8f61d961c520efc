"""Pinned values of reference columns: they are shown whatever sources say, now and later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.schema import PARTY_LABELS, tie_id_between
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
        The value is no such id, or of nobody who is there.
    """
    spec, columns = _columns(tx, table, id_)
    if source is not None:
        # Of what it said of several parties that are one now, what would be shown were it the only source.
        won = winners([record for record in columns.said()[id_] if record.source == source], {}).get(ref.field)
        if won is None or not (value := won.value):
            raise NotFound(f"the source {source!r} says nothing of {ref.field}")
    wanted: dict[str, TieRow] = {}
    for other in _named(ref, value):
        labels = resolve_labels(tx, ref.labels, [other], {})
        if other not in labels:
            raise InvalidInput(f"{ref.field}: {nobody(ref.labels, other)}", field=ref.field)
        ends = (spec.label or "", id_), (labels[other], other)
        source_end, target_end = ends if ref.outgoing else ends[::-1]
        about = tie_id_between(ref.type, source_end, target_end)
        wanted[about] = TieRow(ref.type, source_end, target_end, {"id": about})
    to_nobody = named_tie(spec, ref, id_, "")
    columns.say(id_, id_, ref, wanted, to_nobody, Speaker(PINNED, datetime.now(UTC)))
    _write(tx, spec, id_, columns)


def unpin_column(tx: Transaction, table: str, id_: str, ref: Reference) -> None:
    """Let a column name whom sources say again; NotFound where there is no such record, or nothing is pinned."""
    spec, columns = _columns(tx, table, id_)
    if not columns.unpin(id_, ref):
        raise NotFound(f"{ref.field} of {id_!r} is not pinned")
    _write(tx, spec, id_, columns)


def _columns(tx: Transaction, table: str, id_: str) -> tuple[Table, Columns]:
    read_record(tx, table, id_)  # which says so if it is not there
    spec = node_table(table)
    return spec, Columns(tx, spec.label or "", [id_])


def _named(ref: Reference, value: Any) -> list[str]:
    """The ids that a column is to name, each once."""
    if value is None:
        return []
    ids = value if ref.many and isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each for each in ids):
        what = "a list of ids" if ref.many else "an id"
        raise InvalidInput(f"{ref.field}: must be {what}", field=ref.field)
    return list(dict.fromkeys(ids))


def _write(tx: Transaction, spec: Table, id_: str, columns: Columns) -> None:
    showing = columns.showing()
    with recording(tx, [id_] if spec.label in PARTY_LABELS else [], HAND):
        showing.write(tx)
