"""Webhooks: who may have them, what receivers are told and in which order, and that nothing gets lost or leaks out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from receivers import Receiver, until

import graphcrm
from api.app import create_app
from graphcrm import limits
from graphcrm.errors import Conflict, InvalidInput, NotFound
from graphcrm.service.delivery import Dispatcher
from graphcrm.service.leases import Holder
from graphcrm.service.outbox import EVENTS
from graphcrm.service.webhooks import Webhooks

API = "/api/v1/webhooks"
GRAPHCRM = Path(sys.executable).with_name("graphcrm")

Problem = Callable[..., dict[str, Any]]


# ---- who is told what ------------------------------------------------------------------------------------


def test_changes_are_told_signed_and_in_order(
    graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any, tmp_path: Path
) -> None:
    made = hooks.add(f"{receiver.url}/crm?key=1")
    graph.records.create("customers", {"id": "A", "name": "Ann"})
    graph.records.patch("customers", "A", {"city": "Lyon", "name": "Anna"})
    graph.records.upsert("users", [{"id": "U", "name": "Uma"}])
    graph.records.patch("customers", "A", {"owner_id": "U"})
    graph.records.create("contacts", {"id": "B", "name": "Bob"})
    graph.records.create("ties", {"type": "REFERRED", "source_id": "A", "target_id": "B"})
    graph.records.convert("B")
    graph.records.delete("customers", "A", detach=True)
    (tmp_path / "customers.csv").write_text("id,name\nB,Bob\nC,Cy\n", encoding="utf-8")
    graph.import_files([tmp_path / "customers.csv"], source="shop")
    dispatch()
    events = receiver.wait(8)
    finished = events.pop()
    assert events == [
        {"type": "customer.created", "id": "A"},
        {"type": "customer.updated", "id": "A", "fields": ["city", "name"]},
        {"type": "customer.updated", "id": "A", "fields": ["owner_id"]},
        {"type": "referral.created", "id": "REFERRED:A:B", "referrer_id": "A", "referred_id": "B"},
        {"type": "customer.created", "id": "B"},
        {"type": "customer.deleted", "id": "A"},
        {"type": "customer.created", "id": "C"},
    ]
    assert (finished["type"], finished["source"], finished["state"]) == ("import.finished", "shop", "done")
    assert (finished["read"], finished["created"], finished["rejected"]) == (2, 1, 0)
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    assert len(key) == 32
    for headers, body in receiver.requests:
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        assert headers["webhook-id"] == json.loads(body)["id"]
        assert headers["content-type"] == "application/json"
    assert len({told["id"] for told in receiver.told}) == len(receiver.told)
    until(lambda: hooks.read(made.webhook["id"])["waiting"] == 0)
    assert hooks.read(made.webhook["id"])["delivered_at"] is not None


def test_nothing_is_noted_without_a_webhook_nor_for_one_that_wants_other_events(
    graph: graphcrm.Graph, hooks: Webhooks
) -> None:
    graph.records.create("customers", {"id": "A", "name": "Ann"})
    made = hooks.add("http://127.0.0.1:9", ["customer.deleted"])
    graph.records.create("customers", {"id": "B", "name": "Bob"})
    assert hooks.read(made.webhook["id"])["waiting"] == 0
    graph.records.delete("customers", "B")
    assert hooks.read(made.webhook["id"])["waiting"] == 1


def test_what_does_not_commit_is_not_told(graph: graphcrm.Graph, hooks: Webhooks) -> None:
    made = hooks.add("http://127.0.0.1:9")
    graph.records.create("customers", {"id": "A", "name": "Ann"})
    with pytest.raises(Conflict):
        graph.records.create("customers", {"id": "A", "name": "Ann"})
    with pytest.raises(InvalidInput):
        graph.records.create("ties", {"type": "REFERRED", "source_id": "A", "target_id": "nobody"})
    graph.records.patch("customers", "A", {"name": "Ann"})
    assert hooks.read(made.webhook["id"])["waiting"] == 1


def test_an_import_of_many_is_told_by_the_500(
    graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any, tmp_path: Path
) -> None:
    hooks.add(receiver.url)
    path = tmp_path / "customers.csv"
    path.write_text("id,name\n" + "".join(f"C{number},N\n" for number in range(2_200)), encoding="utf-8")
    graph.import_files([path])
    graph.import_files([path])
    dispatch()
    events = receiver.wait(2_202)
    assert [len(told["events"]) for told in receiver.told] == [500, 500, 500, 500, 200, 1, 1]
    assert [event["id"] for event in events[:2_200]] == [f"C{number}" for number in range(2_200)]
    assert [event["type"] for event in events[2_200:]] == ["import.finished"] * 2


# ---- receivers that fail ---------------------------------------------------------------------------------


def test_a_party_waits_for_what_was_not_taken_and_others_do_not(
    graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any
) -> None:
    refusals = iter([500, 302, 404])
    receiver.answer = lambda told: next(refusals, 200) if told["events"][0]["id"] == "A" else 200
    made = hooks.add(receiver.url, ["customer.created", "customer.updated"])
    for id_ in ("A", "B"):
        graph.records.create("customers", {"id": id_, "name": id_})
        graph.records.patch("customers", id_, {"city": "Lyon"})
    dispatch()
    events = receiver.wait(7)
    assert [event["type"] for event in events if event["id"] == "A"] == ["customer.created"] * 4 + ["customer.updated"]
    assert [event["type"] for event in events if event["id"] == "B"] == ["customer.created", "customer.updated"]
    assert [event["id"] for event in events[:3]] == ["A", "B", "B"]
    ids = [told["id"] for told in receiver.told if told["events"][0]["id"] == "A"]
    assert ids[0] == ids[1] == ids[2] == ids[3] != ids[4]
    assert set(receiver.asked) == {("POST", "/")}, "a redirection is not followed"
    until(lambda: hooks.read(made.webhook["id"])["waiting"] == 0)
    assert hooks.read(made.webhook["id"])["failure"] is None


def test_a_receiver_that_was_away_gets_all_in_order_when_it_is_back(
    graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    made = hooks.add(nobody)
    for number in range(5):
        graph.records.create("customers", {"id": f"C{number}", "name": "N"})
    dispatch()
    until(lambda: hooks.read(made.webhook["id"])["failure"] is not None)
    assert hooks.read(made.webhook["id"])["failure"] == "nobody listens there"
    changes = {"url": receiver.url}
    graph.store.write(lambda tx: tx.run("webhooks/update", id=made.webhook["id"], changes=changes))
    assert [event["id"] for event in receiver.wait(5)] == [f"C{number}" for number in range(5)]


def test_of_two_services_one_tells(graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any) -> None:
    hooks.add(receiver.url)
    for _ in range(2):
        dispatch()
    for number in range(30):
        graph.records.create("customers", {"id": f"C{number}", "name": "N"})
        graph.records.patch("customers", f"C{number}", {"city": "Lyon"})
    events = receiver.wait(60)
    time.sleep(1.5)
    assert len(receiver.events) == 60
    assert [event["id"] for event in events[::2]] == [f"C{number}" for number in range(30)]


def test_what_waits_is_bounded_and_a_gap_is_told(
    graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_WAITING_DELIVERIES", 3)
    made = hooks.add(receiver.url)
    before = datetime.now(UTC)
    for number in range(5):
        graph.records.create("customers", {"id": f"C{number}", "name": "N"})
    full = hooks.read(made.webhook["id"])
    assert full["waiting"] == 3
    assert before < datetime.fromisoformat(full["lost_since"]) < datetime.now(UTC)
    dispatch()
    events = receiver.wait(4)
    assert [event.get("id") for event in events[:3]] == ["C0", "C1", "C2"]
    assert events[3] == {"type": "events.lost", "since": full["lost_since"]}
    until(lambda: hooks.read(made.webhook["id"])["lost_since"] is None)
    graph.records.create("customers", {"id": "C9", "name": "N"})
    assert receiver.wait(5)[4] == {"type": "customer.created", "id": "C9"}


def test_what_was_tried_for_days_is_given_up_and_the_gap_is_told(
    graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any
) -> None:
    receiver.answer = lambda told: 500 if told["events"][0].get("id") == "A" else 200
    made = hooks.add(receiver.url)
    graph.records.create("customers", {"id": "A", "name": "Ann"})
    graph.records.create("customers", {"id": "B", "name": "Bob"})
    first = f"{made.webhook['id']}:"
    rows = graph.store.read("webhooks/page_deliveries", after_id=first, before_id=f"{first[:-1]};", row_limit=1)
    aged = {"made_at": datetime.now(UTC) - timedelta(days=4)}
    graph.store.write(lambda tx: tx.run("webhooks/update_delivery", id=rows[0]["record"]["id"], changes=aged))
    dispatch()
    events = receiver.wait(3)
    assert [event.get("id") for event in events[:2]] == ["A", "B"]
    assert events[2]["type"] == "events.lost"


def test_private_addresses_are_not_called_unless_allowed(
    graph: graphcrm.Graph, receiver: Receiver, tmp_path: Path
) -> None:
    """Also where the setting was taken back after the webhook was made."""
    allowed, forbidden = Webhooks(graph.store, True), Webhooks(graph.store, False)
    made = allowed.add(receiver.url)
    graph.records.create("customers", {"id": "A", "name": "Ann"})
    holder = Holder(tmp_path / "home")
    dispatcher = Dispatcher(graph.store, forbidden, holder)
    dispatcher.start()
    until(lambda: forbidden.read(made.webhook["id"])["failure"] is not None)
    dispatcher.stop()
    holder.close()
    assert receiver.requests == []
    with pytest.raises(InvalidInput, match="https"):
        forbidden.add(receiver.url)
    with pytest.raises(InvalidInput, match="private network"):
        forbidden.add(receiver.url.replace("http:", "https:"))


# ---- over HTTP and on the command line -------------------------------------------------------------------


@pytest.fixture
def allowing(embedded_graph: graphcrm.Graph, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client of a service whose webhooks may lead to this machine."""
    monkeypatch.setattr(embedded_graph.webhooks, "allow_private", True)
    with TestClient(create_app(embedded_graph), base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        yield opened


def test_over_http(allowing: TestClient, receiver: Receiver, problem: Problem) -> None:
    answer = allowing.post(API, json={"url": receiver.url, "events": ["customer.created"]})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert answer.headers["location"] == f"{API}/{made['id']}"
    read = allowing.get(answer.headers["location"])
    assert read.json() == made
    assert read.headers["etag"] == answer.headers["etag"]
    assert allowing.get(API).json() == {"items": [made], "next_cursor": None}
    assert secret not in allowing.get(API).text
    allowing.post("/api/v1/customers", json={"id": "A", "name": "Ann"})
    assert receiver.wait(1) == [{"type": "customer.created", "id": "A"}]
    where = answer.headers["location"]
    problem(allowing.delete(where), 428)
    problem(allowing.delete(where, headers={"If-Match": '"old"'}), 412)
    assert allowing.delete(where, headers={"If-Match": answer.headers["etag"]}).status_code == 204
    problem(allowing.get(where), 404)
    problem(allowing.delete(where, headers={"If-Match": "*"}), 404)


def test_the_same_key_makes_one_webhook(allowing: TestClient, embedded_graph: graphcrm.Graph, problem: Problem) -> None:
    body, key = {"url": "https://example.com"}, {"Idempotency-Key": "k"}
    first, again = (allowing.post(API, json=body, headers=key) for _ in range(2))
    assert first.json() == again.json()
    assert len(embedded_graph.webhooks.all()) == 1
    problem(allowing.post(API, json={"url": "https://example.org"}, headers=key), 422)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "url"),
        ({"url": 5}, "url"),
        ({"url": "http://example.com"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://example.com", "events": ["nonsense"]}, "events"),
        ({"url": "https://example.com", "events": []}, "events"),
        ({"url": "https://example.com", "events": "customer.created"}, "events"),
        ({"url": "https://example.com", "colour": "red"}, "colour"),
        ([], "body"),
    ],
)
def test_bad_webhooks(local: TestClient, problem: Problem, body: Any, name: str) -> None:
    problem(local.post(API, json=body), 422, field=name)


