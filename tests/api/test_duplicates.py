"""Duplicates over HTTP: searching, what was found, telling apart, and who may do what."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

import graphcrm

API = "/api/v1"
Ask = Callable[..., Any]
DUPLICATES = f"{API}/duplicates"
ADA = {"name": "Ada Byron", "email": "ada@example.com", "birth_date": "1990-12-10"}
MAX = {"name": "Max Born", "phone": "+49 30 1234567"}


def fill(graph: graphcrm.Graph) -> None:
    rows = [{"id": "C1", **ADA}, {"id": "C2", **ADA}, {"id": "C3", **MAX, "city": "Ulm"}, {"id": "C4", "name": "Kim"}]
    assert not graph.records.upsert("customers", rows).rejected
    assert not graph.records.upsert("contacts", [{"id": "K3", **MAX}]).rejected


def searched(client: TestClient) -> dict[str, Any]:
    begun = client.post(DUPLICATES)
    assert (begun.status_code, begun.json()["state"], begun.headers["location"]) == (202, "running", DUPLICATES)
    deadline = time.monotonic() + 60
    while (found := client.get(DUPLICATES).json())["search"]["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(found)


def ends(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(pair["left"]["id"], pair["right"]["id"]) for pair in page["items"]]


def test_nothing_is_listed_before_the_first_search(client: TestClient) -> None:
    assert client.get(DUPLICATES).json() == {"items": [], "next_cursor": None, "search": None}


def test_what_a_search_finds_is_listed(client: TestClient, graph: graphcrm.Graph) -> None:
    fill(graph)
    revision = graph.revision()
    found = searched(client)
    assert found["search"] | {"started_at": "", "ended_at": ""} == {
        "state": "done",
        "started_at": "",
        "ended_at": "",
        "message": None,
        "revision": revision,
        "parties": 5,
        "pairs": 2,
        "kept": 2,
        "trained": False,
    }
    assert ends(found) == [("C1", "C2"), ("C3", "K3")]
    ada = found["items"][0]
    assert ada["left"] == {"id": "C1", "label": "Customer", "name": "Ada Byron"}
    assert ada["evidence"][0]["weight"] >= ada["evidence"][-1]["weight"]
    assert ada["weight"] == pytest.approx(sum(entry["weight"] for entry in ada["evidence"]), abs=0.3)
    assert graph.revision() == revision, "a search changes nothing"


def test_pages_and_bounds(client: TestClient, graph: graphcrm.Graph, problem: Ask) -> None:
    fill(graph)
    whole = searched(client)
    first = client.get(DUPLICATES, params={"limit": 1}).json()
    assert ends(first) == [("C1", "C2")]
    second = client.get(DUPLICATES, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert (ends(second), second["next_cursor"]) == ([("C3", "K3")], None)
    sure, unsure = (pair["probability"] for pair in whole["items"])
    assert ends(client.get(DUPLICATES, params={"threshold": sure}).json()) == [("C1", "C2")]
    assert ends(client.get(DUPLICATES, params={"below": sure}).json()) == [("C3", "K3")]
    assert unsure < sure
    problem(client.get(DUPLICATES, params={"cursor": "nowhere"}), 422, field="cursor")
    problem(client.get(DUPLICATES, params={"threshold": "2"}), 422, field="threshold")


def test_decided_pairs_are_not_listed(client: TestClient, graph: graphcrm.Graph) -> None:
    fill(graph)
    searched(client)
    assert client.post(f"{API}/merges", json={"id": "C2", "into": "C1"}).status_code == 201
    assert ends(client.get(DUPLICATES).json()) == [("C3", "K3")]
    told = client.post(f"{DUPLICATES}/not-same", json={"left_id": "K3", "right_id": "C3"})
    assert (told.status_code, told.json()["left_id"], told.json()["right_id"]) == (201, "C3", "K3")
    assert client.get(DUPLICATES).json()["items"] == []
    assert [v["right_id"] for v in client.get(f"{DUPLICATES}/not-same").json()["items"]] == ["K3"]
    assert client.delete(f"{API}/merges/C2").status_code == 200
    apart = {"left_id": "C3", "right_id": "K3"}
    assert client.delete(f"{DUPLICATES}/not-same", params=apart).status_code == 204
    assert ends(client.get(DUPLICATES).json()) == [("C1", "C2"), ("C3", "K3")]
    assert client.delete(f"{DUPLICATES}/not-same", params=apart).status_code == 404


def test_verdicts_are_listed_in_pages(client: TestClient, graph: graphcrm.Graph) -> None:
    fill(graph)
    for right in ("C2", "C3", "C4"):
        client.post(f"{DUPLICATES}/not-same", json={"left_id": "C1", "right_id": right})
    first = client.get(f"{DUPLICATES}/not-same?limit=2").json()
    rest = client.get(f"{DUPLICATES}/not-same", params={"cursor": first["next_cursor"]}).json()
    assert [v["right_id"] for v in first["items"] + rest["items"]] == ["C2", "C3", "C4"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"left_id": "C1", "right_id": "C1"}, 422, "right_id"),
        ({"left_id": "C1"}, 422, "right_id"),
        ({"left_id": "C1", "right_id": "C2", "why": ""}, 422, "why"),
    ],
)
def test_bad_verdicts(
    client: TestClient, graph: graphcrm.Graph, problem: Ask, body: Any, status: int, field: str
) -> None:
    fill(graph)
    problem(client.post(f"{DUPLICATES}/not-same", json=body), status, field=field)
    problem(client.post(f"{DUPLICATES}/not-same", json={"left_id": "C1", "right_id": "nobody"}), 404)


def test_viewers_read_and_editors_decide(client: TestClient, graph: graphcrm.Graph, problem: Ask) -> None:
    fill(graph)
    tokens = {role: graph.tokens.create(f"the {role}", role) for role in ("viewer", "editor")}
    viewer, editor = ({"Authorization": f"Bearer {tokens[role]}"} for role in ("viewer", "editor"))
    try:
        assert client.get(DUPLICATES, headers=viewer).status_code == 200
        pair = {"left_id": "C1", "right_id": "C2"}
        problem(client.post(DUPLICATES, headers=viewer), 403)
        problem(client.post(f"{DUPLICATES}/not-same", json=pair, headers=viewer), 403)
        problem(client.post(f"{API}/merges", json={"id": "C2", "into": "C1"}, headers=viewer), 403)
        assert client.post(f"{API}/merges", json={"id": "C2", "into": "C1"}, headers=editor).status_code == 201
        assert client.get(f"{API}/merges", headers=viewer).json()["items"][0]["by"] == "the editor"
    finally:
        for role in tokens:
            graph.tokens.revoke(f"the {role}")


def test_a_search_that_was_cut_off_can_be_begun_again(client: TestClient, graph: graphcrm.Graph) -> None:
    """The entry names a process that has ended, as one that was killed leaves it."""
    fill(graph)
    left = {"state": "running", "started_at": "x", "owner": "nobody", "lease_until": None}
    graph.store.write(lambda tx: tx.run("candidates/note_search", id="search", changes=left))
    search = client.get(DUPLICATES).json()["search"]
    assert (search["state"], search["message"]) == ("failed", "the process that searched has ended; search again")
    assert len(searched(client)["items"]) == 2


def test_two_searches_at_once_are_one(client: TestClient, graph: graphcrm.Graph) -> None:
    fill(graph)
    first, second = client.post(DUPLICATES).json(), client.post(DUPLICATES).json()
    assert first["started_at"] == second["started_at"]
    graph.candidates.wait(60)
    assert client.get(DUPLICATES).json()["search"]["state"] == "done"


def test_a_new_party_that_looks_like_another_is_asked_about(
    client: TestClient, graph: graphcrm.Graph, problem: Ask
) -> None:
    fill(graph)
    new = {"id": "N1", **ADA, "name": "Ada Byrom"}
    told = problem(client.post(f"{API}/contacts", json=new), 409, type="urn:graphcrm:problem:looks-alike")
    assert [(each["id"], each["label"], each["name"]) for each in told["candidates"]] == [
        ("C1", "Customer", "Ada Byron"),
        ("C2", "Customer", "Ada Byron"),
    ]
    assert {"email", "birth_date"} <= {entry["field"] for entry in told["candidates"][0]["evidence"]}
    assert client.get(f"{API}/contacts/N1").status_code == 404
    key = {"Idempotency-Key": "again"}
    problem(client.post(f"{API}/contacts", json=new, headers=key), 409)
    made = client.post(f"{API}/contacts?force=true", json=new, headers=key)
    assert made.status_code == 201
    assert client.post(f"{API}/contacts?force=true", json=new, headers=key).json() == made.json()
    problem(client.post(f"{API}/products?force=true", json={"id": "P", "name": "P"}), 422, field="force")
