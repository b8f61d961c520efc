"""Backups carry everything exactly, between both engines, and nothing else is ever taken for one."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from everything import contents, fill, fill_books, upsert

import graphcrm
from graphcrm import Graph
from graphcrm.errors import Conflict, InvalidInput
from graphcrm.service import whole
from graphcrm.service.backup import make_backup, restore_backup, restore_begun
from graphcrm.service.backup_file import BackupFile, BackupWriter
from graphcrm.service.export import export_graph
from graphcrm.settings import Settings

OTHER = {"embedded": "neo4j", "neo4j": "embedded"}


@pytest.fixture
def other(engine: str, graphs: dict[str, Graph]) -> Graph:
    """An empty graph on the engine that `graph` is not on."""
    return graphs[OTHER[engine]]


@pytest.fixture
def backup(embedded_graph: Graph, tmp_path: Path) -> Path:
    return small_backup(embedded_graph, tmp_path)


def small_backup(graph: Graph, folder: Path) -> Path:
    upsert(graph, "customers", [{"id": f"C{n}", "name": f"Customer {n}"} for n in range(50)])
    make_backup(graph.store, folder / "small.backup")
    return folder / "small.backup"


def test_what_is_read_in_many_parts_is_all_there_once(
    graph: Graph, other: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(graph)
    before = contents(graph)
    monkeypatch.setattr(whole, "_SHARD", 2)
    counts = make_backup(graph.store, tmp_path / "parts.backup")
    assert {name: counts.get(name, 0) for name in before} == {name: len(rows) for name, rows in before.items()}
    restore_backup(other.store, tmp_path / "parts.backup")
    assert contents(other) == before
    export_graph(graph.store, tmp_path / "parts")
    monkeypatch.undo()
    export_graph(graph.store, tmp_path / "whole")
    parts, all_of_it = (sorted((tmp_path / name).iterdir()) for name in ("parts", "whole"))
    assert [(path.name, path.read_bytes()) for path in parts] == [(path.name, path.read_bytes()) for path in all_of_it]


def test_everything_goes_to_the_other_engine_and_back(graph: Graph, other: Graph, bare: Any, tmp_path: Path) -> None:
    fill(graph)
    fill_books(graph)
    before = contents(graph)
    assert all(before.values()), [name for name, rows in before.items() if not rows]
    counts = make_backup(graph.store, tmp_path / "one.backup")
    assert stat.S_IMODE((tmp_path / "one.backup").stat().st_mode) == 0o600
    assert {name: counts[name] for name in before} == {name: len(rows) for name, rows in before.items()}
    restored = restore_backup(other.store, tmp_path / "one.backup")
    assert restored == {name: len(rows) for name, rows in before.items()}
    assert contents(other) == before
    assert other.revision() >= graph.revision()
    make_backup(other.store, tmp_path / "two.backup")
    bare.wipe()
    restore_backup(graph.store, tmp_path / "two.backup")
    assert contents(graph) == before


def test_an_empty_store_goes_too(graph: Graph, other: Graph, tmp_path: Path) -> None:
    make_backup(graph.store, tmp_path / "empty.backup")
    assert restore_backup(other.store, tmp_path / "empty.backup") == {}
    assert not restore_begun(other.store)


def test_a_store_that_holds_anything_is_left_alone(backup: Path, embedded_graph: Graph) -> None:
    before = contents(embedded_graph)
    with pytest.raises(Conflict, match="50 Customer"):
        restore_backup(embedded_graph.store, backup)
    assert contents(embedded_graph) == before


def test_nodes_come_before_the_ties_that_hang_on_them(tmp_path: Path) -> None:
    path = tmp_path / "b.backup"
    with path.open("wb") as file:
        writer = BackupWriter(file, ["0001_first"])
        for number in range(12_345):
            writer.node(("Customer", "Contact")[number % 2], {"id": f"{number}"})
        for number in range(5_001):
            writer.tie("KNOWS", ("Customer", "Contact"), (f"{number}", "1", {"id": f"{number}"}))
        digest = writer.close()
    backup = BackupFile(path)
    assert backup.digest == digest
    assert (backup.nodes, backup.ties) == ({"Customer": 6_173, "Contact": 6_172}, {"KNOWS": 5_001})
    blocks = list(backup.blocks())
    assert [block.ends is not None for block in blocks] == [False] * 4 + [True] * 2
    assert sorted(int(row["id"]) for block in blocks[:4] for row in block.rows) == list(range(12_345))


# ---- what is no backup -----------------------------------------------------------------------------------


def refused(path: Path, graph: Graph, match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        restore_backup(graph.store, path)
    assert not restore_begun(graph.store)
    assert not any(contents(graph).values())


def test_every_cut_and_every_changed_byte_is_noticed(backup: Path, tmp_path: Path) -> None:
    whole_file = backup.read_bytes()
    BackupFile(backup)
    damaged = tmp_path / "damaged.backup"
    for cut in range(len(whole_file)):
        damaged.write_bytes(whole_file[:cut])
        with pytest.raises(InvalidInput):
            BackupFile(damaged)
    for place in range(len(whole_file)):
        damaged.write_bytes(whole_file[:place] + bytes([whole_file[place] ^ 1]) + whole_file[place + 1 :])
        with pytest.raises(InvalidInput):
            BackupFile(damaged)
    damaged.write_bytes(whole_file + b"\n")
    with pytest.raises(InvalidInput, match="cut off or altered"):
        BackupFile(damaged)


def test_what_is_no_backup_is_refused_with_nothing_changed(graph: Graph, other: Graph, tmp_path: Path) -> None:
    whole_file = small_backup(other, tmp_path).read_bytes()
    damaged = tmp_path / "damaged.backup"
    damaged.write_bytes(whole_file[:-100])
    refused(damaged, graph, "cut off or altered")
    damaged.write_bytes(b"")
    refused(damaged, graph, "is no backup")
    damaged.write_bytes(b'{"format": "graphcrm backup"}\n')
    refused(damaged, graph, "is no backup")
    damaged.write_bytes(gzip.compress(b"something"))
    refused(damaged, graph, "is no backup")
    refused(tmp_path / "nothing.backup", graph, "cannot be read")
    refused(tmp_path, graph, "cannot be read")


def signed(path: Path, header: dict[str, Any], lines: list[Any]) -> Path:
    """A file with a right digest, whatever it says."""
    body = gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    data = json.dumps(header).encode() + b"\n" + body + b"\n"
    path.write_bytes(data + hashlib.sha256(data).hexdigest().encode() + b"\n")
    return path


def test_newer_and_untrue_backups_are_refused(graph: Graph, tmp_path: Path) -> None:
    header = {"format": "graphcrm backup", "version": 1, "schema": ["0001_first"]}
    rows = {"kind": "Customer", "ends": None, "rows": [{"id": "A"}]}
    counts = {"counts": {"nodes": {"Customer": 1}, "ties": {}}}
    path = tmp_path / "made.backup"
    refused(signed(path, header | {"version": 2}, [rows, counts]), graph, "newer graphcrm")
    refused(signed(path, header | {"schema": ["9999_later"]}, [rows, counts]), graph, "newer graphcrm")
    refused(signed(path, header, [rows | {"kind": "Planet"}, counts]), graph, "Planet")
    refused(signed(path, header, [rows, rows, counts]), graph, "other numbers")
    refused(signed(path, header, [rows]), graph, "other numbers")
    restore_backup(graph.store, signed(path, header, [rows, counts]))
    assert graph.records.read("customers", "A")["id"] == "A"


# ---- in use, and cut off ---------------------------------------------------------------------------------


@contextmanager
def writing_on_and_on(graph: Graph) -> Iterator[list[int]]:
    """Others who never pause: each write makes a customer and a product. Gives the numbers that were acknowledged."""
    stop = threading.Event()
    done: list[int] = []

    def work(number: int, tx: Any) -> None:
        for label in ("Product", "Customer"):
            tx.run("backup/create_nodes", words={"LABEL": label}, rows=[{"id": f"X{number}", "name": "x"}])

    def write() -> None:
        for number in range(10**6):
            if stop.is_set():
                break
            graph.store.write(partial(work, number))
            done.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield done
    finally:
        stop.set()
        writer.join()


def test_a_backup_never_shows_half_of_a_write(graph: Graph, bare: Any, tmp_path: Path) -> None:
    upsert(graph, "customers", [{"id": f"C{n}", "name": "x"} for n in range(500)])
    with graphcrm.connect(bare.settings) as elsewhere, writing_on_and_on(elsewhere) as done:
        for number in range(2):
            path = tmp_path / f"{number}.backup"
            before = len(done)
            counts = make_backup(graph.store, path)
            assert counts["Customer"] == counts.get("Product", 0) + 500
            assert counts["Product"] >= before
            assert BackupFile(path).nodes["Customer"] == counts["Customer"]
        last = len(done)
        while len(done) < last + 3:  # they go on afterwards
            time.sleep(0.01)


def test_writers_wait_while_they_are_held_back_and_go_on_when_the_holder_is_gone(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "_HOLD_S", 2.0)
    with whole.held(graph.store):
        began = time.monotonic()
        revision = graph.revision()
        writer = threading.Thread(target=graph.touch)
        writer.start()
        while time.monotonic() - began < 1:
            assert graph.revision() == revision
            time.sleep(0.05)
        writer.join(timeout=20)  # nobody says again that writers are to wait
        assert not writer.is_alive()
        assert graph.revision() > revision
    graph.touch()


def test_a_backup_that_fails_leaves_no_file(embedded_graph: Graph, tmp_path: Path) -> None:
    def fail(what: str, done: int, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_backup(embedded_graph.store, tmp_path / "b.backup", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(embedded_graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "b.backup").write_text("mine")
    with pytest.raises(InvalidInput, match="is there already"):
        make_backup(embedded_graph.store, tmp_path / "b.backup")
    assert (tmp_path / "b.backup").read_text() == "mine"


def test_a_restore_that_was_killed_is_run_again(embedded_graph: Graph, empty_home: Path, tmp_path: Path) -> None:
    for start in range(0, 30_000, 10_000):
        upsert(embedded_graph, "customers", [{"id": f"C{start + n}", "name": "x"} for n in range(10_000)])
    rows = [{"type": "REFERRED", "source_id": f"C{n}", "target_id": f"C{n + 1}"} for n in range(10_000)]
    upsert(embedded_graph, "ties", rows)
    path = tmp_path / "b.backup"
    make_backup(embedded_graph.store, path)
    settings = Settings(home=empty_home, embedded_heap="512m")
    program = (
        "import sys, graphcrm; from graphcrm.service.backup import restore_backup\n"
        "tell = lambda what, done, share: print(done, flush=True)\n"
        "with graphcrm.connect() as graph: restore_backup(graph.store, sys.argv[1], tell)"
    )
    environment = os.environ | {"GRAPHCRM_HOME": str(empty_home), "GRAPHCRM_EMBEDDED_HEAP": "512m"}
    with graphcrm.connect(settings) as graph:
        for wanted in (15_000, 35_000):
            child = subprocess.Popen(
                [sys.executable, "-c", program, str(path)], env=environment, stdout=subprocess.PIPE, text=True
            )
            assert child.stdout is not None
            while int(child.stdout.readline()) < wanted:
                pass
            child.send_signal(signal.SIGKILL)
            child.wait()
            assert restore_begun(graph.store)
            make_backup(graph.store, tmp_path / f"{wanted}.backup")
            with pytest.raises(Conflict, match="another backup"):
                restore_backup(graph.store, tmp_path / f"{wanted}.backup")
        assert restore_backup(graph.store, path) == {"Customer": 30_000, "REFERRED": 10_000}
        assert contents(graph) == contents(embedded_graph)
        with pytest.raises(Conflict, match="not empty"):
            restore_backup(graph.store, path)
