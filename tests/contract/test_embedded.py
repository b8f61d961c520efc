"""The embedded engine: one server a folder, whoever starts, dies or leaves."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import graphcrm
from graphcrm import embedded
from graphcrm.settings import Settings

CLIENT = """
import sys, graphcrm
from pathlib import Path
from graphcrm.settings import Settings
graph = graphcrm.connect(Settings(home=Path(sys.argv[1]), embedded_heap="512m"))
graph.records.create("customers", {"id": sys.argv[2], "name": "x"})
print(graph.store._lease.server.pid, flush=True)
sys.stdin.readline()
graph.close()
"""

UNLUCKY = """
import sys
from graphcrm import embedded
found = embedded._free_ports
luck = iter([int(sys.argv[1])])
embedded._free_ports = lambda wanted: (found(wanted)[0], next(luck, 0) or found(0)[1])
embedded._main(*sys.argv[2:])
"""
"""A supervisor that is told a port is free which is not, the first time."""


def _client(home: Path, id_: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(home), id_], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _server_pid(client: subprocess.Popen[str]) -> int:
    assert client.stdout
    return int(client.stdout.readline())


def _leave(client: subprocess.Popen[str]) -> None:
    client.communicate("\n", timeout=60)
    assert client.returncode == 0


def _state(home: Path) -> dict[str, Any]:
    return dict(json.loads((home / "embedded" / "server.json").read_text()))


def _alive(pid: int) -> bool:
    """Whether a process runs (one that ended and was not yet waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _await(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _settings(home: Path) -> Settings:
    return Settings(home=home, embedded_heap="512m")


def test_eight_processes_at_once_share_one_server_that_leaves_with_the_last(empty_home: Path) -> None:
    clients = [_client(empty_home, f"C{n}") for n in range(8)]
    pids = {_server_pid(client) for client in clients}
    assert len(pids) == 1
    supervisor = _state(empty_home)["supervisor"]
    for client in clients[:-1]:
        _leave(client)
    assert _alive(*pids)
    with graphcrm.connect(_settings(empty_home)) as graph:
        assert graph.status()["labels"] == {"Customer": 8}
    assert _alive(*pids)
    _leave(clients[-1])
    _await(lambda: not _alive(*pids) and not _alive(supervisor))
    assert not (empty_home / "embedded" / "server.json").exists()


@pytest.mark.parametrize("victim", ["client", "server", "supervisor", "all"])
def test_kill_dash_nine_loses_nothing(empty_home: Path, victim: str) -> None:
    client = _client(empty_home, "C1")
    server = _server_pid(client)
    with graphcrm.connect(_settings(empty_home)) as graph:
        graph.records.create("customers", {"id": "C2", "name": "x"})
        supervisor = _state(empty_home)["supervisor"]
        doomed = {"client": [client.pid], "server": [server], "supervisor": [supervisor]}
        for pid in doomed.get(victim, [client.pid, supervisor, server]):
            os.kill(pid, signal.SIGKILL)

        def answers() -> bool:
            try:
                return bool(graph.status()["labels"] == {"Customer": 2})
            except graphcrm.StoreError as error:
                if not error.retryable:
                    raise
                return False

        _await(answers)
        graph.records.create("customers", {"id": "C3", "name": "x"})
        running = _state(empty_home)
        assert _alive(running["pid"])
        assert victim != "client" or running["pid"] == server
    client.kill()
    client.communicate()
    _await(lambda: not _alive(running["pid"]))
    with graphcrm.connect(_settings(empty_home)) as graph:
        assert graph.status()["labels"] == {"Customer": 3}


def test_eight_at_once_bring_a_dead_server_back_and_none_sees_the_old_one(empty_home: Path) -> None:
    with graphcrm.connect(_settings(empty_home)) as graph:
        graph.records.create("customers", {"id": "C1", "name": "x"})
        dead = _state(empty_home)
        for pid in (dead["supervisor"], dead["pid"]):
            os.kill(pid, signal.SIGKILL)
        _await(lambda: not _alive(dead["supervisor"]) and not _alive(dead["pid"]))
        start = threading.Barrier(8)

        def recovered(_: int) -> tuple[int, dict[str, int]]:
            start.wait()
            embedded.recover(empty_home, "512m", 60.0)
            pid = _state(empty_home)["pid"]
            assert _alive(pid)
            return pid, graph.status()["labels"]

        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(recovered, range(8)))
        assert {pid for pid, _ in seen} == {_state(empty_home)["pid"]}
        assert all(labels == {"Customer": 1} for _, labels in seen)
        assert dead["pid"] not in dict(seen)
        assert _state(empty_home)["port"] == dead["port"]


def test_probes_do_not_take_each_other_for_a_supervisor(tmp_path: Path) -> None:
    folder = tmp_path / "embedded"
    folder.mkdir()

    def probed(_: int) -> bool:
        return any(embedded._running(folder) for _ in range(500))

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(probed, range(8)))


