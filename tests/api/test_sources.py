"""Sources over HTTP: naming and erasing them, where a record's fields came from, and pinned values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app
from graphcrm.service import quality

API = "/api/v1"


@pytest.fixture
def client(graph: graphcrm.Graph) -> Iterator[httpx.Client]:
    with TestClient(create_app(graph), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def two_sources(graph: graphcrm.Graph) -> graphcrm.Graph:
    graph.sources.add("crm", "crm", 60)
    graph.records.of("crm").upsert("customers", [{"id": "A", "name": "Ann", "city": "Ulm"}])
    graph.records.of("shop").upsert("customers", [{"id": "A", "name": "Anna"}, {"id": "B", "name": "Bob"}])
    return graph


def rule(answer: httpx.Response, field: str) -> tuple[Any, str, str]:
    assert answer.status_code == 200, answer.text
    found = {each["field"]: each for each in answer.json()["fields"]}[field]
    return found["value"], found["source"], found["rule"]


def test_a_source_says_what_its_imports_brought(client: httpx.Client, graph: graphcrm.Graph, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text("id,name\nA,Ann\nB,\n", encoding="utf-8")
    for _ in range(11):
        graph.import_files([path], source="shop")
    (shop,) = (each for each in client.get(f"{API}/sources").json()["items"] if each["name"] == "shop")
    assert shop == client.get(f"{API}/sources/shop").json()
    assert shop["imports"] == client.get(f"{API}/imports", params={"source": "shop", "limit": 10}).json()["items"]
    assert [[each[name] for name in ("state", "read", "unchanged", "rejected")] for each in shop["imports"]] == [
        ["done", 2, 1, 1]
    ] * 10
    assert "rejects_path" not in shop["imports"][0]
    (last, *_) = graph.sources.read("shop")["imports"]
    assert Path(last["rejects_path"]).read_text().count("\n") == 2
    assert last["files"][0]["file"] == str(path)
    assert client.delete(f"{API}/sources/shop").status_code == 200
    assert client.get(f"{API}/imports", params={"source": "shop"}).json()["items"] == []
    assert not Path(last["rejects_path"]).exists()


def test_sources_are_named_changed_and_erased(client: httpx.Client, two_sources: graphcrm.Graph) -> None:
    listed = client.get(f"{API}/sources").json()["items"]
    assert [(each["name"], each["trust"]) for each in listed] == [("crm", 60), ("hand", 100)]
    assert client.get(f"{API}/sources/shop").json()["nodes"] == {"Customer": 2}
    assert client.get(f"{API}/customers/A").json()["name"] == "Ann"
    changed = client.put(f"{API}/sources/shop", json={"kind": "shop", "trust": 90})
    assert (changed.status_code, changed.json()["trust"], changed.json()["prefix"]) == (200, 90, None)
    assert client.get(f"{API}/customers/A").json()["name"] == "Anna"
    assert client.delete(f"{API}/sources/shop").json() == {"removed": 1, "kept": 1}
    assert client.get(f"{API}/customers/A").json()["name"] == "Ann"
    assert client.get(f"{API}/customers/B").status_code == 404
    assert client.delete(f"{API}/sources/shop").status_code == 404


def test_a_prefix_is_given_before_a_source_says_anything(client: httpx.Client, two_sources: graphcrm.Graph) -> None:
    assert client.put(f"{API}/sources/web", json={"prefix": "web-"}).json()["prefix"] == "web-"
    assert client.put(f"{API}/sources/web", json={"trust": 20}).json()["prefix"] == "web-"
    refused = client.put(f"{API}/sources/shop", json={"prefix": "shop-"})
    assert refused.status_code == 409
    assert "graphcrm source add shop --prefix shop-" in refused.json()["detail"]


def test_the_quality_of_one_source_is_counted_at_a_time(client: httpx.Client, two_sources: graphcrm.Graph) -> None:
    with quality._turn:
        answer = client.get(f"{API}/sources/crm/quality")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "try again" in answer.json()["detail"]
    assert client.get(f"{API}/sources/crm/quality").status_code == 200
    assert client.get(f"{API}/sources/crm/quality?stale_days=-1").status_code == 422
    assert client.get(f"{API}/sources/crm/quality").status_code == 200


def test_quality(client: httpx.Client, two_sources: graphcrm.Graph) -> None:
    two_sources.records.of("crm").upsert("customers", [{"id": "C", "name": "Cy", "phone": "call me"}])
    answer = client.get(f"{API}/sources/crm/quality", params={"stale_days": 0})
    assert answer.status_code == 200, answer.text
    assert [(item["field"], item["blank"], item["invalid"], item["stale"]) for item in answer.json()["items"]] == [
        ("name", 0, 0, 2),
        ("phone", 1, 1, 1),
        ("city", 1, 0, 1),
    ]
    assert answer.json()["items"][1] == {
        "table": "customers",
        "field": "phone",
        "count": 2,
        "blank": 1,
        "invalid": 1,
        "duplicated": 0,
        "stale": 1,
        "reasons": {"no_number": 1},
        "examples": ["no_number: cxxx xx"],
    }
    fresh = client.get(f"{API}/sources/crm/quality").json()["items"]
    assert {item["stale"] for item in fresh} == {0}


def test_provenance_and_pins(client: httpx.Client, two_sources: graphcrm.Graph) -> None:
    found = client.get(f"{API}/customers/A/provenance")
    assert rule(found, "name") == ("Ann", "crm", "trust")
    assert [each["source"] for each in found.json()["sources"]] == ["crm", "shop"]
    said = [*found.json()["sources"], *found.json()["fields"][0]["values"]]
    assert all(each["seen_at"] == each["last_seen"] for each in said)
    pinned = client.put(f"{API}/customers/A/pins/name", json={"source": "shop"})
    assert rule(pinned, "name") == ("Anna", "pinned", "pinned")
    assert client.get(f"{API}/customers/A").json()["name"] == "Anna"
    assert rule(client.delete(f"{API}/customers/A/pins/name"), "name") == ("Ann", "crm", "trust")
    assert rule(client.put(f"{API}/customers/A/pins/country", json={"value": "de"}), "country")[0] == "DE"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/sources/_x", {}, 422),
        ("PUT", "/sources/x", {"trust": 101}, 422),
        ("PUT", "/sources/x", {"trust": "50"}, 422),
        ("PUT", "/sources/x", {"prefix": "a b"}, 422),
        ("PUT", "/sources/x", {"prefix": "x" * 33}, 422),
        ("PUT", "/sources/hand", {"prefix": "x"}, 422),
        ("PUT", "/sources/x", {"unknown": 1}, 422),
        ("PUT", "/sources/x", [], 422),
        ("GET", "/sources/nobody", None, 404),
        ("GET", "/sources/nobody/quality", None, 404),
        ("GET", "/sources/crm/quality?stale_days=-1", None, 422),
        ("GET", "/sources/crm/quality?stale_days=36501", None, 422),
        ("GET", "/sources/crm/quality?days=1", None, 422),
        ("GET", "/customers/nobody/provenance", None, 404),
        ("PUT", "/customers/A/pins/owner_id", {"value": "U"}, 422),
        ("PUT", "/customers/A/pins/country", {"value": "Atlantis"}, 422),
        ("PUT", "/customers/A/pins/name", {"source": "nobody"}, 404),
        ("PUT", "/customers/A/pins/name", {"source": "crm", "value": "Ann"}, 422),
        ("PUT", "/customers/A/pins/name", {"value": None}, 422),
        ("PUT", "/customers/A/pins/nofield", {"value": "x"}, 422),
        ("PUT", "/sources/pinned", {"trust": 5}, 422),
        ("DELETE", "/customers/A/pins/name", None, 404),
    ],
)
def test_bad_requests(
    client: httpx.Client, two_sources: graphcrm.Graph, method: str, path: str, body: Any, status: int
) -> None:
    answer = client.request(method, f"{API}{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_only_an_admin_erases(client: httpx.Client, two_sources: graphcrm.Graph) -> None:
    secrets = {role: two_sources.tokens.create(role, role) for role in ("editor", "admin")}
    for role, status in (("editor", 403), ("admin", 200)):
        answer = client.delete(f"{API}/sources/shop", headers={"Authorization": f"Bearer {secrets[role]}"})
        assert answer.status_code == status
