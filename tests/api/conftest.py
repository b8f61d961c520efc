"""The application over a graph, as a client on this machine sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app

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
