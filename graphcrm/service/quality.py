"""How good what a source says is: its own words, streamed from the graph and counted field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd

from graphcrm.cleaning.quality import quality_report
from graphcrm.service.source_records import SourceRecord, about_node, own_records, record_of
from graphcrm.store import GraphStore
from graphcrm.tables import TABLES, Table
from graphcrm.values import from_graph

__all__ = ["quality_of"]

_TABLES: Final = {table.label: table for table in TABLES.values() if table.label}
_COUNTED: Final = ["field", "count", "blank", "invalid", "duplicated", "stale", "reasons", "examples"]


def quality_of(
    store: GraphStore, source: str, region: str | None, stale_days: int, now: datetime | None = None
) -> list[dict[str, Any]]:
    """Count what is wrong with what a source says of nodes; see `graphcrm.service.sources.Sources.quality`.

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
    """
    apart = _records_apart(store, source)
    lines: list[dict[str, Any]] = []
    for label, table in _TABLES.items():
        rows = [*apart.pop(label, ()), *_alone(store, source, label, table)]
        if rows:
            frame = _frame(table, rows)
            report = quality_report(frame, table.name, region=region, stale_days=stale_days, now=now, infer=False)
            columns = (report[name].tolist() for name in _COUNTED)
            lines += [
                {"table": table.name, **dict(zip(_COUNTED, line, strict=True))} for line in zip(*columns, strict=True)
            ]
    return lines


def _alone(store: GraphStore, source: str, label: str, table: Table) -> Iterator[dict[str, Any]]:
    """Nodes that the source alone describes: they are their own record."""
    for row in store.stream("sources/stream_nodes", words={"LABEL": label}, source=source):
        node = row["record"]
        if not node.get("_records"):
            own = own_records(about_node(label, node["id"]), node)
            yield from (_words(record, table) for record in own if record.source == source)


def _records_apart(store: GraphStore, source: str) -> dict[str, list[dict[str, Any]]]:
    """What the source says of nodes that others describe as well, by label."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in store.stream("source_records/stream", source=source):
        record = record_of(row["record"])
        label = record.about.partition(":")[0]
        if label in _TABLES:
            found.setdefault(label, []).append(_words(record, _TABLES[label]))
    return found


def _words(record: SourceRecord, table: Table) -> dict[str, Any]:
    """A record as one row: of a field that could not hold what came, that."""
    fields: Mapping[str, Any] = record.raw | {k: v for k, v in record.fields.items() if v is not None}
    shown = {name: from_graph(name if name in table.properties else "", value) for name, value in fields.items()}
    return shown | {"id": record.about, "seen_at": from_graph("", record.seen_at)}


def _frame(table: Table, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows by id, so that the same graph gives the same examples on every engine; columns in the table's order."""
    said = set().union(*rows)
    known = [name for name in table.properties if name in said]
    others = sorted(said.difference(known, ("id", "seen_at")))
    rows.sort(key=lambda row: str(row["id"]))
    return pd.DataFrame(rows, columns=["id", "seen_at", *known, *others], dtype=object)
