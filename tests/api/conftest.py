"""The application over a graph, as a client on this machine sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from receivers import Receiver, listening

import graphcrm
from api.app import create_app
from graphcrm.service.delivery import Dispatcher
from graphcrm.service.leases import Holder
from graphcrm.service.webhooks import Webhooks

API = "/api/v1"

Ask = Callable[..., Any]


@pytest.fixture
def client(graph: graphcrm.Graph) -> Iterator[TestClient]:
    """A client of an empty graph, on each engine in turn."""
    with TestClient(create_app(graph), base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def local(embedded_graph: graphcrm.Graph) -> Iterator[TestClient]:
    """A client of an empty graph on the embedded engine, for what happens before a graph is asked."""
    with TestClient(create_app(embedded_graph), base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def problem() -> Callable[..., dict[str, Any]]:
    """A check that an answer is a problem of a status; gives its document."""

    def check(response: Any, status: int, **members: Any) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = response.json()
        assert document["status"] == status
        assert document["type"].startswith("urn:graphcrm:problem:")
        assert document["title"]
        assert document["detail"]
        assert "Traceback" not in response.text
        for name, value in members.items():
            assert document[name] == value, document
        return document

    return check


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks on this machine."""
    with listening() as got:
        yield got


@pytest.fixture
def hooks(graph: graphcrm.Graph) -> Webhooks:
    """The webhooks of a graph, allowed to lead to this machine."""
    return Webhooks(graph.store, allow_private=True)


@pytest.fixture
def dispatch(graph: graphcrm.Graph, hooks: Webhooks, tmp_path: Path) -> Iterator[Callable[[], Dispatcher]]:
    """Starts a dispatcher as a process of its own would have it."""
    begun: list[tuple[Dispatcher, Holder]] = []

    def start() -> Dispatcher:
        holder = Holder(tmp_path / "home")
        dispatcher = Dispatcher(graph.store, hooks, holder)
        dispatcher.start()
        begun.append((dispatcher, holder))
        return dispatcher

    yield start
    for dispatcher, holder in begun:
        dispatcher.stop()
        holder.close()
