"""A disk that runs full: one clear sentence, nothing half done under a name, and all goes on when there is room."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from neo4j_server import JarServer, NoServerError
from pydantic import SecretStr

import graphcrm
from api.app import create_app
from graphcrm import Graph, embedded
from graphcrm.errors import InvalidInput, StoreError
from graphcrm.intake.importer import import_files
from graphcrm.service.backup import make_backup
from graphcrm.service.export import export_graph
from graphcrm.service.export_formats import FORMATS
from graphcrm.service.uploads import Uploads
from graphcrm.settings import Settings

API = "/api/v1/imports"
MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 150 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=150m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, left: int = 0) -> None:
    """Leave no more than some bytes."""
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - left)


def make_room(disk: Path) -> None:
    (disk / "filler").unlink()


def write_customers(path: Path, rows: int) -> Path:
    chance = random.Random(rows)
    path.write_text(
        "id,name,notes\n" + "".join(f"C{n},Customer {n},{chance.randbytes(100).hex()}\n" for n in range(rows))
    )
    return path


def test_the_disk_of_the_data_runs_full_during_an_import(disk: Path, tmp_path: Path) -> None:
    path, home, done = write_customers(tmp_path / "customers.csv", 10_000), disk / "home", [0]

    def told(_: str, rows: int, __: float) -> None:
        done[0] = rows
        if rows == 500:
            fill(disk, MIB // 2)

    try:
        with graphcrm.connect(Settings(home=home, embedded_heap="512m")) as graph:
            with pytest.raises(StoreError, match=r"the disk with .*home is full .*; make room there") as caught:
                import_files(graph.records, [path], batch_rows=100, progress=told)
            assert caught.value.retryable
            assert graph.status()["labels"] == {"Customer": done[0]}
            make_room(disk)
            report = import_files(graph.records, [path], batch_rows=2_000)
            assert (report.unchanged, report.created) == (done[0], 10_000 - done[0])
        with graphcrm.connect(Settings(home=home, embedded_heap="512m")) as graph:
            assert graph.status()["labels"] == {"Customer": 10_000}
    finally:
        embedded.stop(home)


@pytest.mark.timeout(600)
def test_the_disk_of_neo4j_runs_full_during_an_import(disk: Path, tmp_path: Path) -> None:
    """It takes no transaction any more, with room or without, until it is started again."""
    path, done = write_customers(tmp_path / "customers.csv", 4_000), [0]
    (disk / "neo4j").mkdir()
    try:
        server = JarServer(disk / "neo4j", is_small=True)
    except NoServerError as error:
        pytest.skip(str(error))

    def told(_: str, rows: int, __: float) -> None:
        done[0] = rows
        if rows == 500:
            fill(disk, MIB // 2)

    with closing(server):
        server.start()
        login = {"neo4j_uri": server.login.uri, "neo4j_user": server.login.user}
        settings = Settings(home=tmp_path / "home", neo4j_password=SecretStr(server.login.password), **login)
        with graphcrm.connect(settings) as graph:
            graph.sources.add("files")
            load = partial(import_files, graph.records.of("files"), [path], batch_rows=100)
            with pytest.raises(StoreError) as caught:
                graph.jobs.recorded(
                    lambda rejects, tell: load(rejects_path=rejects, progress=tell), [path], progress=told
                )
            said = caught.value.message
            assert "make room if its disk is full, start it again" in said
            assert "What is in stays in: run the same import again" in said
            assert 500 <= done[0] < 4_000
            make_room(disk)
            with pytest.raises(StoreError, match="start it again"):
                graph.status()
            server.close()
            server.start()
            there = graph.status()["labels"]["Customer"]
            assert there >= done[0]
            report = graph.import_files([path])
            assert (report.unchanged, report.created, report.rejected) == (there, 4_000 - there, 0)
            assert graph.status()["labels"]["Customer"] == 4_000


def test_no_room_for_an_upload(
    embedded_graph: Graph, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_graph.jobs, "uploads", Uploads(disk / "uploads"))
    content = write_customers(tmp_path / "customers.csv", 1_000).read_bytes()
    with TestClient(create_app(embedded_graph), base_url="http://127.0.0.1") as client:

        def upload() -> tuple[int, dict[str, str]]:
            answer = client.post(API, files=[("files", ("customers.csv", content))])
            return answer.status_code, answer.json()

        for left in (0, 10_000, len(content) // 2):
            fill(disk, left)
            status, problem = upload()
            assert (status, problem["type"]) == (503, "urn:graphcrm:problem:unavailable"), problem
            assert "No space left" in problem["detail"]
            assert client.get(API).json()["items"] == []
            make_room(disk)
            assert embedded_graph.jobs.uploads.ids() == []
        status, job = upload()
        assert status == 202
        _until(lambda: client.get(f"{API}/{job['id']}").json()["state"] == "done")
    assert embedded_graph.status()["labels"]["Customer"] == 1_000


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_room_for_rejects(embedded_graph: Graph, disk: Path, tmp_path: Path) -> None:
    path = write_customers(tmp_path / "customers.csv", 1_000)
    path.write_text(path.read_text() + ",no id\n" * 5_000)
    rejects = disk / "rejects.csv"
    for left in (0, 20_000):
        fill(disk, left)
        with pytest.raises(InvalidInput, match=r"rejects\.csv \(No space left on device\)\. Mend that or name another"):
            embedded_graph.import_files([path], rejects=rejects)
        assert embedded_graph.jobs.page(limit=1).items[0]["state"] == "failed"
        make_room(disk)
    report = embedded_graph.import_files([path], rejects=rejects)
    assert (report.unchanged, report.rejected) == (1_000, 5_000)
    assert len(rejects.read_text().splitlines()) == 5_001


@pytest.mark.parametrize("left", [0, 100_000])
def test_no_room_for_an_export_or_a_backup(embedded_graph: Graph, disk: Path, tmp_path: Path, left: int) -> None:
    """Nothing stands under the name, nor beside it, that somebody could take for the whole."""
    embedded_graph.import_files([write_customers(tmp_path / "customers.csv", 10_000)])
    fill(disk, left)
    before = sorted(disk.iterdir())
    for format_ in FORMATS:
        with pytest.raises(InvalidInput, match=r"out: cannot be written \(.*(No space|is full).*\); make room on its"):
            export_graph(embedded_graph.store, disk / "out", format_)
        assert sorted(disk.iterdir()) == before
    with pytest.raises(InvalidInput, match=r"crm\.backup: cannot be written \(No space.*\); make room on its disk"):
        make_backup(embedded_graph.store, disk / "crm.backup")
    assert sorted(disk.iterdir()) == before
