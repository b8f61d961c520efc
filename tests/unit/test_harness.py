"""The rule that lets nothing be skipped, and the search for a Neo4j."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from neo4j_server import NoServerError, running_server

TESTS = Path(__file__).resolve().parents[1]

SKIPPING = """
import pytest

@pytest.mark.skip(reason="marked")
def test_marked(): ...

def test_inside():
    pytest.skip("from inside")

@pytest.fixture
def missing():
    pytest.skip("from a fixture")

def test_with_fixture(missing): ...

@pytest.mark.xfail(reason="known failure")
def test_known_failure():
    raise ValueError

def test_good(): ...
"""


def run_pytest(folder: Path, no_skips: str) -> str:
    environ = os.environ | {"GRAPHCRM_TEST_NO_SKIPS": no_skips, "PYTHONPATH": str(TESTS)}
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-ra", "--continue-on-collection-errors"]
    answer = subprocess.run(
        [*command, str(folder)], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return answer.stdout


def test_skips_fail_with_their_reason_where_none_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING, encoding="utf-8")
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n", encoding="utf-8")
    assert "1 passed, 4 skipped, 1 xfailed" in run_pytest(tmp_path, "0")
    strict = run_pytest(tmp_path, "1")
    assert "2 failed, 1 passed, 3 errors" in strict
    for reason in ("marked", "from inside", "from a fixture", "known failure", "no_such_module"):
        assert reason in strict


def test_named_server_comes_first() -> None:
    named = {"GRAPHCRM_TEST_NEO4J_URI": "bolt://127.0.0.1:1", "GRAPHCRM_TEST_NEO4J_PASSWORD": "secret"}
    with running_server(named) as server:
        assert (server.uri, server.user, server.database) == ("bolt://127.0.0.1:1", "neo4j", "neo4j")
        assert "secret" not in repr(server)


def test_absence_gives_every_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoServerError, match=r"GRAPHCRM_TEST_NEO4J_URI.*docker.*java"), running_server({}):
        pass
