"""Records over HTTP: each table's life from creation to deletion, conditions, paging, bulk, ids of all kinds."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.record_schemas import RESOURCES

API = "/api/v1"

SAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "customers": ({"id": "C9", "name": "Nine", "country": "CN", "tags": ["vip"]}, {"city": "成都"}),
    "contacts": ({"id": "P9", "name": "Ann", "customer_id": "C1"}, {"title": "Buyer"}),
    "interactions": (
        {"id": "I1", "kind": "call", "at": "2025-01-31T09:30:00Z", "from_id": "C1", "to_ids": ["C2"]},
        {"duration_s": 60},
    ),
    "campaigns": ({"id": "K1", "name": "Spring", "budget": "1000.5", "currency": "EUR"}, {"status": "running"}),
    "orders": (
        {"id": "O1", "customer_id": "C1", "at": "2025-02-01T00:00:00Z", "amount": "0.001", "currency": "CNY"},
        {"status": "paid"},
    ),
    "products": ({"id": "T1", "name": "Tea", "unit_price": "12.50", "currency": "CNY"}, {"category": "drinks"}),
    "opportunities": (
        {"id": "D1", "name": "Forty chairs", "customer_id": "C1", "amount": "9000", "close_on": "2025-03-31"},
        {"stage": "won", "probability": 1.0},
    ),
    "cases": ({"id": "S9", "subject": "Late again", "customer_id": "C1", "kind": "complaint"}, {"status": "open"}),
    "feedback": ({"id": "F1", "party_id": "C1", "kind": "nps", "score": 9}, {"comment": "fine"}),
    "consents": (
        {
            "id": "E1",
            "party_id": "C1",
            "channel": "email",
            "purpose": "newsletter",
            "granted": False,
            "at": "2025-01-31T00:00:00Z",
        },
        {"granted": True},
    ),
    "tasks": (
        {"id": "T9", "subject": "Call back", "party_id": "C1", "owner_id": "U7"},
        {"done_at": "2025-02-01T10:00:00Z"},
    ),
    "segments": ({"id": "S1", "name": "Gold", "rule": "revenue > 1000"}, {"name": "Platinum"}),
    "users": ({"id": "U1", "name": "Sam", "role": "sales"}, {"email": "sam@example.com"}),
    "ties": ({"type": "KNOWS", "source_id": "C1", "target_id": "C2", "kind": "friend"}, {"strength": 0.4}),
}


def put_customers(client: httpx.Client, *ids: str, **fields: Any) -> None:
    rows = [{"id": id_, "name": f"Name of {id_}"} | fields for id_ in ids]
    answer = client.post(f"{API}/customers/bulk", json=rows)
    assert answer.json()["rejected"] == 0, answer.text


def at(resource: str, id_: str) -> str:
    return f"{API}/{resource}/{quote(id_, safe='')}"


def test_every_table_has_a_sample() -> None:
    assert set(SAMPLES) == set(RESOURCES)


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_record_from_creation_to_deletion(client: TestClient, problem: Any, resource: str) -> None:
    put_customers(client, "C1", "C2")
    values, changes = SAMPLES[resource]

    created = client.post(f"{API}/{resource}", json=values)
    assert created.status_code == 201, created.text
    record = created.json()
    assert {name: record[name] for name in values if name not in ("amount", "budget", "unit_price")} == {
        name: value for name, value in values.items() if name not in ("amount", "budget", "unit_price")
    }
    where = created.headers["location"]
    assert where == at(resource, record["id"])
    problem(client.post(f"{API}/{resource}", json=values), 409)

    read = client.get(where)
    assert read.json() == record
    assert read.headers["etag"] == created.headers["etag"]
    assert client.get(where, headers={"If-None-Match": read.headers["etag"]}).status_code == 304
    assert record in client.get(f"{API}/{resource}").json()["items"]

    patched = client.patch(where, json=changes, headers={"If-Match": read.headers["etag"]})
    assert patched.status_code == 200, patched.text
    assert patched.json() == record | changes
    assert patched.headers["etag"] != read.headers["etag"]
    problem(client.patch(where, json=changes, headers={"If-Match": read.headers["etag"]}), 412)

    replaced = client.put(where, json=values, headers={"If-Match": patched.headers["etag"]})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json() == record
    assert replaced.headers["etag"] == created.headers["etag"]

    for send in (client.put, client.patch):
        problem(send(where, json=values), 428)
    problem(client.delete(where), 428)
    problem(client.delete(where, headers={"If-Match": patched.headers["etag"]}), 412)
    assert client.delete(where, headers={"If-Match": replaced.headers["etag"]}).status_code == 204
    problem(client.get(where), 404)


def test_money_is_exact_and_a_string(client: TestClient) -> None:
    put_customers(client, "C1")
    order = {"id": "O", "customer_id": "C1", "at": "2025-01-01T00:00:00Z", "currency": "EUR"}
    for given, answered in (("0.001", "0.001"), ("12.5", "12.50"), ("-9007199254740993.25", None), (0.1, "0.10")):
        answer = client.post(f"{API}/orders", json=order | {"amount": given, "id": f"O{given}"})
        assert answer.json().get("amount") == answered, answer.text


def test_merge_patch_removes_with_null_and_keeps_the_rest(client: TestClient) -> None:
    put_customers(client, "C1", city="Rome", phone="1", extra={"shoe_size": 42, "hat": "top"})
    where = at("customers", "C1")
    answer = client.patch(
        where,
        json={"city": None, "extra": {"hat": None, "cane": True}},
        headers={"If-Match": "*", "Content-Type": "application/merge-patch+json"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json() == client.get(where).json()
    assert answer.json()["city"] is None
    assert answer.json()["phone"] == "1"
    assert answer.json()["extra"] == {"shoe_size": 42, "cane": True}


def test_extra_fields_come_back_as_they_were_given(client: TestClient) -> None:
    extra = {"value": 5, "amount": 7, "ratio": 0.5, "since": "2025-01-01", "gold": True, "北京": "yes"}
    put_customers(client, "C1", extra=extra)
    assert client.get(at("customers", "C1")).json()["extra"] == extra


def test_an_id_cannot_be_changed(client: TestClient, problem: Any) -> None:
    put_customers(client, "C1")
    problem(client.patch(at("customers", "C1"), json={"id": "C2"}, headers={"If-Match": "*"}), 422, field="id")


def test_any_of_several_tags_will_do(client: TestClient, problem: Any) -> None:
    put_customers(client, "C1")
    where = at("customers", "C1")
    tag = client.get(where).headers["etag"]
    problem(client.patch(where, json={"city": "A"}, headers={"If-Match": '"no", "nor-this"'}), 412)
    problem(client.patch(where, json={"city": "A"}, headers={"If-Match": f"W/{tag}"}), 412)
    problem(client.patch(where, json={"city": "A"}, headers={"If-Match": "unquoted"}), 422, field="If-Match")
    assert client.patch(where, json={"city": "A"}, headers={"If-Match": f'"no", {tag}'}).status_code == 200


def test_two_editors_cannot_overwrite_one_another(client: TestClient) -> None:
    put_customers(client, "C1")
    where = at("customers", "C1")
    for turn in range(5):
        tag = client.get(where).headers["etag"]
        statuses: list[int] = []
        ready = threading.Barrier(2)

        def edit(city: str, tag: str = tag, statuses: list[int] = statuses, ready: threading.Barrier = ready) -> None:
            ready.wait()
            statuses.append(client.patch(where, json={"city": city}, headers={"If-Match": tag}).status_code)

        editors = [threading.Thread(target=edit, args=(f"{turn} {name}",)) for name in "ab"]
        for editor in editors:
            editor.start()
        for editor in editors:
            editor.join()
        assert sorted(statuses) == [200, 412]


HARD_IDS = [
    "a/b",
    "/leading",
    "a//b",
    "trailing/",
    "100%",
    "%2F",
    "a b",
    "a?b=c&d#e",
    "a+b",
    "café 北京",
    "👩‍👩‍👧",
    "\"quoted\" 'twice'",
    "semi;colon:colon",
    "line\nbreak",
    "\u202eright to left",
    "bulk",
    "x" * 128,
    "界" * 128,
]


@pytest.fixture
def caller(graph: graphcrm.Graph, live_server: Any) -> Iterator[httpx.Client]:
    """A client over a socket: unlike the test client it decodes a path once."""
    with httpx.Client(base_url=live_server(graph), timeout=30) as opened:
        yield opened


@pytest.mark.parametrize("id_", HARD_IDS, ids=ascii)
def test_an_id_may_hold_any_character(caller: httpx.Client, id_: str) -> None:
    created = caller.post(f"{API}/contacts", json={"id": id_, "name": "N"})
    assert created.status_code == 201, created.text
    where = created.headers["location"]
    assert caller.get(where).json()["id"] == id_
    patched = caller.patch(where, json={"name": "M"}, headers={"If-Match": created.headers["etag"]})
    assert patched.json()["name"] == "M"
    put_customers(caller, "C1")
    tie = caller.post(f"{API}/ties", json={"type": "REFERRED", "source_id": "C1", "target_id": id_})
    assert tie.status_code == 201, tie.text
    assert caller.get(tie.headers["location"]).json()["target_id"] == id_
    chain = caller.get(f"{API}/referrals/{quote(id_, safe='')}/chain")
    assert [link["party_id"] for link in chain.json()["items"]] == ["C1", id_]
    converted = caller.post(f"{where}/convert", headers={"If-Match": patched.headers["etag"]})
    assert converted.status_code == 200, converted.text
    assert converted.headers["location"] == at("customers", id_)


def test_hostile_text_stays_text(client: TestClient) -> None:
    name = "</script><script>alert('x')</script>\n=cmd|' /C calc'!A0 \u202e \"‘’ 😀"
    created = client.post(f"{API}/customers", json={"id": "C1", "name": name})
    assert created.status_code == 201, created.text
    shown = "</script><script>alert('x')</script> =cmd|' /C calc'!A0 \"‘’ 😀"
    assert client.get(at("customers", "C1")).json()["name"] == shown
    assert client.get(f"{API}/search", params={"q": "alert('x')"}).json()["items"][0]["name"] == shown
    said = client.get(at("customers", "C1") + "/provenance").json()["fields"]
    assert [value["raw"] for field in said for value in field["values"]] == [name]


def walk(client: TestClient, resource: str, **params: Any) -> list[dict[str, Any]]:
    """All records of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(100):
        page = client.get(f"{API}/{resource}", params=params | ({"cursor": cursor} if cursor else {}))
        assert page.status_code == 200, page.text
        found += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("sort", ["id", "-id", "name", "-name", "created_at", "-created_at"])
