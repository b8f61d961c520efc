"""The files of an export that tell where everything came from: what each source says, history, merges, verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from graphcrm.schema import split_tie_id
from graphcrm.service.aliases import hidden_at
from graphcrm.service.changes import from_stored
from graphcrm.service.export_formats import cell_text, write_rows
from graphcrm.service.last_seen import Sightings
from graphcrm.service.reference_words import PLACE
from graphcrm.service.source_records import (
    FILES,
    HAND,
    NEVER,
    PINNED,
    SourceRecord,
    key_there,
    own_records,
    record_of,
    trust_of,
    winners,
)
from graphcrm.service.spool import Spool
from graphcrm.service.whole import Steps, all_nodes
from graphcrm.store import GraphStore
from graphcrm.tables import TABLES, TIES, Table
from graphcrm.values import from_graph, times_of, times_text

__all__ = ["BOOKS", "FOLDER", "put_books", "put_thing", "write_provenance"]

FOLDER: Final = "provenance"
"""The folder of these files, in that of an export: import takes the tables beside it, and leaves it alone."""

_TIES: Final = "ties"
"""What the files call the table of ties, as the interface does: their ids say of which type they are."""
_TABLES: Final = {table.label: table for table in TABLES.values() if table.label}
_COLUMNS: Final[dict[str, dict[str, type]]] = {
    "provenance": {
        "table": str,
        "id": str,
        "field": str,
        "source": str,
        "key": str,
        "value": str,
        "raw": str,
        "seen_at": datetime,
        "last_seen": datetime,
        "first_seen": datetime,
        "shown": bool,
        "rule": str,
    },
    "sources": {"name": str, "kind": str, "trust": int, "prefix": str, "created_at": datetime},
    "history": {
        "change_id": str,
        "at": datetime,
        "kind": str,
        "party_id": str,
        "field": str,
        "from": str,
        "to": str,
        "said_before": list,
        "said_after": list,
        "source": str,
        "by": str,
        "other": str,
        "known_since": datetime,
    },
    "merges": {
        "id": str,
        "table": str,
        "into": str,
        "at": datetime,
        "by": str,
        "probability": float,
        "compared_with": str,
        "evidence": str,
    },
    "verdicts": {"left_id": str, "right_id": str, "at": datetime},
}
"""The files, and of which type each column is."""

Row = dict[str, Any]


# ---- reading ---------------------------------------------------------------------------------------------


def put_thing(spool: Spool, table: Table, about: str, id_: str, properties: Mapping[str, Any]) -> None:
    """Put aside what is said of a node or tie, where its own properties tell: of others their records do.

    Parameters
    ----------
    spool : Spool
        Where to.
    table : Table
        The thing's table.
    about : str
        What records call it.
    id_ : str
        Its id.
    properties : mapping
        Its properties, the bookkeeping included.
    """
    if properties.get("_records") or not properties.get("_sources"):
        return
    for record in own_records(about, properties):
        _tell(spool, table, id_, record)


def put_books(store: GraphStore, spool: Spool, numbers: Mapping[str, int], steps: Steps) -> None:
    """Put aside what the product's own books hold of where everything came from; `numbers` has how much, by label."""
    for label, put in BOOKS.items():
        for record in all_nodes(store, label, numbers.get(label, 0)):
            put(spool, record)
            steps.add()


def _plain(value: Any) -> Any:
    return from_graph("", value)


def _put_source(spool: Spool, stored: Mapping[str, Any]) -> None:
    described = {name: _plain(stored.get(name)) for name in ("kind", "trust", "prefix", "created_at")}
    spool.add("sources", stored["id"], "", _json(described))


def _put_record(spool: Spool, stored: Mapping[str, Any]) -> None:
    times = {name: stored[name].isoformat() for name in ("seen_at", "first_at") if stored.get(name)}
    spool.add("said", stored["shown_in"], stored["id"], _json({**stored, **times}))