def test_whoever_comes_while_it_stops_gets_the_next_server(empty_home: Path) -> None:
    with graphcrm.connect(_settings(empty_home)) as graph:
        graph.records.create("customers", {"id": "C1", "name": "x"})
        before = _state(empty_home)
        os.kill(before["supervisor"], signal.SIGTERM)
        _await(lambda: not (empty_home / "embedded" / "server.json").exists())
        with graphcrm.connect(_settings(empty_home)) as other:
            assert other.status()["labels"] == {"Customer": 1}
            assert _state(empty_home)["pid"] != before["pid"]


def test_the_last_port_is_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as last:
        port = last.getsockname()[1]
        (tmp_path / "last.json").write_text(json.dumps({"port": port}))
        threading.Timer(0.3, last.close).start()
        assert embedded._free_ports(embedded._last_port(tmp_path))[0] == port


def test_a_taken_port_is_replaced_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_PORT_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = embedded._free_ports(port)
    assert len({port, *ports} - {0}) == 3


def test_a_port_that_is_taken_before_the_server_has_it_costs_one_more_try(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def spawn(folder: Path, heap: str, timeout_s: float) -> None:
            port = str(other.getsockname()[1])
            command = [sys.executable, "-c", UNLUCKY, port, str(folder.resolve()), heap, str(timeout_s)]
            subprocess.Popen(command, cwd="/", start_new_session=True)
            _await(lambda: embedded._running(folder))

        monkeypatch.setattr(embedded, "_spawn", spawn)
        with graphcrm.connect(_settings(empty_home)) as graph:
            assert graph.revision() >= 0


def test_the_home_may_be_relative(tmp_path: Path) -> None:
    code = "import graphcrm; graphcrm.connect().close()"
    environment = os.environ | {"GRAPHCRM_HOME": "data", "GRAPHCRM_EMBEDDED_HEAP": "512m"}
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "unclosed file" not in done.stderr
    assert (tmp_path / "data" / "embedded" / "databases" / "graphcrm").is_dir()


def test_a_start_that_fails_names_both_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(graphcrm.StoreError, match=r"server\.log and .*supervisor\.log"):
        graphcrm.connect(_settings(tmp_path))


def test_a_private_file_is_private_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("a longer old text")
    path.chmod(0o644)
    with path.open() as reader:
        embedded.write_private(path, "new")
        assert reader.read() == "a longer old text"  # who had it open reads nothing of the new one
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    embedded.write_private(path, "later", replace=False)
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_stop_ends_it_whoever_uses_it_and_the_next_start_serves_all(empty_home: Path) -> None:
    with graphcrm.connect(_settings(empty_home)) as graph:
        graph.records.create("customers", {"id": "C1", "name": "x"})
        pid = _state(empty_home)["pid"]
        assert embedded.stop(empty_home)
        assert not _alive(pid)
        assert not embedded.stop(empty_home)
        with pytest.raises(graphcrm.StoreError, match="does not answer") as caught:
            graph.status()
        assert caught.value.retryable
        with graphcrm.connect(_settings(empty_home)) as other:
            assert other.status()["labels"] == {"Customer": 1}
            assert graph.status()["labels"] == {"Customer": 1}


def test_ctrl_c_does_not_take_the_server_along(empty_home: Path) -> None:
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(empty_home), "C1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    _server_pid(client)
    with graphcrm.connect(_settings(empty_home)) as graph:
        os.killpg(client.pid, signal.SIGINT)
        client.wait(30)
        assert graph.status()["labels"] == {"Customer": 1}


def test_only_its_owner_may_read_the_secrets_and_nothing_else_listens(empty_home: Path) -> None:
    with graphcrm.connect(_settings(empty_home)):
        folder = empty_home / "embedded"
        for path in (folder / "password", folder / "server.json"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        pid = _state(empty_home)["pid"]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert (folder / "password").read_text() not in command
        assert all(address.startswith("127.") for address in _listening(pid))


def _listening(pid: int) -> list[str]:
    """Addresses on which a process listens, from the kernel's tables."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            found.append(".".join(str(byte) for byte in reversed(bytes.fromhex(fields[1].split(":")[0]))))
    for line in Path(f"/proc/{pid}/net/tcp6").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            address = fields[1].split(":")[0]
            mapped = address.startswith("0000000000000000FFFF0000")
            found.append(
                ".".join(str(b) for b in reversed(bytes.fromhex(address[24:]))) if mapped else f"ipv6 {address}"
            )
    assert found
    return found


def test_a_folder_that_cannot_be_used_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(graphcrm.StoreError, match="GRAPHCRM_HOME"):
        graphcrm.connect(_settings(tmp_path / "file"))
