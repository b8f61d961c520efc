"""Merges over HTTP: one party of two, the old id, and two again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app

API = "/api/v1"


@pytest.fixture
def client(graph: graphcrm.Graph) -> Iterator[httpx.Client]:
    graph.records.upsert("customers", [{"id": "A", "name": "Ann"}, {"id": "B/1", "name": "Bob", "city": "Ulm"}])
    graph.records.upsert("contacts", [{"id": "K", "name": "Kim"}])
    with TestClient(create_app(graph), base_url="http://127.0.0.1:8000", follow_redirects=False) as client:
        yield client


def test_merging_and_taking_it_back(client: httpx.Client) -> None:
    made = client.post(f"{API}/merges", json={"id": "B/1", "into": "A"})
    assert (made.status_code, made.json()["id"], made.json()["into"]) == (201, "B/1", "A")
    assert client.get(f"{API}/customers/A").json()["city"] == "Ulm"
    gone = client.get(f"{API}/customers/B%2F1")
    assert (gone.status_code, gone.headers["location"], gone.json()["into"]) == (308, f"{API}/customers/A", "A")
    assert client.get(gone.headers["location"]).json()["id"] == "A"
    for part in ("history?limit=5", "timeline", "provenance"):
        elsewhere = client.get(f"{API}/customers/B%2F1/{part}")
        assert (elsewhere.status_code, elsewhere.headers["location"]) == (308, f"{API}/customers/A/{part}")
        assert client.get(elsewhere.headers["location"]).status_code == 200
    refused = client.patch(f"{API}/customers/B%2F1", json={"name": "x"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["into"]) == (409, "A")
    assert client.post(f"{API}/customers", json={"id": "B/1", "name": "x"}).status_code == 409
    assert client.delete(f"{API}/merges/B%2F1").json() == {"id": "B/1", "into": "A"}
    assert client.get(f"{API}/customers/B%2F1").json()["name"] == "Bob"
    assert client.get(f"{API}/customers/A").json()["city"] is None


def test_a_contact_merged_into_a_customer_leads_there(client: httpx.Client) -> None:
    client.post(f"{API}/merges", json={"id": "K", "into": "A"})
    assert client.get(f"{API}/contacts/K").headers["location"] == f"{API}/customers/A"


def test_merges_are_listed_in_pages(client: httpx.Client) -> None:
    for gone in ("B/1", "K"):
        client.post(f"{API}/merges", json={"id": gone, "into": "A"})
    first = client.get(f"{API}/merges?limit=1").json()
    assert [(each["id"], each["label"], each["into"]) for each in first["items"]] == [("B/1", "Customer", "A")]
    second = client.get(f"{API}/merges", params={"cursor": first["next_cursor"]}).json()
    assert ([each["id"] for each in second["items"]], second["next_cursor"]) == (["K"], None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/merges", {"id": "A", "into": "A"}, 422),
        ("POST", "/merges", {"id": "A"}, 422),
        ("POST", "/merges", {"id": "A", "into": "K"}, 422),
        ("POST", "/merges", {"id": "A", "into": "nobody"}, 404),
        ("POST", "/merges", {"id": "nobody", "into": "A"}, 404),
        ("DELETE", "/merges/A", None, 404),
    ],
)
def test_bad_requests(client: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
    answer = client.request(method, f"{API}{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
