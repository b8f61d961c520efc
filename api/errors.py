"""From what went wrong to what the caller is told: the one table of HTTP statuses.

Every refusal is an RFC 9457 problem (``application/problem+json``). Its `type` names the kind of problem, `detail` says
in one sentence what to do, and where they are known `field`, `rule` and `allowed` say which value broke which rule and
what would have been accepted. Nothing of the inside (traceback, query, secret, another caller's value) goes into one.

References
----------
RFC 9457, Problem Details for HTTP APIs.
"""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from graphcrm.errors import (
    Cancelled,
    Conflict,
    Forbidden,
    GraphCRMError,
    InvalidInput,
    LooksAlike,
    MergedAway,
    NoConsent,
    NotFound,
    StaleVersion,
    StoreError,
    TooMany,
)
from graphcrm.limits import MAX_PAGE

__all__ = [
    "PROBLEM_MEDIA_TYPE",
    "Malformed",
    "PreconditionRequired",
    "Problem",
    "TooLarge",
    "UnsupportedMediaType",
    "install",
    "problem_of",
    "respond",
]

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
"""Seconds after which a caller may try again when the database was gone or busy: a restart takes longer, a write
conflict less."""


class Malformed(GraphCRMError):
    """The body is not the format that it claims to be."""


class TooLarge(GraphCRMError):
    """The body is longer than the bound."""


class UnsupportedMediaType(GraphCRMError):
    """The body is of a type that this operation does not take."""


class PreconditionRequired(GraphCRMError):
    """A change came without `If-Match`."""


@dataclass(frozen=True)
class Problem:
    """What the caller is told: status, kind, one sentence, members beyond those, headers."""

    status: int
    kind: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The problem as JSON, UTF-8."""
        title = http.HTTPStatus(self.status).phrase
        document = {
            "type": f"urn:graphcrm:problem:{self.kind}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
        }
        return to_json(document | {key: value for key, value in self.members.items() if value is not None})


# The first class that fits decides. (DESIGN: HTTP, one table.)
_TABLE: tuple[tuple[type[GraphCRMError], int, str], ...] = (
    (Malformed, 400, "malformed"),
    (NotFound, 404, "not-found"),
    (LooksAlike, 409, "looks-alike"),
    (NoConsent, 409, "no-consent"),
    (Conflict, 409, "conflict"),
    (MergedAway, 409, "merged"),
    (Cancelled, 409, "cancelled"),
    (StaleVersion, 412, "stale-version"),
    (TooLarge, 413, "too-large"),
    (UnsupportedMediaType, 415, "unsupported-media-type"),
    (InvalidInput, 422, "invalid-input"),
    (PreconditionRequired, 428, "precondition-required"),
    (TooMany, 429, "too-many"),
)


def problem_of(error: Exception) -> Problem:
    """The problem that an error is told as.

    Parameters
    ----------
    error : Exception
        What was raised. An error that nobody foresaw becomes a 500 that says nothing about the inside.

    Returns
    -------
    Problem
        Status, kind, detail, further members and headers.

    Examples
    --------
    >>> problem_of(NotFound("There is no customer 'C1'.")).status
    404
    """
    if isinstance(error, Forbidden):
        return _refusal(error)
    if isinstance(error, StoreError):
        return _store_problem(error)
    if isinstance(error, GraphCRMError):
        status, kind = next(((s, k) for known, s, k in _TABLE if isinstance(error, known)), (500, "internal"))
        return Problem(status, kind, error.message, _members(error))
    if isinstance(error, RequestValidationError):
        return _validation_problem(error.errors())
    if isinstance(error, HTTPException):
        return _http_problem(error)
    return Problem(
        500, "internal", "Something went wrong inside. The log has the details under this request's X-Request-ID."
    )


def _members(error: GraphCRMError) -> dict[str, Any]:
    if isinstance(error, InvalidInput):
        return {"field": error.field, "rule": "one_of" if error.allowed else None, "allowed": error.allowed}
    if isinstance(error, LooksAlike):
        return {"candidates": error.candidates}
    if isinstance(error, NoConsent):
        return {"field": error.field, "count": len(error.parties), "parties": error.parties[:MAX_PAGE]}
    if isinstance(error, Conflict) and error.details:
        return {"details": error.details}
    return {}


def _refusal(error: Forbidden) -> Problem:
    if error.authenticated:
        return Problem(403, "forbidden", error.message)
    return Problem(401, "unauthorized", error.message, headers={"WWW-Authenticate": 'Bearer realm="graphcrm"'})


def _store_problem(error: StoreError) -> Problem:
    if error.timed_out:
        return Problem(504, "timed-out", error.message)
    if not error.retryable:
        return Problem(500, "store-failed", error.message)
    return Problem(503, "unavailable", error.message, headers={"Retry-After": str(RETRY_AFTER_S)})


def _http_problem(error: HTTPException) -> Problem:
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return Problem(404, "not-found", "There is nothing at this address.", headers=headers)
    if error.status_code == 405:
        return Problem(405, "method-not-allowed", f"This address takes {headers.get('Allow')} only.", headers=headers)
    return Problem(error.status_code, "refused", str(error.detail), headers=headers)


def _validation_problem(errors: Sequence[Any]) -> Problem:
    found = [_broken_rule(error) for error in errors]
    if any(rule["rule"] == "json_invalid" for rule in found):
        return Problem(400, "malformed", "The body is not valid JSON.")
    first = found[0]
    detail = f"{first['field']}: {first['message']}"
    members = {"field": first["field"], "rule": first["rule"], "allowed": first.get("allowed"), "errors": found}
    return Problem(422, "invalid-input", detail, members)


def _broken_rule(error: Mapping[str, Any]) -> dict[str, Any]:
    """One pydantic error as field, rule and message, without the value (it may be someone's personal data)."""
    # ("query", "layers", 0) is the parameter `layers`.
    name = str(error["loc"][1] if len(error["loc"]) > 1 else error["loc"][0])
    rule = {"field": name, "rule": str(error["type"]), "message": str(error["msg"])}
    context = error.get("ctx") or {}
    if error["type"] in ("literal_error", "enum"):
        return rule | {"allowed": _named_values(str(context.get("expected", "")))}
    return rule


def _named_values(expected: str) -> list[str]:
    """The values of pydantic's "'a', 'b' or 'c'".

    Examples
    --------
    >>> _named_values("'hops' or 'strength'")
    ['hops', 'strength']
    """
    return [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",") if part.strip()]


