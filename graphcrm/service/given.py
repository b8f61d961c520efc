"""What callers give as a record, and what they ask to be changed in one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphcrm.errors import InvalidInput, StaleVersion
from graphcrm.service.stored import node_table
from graphcrm.tables import TIES, Row, Table

__all__ = ["check_names", "check_version", "etag", "fields_of", "patched", "table_of", "waves"]


def etag(record: Mapping[str, Any]) -> str:
    """The version of a record: a digest of its fields, the same wherever and whenever it is computed."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def table_of(name: str) -> Table:
    """A table, or the one of a type of ties, by its name."""
    return TIES[name] if name in TIES else node_table(name)


def fields_of(table: str, values: Mapping[str, Any]) -> tuple[Table, Mapping[str, Any]]:
    """A record's table, and its fields: of a tie without its type and id."""
    if not isinstance(values, Mapping):
        raise InvalidInput("row: must be an object with the record's fields", field="row")
    if table != "ties":
        return node_table(table), values
    type_ = values.get("type")
    if not isinstance(type_, str) or type_ not in TIES:
        raise InvalidInput(f"type: must be one of {', '.join(TIES)}", field="type", allowed=TIES)
    return TIES[type_], {key: value for key, value in values.items() if key not in ("type", "id")}


def waves(rows: Sequence[Row]) -> list[list[int]]:
    """Positions of rows in waves, so that no id stands twice in one and each id's rows keep their order."""
    seen: dict[str, int] = {}
    found: list[list[int]] = []
    for index, row in enumerate(rows):
        turn = seen.get(row.id, 0)
        seen[row.id] = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(index)
    return found


def patched(current: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record with some changed, by the rules of JSON Merge Patch."""
    found = dict(current)
    for key, value in changes.items():
        if key == "extra" and isinstance(value, Mapping):
            found[key] = {k: v for k, v in {**current["extra"], **value}.items() if v is not None}
        elif value is None:
            found.pop(key, None)
        else:
            found[key] = value
    return found


def check_names(table: str, changes: Mapping[str, Any]) -> None:
    """Refuse fields that no record of the table has, even to be removed."""
    tables = TIES.values() if table == "ties" else [node_table(table)]
    known = dict.fromkeys(["id", *(name for each in tables for name in each.columns), "extra"])
    if table == "ties":
        known["type"] = None
    for name in changes:
        if name not in known:
            raise InvalidInput(
                f"{name}: is no field of {table}; there are: {', '.join(known)}", field=name, allowed=known
            )


def check_version(current: dict[str, Any], etag_: str | None) -> None:
    """Refuse a change of a version that is no longer there; None stands for any version."""
    if etag_ is not None and etag_ != etag(current):
        raise StaleVersion(f"{current['id']!r} has changed since it was read; read it again and repeat the change")
