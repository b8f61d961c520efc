"""The analytic answers over HTTP: their shapes, and that they are what the library says."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi.testclient import TestClient

import graphcrm
from graphcrm.errors import InvalidInput

API = "/api/v1"
FACTS = {"revision", "as_of", "metric", "layers", "parties", "ties"}


@pytest.fixture
def business(client: TestClient) -> TestClient:
    """C0 referred C1 to C3, C1 referred C4, C4 referred P5; two know one another; orders below C0; X is alone."""
    customers = [{"id": f"C{n}", "name": f"客户 {n}", "created_at": "2024-01-01"} for n in range(5)]
    customers.append({"id": "X", "name": "Alone"})
    contacts = [{"id": "P5", "name": "Ann Five", "customer_id": "C3", "email": "ann@example.com"}]
    pairs = [("C0", "C1"), ("C0", "C2"), ("C0", "C3"), ("C1", "C4"), ("C4", "P5")]
    ties: list[dict[str, Any]] = [
        {"type": "REFERRED", "source_id": a, "target_id": b, "at": f"2025-01-0{n}T00:00:00Z"}
        for n, (a, b) in enumerate(pairs, start=1)
    ]
    ties.append({"type": "KNOWS", "source_id": "C2", "target_id": "P5", "kind": "family", "strength": 0.9})
    orders = [
        {"id": "O1", "customer_id": "C4", "at": "2025-02-01", "amount": "10.10", "currency": "EUR"},
        {"id": "O2", "customer_id": "C1", "at": "2025-02-02", "amount": "5", "currency": "EUR"},
        {"id": "O3", "customer_id": "C1", "at": "2025-02-03", "amount": "-1.005", "currency": "CNY"},
    ]
    for resource, rows in (("customers", customers), ("contacts", contacts), ("ties", ties), ("orders", orders)):
        report = client.post(f"{API}/{resource}/bulk", json=rows).json()
        assert report["created"] == len(rows), report
    return client


def ask(client: TestClient, path: str, **params: Any) -> dict[str, Any]:
    answer = client.get(API + path, params=params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_influencers(business: TestClient, graph: graphcrm.Graph) -> None:
    answer = ask(business, "/influencers", metric="pagerank", layers="referral", limit=3, as_of="2025-06-30")
    assert set(answer) >= FACTS | {"items", "next_cursor"}
    assert answer["metric"] == "pagerank"
    assert answer["layers"] == ["referral"]
    assert (answer["parties"], answer["ties"]) == (7, 5)
    assert answer["as_of"].startswith("2025-06-30T23:59:59")
    assert answer["revision"] == graph.revision()
    assert [set(item) for item in answer["items"]] == [{"rank", "party_id", "label", "name", "score", "reason"}] * 3
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3]
    assert answer["items"][0]["party_id"] == "C0"
    frame = graph.influencers(metric="pagerank", layers=["referral"], limit=3, as_of="2025-06-30")
    assert answer["items"] == frame.to_dict("records")


def test_influencers_page_by_page(business: TestClient, problem: Any) -> None:
    everyone = ask(business, "/influencers", metric="degree")["items"]
    assert len(everyone) == 7
    found: list[Any] = []
    cursor = None
    while True:
        page = ask(business, "/influencers", metric="degree", limit=2, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        wrong = business.get(f"{API}/influencers", params={"metric": "katz", "limit": 2, "cursor": cursor})
        problem(wrong, 422, field="cursor")
    assert found == everyone


@pytest.mark.parametrize(
    "parts",
    [
        "[" * 700,
        "5",
        '["1", null, "x"]',
        "[-1, null, QUESTION]",
        '[1, "soon", QUESTION]',
        '[1, "9999-12-31T23-14:00", QUESTION]',
    ],
)
def test_a_made_up_cursor_is_refused(local: TestClient, problem: Any, parts: str) -> None:
    local.post(f"{API}/customers/bulk", json=[{"id": f"C{n}", "name": "N"} for n in range(3)])
    genuine = local.get(f"{API}/influencers?limit=1").json()["next_cursor"]
    question = json.dumps(json.loads(base64.urlsafe_b64decode(genuine))[2])
    cursor = base64.urlsafe_b64encode(parts.replace("QUESTION", question).encode()).decode()
    problem(local.get(f"{API}/influencers", params={"limit": 1, "cursor": cursor}), 422, field="cursor")


@pytest.mark.parametrize(
    "metric",
    [
        "degree",
        "strength",
        "pagerank",
        "betweenness",
        "closeness",
        "harmonic",
        "eigenvector",
        "katz",
        "hits",
        "core_number",
    ],
)
def test_every_metric(business: TestClient, metric: str) -> None:
    for normalized in ("true", "false"):
        items = ask(business, "/influencers", metric=metric, normalized=normalized)["items"]
        assert len(items) == 7
        scores = [item["score"] for item in items]
        assert scores == pytest.approx(sorted(scores, reverse=True), abs=1e-9)


def test_the_language_of_reasons(business: TestClient) -> None:
    def first(**headers: str) -> Any:
        return business.get(f"{API}/influencers", params={"limit": 1}, headers=headers)

    english, chinese = first(), first(**{"Accept-Language": "fr, zh-CN;q=0.9, en;q=0.1"})
    assert english.headers["content-language"] == "en"
    assert chinese.headers["content-language"] == "zh"
    assert "Accept-Language" in chinese.headers["vary"]
    assert "ties" in english.json()["items"][0]["reason"]
    assert "联系" in chinese.json()["items"][0]["reason"]
    asked = business.get(f"{API}/influencers", params={"limit": 1, "lang": "zh"})
    assert asked.json()["items"] == chinese.json()["items"]


def test_members_of_a_segment_alone(business: TestClient) -> None:
    business.post(f"{API}/segments", json={"id": "S", "name": "Some"})
    for member in ("C2", "P5"):
        tie = {"type": "MEMBER_OF", "source_id": member, "target_id": "S"}
        assert business.post(f"{API}/ties", json=tie).status_code == 201
    items = ask(business, "/influencers", segment="S")["items"]
    assert {item["party_id"] for item in items} == {"C2", "P5"}


def test_paths(business: TestClient) -> None:
    answer = ask(business, "/paths", source="C0", target="P5", by="hops", k=3)
    assert set(answer) >= FACTS | {"items", "next_cursor"}
    first = answer["items"][0]
    assert set(first) == {"party_ids", "hops", "strength", "departs", "arrives", "ties"}
    assert (first["party_ids"], first["hops"]) == (["C0", "C2", "P5"], 2)
    assert 0 < first["strength"] <= 1
    assert [step["source"] for step in first["ties"]] == ["C0", "C2"]
    assert ask(business, "/paths", source="C0", target="X")["items"] == []


def test_paths_in_time(business: TestClient, problem: Any) -> None:
    asked = {"source": "C0", "target": "P5", "layers": "referral"}
    (path,) = ask(business, "/paths", **asked, by="earliest")["items"]
    assert path["party_ids"] == ["C0", "C1", "C4", "P5"]
    assert [step["at"] for step in path["ties"]] == [f"2025-01-0{day}T00:00:00Z" for day in (1, 4, 5)]
    assert (path["departs"], path["arrives"]) == ("2025-01-01T00:00:00Z", "2025-01-05T00:00:00Z")
    assert ask(business, "/paths", **asked, in_time=True, start="2025-01-02")["items"] == []
    problem(business.get(f"{API}/paths?source=C0&target=P5&by=latest&k=2"), 422, field="k")
    problem(business.get(f"{API}/paths?source=C0&target=P5&by=latest&start=soon"), 422, field="start")
    answer = ask(business, "/reachable", party="C0", layers="referral", limit=2)
    assert [item["party_id"] for item in answer["items"]] == ["C1", "C2"]
    assert answer["total"] == 5
    assert ask(business, "/reachable", party="P5", direction="to", layers="referral")["items"][0] == {
        "party_id": "C4",
        "label": "Customer",
        "name": "客户 4",
        "at": "2025-01-05T00:00:00Z",
    }


def test_explain(business: TestClient, problem: Any) -> None:
    answer = ask(business, "/explain", source="P5", target="C2", as_of="2025-06-30")
    assert set(answer) >= FACTS | {"items", "next_cursor", "source", "target", "strength"}
    step = ask(business, "/paths", source="P5", target="C2", as_of="2025-06-30")["items"][0]["ties"][0]
    assert answer["strength"] == step["strength"] == answer["items"][0]["contribution"] == 0.9
    (tie,) = answer["items"]
    assert (tie["id"], tie["rule"], tie["sources"]) == (step["ids"][0], "stated", ["hand"])
    assert [field["field"] for field in tie["evidence"]] == ["kind", "strength"]
    assert ask(business, "/explain", source="X", target="C0") | {"items": [], "strength": 0} == ask(
        business, "/explain", source="X", target="C0"
    )
    problem(business.get(f"{API}/explain?source=C0&target=nobody"), 404)
    problem(business.get(f"{API}/explain?source=C0&target=C0"), 422, field="target")


def test_paths_of_referrals(business: TestClient) -> None:
    answer = ask(business, "/referrals/paths", source="C0", target="P5")
    assert [path["party_ids"] for path in answer["items"]] == [["C0", "C1", "C4", "P5"]]
    assert ask(business, "/referrals/paths", source="C0", target="P5", max_hops=2)["items"] == []
    assert ask(business, "/referrals/paths", source="P5", target="C0")["items"] == []


def test_chain(business: TestClient) -> None:
    answer = ask(business, "/referrals/P5/chain")
    assert answer["items"] == [
        {"party_id": "C0", "name": "客户 0", "at": None},
        {"party_id": "C1", "name": "客户 1", "at": "2025-01-01T00:00:00Z"},
        {"party_id": "C4", "name": "客户 4", "at": "2025-01-04T00:00:00Z"},
        {"party_id": "P5", "name": "Ann Five", "at": "2025-01-05T00:00:00Z"},
    ]
    assert [link["party_id"] for link in ask(business, "/referrals/X/chain")["items"]] == ["X"]


def test_tree(business: TestClient) -> None:
    answer = ask(business, "/referrals/C0/tree")
    assert answer["root"] == "C0"
    assert answer["truncated"] is False
    assert [(item["party_id"], item["referrer_id"], item["depth"]) for item in answer["items"]] == [
        ("C1", "C0", 1),
        ("C2", "C0", 1),
        ("C3", "C0", 1),
        ("C4", "C1", 2),
        ("P5", "C4", 3),
    ]
    first = answer["items"][0]
    assert set(first) >= {"party_id", "referrer_id", "name", "depth", "at", "revenue"}
    assert first["revenue"] == [{"amount": "-1.005", "currency": "CNY"}, {"amount": "15.10", "currency": "EUR"}]
    cut = ask(business, "/referrals/C0/tree", max_depth=1, limit=2)
    assert len(cut["items"]) == 2
    assert cut["truncated"] is True


def test_a_cycle_of_referrals_ends(business: TestClient) -> None:
    tie = {"type": "REFERRED", "source_id": "P5", "target_id": "C0", "at": "2024-06-01T00:00:00Z"}
    assert business.post(f"{API}/ties", json=tie).status_code == 201
    chain = [link["party_id"] for link in ask(business, "/referrals/C1/chain")["items"]]
    assert len(chain) == len(set(chain))
    tree = [item["party_id"] for item in ask(business, "/referrals/C0/tree")["items"]]
    assert len(tree) == len(set(tree)) == 5


def test_what_lies_ahead_counts_when_its_time_has_come(business: TestClient) -> None:
    tie = {"type": "REFERRED", "source_id": "X", "target_id": "C0", "at": "2999-01-01T00:00:00Z"}
    assert business.post(f"{API}/ties", json=tie).status_code == 201
    assert [link["party_id"] for link in ask(business, "/referrals/C0/chain")["items"]] == ["C0"]
    path = {"source": "X", "target": "C0", "layers": "referral"}
    assert ask(business, "/paths", **path, as_of="2998-12-31")["items"] == []
    assert len(ask(business, "/paths", **path, as_of="2999-01-01")["items"]) == 1


def test_neighborhood(business: TestClient) -> None:
    answer = ask(business, "/graph/neighborhood/C0", hops=2, layers=["referral", "knows"])
    assert set(answer) >= {"center", "nodes", "ties", "truncated", "revision", "as_of", "metric", "layers", "parties"}
    assert answer["center"] == "C0"
    assert answer["nodes"][0]["id"] == "C0"
    assert {node["id"]: node["hop"] for node in answer["nodes"]} == {
        "C0": 0,
        "C1": 1,
        "C2": 1,
        "C3": 1,
        "C4": 2,
        "P5": 2,
    }
    for tie in answer["ties"]:
        assert set(tie) >= {"id", "source", "target", "type", "strength"}
    strengths = [tie["strength"] for tie in answer["ties"]]
    assert strengths == sorted(strengths, reverse=True)
    assert len(strengths) == 6
    few = ask(business, "/graph/neighborhood/C0", hops=2, limit=3)
    assert len(few["nodes"]) == 3
    assert few["truncated"] is True


def test_search(business: TestClient) -> None:
    answer = ask(business, "/search", q="ann")
    assert answer["items"] == [{"id": "P5", "label": "Contact", "name": "Ann Five", "matched": "name"}]
    assert ask(business, "/search", q="EXAMPLE.com")["items"][0]["matched"] == "email"
    first = ask(business, "/search", q="客户", limit=3)
    rest = ask(business, "/search", q="客户", limit=3, cursor=first["next_cursor"])
    assert [hit["id"] for hit in first["items"] + rest["items"]] == ["C0", "C1", "C2", "C3", "C4"]
    assert rest["next_cursor"] is None
    assert ask(business, "/search", q="nobody at all")["items"] == []
    assert len(ask(business, "/search", q="客户", limit=1000)["items"]) == 5


def test_an_answer_after_a_write_reflects_it(business: TestClient) -> None:
    before = ask(business, "/influencers", layers="referral", metric="degree")
    tie = {"type": "REFERRED", "source_id": "X", "target_id": "C0"}
    assert business.post(f"{API}/ties", json=tie).status_code == 201
    after = ask(business, "/influencers", layers="referral", metric="degree")
    assert after["revision"] > before["revision"]
    assert after["ties"] == before["ties"] + 1


@pytest.mark.parametrize(
    "as_of", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_the_ends_of_time(business: TestClient, as_of: str) -> None:
    answer = business.get(f"{API}/influencers", params={"as_of": as_of})
    assert answer.status_code in (200, 422), answer.text


def test_a_moment_of_any_offset_is_a_moment(business: TestClient) -> None:
    assert ask(business, "/influencers", as_of="2025-01-03T02:00:00+02:00")["as_of"] == "2025-01-03T00:00:00Z"
    assert ask(business, "/influencers", as_of="2025-01-03T02:00:00", layers="referral")["ties"] == 3


@pytest.mark.parametrize(
    ("as_of", "moment"),
    [
        ("2025-01-31", "2025-01-31T23:59:59.999999Z"),
        ("20250131", "2025-01-31T00:00:00Z"),
        ("2025-W05-5", "2025-01-31T00:00:00Z"),
        ("2025-01-31T09:30", "2025-01-31T09:30:00Z"),
        ("2025-01-31T09:30:00+02:00", "2025-01-31T07:30:00Z"),
    ],
)
def test_a_moment_reads_alike_over_http_and_in_python(
    business: TestClient, graph: graphcrm.Graph, as_of: str, moment: str
) -> None:
    assert ask(business, "/influencers", as_of=as_of)["as_of"] == moment
    assert graph.influencers(as_of=as_of).attrs["as_of"] == moment


@pytest.mark.parametrize(
    "as_of",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        "2025-1-31",
        "today",
        "",
    ],
)
def test_what_is_no_moment_is_refused_in_python_too(embedded_graph: graphcrm.Graph, as_of: datetime | str) -> None:
    with pytest.raises(InvalidInput, match="as_of: must be") as caught:
        embedded_graph.influencers(as_of=as_of)
    assert caught.value.field == "as_of"


def test_seed_set(business: TestClient, problem: Any) -> None:
    answer = ask(business, "/influencers/seed-set", k=1, layers="referral", probability=1, lang="zh")
    (seed,) = answer["items"]
    assert set(seed) == {"rank", "party_id", "label", "name", "gain", "cost", "reason"}
    assert (seed["rank"], seed["party_id"]) == (1, "C0")
    assert seed["reason"].startswith("新增 ")
    assert answer["low"] <= answer["spread"] <= answer["high"]
    assert answer["eligible"] == answer["parties"] == 7
    others = ask(business, "/influencers/seed-set", k=2, layers="referral", exclude="C0", model="threshold")
    assert "C0" not in [item["party_id"] for item in others["items"]]
    problem(business.get(f"{API}/influencers/seed-set?k=8"), 422, field="k")
    problem(business.get(f"{API}/influencers/seed-set?segment=none"), 404)


def test_brokers(business: TestClient, problem: Any) -> None:
    answer = ask(business, "/risk/brokers", root="C0", layers="referral")
    assert [(item["party_id"], item["customers"], item["parties"]) for item in answer["items"]] == [
        ("C1", 1, 2),
        ("C4", 0, 1),
    ]
    assert answer["items"][0]["revenue"] == [{"amount": "10.10", "currency": "EUR"}]
    assert (answer["root"], answer["total"], answer["out_of_reach"]) == ("C0", 2, 1)
    problem(business.get(f"{API}/risk/brokers"), 422, field="root")
    problem(business.get(f"{API}/risk/brokers?root=nobody"), 404)


def test_introductions(business: TestClient, problem: Any) -> None:
    answer = ask(business, "/introductions", **{"to": "P5", "from": "C0"}, layers="referral")
    (way,) = answer["items"]
    assert (way["via"], way["party_ids"], way["hops"]) == ("C4", ["C0", "C1", "C4", "P5"], 3)
    assert way["last_contact"] == "2025-01-05T00:00:00Z"
    assert (answer["to"], answer["from"], answer["opted_out"], answer["overasked"]) == ("P5", "C0", [], [])
    problem(business.get(f"{API}/introductions?to=P5"), 422, field="from")
    problem(business.get(f"{API}/introductions?to=nobody"), 404)


def test_compare_and_communities(business: TestClient, problem: Any) -> None:
    asked = {"metric": "degree", "as_of": "2025-12-31", "other_as_of": "2025-01-01", "limit": 1}
    answer = ask(business, "/influencers/compare", **asked)
    assert set(answer["items"][0]) == {
        *("party_id", "label", "name", "rank", "other_rank", "rose", "score", "other_score"),
    }
    assert (answer["other_metric"], answer["other_as_of"]) == ("degree", "2025-01-01T23:59:59.999999Z")
    problem(business.get(f"{API}/influencers/compare"), 422, field="other_metric")
    found = ask(business, "/communities")
    assert sum(item["parties"] for item in found["items"]) == found["parties"] == 7
    members = ask(business, "/influencers", community=0)["items"]
    assert len(members) == found["items"][0]["parties"]
    problem(business.get(f"{API}/influencers?community=99"), 404)


def test_between_which_ranks(business: TestClient, problem: Any) -> None:
    answer = ask(business, "/influencers", metric="degree", interval=0.9, limit=2)
    first = answer["items"][0]
    assert 1 <= first["rank_low"] <= first["rank_high"] <= answer["parties"]
    assert first["band"] == 1
    rest = ask(business, "/influencers", metric="degree", interval=0.9, limit=2, cursor=answer["next_cursor"])
    assert [item["rank"] for item in rest["items"]] == [3, 4]
    assert "rank_low" not in ask(business, "/influencers", metric="degree")["items"][0]
    problem(business.get(f"{API}/influencers?interval=1.5"), 422, field="interval")
