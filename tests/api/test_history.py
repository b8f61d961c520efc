"""Histories, earlier states and who may be contacted, over HTTP and by the commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

import graphcrm
from graphcrm.cli import cli

API = "/api/v1"
ODD = "a/b c?"


@pytest.fixture
def anna(graph: graphcrm.Graph) -> Iterator[dict[str, str]]:
    """The headers of a caller of this name."""
    yield {"Authorization": f"Bearer {graph.tokens.create('anna', 'editor')}"}
    graph.tokens.revoke("anna")


def test_the_history_is_the_librarys_and_names_who_did_it(
    client: TestClient, graph: graphcrm.Graph, anna: dict[str, str]
) -> None:
    made = client.post(f"{API}/customers", json={"id": ODD, "name": "Ann"}, headers=anna)
    assert made.status_code == 201
    address = f"{API}/customers/{quote(ODD, safe='')}"
    at = datetime.now(UTC).isoformat()
    patch = {"city": "Ulm", "extra": {"needs": "tea"}}
    answer = client.patch(address, json=patch, headers={**anna, "If-Match": made.headers["etag"]})
    assert answer.status_code == 200
    items = client.get(f"{address}/history", headers=anna).json()["items"]
    assert items == graph.archive.history(ODD).to_dict("records")
    assert [(item["kind"], item["field"], item["from"], item["to"], item["by"]) for item in items] == [
        ("changed", "city", None, "Ulm", "anna"),
        ("changed", "needs", None, "tea", "anna"),
        ("created", None, None, None, "anna"),
    ]
    page = client.get(f"{address}/history", params={"field": "needs", "limit": 1}, headers=anna).json()
    assert ([item["to"] for item in page["items"]], page["next_cursor"]) == (["tea"], None)
    first = client.get(f"{address}/history", params={"limit": 2}, headers=anna).json()
    rest = client.get(f"{address}/history", params={"limit": 2, "cursor": first["next_cursor"]}, headers=anna).json()
    assert first["items"] + rest["items"] == items

    then = client.get(address, params={"recorded_as_of": at}, headers=anna)
    assert then.json() == made.json()
    assert "etag" not in then.headers
    assert client.get(address, params={"recorded_as_of": "2999-01-01"}, headers=anna).json() == answer.json()


def test_what_is_wrong_is_a_problem(client: TestClient, graph: graphcrm.Graph, problem: Callable[..., Any]) -> None:
    graph.records.upsert("customers", [{"id": "C1", "name": "Ann"}, {"id": "C2", "name": "Bo"}])
    problem(client.get(f"{API}/customers/nobody/history"), 404)
    problem(client.get(f"{API}/contacts/C1/history"), 404)
    problem(client.get(f"{API}/customers/C1?recorded_as_of=2001-01-01"), 404)
    for query in ("limit=0", "limit=1001", "cursor=x", "field=", "kind=changed"):
        problem(client.get(f"{API}/customers/C1/history?{query}"), 422)
    problem(client.get(f"{API}/customers/C1?recorded_as_of=then"), 422)
    problem(client.get(f"{API}/products/C1?recorded_as_of=2001-01-01"), 422)
    for query in ("", "channel=email", "channel=email&purpose=", "channel=email&purpose=news&cursor=*"):
        problem(client.get(f"{API}/contactable?{query}"), 422)
    graph.merging.merge("C1", "C2")
    for path in ("C1/history", f"C1?recorded_as_of={quote(datetime.now(UTC).isoformat())}"):
        answer = client.get(f"{API}/customers/{path}", follow_redirects=False)
        assert (answer.status_code, answer.json()["into"]) == (308, "C2")


def consents(graph: graphcrm.Graph) -> None:
    graph.records.upsert("customers", [{"id": f"C{n}", "name": f"N{n}"} for n in range(4)])
    graph.records.upsert("contacts", [{"id": "K", "name": "Kim"}])
    said = [("C0", True), ("C1", True), ("C1", False), ("C2", False), ("C2", True), ("K", True)]
    rows = [
        {"id": f"N{n}", "party_id": party, "channel": "Email", "purpose": "news", "granted": granted}
        | {"at": f"2025-01-{n + 1:02}"}
        for n, (party, granted) in enumerate(said)
    ]
    sms = {"id": "S", "party_id": "C3", "channel": "sms", "purpose": "news", "granted": True, "at": "2025-01-01"}
    assert not graph.records.upsert("consents", [*rows, sms]).rejected


def test_who_may_be_contacted_is_whose_last_word_was_yes(client: TestClient, graph: graphcrm.Graph) -> None:
    consents(graph)
    asked = {"channel": "email", "purpose": "NEWS"}
    whole = client.get(f"{API}/contactable", params=asked).json()
    assert [(each["party_id"], each["label"], each["name"]) for each in whole["items"]] == [
        ("C0", "Customer", "N0"),
        ("C2", "Customer", "N2"),
        ("K", "Contact", "Kim"),
    ]
    may = graph.archive.may_contact(["C0", "C1", "C2", "C3", "K"], "email", "news")
    assert list(may[may["may_contact"]]["party_id"]) == ["C0", "C2", "K"]
    paged: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(
            f"{API}/contactable", params=asked | {"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        paged += page["items"]
        cursor = page["next_cursor"]
    assert paged == whole["items"]


def test_the_commands_tell_it(graph: graphcrm.Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    consents(graph)
    graph.records.patch("customers", "C0", {"tags": ["a", "b"], "city": "Ulm"})
    settings = graph.settings
    monkeypatch.setenv("GRAPHCRM_HOME", str(settings.home))
    if settings.neo4j_uri:
        monkeypatch.setenv("GRAPHCRM_NEO4J_URI", settings.neo4j_uri)
        monkeypatch.setenv("GRAPHCRM_NEO4J_USER", settings.neo4j_user)
        monkeypatch.setenv("GRAPHCRM_NEO4J_PASSWORD", settings.neo4j_password.get_secret_value())
        monkeypatch.setenv("GRAPHCRM_NEO4J_DATABASE", settings.neo4j_database)
    run = CliRunner().invoke
    shown = run(cli, ["history", "C0", "--limit", "1", "--format", "json"])
    assert [line["to"] for line in json.loads(shown.stdout)] == ["Ulm"]
    assert "--cursor" in shown.stderr
    table = run(cli, ["history", "C0", "--field", "tags"]).stdout
    assert "a b" in table
    listed = run(cli, ["contactable", "--channel", "email", "--purpose", "news", "--format", "json"])
    assert [line["party_id"] for line in json.loads(listed.stdout)] == ["C0", "C2", "K"]
    short = run(cli, ["contactable", "--channel", "email", "--purpose", "news", "--limit", "1"])
    assert "--cursor" in short.stderr
