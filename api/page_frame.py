"""What all pages have in common: their frame, their language, how they tell errors, and the policy they carry."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from api.deps import SESSION_COOKIE
from api.errors import problem_of
from graphcrm.errors import GraphCRMError, MergedAway
from viz.language import LANGUAGES, Language, choose_language
from viz.render import render
from viz.security import PAGE_POLICY

__all__ = ["PageRoute", "cookie_safety", "frame", "language_of", "path_of"]

LANGUAGE_COOKIE: Final = "graphcrm_language"
YEAR_S: Final = 365 * 24 * 3600


class PageRoute(APIRoute):
    """A route whose errors are pages, and whose every answer carries the policy and remembers the language."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint."""
        answer = super().get_route_handler()

        async def page(request: Request) -> Response:
            try:
                response = await answer(request)
            except (GraphCRMError, RequestValidationError) as error:
                response = _failure(request, error)
            return _finished(request, response)

        return page


def language_of(request: Request) -> Language:
    """The language that a reader asked for, remembers or prefers."""
    asked = request.query_params.get("lang")
    explicit = asked if asked in LANGUAGES else request.cookies.get(LANGUAGE_COOKIE)
    return choose_language(request.headers.get("accept-language"), explicit)


def frame(request: Request) -> dict[str, Any]:
    """What the frame of every page asks for."""
    rest = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    path = path_of(request)
    return {
        "language_links": {language: f"{path}?{urlencode([*rest, ('lang', language)])}" for language in LANGUAGES},
        "session": SESSION_COOKIE in request.cookies,
    }


def path_of(request: Request) -> str:
    """The path asked for, as an address has it (`request.url` takes the `?`, `#` and `%` of an id for its own)."""
    return quote(request.scope["path"])


def _finished(request: Request, response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    if response.media_type == "text/html":
        response.headers["Vary"] = "Accept-Language, Cookie"
        response.headers["Content-Language"] = language_of(request)
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, asked, max_age=YEAR_S, **cookie_safety(request) | {"samesite": "lax"})
    return response


def _failure(request: Request, error: Exception) -> Response:
    if isinstance(error, MergedAway):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{error.table}/{quote(error.into, safe='')}{query}", 308)
    problem = problem_of(error)
    if problem.status == 401:
        query = request.scope["query_string"].decode("latin-1")
        here = path_of(request) + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?{urlencode({'next': here})}", 303)
    status = problem.status if problem.status in (403, 404, 422, 503) else 503 if problem.status == 504 else 500
    page = render(
        "message.html",
        language_of(request),
        **frame(request),
        status=status,
        # A database that is gone explains itself in terms of its address and state, which is for the log.
        detail=problem.detail if status in (403, 422) else "",
        retry=path_of(request) if status == 503 else "",
    )
    return HTMLResponse(page, problem.status, dict(problem.headers))


def cookie_safety(request: Request) -> dict[str, Any]:
    """The attributes of every cookie: out of reach of scripts and of other sites."""
    return {"httponly": True, "samesite": "strict", "secure": request.url.scheme == "https", "path": "/"}
