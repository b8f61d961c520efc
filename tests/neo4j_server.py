"""A real Neo4j for the tests: one that is named, one of Docker Compose, or one of Maven's jars.

They are tried in this order:

1. ``GRAPHCRM_TEST_NEO4J_URI`` (with ``_USER``, ``_PASSWORD``, ``_DATABASE``): a server that is there. Its
   data is WIPED by the tests, so it must be one of their own.
2. Docker Compose with the service ``neo4j`` of the project's compose file, where a Docker engine answers.
3. Java and Maven: the server's jars are copied once to ``.cache/`` and run as a process on a loopback port.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

ROOT = Path(__file__).resolve().parent.parent
VERSION = "5.26.14"
JARS = ROOT / ".cache" / f"neo4j-{VERSION}" / "lib"
STARTUP_SECONDS = 120

POM = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>graphcrm</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.neo4j</groupId>
      <artifactId>neo4j</artifactId>
      <version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""

CONFIGURATION = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.bolt.connection_keep_alive=5s
server.memory.heap.max_size={heap}
server.memory.pagecache.size={pages}
dbms.usage_report.enabled=false
"""

# Under load the server overhears a request once in some ten thousand: its workers idle while the client waits, which
# gives up after twice the keep-alive time (by default a minute), and asks again.

SMALL = """\
db.tx_log.preallocate=false
db.tx_log.rotation.size=1m
"""
"""Further settings of a server that is to take little room on the disk."""

SOON_UP = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Options of Java with which a server is up in little more than half the time, and slower afterwards."""

OPENED_PACKAGES = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")


class NoServerError(Exception):
    """There is no Neo4j here, and this is why."""


@dataclass(frozen=True)
class Neo4jServer:
    """Where a server listens and how to log in."""

    uri: str
    user: str
    password: str = field(repr=False)
    database: str
    origin: str


@contextlib.contextmanager
def running_server(environ: Mapping[str, str] = os.environ) -> Iterator[Neo4jServer]:
    """Yield the first server of the three that can be had, and stop it afterwards if it was started here.

    Raises
    ------
    NoServerError
        When none of the three can be had; the message gives each one's reason.
    """
    with contextlib.ExitStack() as stack:
        if environ.get("GRAPHCRM_TEST_NEO4J_URI"):
            yield _named_server(environ)
        elif not (docker := _why_no_docker()):
            yield stack.enter_context(_compose_server())
        elif not (maven := _why_no_maven()):
            yield stack.enter_context(_jar_server())
        else:
            raise NoServerError(f"no Neo4j: GRAPHCRM_TEST_NEO4J_URI is not set; {docker}; {maven}")


def free_port() -> int:
    """Return a TCP port of the loopback interface that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _named_server(environ: Mapping[str, str]) -> Neo4jServer:
    return Neo4jServer(
        uri=environ["GRAPHCRM_TEST_NEO4J_URI"],
        user=environ.get("GRAPHCRM_TEST_NEO4J_USER", "neo4j"),
        password=environ.get("GRAPHCRM_TEST_NEO4J_PASSWORD", ""),
        database=environ.get("GRAPHCRM_TEST_NEO4J_DATABASE", "neo4j"),
        origin="GRAPHCRM_TEST_NEO4J_URI",
    )


def _why_no_docker() -> str:
    """Return why Docker Compose cannot be used, or an empty string where it can."""
    if not shutil.which("docker"):
        return "docker is not installed"
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            answer = subprocess.run(command, capture_output=True, timeout=20, check=False)
        except subprocess.TimeoutExpired:
            return f"`{' '.join(command)}` does not answer"
        if answer.returncode:
            return "no Docker engine answers" if "info" in command else "Docker has no Compose"
    return ""


def _why_no_maven() -> str:
    """Return why no server can be run from its jars, or an empty string where it can."""
    if not shutil.which("java"):
        return "java is not installed"
    if not JARS.is_dir() and not shutil.which("mvn"):
        return "mvn is not installed"
    return ""


@contextlib.contextmanager
def _compose_server() -> Iterator[Neo4jServer]:
    password, port = secrets.token_urlsafe(16), free_port()
    compose = ["docker", "compose", "--project-name", f"graphcrm-test-{os.getpid()}"]
    environ = {**os.environ, "GRAPHCRM_NEO4J_PASSWORD": password, "NEO4J_PORT": str(port)}

    def run(*arguments: str) -> None:
        subprocess.run([*compose, *arguments], cwd=ROOT, env=environ, check=True, timeout=600)

    try:
        run("up", "--detach", "--wait", "neo4j")
        yield Neo4jServer(f"neo4j://127.0.0.1:{port}", "neo4j", password, "neo4j", "Docker Compose")
    finally:
        run("down", "--volumes")


