"""The application: everything under one roof, made by `create_app`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool

import graphcrm
from api import errors, middleware
from api.deps import SESSION_COOKIE, Gate
from api.record_schemas import components
from api.routes import analytics, archive, duplicates, imports, merges, operations, pages, records, sources, webhooks
from api.schemas import ProblemDocument
from graphcrm import Graph
from graphcrm.service.delivery import Dispatcher
from graphcrm.service.worker import Worker
from graphcrm.settings import Settings

__all__ = ["create_app"]


_ABOUT = """
Customers, contacts and what happens between them as a graph: records, influencers, referral paths, neighbourhoods.

Lists answer `{"items", "next_cursor"}`. Refusals are problems (RFC 9457). A change needs the record's `ETag` as
`If-Match`. Money is a decimal string, times are UTC. Without tokens the service answers this machine alone; with
tokens send `Authorization: Bearer TOKEN`.
"""

_ROUTERS = (
    operations.router,
    analytics.router,
    imports.router,
    webhooks.router,
    archive.router,
    duplicates.router,
    merges.router,
    sources.router,
    records.router,
)


def create_app(graph: Graph | None = None, settings: Settings | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    graph : Graph, optional
        What to serve; without one, `graphcrm.connect(settings)` is opened at the start and closed at the end.
    settings : Settings, optional
        Those of the graph, or without one from the environment, if not given.

    Returns
    -------
    FastAPI
        With the HTTP interface under ``/api/v1``, the pages, and ``/healthz``, ``/readyz``, ``/metrics``.
    """
    settings = settings or (Settings() if graph is None else graph.settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = await run_in_threadpool(graphcrm.connect, settings) if graph is None else graph
        _serve(app, opened)
        app.state.worker = Worker(opened)
        dispatcher = Dispatcher(opened.store, opened.webhooks, opened.jobs.holder)
        app.state.worker.start()
        dispatcher.start()
        try:
            yield
        finally:
            await run_in_threadpool(app.state.worker.stop)
            await run_in_threadpool(dispatcher.stop)
            if graph is None:
                await run_in_threadpool(opened.close)

    app = FastAPI(
        title="graphcrm",
        version=graphcrm.__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    if graph is not None:
        _serve(app, graph)
    app.state.settings = settings
    app.state.metrics = middleware.Metrics()
    errors.install(app)
    middleware.install(app, app.state.metrics, settings.allowed_hosts)
    for router in _ROUTERS:
        app.include_router(router)
    app.state.routes = [route for router in _ROUTERS for route in router.routes]
    pages.add_pages(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _serve(app: FastAPI, graph: Graph | None) -> None:
    app.state.graph = graph
    app.state.gate = Gate(graph) if graph is not None else None


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: what FastAPI knows of the routes, the record tables' schemas, and how to authenticate."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        document["servers"] = [{"url": "/"}]
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs") | {"Problem": problem} | components()
        document["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "`graphcrm token create NAME --role ROLE`"},
            "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
        }
        for path, operations_ in document["paths"].items():
            if path.startswith(records.PREFIX) or path == "/metrics":
                for operation in operations_.values():
                    operation["security"] = [{"token": []}, {"session": []}]
        app.openapi_schema = document
    return app.openapi_schema
