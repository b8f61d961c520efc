"""`Idempotency-Key`: a POST that is sent again is not carried out again, it gets the answer it got before.

The graph keeps the answers in the transaction of the change itself, so a key holds for every process and after a crash.

References
----------
IETF draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from fastapi import Request
from pydantic_core import to_json

from api.deps import Caller

__all__ = ["receipt_of"]


def receipt_of(request: Request, caller: Caller, key: str | None, body: Any) -> tuple[str, str] | None:
    """What the graph is to remember an answer under.

    Parameters
    ----------
    request : Request
        What is asked for.
    caller : Caller
        Who asks; a key is its caller's own.
    key : str or None
        The header's value.
    body : object
        The parsed body.

    Returns
    -------
    tuple of str or None
        The receipt's id and the fingerprint of the request, as digests; None without a key.
    """
    if key is None:
        return None
    fingerprint = sha256(to_json([request.method, request.scope["path"], body])).hexdigest()
    return sha256(to_json([caller.name, key])).hexdigest(), fingerprint
