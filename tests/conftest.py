"""What the tests are given: the graph on both engines, the shared data, a browser, a running service.

With ``GRAPHCRM_TEST_NO_SKIPS=1`` a test that would be skipped fails and names the reason.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import neo4j
import pytest
from neo4j_server import NoServerError, running_server

import graphcrm
from graphcrm import embedded
from graphcrm.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("embedded", "neo4j")
LONGEST_TEST = 300
"""Seconds that a test may take unless it says otherwise."""
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def pytest_configure() -> None:
    """End in good order on SIGTERM too, so that a time limit leaves no server behind."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("stopped by SIGTERM", returncode=143))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Bound every test. Not in the settings, which other suites read that run in this folder without the plugin."""
    if item.config.pluginmanager.hasplugin("timeout") and item.get_closest_marker("timeout") is None:
        item.add_marker(pytest.mark.timeout(LONGEST_TEST))


# ---- what a skip means -----------------------------------------------------------------------------------


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _without_skips(report: Report) -> Report:
    if report.skipped and os.environ.get("GRAPHCRM_TEST_NO_SKIPS") == "1":
        known_failure = getattr(report, "wasxfail", None)
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"no skips here: {known_failure or reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _without_skips((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _without_skips((yield))


# ---- the graph on both engines ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Bare:
    """An engine as the driver alone sees it, beside the product."""

    name: str
    settings: Settings
    driver: neo4j.Driver
    database: str
    uri: str
    auth: tuple[str, str] = field(repr=False)

    def run(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one statement in a write transaction and return its rows."""
        with self.driver.session(database=self.database) as session:
            return session.execute_write(lambda tx: tx.run(statement, parameters).data())

    def wipe(self) -> None:
        """Delete all but the books of migrations and revisions."""
        statement = (
            "MATCH (n) WHERE NOT n:Migration AND NOT n:Revision WITH n LIMIT 5000 "
            "DETACH DELETE n RETURN count(*) AS deleted"
        )
        while self.run(statement)[0]["deleted"]:
            pass


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the data and the settings of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("GRAPHCRM_") and not name.startswith("GRAPHCRM_TEST_"):
                patch.delenv(name)
        patch.setenv("GRAPHCRM_HOME", str(tmp_path_factory.mktemp("nobody")))
        yield


@pytest.fixture(scope="session")
def graph_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the embedded engine that all tests share."""
    return tmp_path_factory.mktemp("graphcrm")


@pytest.fixture
def empty_home(tmp_path: Path) -> Iterator[Path]:
    """A data folder for a test that needs an engine of its own; what runs there is stopped afterwards."""
    home = tmp_path / "home"
    yield home
    embedded.stop(home)


@pytest.fixture(scope="session")
def _embedded_bare(graph_home: Path) -> Iterator[Bare]:
    settings = Settings(home=graph_home, embedded_heap="1g")
    lease = embedded.acquire(graph_home, settings.embedded_heap, settings.query_timeout_s)
    login = (embedded.USER, lease.server.password)
    with neo4j.GraphDatabase.driver(lease.server.uri, auth=login) as driver:
        yield Bare("embedded", settings, driver, embedded.DATABASE, lease.server.uri, login)
    lease.release()


@pytest.fixture(scope="session")
def _neo4j_bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server())
        except NoServerError as error:
            pytest.skip(str(error))
        settings = Settings(
            home=tmp_path_factory.mktemp("neo4j"),
            neo4j_uri=server.uri,
            neo4j_user=server.user,
            neo4j_password=server.password,
            neo4j_database=server.database,
        )
        login = (server.user, server.password)
        off = neo4j.NotificationMinimumSeverity.OFF
        driver = neo4j.GraphDatabase.driver(server.uri, auth=login, notifications_min_severity=off)
        yield Bare("neo4j", settings, stack.enter_context(driver), server.database, server.uri, login)


@pytest.fixture(scope="session")
def _embedded_connection(_embedded_bare: Bare) -> Iterator[graphcrm.Graph]:
    with graphcrm.connect(_embedded_bare.settings) as graph:
        yield graph


@pytest.fixture(scope="session")
def _neo4j_connection(_neo4j_bare: Bare) -> Iterator[graphcrm.Graph]:
    with graphcrm.connect(_neo4j_bare.settings) as graph:
        yield graph


@pytest.fixture
def embedded_graph(_embedded_bare: Bare, _embedded_connection: graphcrm.Graph) -> graphcrm.Graph:
    """An empty graph on the embedded engine."""
    return _emptied(_embedded_bare, _embedded_connection)


@pytest.fixture
def neo4j_graph(_neo4j_bare: Bare, _neo4j_connection: graphcrm.Graph) -> graphcrm.Graph:
    """An empty graph on Neo4j."""
    return _emptied(_neo4j_bare, _neo4j_connection)


def _emptied(bare: Bare, graph: graphcrm.Graph) -> graphcrm.Graph:
    bare.wipe()
    graph.touch()
    graph.tokens._read_at = float("-inf")  # those of the last test went by another way
    return graph


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The engine's name: a test that asks for this, `graph` or `bare` runs once on each."""
    return str(request.param)


@pytest.fixture
def graph(request: pytest.FixtureRequest, engine: str) -> graphcrm.Graph:
    """An empty graph, on each engine in turn."""
    return request.getfixturevalue(f"{engine}_graph")


@pytest.fixture
def bare(request: pytest.FixtureRequest, engine: str) -> Bare:
    """The engine below `graph`, by the driver alone."""
    return request.getfixturevalue(f"_{engine}_bare")


@pytest.fixture
def graphs(embedded_graph: graphcrm.Graph, neo4j_graph: graphcrm.Graph) -> dict[str, graphcrm.Graph]:
    """Both engines' graphs at once, each empty, by the engine's name."""
    return {"embedded": embedded_graph, "neo4j": neo4j_graph}


# ---- data, browser, service ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets beside the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("there is no folder ../shared/data with the public data sets")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, for one module: as long as it runs, no other event loop can in this thread."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        pytest.skip(f"there is no browser: none of {', '.join(CHROMIUM_NAMES)} is on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def live_server() -> Iterator[Callable[..., str]]:
    """A function that serves a graph on a free loopback port and returns the address, ``http://127.0.0.1:PORT``."""
    import uvicorn

    from api.app import create_app

    with ExitStack() as stack:

        def serve(graph: graphcrm.Graph, **options: Any) -> str:
            config = uvicorn.Config(create_app(graph, **options), host="127.0.0.1", port=0, log_level="warning")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            stack.callback(_stop, server, thread)
            deadline = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive(), "the service ended while it started"
                assert time.monotonic() < deadline, "the service did not start within 30 s"
                time.sleep(0.01)
            return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

        yield serve


def _stop(server: Any, thread: threading.Thread) -> None:
    server.should_exit = True
    thread.join(timeout=30)
    assert not thread.is_alive(), "the service did not stop within 30 s"