def test_webhooks_are_bounded(graph: graphcrm.Graph) -> None:
    for _ in range(limits.MAX_WEBHOOKS):
        graph.webhooks.add("https://example.com")
    with pytest.raises(Conflict, match="remove one"):
        graph.webhooks.add("https://example.com")
    removed = graph.webhooks.all()[0]["id"]
    graph.webhooks.remove(removed)
    graph.webhooks.add("https://example.com")
    with pytest.raises(NotFound):
        graph.webhooks.remove(removed)


def test_removing_a_webhook_forgets_what_it_was_to_be_told(graph: graphcrm.Graph, hooks: Webhooks) -> None:
    kept, removed = hooks.add("http://127.0.0.1:9"), hooks.add("http://127.0.0.1:9")
    graph.records.upsert("customers", [{"id": f"C{number}", "name": "N"} for number in range(1_100)])
    assert hooks.read(removed.webhook["id"])["waiting"] == 3
    hooks.remove(removed.webhook["id"])
    assert graph.store.read("store/count_nodes", words={"LABEL": "Delivery"})[0]["total"] == 3
    assert hooks.read(kept.webhook["id"])["waiting"] == 3


def test_only_administrators(local: TestClient, embedded_graph: graphcrm.Graph, problem: Problem) -> None:
    token = embedded_graph.tokens.create("editor", "editor")
    try:
        headers = {"Authorization": f"Bearer {token}"}
        problem(local.get(API, headers=headers), 403)
        problem(local.post(API, json={"url": "https://example.com"}, headers=headers), 403)
        problem(local.get(f"{API}/x", headers=headers), 403)
        problem(local.delete(f"{API}/x", headers=headers | {"If-Match": "*"}), 403)
    finally:
        embedded_graph.tokens.revoke("editor")


