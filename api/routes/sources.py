"""Where facts came from, over HTTP: sources, what each says of a record, and pinned values."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from api.answers import documented, json_response
from api.bodies import JSON, checked, json_body, takes
from api.deps import GraphDep, only, require
from api.ids import ID
from api.import_answers import told
from api.record_schemas import RESOURCES
from api.schemas import (
    ErasedAnswer,
    PinRequest,
    ProvenanceAnswer,
    QualityAnswer,
    SourceAnswer,
    SourceRequest,
    SourcesAnswer,
)
from graphcrm import Graph
from graphcrm.cleaning.quality import STALE_DAYS
from graphcrm.limits import MAX_ID_LENGTH, MAX_NAME_LENGTH, MAX_STALE_DAYS

__all__ = ["router"]

router = APIRouter(prefix="/api/v1")

_MAX_RECORD_ID: Final = 10 * MAX_ID_LENGTH + 20  # a tie's holds three parts, each perhaps percent-encoded

Name = Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH, description="The source's name.")]
RecordId = Annotated[str, Path(min_length=1, max_length=_MAX_RECORD_ID, description="Id of the record.")]
Field = Annotated[str, Path(min_length=1, max_length=MAX_NAME_LENGTH, description="A property of the record.")]
StaleDays = Annotated[
    int,
    Query(ge=0, le=MAX_STALE_DAYS, description="Days after which values that were not brought again are stale."),
]
Body = Annotated[Any, Depends(json_body(JSON))]


_NO_QUERY: Final = Depends(only(()))


@router.get(
    "/sources",
    tags=["sources"],
    response_model=SourcesAnswer,
    dependencies=[Depends(require("viewer")), _NO_QUERY],
    responses=documented(),
)
def list_sources(graph: GraphDep) -> Response:
    """Every source by name, how much it describes, and its last imports."""
    return json_response({"items": [_shown(graph, each) for each in graph.sources.all()], "next_cursor": None})


@router.get(
    "/sources/{name}",
    tags=["sources"],
    response_model=SourceAnswer,
    dependencies=[Depends(require("viewer")), _NO_QUERY],
    responses=documented(404),
)
def read_source(graph: GraphDep, name: Name) -> Response:
    """One source, how much it describes, and its last imports."""
    return json_response(_shown(graph, graph.sources.read(name)))


def _shown(graph: Graph, source: dict[str, Any]) -> dict[str, Any]:
    return source | {"imports": [told(graph, job) for job in source["imports"]]}


@router.get(
    "/sources/{name}/quality",
    tags=["sources"],
    response_model=QualityAnswer,
    dependencies=[Depends(require("viewer")), Depends(only({"stale_days"}))],
    responses=documented(404),
)
def read_source_quality(graph: GraphDep, name: Name, stale_days: StaleDays = STALE_DAYS) -> Response:
    """How many of a source's values are blank, invalid, duplicated and stale, by table and field."""
    return json_response({"items": graph.sources.quality(name, stale_days), "next_cursor": None})


@router.put(
    "/sources/{name}",
    tags=["sources"],
    response_model=SourceAnswer,
    dependencies=[Depends(require("editor")), _NO_QUERY],
    responses=documented(400, 409, 413, 415),
    openapi_extra=takes(SourceRequest),
)
def put_source(graph: GraphDep, name: Name, body: Body) -> Response:
    """Name a source, or change its kind or trust: what is shown follows. Its prefix stays once it has brought ids."""
    wanted = checked(SourceRequest, body)
    graph.sources.add(name, wanted.kind, wanted.trust, wanted.prefix)
    return json_response(_shown(graph, graph.sources.read(name)))


@router.delete(
    "/sources/{name}",
    tags=["sources"],
    response_model=ErasedAnswer,
    dependencies=[Depends(require("admin")), _NO_QUERY],
    responses=documented(404),
)
def erase_source(graph: GraphDep, name: Name) -> Response:
    """Remove what only this source said, and its part of what others say too."""
    return json_response(graph.sources.erase(name))


def _add_record_routes(resource: str) -> None:
    def provenance(graph: GraphDep, id: RecordId) -> Response:
        """What each source says of a record, and which of it is shown by which rule."""
        return json_response(graph.sources.provenance(resource, id))

    def pin(graph: GraphDep, id: RecordId, field: Field, body: Body) -> Response:
        """Have a field show a value, or what one source says, whatever the others say later."""
        wanted = checked(PinRequest, body)
        graph.sources.pin(resource, id, field, wanted.value, wanted.source)
        return json_response(graph.sources.provenance(resource, id))

    def unpin(graph: GraphDep, id: RecordId, field: Field) -> Response:
        """Let a field show what sources say again."""
        graph.sources.unpin(resource, id, field)
        return json_response(graph.sources.provenance(resource, id))

    for path, endpoint, method, role, statuses, extra in (
        ("provenance", provenance, "GET", "viewer", (308, 404), None),
        ("pins/{field}", pin, "PUT", "editor", (400, 404, 409, 413, 415), takes(PinRequest)),
        ("pins/{field}", unpin, "DELETE", "editor", (404, 409), None),
    ):
        router.add_api_route(
            f"/{resource}/{ID}/{path}",
            endpoint,
            methods=[method],
            operation_id=f"{endpoint.__name__}_{resource}",
            tags=["sources"],
            response_model=ProvenanceAnswer,
            dependencies=[Depends(require(role)), _NO_QUERY],
            responses=documented(*statuses),
            openapi_extra=extra,
        )


for _resource in RESOURCES:
    _add_record_routes(_resource)
