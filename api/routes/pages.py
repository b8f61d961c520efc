"""The pages that people open in a browser: start page, relationship map, API documentation, log-in.

They ask the same graph as the API does, and tell errors as pages instead of problem documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from api.deps import OPEN, SESSION_COOKIE, Caller, Gate, GraphDep, require
from api.ids import ID
from api.page_frame import PageRoute, cookie_safety, frame, language_of
from api.routes.analytics import Layer, PartyQuery
from api.routes.archive import Kind
from api.routes.data_pages import router as data_router
from graphcrm import Graph
from graphcrm.errors import Forbidden, InvalidInput, MergedAway, NotFound
from graphcrm.limits import (
    MAX_ID_LENGTH,
    MAX_MAP_PARTIES,
    MAX_NAME_LENGTH,
    MAX_NEIGHBORHOOD_HOPS,
    MAX_QUERY_LENGTH,
)
from graphcrm.network.centrality import METRICS
from graphcrm.network.layout import layout
from graphcrm.schema import LAYERS, PARTY_LABELS
from graphcrm.service.records import etag
from viz.archive_page import archive_page
from viz.assets import STATIC, SWAGGER_UI, swagger_ui, vis_network
from viz.duplicates_page import duplicates_page
from viz.language import Language, script_words
from viz.relationship_map import map_page
from viz.render import archive_href, map_href, render
from viz.style import stylesheet
from viz.tie_page import SHOWN_INTERACTIONS, tie_page

__all__ = ["add_pages", "router"]

TOP: Final = 10
MAX_FORM_BYTES: Final = 8_000
HITS: Final = 20
LIMITS: Final = (30, 60, 100, 200, MAX_MAP_PARTIES)
TIMELINE: Final = 25
CHANGES: Final = 15
RECENT: Final = 5
PAIRS: Final = 10
SECTIONS: Final = {
    "orders": ["order"],
    "campaigns": ["targeted", "response"],
    "interactions": ["interaction"],
}
"""Kinds of what has just happened, by the section of a party's page that shows it."""


router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)
VIEWER: Final = [Depends(require("viewer"))]


def add_pages(app: FastAPI) -> None:
    """Give an application the pages and the files that they load."""
    app.include_router(router)
    app.include_router(data_router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")


@router.get("/", dependencies=VIEWER)
def start(
    request: Request,
    graph: GraphDep,
    q: Annotated[str, Query(max_length=MAX_QUERY_LENGTH)] = "",
    metric: str = "pagerank",
) -> HTMLResponse:
    """Search, the ten key influencers, and what the graph holds."""
    language = language_of(request)
    q = q.strip()
    hits = graph.search(q, limit=HITS + 1) if q else []
    influencers, facts = _top(graph, metric, language)
    page = render(
        "start.html",
        language,
        **frame(request),
        q=q,
        hits=hits[:HITS],
        more_hits=len(hits) > HITS,
        party_labels=PARTY_LABELS,
        words=script_words(language),
        counts={**facts, "engine": graph.store.engine},
        influencers=influencers,
        metric=metric,
        metrics=METRICS,
    )
    return HTMLResponse(page)


@router.get(f"/map/{ID}", dependencies=VIEWER)
def relationship_map(
    request: Request,
    graph: GraphDep,
    id: str,
    hops: Annotated[int, Query(ge=1, le=MAX_NEIGHBORHOOD_HOPS)] = 1,
    layers: Annotated[list[Layer] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_MAP_PARTIES)] = 60,
) -> Response:
    """A party's surroundings, drawn."""
    if not id or len(id) > MAX_ID_LENGTH:
        raise NotFound(f"An id has 1 to {MAX_ID_LENGTH} characters.")
    around = graph.neighborhood(id, hops=hops, layers=layers, limit=limit)
    if around["center"] != id:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(map_href(around["center"]) + query, 308)
    page = map_page(
        around,
        layout(around["nodes"], around["ties"]),
        language_of(request),
        **frame(request),
        choices={"hops": hops, "layers": layers or LAYERS, "limit": limit},
        hop_choices=range(1, MAX_NEIGHBORHOOD_HOPS + 1),
        limit_choices=sorted({*LIMITS, limit}),
        layers=LAYERS,
    )
    return HTMLResponse(page)


