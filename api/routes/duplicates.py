"""Duplicates over HTTP: searching for them, the pairs that were found, and those that are not the same."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.answers import documented, json_response
from api.bodies import JSON, checked, json_body, takes
from api.deps import GraphDep, only, require
from api.duplicate_schemas import (
    CandidatesAnswer,
    SearchStateAnswer,
    VerdictAnswer,
    VerdictRequest,
    VerdictsAnswer,
)
from graphcrm.identity.thresholds import REVIEW_PROBABILITY
from graphcrm.limits import MAX_ID_LENGTH, MAX_PAGE
from graphcrm.service.duplicates import Duplicates

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/duplicates", tags=["duplicates"])

Body = Annotated[Any, Depends(json_body(JSON))]
Cursor = Annotated[str | None, Query(max_length=4_000, description="`next_cursor` of the page before.")]


@router.post(
    "",
    status_code=202,
    operation_id="search_duplicates",
    summary="Search for duplicates",
    response_model=SearchStateAnswer,
    dependencies=[Depends(require("editor")), Depends(only(()))],
    responses=documented(),
)
def search(graph: GraphDep) -> Response:
    """Begin a search, unless one is under way; `GET` says how it goes, and lists what it found."""
    return json_response(graph.candidates.search(), 202, {"Location": router.prefix})


@router.get(
    "",
    operation_id="list_duplicates",
    summary="List pairs that may be one party",
    response_model=CandidatesAnswer,
    dependencies=[Depends(require("viewer")), Depends(only({"threshold", "below", "cursor", "limit"}))],
    responses=documented(),
)
def list_candidates(
    graph: GraphDep,
    threshold: Annotated[float, Query(ge=0, le=1, description="The least probability.")] = REVIEW_PROBABILITY,
    below: Annotated[float | None, Query(ge=0, le=1, description="Leave out what is as probable, or more.")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Pairs a page.")] = 50,
) -> Response:
    """What the last search found and nobody has decided since, the most probable first."""
    search = graph.candidates.last()  # first: the pairs of a search that is done are there
    page = graph.candidates.page(threshold, below, cursor, limit)
    items = [
        pair | {side: {name: pair[side][name] for name in ("id", "label", "name")} for side in ("left", "right")}
        for pair in page.items
    ]
    return json_response({"items": items, "next_cursor": page.next_cursor, "search": search})


@router.get(
    "/not-same",
    operation_id="list_duplicates_not_same",
    summary="List pairs that were told apart",
    response_model=VerdictsAnswer,
    dependencies=[Depends(require("viewer")), Depends(only({"cursor", "limit"}))],
    responses=documented(),
)
def list_verdicts(
    graph: GraphDep,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Pairs a page.")] = 100,
) -> Response:
    """Pairs of parties that are not the same."""
    page = Duplicates(graph.store).page_of_verdicts(cursor, limit)
    return json_response({"items": page.items, "next_cursor": page.next_cursor})


@router.post(
    "/not-same",
    status_code=201,
    operation_id="create_duplicates_not_same",
    summary="Tell two parties apart",
    response_model=VerdictAnswer,
    dependencies=[Depends(require("editor")), Depends(only(()))],
    responses=documented(404, 413, 415),
    openapi_extra=takes(VerdictRequest),
)
def tell_apart(graph: GraphDep, body: Body) -> Response:
    """Remember that two parties are not the same: no search names the pair again, nor merges it."""
    wanted = checked(VerdictRequest, body)
    return json_response(Duplicates(graph.store).tell_apart(wanted.left_id, wanted.right_id), 201)


@router.delete(
    "/not-same",
    status_code=204,
    operation_id="delete_duplicates_not_same",
    summary="Forget that two parties are not the same",
    dependencies=[Depends(require("editor")), Depends(only({"left_id", "right_id"}))],
    responses={204: {"description": "Forgotten."}, **documented(404)},
)
def forget(
    graph: GraphDep,
    left_id: Annotated[str, Query(min_length=1, max_length=MAX_ID_LENGTH)],
    right_id: Annotated[str, Query(min_length=1, max_length=MAX_ID_LENGTH)],
) -> Response:
    """Take back that two parties are not the same; the next search may name them again."""
    Duplicates(graph.store).forget(left_id, right_id)
    return Response(status_code=204)
