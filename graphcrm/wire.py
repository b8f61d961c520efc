"""What goes to the database's driver, and what comes back from it, as plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import neo4j
import neo4j.time

__all__ = ["received", "sent"]


class _Unprinted(list[Any]):
    """A list that is not printed: the driver renders all parameters for its log, even where it keeps none.

    That takes a tenth of the time of writing, and would put personal data into the log.
    """

    def __repr__(self) -> str:
        return f"[{len(self)} items]"


def sent(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the driver is to get them.

    Examples
    --------
    >>> sent({"ids": ["ada", "bob"], "limit": 2})
    {'ids': [2 items], 'limit': 2}
    """
    return {name: _Unprinted(value) if isinstance(value, list) else value for name, value in parameters.items()}


def received(record: neo4j.Record) -> dict[str, Any]:
    """A record by column, with Python's own times: aware, in UTC."""
    return dict(zip(record.keys(), map(_plain, record.values()), strict=True))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        if value and isinstance(value[0], str | int | float):
            return value  # columns are homogeneous, and long
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, neo4j.time.DateTime):
        native = value.to_native()
        return native.replace(tzinfo=UTC) if native.tzinfo is None else native.astimezone(UTC)
    if isinstance(value, neo4j.time.Date):
        return value.to_native()
    return value
