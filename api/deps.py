"""What endpoints are given: the graph, who is calling, and a request whose parameters are all known."""

from __future__ import annotations

import inspect
import ipaddress
import threading
import time
import typing
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Request
from fastapi.params import Query
from starlette.concurrency import run_in_threadpool

from graphcrm import Graph
from graphcrm.errors import Forbidden, InvalidInput

__all__ = [
    "OPEN",
    "ROLES",
    "SESSION_COOKIE",
    "Caller",
    "Gate",
    "GraphDep",
    "get_graph",
    "only",
    "parameters_of",
    "require",
]

ROLES: Final = ("viewer", "editor", "admin")
"""Each may do what those before it may."""
SESSION_COOKIE: Final = "graphcrm_session"
"""The cookie in which a browser keeps a token; the log-in page sets it."""
_REMEMBERED_S: Final = 1.0
"""Seconds for which an answer about tokens is believed: a revocation counts in every process within that time."""
_REMEMBERED_TOKENS: Final = 1_000


def get_graph(request: Request) -> Graph:
    """The graph that this application serves."""
    return cast(Graph, request.app.state.graph)


async def _graph(request: Request) -> Graph:
    """`get_graph` for injection: a coroutine costs no thread."""
    return get_graph(request)


GraphDep = Annotated[Graph, Depends(_graph)]


@dataclass(frozen=True)
class Caller:
    """Who is calling: the token's name and its role."""

    name: str
    role: str

    def may(self, role: str) -> bool:
        """Whether this caller's role includes another."""
        return ROLES.index(self.role) >= ROLES.index(role)


OPEN: Final = Caller("", "admin")
"""Anyone on this machine, while no token exists."""


class Gate:
    """Who may come in.

    While no token exists, whoever calls over a loopback address may do everything and nobody else anything; from the
    first token on, everyone needs one. What the graph says about tokens is remembered for a second, because a question
    to the graph for every request would double the time of a short answer.

    Parameters
    ----------
    graph : Graph
        Where the tokens are.
    clock : callable, optional
        Seconds that only grow.
    """

    def __init__(self, graph: Graph, clock: Callable[[], float] = time.monotonic) -> None:
        self._graph = graph
        self._clock = clock
        self._lock = threading.Lock()
        self._any: tuple[float, bool] | None = None
        self._known: dict[bytes, tuple[float, Caller | None]] = {}

    async def caller(self, request: Request) -> Caller:
        """The caller of a request.

        Raises
        ------
        Forbidden
            When a token is needed and none that is valid came along.
        """
        token = _token_of(request)
        if token is not None:
            caller = await self.holder(token)
            if caller is not None:
                return caller
        if not await self._tokens_exist():
            if _over_loopback(request):
                return OPEN
            raise Forbidden(
                "No token exists yet: make one with 'graphcrm token create NAME --role admin' on the server."
            )
        if token is None:
            raise Forbidden("Send a token as 'Authorization: Bearer TOKEN'.")
        raise Forbidden("This token is not valid: it was mistyped or revoked.")

    async def holder(self, token: str) -> Caller | None:
        """Whose token this is; None for a token that is not valid."""
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        remembered = self._known.get(digest)
        if remembered is None or remembered[0] < self._clock():
            remembered = (self._clock() + _REMEMBERED_S, await run_in_threadpool(self._check, token))
            with self._lock:
                if len(self._known) >= _REMEMBERED_TOKENS:
                    self._known.clear()
                self._known[digest] = remembered
        return remembered[1]

    async def _tokens_exist(self) -> bool:
        if self._any is None or self._any[0] < self._clock():
            exist = bool(await run_in_threadpool(self._graph.tokens.list))
            self._any = (self._clock() + _REMEMBERED_S, exist)
        return self._any[1]

    def _check(self, token: str) -> Caller | None:
        try:
            found = self._graph.tokens.check(token)
        except Forbidden:
            return None
        return Caller(found["name"], found["role"]) if found else None


def _token_of(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    return request.cookies.get(SESSION_COOKIE)


def _over_loopback(request: Request) -> bool:
    """Whether the connection came in on a loopback address of this machine (then its other end is here too)."""
    server = request.scope.get("server")
    if not server:
        return False
    try:
        return ipaddress.ip_address(server[0]).is_loopback
    except ValueError:
        return bool(server[0] == "localhost")


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
        if any(isinstance(mark, Query) for mark in getattr(hint, "__metadata__", ())):
            (repeated if "list[" in str(typing.get_args(hint)[0]) else single).add(name)
    return single, repeated