def test_pages_are_complete_and_never_repeat(client: TestClient, sort: str) -> None:
    names = ["Zoë", "ann", "Ann", "Ann", "Ann", "Ann", "Ann", "王芳", "王芳", "Bob", "Bob", "Ann"]
    rows = [
        {"id": f"C{n:02d}", "name": name} | ({"created_at": f"2025-01-0{n % 3 + 1}"} if n % 4 else {})
        for n, name in enumerate(names)
    ]
    assert client.post(f"{API}/customers/bulk", json=rows).json()["created"] == len(rows)
    everything = walk(client, "customers", sort=sort, limit=1000)
    assert len(everything) == len(rows)
    for limit in (1, 2, 5):
        assert walk(client, "customers", sort=sort, limit=limit) == everything
    field = sort.removeprefix("-")
    values = [record[field] for record in everything if record[field] is not None]
    assert values == sorted(values, reverse=sort.startswith("-"))
    assert all(record[field] is None for record in everything[len(values) :])
    for former, latter in itertools.pairwise(everything):
        assert former[field] != latter[field] or former["id"] < latter["id"]


def test_ties_are_paged_over_their_types(client: TestClient) -> None:
    put_customers(client, "C1", "C2", "C3")
    rows = [{"type": "KNOWS", "source_id": "C1", "target_id": "C2", "kind": kind} for kind in ("friend", "family")]
    rows += [{"type": "REFERRED", "source_id": "C1", "target_id": target} for target in ("C2", "C3")]
    assert client.post(f"{API}/ties/bulk", json=rows).json()["created"] == 4
    everything = walk(client, "ties", limit=100)
    assert len({tie["id"] for tie in everything}) == 4
    assert walk(client, "ties", limit=1) == everything
    assert len(walk(client, "ties", type="KNOWS", limit=1)) == 2
    assert [tie["id"] for tie in walk(client, "ties", target_id="C3")] == ["REFERRED:C1:C3"]