def _put_change(spool: Spool, stored: Mapping[str, Any]) -> None:
    change = from_stored(stored)
    row = {
        "change_id": change.id,
        "at": _plain(change.at),
        "kind": change.kind,
        "party_id": change.about,
        "source": change.source,
        "by": change.by,
        "other": change.other,
        "known_since": _plain(change.known_since),
    }
    if not change.fields:
        spool.add("history", change.id, "", _json(row))
    for name, shift in change.fields.items():
        said = {"said_before": list(shift.said_before), "said_after": list(shift.said_after)}
        news = {"field": name, "from": cell_text(shift.before), "to": cell_text(shift.after)}
        spool.add("history", change.id, name, _json(row | news | said))


def _put_merge(spool: Spool, stored: Mapping[str, Any]) -> None:
    row = {name: _plain(stored.get(name)) for name in _COLUMNS["merges"]}
    spool.add("merges", stored["id"], "", _json(row | {"table": _TABLES[stored["label"]].name}))


def _put_verdict(spool: Spool, stored: Mapping[str, Any]) -> None:
    row = {name: _plain(stored[name]) for name in _COLUMNS["verdicts"]}
    spool.add("verdicts", row["left_id"], row["right_id"], _json(row))


BOOKS: Final[dict[str, Callable[[Spool, Mapping[str, Any]], None]]] = {
    "Source": _put_source,
    "Record": _put_record,
    "Change": _put_change,
    "Alias": _put_merge,
    "Verdict": _put_verdict,
}
"""The labels of those books."""


# ---- what is said ----------------------------------------------------------------------------------------


def _tell(
    spool: Spool, table: Table, id_: str, record: SourceRecord, won: Mapping[str, str] | None = None, shown: bool = True
) -> None:
    """Put aside what a source says of a thing, and by which rules it won; of what no other speaks it is all shown."""
    told = {
        "source": record.source,
        "about": record.about,
        "values": {name: cell_text(_outside(table, name, value)) for name, value in record.fields.items()},
        "raw": record.raw,
        "seen_at": record.seen_at.isoformat(),
        "first_at": record.first_at.isoformat() if record.first_at else None,
        "earlier": times_text(record.earlier),
        "won": won,
        "shown": shown,
    }
    spool.add(f"told.{table.name if table.label else _TIES}", id_, f"{record.source}\t{record.about}", _json(told))


def _tell_records(spool: Spool, trust: Mapping[str, int]) -> None:
    """Tell of the records that have nodes of their own, which may be several of one thing."""
    for thing, rows in groupby(spool.sorted("said"), key=itemgetter(0)):
        records = [_record(text) for _, _, text in rows]
        if thing.startswith((PLACE, hidden_at(""))):
            for record in records:
                _tell(spool, _table(record.about), record.about, record, {}, shown=False)
            continue
        winning = winners(records, trust)
        id_ = thing if split_tie_id(thing) else thing.partition(":")[2]
        for record in records:
            won = {
                name: winner.rule
                for name, winner in winning.items()
                if (winner.source, winner.about) == (record.source, record.about)
            }
            _tell(spool, _table(thing), id_, record, won)


def _record(text: str) -> SourceRecord:
    stored = json.loads(text)
    times = {name: datetime.fromisoformat(stored[name]) for name in ("seen_at", "first_at") if stored.get(name)}
    return record_of(stored | times)


def _table(about: str) -> Table:
    """The table of a thing, by what records call it."""
    kind = about.partition(":")[0]
    return _TABLES.get(kind) or TIES[kind]


def _outside(table: Table, field: str, value: Any) -> Any:
    """A field's value as the interface has it."""
    return from_graph(field if field in table.properties else "", value)


def _time(at: datetime | None) -> str | None:
    return None if at is None or at == NEVER else str(from_graph("", at))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# ---- writing ---------------------------------------------------------------------------------------------


