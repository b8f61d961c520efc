"""Lists of records: filters, sort and cursor, checked and turned into a page."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from operator import itemgetter
from typing import Annotated, Any, Final

from pydantic import TypeAdapter, ValidationError

from graphcrm.errors import InvalidInput
from graphcrm.service.paging import above, agreed, behind, enough, in_bytes
from graphcrm.service.planning import resolve_labels
from graphcrm.service.stored import tie_record
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TIES, Reference, Table
from graphcrm.values import MONEY_FIELDS, MONEY_SCALE, from_graph

__all__ = ["Page", "TiePages", "page_of_nodes"]

_LISTS: Final = ("tags", "attachments")


@dataclass(frozen=True)
class Page:
    """Some records in order, and where the next ones begin (None: there are no more)."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def page_of_nodes(
    tx: Transaction,
    table: Table,
    filters: Mapping[str, str],
    sort: str | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """The stored properties of a page of nodes, and the cursor of the next page; see `Records.page`."""
    field, descending = (sort or "id").removeprefix("-"), (sort or "").startswith("-")
    sortable = [name for name in ("id", *table.properties) if name not in _LISTS]
    if field not in sortable:
        raise InvalidInput(f"sort: {field!r} cannot be sorted by", field="sort", allowed=sortable)
    plain, named = _parse_filters(table, filters)
    common: dict[str, Any] = {"words": {"LABEL": table.label or ""}}
    common |= {"filters": plain, "ids": _named_ids(tx, table, named)}
    after = _decode(cursor, sort)

    def read(query: str, row_limit: int, **place: Any) -> list[dict[str, Any]]:
        return [row["record"] for row in tx.run(query, **common, **place, row_limit=row_limit)]

    if field == "id" and not descending:
        found = behind(
            lambda id_, rows: read("nodes/page", rows, after_id=id_),
            itemgetter("id"),
            after["id"] if after else "",
            limit + 1,
        )
    else:
        value = after.get("value") if after else None
        start = None if value is None else _parse(table, field, value, "cursor")
        place = _Place(field, descending, start, after["id"] if after else None)
        query = "nodes/page_descending" if descending else "nodes/page_ascending"
        found = enough(lambda rows: read(query, rows, **place.parameters), place.is_behind, limit + 1)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], _encode(sort, last["id"], from_graph(field, last.get(field)))


@dataclass(frozen=True)
class _Place:
    """Where a page of sorted nodes begins: behind a value and an id; from the start where there is no id."""

    field: str
    descending: bool
    value: Any
    id: str | None

    @property
    def parameters(self) -> dict[str, Any]:
        """What to ask for: all that lies behind the place, and a little before where comparisons are at odds."""
        value, id_ = self.value, self.id
        if isinstance(value, str) and (start := agreed(value)) != value:
            value = above(start) if self.descending else start
            id_ = None if value is None else ""
        elif id_ is not None:
            id_ = agreed(id_)
        return {"sort": self.field, "after": value, "after_id": id_}

    def is_behind(self, record: Mapping[str, Any]) -> bool:
        """Whether a node that was asked for lies behind the place indeed."""
        value = record.get(self.field)
        if self.id is None:
            return True
        if value == self.value:
            return in_bytes(record["id"]) > in_bytes(self.id)
        if isinstance(value, str) and isinstance(self.value, str):
            return (in_bytes(value) < in_bytes(self.value)) == self.descending
        return True


# ---- filters ---------------------------------------------------------------------------------------------


def _parse_filters(
    table: Table, filters: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[tuple[Reference, str]]]:
    references = {ref.field: ref for ref in table.references}
    plain: list[dict[str, Any]] = []
    named: list[tuple[Reference, str]] = []
    for given, text in filters.items():
        field, _, op = given.partition("__")
        if field in references and not op:
            named.append((references[field], text))
            continue
        if field not in ("id", *table.properties) or op not in ("", *_operators(table, field)):
            allowed = ["id", *table.properties, *references]
            raise InvalidInput(
                f"{given}: is no filter of {table.name}; there are: {', '.join(allowed)}, of texts also __contains, "
                "of times, days and numbers also __gte and __lte",
                field=given,
                allowed=allowed,
            )
        plain.append(_condition(table, field, op, text))
    return plain, named


def _operators(table: Table, field: str) -> tuple[str, ...]:
    """How a field compares beside being equal."""
    if field in _LISTS:
        return ()
    schema = _adapter(table, field).json_schema()
    kinds = {(part.get("type"), part.get("format")) for part in schema.get("anyOf", [schema])} - {("null", None)}
    if kinds == {("boolean", None)}:
        return ()
    return ("contains",) if kinds == {("string", None)} else ("gte", "lte")


