"""The record tables over HTTP: list, create, read, replace, patch, delete, bulk upsert; one builder for all tables."""

# No postponed annotations here: those of the endpoints hold values that differ from table to table.

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response

from api.answers import documented, json_response
from api.bodies import JSON, MERGE_PATCH, json_body
from api.conditions import matches_any, tags_to_match
from api.deps import Caller, GraphDep, only, require
from api.idempotency import once, receipt_of
from api.ids import ID
from api.record_schemas import RESOURCES, check_types, component_names, filter_parameters, sort_names
from api.schemas import BulkAnswer
from graphcrm import Graph
from graphcrm.errors import InvalidInput, StaleVersion
from graphcrm.limits import MAX_BULK_ROWS, MAX_ID_LENGTH, MAX_NAME_LENGTH, MAX_PAGE
from graphcrm.service.records import etag

__all__ = ["PREFIX", "router"]

PREFIX: Final = "/api/v1"
_PAGE: Final = 100
# A tie's id holds its type and up to three parts, in which every character may be percent-encoded.
_MAX_TIE_ID: Final = 16 + 3 * (3 * MAX_ID_LENGTH + 1)

Editor = Annotated[Caller, Depends(require("editor"))]
JsonBody = Annotated[Any, Depends(json_body(JSON))]
PatchBody = Annotated[Any, Depends(json_body(MERGE_PATCH, JSON))]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="ETag of the record as it was read, or `*`.")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="ETag of the record as it is known.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Chosen by the caller: the same key with the same body is carried out once and answered alike.",
    ),
]
RecordedAsOf = Annotated[
    str | None,
    Query(
        max_length=64,
        description="Read it as it was known at this time (ISO 8601; a day means its end, UTC), without an ETag.",
    ),
]
_LOOKED_AT: Final = ("customers", "contacts")
"""Tables of which a new record may look like one that is there."""
_TARGETING: Final = ("campaigns", "ties")
"""Tables whose records say whom campaigns target, who may not have granted it."""
_ETAG_HEADER: Final = {"ETag": {"description": "Version of the record.", "schema": {"type": "string"}}}
_LOCATION_HEADER: Final = {"Location": {"description": "Address of the record.", "schema": {"type": "string"}}}

router = APIRouter(prefix=PREFIX)


def _schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answered(description: str, name: str, headers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"description": description, "content": {JSON: {"schema": _schema(name)}}}
    return entry | ({"headers": dict(headers)} if headers else {})


def _takes(schema: dict[str, Any], *media_types: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in media_types}}}


def _one(resource: str) -> str:
    """One record of a table, in words.

    Examples
    --------
    >>> _one("orders")
    'an order'
    """
    noun = component_names(resource)[0].lower()
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _id_path(resource: str) -> Any:
    longest = _MAX_TIE_ID if resource == "ties" else MAX_ID_LENGTH
    return Annotated[
        str, Path(min_length=1, max_length=longest, description="Id; percent-encode what is not a letter or digit.")
    ]


def _record_response(resource: str, record: dict[str, Any], status: int = 200, location: bool = False) -> Response:
    headers = {"ETag": f'"{etag(record)}"'}
    if location:
        headers["Location"] = f"{PREFIX}/{resource}/{quote(record['id'], safe='')}"
    return json_response(record, status, headers)


def _tag(graph: Graph, resource: str, id_: str, if_match: str | None) -> str | None:
    """The version under which a change may be made: the one stated, or of several the one it has; None for any."""
    tags = tags_to_match(if_match)
    if tags is None or len(tags) == 1:
        return tags[0] if tags else None
    current = etag(graph.records.read(resource, id_))
    if current not in tags:
        raise StaleVersion(f"{id_!r} has changed since it was read; read it again and repeat the change.")
    return current


def _forced(
    force: Annotated[bool, Query(description="Whether to do it although it looks like a mistake.")] = False,
) -> bool:
    return force


def _never() -> bool:
    return False


def _force(takes: bool) -> Any:
    """The type of an endpoint's `force`, which is a parameter of the query where the table takes one."""
    return Annotated[bool, Depends(_forced if takes else _never)]


def add_list(resource: str) -> None:
    """`GET /RESOURCE`: a page, filtered by fields and sorted by one."""
    answer, _, _ = component_names(resource)
    filters = filter_parameters(resource)
    names = {parameter["name"] for parameter in filters}

    def list_records(
        request: Request,
        graph: GraphDep,
        sort: Annotated[str, Query(json_schema_extra={"enum": sort_names(resource)})] = "id",
        cursor: Annotated[str | None, Query(max_length=4_000, description="`next_cursor` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Records a page.")] = _PAGE,
    ) -> Response:
        if sort not in sort_names(resource):
            raise InvalidInput(f"sort: there is no {sort[:100]!r}", field="sort", allowed=sort_names(resource))
        wanted = {name: value for name, value in request.query_params.items() if name in names}
        for name, value in wanted.items():
            if len(value) > MAX_NAME_LENGTH:
                raise InvalidInput(f"{name}: must have at most {MAX_NAME_LENGTH} characters", field=name)
        page = graph.records.page(resource, filters=wanted, sort=sort, cursor=cursor, limit=limit)
        return json_response({"items": page.items, "next_cursor": page.next_cursor})

    router.add_api_route(
        f"/{resource}",
        list_records,
        methods=["GET"],
        operation_id=f"list_{resource}",
        tags=[resource],
        summary=f"List {resource}",
        dependencies=[Depends(require("viewer")), Depends(only({"sort", "cursor", "limit", *names}))],
        responses={200: _answered("A page.", f"{answer}Page"), **documented()},
        openapi_extra={"parameters": filters},
    )


