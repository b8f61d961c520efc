"""The pages for bringing data in: imports, and the sources that they belong to."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from api.deps import Caller, GraphDep, require
from api.import_answers import first_rejects, told
from api.page_frame import PageRoute, frame, language_of
from graphcrm import Graph
from graphcrm.cleaning.quality import STALE_DAYS
from graphcrm.errors import NotFound
from graphcrm.intake.presets import preset_names
from graphcrm.limits import MAX_ID_LENGTH, MAX_STALE_DAYS
from viz.imports_page import import_page, imports_page
from viz.sources_page import quality_page, source_page, sources_page

__all__ = ["router"]

JOBS: Final = 20
LAST_JOBS: Final = 5

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

Viewer = Annotated[Caller, Depends(require("viewer"))]
Cursor = Annotated[str | None, Query(max_length=MAX_ID_LENGTH)]
SourceName = Annotated[str | None, Query(max_length=MAX_ID_LENGTH)]
StaleDays = Annotated[int, Query(ge=0, le=MAX_STALE_DAYS)]


@router.get("/imports")
def imports(
    request: Request, graph: GraphDep, caller: Viewer, source: SourceName = None, cursor: Cursor = None
) -> HTMLResponse:
    """Files to bring in, and what came of those before."""
    found = graph.jobs.page(cursor, JOBS, source or None)
    page = imports_page(
        [_job(graph, job) for job in found.items],
        (cursor, found.next_cursor),
        source or None,
        {"sources": [each["name"] for each in graph.sources.all()], "presets": preset_names()},
        language_of(request),
        **frame(request),
        editable=caller.may("editor"),
    )
    return HTMLResponse(page)


@router.get("/imports/{id}")
def one_import(request: Request, graph: GraphDep, caller: Viewer, id: str) -> HTMLResponse:
    """How far an import is, what it counted, and the first rows that it rejected."""
    _check_length(id)
    page = import_page(
        _job(graph, graph.jobs.read(id)),
        first_rejects(graph, id),
        language_of(request),
        **frame(request),
        editable=caller.may("editor"),
    )
    return HTMLResponse(page)


@router.get("/sources")
def sources(request: Request, graph: GraphDep, caller: Viewer) -> HTMLResponse:
    """Every source, and what it brought."""
    page = sources_page(
        [(each, _last_job(graph, each["name"])) for each in graph.sources.all()],
        language_of(request),
        **frame(request),
        editable=caller.may("editor"),
    )
    return HTMLResponse(page)


@router.get("/sources/{name}")
def one_source(request: Request, graph: GraphDep, caller: Viewer, name: str) -> HTMLResponse:
    """What a source is, how far it is trusted, and its last imports."""
    _check_length(name)
    page = source_page(
        graph.sources.read(name),
        [_job(graph, job) for job in graph.jobs.page(limit=LAST_JOBS, source=name).items],
        language_of(request),
        **frame(request),
        editable=caller.may("editor"),
        erasable=caller.may("admin"),
    )
    return HTMLResponse(page)


@router.get("/sources/{name}/quality", dependencies=[Depends(require("viewer"))])
def source_quality(request: Request, graph: GraphDep, name: str, stale_days: StaleDays = STALE_DAYS) -> HTMLResponse:
    """How good what a source says is. (A page of its own, since all of it is read for that.)"""
    _check_length(name)
    lines = graph.sources.quality(name, stale_days)
    return HTMLResponse(quality_page(name, lines, stale_days, language_of(request), **frame(request)))


def _job(graph: Graph, job: dict[str, Any]) -> dict[str, Any]:
    has_rejects = bool(job["rejected"]) and graph.jobs.rejects(job["id"]) is not None
    return told(graph, job) | {"has_rejects": has_rejects}


def _last_job(graph: Graph, source: str) -> dict[str, Any] | None:
    return next(iter(graph.jobs.page(limit=1, source=source).items), None)


def _check_length(name: str) -> None:
    if not name or len(name) > MAX_ID_LENGTH:
        raise NotFound(f"A name has 1 to {MAX_ID_LENGTH} characters.")