@router.get("/tie", dependencies=VIEWER)
def tie(
    request: Request,
    graph: GraphDep,
    source: PartyQuery,
    target: PartyQuery,
    layers: Annotated[list[Layer] | None, Query()] = None,
) -> HTMLResponse:
    """Why one party is tied to another as strongly as it is."""
    found = graph.explain(source, target, layers, limit=SHOWN_INTERACTIONS)
    ends = [graph.neighborhood(found.attrs[end], limit=1)["nodes"][0] for end in ("source", "target")]
    ties: list[dict[str, Any]] = found.to_dict("records")  # type: ignore[assignment]
    page = tie_page(ends[0], ends[1], found.attrs["strength"], ties, language_of(request), **frame(request))
    return HTMLResponse(page)


@router.get("/map/", dependencies=VIEWER)
@router.get("/customers/", dependencies=VIEWER)
@router.get("/contacts/", dependencies=VIEWER)
def nobody() -> Response:
    """An address without an id, as links to the id "." come to be: browsers leave dots out."""
    raise NotFound("There is nobody without an id.")


Viewer = Annotated[Caller, Depends(require("viewer"))]
Kinds = Annotated[list[Kind] | None, Query()]
Cursor = Annotated[str | None, Query(max_length=4_000)]
ChangedField = Annotated[str | None, Query(max_length=MAX_NAME_LENGTH)]


@router.get(f"/customers/{ID}")
def customer(
    request: Request,
    graph: GraphDep,
    caller: Viewer,
    id: str,
    kind: Kinds = None,
    cursor: Cursor = None,
    field: ChangedField = None,
    changes: Cursor = None,
) -> Response:
    """All there is about a customer."""
    return _party(request, graph, caller, "Customer", id, (kind or [], cursor), (field or None, changes))


@router.get(f"/contacts/{ID}")
def contact(
    request: Request,
    graph: GraphDep,
    caller: Viewer,
    id: str,
    kind: Kinds = None,
    cursor: Cursor = None,
    field: ChangedField = None,
    changes: Cursor = None,
) -> Response:
    """All there is about a contact."""
    return _party(request, graph, caller, "Contact", id, (kind or [], cursor), (field or None, changes))


@router.get("/duplicates")
def duplicates(request: Request, graph: GraphDep, caller: Viewer, cursor: Cursor = None) -> HTMLResponse:
    """Pairs of parties that may be one, side by side, to be decided."""
    search = graph.candidates.last()  # first: the pairs of a search that is done are there
    found = graph.candidates.page(cursor=cursor, limit=PAIRS)
    page = duplicates_page(
        found.items,
        search,
        (cursor, found.next_cursor),
        language_of(request),
        **frame(request),
        editable=caller.may("editor"),
    )
    return HTMLResponse(page)


@router.get("/docs", dependencies=VIEWER)
def docs(request: Request) -> HTMLResponse:
    """The API's documentation, by Swagger UI."""
    page = render("docs.html", language_of(request), **frame(request))
    return HTMLResponse(page)


@router.get("/login")
async def login_form(request: Request, next: str = "/") -> HTMLResponse:
    """Where a token is typed in."""
    gate: Gate = request.app.state.gate
    try:
        caller = await gate.caller(request)
    except Forbidden:
        caller = None
    return _login(request, next=_local(next), open=caller is OPEN, session=caller not in (None, OPEN))


@router.post("/login")
async def login(request: Request) -> Response:
    """Keep a valid token in the browser's cookie. (Forms of other origins never get here: `api.middleware`.)"""
    body = await request.body()
    if len(body) > MAX_FORM_BYTES:
        raise InvalidInput("The form is longer than any token and address.")
    form = parse_qs(body.decode("utf-8", "replace"))
    token, next_ = form.get("token", [""])[0].strip(), _local(form.get("next", ["/"])[0])
    gate: Gate = request.app.state.gate
    if await gate.holder(token) is None:
        page = _login(request, next=next_, open=False, session=False, problem="login_wrong")
        page.status_code = 401
        page.headers["WWW-Authenticate"] = 'Bearer realm="graphcrm"'
        return page
    response = RedirectResponse(next_, 303)
    response.set_cookie(SESSION_COOKIE, token, **cookie_safety(request))
    return response


