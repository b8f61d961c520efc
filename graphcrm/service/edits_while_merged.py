"""What people edited while two parties were one, and meant the other one perhaps: to be decided when they part.

An edit is the word of the party that stood there. Where it replaced what only the other one had, nobody but a person
knows whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphcrm.service.changes import Change, read_changes
from graphcrm.service.source_records import HAND, PINNED, SourceRecord, key_of
from graphcrm.store import Transaction
from graphcrm.values import from_graph

__all__ = ["to_decide", "undecided"]


def undecided(tx: Transaction, id_: str, records: Sequence[SourceRecord], own: set[str]) -> list[dict[str, Any]]:
    """Find the edits to be decided about when a party is taken out of another.

    Parameters
    ----------
    tx : Transaction
        In which its merge still stands.
    id_ : str
        The party that comes back.
    records : sequence of SourceRecord
        All that is said of the party that stood for it, and of those that were merged into that, also in the columns
        that name others.
    own : set of str
        The party that comes back, and those that come with it.

    Returns
    -------
    list of dict
        As `to_decide` gives them.
    """
    above: list[str] = []
    since = None
    while found := tx.run("nodes/read_many", words={"LABEL": "Alias"}, ids=[above[-1] if above else id_])[0]["records"]:
        since = since or found[0]["at"]
        above.append(found[0]["into"])
    changes = (change for some in read_changes(tx, above).values() for change in some)
    edits = [change for change in changes if since and change.at >= since and change.source == HAND]
    return to_decide(sorted(edits, key=lambda change: change.id), records, own)


def to_decide(edits: Iterable[Change], records: Sequence[SourceRecord], own: set[str]) -> list[dict[str, Any]]:
    """Tell the edits that replaced what only one side of a merge had said.

    Parameters
    ----------
    edits : iterable of Change
        What people changed since the merge, oldest first.
    records : sequence of SourceRecord
        What is said of both sides.
    own : set of str
        Ids of the one side: that which comes back.

    Returns
    -------
    list of dict
        By field: `field`, `value` (what the party that comes back shows again), and `edited` (what was put in its
        place, and stays with the other one; None where it was removed).
    """
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for edit in edits:
        if edit.kind == "changed":
            for name, shift in edit.fields.items():
                first.setdefault(name, shift.before)
                last[name] = shift.after
    found = []
    for name in sorted(first):
        sides = {
            key_of(record) in own
            for record in records
            if (key_of(record) in own or record.source not in (HAND, PINNED))  # those of the other side are the edits
            and record.fields.get(name) is not None
            and from_graph(name, record.fields[name]) == first[name]
        }
        if sides == {True} and last[name] != first[name]:
            found.append({"field": name, "value": first[name], "edited": last[name]})
    return found
