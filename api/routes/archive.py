"""The customer archive over HTTP: what happened to a party and what changed in it, and who may be contacted."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.answers import documented, json_response
from api.deps import GraphDep, only, require
from api.ids import ID
from graphcrm.limits import MAX_ID_LENGTH, MAX_NAME_LENGTH, MAX_PAGE
from graphcrm.service import changes

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


class HistoryItem(BaseModel):
    """One field that changed, or what else became of the party; `by` is who or which import did it."""

    at: str
    kind: changes.Kind
    party_id: str
    field: str | None
    from_: Any = Field(alias="from")
    to: Any
    source: str | None
    by: str | None
    other: str | None


class HistoryAnswer(BaseModel):
    """What changed in a party, newest first."""

    items: list[HistoryItem]
    next_cursor: str | None


class ContactableParty(BaseModel):
    """Somebody whose last decision was to be contacted, and when it was made."""

    party_id: str
    label: Literal["Customer", "Contact"]
    name: str | None
    at: str


class LeftOutParty(BaseModel):
    """Somebody whom a campaign targets and who may not be contacted, and when that was said."""

    party_id: str
    label: Literal["Customer", "Contact"]
    name: str | None
    consent: Literal["refused", "unknown"]
    at: str | None


class ContactableAnswer(BaseModel):
    """Who may be contacted by a channel for a purpose, by id; of a campaign also whom it targets and may not be."""

    items: list[ContactableParty]
    next_cursor: str | None
    channel: str
    purpose: str
    campaign_id: str | None = None
    left_out: list[LeftOutParty] | None = None


PartyId = Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH, description="Id of the party.")]
Cursor = Annotated[str | None, Query(max_length=_MAX_CURSOR, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Lines a page.")]


def _add_timeline(resource: str, label: str) -> None:
    def timeline(
        graph: GraphDep,
        id: PartyId,
        kind: Annotated[list[Kind] | None, Query(description="Only these; repeat for several.")] = None,
        cursor: Cursor = None,
        limit: Limit = _PAGE,
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
        responses=documented(308, 404),
    )


def _add_history(resource: str, label: str) -> None:
    def history(
        graph: GraphDep,
        id: PartyId,
        field: Annotated[
            str | None, Query(min_length=1, max_length=MAX_NAME_LENGTH, description="Only changes of this field.")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = _PAGE,
    ) -> Response:
        """What changed in a party, newest first: who changed what from what to what."""
        frame = graph.archive.history(id, field, cursor, limit, label)
        return json_response({"items": frame.to_dict("records"), "next_cursor": frame.attrs["next_cursor"]})

    router.add_api_route(
        f"/{resource}/{ID}/history",
        history,
        methods=["GET"],
        operation_id=f"history_{resource}",
        tags=[resource],
        summary=f"What changed in a {label.lower()}",
        response_model=HistoryAnswer,
        dependencies=[Depends(require("viewer")), Depends(only({"field", "cursor", "limit"}))],
        responses=documented(308, 404),
    )


for _resource, _label in (("customers", "Customer"), ("contacts", "Contact")):
    _add_timeline(_resource, _label)
    _add_history(_resource, _label)


@router.get(
    "/contactable",
    tags=["consents"],
    response_model=ContactableAnswer,
    dependencies=[Depends(require("viewer")), Depends(only({"channel", "purpose", "campaign", "cursor", "limit"}))],
    responses=documented(404),
)
def list_contactable(
    graph: GraphDep,
    channel: Annotated[
        str | None,
        Query(min_length=1, max_length=MAX_NAME_LENGTH, description="Such as `email`; the campaign's own by default."),
    ] = None,
    purpose: Annotated[
        str | None,
        Query(min_length=1, max_length=MAX_NAME_LENGTH, description="Such as `marketing`; the campaign's by default."),
    ] = None,
    campaign: Annotated[
        str | None,
        Query(min_length=1, max_length=MAX_ID_LENGTH, description="Only whom this campaign targets."),
    ] = None,
    cursor: Annotated[
        str | None, Query(max_length=_MAX_CURSOR, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Parties a page.")] = _PAGE,
) -> Response:
    """Everybody whose last consent for a channel and a purpose was to grant it, by id; or a campaign's targets."""
    frame = graph.archive.contactable(channel, purpose, cursor, limit, campaign)
    return json_response({"items": frame.to_dict("records")} | {str(name): said for name, said in frame.attrs.items()})