def _condition(table: Table, field: str, op: str, text: str) -> dict[str, Any]:
    if op == "contains":
        return {"key": field, "op": "contains", "value": text.lower()}
    if field in _LISTS:
        return {"key": field, "op": "has", "value": text}
    return {"key": field, "op": op or "eq", "value": _parse(table, field, text, f"{field}__{op}" if op else field)}


@cache
def _adapter(table: Table, field: str) -> TypeAdapter[Any]:
    """Reads one field's values by the rules of its model."""
    info = table.model.model_fields[field]
    return TypeAdapter(Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation)  # type: ignore[arg-type]


def _parse(table: Table, field: str, text: Any, named: str) -> Any:
    """Read a filter's or cursor's value as the field's type, in the form the graph has it."""
    try:
        value = _adapter(table, field).validate_python(text)
    except ValidationError as error:
        raise InvalidInput(f"{named}: {error.errors()[0]['msg']}", field=named) from None
    if field in MONEY_FIELDS:
        return int(value * MONEY_SCALE)
    return value


def _named_ids(tx: Transaction, table: Table, named: list[tuple[Reference, str]]) -> list[str] | None:
    """Ids of the records that name the given ones in their reference columns; None when nothing is asked."""
    ids: set[str] | None = None
    for ref, other_id in named:
        label = resolve_labels(tx, ref.labels, [other_id], {}).get(other_id)
        found: set[str] = set()
        if label:
            query = "ties/list_incoming" if ref.outgoing else "ties/list_outgoing"
            columns = tx.run(query, words={"TYPE": ref.type, "LABEL": label}, ids=[other_id])[0]
            found = {
                other
                for other, kind, tie in zip(columns["other_id"], columns["other_label"], columns["tie"], strict=True)
                if kind == table.label and ref.role in (None, tie.get("role"))
            }
        ids = found if ids is None else ids & found
    return None if ids is None else sorted(ids)


# ---- cursors ---------------------------------------------------------------------------------------------


def _encode(sort: str | None, id_: str, value: Any) -> str:
    text = json.dumps({"sort": sort, "id": id_, "value": value}, ensure_ascii=False, default=_iso)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _iso(value: date | datetime) -> str:
    return value.isoformat()


def _decode(cursor: str | None, sort: str | None) -> dict[str, Any] | None:
    if not cursor:
        return None
    try:
        after = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(after["id"], str) and after["sort"] == sort:
            return dict(after)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InvalidInput("cursor: take it from next_cursor of a page with the same filters and sort", field="cursor")


# ---- ties ------------------------------------------------------------------------------------------------


class TiePages:
    """Pages of ties, in the order of their types' names and ids."""

    FILTERS: Final = ("type", "source_id", "target_id")

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def page(self, filters: Mapping[str, str], sort: str | None, cursor: str | None, limit: int) -> Page:
        """See `Records.page`; ties are filtered by `FILTERS` and sorted by id alone."""
        for given in filters:
            if given not in self.FILTERS:
                message = f"{given}: is no filter of ties; there are: {', '.join(self.FILTERS)}"
                raise InvalidInput(message, field=given, allowed=self.FILTERS)
        if sort not in (None, "id"):
            raise InvalidInput("sort: ties are sorted by id alone", field="sort", allowed=["id"])
        if (only := filters.get("type")) is not None and only not in TIES:
            raise InvalidInput(f"type: must be one of {', '.join(TIES)}", field="type", allowed=TIES)
        after = _decode(cursor, sort)
        begin = str(after.get("value")) if after else ""
        items: list[dict[str, Any]] = []
        for type_ in sorted(name for name in TIES if only in (None, name)):
            if type_ < begin or len(items) > limit:
                continue
            rows = behind(
                partial(self._rows, type_, filters),
                lambda row: str(row["record"]["id"]),
                after["id"] if after and type_ == begin else "",
                limit + 1 - len(items),
            )
            items += [tie_record(type_, row["source_id"], row["target_id"], row["record"]) for row in rows]
        if len(items) <= limit:
            return Page(items, None)
        last = items[limit - 1]
        return Page(items[:limit], _encode(sort, last["id"], last["type"]))

    def _rows(self, type_: str, filters: Mapping[str, str], after: str, rows: int) -> list[dict[str, Any]]:
        ends = {"source_id": filters.get("source_id"), "target_id": filters.get("target_id")}
        return self._store.read("ties/page", words={"TYPE": type_}, after_id=after, **ends, row_limit=rows)
