"""Whether the service runs, whether it can work, and how much it does."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.answers import documented, json_response
from api.deps import GraphDep, only, require
from api.schemas import Health

__all__ = ["router"]

router = APIRouter(tags=["operations"])


@router.get("/healthz", response_model=Health, responses=documented())
async def healthz() -> Response:
    """Whether the process answers; the database is not asked."""
    return json_response({"status": "ok"})


@router.get("/readyz", response_model=Health, responses=documented())
def readyz(graph: GraphDep) -> Response:
    """Whether the database answers."""
    return json_response({"status": "ready", "revision": graph.revision()})


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **documented()},
    dependencies=[Depends(require("viewer")), Depends(only(()))],
)
def metrics(request: Request) -> Response:
    """Counters in the text format of Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