@router.post("/logout")
async def logout(request: Request) -> Response:
    """Forget the token."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION_COOKIE, **cookie_safety(request))
    return response


@router.get("/static/palette.css")
async def palette() -> Response:
    """Colours of labels and layers."""
    return Response(stylesheet(), media_type="text/css")


@router.get("/static/vis/vis-network.min.js")
async def drawing_library() -> FileResponse:
    """The library that draws maps, from the installed pyvis."""
    return FileResponse(vis_network(), media_type="text/javascript")


@router.get("/static/docs/{name}")
async def documentation_viewer(name: str) -> FileResponse:
    """Swagger UI, from the installed fastapi-offline."""
    if name not in SWAGGER_UI:
        raise NotFound("There is nothing at this address.")
    return FileResponse(swagger_ui(name))


def _party(
    request: Request,
    graph: Graph,
    caller: Caller,
    label: str,
    id_: str,
    events: tuple[list[Kind], str | None],
    changes: tuple[str | None, str | None],
) -> Response:
    """A party's page: of its timeline the kinds and the page asked for, of its history the field and the page."""
    (kinds, cursor), (field, changes_cursor) = events, changes
    table = f"{label.lower()}s"
    if len(id_) > MAX_ID_LENGTH:
        raise NotFound(f"An id has 1 to {MAX_ID_LENGTH} characters.")
    try:
        record = graph.records.read(table, id_)
    except NotFound:
        # A contact may have become a customer; links and bookmarks to the one lead to the other.
        found = str(graph.archive.timeline(id_, limit=1).attrs["label"])
        if found == label:
            raise
        return RedirectResponse(archive_href(found, id_) or "/", 303)

    def lines(of: list[str], limit: int, after: str | None = None) -> dict[str, Any]:
        frame = graph.archive.timeline(id_, of, after, limit, label)
        return {"items": frame.to_dict("records"), "next_cursor": frame.attrs["next_cursor"]}

    changed = graph.archive.history(id_, field, changes_cursor, CHANGES, label)
    page = archive_page(
        label,
        record,
        etag(record),
        graph.sources.provenance(table, id_),
        graph.archive.overview(id_, label),
        {section: lines(of, RECENT)["items"] for section, of in SECTIONS.items()},
        lines(list(kinds), TIMELINE, cursor) | {"kinds": kinds, "later": bool(cursor)},
        {
            "items": changed.to_dict("records"),
            "party_id": id_,
            "next_cursor": changed.attrs["next_cursor"],
            "field": field,
            "later": bool(changes_cursor),
            "earlier": graph.archive.earlier_values(id_),
        },
        _names(graph, record),
        language_of(request),
        **frame(request),
        editable=caller.may("editor"),
    )
    return HTMLResponse(page)


def _names(graph: Graph, record: Mapping[str, Any]) -> dict[str, str]:
    """Names of those whom a party's fields name by their ids."""
    named = {
        field: (table, record.get(field)) for field, table in (("owner_id", "users"), ("customer_id", "customers"))
    }
    found = {}
    for field, (table, id_) in named.items():
        with suppress(NotFound, MergedAway):
            if id_:
                found[field] = str(graph.records.read(table, id_)["name"])
    return found


def _login(request: Request, *, problem: str = "", **context: Any) -> HTMLResponse:
    page = render("login.html", language_of(request), **frame(request) | context, problem=problem)
    return HTMLResponse(page)


def _local(address: str) -> str:
    """An address on this site, or the start page where it points elsewhere.

    Examples
    --------
    >>> _local("/map/C1?hops=2"), _local("//evil.example"), _local("/\\\\evil.example"), _local("https://evil.example")
    ('/map/C1?hops=2', '/', '/', '/')
    """
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if safe else "/"


def _top(graph: Graph, metric: str, language: Language) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The first influencers, each with its score's share of the highest (%), and what they were computed from."""
    frame = graph.influencers(metric=metric, limit=TOP, language=language)
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    most = max((row["score"] for row in rows), default=0.0)
    shares = (round(100 * row["score"] / most, 1) if most > 0 else 0 for row in rows)
    facts = {str(name): value for name, value in frame.attrs.items()}
    return [{**row, "share": share} for row, share in zip(rows, shares, strict=True)], facts