def test_filters(client: TestClient, problem: Any) -> None:
    put_customers(client, "C1", country="CN", created_at="2024-12-31T23:59:59Z", tags=["a", "b"])
    put_customers(client, "C2", country="CN", created_at="2025-01-01T00:00:00Z")
    put_customers(client, "C3", country="DE", created_at="2025-01-02T00:00:00Z", tags=["b"])
    put_customers(client, "C4")

    def ids(**params: Any) -> list[str]:
        return [record["id"] for record in walk(client, "customers", **params)]

    assert ids(country="CN") == ["C1", "C2"]
    assert ids(country="cn", created_at__gte="2025-01-01T00:00:00Z") == ["C2"]
    assert ids(created_at__lte="2025-01-01T00:00:00Z") == ["C1", "C2"]
    assert ids(tags="b") == ["C1", "C3"]
    assert ids(name__contains="OF C4") == ["C4"]
    assert ids(id="C3") == ["C3"]
    problem(client.get(f"{API}/customers?created_at__gte=yesterday"), 422, field="created_at__gte")
    problem(client.get(f"{API}/customers?country__gte=CN"), 422, field="country__gte")
    problem(client.get(f"{API}/customers?shoe_size=42"), 422, field="shoe_size")
    put_orders = [
        {"id": f"O{n}", "customer_id": "C1", "at": f"2025-01-0{n}", "amount": f"{n}.5", "currency": "CNY"}
        for n in (1, 2, 3)
    ]
    assert client.post(f"{API}/orders/bulk", json=put_orders).json()["created"] == 3
    assert [o["id"] for o in walk(client, "orders", customer_id="C1", amount__gte="2.5", limit=1)] == ["O2", "O3"]
    assert walk(client, "orders", customer_id="C2") == []