@contextlib.contextmanager
def _jar_server() -> Iterator[Neo4jServer]:
    with (
        tempfile.TemporaryDirectory(prefix="graphcrm-neo4j-", ignore_cleanup_errors=True) as folder,
        contextlib.closing(JarServer(Path(folder))) as server,
    ):
        server.start()
        yield server.login


class JarServer:
    """A server of Maven's jars with a home and a port of its own; it can be killed and started there again.

    Parameters
    ----------
    home : Path
        Its folder, which is to be empty.
    is_small : bool
        Whether it is to be up soon and to take little room, rather than to be quick.

    Raises
    ------
    NoServerError
        Java is missing, or the jars cannot be had.
    """

    def __init__(self, home: Path, is_small: bool = False) -> None:
        if why := _why_no_maven():
            raise NoServerError(f"no Neo4j: {why}")
        port, self._home = free_port(), home
        heap, pages = ("384m", "32m") if is_small else ("1g", "256m")
        settings = CONFIGURATION.format(port=port, heap=heap, pages=pages) + (SMALL if is_small else "")
        (home / "conf").mkdir()
        (home / "conf" / "neo4j.conf").write_text(settings, encoding="utf-8")
        self._command = _java_command(_jars(), home, [f"-Xmx{heap}", *(SOON_UP if is_small else ())])
        self._process: subprocess.Popen[bytes] | None = None
        self.login = Neo4jServer(f"neo4j://127.0.0.1:{port}", "neo4j", secrets.token_urlsafe(16), "neo4j", "Maven")

    def start(self) -> None:
        """Start it, and wait until it is up."""
        before = self._times_started()
        self.launch()
        self._wait_until_started(before + 1)
        if not before:
            _set_password(self.login)

    def launch(self) -> None:
        """Start it, anew where it was killed, and do not wait."""
        self.close()
        with (self._home / "console.log").open("ab") as console:
            # A process session of its own: Ctrl-C in a terminal ends the tests, and they end the server.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def close(self) -> None:
        """End it at once, as ``kill -9`` does: an orderly shutdown takes ten seconds."""
        if self._process:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process, "it was not started"
        return self._process.pid

    def _times_started(self) -> int:
        log = self._home / "logs" / "neo4j.log"
        return log.read_text(encoding="utf-8", errors="replace").count(" Started.") if log.exists() else 0

    def _wait_until_started(self, times: int) -> None:
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            if self._times_started() == times:
                return
            time.sleep(0.1)
        tail = (self._home / "console.log").read_text(encoding="utf-8", errors="replace")[-1000:]
        raise RuntimeError(f"the Neo4j server of the tests did not start: {tail}")


def _jars() -> Path:
    """Return the folder of the server's jars, filled by Maven the first time."""
    if JARS.is_dir():
        return JARS
    JARS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=JARS.parent, prefix="fetch-") as folder:
        work = Path(folder)
        (work / "pom.xml").write_text(POM, encoding="utf-8")
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={work / 'lib'}"]
        answer = subprocess.run(
            ["mvn", "-q", "-B", *goal],
            cwd=work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if answer.returncode:
            last = (answer.stdout + answer.stderr).strip()[-500:]
            raise NoServerError(f"no Neo4j: Maven could not fetch org.neo4j:neo4j:{VERSION}: {last}")
        # Another run may have been quicker; its folder is as good, and a full one is not replaced.
        with contextlib.suppress(OSError):
            (work / "lib").rename(JARS)
    return JARS


def _java_command(jars: Path, home: Path, options: Sequence[str]) -> list[str]:
    return [
        "java",
        "-cp",
        f"{jars}/*",
        *options,
        *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED_PACKAGES),
        "org.neo4j.server.CommunityEntryPoint",
        f"--home-dir={home}",
        f"--config-dir={home / 'conf'}",
    ]


def _set_password(server: Neo4jServer) -> None:
    """Change the password of a new server, which allows nothing else before that."""
    statement = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password"
    for attempt in range(20):
        try:
            with neo4j.GraphDatabase.driver(server.uri, auth=("neo4j", "neo4j")) as driver:
                driver.execute_query(statement, password=server.password, database_="system")
            return
        except (DriverError, Neo4jError):
            if attempt == 19:
                raise
            time.sleep(0.25)
