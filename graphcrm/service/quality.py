"""How good what a source says is: its own words, read page by page and counted field by field."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final, NamedTuple

from graphcrm.cleaning.quality import COUNTED, Tally, stale_before
from graphcrm.errors import StoreError
from graphcrm.service.last_seen import Sightings
from graphcrm.service.paging import agreed, behind, in_bytes
from graphcrm.service.source_records import NEVER, SourceRecord, about_node, own_records, record_of
from graphcrm.store import GraphStore
from graphcrm.tables import TABLES, Table
from graphcrm.values import from_graph

__all__ = ["quality_of"]

_TABLES: Final = {table.label: table for table in TABLES.values() if table.label}
_SHOWN: Final = tuple(name for name in COUNTED if name != "kind")
_PAGE: Final = 1_000
"""Records that are read at once."""
_OF_NODES: Final = ("sources/range", "sources/find_nodes")
"""What is read between two ids, and behind one."""
_OF_RECORDS: Final = ("source_records/range", "source_records/page")
_turn: Final = threading.Lock()


class _Said(NamedTuple):
    """What the source says of one node: its label, what records call it, its fields, and when it last had each."""

    label: str
    about: str
    fields: dict[str, Any]
    last_seen: dict[str, datetime]


def quality_of(
    store: GraphStore, source: str, region: str | None, stale_days: int, now: datetime | None = None
) -> list[dict[str, Any]]:
    """Count what is wrong with what a source says of nodes; see `graphcrm.service.sources.Sources.quality`.

    One at a time in a process: of each value that is not blank 8 bytes are held, of each record that was brought again
    16, and a source may have millions.

    Parameters
    ----------
    store : GraphStore
        The graph.
    source : str
        The source's name.
    region : str or None
        As for `graphcrm.cleaning.rows.clean_row`.
    stale_days : int, days
        When a value is stale.
    now : datetime, optional
        The moment up to which that is counted; the present one unless given.

    Raises
    ------
    StoreError
        Another source is being counted; worth another try.
    InvalidInput
        For `stale_days` out of bounds.
    """
    limit = stale_before(stale_days, now)
    if not _turn.acquire(blocking=False):
        raise StoreError("the quality of a source is being counted already; try again in a moment", retryable=True)
    try:
        tallies = {label: Tally(table.name, region) for label, table in _TABLES.items()}
        for said in _said(store, source, tuple(tallies)):
            stale = {field for field, at in said.last_seen.items() if NEVER < at < limit}
            tallies[said.label].add(said.about, said.fields, stale)
        again = tuple(label for label, tally in tallies.items() if tally.settle())
        for said in _said(store, source, again):
            tallies[said.label].look_again(said.about, said.fields)
    finally:
        _turn.release()
    return [line for label, tally in tallies.items() for line in _lines(_TABLES[label], tally)]


def _lines(table: Table, tally: Tally) -> Iterator[dict[str, Any]]:
    """A table's fields in the order of its columns, then others by name."""
    known = [name for name in table.properties if name in tally.fields]
    for line in tally.lines([*known, *sorted(set(tally.fields).difference(known))]):
        yield {"table": table.name, **{name: line[name] for name in _SHOWN}}


def _said(store: GraphStore, source: str, labels: tuple[str, ...]) -> Iterator[_Said]:
    """All that a source says of nodes of some labels, in no order."""
    if not labels:
        return
    sightings = Sightings.by_source(store, source)
    for node in _apart(store, source):
        record = record_of(node)
        label = record.about.partition(":")[0]
        if label in labels:
            yield _words(label, record, sightings)
    for label in labels:
        for node in _nodes(store, source, label):
            # Of a node that others describe as well, the records apart tell what each of them says.
            own = [] if node.get("_records") else own_records(about_node(label, node["id"]), node)
            yield from (_words(label, record, sightings) for record in own if record.source == source)


def _apart(store: GraphStore, source: str) -> Iterator[Mapping[str, Any]]:
    """The source's records that have a node of their own."""
    return _all(store, "Record", partial(_read, store, _OF_RECORDS, {"source": source}))


def _nodes(store: GraphStore, source: str, label: str) -> Iterator[Mapping[str, Any]]:
    """The nodes of a label that the source describes."""
    return _all(store, label, partial(_read, store, _OF_NODES, {"source": source, "words": {"LABEL": label}}))


def _read(store: GraphStore, queries: tuple[str, str], asked: Mapping[str, Any], **place: Any) -> list[dict[str, Any]]:
    between, behind_one = queries
    query = between if "through_id" in place else behind_one
    return list(store.read(query, **asked, **place)[0]["records"])


def _all(store: GraphStore, label: str, read: Callable[..., list[dict[str, Any]]]) -> Iterator[Mapping[str, Any]]:
    """All that a source says of a label, in no order, by ranges of the label's ids: no query takes long.

    The embedded engine sorts all that lies behind an id to give a page, which is too much to do for each page.
    """
    found = store.read("nodes/bounds", words={"LABEL": label}, step=_PAGE)[0]["bounds"]
    # Not every text compares alike on both engines; see `graphcrm.service.paging`.
    bounds = ["", *sorted({agreed(id_) for id_ in found} - {""}, key=in_bytes)]
    for after, through in pairwise(bounds):
        yield from read(after_id=after, through_id=through)
    last = bounds[-1]
    while page := behind(lambda id_, rows: read(after_id=id_, row_limit=rows), itemgetter("id"), last, _PAGE):
        yield from page
        last = page[-1]["id"]


def _words(label: str, record: SourceRecord, sightings: Sightings) -> _Said:
    """A record as one row: of a field that could not hold what came, that."""
    properties = _TABLES[label].properties
    fields = record.raw | {name: value for name, value in record.fields.items() if value is not None}
    shown = {name: from_graph(name if name in properties else "", value) for name, value in fields.items()}
    return _Said(label, record.about, shown, sightings.by_field(record))
