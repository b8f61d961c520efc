"""Imports over HTTP: files come in, a worker loads them, and their entry tells how far it is and what was rejected."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.answers import documented, json_response
from api.deps import Caller, GraphDep, only, require
from api.idempotency import receipt_of
from api.import_answers import first_rejects, reject_lines, told
from api.import_schemas import ImportAnswer, ImportsAnswer
from api.uploads import FORM, received
from graphcrm import Graph
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.limits import MAX_ID_LENGTH, MAX_PAGE, MAX_UPLOAD_FILES
from graphcrm.service.entries import new_id
from graphcrm.service.import_checks import check_import
from graphcrm.service.worker import Worker
from graphcrm.settings import checked_region

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])

_FIELDS: Final = ("source", "preset", "dry_run", "encoding", "delimiter", "region", "date_order", "merge_duplicates")
_FLAGS: Final = ("dry_run", "merge_duplicates")
_ROWS_A_PIECE: Final = 1_000
_CSV: Final = "text/csv"
_UPLOAD: Final = {
    "type": "object",
    "required": ["files"],
    "additionalProperties": False,
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_UPLOAD_FILES,
            "items": {"type": "string", "format": "binary"},
            "description": "Files with their names; they go by what the command line's would.",
        },
        "mapping": {"type": "string", "format": "binary", "description": "A mapping file."},
        "source": {
            "type": "string",
            "pattern": r"^[^\W_]\w{0,63}$",
            "default": "files",
            "description": "The source that the import belongs to: 1 to 64 letters, digits and underscores.",
        },
        "preset": {"type": "string", "description": "A mapping that is shipped, by its name, or `auto`."},
        "dry_run": {"type": "string", "enum": ["true", "false"], "default": "false"},
        "merge_duplicates": {
            "type": "string",
            "enum": ["true", "false"],
            "default": "false",
            "description": "Whether what is surely one party is merged when all rows are in; not in a dry run.",
        },
        "encoding": {"type": "string", "description": "Of text files, where it is not found from their content."},
        "delimiter": {"type": "string", "description": "Of CSV files, where it is not found from their content."},
        "region": {
            "type": "string",
            "pattern": "^[A-Za-z]{2}$",
            "description": "ISO 3166 code of the country that telephone numbers without a country code are of.",
        },
        "date_order": {
            "type": "string",
            "enum": ["mdy", "dmy", "ymd"],
            "description": "Of dates such as 03/04/2024, where no value of their column tells.",
        },
    },
}

Editor = Annotated[Caller, Depends(require("editor"))]
JobId = Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH, description="Id of an import.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Chosen by the caller: the same key with the same files is carried out once and answered alike.",
    ),
]
_VIEWER = [Depends(require("viewer")), Depends(only(()))]


@router.post(
    "",
    status_code=202,
    operation_id="create_imports",
    summary="Upload files to import",
    dependencies=[Depends(require("editor")), Depends(only(()))],
    responses={
        202: {
            "description": "They wait to be imported.",
            "model": ImportAnswer,
            "headers": {"Location": {"description": "Address of the import.", "schema": {"type": "string"}}},
        },
        **documented(413, 415, 429),
    },
    openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": _UPLOAD}}}},
)
async def create(request: Request, graph: GraphDep, caller: Editor, key: IdempotencyKey = None) -> Response:
    """Take files, and a mapping file where they are not canonical, and have them imported."""
    await run_in_threadpool(graph.jobs.check_room)
    id_ = new_id()
    upload = await run_in_threadpool(graph.jobs.uploads.begin, id_)
    try:
        form = await received(request, upload, _FIELDS)
        options = _options(form.values)
        names = upload.names()
        if not names:
            raise InvalidInput("files: send at least one", field="files")
        await run_in_threadpool(_check, graph, id_, options)
        receipt = receipt_of(request, caller, key, [options, names, form.digests])
        job = await run_in_threadpool(graph.jobs.queue, id_, options, options["source"], options["dry_run"], receipt)
    except BaseException:
        upload.release()
        await run_in_threadpool(graph.jobs.uploads.discard, id_)
        raise
    upload.release()
    if job["id"] != id_:  # the key had an answer already
        await run_in_threadpool(graph.jobs.uploads.discard, id_)
    _wake_worker(request)
    return json_response(told(graph, job), 202, {"Location": f"{router.prefix}/{job['id']}"})


def _wake_worker(request: Request) -> None:
    """Have it look at once, where this process has one: whoever has takes the job in a few seconds anyhow."""
    worker: Worker | None = getattr(request.app.state, "worker", None)
    if worker is not None:
        worker.wake()


def _options(values: dict[str, str]) -> dict[str, Any]:
    """The short fields of an upload, checked."""
    flags = {name: _flag(values, name) for name in _FLAGS}
    if all(flags.values()):
        raise InvalidInput("merge_duplicates: contradicts dry_run, which writes nothing", field="merge_duplicates")
    rest: dict[str, Any] = {name: values.get(name) or None for name in _FIELDS if name not in ("source", *_FLAGS)}
    rest["region"] = checked_region(rest["region"])
    return {"source": values.get("source", "files"), **flags, **rest}


def _check(graph: Graph, id_: str, options: dict[str, Any]) -> None:
    """Refuse at once what the job could only fail by; files are called as they were uploaded."""
    uploads = graph.jobs.uploads
    asked = {name: options[name] for name in ("source", "preset", "encoding", "delimiter", "date_order")}
    try:
        check_import(uploads.files(id_), mapping=uploads.mapping(id_), **asked)
    except InvalidInput as error:
        field = "files" if error.field == "paths" else error.field
        raise InvalidInput(uploads.plain(id_, error.message), field=field, allowed=error.allowed) from None


def _flag(values: dict[str, str], name: str) -> bool:
    value = values.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidInput(f"{name}: must be true or false", field=name, allowed=["true", "false"])
    return value == "true"


@router.get(
    "",
    response_model=ImportsAnswer,
    operation_id="list_imports",
    summary="List imports",
    dependencies=[Depends(require("viewer")), Depends(only({"source", "cursor", "limit"}))],
    responses=documented(),
)
def list_imports(
    graph: GraphDep,
    source: Annotated[str | None, Query(max_length=MAX_ID_LENGTH, description="Only those of this source.")] = None,
    cursor: Annotated[
        str | None, Query(max_length=MAX_ID_LENGTH, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Imports a page.")] = 50,
) -> Response:
    """Imports, those of the command line included, the latest first."""
    page = graph.jobs.page(cursor, limit, source)
    return json_response({"items": [told(graph, job) for job in page.items], "next_cursor": page.next_cursor})


@router.get(
    "/{id}",
    response_model=ImportAnswer,
    operation_id="read_imports",
    summary="Read an import",
    dependencies=_VIEWER,
    responses=documented(404),
)
def read(graph: GraphDep, id: JobId) -> Response:
    """How far an import is, what it counted, and the first rows that it rejected."""
    return json_response(told(graph, graph.jobs.read(id)) | {"rejects": first_rejects(graph, id)})


@router.get(
    "/{id}/rejects",
    response_class=Response,
    operation_id="read_imports_rejects",
    summary="All rows that an import rejected",
    dependencies=_VIEWER,
    responses={
        200: {"description": "CSV for spreadsheets.", "content": {_CSV: {"schema": {"type": "string"}}}},
        **documented(404),
    },
)
def read_rejects(graph: GraphDep, id: JobId) -> Response:
    """The rejected rows as CSV, each with file, line, column and reason."""
    path = graph.jobs.rejects(id)
    if path is None:
        raise NotFound(f"import {id!r} has rejected no row, or its rejects lie on another machine")
    headers = {"Content-Disposition": 'attachment; filename="rejects.csv"'}
    return StreamingResponse(_pieces(reject_lines(graph, id, path)), 200, headers, f"{_CSV}; charset=utf-8")


@router.post(
    "/{id}/cancel",
    response_model=ImportAnswer,
    operation_id="cancel_imports",
    summary="Cancel an import",
    dependencies=[Depends(require("editor")), Depends(only(()))],
    responses=documented(404, 409),
)
def cancel(graph: GraphDep, id: JobId) -> Response:
    """Have an import stop: at once while it waits, else after the batch being written; what is in stays in."""
    return json_response(told(graph, graph.jobs.cancel(id)))


def _pieces(rows: Iterator[list[str]]) -> Iterator[str]:
    """Rows as CSV, many at a time: each piece that is sent costs a turn of a thread."""
    while some := list(islice(rows, _ROWS_A_PIECE)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(some)
        yield text.getvalue()
