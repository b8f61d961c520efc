"""JSON bodies: read once, of a type that the operation takes, and parsed by the standard's letter."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool

from api.errors import Malformed, UnsupportedMediaType

__all__ = ["JSON", "MERGE_PATCH", "checked", "json_body", "takes"]

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
_LONG_BYTES: Final = 100_000
_Model = TypeVar("_Model", bound=BaseModel)


def json_body(*media_types: str) -> Callable[[Request], Coroutine[Any, Any, Any]]:
    """A dependency that gives the parsed body.

    Parameters
    ----------
    *media_types : str
        Those the operation takes.

    Returns
    -------
    callable
        For `fastapi.Depends`; raises `UnsupportedMediaType` and `Malformed`.
    """

    async def parsed(request: Request) -> Any:
        given = request.headers.get("content-type", "")
        kind, _, parameters = given.partition(";")
        charset = parameters.lower().replace(" ", "").partition("charset=")[2].strip('"')
        if kind.strip().lower() not in media_types or charset not in ("", "utf-8", "utf8"):
            raise UnsupportedMediaType(f"Send the body as Content-Type: {' or '.join(media_types)}, in UTF-8.")
        body = await request.body()
        # Parsing megabytes here would hold up everyone else's requests.
        return parse(body) if len(body) < _LONG_BYTES else await run_in_threadpool(parse, body)

    return parsed


def parse(body: bytes) -> Any:
    """JSON text as Python values; NaN and infinity are no JSON, nor are lone surrogates Unicode.

    Raises
    ------
    Malformed
        Says where the text stops being JSON, without quoting it.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed(f"The body is not valid JSON: {error}.") from None


def checked(model: type[_Model], body: Any) -> _Model:
    """A parsed body as a model; what breaks a rule is refused as a parameter would be."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from None


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """OpenAPI's entry for a body that an operation checks by itself."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": model.model_json_schema()}}}}
