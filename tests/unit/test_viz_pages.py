"""The pages over a graph that only pretends: what they show, refuse and remember."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pandas as pd
import pytest
from fastapi import FastAPI

from api.deps import SESSION_COOKIE, Gate
from api.routes import pages
from graphcrm.errors import Forbidden, InvalidInput, NotFound, StoreError
from viz.security import PAGE_POLICY

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NAME = '</script><b>Ann & "王芳"</b>'
WRITTEN = "&lt;/script&gt;&lt;b&gt;Ann &amp; &#34;王芳&#34;&lt;/b&gt;"
AWKWARD = ("a?b", "a#b", "50%", "5% a", "王 芳")
STRONG, WEAK = "secret-of-an-admin", "wrong"


class Tokens:
    def __init__(self) -> None:
        self.made = False

    def exist(self) -> bool:
        return self.made

    def check(self, token: str) -> tuple[str, str]:
        if token != STRONG:
            raise Forbidden("the token is not valid; ask for a new one")
        return "boss", "admin"


class Pretended:
    """As much of a graph as the pages ask."""

    def __init__(self) -> None:
        self.store = SimpleNamespace(engine="embedded")
        self.tokens = Tokens()
        self.parties = 2
        self.failure: Exception | None = None
        self.asked: dict[str, Any] = {}

    def influencers(self, metric: str, limit: int, language: str) -> pd.DataFrame:
        if self.failure:
            raise self.failure
        if metric == "nonsense":
            raise InvalidInput("There is no metric 'nonsense'; there are: degree, pagerank.", field="metric")
        columns = ["rank", "party_id", "label", "name", "score", "reason"]
        rows = [[1, "C/1", "Customer", NAME, 0.5, f"why-{language}"], [2, "P2", "Contact", "Bo", 0.25, "because"]]
        frame = pd.DataFrame(rows[: self.parties], columns=columns)
        frame.attrs = {"parties": self.parties, "ties": 1234, "revision": 5, "as_of": "2026-01-31T23:59:59Z"}
        return frame

    def search(self, query: str, limit: int) -> list[dict[str, str]]:
        found = [{"id": f"C{i}", "label": "Customer", "name": f"{NAME} {i}", "matched": "name"} for i in range(30)]
        return found[:limit] if "ann" in query.lower() else []

    def neighborhood(self, party_id: str, **choices: Any) -> dict[str, Any]:
        if self.failure:
            raise self.failure
        if party_id not in ("C/1", "P2", *AWKWARD):
            raise NotFound(f"There is no customer or contact {party_id!r}.")
        self.asked = choices
        nodes = [{"id": party_id, "label": "Customer", "name": NAME, "hop": 0, "strength": 1.0}]
        return {"center": party_id, "nodes": nodes, "ties": [], "truncated": False, "revision": 5}


@pytest.fixture
def pretended() -> Pretended:
    return Pretended()


@pytest.fixture
def client(pretended: Pretended) -> Iterator[TestClient]:
    app = FastAPI(docs_url=None, redoc_url=None)
    pages.add_pages(app)
    app.state.graph = pretended
    app.state.gate = Gate(pretended)  # type: ignore[arg-type]
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/map/", "/customers/", "/contacts/"])
def test_an_address_without_an_id_is_a_page_too(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/", "/?q=ann", "/map/C%2F1", "/docs", "/login", "/map/unknown", "/?metric=nonsense"])
def test_every_page_carries_the_policy(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Language, Cookie"


def test_the_start_page_ranks_influencers_and_links_their_maps(client: TestClient) -> None:
    page = client.get("/").text
    assert WRITTEN in page
    assert NAME not in page
    assert page.count('href="/map/C%2F1"') == 2
    assert "why-en" in page
    for fact in ("1,234", "2026-01-31", "embedded"):
        assert fact in page
    assert '<option value="pagerank" selected>' in page


def test_the_start_page_of_an_empty_graph_says_what_to_do(client: TestClient, pretended: Pretended) -> None:
    pretended.parties = 0
    page = client.get("/").text
    assert "graphcrm import" in page
    assert "graphcrm demo" in page
    assert "<table" not in page


def test_search_works_without_scripts(client: TestClient) -> None:
    page = client.get("/", params={"q": " ann "}).text
    assert len(re.findall(r'<a href="/map/C\d+">', page)) == 20
    assert "Only the first 20" in page
    assert "Nothing matches" in client.get("/", params={"q": "<nobody>"}).text
    assert "<nobody>" not in client.get("/", params={"q": "<nobody>"}).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/map/unknown", 404),
        (f"/map/{'x' * 129}", 404),
        ("/map/C%2F1?hops=9", 422),
        ("/map/C%2F1?hops=no", 422),
        ("/map/C%2F1?limit=301", 422),
        ("/map/C%2F1?layers=gossip", 422),
        ("/?metric=nonsense", 422),
        (f"/?q={'x' * 201}", 422),
        ("/static/docs/other.js", 404),
    ],
)
def test_what_cannot_be_shown_is_a_page_that_says_why(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert f'<p class="status" aria-hidden="true">{status}</p>' in answer.text


@pytest.mark.parametrize("path", ["/", "/map/P2"])
def test_a_database_that_is_gone_is_told_without_its_address(
    client: TestClient, pretended: Pretended, path: str
) -> None:
    pretended.failure = StoreError("bolt://db.internal:7687 does not answer", retryable=True)
    answer = client.get(path)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "db.internal" not in answer.text
    pretended.failure = None
    assert client.get(path).status_code == 200


def test_the_map_is_asked_for_with_the_choices_made(client: TestClient, pretended: Pretended) -> None:
    page = client.get("/map/C%2F1?hops=3&limit=45&layers=knows&layers=referral").text
    assert pretended.asked == {"hops": 3, "limit": 45, "layers": ["knows", "referral"]}
    assert "<option selected>3</option>" in page
    assert "<option selected>45</option>" in page
    assert 'value="knows" checked' in page
    assert 'value="interaction" checked' not in page
    assert "/static/vis/vis-network.min.js" in page


@pytest.mark.parametrize(
    ("headers", "query", "language"),
    [
        ({}, "", "en"),
        ({"accept-language": "zh-CN,zh;q=0.9"}, "", "zh"),
        ({"accept-language": "zh-CN"}, "?lang=en", "en"),
        ({"cookie": "graphcrm_language=zh"}, "", "zh"),
        ({"cookie": "graphcrm_language=zh"}, "?lang=en", "en"),
        ({"cookie": "graphcrm_language=xx"}, "?lang=yy", "en"),
    ],
)
def test_the_language_is_the_one_asked_for(
    client: TestClient, headers: dict[str, str], query: str, language: str
) -> None:
    for path in ("/", "/map/P2", "/map/unknown", "/login", "/docs"):
        answer = client.get(path + query, headers=headers)
        assert answer.headers["content-language"] == language
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in answer.text
        kept = answer.headers.get("set-cookie", "")
        assert kept.startswith(f"graphcrm_language={language};") == (query == "?lang=en")
    assert f"why-{language}" in client.get("/" + query, headers=headers).text


def test_the_language_switch_keeps_the_question(client: TestClient) -> None:
    assert (
        'href="/map/C/1?hops=2&amp;layers=knows&amp;layers=referral&amp;lang=zh"'
        in client.get("/map/C%2F1?hops=2&layers=knows&lang=en&layers=referral").text
    )


@pytest.mark.parametrize("path", ["/", "/map/C%2F1?hops=2", "/docs"])
def test_with_tokens_pages_lead_to_the_log_in_and_back(client: TestClient, pretended: Pretended, path: str) -> None:
    pretended.tokens.made = True
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
    form = client.get(answer.headers["location"]).text
    back = path.replace("%2F", "/")
    assert f'name="next" value="{back}"' in form
    answer = client.post("/login", data={"token": f" {STRONG} ", "next": back})
    assert (answer.status_code, answer.headers["location"]) == (303, back)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}={STRONG};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.get(path).status_code == 200
    assert 'action="/logout"' in client.get(path).text
    answer = client.post("/logout")
    assert answer.headers["location"] == "/login"
    assert client.get(path).status_code == 303


@pytest.mark.parametrize("party_id", AWKWARD)
def test_addresses_of_awkward_ids_lead_back_to_them(client: TestClient, pretended: Pretended, party_id: str) -> None:
    path = f"/map/{quote(party_id)}"
    assert f'href="{path}?hops=2&amp;lang=zh"' in client.get(f"{path}?hops=2").text
    pretended.failure = StoreError("gone", retryable=True)
    assert f'class="button" href="{path}"' in client.get(path).text
    pretended.failure = None
    pretended.tokens.made = True
    for address in (path, f"{path}?hops=2"):
        client.cookies.clear()
        login = client.get(address).headers["location"]
        assert parse_qs(urlsplit(login).query) == {"next": [address]}
        assert f'name="next" value="{address}"' in client.get(login).text
        answer = client.post("/login", data={"token": STRONG, "next": address})
        assert answer.headers["location"] == address
    page = client.get(path)
    assert page.status_code == 200
    assert f'href="{path}?lang=zh"' in page.text


def test_a_wrong_token_is_refused_and_nothing_is_kept(client: TestClient, pretended: Pretended) -> None:
    pretended.tokens.made = True
    for token in (WEAK, "", "<b>"):
        answer = client.post("/login", data={"token": token, "next": "/"})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert 'role="alert"' in answer.text
        assert "<b>" not in answer.text


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\n/x"]
)
def test_the_log_in_leads_nowhere_else(client: TestClient, pretended: Pretended, elsewhere: str) -> None:
    pretended.tokens.made = True
    assert client.post("/login", data={"token": STRONG, "next": elsewhere}).headers["location"] == "/"
    assert 'name="next" value="/"' in client.get("/login", params={"next": elsewhere}).text


@pytest.mark.parametrize("body", [b"token=" + b"x" * 10_000, b"&a=" * 5_000])
def test_a_form_that_is_too_long_is_refused(client: TestClient, pretended: Pretended, body: bytes) -> None:
    pretended.tokens.made = True
    assert client.post("/login", content=body).status_code == 422


@pytest.mark.parametrize("body", [b"", b"token", b"\xff\xfe=%ff", b"token=%ed%a0%80", b"{}"])
def test_a_form_that_is_none_is_a_wrong_token(client: TestClient, pretended: Pretended, body: bytes) -> None:
    pretended.tokens.made = True
    assert client.post("/login", content=body).status_code == 401


def test_without_tokens_there_is_nothing_to_log_in_to(client: TestClient) -> None:
    page = client.get("/login").text
    assert "nothing to log in to" in page
    assert "<form" not in page


@pytest.mark.parametrize(
    ("path", "kind", "holds"),
    [
        ("/static/palette.css", "text/css", "--label-Customer"),
        ("/static/graphcrm.css", "text/css", ".map"),
        ("/static/map.js", "text/javascript", "vis.Network"),
        ("/static/search.js", "text/javascript", "combobox"),
        ("/static/icon.svg", "image/svg+xml", "<svg"),
        ("/static/vis/vis-network.min.js", "text/javascript", "vis.js is dual licensed"),
        ("/static/docs/swagger-ui-bundle.js", "text/javascript", "SwaggerUIBundle"),
        ("/static/docs/swagger-ui.css", "text/css", ".swagger-ui"),
    ],
)
def test_what_pages_load_is_served(client: TestClient, path: str, kind: str, holds: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == kind
    assert holds in answer.text


def test_files_outside_the_static_folder_are_not_served(client: TestClient) -> None:
    for path in (
        "/static/../render.py",
        "/static/..%2frender.py",
        "/static/vis/../../render.py",
        "/static/docs/..%2f..%2frender.py",
    ):
        assert client.get(path).status_code == 404
