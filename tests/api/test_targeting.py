"""Consent over HTTP and on the command line: who may not be contacted is not targeted, and is left out of lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from processes import environment

import graphcrm
from graphcrm.cli import cli

API = "/api/v1"
M = {"id": "M", "name": "Spring", "channel": "email", "targeted_ids": ["yes", "no"]}
SAID = {"party_id": "yes", "channel": "email", "purpose": "marketing", "granted": True, "at": "2024-01-01"}


@pytest.fixture
def asked(graph: graphcrm.Graph) -> graphcrm.Graph:
    records = graph.records
    records.upsert("customers", [{"id": "yes", "name": "Ann"}, {"id": "no", "name": "Bob"}])
    records.upsert("consents", [{"id": "1"} | SAID])
    return graph


def test_who_has_not_granted_it_is_named_and_force_targets_all_the_same(
    asked: graphcrm.Graph, client: TestClient, problem: Callable[..., Any]
) -> None:
    answer = problem(client.post(f"{API}/campaigns", json=M), 409)
    assert answer["type"].endswith(":no-consent")
    assert (answer["field"], answer["count"]) == ("targeted_ids", 1)
    assert answer["parties"] == [{"campaign_id": "M", "id": "no", "consent": "unknown", "at": None}]
    assert client.post(f"{API}/campaigns", json=M | {"targeted_ids": ["yes"]}).status_code == 201
    change = {"targeted_ids": ["yes", "no"]}
    any_version = {"If-Match": "*"}
    problem(client.patch(f"{API}/campaigns/M", json=change, headers=any_version), 409)
    problem(client.put(f"{API}/campaigns/M", json=M, headers=any_version), 409)
    tie = {"type": "TARGETED", "source_id": "M", "target_id": "no"}
    assert problem(client.post(f"{API}/ties", json=tie), 409)["field"] == "target_id"
    bulk = client.post(f"{API}/campaigns/bulk", json=[M]).json()
    assert [(each["index"], each["field"]) for each in bulk["rejections"]] == [(0, "targeted_ids")]
    patched = client.patch(f"{API}/campaigns/M?force=true", json=change, headers=any_version)
    assert patched.json()["targeted_ids"] == ["no", "yes"]
    lines = client.get(f"{API}/customers/no/history").json()["items"]
    assert [(line["kind"], line["other"]) for line in lines][:1] == [("targeted_without_consent", "M")]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/campaigns"), ("POST", "/campaigns/bulk"), ("POST", "/ties"), ("POST", "/ties/bulk")]
)
def test_force_is_taken_where_targets_are_added(
    asked: graphcrm.Graph, client: TestClient, method: str, path: str
) -> None:
    client.post(f"{API}/campaigns", json=M | {"targeted_ids": []})
    body: Any = {"type": "TARGETED", "source_id": "M", "target_id": "no"} if "ties" in path else M | {"id": "N"}
    answer = client.request(method, f"{API}{path}?force=true", json=[body] if "bulk" in path else body)
    assert answer.status_code in (200, 201)
    assert answer.json().get("rejected", 0) == 0
    assert client.post(f"{API}/orders?force=true", json={}).status_code == 422


def test_a_campaign_lists_who_may_be_contacted_and_who_is_left_out(
    asked: graphcrm.Graph, client: TestClient, problem: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(asked.settings).items():
        monkeypatch.setenv(name, value)
    asked.records.create("campaigns", M, force=True)
    answer = client.get(f"{API}/contactable?campaign=M").json()
    left_out = [{"party_id": "no", "label": "Customer", "name": "Bob", "consent": "unknown", "at": None}]
    listed = [{"party_id": "yes", "label": "Customer", "name": "Ann", "at": "2024-01-01T00:00:00Z"}]
    assert answer == {
        "items": listed,
        "next_cursor": None,
        "channel": "email",
        "purpose": "marketing",
        "campaign_id": "M",
        "left_out": left_out,
    }
    problem(client.get(f"{API}/contactable?campaign=nobody"), 404)
    assert problem(client.get(f"{API}/contactable?channel=email"), 422)["field"] == "purpose"
    run = CliRunner().invoke(cli, ["contactable", "--campaign", "M", "--format", "json"])
    assert (json.loads(run.stdout), run.stderr) == (
        listed,
        "1 left out (0 refused, 1 never decided): --left-out lists them\n",
    )
    run = CliRunner().invoke(cli, ["contactable", "--campaign", "M", "--left-out", "--format", "json"])
    assert json.loads(run.stdout) == left_out
    assert CliRunner().invoke(cli, ["contactable", "--left-out"]).exit_code != 0
