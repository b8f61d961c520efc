"""How answers are written, and how OpenAPI is told about them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import pandas as pd
from fastapi.responses import Response
from pydantic_core import to_json

from api.errors import PROBLEM_MEDIA_TYPE
from graphcrm.errors import InvalidInput

__all__ = ["analytic", "documented", "json_response", "offset_of", "offset_page"]

PROBLEM_REF: Final = {"$ref": "#/components/schemas/Problem"}
_DESCRIPTIONS: Final = {
    308: "The party was merged into another, which `Location` names.",
    400: "Not JSON, not the format it claims, or a host name that is not this service's.",
    401: "No valid token.",
    403: "The token's role may not, or a web page of another origin asks.",
    404: "There is no such thing.",
    409: "The id exists, or something still hangs on it.",
    412: "The record has changed since it was read.",
    413: "The body is too long.",
    415: "The body's type is not taken here.",
    422: "A value breaks a rule.",
    428: "`If-Match` is missing.",
    429: "As many as may wait do so already; try again later.",
    503: "The database is gone or busy; try again after `Retry-After` seconds.",
    504: "The time limit cut the query off.",
}
_EVERYWHERE: Final = (400, 401, 403, 422, 503, 504)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's entries for the refusals of an operation.

    Parameters
    ----------
    *statuses : int
        Those beyond what every operation may answer.

    Returns
    -------
    dict
        For FastAPI's `responses`.
    """
    return {status: _refusal(status) for status in sorted({*_EVERYWHERE, *statuses})}


def _refusal(status: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "description": _DESCRIPTIONS[status],
        "content": {PROBLEM_MEDIA_TYPE: {"schema": PROBLEM_REF}},
    }
    if status == 503:
        entry["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return entry


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as UTF-8; a number that JSON does not have (NaN, infinity) is null."""
    body = to_json(content, inf_nan_mode="null")
    return Response(body, status, dict(headers or {}), "application/json")


def analytic(
    frame: pd.DataFrame,
    next_cursor: str | None = None,
    attrs: Mapping[Any, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A DataFrame of the library as a list, with what it was computed from: its `attrs`, unless others are given."""
    items = frame.to_dict("records")
    facts = {"metric": None} | dict(attrs or frame.attrs)
    return json_response({"items": items, "next_cursor": next_cursor} | facts, headers=headers)


def _question(parts: Mapping[str, Any]) -> str:
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def offset_of(cursor: str | None, question: Mapping[str, Any]) -> tuple[int, datetime | None]:
    """Where a page starts, and the moment that its list is as of.

    A ranking is computed whole, so its pages are counted off. The first page's moment travels along, since it is the
    same list that has to be paged through although time passes.

    Parameters
    ----------
    cursor : str or None
        As `offset_page` made it; None for the first page.
    question : mapping
        The parameters that decide the list; a cursor of another question is refused.

    Returns
    -------
    offset : int
        Items to pass over.
    as_of : datetime or None
        The first page's moment.
    """
    if cursor is None:
        return 0, None
    try:
        offset, as_of, asked = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        moment = None if as_of is None else datetime.fromisoformat(as_of).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, RecursionError):
        offset, moment, asked = None, None, None
    if not isinstance(offset, int) or not 0 < offset < 2**53 or asked != _question(question):
        raise InvalidInput("cursor: is not one that this question gave; start without it", field="cursor")
    return offset, moment


def offset_page(offset: int, as_of: str | None, question: Mapping[str, Any]) -> str:
    """The cursor of the page that starts at an offset."""
    return base64.urlsafe_b64encode(json.dumps([offset, as_of, _question(question)]).encode()).decode("ascii")
