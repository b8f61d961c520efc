"""The embedded engine: ArcadeDB from its wheel, as one managed server a data folder.

Every process that uses a folder holds a *shared* lock on its ``users.lock``; the kernel lets go of it however the
process ends. The first process starts a supervisor (this module, run as a program in a session of its own), which
starts the server, restarts it if it dies, and waits for an *exclusive* lock on the same file: it gets that when the
last user is gone, and then stops the server. So there is no count to keep and nothing to clean up after ``kill -9``.

Files under ``GRAPHCRM_HOME/embedded``: ``databases/`` (the data), ``password`` (mode 0600), ``server.json`` (where the
server listens, while it runs), ``server.log``, and three lock files.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib.metadata
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from graphcrm.errors import StoreError

__all__ = ["DATABASE", "USER", "Lease", "Server", "acquire", "full_disk", "recover", "stop", "version", "write_private"]

USER: Final = "root"
DATABASE: Final = "graphcrm"
_START_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 30.0
_PORT_TIMEOUT_S: Final = 5.0
_MAX_FAILURES: Final = 5
_POLL_S: Final = 0.02
_STARTED: Final = b"ArcadeDB Server started"
_FAILED: Final = b'Exception in thread "main"'
_SCANT_BYTES: Final = 16_000_000
"""A disk with less room is full to the engine, which asks for some megabytes at once."""


@dataclass(frozen=True)
class Server:
    """Where a folder's server listens."""

    uri: str
    password: str
    pid: int


class Lease:
    """A process's use of a folder's server, held until `release`."""

    def __init__(self, folder: Path, lock: IO[bytes], server: Server) -> None:
        self._folder = folder
        self._lock = lock
        self.server = server

    def release(self) -> None:
        """Let go of the server; when this was its last user, wait until it has stopped."""
        if self._lock.closed:
            return
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            _wait_until(lambda: not _running(self._folder), _STOP_TIMEOUT_S)
        self._lock.close()


def full_disk(folder: Path) -> str | None:
    """What to say of a failure in a folder whose disk is full; None where there is room."""
    try:
        left = shutil.disk_usage(folder).free
    except OSError:
        return None
    if left >= _SCANT_BYTES:
        return None
    return f"the disk with {folder} is full ({left / 1e6:.1f} MB left); make room there"


def version() -> str:
    """Version of the embedded engine that is installed."""
    return importlib.metadata.version("arcadedb-embedded")


def acquire(home: Path, heap: str, timeout_s: float) -> Lease:
    """Use the server of a data folder, starting it when it does not run.

    Parameters
    ----------
    home : Path
        The data folder; made when it is not there.
    heap : str
        Largest Java heap, such as ``2g``; counts when this call starts the server.
    timeout_s : float
        Seconds after which the server cuts a statement off; counts when this call starts the server.

    Returns
    -------
    Lease
        Its `server` says where to connect. `Lease.release` gives it back.

    Raises
    ------
    StoreError
        The folder cannot be used, or the server did not come up.
    """
    folder = _folder(home)
    lock = (folder / "users.lock").open("ab")
    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        with _turn_to_start(folder):
            return Lease(folder, lock, _ensure(folder, heap, timeout_s))
    except BaseException:
        lock.close()
        raise


def recover(home: Path, heap: str, timeout_s: float) -> None:
    """Start the server again when it and its supervisor died; leave it alone when it was stopped on purpose."""
    folder = _folder(home)
    # Only with the turn does a missing file mean "stopped": while another brings the server back there is none either.
    with _turn_to_start(folder):
        if (folder / "server.json").exists():
            _ensure(folder, heap, timeout_s)


def stop(home: Path) -> bool:
    """Stop a folder's server, whoever uses it.

    Returns
    -------
    bool
        Whether there was one to stop.
    """
    folder = home / "embedded"
    if not folder.is_dir() or not _running(folder):
        return False
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(_state(folder)["supervisor"], signal.SIGTERM)
    if not _wait_until(lambda: not _running(folder), _STOP_TIMEOUT_S):
        raise StoreError(f"the embedded engine in {home} does not stop; see {folder / 'server.log'}")
    return True


