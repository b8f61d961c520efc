"""Webhooks over HTTP: who is told of changes. For administrators alone, since data leaves the house by them."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import Response

from api.answers import documented, json_response
from api.bodies import JSON, json_body
from api.conditions import tags_to_match
from api.deps import Caller, GraphDep, only, require
from api.idempotency import receipt_of
from api.import_schemas import NewWebhookAnswer, WebhookAnswer, WebhooksAnswer
from graphcrm.errors import InvalidInput, StaleVersion
from graphcrm.limits import MAX_ID_LENGTH, MAX_URL_LENGTH
from graphcrm.service.outbox import EVENTS
from graphcrm.service.records import etag

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

_TAGGED: Final = ("id", "url", "events", "created_at")
"""What the version of a webhook is made of: how it goes is no part of it."""
_ETAG: Final = {"ETag": {"description": "Version of the webhook.", "schema": {"type": "string"}}}
_LOCATION: Final = {"Location": {"description": "Address of the webhook.", "schema": {"type": "string"}}}
_REQUEST: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["url"],
    "additionalProperties": False,
    "properties": {
        "url": {"type": "string", "maxLength": MAX_URL_LENGTH, "description": "https; its host must be a public one."},
        "events": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "enum": list(EVENTS)},
            "description": "All, if not given.",
        },
    },
}

Admin = Annotated[Caller, Depends(require("admin"))]
WebhookId = Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH, description="Id of a webhook.")]
_ADMIN = [Depends(require("admin")), Depends(only(()))]


@router.post(
    "",
    status_code=201,
    operation_id="create_webhooks",
    summary="Have an address told of changes",
    dependencies=_ADMIN,
    responses={
        201: {"description": "Made.", "model": NewWebhookAnswer, "headers": _ETAG | _LOCATION},
        **documented(404, 409, 413, 415),
    },
    openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": _REQUEST}}}},
)
def create(
    request: Request,
    graph: GraphDep,
    caller: Admin,
    body: Annotated[Any, Depends(json_body(JSON))],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="Chosen by the caller: the same key with the same body is carried out once and answered alike.",
        ),
    ] = None,
) -> Response:
    """Make a webhook, and show its secret this once."""
    url, events = _checked(body)
    made = graph.webhooks.add(url, events, receipt=receipt_of(request, caller, key, body))
    headers = {"ETag": _tag(made.webhook), "Location": f"{router.prefix}/{quote(made.webhook['id'], safe='')}"}
    return json_response(made.webhook | {"secret": made.secret}, 201, headers)


def _checked(body: Any) -> tuple[str, list[str]]:
    if not isinstance(body, dict):
        raise InvalidInput("The body must be an object.", field="body")
    for name in body:
        if name not in _REQUEST["properties"]:
            message = f"{name[:100]}: is no field of a webhook; there are: url, events"
            raise InvalidInput(message, field=name[:100], allowed=["url", "events"])
    url, events = body.get("url"), body.get("events", list(EVENTS))
    if not isinstance(url, str):
        raise InvalidInput("url: must be given, as text", field="url")
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise InvalidInput("events: must be a list of names", field="events", allowed=EVENTS)
    return url, events


def _tag(webhook: dict[str, Any]) -> str:
    return f'"{etag({name: webhook[name] for name in _TAGGED})}"'


@router.get(
    "",
    response_model=WebhooksAnswer,
    operation_id="list_webhooks",
    summary="List webhooks",
    dependencies=_ADMIN,
    responses=documented(),
)
def list_webhooks(graph: GraphDep) -> Response:
    """Every webhook, by id, and how it goes with each."""
    return json_response({"items": graph.webhooks.all(), "next_cursor": None})


@router.get(
    "/{id}",
    operation_id="read_webhooks",
    summary="Read a webhook",
    dependencies=_ADMIN,
    responses={200: {"description": "The webhook.", "model": WebhookAnswer, "headers": _ETAG}, **documented(404)},
)
def read(graph: GraphDep, id: WebhookId) -> Response:
    """One webhook, without its secret."""
    webhook = graph.webhooks.read(id)
    return json_response(webhook, headers={"ETag": _tag(webhook)})


@router.delete(
    "/{id}",
    status_code=204,
    operation_id="delete_webhooks",
    summary="Delete a webhook",
    dependencies=_ADMIN,
    responses={204: {"description": "Deleted."}, **documented(404, 409, 412, 428)},
)
def delete(
    graph: GraphDep,
    id: WebhookId,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="ETag of the webhook as it was read, or `*`.")
    ] = None,
) -> Response:
    """Take a webhook back, and all that it was still to be told."""
    tags = tags_to_match(if_match)
    webhook = graph.webhooks.read(id)
    if tags is not None and _tag(webhook).strip('"') not in tags:
        raise StaleVersion(f"webhook {id!r} is another than was read; read it again")
    graph.webhooks.remove(id)
    return Response(status_code=204)
