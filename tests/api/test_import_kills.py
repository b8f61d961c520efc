"""No kill -9 of the service changes what comes of an import over HTTP."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any

import httpx
import pytest
from everything import state
from http_imports import API, HALF, discarded_uploads, ended, import_under_kills, until, upload
from neo4j_server import free_port
from processes import Service

import graphcrm
from graphcrm.sample import write_sample
from graphcrm.settings import Settings

KILLS, SEED = 3, 20_261_123


@pytest.mark.timeout(600)
def test_killed_at_random_moments(graph: graphcrm.Graph, bare: Any, tmp_path: Path) -> None:
    """The second company comes over the first, so that rows are created, changed and found as they are."""
    print(f"seed {SEED}")
    folders = [tmp_path / f"company{number}" for number in range(2)]
    for number, folder in enumerate(folders):
        write_sample(folder, 100, number)
    struck = import_under_kills(bare.settings, folders, KILLS, SEED)
    assert struck
    # A kill while files come in leaves some that belong to no job; they are deleted after a day.
    left, jobs = discarded_uploads(graph), graph.jobs.page().items
    assert [job["state"] for job in jobs] == ["done"] * len(folders)
    assert not {job["id"] for job in jobs} & {*left}
    assert len(left) <= struck
    after = state(graph)
    bare.wipe()
    graph.touch()
    for folder in folders:
        assert not graph.import_files([folder]).rejected
    assert state(graph) == after


@pytest.mark.timeout(600)
def test_killed_while_files_come_in_and_right_after_the_answer(
    embedded_graph: graphcrm.Graph, empty_home: Path, tmp_path: Path
) -> None:
    write_sample(tmp_path / "company", 1000, 7)
    embedded_graph.import_files([tmp_path / "company"])
    expected = state(embedded_graph)
    settings, port = Settings(home=empty_home, embedded_heap="512m"), free_port()

    service = Service(settings, port)
    half = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    half.putrequest("POST", API)
    half.putheader("Content-Type", "multipart/form-data; boundary=x")
    half.putheader("Content-Length", "1000000")
    half.endheaders(HALF)
    until(lambda: any((empty_home / "uploads").rglob("customers.csv")))
    service.kill()
    half.close()

    service = Service(settings, port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        assert client.get(API).json()["items"] == []
        files = [(path.name, path.read_bytes()) for path in sorted((tmp_path / "company").iterdir())]
        id_ = upload(client, *files).json()["id"]
        service.kill()
        for least in (0.0, 0.2, 0.6):
            service = Service(settings, port)
            until(lambda: _is_running(client, id_, least), 60)  # noqa: B023
            service.kill()
        with Service(settings, port):
            job = ended(client, id_, 90)
    assert (job["state"], job["progress"], job["rejected"]) == ("done", 1.0, 0), job
    assert len(job["files"]) == len(files)
    with graphcrm.connect(settings) as graph:
        assert [job["state"] for job in graph.jobs.page().items] == ["done"]
        assert state(graph) == expected


def _is_running(client: httpx.Client, id_: str, least: float) -> bool:
    job = client.get(f"{API}/{id_}").json()
    return job["state"] == "done" or (job["state"] == "running" and job["progress"] >= least)