# ---- the client's side -----------------------------------------------------------------------------------


def _folder(home: Path) -> Path:
    folder = home / "embedded"
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        password = folder / "password"
        if not password.exists():
            write_private(password, secrets.token_urlsafe(32), replace=False)
    except OSError as error:
        raise StoreError(f"cannot use the data folder {home}: {error.strerror}; set GRAPHCRM_HOME") from None
    return folder


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file that its owner alone may read, whole or not at all.

    Parameters
    ----------
    path : Path
        The file. What was there before, with whatever mode, is replaced and not written into.
    text : str
        What it holds then.
    replace : bool, optional
        False leaves a file that is there already: the first of several writers wins.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # made with mode 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if replace:
            draft.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _state(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "server.json").read_text()))


def _running(folder: Path) -> bool:
    """Whether a supervisor lives: it holds ``server.lock`` as long as it does.

    The probe is a shared lock, so that two of them at once do not take each other for a supervisor.
    """
    with (folder / "server.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _retire_state(folder: Path) -> None:
    """Take back the word that a server runs, and keep its port for the next one."""
    with contextlib.suppress(FileNotFoundError):
        (folder / "server.json").replace(folder / "last.json")


def _server(folder: Path) -> Server | None:
    """The server that ``server.json`` names, if it listens: one that died is in there until it is started again."""
    try:
        state = _state(folder)
        password = (folder / "password").read_text()
        socket.create_connection(("127.0.0.1", state["port"]), 5.0).close()
    except (OSError, ValueError):
        return None
    return Server(f"bolt://127.0.0.1:{state['port']}", password, state["pid"])


@contextlib.contextmanager
def _turn_to_start(folder: Path) -> Iterator[None]:
    """Wait until nobody else starts the folder's server."""
    with (folder / "start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ensure(folder: Path, heap: str, timeout_s: float) -> Server:
    """Wait for the folder's server, and start it when it does not run; for whoever has the turn to start it.

    A supervisor that is there may be about to leave: then it says no more where its server is, and once it is gone
    another takes its place.
    """
    spawned = False
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if not _running(folder):
            if spawned:
                break
            _retire_state(folder)
            _spawn(folder, heap, timeout_s)
            spawned = True
            deadline = time.monotonic() + _START_TIMEOUT_S
        elif (server := _server(folder)) is not None:
            return server
        else:
            time.sleep(_POLL_S)
    logs = f"{folder / 'server.log'} and {folder / 'supervisor.log'}"
    raise StoreError(f"the embedded engine did not start: {full_disk(folder) or f'see {logs}'}")


def _spawn(folder: Path, heap: str, timeout_s: float) -> None:
    """Start the supervisor in a session of its own, so that Ctrl-C in a terminal does not take it along."""
    with (folder / "supervisor.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "graphcrm.embedded", str(folder.resolve()), heap, str(timeout_s)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    _wait_until(lambda: _running(folder) or process.poll() is not None, _START_TIMEOUT_S)


def _wait_until(condition: Any, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


# ---- the supervisor's side -------------------------------------------------------------------------------


def _command(folder: Path, port: int, http_port: int, heap: str, timeout_s: float) -> list[str]:
    spec = importlib.util.find_spec("arcadedb_embedded")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError("the package arcadedb-embedded is not installed; install it or set GRAPHCRM_NEO4J_URI")
    package = Path(spec.submodule_search_locations[0])
    settings = {
        "server.rootPath": folder,
        "server.rootPasswordPath": folder / "password",
        "server.logsDirectory": folder / "log",
        "server.mode": "production",
        "server.defaultDatabases": f"{DATABASE}[{USER}]",
        "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "server.httpIncomingHost": "127.0.0.1",
        "server.httpIncomingPort": http_port,
        "bolt.host": "127.0.0.1",
        "bolt.port": port,
        "bolt.defaultDatabase": DATABASE,
        # Full fsync at commit: what was acknowledged survives a power cut, not only a crash of the process.
        "txWalFlush": 2,
        "command.timeout": int(timeout_s * 1000),
    }
    return [
        str(package / "jre" / "bin" / "java"),
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        "-Djava.awt.headless=true",
        "--add-modules=jdk.incubator.vector",
        *(f"-Darcadedb.{name}={value}" for name, value in settings.items()),
        "-cp",
        str(package / "jars" / "*"),
        "com.arcadedb.server.ArcadeDBServer",
    ]


def _last_port(folder: Path) -> int:
    """The port at which open drivers look for the server again; 0 where there was none."""
    try:
        return int(json.loads((folder / "last.json").read_text())["port"])
    except (FileNotFoundError, ValueError, KeyError):
        return 0


def _free_ports(wanted: int) -> tuple[int, int]:
    """A port for Bolt, the wanted one where it is free, and one for HTTP."""
    with socket.socket() as bolt, socket.socket() as http:
        bolt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A server whose supervisor was killed may take a moment to let go of its port.
        if not _wait_until(lambda: _binds(bolt, wanted), _PORT_TIMEOUT_S):
            _binds(bolt, 0)
        _binds(http, 0)
        return bolt.getsockname()[1], http.getsockname()[1]


def _binds(held: socket.socket, port: int) -> bool:
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def _end_with_parent() -> None:
    """Ask the kernel to stop the server when its supervisor dies (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class _Supervisor:
    """Runs the server until its last user is gone or a signal says so."""

    def __init__(self, folder: Path, heap: str, timeout_s: float) -> None:
        self._folder = folder
        self._heap = heap
        self._timeout_s = timeout_s
        self._port = _last_port(folder)
        self._stopping = threading.Event()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self._stopping.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=self._await_last_user, daemon=True).start()
        failures = 0
        while not self._stopping.is_set() and failures < _MAX_FAILURES:
            failures += 1
            server = self._start()
            if self._await_ready(server):
                self._publish(server)
                failures = 0
                while server.poll() is None and not self._stopping.wait(0.1):
                    pass
            else:
                self._port = 0  # another may have taken it since it was found free
            if self._stopping.is_set():
                _retire_state(self._folder)  # before the server goes down, so that nobody is sent to it any more
            if server.poll() is None:
                self._end(server)
        _retire_state(self._folder)

    def _await_last_user(self) -> None:
        with (self._folder / "users.lock").open("ab") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            self._stopping.set()
            threading.Event().wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._port, http_port = _free_ports(self._port)
        with (self._folder / "server.log").open("wb") as log:
            return subprocess.Popen(
                _command(self._folder, self._port, http_port, self._heap, self._timeout_s),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                preexec_fn=_end_with_parent,
            )

    def _await_ready(self, server: subprocess.Popen[bytes]) -> bool:
        log = self._folder / "server.log"

        def is_decided() -> bool:
            text = log.read_bytes()
            # It stays, and does nothing, when it could not start: where a port was taken, say.
            return _STARTED in text or _FAILED in text or server.poll() is not None or self._stopping.is_set()

        _wait_until(is_decided, _START_TIMEOUT_S)
        return server.poll() is None and _STARTED in log.read_bytes()

    def _publish(self, server: subprocess.Popen[bytes]) -> None:
        state = {"port": self._port, "pid": server.pid, "supervisor": os.getpid()}
        write_private(self._folder / "server.json", json.dumps(state))

    def _end(self, server: subprocess.Popen[bytes]) -> None:
        server.terminate()
        try:
            server.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _main(folder: str, heap: str, timeout_s: str) -> None:
    with (Path(folder) / "server.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _Supervisor(Path(folder), heap, float(timeout_s)).run()


if __name__ == "__main__":
    _main(*sys.argv[1:])
