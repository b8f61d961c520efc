"""Imports over HTTP: what is taken in, and what is told of it."""

from __future__ import annotations

import csv
import http.client
import io
import json
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from http_imports import API, HALF, ended, until, upload

import graphcrm
from api.middleware import BodyLimit
from graphcrm import limits

CUSTOMERS = b"id,name\nA,Ann\nB,Bob\n,Nobody\n"
REFERRALS = b"referrer_id,referred_id,at\nA,B,2025-01-01\nA,Z,\n"

Problem = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _no_uploads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test leaves no uploads, as the next one finds no jobs."""
    name = next((name for name in ("graph", "embedded_graph") if name in request.fixturenames), None)
    graph: graphcrm.Graph | None = request.getfixturevalue(name) if name else None
    yield
    for id_ in graph.jobs.uploads.ids() if graph else ():
        graph.jobs.uploads.discard(id_)  # type: ignore[union-attr]


# ---- what is taken in, and what is told of it ------------------------------------------------------------


def test_files_are_imported_and_told_of(client: TestClient, graph: graphcrm.Graph) -> None:
    answer = upload(client, ("customers.csv", CUSTOMERS), ("referrals.csv", REFERRALS), source="shop")
    assert answer.status_code == 202, answer.text
    queued = answer.json()
    assert answer.headers["location"] == f"{API}/{queued['id']}"
    assert (queued["state"], queued["source"], queued["dry_run"], queued["progress"]) == ("queued", "shop", False, 0.0)
    job = ended(client, queued["id"])
    assert (job["state"], job["progress"], job["message"]) == ("done", 1.0, None)
    assert (job["read"], job["created"], job["updated"], job["unchanged"], job["rejected"]) == (5, 3, 0, 0, 2)
    assert [(file["file"], file["table"], file["rejected"]) for file in job["files"]] == [
        ("customers.csv", "customers", 1),
        ("referrals.csv", "referrals", 1),
    ]
    assert [(row["file"], row["line"], row["column"]) for row in job["rejects"]] == [
        ("customers.csv", 4, "id"),
        ("referrals.csv", 3, "referred_id"),
    ]
    assert client.get("/api/v1/customers/A").json()["name"] == "Ann"
    assert "rejects_path" not in job
    assert str(graph.settings.home) not in json.dumps(job)
    rejects = client.get(f"{API}/{job['id']}/rejects")
    assert rejects.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(rejects.text)))
    assert [(row["file"], row["line"]) for row in rows] == [("customers.csv", "4"), ("referrals.csv", "3")]
    assert not graph.jobs.uploads.has(job["id"])


def test_a_mapping_comes_along(client: TestClient) -> None:
    mapping = b'[[tables]]\ntable = "customers"\nfile = "clients.csv"\n[tables.columns]\nid = "no"\nname = "title"\n'
    answer = upload(client, ("clients.csv", b"no,title\n7,Ann\n"), mapping=mapping)
    job = ended(client, answer.json()["id"])
    assert (job["state"], job["created"]) == ("done", 1), job
    assert client.get("/api/v1/customers/7").json()["name"] == "Ann"


def test_numbers_are_of_the_region_that_is_said(client: TestClient, problem: Problem) -> None:
    rows = b"id,name,phone\nA,Ann,030 1234567\nA,Ann,030 1234567\nB,Bob,call me\n"
    job = ended(client, upload(client, ("customers.csv", rows), region="de").json()["id"])
    assert (job["state"], job["created"], job["unchanged"], job["repeated"], job["flagged"]) == ("done", 2, 1, 1, 1)
    assert client.get("/api/v1/customers/A").json()["phone"] == "+49301234567"
    problem(upload(client, ("customers.csv", rows), region="Bavaria"), 422, field="region")


def test_a_preset_knows_the_file(client: TestClient, problem: Problem) -> None:
    rows = (
        b"First Name,Last Name,Organization Name,E-mail 1 - Value,Phone 1 - Value\n"
        b"Ann,Lee,Acme,ann@example.com,+1 604 555 0163\n"
    )
    job = ended(client, upload(client, ("contacts.csv", rows), preset="google-contacts").json()["id"])
    assert (job["state"], job["read"] > 0, job["rejected"]) == ("done", True, 0), job
    refused = problem(upload(client, ("contacts.csv", rows), preset="nonsense"), 422, field="preset")
    assert "nonsense" in refused["detail"]


def test_a_dry_run_writes_nothing_but_its_entry(client: TestClient, graph: graphcrm.Graph) -> None:
    revision = graph.revision()
    job = ended(client, upload(client, ("customers.csv", CUSTOMERS), dry_run="true").json()["id"])
    assert (job["state"], job["dry_run"], job["created"], job["rejected"]) == ("done", True, 2, 1)
    assert graph.status()["labels"] == {}
    assert graph.revision() == revision


def test_duplicates_are_merged_when_the_rows_are_in(
    client: TestClient, graph: graphcrm.Graph, problem: Problem
) -> None:
    ada = "Ada Byron,ada@example.com,1990-12-10"
    rows = f"id,name,email,birth_date\nA1,{ada}\nA2,{ada}\nB,Tom Reed,tom@example.net,\n".encode()
    plain = ended(client, upload(client, ("customers.csv", rows)).json()["id"])
    assert (plain["created"], plain["merged"]) == (3, None)
    job = ended(client, upload(client, ("customers.csv", rows), merge_duplicates="true").json()["id"])
    assert (job["state"], job["unchanged"], job["merged"]) == ("done", 3, 1), job
    assert [each["id"] for each in client.get("/api/v1/customers").json()["items"]] == ["A1", "B"]
    assert client.get("/api/v1/customers/A2", follow_redirects=False).status_code == 308
    problem(upload(client, ("customers.csv", rows), merge_duplicates="yes"), 422, field="merge_duplicates")
    both = {"merge_duplicates": "true", "dry_run": "true"}
    problem(upload(client, ("customers.csv", rows), **both), 422, field="merge_duplicates")


def test_what_cannot_be_meant_is_told_without_paths_of_the_server(
    client: TestClient, graph: graphcrm.Graph, problem: Problem
) -> None:
    refused = problem(upload(client, ("unknown.csv", b"a,b\n1,2\n")), 422, field="files")
    assert "unknown.csv" in refused["detail"]
    assert str(graph.settings.home) not in json.dumps(refused)
    assert graph.jobs.page().items == []


def test_imports_are_listed_latest_first_with_those_of_the_command_line(
    client: TestClient, graph: graphcrm.Graph, tmp_path: Path
) -> None:
    (tmp_path / "customers.csv").write_bytes(CUSTOMERS)
    graph.import_files([tmp_path])
    second = ended(client, upload(client, ("customers.csv", CUSTOMERS)).json()["id"])
    listed = client.get(API, params={"limit": 1}).json()
    assert [job["id"] for job in listed["items"]] == [second["id"]]
    assert second["unchanged"] == 2
    older = client.get(API, params={"limit": 1, "cursor": listed["next_cursor"]}).json()
    assert (older["items"][0]["created"], older["next_cursor"]) == (2, None)


def test_erasing_a_source_erases_its_imports(client: TestClient, graph: graphcrm.Graph) -> None:
    job = ended(client, upload(client, ("customers.csv", CUSTOMERS), source="shop").json()["id"])
    rejects = graph.jobs.rejects(job["id"])
    assert rejects is not None
    assert client.delete("/api/v1/sources/shop").json()["removed"] == 2
    assert client.get(API).json()["items"] == []
    assert not rejects.exists()


def test_the_same_key_imports_once(client: TestClient, graph: graphcrm.Graph, problem: Problem) -> None:
    key = {"Idempotency-Key": "k1"}
    first = upload(client, ("customers.csv", CUSTOMERS), headers=key)
    again = upload(client, ("customers.csv", CUSTOMERS), headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    problem(upload(client, ("customers.csv", b"id,name\n"), headers=key), 422, field="Idempotency-Key")
    ended(client, first.json()["id"])
    assert len(graph.jobs.page().items) == 1


def test_a_running_import_is_cancelled(client: TestClient, graph: graphcrm.Graph, problem: Problem) -> None:
    rows = b"id,name\n" + b"".join(b"C%d,N\n" % number for number in range(200_000))
    id_ = upload(client, ("customers.csv", rows)).json()["id"]
    until(lambda: client.get(f"{API}/{id_}").json()["state"] == "running")
    answer = client.post(f"{API}/{id_}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "running")
    job = ended(client, id_)
    assert (job["state"], job["created"]) == ("cancelled", None), job
    assert "cancelled" in job["message"]
    assert job["progress"] < 1
    # What is in stays in: the batches up to the one that was being written.
    assert graph.status()["labels"].get("Customer", 0) == job["read"] < 200_000
    assert not graph.jobs.uploads.has(id_)
    problem(client.post(f"{API}/{id_}/cancel"), 409)


def test_a_waiting_import_is_cancelled(client: TestClient, graph: graphcrm.Graph, problem: Problem) -> None:
    client.app.state.worker.stop()  # type: ignore[attr-defined]
    id_ = upload(client, ("customers.csv", CUSTOMERS)).json()["id"]
    assert client.post(f"{API}/{id_}/cancel").json()["state"] == "cancelled"
    problem(client.post(f"{API}/{id_}/cancel"), 409)
    assert not graph.jobs.uploads.has(id_)
    problem(client.post(f"{API}/nothing/cancel"), 404)
    problem(client.get(f"{API}/{id_}/rejects"), 404)
    problem(client.get(f"{API}/nothing"), 404)
    problem(client.get(f"{API}/nothing/rejects"), 404)


def test_the_queue_is_bounded(local: TestClient, problem: Problem) -> None:
    local.app.state.worker.stop()  # type: ignore[attr-defined]
    for _ in range(limits.MAX_QUEUED_IMPORTS):
        assert upload(local, ("customers.csv", CUSTOMERS)).status_code == 202
    problem(upload(local, ("customers.csv", CUSTOMERS)), 429)


# ---- bad uploads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "fields", "field"),
    [
        ([], {"source": "x"}, "files"),
        ([("", b"x")], {}, "files"),
        ([(".csv", b"x")], {}, "files"),
        ([("a.csv", b"x"), ("b/a.csv", b"x")], {}, "files"),
        ([("a.csv", b"x")], {"dry_run": "perhaps"}, "dry_run"),
        ([("a.csv", b"x")], {"source": "x" * 65}, "source"),
        ([("a.csv", b"x")], {"source": "a b"}, "source"),
        ([("a.csv", b"x")], {"source": "x" * 10_000}, "source"),
        ([("a.csv", b"x")], {"colour": "red"}, "colour"),
    ],
)
def test_bad_forms(
    local: TestClient,
    embedded_graph: graphcrm.Graph,
    problem: Problem,
    files: list[tuple[str, bytes]],
    fields: dict[str, str],
    field: str,
) -> None:
    boundary = "xyz"
    body = b""
    for name, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    for name, value in fields.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    body += f"--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    problem(local.post(API, content=body, headers=headers), 422, field=field)
    assert embedded_graph.jobs.uploads.ids() == []
    assert embedded_graph.jobs.page().items == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 415),
        (b"nonsense", "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data; boundary=x", 400),
        (HALF, "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data; boundary=" + "x" * 300, 400),
    ],
)
def test_bodies_that_are_no_form(
    local: TestClient, embedded_graph: graphcrm.Graph, problem: Problem, body: bytes, kind: str, status: int
) -> None:
    problem(local.post(API, content=body, headers={"Content-Type": kind}), status)
    assert embedded_graph.jobs.uploads.ids() == []


def test_an_upload_may_be_longer_than_other_bodies_but_is_bounded(local: TestClient, problem: Problem) -> None:
    rows = b"".join(b"C%d,%s\n" % (number, b"x" * 490) for number in range(21_000))
    assert len(rows) > limits.MAX_BODY_BYTES
    answer = upload(local, ("customers.csv", b"id,name\n" + rows))
    assert answer.status_code == 202
    local.post(f"{API}/{answer.json()['id']}/cancel")
    too_long = {"Content-Length": str(limits.MAX_UPLOAD_BYTES + 1), "Content-Type": "multipart/form-data; boundary=x"}
    problem(local.post(API, content=b"x", headers=too_long), 413)


def test_an_upload_that_does_not_say_its_length_is_cut_off_at_the_bound(
    embedded_graph: graphcrm.Graph, live_server: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BodyLimit.__init__, "__defaults__", (limits.MAX_BODY_BYTES, 1_000_000))
    connection = http.client.HTTPConnection(live_server(embedded_graph).removeprefix("http://"), timeout=30)

    def pieces() -> Iterator[bytes]:
        yield HALF
        for _ in range(130):
            yield b"x" * 9_999 + b"\n"
        yield b"\r\n--x--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        # The service may answer and hang up while we still send.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", API, body=pieces(), headers=kind, encode_chunked=True)
        with suppress(ConnectionResetError):
            answer = connection.getresponse()
            assert answer.status == 413
            assert json.loads(answer.read())["status"] == 413
    finally:
        connection.close()
    assert embedded_graph.jobs.page().items == []
    until(lambda: embedded_graph.jobs.uploads.ids() == [])
    assert list(embedded_graph.jobs.uploads._folder.rglob("*.csv")) == []


def test_an_upload_that_breaks_off_leaves_nothing(
    embedded_graph: graphcrm.Graph, live_server: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    address = live_server(embedded_graph).removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.putrequest("POST", API)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(HALF)
    try:
        uploads = embedded_graph.jobs.uploads
        until(lambda: list(uploads._folder.rglob("customers.csv")) != [])
        (file,) = uploads._folder.rglob("customers.csv")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        connection.close()
    until(lambda: uploads.ids() == [])
    assert "request failed" not in caplog.text, "that a client went away is no failure of the service"


def test_roles(local: TestClient, embedded_graph: graphcrm.Graph, problem: Problem) -> None:
    roles = {role: embedded_graph.tokens.create(role, role) for role in ("viewer", "editor")}
    try:
        viewer, editor = ({"Authorization": f"Bearer {roles[role]}"} for role in ("viewer", "editor"))
        problem(upload(local, ("customers.csv", CUSTOMERS)), 401)
        problem(upload(local, ("customers.csv", CUSTOMERS), headers=viewer), 403)
        job = upload(local, ("customers.csv", CUSTOMERS), headers=editor).json()
        problem(local.post(f"{API}/{job['id']}/cancel", headers=viewer), 403)
        assert local.get(f"{API}/{job['id']}", headers=viewer).status_code == 200
        assert embedded_graph.jobs.uploads.ids() in ([], [job["id"]])
    finally:
        for role in roles:
            embedded_graph.tokens.revoke(role)
