"""The customer archive over HTTP: what happened to a party, newest first."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from api.answers import documented, json_response
from api.deps import GraphDep, only, require
from api.ids import ID
from graphcrm.limits import MAX_ID_LENGTH, MAX_PAGE

__all__ = ["Kind", "router"]

router = APIRouter(prefix="/api/v1")

Kind = Literal[
    "interaction",
    "order",
    "response",
    "targeted",
    "feedback",
    "case_opened",
    "case_closed",
    "opportunity",
    "consent",
    "task_due",
    "task_done",
    "referral_made",
    "referral_received",
    "tie_begun",
    "tie_ended",
]
_PAGE: Final = 100
_MAX_CURSOR: Final = 4_000


class TimelineItem(BaseModel):
    """One thing that happened; `id` is that of the node or tie that tells of it."""

    kind: Kind
    at: str | None
    id: str
    title: str | None
    details: dict[str, Any]


class TimelineAnswer(BaseModel):
    """What happened to a party, newest first; what has no time comes last."""

    items: list[TimelineItem]
    next_cursor: str | None


def _add_timeline(resource: str, label: str) -> None:
    def timeline(
        graph: GraphDep,
        id: Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH, description="Id of the party.")],
        kind: Annotated[list[Kind] | None, Query(description="Only these; repeat for several.")] = None,
        cursor: Annotated[
            str | None, Query(max_length=_MAX_CURSOR, description="`next_cursor` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Lines a page.")] = _PAGE,
    ) -> Response:
        """What happened to a party, newest first, then by kind and id."""
        frame = graph.archive.timeline(id, kind, cursor, limit, label)
        return json_response({"items": frame.to_dict("records"), "next_cursor": frame.attrs["next_cursor"]})

    router.add_api_route(
        f"/{resource}/{ID}/timeline",
        timeline,
        methods=["GET"],
        operation_id=f"timeline_{resource}",
        tags=[resource],
        summary=f"What happened to a {label.lower()}",
        response_model=TimelineAnswer,
        dependencies=[Depends(require("viewer")), Depends(only({"cursor", "limit"}, {"kind"}))],
        responses=documented(404),
    )


_add_timeline("customers", "Customer")
_add_timeline("contacts", "Contact")
