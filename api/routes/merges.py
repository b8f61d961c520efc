"""Merges over HTTP: making one party of two, the merges that hold, and taking one back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from api.answers import documented, json_response
from api.bodies import JSON, checked, json_body, takes
from api.deps import Caller, GraphDep, only, require
from api.duplicate_schemas import MergeAnswer, MergeRequest, MergesAnswer, UnmergeAnswer
from api.ids import ID
from graphcrm.limits import MAX_ID_LENGTH, MAX_PAGE
from graphcrm.service.source_records import HAND

__all__ = ["router"]

router = APIRouter(prefix="/api/v1")

Editor = Annotated[Caller, Depends(require("editor"))]
Body = Annotated[Any, Depends(json_body(JSON))]
PartyId = Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH, description="The party that is gone.")]


@router.get(
    "/merges",
    tags=["merges"],
    response_model=MergesAnswer,
    dependencies=[Depends(require("viewer")), Depends(only({"cursor", "limit"}))],
    responses=documented(),
)
def list_merges(
    graph: GraphDep,
    cursor: Annotated[str, Query(max_length=MAX_ID_LENGTH, description="`next_cursor` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Merges a page.")] = 100,
) -> Response:
    """The merges that hold, by the id of the party that is gone."""
    found = graph.merging.all(cursor, limit + 1)
    more = len(found) > limit
    return json_response({"items": found[:limit], "next_cursor": found[limit - 1]["id"] if more else None})


@router.post(
    "/merges",
    status_code=201,
    tags=["merges"],
    response_model=MergeAnswer,
    dependencies=[Depends(only(()))],
    responses=documented(400, 404, 409, 413, 415),
    openapi_extra=takes(MergeRequest),
)
def merge(graph: GraphDep, caller: Editor, body: Body) -> Response:
    """Make one party of two: the one goes, its id keeps naming the other."""
    wanted = checked(MergeRequest, body)
    return json_response(graph.merging.merge(wanted.id, wanted.into, caller.name or HAND), 201)


@router.delete(
    f"/merges/{ID}",
    tags=["merges"],
    response_model=UnmergeAnswer,
    dependencies=[Depends(require("editor")), Depends(only(()))],
    responses=documented(404),
)
def unmerge(graph: GraphDep, id: PartyId) -> Response:
    """Take a merge back: the party is there again, with all that was and is said of it."""
    return json_response(graph.merging.unmerge(id))
