"""What goes to the database's driver, and what comes back from it, as plain Python: values and failures."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

import neo4j
import neo4j.time
from neo4j.exceptions import (
    ConstraintError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from graphcrm.errors import Conflict, StoreError

__all__ = ["SHUTTING_DOWN", "received", "sent", "translated"]

_log = logging.getLogger(__name__)

_GONE: Final = "the database does not answer; check that it runs, then try again"
_NO_ROOM: Final = "; make room if its disk is full, start it again, then try again"
"""What Neo4j needs when it could not write: it takes no transaction until it is started anew."""
_BUSY: Final = "the database is busy with conflicting writes; try again"

SHUTTING_DOWN: Final = (
    "Neo.ClientError.Transaction.TransactionNotFound",
    "Neo.ClientError.Request.Invalid",
    "Neo.ClientError.Statement.SemanticError",
)
"""What the embedded engine says, while it goes down, of transactions that are open or begin."""


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


def translated(error: Exception) -> Exception:
    """What to tell of what the driver raised; anything else is given back."""
    code = getattr(error, "code", "") or ""
    if "TransactionTimedOut" in code or "Terminated" in code:
        return StoreError(
            "the query took too long and was cut off; ask for less, or raise GRAPHCRM_QUERY_TIMEOUT_S",
            timed_out=True,
        )
    if isinstance(error, ConstraintError):
        return Conflict("another record has this id already")
    if isinstance(error, TransientError):
        return StoreError(_BUSY, retryable=True)
    if isinstance(error, ServiceUnavailable | SessionExpired | DriverError | OSError) or code in SHUTTING_DOWN:
        _log.warning("the database is lost: %s", error)
        return StoreError(_GONE, retryable=True)
    if code.startswith("Neo.DatabaseError.Transaction."):
        return StoreError(f"the database cannot write ({code}){_NO_ROOM}", retryable=True)
    if isinstance(error, Neo4jError):
        return StoreError(f"the database refused a query ({code})", retryable=code.startswith("Neo.DatabaseError"))
    return error
