"""The errors graphcrm raises on purpose.

::

    GraphCRMError
    ├── InvalidInput      a value breaks a rule; names the field and, where there is one, what is allowed
    ├── NotFound          no such party, record, tie or file
    ├── Conflict          the id exists, or is still in use
    │   ├── LooksAlike    there are parties already that may be the new one; names them
    │   └── NoConsent     parties would be targeted that have not granted it; names them
    ├── MergedAway        the party was merged into another, which it names
    ├── StaleVersion      the record has changed since it was read (If-Match)
    ├── Forbidden         no valid token, or its role may not
    ├── TooMany           as many as may wait do so already
    ├── Cancelled         somebody had the work stopped
    └── StoreError        the database is gone, busy or too new (`retryable` says whether to try again)

They carry no HTTP status: `api.errors` holds the one table that maps them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "Cancelled",
    "Conflict",
    "Forbidden",
    "GraphCRMError",
    "InvalidInput",
    "LooksAlike",
    "MergedAway",
    "NoConsent",
    "NotFound",
    "StaleVersion",
    "StoreError",
    "TooMany",
]


class GraphCRMError(Exception):
    """Base of all errors that graphcrm raises on purpose; `message` says what to do, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(GraphCRMError):
    """A value breaks a rule.

    Parameters
    ----------
    message : str
        What is wrong and what to do, in one line.
    field : str, optional
        The field, column or parameter that holds the value.
    allowed : iterable of str, optional
        The values that exist, where there is a closed list of them.
    """

    def __init__(self, message: str, *, field: str | None = None, allowed: Iterable[str] | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.allowed = list(allowed) if allowed is not None else None


class NotFound(GraphCRMError):
    """There is no such thing."""


class Conflict(GraphCRMError):
    """The id exists already, or something still hangs on it.

    Parameters
    ----------
    message : str
        What is in the way and what to do, in one line.
    details : dict, optional
        What hangs on it, by relationship type.
    """

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = details or {}


class LooksAlike(Conflict):
    """The new party looks like some that are there.

    Parameters
    ----------
    message : str
        How many there are and what to do, in one line.
    candidates : list of dict
        `id`, `label`, `name`, `probability` and `evidence` of each, the most probable first.
    """

    def __init__(self, message: str, *, candidates: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


class NoConsent(Conflict):
    """A campaign would target parties that have not granted to be contacted by its channel for its purpose.

    Parameters
    ----------
    message : str
        Who they are and what to do, in one line.
    field : str
        The field that names them.
    parties : list of dict
        `campaign_id`, `id`, `consent` (``refused`` or ``unknown``) and `at` (when it was refused) of each, by campaign
        and id.
    """

    def __init__(self, message: str, *, field: str = "targeted_ids", parties: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.field = field
        self.parties = parties


class MergedAway(GraphCRMError):
    """The party was merged into another, which stands for it.

    Parameters
    ----------
    message : str
        Which one it was merged into, in one line.
    table, into : str
        The table and id of the one that stands for it; no table where the question is not one about a table's record.
    """

    def __init__(self, message: str, *, table: str = "", into: str = "") -> None:
        super().__init__(message)
        self.table = table
        self.into = into


class StaleVersion(GraphCRMError):
    """The record has changed since the caller read it."""


class Forbidden(GraphCRMError):
    """No valid token came along, or its role does not allow the action.

    Parameters
    ----------
    message : str
        What is missing, in one line.
    authenticated : bool
        Whether a valid token came along.
    """

    def __init__(self, message: str, *, authenticated: bool = False) -> None:
        super().__init__(message)
        self.authenticated = authenticated


class TooMany(GraphCRMError):
    """As many as may wait do so already; there is room later."""


class Cancelled(GraphCRMError):
    """Somebody had the work stopped, or it is another process's now."""


class StoreError(GraphCRMError):
    """The database did not do what was asked.

    Parameters
    ----------
    message : str
        What happened and what to do, in one line.
    retryable : bool
        Whether the same call may succeed in a moment.
    timed_out : bool
        Whether a time limit cut the call off.
    """

    def __init__(self, message: str, *, retryable: bool = False, timed_out: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.timed_out = timed_out
