"""Who may come in: hosts, origins, tokens and their roles, and what every answer carries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app
from api.deps import SESSION_COOKIE
from graphcrm.settings import Settings

API = "/api/v1"


class TestHost:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1234", "LOCALHOST", "[::1]:80", "127.8.9.1"]
    )
    def test_names_of_this_machine(self, local: TestClient, host: str) -> None:
        assert local.get("/healthz", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "",
            "[::1",
            "localhost@evil",
            "::1",
        ],
    )
    def test_forged_names(self, local: TestClient, problem: Any, host: str) -> None:
        problem(local.get("/healthz", headers={"Host": host}), 400)
        problem(local.get(f"{API}/customers", headers={"Host": host}), 400)

    def test_names_from_the_settings(self, embedded_graph: graphcrm.Graph, problem: Any) -> None:
        settings = Settings(allowed_hosts="CRM.example, other.example")  # type: ignore[arg-type]
        with TestClient(create_app(embedded_graph, settings), base_url="http://127.0.0.1") as client:
            assert client.get("/healthz", headers={"Host": "crm.example:443"}).status_code == 200
            problem(client.get("/healthz", headers={"Host": "third.example"}), 400)


class TestOrigin:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:9999"},
            {"Origin": "http://127.0.0.1.evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        ],
    )
    def test_pages_of_elsewhere(self, local: TestClient, problem: Any, headers: dict[str, str]) -> None:
        problem(local.get(f"{API}/customers", headers=headers), 403)
        problem(local.post(f"{API}/customers", json={"id": "C1", "name": "x"}, headers=headers), 403)
        assert local.get(f"{API}/customers").json()["items"] == []

    def test_a_form_of_elsewhere(self, local: TestClient, problem: Any) -> None:
        followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        problem(local.post(f"{API}/customers", json={"id": "C1", "name": "x"}, headers=followed), 403)
        assert local.get("/healthz", headers=followed).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": "http://127.0.0.1"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    )
    def test_its_own_pages(self, local: TestClient, headers: dict[str, str]) -> None:
        assert local.get(f"{API}/customers", headers=headers).status_code == 200

    def test_no_page_may_read_an_answer(self, local: TestClient, problem: Any) -> None:
        answer = local.options(f"{API}/customers", headers={"Access-Control-Request-Method": "POST"})
        problem(answer, 405)
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_headers_of_every_answer(local: TestClient) -> None:
    for path, headers in (("/healthz", {}), ("/nowhere", {}), ("/healthz", {"Host": "evil.example"})):
        answer = local.get(path, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "private, no-cache"
        assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("given", ["abc-1.2_X", "a b", "x" * 65, "é"])
def test_a_request_id_is_given_back_if_it_is_a_plain_word(local: TestClient, given: str) -> None:
    answer = local.get("/healthz", headers={"X-Request-ID": given.encode()})
    assert (answer.headers["x-request-id"] == given) is (given == "abc-1.2_X")


class TestTokens:
    @pytest.fixture
    def tokens(self, graph: graphcrm.Graph) -> Iterator[dict[str, str]]:
        """A token of each role, as headers."""
        yield {role: graph.tokens.create(f"the {role}", role) for role in ("viewer", "editor", "admin")}
        for role in ("viewer", "editor", "admin"):
            graph.tokens.revoke(f"the {role}")

    def test_everyone_needs_one_from_the_first_on(
        self, graph: graphcrm.Graph, client: TestClient, problem: Any
    ) -> None:
        assert client.get(f"{API}/customers").status_code == 200
        token = graph.tokens.create("first", "viewer")
        for path in (f"{API}/customers", f"{API}/influencers", f"{API}/search?q=x", "/metrics", f"{API}/customers/C1"):
            answer = client.get(path)
            problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for path in ("/healthz", "/readyz", "/openapi.json"):
            assert client.get(path).status_code == 200
        assert client.get(f"{API}/customers", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        graph.tokens.revoke("first")
        assert client.get(f"{API}/customers").status_code == 200

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer \xff", "x" * 5_000])
    def test_wrong_ones(self, client: TestClient, tokens: dict[str, str], problem: Any, header: str) -> None:
        answer = client.get(f"{API}/customers", headers={"Authorization": header.encode("latin-1")})
        assert "x" * 20 not in problem(answer, 401)["detail"]

    def test_what_each_role_may(self, client: TestClient, tokens: dict[str, str], problem: Any) -> None:
        def ask(role: str, method: str, path: str, **options: Any) -> Any:
            headers = {"Authorization": f"Bearer {tokens[role]}"} | options.pop("headers", {})
            return client.request(method, API + path, headers=headers, **options)

        body = {"id": "C1", "name": "One"}
        problem(ask("viewer", "POST", "/customers", json=body), 403)
        problem(ask("viewer", "POST", "/customers/bulk", json=[body]), 403)
        problem(ask("viewer", "POST", "/contacts/P1/convert"), 403)
        assert ask("editor", "POST", "/customers", json=body).status_code == 201
        for role in ("viewer", "editor", "admin"):
            assert ask(role, "GET", "/customers/C1").status_code == 200
        anyhow = {"If-Match": "*"}
        for method in ("PUT", "PATCH", "DELETE"):
            problem(ask("viewer", method, "/customers/C1", json=body, headers=anyhow), 403)
        assert ask("editor", "PATCH", "/customers/C1", json={"name": "Uno"}, headers=anyhow).status_code == 200
        assert ask("admin", "DELETE", "/customers/C1", headers=anyhow).status_code == 204

    def test_the_cookie_of_a_browser(self, client: TestClient, tokens: dict[str, str], problem: Any) -> None:
        client.cookies.set(SESSION_COOKIE, tokens["viewer"])
        assert client.get(f"{API}/customers").status_code == 200
        problem(client.post(f"{API}/customers", json={"id": "C1", "name": "x"}), 403)
        client.cookies.set(SESSION_COOKIE, "made up")
        problem(client.get(f"{API}/customers"), 401)

    def test_a_revoked_one_is_refused_within_a_second_or_two(
        self, graph: graphcrm.Graph, client: TestClient, tokens: dict[str, str], problem: Any
    ) -> None:
        other = graphcrm.connect(graph.settings)
        try:
            token = other.tokens.create("short-lived", "viewer")
            headers = {"Authorization": f"Bearer {token}"}
            time.sleep(1.1)
            assert client.get(f"{API}/customers", headers=headers).status_code == 200
            other.tokens.revoke("short-lived")
        finally:
            other.close()
        time.sleep(1.1)
        problem(client.get(f"{API}/customers", headers=headers), 401)

    def test_a_key_for_repeated_requests_is_its_caller_s_own(
        self, client: TestClient, tokens: dict[str, str], problem: Any
    ) -> None:
        def create(role: str) -> Any:
            headers = {"Authorization": f"Bearer {tokens[role]}", "Idempotency-Key": "same"}
            return client.post(f"{API}/customers", json={"id": "C1", "name": "One"}, headers=headers)

        assert create("editor").status_code == 201
        assert create("editor").status_code == 201
        problem(create("admin"), 409)


@pytest.mark.parametrize(
    ("address", "host"), [("192.0.2.7", "192.0.2.7"), ("127.0.0.1", "crm.example"), ("192.0.2.7", "localhost")]
)
def test_without_tokens_only_this_machine_comes_in(
    embedded_graph: graphcrm.Graph, problem: Any, address: str, host: str
) -> None:
    settings = Settings(allowed_hosts=("192.0.2.7", "crm.example"))
    with TestClient(
        create_app(embedded_graph, settings), base_url=f"http://{address}", headers={"Host": host}
    ) as client:
        assert client.get("/healthz").status_code == 200
        problem(client.get(f"{API}/customers"), 401)
        token = embedded_graph.tokens.create("remote", "viewer")
        assert client.get(f"{API}/customers", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        embedded_graph.tokens.revoke("remote")


@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": "for=192.0.2.7"},
        {"Via": "1.1 proxy"},
        {"X-Forwarded-For": "192.0.2.7"},
        {"x-forwarded-proto": "https"},
        {"X-Forwarded-Host": ""},
    ],
)
def test_without_tokens_nobody_comes_in_through_a_proxy(
    embedded_graph: graphcrm.Graph, local: TestClient, problem: Any, headers: dict[str, str]
) -> None:
    assert local.get(f"{API}/customers").status_code == 200
    answer = local.get(f"{API}/customers", headers=headers)
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert local.get("/healthz", headers=headers).status_code == 200
    token = embedded_graph.tokens.create("proxied", "viewer")
    try:
        assert local.get(f"{API}/customers", headers=headers | {"Authorization": f"Bearer {token}"}).status_code == 200
    finally:
        embedded_graph.tokens.revoke("proxied")
