"""Refusals: every status of the one table, always as a problem, never with anything of the inside."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app
from api.errors import problem_of
from graphcrm.errors import Conflict, Forbidden, GraphCRMError, InvalidInput, NotFound, StaleVersion, StoreError
from graphcrm.limits import MAX_BODY_BYTES, MAX_ID_LENGTH
from graphcrm.settings import Settings

API = "/api/v1"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Forbidden("m"), 401),
        (Forbidden("m", authenticated=True), 403),
        (NotFound("m"), 404),
        (Conflict("m"), 409),
        (StaleVersion("m"), 412),
        (InvalidInput("m"), 422),
        (StoreError("m", retryable=True), 503),
        (StoreError("m"), 500),
        (StoreError("m", timed_out=True), 504),
        (StoreError("m", timed_out=True, retryable=True), 504),
        (RuntimeError("password=hunter2"), 500),
    ],
)
def test_one_table(error: Exception, status: int) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert (b"hunter2" in problem.body()) is False
    assert ("Retry-After" in problem.headers) is (status == 503)


def test_every_error_has_a_status_of_its_own() -> None:
    def kinds(kind: type[GraphCRMError]) -> list[type[GraphCRMError]]:
        return [kind, *(found for below in kind.__subclasses__() for found in kinds(below))]

    unforeseen = [kind for kind in kinds(GraphCRMError)[1:] if problem_of(kind("m")).kind == "internal"]
    assert unforeseen == []


class TestBodies:
    @pytest.mark.parametrize(
        "body", [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1} x', b'"\\ud800"', b'{"a": "\xff"}', b"[" * 100_000]
    )
    def test_what_is_no_json(self, local: TestClient, problem: Any, body: bytes) -> None:
        answer = local.post(f"{API}/customers", content=body, headers={"Content-Type": "application/json"})
        problem(answer, 400)

    @pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1", b"true"])
    def test_what_is_no_object(self, local: TestClient, problem: Any, body: bytes) -> None:
        answer = local.post(f"{API}/customers", content=body, headers={"Content-Type": "application/json"})
        problem(answer, 422, field="body")

    @pytest.mark.parametrize(
        "kind",
        [
            None,
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "application/json; charset=latin-1",
        ],
    )
    def test_other_types(self, local: TestClient, problem: Any, kind: str | None) -> None:
        headers = {"Content-Type": kind} if kind else {}
        problem(local.post(f"{API}/customers", content=b'{"id": "C1", "name": "x"}', headers=headers), 415)

    def test_a_merge_patch_is_no_creation(self, local: TestClient, problem: Any) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        problem(local.post(f"{API}/customers", content=b'{"id": "C1", "name": "x"}', headers=headers), 415)

    def test_a_charset_that_is_utf_8(self, local: TestClient) -> None:
        headers = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
        body = '{"id": "C1", "name": "王"}'.encode()
        assert local.post(f"{API}/customers", content=body, headers=headers).status_code == 201

    def test_one_that_says_it_is_too_long(self, local: TestClient, problem: Any) -> None:
        headers = {"Content-Type": "application/json", "Content-Length": str(MAX_BODY_BYTES + 1)}
        problem(local.post(f"{API}/customers", content=b"{}", headers=headers), 413)

    def test_one_that_turns_out_too_long(self, local: TestClient, problem: Any) -> None:
        def chunks() -> Any:
            yield b'{"id": "C1", "name": "'
            for _ in range(12):
                yield b"x" * 1_000_000
            yield b'"}'

        problem(local.post(f"{API}/customers", content=chunks(), headers={"Content-Type": "application/json"}), 413)


class TestFields:
    @pytest.mark.parametrize(
        ("resource", "values", "field"),
        [
            ("customers", {}, "id"),
            ("customers", {"id": "C1"}, "name"),
            ("customers", {"id": "C1", "name": None}, "name"),
            ("customers", {"id": "C1", "name": "N", "colour": "red"}, "colour"),
            ("customers", {"id": 1, "name": "N"}, "id"),
            ("customers", {"id": "", "name": "N"}, "id"),
            ("customers", {"id": "x" * (MAX_ID_LENGTH + 1), "name": "N"}, "id"),
            ("customers", {"id": "C1", "name": "N" * 501}, "name"),
            ("customers", {"id": "C1", "name": "N", "kind": "robot"}, "kind"),
            ("customers", {"id": "C1", "name": "N", "tags": "a|b"}, "tags"),
            ("customers", {"id": "C1", "name": "N", "tags": [1]}, "tags"),
            ("customers", {"id": "C1", "name": "N", "country": "Atlantis"}, "country"),
            ("customers", {"id": "C1", "name": "N", "created_at": "yesterday"}, "created_at"),
            ("customers", {"id": "C1", "name": "N", "created_at": 5}, "created_at"),
            ("customers", {"id": "C1", "name": "N", "extra": {"a b": 1}}, "extra"),
            ("customers", {"id": "C1", "name": "N", "extra": {"a": {"b": 1}}}, "extra"),
            ("interactions", {"id": "I", "kind": "call", "at": "2025-01-01", "from_id": "A", "to_ids": "B"}, "to_ids"),
            ("orders", {"id": "O", "customer_id": "C1", "at": "2025-01-01", "amount": "1.00001"}, "amount"),
            ("orders", {"id": "O", "customer_id": "C1", "at": "2025-01-01", "amount": True}, "amount"),
            ("orders", {"id": "O", "customer_id": "C1", "at": "2025-01-01"}, "customer_id"),
            ("ties", {"source_id": "A", "target_id": "B"}, "type"),
            ("ties", {"type": "LOVES", "source_id": "A", "target_id": "B"}, "type"),
            ("ties", {"type": "KNOWS", "source_id": "A", "target_id": "B", "strength": -0.1}, "strength"),
            ("ties", {"type": "KNOWS", "source_id": "A", "target_id": "B", "strength": 1.1}, "strength"),
            ("ties", {"type": "KNOWS", "source_id": "A", "target_id": "B", "strength": "1"}, "strength"),
            ("ties", {"type": "REFERRED", "source_id": "A", "target_id": "A"}, "target_id"),
            ("ties", {"type": "REFERRED", "source_id": "A", "target_id": "B"}, "source_id"),
        ],
    )
    def test_a_value_that_breaks_a_rule(
        self, local: TestClient, problem: Any, resource: str, values: dict[str, Any], field: str
    ) -> None:
        found = problem(local.post(f"{API}/{resource}", json=values), 422, field=field)
        assert field in found["detail"]

    def test_closed_lists_are_named(self, local: TestClient, problem: Any) -> None:
        assert "pagerank" in problem(local.get(f"{API}/influencers?metric=fame"), 422, field="metric")["allowed"]
        found = problem(local.get(f"{API}/influencers?layers=knows&layers=gossip"), 422, field="layers")
        assert found["allowed"] == ["referral", "knows", "works_with", "interaction"]
        found = problem(local.get(f"{API}/paths?source=A&target=B&by=luck"), 422, field="by", rule="literal_error")
        assert found["allowed"] == ["hops", "strength", "earliest", "latest", "fastest"]
        found = problem(local.get(f"{API}/influencers?metrik=degree"), 422, field="metrik")
        assert "metric" in found["allowed"]

    def test_a_parameter_given_twice(self, local: TestClient, problem: Any) -> None:
        problem(local.get(f"{API}/customers?limit=1&limit=2"), 422, field="limit")

    @pytest.mark.parametrize(
        ("path", "field"),
        [
            ("/customers?limit=0", "limit"),
            ("/customers?limit=1001", "limit"),
            ("/customers?limit=many", "limit"),
            ("/customers?sort=shoe_size", "sort"),
            ("/influencers?limit=1001", "limit"),
            ("/influencers?as_of=today", "as_of"),
            ("/influencers?as_of=2025-02-30", "as_of"),
            ("/influencers?as_of=2025-1-3", "as_of"),
            ("/influencers?as_of=0001-01-01T00:00:00%2B14:00", "as_of"),
            ("/influencers?normalized=perhaps", "normalized"),
            ("/paths?source=A", "target"),
            ("/paths?source=A&target=B&k=101", "k"),
            ("/paths?source=A&target=B&k=0", "k"),
            ("/referrals/paths?source=A&target=B&max_hops=51", "max_hops"),
            ("/referrals/A/tree?max_depth=51", "max_depth"),
            ("/referrals/A/tree?limit=10001", "limit"),
            ("/graph/neighborhood/A?hops=5", "hops"),
            ("/graph/neighborhood/A?limit=1001", "limit"),
            ("/search?q=", "q"),
            (f"/search?q={'x' * 201}", "q"),
            ("/search", "q"),
            (f"/customers/{'x' * (MAX_ID_LENGTH + 1)}", "id"),
            (f"/graph/neighborhood/{'x' * (MAX_ID_LENGTH + 1)}", "id"),
        ],
    )
    def test_a_bound(self, local: TestClient, problem: Any, path: str, field: str) -> None:
        problem(local.get(API + path), 422, field=field)


class TestAddresses:
    @pytest.mark.parametrize(
        "path",
        [
            "/customers/nobody",
            "/contacts/nobody",
            "/ties/KNOWS:A:B:friend",
            "/ties/nonsense",
            "/referrals/nobody/chain",
            "/referrals/nobody/tree",
            "/graph/neighborhood/nobody",
            "/paths?source=nobody&target=noone",
            "/referrals/paths?source=nobody&target=noone",
            "/influencers?segment=none",
            "/customers/",
            "/nowhere",
        ],
    )
    def test_what_there_is_not(self, local: TestClient, problem: Any, path: str) -> None:
        problem(local.get(API + path), 404)

    def test_methods(self, local: TestClient, problem: Any) -> None:
        answer = local.delete(f"{API}/customers")
        problem(answer, 405)
        assert answer.headers["allow"] == "GET, POST"
        answer = local.post(f"{API}/customers/C1")
        problem(answer, 405)
        assert answer.headers["allow"] == "DELETE, GET, PATCH, PUT"
        problem(local.request("BREW", f"{API}/customers"), 405)


_DETAIL = "secret of customer C1"


class _Broken:
    """A graph in which everything fails with an error that nobody foresaw."""

    settings = Settings()

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(_DETAIL)


def test_an_unforeseen_error_says_nothing_of_the_inside(problem: Any, caplog: pytest.LogCaptureFixture) -> None:
    broken: Any = _Broken()
    # Not entered, since the service would not even start with such a graph.
    client = TestClient(create_app(broken), base_url="http://127.0.0.1")
    with caplog.at_level(logging.ERROR, "api.middleware"):
        answer = client.get("/readyz", headers={"X-Request-ID": "r-1"})
    problem(answer, 500)
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == "r-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "r-1" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_too_slow_a_query_is_told_as_such(embedded_graph: graphcrm.Graph, problem: Any, monkeypatch: Any) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise StoreError("the query took too long", timed_out=True)

    monkeypatch.setattr(embedded_graph, "search", slow)
    with TestClient(create_app(embedded_graph), base_url="http://127.0.0.1") as client:
        problem(client.get(f"{API}/search?q=x"), 504)
