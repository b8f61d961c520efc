"""Merges over HTTP: one party of two, the old id, and two again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app
from graphcrm.cli import cli

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
    taken = client.post(f"{API}/customers", json={"id": "B/1", "name": "x"})
    assert (taken.status_code, taken.json()["location"]) == (409, f"{API}/customers/A")
    client.patch(f"{API}/customers/A", json={"city": "Bonn"}, headers={"If-Match": "*"})
    edit = {"field": "city", "value": "Ulm", "edited": "Bonn"}
    assert client.delete(f"{API}/merges/B%2F1").json() == {"id": "B/1", "into": "A", "undecided": [edit]}
    assert client.get(f"{API}/customers/B%2F1").json()["name"] == "Bob"
    assert client.get(f"{API}/customers/A").json()["city"] == "Bonn"


@pytest.fixture
def merged(client: httpx.Client, graph: graphcrm.Graph) -> httpx.Client:
    """K was referred by A and B/1 by K; then K was merged into Z, and Z into X/1."""
    graph.records.upsert("customers", [{"id": "Z", "name": "Zoe"}, {"id": "X/1", "name": "Xu"}])
    ties = [("A", "K"), ("K", "B/1")]
    graph.records.upsert("ties", [{"type": "REFERRED", "source_id": one, "target_id": other} for one, other in ties])
    for gone, into in (("K", "Z"), ("Z", "X/1")):
        assert client.post(f"{API}/merges", json={"id": gone, "into": into}).status_code == 201
    return client


@pytest.mark.parametrize("old", ["K", "Z"])
@pytest.mark.parametrize(
    "question",
    ["/api/v1/referrals/{}/chain", "/api/v1/referrals/{}/tree?limit=5", "/api/v1/graph/neighborhood/{}?hops=2&limit=9"],
)
def test_the_old_id_leads_to_the_same_question_about_the_other(merged: httpx.Client, question: str, old: str) -> None:
    answer = merged.get(question.format(old))
    assert (answer.status_code, answer.headers["location"]) == (308, question.format("X%2F1"))
    assert answer.json()["into"] == "X/1"
    assert merged.get(answer.headers["location"]).json() == merged.get(question.format("X%2F1")).json()


def test_pages_of_the_old_id_lead_to_the_other(merged: httpx.Client) -> None:
    for page in ("/map/{}?hops=2", "/customers/{}", "/customers/{}?field=name"):
        answer = merged.get(page.format("Z"))
        assert (answer.status_code, answer.headers["location"]) == (308, page.format("X%2F1"))
        assert merged.get(answer.headers["location"]).status_code == 200
    assert merged.get("/contacts/K").headers["location"] == "/customers/X%2F1"


def test_paths_and_search_take_the_old_id_for_the_other(merged: httpx.Client, graph: graphcrm.Graph) -> None:
    for path in ("paths", "referrals/paths"):
        old = merged.get(f"{API}/{path}?source=A&target=K").json()
        assert (old["source"], old["target"], old["items"][0]["party_ids"]) == ("A", "X/1", ["A", "X/1"])
        assert old == merged.get(f"{API}/{path}?source=A&target=X%2F1").json()
        assert merged.get(f"{API}/{path}?source=Z&target=B%2F1").json()["items"][0]["party_ids"] == ["X/1", "B/1"]
        one = merged.get(f"{API}/{path}?source=Z&target=K")
        assert (one.status_code, one.json()["field"]) == (422, "target")
        assert merged.get(f"{API}/{path}?source=A&target=nobody").status_code == 404
    hit = {"id": "X/1", "label": "Customer", "name": "Xu", "matched": "merged_id"}
    assert merged.get(f"{API}/search?q=Z").json()["items"][0] == hit
    assert graph.search("K")[0] == hit
    assert graph.search("nobody") == []
    assert [each["id"] for each in graph.search("x")] == ["X/1"]
    graph.merging.unmerge("Z")
    assert graph.search("Z")[0]["matched"] == "id"
    assert graph.search("K", limit=1)[0]["id"] == "Z"


def test_commands_answer_of_the_other_and_say_so(
    merged: httpx.Client,
    graph: graphcrm.Graph,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = graph.settings
    monkeypatch.setenv("GRAPHCRM_HOME", str(settings.home))
    if settings.neo4j_uri:
        monkeypatch.setenv("GRAPHCRM_NEO4J_URI", settings.neo4j_uri)
        monkeypatch.setenv("GRAPHCRM_NEO4J_USER", settings.neo4j_user)
        monkeypatch.setenv("GRAPHCRM_NEO4J_PASSWORD", settings.neo4j_password.get_secret_value())
        monkeypatch.setenv("GRAPHCRM_NEO4J_DATABASE", settings.neo4j_database)
    out = tmp_path / "map.html"
    for command in (
        ["paths", "A", "{}"],
        ["referrals", "chain", "{}"],
        ["referrals", "tree", "{}"],
        ["map", "{}", "--out", str(out)],
        ["timeline", "{}"],
        ["history", "{}"],
        ["provenance", "{}"],
    ):
        caplog.clear()
        old, new = (CliRunner().invoke(cli, [part.format(id_) for part in command]) for id_ in ("K", "X/1"))
        assert (old.exit_code, old.stdout) == (0, new.stdout), command
        assert "'K' was merged into 'X/1'" in old.stderr + caplog.text, command
        assert "merged into" not in new.stderr
    assert CliRunner().invoke(cli, ["timeline", "nobody"]).exit_code == 1


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
