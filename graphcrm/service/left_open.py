"""Names of records that are not there: which they are, so that a row may come in without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from graphcrm.service.aliases import any_merged, roots
from graphcrm.service.planning import resolve_labels
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import Row, Table

__all__ = ["nobodies"]


def nobodies(
    store: GraphStore, table: Table, rows: Sequence[Row], fields: Set[str], assumed: Mapping[str, Set[str]]
) -> dict[str, set[str]]:
    """Find whom rows name although there is nobody of that id.

    Parameters
    ----------
    store : GraphStore
        Where they might be.
    table : Table
        The rows' table.
    rows : sequence of Row
        They may name each other.
    fields : set of str
        Which reference columns are looked at.
    assumed : mapping of str to set of str
        Ids by label that are taken as there.

    Returns
    -------
    dict of str to set of str
        Ids that are nobody's, by column; columns that have none are left out.
    """
    named = {ref: {id_ for row in rows for id_ in row.references.get(ref.field, ())} for ref in table.references}
    named = {ref: ids for ref, ids in named.items() if ref.field in fields and ids}
    if not named:
        return {}
    own = {table.label or "": {row.id for row in rows} | assumed.get(table.label or "", set())}

    def look(tx: Transaction) -> dict[str, set[str]]:
        ids = set().union(*named.values())
        stand_ins = roots(tx.run, ids) if any_merged(tx.run) else {}
        found = {}
        for ref, wanted in named.items():
            there = resolve_labels(tx, ref.labels, {stand_ins.get(id_, id_) for id_ in wanted}, dict(assumed) | own)
            if missing := {id_ for id_ in wanted if stand_ins.get(id_, id_) not in there}:
                found[ref.field] = missing
        return found

    return store.reading(look)