@pytest.mark.parametrize("cursor", ["x", "!!!", "WzEsMl0", "é", "W" * 3_000, "eyJzb3J0IjpudWxsfQ", "W1tb" * 900])
def test_a_made_up_cursor_is_refused(client: TestClient, problem: Any, cursor: str) -> None:
    problem(client.get(f"{API}/customers", params={"cursor": cursor}), 422, field="cursor")


def test_a_cursor_holds_for_its_own_order_alone(client: TestClient, problem: Any) -> None:
    put_customers(client, "C1", "C2")
    cursor = client.get(f"{API}/customers?sort=name&limit=1").json()["next_cursor"]
    problem(client.get(f"{API}/customers", params={"sort": "-name", "cursor": cursor}), 422, field="cursor")


def test_bulk_counts_every_row_and_names_the_bad_ones(client: TestClient) -> None:
    rows: list[Any] = [
        {"id": "C1", "name": "One"},
        {"id": "C2"},
        {"id": "C3", "name": "Three", "colour": "red"},
        {"id": "x" * 129, "name": "Long"},
        "no object",
        {"id": "C4", "name": 4},
        {"id": "C5", "name": "Five"},
    ]
    report = client.post(f"{API}/customers/bulk", json=rows).json()
    assert (report["created"], report["updated"], report["unchanged"], report["rejected"]) == (2, 0, 0, 5)
    assert [(bad["index"], bad["field"]) for bad in report["rejections"]] == [
        (1, "name"),
        (2, "colour"),
        (3, "id"),
        (4, "body"),
        (5, "name"),
    ]
    again = client.post(f"{API}/customers/bulk", json=[{"id": "C1", "name": "Uno"}, {"id": "C5", "name": "Five"}])
    assert (again.json()["updated"], again.json()["unchanged"]) == (1, 1)


def test_bulk_is_bounded(local: TestClient, problem: Any) -> None:
    problem(local.post(f"{API}/customers/bulk", json=[{}] * 10_001), 422, field="body")
    problem(local.post(f"{API}/customers/bulk", json={"id": "C1"}), 422, field="body")


def test_a_deletion_names_what_hangs_on_the_record(client: TestClient, problem: Any) -> None:
    put_customers(client, "C1", "C2")
    client.post(f"{API}/ties", json={"type": "REFERRED", "source_id": "C1", "target_id": "C2"})
    found = problem(client.delete(at("customers", "C1"), headers={"If-Match": "*"}), 409)
    assert found["details"] == {"REFERRED": 1}
    assert client.delete(f"{at('customers', 'C1')}?detach=true", headers={"If-Match": "*"}).status_code == 204
    assert client.get(f"{API}/ties").json()["items"] == []
    assert client.get(at("customers", "C2")).status_code == 200


