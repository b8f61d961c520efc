"""Ids of a source that numbers its records for itself: a prefix tells them from those of others."""

from __future__ import annotations

from dataclasses import replace

from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_ID_LENGTH
from graphcrm.schema import TIE_TYPES, tie_id
from graphcrm.tables import Row, Table

__all__ = ["prefixed"]


def prefixed(table: Table, row: Row, prefix: str) -> Row:
    """A row in which every id has a prefix: its own or those of its ends, and all that it names.

    Parameters
    ----------
    table : Table
        The row's table.
    row : Row
        A valid one.
    prefix : str
        Stands before each id, whatever the id begins with; nothing leaves the row as it is.

    Returns
    -------
    Row
        A valid one.

    Raises
    ------
    InvalidInput
        An id becomes longer than `graphcrm.limits.MAX_ID_LENGTH`.

    Examples
    --------
    >>> from graphcrm.tables import TABLES
    >>> orders, referrals = TABLES["orders"], TABLES["referrals"]
    >>> row = prefixed(orders, orders.row({"id": "1", "at": "2026-01-31", "customer_id": "7"}), "shop-")
    >>> row.id, row.properties["id"], row.references
    ('shop-1', 'shop-1', {'customer_id': ['shop-7']})
    >>> prefixed(referrals, referrals.row({"referrer_id": "7", "referred_id": "8"}), "shop-").id
    'REFERRED:shop-7:shop-8'
    """
    if not prefix:
        return row
    room = MAX_ID_LENGTH - len(prefix)

    def longer(field: str, id_: str) -> str:
        if len(id_) > room:
            message = f"{field}: has at most {MAX_ID_LENGTH} characters, the prefix {prefix!r} of its source included"
            raise InvalidInput(message, field=field)
        return prefix + id_

    properties = row.properties | {
        name: longer(name, row.properties[name])
        for name in table.properties
        if name.endswith("_id") and name in row.properties
    }
    references = {field: [longer(field, id_) for id_ in ids] for field, ids in row.references.items()}
    if table.type is None:
        id_ = longer("id", row.id)
        return replace(row, id=id_, properties=properties | {"id": id_}, references=references)
    source, target = (longer(*end) for end in zip(table.ends, (row.source_id, row.target_id), strict=True))
    qualifier = TIE_TYPES[table.type].qualifier
    id_ = tie_id(table.type, source, target, row.properties.get(qualifier) if qualifier else None, row.end_label)
    return replace(row, id=id_, properties=properties | {"id": id_}, source_id=source, target_id=target)
