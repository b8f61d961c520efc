"""What happens around every request, as plain ASGI (Starlette's BaseHTTPMiddleware would cost a task a request).

From the outside in: `RequestLog` (id, metrics, the last resort for errors, security headers), `LocalOnly` (`Host` and
origin), `BodyLimit`, `HeadAsGet`.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import time
import traceback
import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, TooLarge, problem_of, respond
from graphcrm.limits import MAX_BODY_BYTES, MAX_UPLOAD_BYTES

__all__ = [
    "BodyLimit",
    "HeadAsGet",
    "LocalOnly",
    "Metrics",
    "RequestIdFilter",
    "RequestLog",
    "host_name",
    "install",
    "is_loopback",
]

logger = logging.getLogger(__name__)

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UPLOADS: Final = "/api/v1/imports"
"""Where bodies are streamed to disk, and may be longer."""
_GIVEN_UP: Final = 499
"""How a request is counted whose client went away before it was answered; the number is nginx's."""
_PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    # Pages bring their own policy; JSON needs nothing at all.
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    # Answers are personal data: a shared cache must not keep them.
    b"cache-control": b"private, no-cache",
}
"""What every answer carries, unless it says otherwise itself."""


_request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdFilter(logging.Filter):
    """Gives every log record the id of the request in whose course it was made (empty outside of one)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add `request_id`; keep the record."""
        record.request_id = _request_id.get()
        return True


class Metrics:
    """Counters of an application, in a registry of its own so that two applications in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("graphcrm_http_requests", "Requests answered", labels, registry=self.registry)
        self._seconds = Histogram(
            "graphcrm_http_request_seconds", "Time to answer a request", ("method", "route"), registry=self.registry
        )

    def count(self, method: str, scope: Scope, status: int, seconds: float) -> None:
        """Count one request under its route's template (an id in a label would be personal data without bound)."""
        method = method if method in _METHODS else "other"
        route = getattr(scope.get("route"), "path_format", None) or "none"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class RequestLog:
    """Names each request, measures it, adds the security headers and turns an unforeseen error into a plain 500.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    metrics : Metrics
        Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _named(Headers(scope=scope))
        _request_id.set(request_id)
        method, status = scope["method"], 0
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                own = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in _HEADERS.items() if name not in own]
                message["headers"] = [*headers, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = status or _GIVEN_UP
            logger.info("request given up by its client: id=%s", request_id)
        except Exception as error:
            # The error's own text may hold someone's data, so the log gets its kind and where it happened.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("request failed: id=%s error=%s\n%s", request_id, type(error).__qualname__, where)
            if status:
                raise
            await respond(problem_of(error))(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.count(method, scope, status, seconds)
            logger.debug("request: id=%s method=%s status=%s ms=%.1f", request_id, method, status, seconds * 1e3)


def _named(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _PLAIN_WORD.fullmatch(given) else uuid.uuid4().hex


class LocalOnly:
    """Refuses what a web page elsewhere could make a browser send here.

    A browser on the same machine reaches a loopback service, so the address alone protects nothing. A forged or rebound
    `Host` is refused by name; a request that a page of another origin caused is known by `Origin` and `Sec-Fetch-Site`.
    Following a link to a page is allowed, since it shows the answer to the user alone.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    hosts : iterable of str
        Names beside the loopback ones under which the service may be called.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            problem = self._refusal(scope["method"], Headers(scope=scope))
            if problem is not None:
                await respond(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> Problem | None:
        hosts = headers.getlist("host")
        name = host_name(hosts[0]) if len(hosts) == 1 else ""
        if not is_loopback(name) and name not in self._hosts:
            detail = "The service is not known under this host name; add it to GRAPHCRM_ALLOWED_HOSTS if it should be."
            return Problem(400, "unknown-host", detail)
        if _from_elsewhere(method, headers, hosts[0]):
            return Problem(403, "foreign-origin", "A web page of another origin may not call this service.")
        return None


def host_name(netloc: str) -> str:
    """The name in a `Host` header or an origin's host part, without the port, in lower case.

    Examples
    --------
    >>> host_name("LOCALHOST:8000"), host_name("[::1]:80")
    ('localhost', '::1')
    """
    if netloc.startswith("["):
        name, end, _ = netloc[1:].partition("]")
        return name.lower() if end else ""
    return netloc.partition(":")[0].lower()


def is_loopback(name: str) -> bool:
    """Whether a host name means this machine and can mean no other.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("127.0.0.1.example")
    (True, False)
    """
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _from_elsewhere(method: str, headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    # "null" is the origin of sandboxed frames and local files: elsewhere too.
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        return True
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    follows_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (follows_link and method in ("GET", "HEAD"))


class BodyLimit:
    """Refuses a body above the bound: by its stated length at once, else as soon as so much has come.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    limit : int
        Bytes.
    upload_limit : int
        Bytes of an upload, which goes to disk.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES, upload_limit: int = MAX_UPLOAD_BYTES) -> None:
        self._app = app
        self._limit = limit
        self._upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._upload_limit if scope["path"] == _UPLOADS else self._limit
        too_large = TooLarge(f"The body is longer than {limit} bytes; send it in several requests.")
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isascii() or not stated.isdigit() or len(stated) > 18 or int(stated) > limit:
            await respond(problem_of(too_large))(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large
            return message

        await self._app(scope, receive_within_limit, send)


class HeadAsGet:
    """Answers HEAD as GET without the body, for every address at once (RFC 9110, 9.3.2).

    Parameters
    ----------
    app : ASGIApp
        What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        scope["method"] = "GET"
        await self._app(scope, receive, send_without_body)


def install(app: FastAPI, metrics: Metrics, hosts: Iterable[str]) -> None:
    """Put them around an application."""
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit)
    app.add_middleware(LocalOnly, hosts=tuple(hosts))
    app.add_middleware(RequestLog, metrics=metrics)