def test_a_contact_becomes_a_customer(client: TestClient, problem: Any) -> None:
    put_customers(client, "C1")
    contact = client.post(f"{API}/contacts", json={"id": "P1", "name": "Ann", "title": "Dr", "customer_id": "C1"})
    client.post(f"{API}/ties", json={"type": "REFERRED", "source_id": "C1", "target_id": "P1"})
    problem(client.post(f"{at('contacts', 'P1')}/convert", headers={"If-Match": '"old"'}), 412)
    answer = client.post(f"{at('contacts', 'P1')}/convert", headers={"If-Match": contact.headers["etag"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["kind"] == "person"
    assert answer.json() == client.get(at("customers", "P1")).json()
    assert answer.headers["location"] == at("customers", "P1")
    problem(client.get(at("contacts", "P1")), 404)
    problem(client.post(f"{at('contacts', 'P1')}/convert"), 404)
    assert {tie["type"] for tie in client.get(f"{API}/ties").json()["items"]} == {"REFERRED", "WORKS_AT"}


def test_customers_and_contacts_share_their_ids(client: TestClient, problem: Any) -> None:
    put_customers(client, "C1")
    problem(client.post(f"{API}/contacts", json={"id": "C1", "name": "Same"}), 409)
    report = client.post(f"{API}/contacts/bulk", json=[{"id": "C1", "name": "Same"}]).json()
    assert [(bad["index"], bad["field"]) for bad in report["rejections"]] == [(0, "id")]


class TestIdempotencyKey:
    def test_the_same_request_is_carried_out_once(self, client: TestClient, problem: Any) -> None:
        headers = {"Idempotency-Key": "k-1"}
        first = client.post(f"{API}/customers", json={"id": "C1", "name": "One"}, headers=headers)
        assert first.status_code == 201
        client.patch(at("customers", "C1"), json={"name": "Changed since"}, headers={"If-Match": "*"})
        again = client.post(f"{API}/customers", json={"name": "One", "id": "C1"}, headers=headers)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["location"] == first.headers["location"]
        other = client.post(f"{API}/customers", json={"id": "C1", "name": "Two"}, headers=headers)
        problem(other, 422, field="Idempotency-Key")
        elsewhere = client.post(f"{API}/contacts", json={"id": "C1", "name": "One"}, headers=headers)
        problem(elsewhere, 422, field="Idempotency-Key")

    def test_a_refusal_is_not_kept(self, client: TestClient) -> None:
        headers = {"Idempotency-Key": "k-2"}
        tie = {"type": "REFERRED", "source_id": "C1", "target_id": "C2"}
        assert client.post(f"{API}/ties", json=tie, headers=headers).status_code == 422
        put_customers(client, "C1", "C2")
        assert client.post(f"{API}/ties", json=tie, headers=headers).status_code == 201

    def test_a_conversion_sent_again(self, client: TestClient) -> None:
        headers = {"Idempotency-Key": "k-3"}
        client.post(f"{API}/contacts", json={"id": "P1", "name": "Ann"})
        first = client.post(f"{API}/contacts/P1/convert", headers=headers)
        again = client.post(f"{API}/contacts/P1/convert", headers=headers)
        assert (first.status_code, again.status_code) == (200, 200), again.text
        assert first.content == again.content

    def test_a_bulk_upsert_sent_again(self, client: TestClient, problem: Any) -> None:
        headers = {"Idempotency-Key": "k-4"}
        rows = [{"id": "C1", "name": "One"}, {"id": "C2"}]
        first = client.post(f"{API}/customers/bulk", json=rows, headers=headers)
        again = client.post(f"{API}/customers/bulk", json=rows, headers=headers)
        assert first.json()["created"] == 1
        assert again.json() == first.json()
        problem(client.post(f"{API}/customers/bulk", json=rows[:1], headers=headers), 422, field="Idempotency-Key")

    def test_at_the_same_time(self, client: TestClient) -> None:
        answers: list[Any] = []

        def send() -> None:
            answers.append(
                client.post(f"{API}/customers", json={"id": "C1", "name": "One"}, headers={"Idempotency-Key": "k-5"})
            )

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert [answer.status_code for answer in answers] == [201] * 4