def respond(problem: Problem) -> Response:
    """A problem as an HTTP response."""
    return Response(problem.body(), problem.status, dict(problem.headers), PROBLEM_MEDIA_TYPE)


def _handle(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        error = HTTPException(405, headers={"Allow": ", ".join(_methods_of(request, error))})
    if isinstance(error, MergedAway):
        return respond(_elsewhere(request, error))
    return respond(problem_of(error))


def _elsewhere(request: Request, error: MergedAway) -> Problem:
    """Where a party is that was merged away: readers are sent there, writers told."""
    # What was asked of the one is asked of the other: its history, with the same choices.
    asked = getattr(request.scope.get("route"), "path", "")
    before = f"/api/v1/{error.table}/" if error.table else asked.partition("{")[0]
    query = f"?{request.url.query}" if request.url.query else ""
    # Who made something anew under that id is told of the other itself.
    behind = asked.rpartition("}")[2] if "{" in asked else ""
    address = f"{before}{quote(error.into, safe='')}{behind}{query}"
    members = {"into": error.into, "location": address}
    if request.method in ("GET", "HEAD"):
        return Problem(308, "merged", error.message, members, {"Location": address})
    return Problem(409, "merged", error.message, members)


def _methods_of(request: Request, error: HTTPException) -> list[str]:
    """All methods of the resource that an address names: each route knows its own alone.

    An address may also be read as an id that ends in a resource's name; the first reading counts.
    """
    methods = {method.strip() for method in (error.headers or {}).get("Allow", "").split(",") if method}
    matching = [route for route in request.app.state.routes if route.path_regex.match(request.scope["path"])]
    for route in matching:
        if route.path_format == matching[0].path_format:
            methods |= route.methods
    return sorted(methods)


def install(app: FastAPI) -> None:
    """Make an application answer every error as a problem (unforeseen ones: `api.middleware`)."""
    for kind in (GraphCRMError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _handle)
