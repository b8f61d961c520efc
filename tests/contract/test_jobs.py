"""The book of jobs: what imports leave in it, who may run one, and how one is stopped."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import graphcrm
from graphcrm import Graph, limits
from graphcrm.errors import Cancelled, Conflict, InvalidInput, NotFound, TooMany
from graphcrm.service.jobs import Jobs
from graphcrm.service.leases import LEASE, Holder
from graphcrm.service.webhooks import Webhooks
from graphcrm.service.worker import Worker

GRAPHCRM = Path(sys.executable).with_name("graphcrm")
LATER = timedelta(hours=1)


def write(path: Path, rows: list[list[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def graph(graph: Graph) -> Iterator[Graph]:
    """Each test leaves no uploads, as the next one finds no jobs."""
    yield graph
    for id_ in graph.jobs.uploads.ids():
        graph.jobs.uploads.discard(id_)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    write(tmp_path / "company" / "customers.csv", [["id", "name"], ["A", "Ann"], ["B", "Bob"], ["", "No id"]])
    write(tmp_path / "company" / "referrals.csv", [["referrer_id", "referred_id"], ["A", "B"]])
    return tmp_path / "company"


@pytest.fixture
def other(graph: Graph, tmp_path: Path) -> Jobs:
    """The jobs of the same graph as a process on another machine sees them."""
    return Jobs(graph.store, tmp_path / "elsewhere")


def waiting(jobs: Jobs, *names: str, source: str = "shop") -> dict[str, Any]:
    """An upload of empty files, entered."""
    from graphcrm.service.entries import new_id

    id_ = new_id()
    upload = jobs.uploads.begin(id_)
    for name in names or ("customers.csv",):
        upload.open_file(name).close()
    job = jobs.queue(id_, {}, source, dry_run=False)
    upload.release()
    return job


# ---- entries ---------------------------------------------------------------------------------------------


def test_an_import_leaves_an_entry(graph: Graph, company: Path) -> None:
    began = datetime.now(UTC)
    report = graph.import_files([company])
    (job,) = graph.jobs.page().items
    assert job == graph.jobs.read(job["id"])
    assert (job["kind"], job["source"], job["state"], job["progress"]) == ("import", "files", "done", 1.0)
    assert (job["read"], job["created"], job["updated"], job["unchanged"], job["rejected"]) == (4, 3, 0, 0, 1)
    assert [(file["file"], file["table"], file["read"], file["rejected"]) for file in job["files"]] == [
        (str(company / "customers.csv"), "customers", 3, 1),
        (str(company / "referrals.csv"), "referrals", 1, 0),
    ]
    for file in job["files"]:
        assert file["sha256"] == hashlib.sha256(Path(file["file"]).read_bytes()).hexdigest()
    times = [datetime.fromisoformat(job[name]) for name in ("made_at", "started_at", "ended_at")]
    assert began <= times[0] <= times[1] <= times[2] <= datetime.now(UTC)
    assert job["rejects_path"] == str(report.rejects_path)
    assert graph.jobs.rejects(job["id"]) == report.rejects_path


def test_entries_do_not_raise_the_revision_and_dry_runs_leave_none(graph: Graph, company: Path) -> None:
    graph.import_files([company])
    revision = graph.revision()
    graph.import_files([company], dry_run=True)
    assert len(graph.jobs.page().items) == 1
    graph.import_files([company])
    first, second = reversed(graph.jobs.page().items)
    assert graph.revision() == revision
    assert (first["created"], second["unchanged"]) == (3, 3)


def test_what_fails_is_entered_with_its_reason(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        graph.import_files([write(tmp_path / "customers.csv", [["id"], ["A"]])], source="shop")
    (job,) = graph.jobs.page().items
    assert (job["state"], job["source"], job["files"]) == ("failed", "shop", [])
    assert "customers.csv" in job["message"]
    with pytest.raises(Conflict, match="it is failed"):
        graph.jobs.cancel(job["id"])


def test_what_cannot_be_meant_is_refused_before_it_is_entered(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="unknown"):
        graph.import_files([write(tmp_path / "unknown.csv", [["a"], ["b"]])], source="shop")
    assert graph.jobs.page().items == []
    assert "shop" not in [source["name"] for source in graph.sources.all()]


def test_entries_are_paged_latest_first(graph: Graph, company: Path) -> None:
    for _ in range(5):
        graph.import_files([company])
    everything = [job["id"] for job in graph.jobs.page().items]
    assert everything == sorted(everything, reverse=True)
    first = graph.jobs.page(limit=2)
    second = graph.jobs.page(first.next_cursor, 2)
    third = graph.jobs.page(second.next_cursor, 2)
    assert [job["id"] for page in (first, second, third) for job in page.items] == everything
    assert third.next_cursor is None


def test_unknown_jobs(graph: Graph) -> None:
    mark = {"id": "restore", "kind": "restore", "state": "restoring"}
    graph.store.write(lambda tx: tx.run("jobs/create", properties=mark))
    assert graph.jobs.page().items == []
    with pytest.raises(NotFound, match="no job 'restore'"):
        graph.jobs.read("restore")
    for ask in (graph.jobs.read, graph.jobs.cancel, graph.jobs.rejects):
        with pytest.raises(NotFound, match="no job 'nothing'"):
            ask("nothing")
    with pytest.raises(InvalidInput, match="limit"):
        graph.jobs.page(limit=0)


# ---- stopping --------------------------------------------------------------------------------------------


def test_an_import_stops_between_batches_when_it_is_cancelled(graph: Graph, tmp_path: Path) -> None:
    rows = [["id", "name"], *([f"C{n}", "N"] for n in range(30_000))]
    path = write(tmp_path / "customers.csv", rows)

    def told(file: str, done: int, share: float) -> None:
        if done == 11_000:
            id_ = graph.jobs.page().items[0]["id"]
            assert graph.jobs.cancel(id_)["state"] == "running"
            # The entry is asked every three seconds whether to stop.
            threading.Event().wait(5)

    with pytest.raises(Cancelled, match="cancelled"):
        graph.import_files([path], progress=told)
    (job,) = graph.jobs.page().items
    assert job["state"] == "cancelled"
    assert 0 < job["progress"] < 1
    done = job["files"][0]["read"]
    assert done in (11_000, 21_000)
    assert graph.status()["labels"] == {"Customer": done}
    report = graph.import_files([path])
    assert (report.unchanged, report.created) == (done, 30_000 - done)


# ---- the queue -------------------------------------------------------------------------------------------


def test_a_waiting_job_is_claimed_once_and_in_turn(graph: Graph) -> None:
    jobs = graph.jobs
    first, second = waiting(jobs), waiting(jobs)
    assert jobs.read(first["id"])["state"] == "queued"
    claim = jobs.claim()
    assert claim is not None
    assert claim.id == first["id"]
    assert jobs.read(first["id"])["state"] == "running"
    claims = [jobs.claim(), jobs.claim()]
    assert [each and each.id for each in claims] == [second["id"], None]


def test_of_many_that_claim_at_once_one_gets_the_job(graph: Graph, tmp_path: Path) -> None:
    def shared(number: int) -> Jobs:
        """A process of its own on the same data folder."""
        jobs = Jobs(graph.store, tmp_path / str(number))
        jobs.uploads = graph.jobs.uploads
        return jobs

    ids = {waiting(graph.jobs)["id"] for _ in range(3)}
    claimed: list[str] = []
    start = threading.Barrier(8)

    def work(jobs: Jobs) -> None:
        start.wait()
        while (claim := jobs.claim()) is not None:
            claimed.append(claim.id)

    threads = [threading.Thread(target=work, args=(shared(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 3
    assert set(claimed) == ids


def test_files_that_lie_elsewhere_are_left_to_who_has_them(graph: Graph, other: Jobs) -> None:
    job = waiting(graph.jobs)
    assert other.claim() is None
    assert other.read(job["id"])["state"] == "queued"


def test_a_claim_holds_while_its_holder_lives_or_until_it_runs_out(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    alive, dead, here = Holder(tmp_path / "home"), Holder(tmp_path / "home"), Holder(tmp_path / "home")
    elsewhere = Holder(tmp_path / "other")
    records = {name: holder.claim(now) for name, holder in (("alive", alive), ("dead", dead), ("away", elsewhere))}
    assert dead._lock is not None
    dead._lock.close()  # what the operating system does when a process ends
    assert not here.is_free(records["alive"], now)
    assert here.is_free(records["dead"], now)
    assert not here.is_free(records["away"], now)
    assert here.is_free(records["away"], now + LEASE)
    assert not here.is_free(here.claim(now), now)
    assert here.is_free({}, now)
    here.close()
    alive.close()
    assert list((tmp_path / "home" / "holders").iterdir()) == []


def test_a_job_that_was_cut_off_is_begun_again_but_not_for_ever(graph: Graph) -> None:
    job = waiting(graph.jobs)
    for _ in range(5):
        claim = graph.jobs.claim()
        assert claim is not None
        assert claim.id == job["id"]
        _lose(graph, job["id"])
    assert graph.jobs.claim() is None
    ended = graph.jobs.read(job["id"])
    assert ended["state"] == "failed"
    assert "5 times" in ended["message"]


def test_one_that_ends_before_it_reads_a_file_says_so_at_once(graph: Graph) -> None:
    job = waiting(graph.jobs, "whatever.csv")
    worker = Worker(graph)
    worker.start()
    try:
        deadline = time.monotonic() + 60
        while graph.jobs.read(job["id"])["state"] in ("queued", "running") and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        worker.stop()
    ended = graph.jobs.read(job["id"])
    assert ended["state"] == "failed"
    assert "whatever.csv" in ended["message"]
    assert graph.jobs.uploads.ids() == []


def _lose(graph: Graph, id_: str) -> None:
    changes = {"owner": "gone", "lease_until": datetime.now(UTC) - LATER}
    graph.store.write(lambda tx: tx.run("jobs/update", id=id_, changes=changes))


def test_an_import_of_the_command_line_that_was_killed_is_told_as_failed(graph: Graph, company: Path) -> None:
    graph.import_files([company])
    id_ = graph.jobs.page().items[0]["id"]
    graph.store.write(lambda tx: tx.run("jobs/update", id=id_, changes={"state": "running", "ended_at": None}))
    assert graph.jobs.read(id_)["state"] == "failed"
    assert "run the same import again" in graph.jobs.read(id_)["message"]
    assert graph.jobs.claim() is None
    assert graph.store.read("jobs/read", id=id_)[0]["record"]["state"] == "failed"


def test_waiting_jobs_are_cancelled_at_once_and_their_files_deleted(graph: Graph) -> None:
    job = waiting(graph.jobs)
    assert graph.jobs.uploads.has(job["id"])
    assert graph.jobs.cancel(job["id"])["state"] == "cancelled"
    assert not graph.jobs.uploads.has(job["id"])
    assert graph.jobs.claim() is None


def test_the_queue_is_bounded(graph: Graph) -> None:
    for _ in range(limits.MAX_QUEUED_IMPORTS):
        waiting(graph.jobs)
    with pytest.raises(TooMany, match="wait already"):
        graph.jobs.check_room()
    with pytest.raises(TooMany, match="wait already"):
        waiting(graph.jobs)
    for job in graph.jobs.page().items:
        graph.jobs.cancel(job["id"])
    coming = [graph.jobs.uploads.begin(f"coming{number}") for number in range(limits.MAX_QUEUED_IMPORTS + 1)]
    with pytest.raises(TooMany, match="coming in"):
        graph.jobs.check_room()
    for upload in coming:
        upload.release()


def test_the_entries_of_a_source_are_listed_and_forgotten_with_their_rejects(graph: Graph, company: Path) -> None:
    hook = Webhooks(graph.store).add("https://example.com", ["import.finished"]).webhook["id"]
    for source in ("shop", "crm", "shop"):
        graph.import_files([company], source=source)
    jobs = graph.jobs
    left = waiting(jobs, source="shop")
    assert [job["source"] for job in jobs.page(source="shop").items] == ["shop"] * 3
    rejects = {job["source"]: jobs.rejects(job["id"]) for job in jobs.page().items if job["id"] != left["id"]}
    assert jobs.forget("shop") == 3
    assert [job["source"] for job in jobs.page().items] == ["crm"]
    assert [rejects[source] is not None and rejects[source].exists() for source in ("shop", "crm")] == [False, True]
    assert not jobs.uploads.has(left["id"])
    waits = graph.store.read("webhooks/page_deliveries", after_id=f"{hook}:", before_id=f"{hook};", row_limit=9)
    assert [event["source"] for row in waits for event in json.loads(row["record"]["events"])] == ["crm"]
    assert jobs.forget("nobody") == 0


# ---- uploaded files --------------------------------------------------------------------------------------


def test_uploads_are_private_and_plainly_named(graph: Graph) -> None:
    uploads = graph.jobs.uploads
    upload = uploads.begin("20260101T000000000000Z-000000")
    for name, kept in (("../../etc/customers.csv", "customers.csv"), ("C:\\data\\客户.csv", "客户.csv")):
        with upload.open_file(name) as file:
            file.write(b"x")
        assert kept in upload.names()
    for name in ("", "..", "a/", ".hidden", "a\nb", "a\0b", "x" * 200, "customers.csv", "a/customers.csv"):
        with pytest.raises(InvalidInput):
            upload.open_file(name)
    paths = [*uploads._folder.rglob("*"), uploads._folder]
    assert {oct(path.stat().st_mode & 0o777) for path in paths} == {"0o700", "0o600"}
    assert len(paths) == 6
    uploads.discard("20260101T000000000000Z-000000")


def test_a_service_clears_away_what_no_job_needs(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, open_ = waiting(graph.jobs), waiting(graph.jobs)
    graph.store.write(lambda tx: tx.run("jobs/update", id=ended["id"], changes={"state": "done"}))
    uploads = graph.jobs.uploads
    coming, orphan = uploads.begin("coming"), uploads.begin("orphan")
    orphan.release()
    graph.jobs.sweep()
    assert not uploads.has(ended["id"])
    assert uploads.has("orphan"), "it may belong to another graph of the same data folder"
    monkeypatch.setattr("graphcrm.service.uploads._ORPHAN_S", -1)
    graph.jobs.sweep()
    assert [uploads.has(id_) for id_ in ("coming", "orphan", open_["id"])] == [True, False, True]
    coming.release()
    uploads.discard("coming")


# ---- on the command line ---------------------------------------------------------------------------------


def test_a_killed_import_of_the_command_line_is_in_the_book(empty_home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "customers.csv", [["id", "name"], *([f"C{n}", "N"] for n in range(60_000))])
    environment = os.environ | {"GRAPHCRM_HOME": str(empty_home), "GRAPHCRM_EMBEDDED_HEAP": "512m"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [GRAPHCRM, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    settings = graphcrm.Settings(home=empty_home, embedded_heap="512m")
    with (
        graphcrm.connect(settings) as graph,
        subprocess.Popen([GRAPHCRM, "import", str(path)], env=environment, stdout=subprocess.DEVNULL) as process,
    ):
        deadline = time.monotonic() + 100
        while not (jobs := graph.jobs.page().items) or not jobs[0]["progress"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.wait()
        (job,) = graph.jobs.page().items
        assert job["state"] == "failed"
        assert run("import", str(path)).returncode == 0
        again, first = graph.jobs.page().items
        assert (again["state"], again["read"]) == ("done", 60_000)
        assert again["created"] + again["unchanged"] == 60_000
        assert again["unchanged"] > 0
        assert first == job | {"ended_at": first["ended_at"]}
        assert json.loads(run("jobs", "list", "--format", "json").stdout)[0]["id"] == again["id"]
        shown = run("jobs", "show", again["id"], "--format", "json")
        assert [file["read"] for file in json.loads(shown.stdout)] == [60_000]
        assert "state: done" in shown.stderr
        assert "run the same import again" in run("jobs", "show", first["id"]).stderr
        assert "has ended already" in run("jobs", "cancel", first["id"]).stderr
        assert run("jobs", "list", "--source", "shop").stdout == "nothing found\n"
