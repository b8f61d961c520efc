"""Ids of consents that come in: a row of another time than the id has is another decision, and each is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from graphcrm.limits import MAX_ID_LENGTH
from graphcrm.service.planning import Outcome, Rejected
from graphcrm.service.source_records import about_node, read_records
from graphcrm.store import Transaction
from graphcrm.tables import Row

__all__ = ["decisions_apart", "own_id", "repeated"]


def own_id(row: Row) -> str:
    """The id of a decision where its row's own is that of another one: with the time behind it, or a digest of that.

    Examples
    --------
    >>> from graphcrm.tables import TABLES
    >>> consent = {"id": "K7", "party_id": "C1", "channel": "email", "purpose": "news", "granted": "true"}
    >>> own_id(TABLES["consents"].row(consent | {"at": "2026-05-02T09:00:00Z"}))
    'K7@2026-05-02T09:00:00+00:00'
    """
    id_ = f"{row.id}@{row.properties['at'].isoformat()}"
    return id_ if len(id_) <= MAX_ID_LENGTH else blake2b(id_.encode(), digest_size=16).hexdigest()


def decisions_apart(tx: Transaction, source: str, rows: Sequence[Row], times: dict[str, datetime]) -> list[Row]:
    """Give decisions ids of their own that come under the id of another one.

    Parameters
    ----------
    tx : Transaction
        One that reads or writes.
    source : str
        Whose rows they are.
    rows : sequence of Row
        Of consents; an id may come more than once.
    times : dict of str to datetime
        Of decisions that are taken as there, by id. It learns those of the rows.

    Returns
    -------
    list of Row
        In the same order. A row of another time than the source, or who else knows a consent of that id, says it has,
        tells of another decision. All others are as they came.
    """
    own = [own_id(row) for row in rows]
    times |= _stored_times(tx, source, {row.id for row in rows} | {*own})
    found = []
    for row, own_one in zip(rows, own, strict=True):
        at, known = row.properties["at"], times.get(row.id)
        is_apart = known != at and (known is not None or times.get(own_one) == at)
        id_ = own_one if is_apart else row.id
        times[id_] = at
        found.append(replace(row, id=id_, properties=row.properties | {"id": id_}) if is_apart else row)
    return found


def repeated(row: Row, first: Row, outcome: Outcome) -> Outcome:
    """What becomes of a decision that a batch brings again, by what became of the first one."""
    if isinstance(outcome, Rejected) or (row.properties, row.references) == (first.properties, first.references):
        return outcome if isinstance(outcome, Rejected) else "unchanged"
    return Rejected("id", f"{row.id!r} comes more than once, with other values")


def _stored_times(tx: Transaction, source: str, ids: set[str]) -> dict[str, datetime]:
    """When consents were decided by the source's own word, else by what they show."""
    stored = tx.run("nodes/read_many", words={"LABEL": "Consent"}, ids=sorted(ids))[0]["records"]
    there = {about_node("Consent", one["id"]): one for one in stored}
    said = {
        about: [record.fields["at"] for record in records if record.source == source and "at" in record.fields]
        for about, records in read_records(tx, there).items()
    }
    times = {one["id"]: (said[about] or [one.get("at")])[0] for about, one in there.items()}
    return {id_: at for id_, at in times.items() if at is not None}