def write_provenance(store: GraphStore, spool: Spool, out: Path, format_: str, steps: Steps) -> dict[str, int]:
    """Write the files from what was put aside.

    Parameters
    ----------
    store : GraphStore
        The graph: when sources last brought what they say is looked up in it, a source at a time.
    spool : Spool
        What `put_thing` and `put_books` put there.
    out : Path
        The folder of the export; the files come into one of their own in it.
    format_ : {'csv', 'jsonl', 'parquet'}
        Their format.
    steps : Steps
        Is told of each row.

    Returns
    -------
    dict of str to int
        Rows by file, such as ``provenance/history.csv``; a file without rows is left out.
    """
    folder = out / FOLDER
    folder.mkdir()
    sources = {name: json.loads(text) for name, _, text in spool.sorted("sources")}
    rows: dict[str, Iterator[Row]] = {
        "provenance": _said(store, spool, sources),
        "sources": _sources(sources),
        **{name: (json.loads(text) for _, _, text in spool.sorted(name)) for name in ("history", "merges", "verdicts")},
    }
    counts = {}
    for name, columns in _COLUMNS.items():
        path = folder / f"{name}.{format_}"
        if number := write_rows(path, format_, columns, rows[name], steps.add):
            counts[f"{FOLDER}/{path.name}"] = number
    if not counts:
        folder.rmdir()
    return counts


def _said(store: GraphStore, spool: Spool, sources: dict[str, Row]) -> Iterator[Row]:
    """The lines of provenance in order; sources that nobody named are noted among the others on the way."""
    _tell_records(spool, {name: source["trust"] for name, source in sources.items()})
    sightings: dict[str, Sightings] = {}
    for table in (*(table.name for table in _TABLES.values()), _TIES):
        for id_, _, text in spool.sorted(f"told.{table}"):
            told = json.loads(text)
            source = told["source"]
            if source not in sightings:
                sightings[source] = Sightings.by_source(store, source)
                if source != PINNED:
                    sources.setdefault(source, _unnamed(source))
            prefix = sources.get(source, {}).get("prefix")
            for line in _lines(told, sightings[source], {source: prefix} if prefix else {}):
                yield {"table": table, "id": id_} | line


def _lines(told: Row, sightings: Sightings, prefixes: Mapping[str, str]) -> Iterator[Row]:
    """What a source says of a thing: that it does, then field by field.

    Where it alone speaks of the thing, the tables say what: only what came otherwise than it is shown has a line, and
    what the source last said at another time than the rest.
    """
    seen_at, won = datetime.fromisoformat(told["seen_at"]), told["won"]
    first_at = told["first_at"] and datetime.fromisoformat(told["first_at"])
    said = (told["source"], told["about"], "", told["values"], told["raw"], seen_at, first_at)
    record = SourceRecord(*said, times_of(told["earlier"]))
    same = {"source": record.source, "key": key_there(record, prefixes)}
    times = _times(seen_at, sightings.last_seen(record))
    yield same | times | {"first_seen": _time(first_at), "shown": told["shown"]}
    for name, last_seen in sorted(sightings.by_field(record).items()):
        own = _times(record.said_at(name), last_seen)
        if won is None and name not in record.raw and own == times:
            continue
        shown = {"shown": True} if won is None else {"shown": name in won, "rule": won.get(name)}
        yield same | own | {"field": name, "value": record.fields.get(name), "raw": record.raw.get(name)} | shown


def _times(seen_at: datetime, last_seen: datetime) -> dict[str, str | None]:
    return {"seen_at": _time(seen_at), "last_seen": _time(last_seen)}


def _unnamed(source: str) -> Row:
    """What holds of a source until somebody names it."""
    return {
        "kind": HAND if source == HAND else FILES,
        "trust": trust_of(source, {}),
        "prefix": None,
        "created_at": None,
    }


def _sources(sources: Mapping[str, Row]) -> Iterator[Row]:
    for name in sorted(sources):
        yield {"name": name} | sources[name]