def test_the_secret_is_in_no_log_and_no_list(
    allowing: TestClient, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        refusals = iter([500])
        receiver.answer = lambda told: next(refusals, 200)
        made = allowing.post(API, json={"url": f"{receiver.url}/hidden-path"}).json()
        allowing.post("/api/v1/customers", json={"id": "A", "name": "Ann"})
        receiver.wait(2)
        texts = [allowing.get(path).text for path in (API, f"{API}/{made['id']}", "/metrics", "/api/v1/imports")]
    # The driver's own log has every parameter when it is asked for; the product's has none at any level.
    own = [record for record in caplog.records if not record.name.startswith("neo4j")]
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in own)
    assert "query" in logged
    for text in (logged, *texts):
        assert made["secret"] not in text
        assert made["secret"].removeprefix("whsec_") not in text
    assert "hidden-path" not in logged


# ---- in processes of their own ---------------------------------------------------------------------------


@pytest.mark.timeout(280)
def test_events_outlive_a_kill_of_the_service(receiver: Receiver, empty_home: Path) -> None:
    """Killed while deliveries fail: the next service tells everything, in order, by the command line's webhook."""
    environment = os.environ | {
        "GRAPHCRM_HOME": str(empty_home),
        "GRAPHCRM_EMBEDDED_HEAP": "512m",
        "GRAPHCRM_WEBHOOKS_ALLOW_PRIVATE": "true",
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [GRAPHCRM, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def serve() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [GRAPHCRM, "serve", "--port", str(port)], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert process.stdout.readline().startswith("graphcrm is ready")
        return process

    service = serve()
    made = run("webhooks", "add", receiver.url, "--event", "customer.created", "--event", "customer.updated")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("whsec_")
    listed = run("webhooks", "list", "--format", "json").stdout
    id_ = json.loads(listed)[0]["id"]
    assert id_ in made.stderr
    assert made.stdout.strip() not in listed
    receiver.answer = lambda told: 503 if len(receiver.requests) >= 3 else 200
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for number in range(10):
            client.post("/api/v1/customers", json={"id": f"C{number}", "name": "N"})
            client.patch(f"/api/v1/customers/C{number}", json={"city": "Lyon"}, headers={"If-Match": "*"})
        receiver.wait(5)
        service.send_signal(signal.SIGKILL)
        service.wait(30)
        failed = len(receiver.requests)
        receiver.answer = lambda told: 200
        service = serve()
        until(lambda: json.loads(run("webhooks", "list", "--format", "json").stdout)[0]["waiting"] == 0, 60)
    taken = [
        f"{event['id']} {event['type']}"
        for told in receiver.told[:3] + receiver.told[failed:]
        for event in told["events"]
    ]
    for number in range(10):
        own = [event for event in dict.fromkeys(taken) if event.startswith(f"C{number} ")]
        assert own == [f"C{number} customer.created", f"C{number} customer.updated"]
    assert run("webhooks", "remove", id_).returncode == 0
    assert "no webhook" in run("webhooks", "remove", id_).stderr
    assert run("webhooks", "add", "https://example.com", "--event", "nonsense").stderr.count(EVENTS[0]) == 1
    service.terminate()
    service.wait(30)
