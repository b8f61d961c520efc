"""Timelines over HTTP, and the command that shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

import graphcrm
from graphcrm.cli import cli
from graphcrm.errors import MergedAway

API = "/api/v1"
ID = "a/b c?/timeline"


@pytest.fixture
def told(graph: graphcrm.Graph) -> list[dict[str, Any]]:
    records = graph.records
    records.upsert("customers", [{"id": "C1", "name": "Ann"}, {"id": ID, "name": "<b>"}])
    records.upsert("contacts", [{"id": "K1", "name": "Kim"}])
    orders = [{"id": f"O{n}", "customer_id": ID, "at": f"2024-01-0{n + 1}", "amount": "-1"} for n in range(5)]
    assert not records.upsert("orders", orders).rejected
    records.upsert("feedback", [{"id": "F1", "party_id": ID, "kind": "nps", "score": 1}])
    return graph.archive.timeline(ID).to_dict("records")  # type: ignore[return-value]


def test_the_timeline_is_the_librarys(client: TestClient, told: list[dict[str, Any]]) -> None:
    address = f"{API}/customers/{quote(ID, safe='')}/timeline"
    assert client.get(address).json() == {"items": told, "next_cursor": None}
    paged: list[dict[str, Any]] = []
    parameters: dict[str, Any] = {"limit": 2, "kind": ["order", "feedback"]}
    while True:
        page = client.get(address, params=parameters).json()
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert paged == told
    assert [item["id"] for item in client.get(address, params={"kind": "feedback"}).json()["items"]] == ["F1"]
    assert client.get(f"{API}/contacts/K1/timeline").json() == {"items": [], "next_cursor": None}


def test_what_is_wrong_is_a_problem(client: TestClient, told: Any, problem: Callable[..., Any]) -> None:
    problem(client.get(f"{API}/customers/nobody/timeline"), 404)
    problem(client.get(f"{API}/customers/K1/timeline"), 404)
    problem(client.get(f"{API}/contacts/C1/timeline"), 404)
    for query in ("kind=gossip", "limit=0", "limit=1001", "cursor=x", "sort=at"):
        problem(client.get(f"{API}/customers/C1/timeline?{query}"), 422)


def test_who_was_merged_away_leads_to_who_stands_for_it(client: TestClient, told: Any, graph: graphcrm.Graph) -> None:
    graph.merging.merge("C1", ID)
    survivor = quote(ID, safe="")
    answer = client.get("/customers/C1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"/customers/{survivor}")
    assert client.get("/customers/C1").status_code == 200
    answer = client.get(f"{API}/customers/C1/timeline", follow_redirects=False)
    assert (answer.status_code, answer.json()["into"]) == (308, ID)
    for ask in (graph.archive.timeline, lambda id_: graph.archive.consent(id_, "email", "news")):
        with pytest.raises(MergedAway):
            ask("C1")
    assert client.get("/customers/nobody").status_code == 404
    assert client.get("/contacts/K1").status_code == 200


def test_the_command_shows_it(
    graph: graphcrm.Graph, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = graph.settings
    monkeypatch.setenv("GRAPHCRM_HOME", str(settings.home))
    if settings.neo4j_uri:
        monkeypatch.setenv("GRAPHCRM_NEO4J_URI", settings.neo4j_uri)
        monkeypatch.setenv("GRAPHCRM_NEO4J_USER", settings.neo4j_user)
        monkeypatch.setenv("GRAPHCRM_NEO4J_PASSWORD", settings.neo4j_password.get_secret_value())
        monkeypatch.setenv("GRAPHCRM_NEO4J_DATABASE", settings.neo4j_database)
    runner = CliRunner()
    answer = runner.invoke(cli, ["timeline", ID, "--format", "json", "--kind", "order", "--limit", "2"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == told[:2]
    cursor = answer.stderr.split("--cursor ")[1].strip()
    answer = runner.invoke(cli, ["timeline", ID, "--format", "csv", "--kind", "order", "--cursor", cursor])
    assert [line.split(",")[2] for line in answer.stdout.splitlines()] == ["id", "O2", "O1", "O0"]
    table = runner.invoke(cli, ["timeline", ID])
    assert "refund yes" in table.stdout
    assert "F1" in table.stdout