def add_create(resource: str) -> None:
    """`POST /RESOURCE`: a new record."""
    answer, given, _ = component_names(resource)

    takes_force = resource in _LOOKED_AT or resource in _TARGETING

    def create(
        request: Request,
        graph: GraphDep,
        caller: Editor,
        body: JsonBody,
        force: _force(takes_force),  # type: ignore[valid-type]
        key: IdempotencyKey = None,
    ) -> Response:
        values = check_types(resource, body)
        receipt = receipt_of(request, caller, key, body)
        record = graph.records.create(resource, values, receipt=receipt, force=force)
        return _record_response(resource, record, 201, location=True)

    router.add_api_route(
        f"/{resource}",
        create,
        methods=["POST"],
        status_code=201,
        operation_id=f"create_{resource}",
        tags=[resource],
        summary=f"Create {_one(resource)}",
        dependencies=[Depends(require("editor")), Depends(only({"force"} if takes_force else ()))],
        responses={
            201: _answered("Created.", answer, _ETAG_HEADER | _LOCATION_HEADER),
            **documented(404, 409, 413, 415),
        },
        openapi_extra=_takes(_schema(given), JSON),
    )


def add_bulk(resource: str) -> None:
    """`POST /RESOURCE/bulk`: many records, each created or brought up to date."""
    _, given, _ = component_names(resource)
    rows = {"type": "array", "maxItems": MAX_BULK_ROWS, "items": _schema(given)}

    takes_force = resource in _TARGETING

    def upsert(
        request: Request,
        graph: GraphDep,
        caller: Editor,
        body: JsonBody,
        force: _force(takes_force),  # type: ignore[valid-type]
        key: IdempotencyKey = None,
    ) -> Response:
        if not isinstance(body, list):
            raise InvalidInput("The body must be a list of objects.", field="body")
        if len(body) > MAX_BULK_ROWS:
            raise InvalidInput(f"At most {MAX_BULK_ROWS} rows at once; these are {len(body)}.", field="body")
        receipt = receipt_of(request, caller, key, body)
        return json_response(once(graph, receipt, lambda: _upsert(graph, resource, body, force)))

    router.add_api_route(
        f"/{resource}/bulk",
        upsert,
        methods=["POST"],
        operation_id=f"upsert_{resource}",
        tags=[resource],
        summary=f"Create or update many {resource}",
        dependencies=[Depends(require("editor")), Depends(only({"force"} if takes_force else ()))],
        response_model=BulkAnswer,
        responses=documented(409, 413, 415),
        openapi_extra=_takes(rows, JSON),
    )


def _upsert(graph: Graph, resource: str, rows: list[Any], force: bool) -> dict[str, Any]:
    """Upsert the rows whose JSON types are right, and report on all under their place in the request."""
    rejections: list[dict[str, Any]] = []
    taken: list[tuple[int, dict[str, Any]]] = []
    for index, row in enumerate(rows):
        try:
            taken.append((index, check_types(resource, row)))
        except InvalidInput as error:
            rejections.append({"index": index, "field": error.field, "reason": error.message})
    report = graph.records.upsert(resource, [row for _, row in taken], force=force)
    for rejection in report.rejected:
        found = {"index": taken[rejection.index][0], "field": rejection.column, "reason": rejection.reason}
        rejections.append(found)
    return {
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": len(rejections),
        "rejections": sorted(rejections, key=lambda found: found["index"]),
    }


