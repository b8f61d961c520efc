"""`Idempotency-Key`: a POST that is sent again is not carried out again, it gets the answer it got before.

The graph keeps the answers, so a key holds for every process and after a restart: with a creation in the transaction of
the change itself (`Records.create`, `Records.convert`), with a bulk upsert, which may well happen twice, right after it
(`once`).

References
----------
IETF draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from fastapi import Request

from api.deps import Caller
from graphcrm import Graph
from graphcrm.errors import Conflict
from graphcrm.service.receipts import remember, replayed

__all__ = ["once", "receipt_of"]


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
    return _digest([caller.name, key]), _digest([request.method, request.scope["path"], body])


def _digest(value: Any) -> str:
    """A digest that does not depend on the order in which the members of an object stand."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def once(graph: Graph, receipt: tuple[str, str] | None, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Carry something out, unless it was before; what it is must do no harm when a crash makes it happen twice.

    Parameters
    ----------
    graph : Graph
        Where answers are kept.
    receipt : tuple of str or None
        From `receipt_of`.
    act : callable
        What is to be carried out; gives the answer.

    Returns
    -------
    dict
        The answer, or the one given before.

    Raises
    ------
    InvalidInput
        The key was used with another request.
    """
    if receipt is None:
        return act()
    answer = graph.store.reading(lambda tx: replayed(tx, *receipt))
    if answer is None:
        answer = given = act()
        try:
            graph.store.write(lambda tx: remember(tx, *receipt, given), keys=[receipt[0]])
        except Conflict:  # the same request came twice at once, and the other was first
            return graph.store.reading(lambda tx: replayed(tx, *receipt)) or answer
    return answer
