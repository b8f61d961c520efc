"""What endpoints are given: the graph, who is calling, and a request whose parameters are all known."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Request
from fastapi.params import Query
from starlette.concurrency import run_in_threadpool

from api.middleware import host_name, is_loopback
from graphcrm import Graph
from graphcrm.errors import Forbidden, InvalidInput
from graphcrm.service.changes import act_as
from graphcrm.service.tokens import ROLES

__all__ = [
    "OPEN",
    "SESSION_COOKIE",
    "Caller",
    "Gate",
    "GraphDep",
    "get_graph",
    "only",
    "parameters_of",
    "require",
]

SESSION_COOKIE: Final = "graphcrm_session"
"""The cookie in which a browser keeps a token; the log-in page sets it."""


async def get_graph(request: Request) -> Graph:
    """The graph that this application serves (a coroutine, since that costs no thread)."""
    return cast(Graph, request.app.state.graph)


GraphDep = Annotated[Graph, Depends(get_graph)]


@dataclass(frozen=True)
class Caller:
    """Who is calling: the token's name and its role."""

    name: str
    role: str

    def may(self, role: str) -> bool:
        """Whether this caller's role includes another."""
        return ROLES.index(self.role) >= ROLES.index(role)


_PASSED_ON: Final = frozenset({"forwarded", "via"})
"""Headers that proxies add, beside `X-Forwarded-*`."""

OPEN: Final = Caller("", "admin")
"""Anyone on this machine, while no token exists."""


class Gate:
    """Who may come in.

    While no token exists, whoever calls over a loopback address by a loopback name and not through a proxy may do
    everything and nobody else anything; from the first token on, everyone needs one.

    Parameters
    ----------
    graph : Graph
        Where the tokens are.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def caller(self, request: Request) -> Caller:
        """The caller of a request.

        Raises
        ------
        Forbidden
            When a token is needed and none that is valid came along.
        """
        token = _token_of(request)
        found = await run_in_threadpool(self._admitted, token, _from_this_machine(request))
        if found is None and token is None:
            raise Forbidden("Send a token as 'Authorization: Bearer TOKEN'.")
        if found is None:
            raise Forbidden("This token is not valid: it was mistyped or revoked.")
        return found

    async def holder(self, token: str) -> Caller | None:
        """Whose token this is; None for a token that is not valid."""
        return await run_in_threadpool(self._holder, token)

    def _admitted(self, token: str | None, is_local: bool) -> Caller | None:
        if not self._graph.tokens.exist():
            if is_local:
                return OPEN
            raise Forbidden("No token exists yet: make one with 'graphcrm token create' on the server.")
        return None if token is None else self._holder(token)

    def _holder(self, token: str) -> Caller | None:
        try:
            return Caller(*self._graph.tokens.check(token))
        except Forbidden:
            return None


def _token_of(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    return request.cookies.get(SESSION_COOKIE)


def _from_this_machine(request: Request) -> bool:
    """Whether the connection came in on a loopback address (then its other end is here too) and under such a name.

    A proxy on this machine brings in the whole world, often under a loopback name, so nothing that bears a proxy's mark
    counts. Not every proxy leaves one: behind a proxy make a token first.
    """
    address, _ = request.scope.get("server") or ("", None)
    return (
        is_loopback(address)
        and is_loopback(host_name(request.headers.get("host", "")))
        and not any(name in _PASSED_ON or name.startswith("x-forwarded-") for name in request.headers)
    )


@cache
def require(role: str) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """A dependency that lets callers of a role (or a higher one) in and gives the caller.

    Parameters
    ----------
    role : {'viewer', 'editor', 'admin'}
        The least role.

    Returns
    -------
    callable
        For `fastapi.Depends`; raises `Forbidden` (401 without a valid token, 403 with too low a role).
    """

    async def caller(request: Request) -> Caller:
        found = await cast(Gate, request.app.state.gate).caller(request)
        if not found.may(role):
            message = f"This needs the role {role}; the token {found.name!r} has the role {found.role}."
            raise Forbidden(message, authenticated=True)
        act_as(found.name or None)
        return found

    return caller


def only(single: Collection[str], repeated: Collection[str] = ()) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """A dependency that refuses query parameters which an operation does not have.

    A misspelt filter that is silently dropped gives a wrong answer that looks right.

    Parameters
    ----------
    single, repeated : collection of str
        Names of the parameters that may be given once, and any number of times.
    """
    names = sorted({*single, *repeated})

    async def check(request: Request) -> None:
        seen = set()
        for name, _ in request.query_params.multi_items():
            if name in seen and name not in repeated:
                raise InvalidInput(f"The parameter {name[:100]!r} is given more than once.", field=name[:100])
            seen.add(name)
        for name in seen:
            if name not in names:
                known = f"there are: {', '.join(names)}" if names else "there are none here"
                raise InvalidInput(f"There is no parameter {name[:100]!r}; {known}.", field=name[:100], allowed=names)

    return check


def parameters_of(endpoint: Callable[..., Any]) -> tuple[set[str], set[str]]:
    """Names of an endpoint's query parameters: those given once, and those that may be repeated (they are lists)."""
    hints = typing.get_type_hints(endpoint, include_extras=True)
    single: set[str] = set()
    repeated: set[str] = set()
    for name in inspect.signature(endpoint).parameters:
        hint = hints.get(name)
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, Query):
                (repeated if "list[" in str(typing.get_args(hint)[0]) else single).add(mark.alias or name)
    return single, repeated