def add_read(resource: str) -> None:
    """`GET /RESOURCE/{id}`: one record with its ETag."""
    answer, _, _ = component_names(resource)

    def read(graph: GraphDep, id: _id_path(resource), if_none_match: IfNoneMatch = None) -> Response:  # type: ignore[valid-type]
        record = graph.records.read(resource, id)
        tag = etag(record)
        if matches_any(if_none_match, tag):
            return Response(status_code=304, headers={"ETag": f'"{tag}"'})
        return _record_response(resource, record)

    def read_as_of(
        graph: GraphDep,
        id: _id_path(resource),  # type: ignore[valid-type]
        recorded_as_of: RecordedAsOf = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        if recorded_as_of is None:
            return read(graph, id, if_none_match)
        return json_response(graph.records.read(resource, id, recorded_as_of))  # no version that could be changed

    keeps_history = resource in ("customers", "contacts")
    router.add_api_route(
        f"/{resource}/{ID}",
        read_as_of if keeps_history else read,
        methods=["GET"],
        operation_id=f"read_{resource}",
        tags=[resource],
        summary=f"Read {_one(resource)}",
        dependencies=[Depends(require("viewer")), Depends(only(("recorded_as_of",) if keeps_history else ()))],
        responses={
            200: _answered("The record.", answer, _ETAG_HEADER),
            304: {"description": "Not modified.", "headers": _ETAG_HEADER},
            **(documented(308, 404) if keeps_history else documented(404)),
        },
    )


def add_replace(resource: str) -> None:
    """`PUT /RESOURCE/{id}`: all fields of a record anew."""
    answer, given, _ = component_names(resource)

    takes_force = resource == "campaigns"

    def replace(
        graph: GraphDep,
        body: JsonBody,
        id: _id_path(resource),  # type: ignore[valid-type]
        force: _force(takes_force),  # type: ignore[valid-type]
        if_match: IfMatch = None,
    ) -> Response:
        values = check_types(resource, body)
        tag = _tag(graph, resource, id, if_match)
        return _record_response(resource, graph.records.replace(resource, id, values, tag, force=force))

    router.add_api_route(
        f"/{resource}/{ID}",
        replace,
        methods=["PUT"],
        operation_id=f"replace_{resource}",
        tags=[resource],
        summary=f"Replace {_one(resource)}",
        dependencies=[Depends(require("editor")), Depends(only({"force"} if takes_force else ()))],
        responses={200: _answered("The record.", answer, _ETAG_HEADER), **documented(404, 409, 412, 413, 415, 428)},
        openapi_extra=_takes(_schema(given), JSON),
    )


def add_patch(resource: str) -> None:
    """`PATCH /RESOURCE/{id}`: some fields of a record."""
    answer, _, patched = component_names(resource)

    takes_force = resource == "campaigns"

    def patch(
        graph: GraphDep,
        body: PatchBody,
        id: _id_path(resource),  # type: ignore[valid-type]
        force: _force(takes_force),  # type: ignore[valid-type]
        if_match: IfMatch = None,
    ) -> Response:
        changes = check_types(resource, body)
        tag = _tag(graph, resource, id, if_match)
        return _record_response(resource, graph.records.patch(resource, id, changes, tag, force=force))

    router.add_api_route(
        f"/{resource}/{ID}",
        patch,
        methods=["PATCH"],
        operation_id=f"patch_{resource}",
        tags=[resource],
        summary=f"Change fields of {_one(resource)}",
        dependencies=[Depends(require("editor")), Depends(only({"force"} if takes_force else ()))],
        responses={200: _answered("The record.", answer, _ETAG_HEADER), **documented(404, 409, 412, 413, 415, 428)},
        openapi_extra=_takes(_schema(patched), MERGE_PATCH, JSON),
    )


def add_delete(resource: str) -> None:
    """`DELETE /RESOURCE/{id}`: a record on which nothing hangs, or with `detach` its ties too."""

    def delete(
        graph: GraphDep,
        id: _id_path(resource),  # type: ignore[valid-type]
        detach: Annotated[bool, Query(description="Whether to cut the ties that hang on it.")] = False,
        if_match: IfMatch = None,
    ) -> Response:
        graph.records.delete(resource, id, _tag(graph, resource, id, if_match), detach=detach)
        return Response(status_code=204)

    router.add_api_route(
        f"/{resource}/{ID}",
        delete,
        methods=["DELETE"],
        status_code=204,
        operation_id=f"delete_{resource}",
        tags=[resource],
        summary=f"Delete {_one(resource)}",
        dependencies=[Depends(require("editor")), Depends(only({"detach"}))],
        responses={204: {"description": "Deleted."}, **documented(404, 409, 412, 428)},
    )


def add_convert() -> None:
    """`POST /contacts/{id}/convert`: a contact who buys becomes a customer with the same id and ties."""
    customer, _, _ = component_names("customers")

    def convert(
        request: Request,
        graph: GraphDep,
        caller: Editor,
        id: _id_path("contacts"),  # type: ignore[valid-type]
        if_match: IfMatch = None,
        key: IdempotencyKey = None,
    ) -> Response:
        tag = None if if_match is None else _tag(graph, "contacts", id, if_match)
        customer = graph.records.convert(id, tag, receipt=receipt_of(request, caller, key, None))
        return _record_response("customers", customer, location=True)

    router.add_api_route(
        f"/contacts/{ID}/convert",
        convert,
        methods=["POST"],
        operation_id="convert_contacts",
        tags=["contacts"],
        summary="Make a contact a customer",
        dependencies=[Depends(require("editor")), Depends(only(()))],
        responses={
            200: _answered("The customer.", customer, _ETAG_HEADER | _LOCATION_HEADER),
            **documented(404, 409, 412, 413),
        },
    )


def _add_all() -> None:
    # What ends in a word of its own comes before what takes any id.
    add_convert()
    for resource in RESOURCES:
        for add in (add_list, add_create, add_bulk, add_read, add_replace, add_patch, add_delete):
            add(resource)


_add_all()
