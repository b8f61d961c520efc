"""The README's examples, run on the sample company: what it shows is what comes out."""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import graphcrm
from graphcrm import embedded
from graphcrm.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = Path(sys.executable).parent / "graphcrm"


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def examples(program: str) -> list[tuple[str, str]]:
    """Each command of a program that the README shows, and what it shows to come out."""
    text = "".join(blocks("console"))
    found = (part.partition("\n") for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:])
    return [(command, shown) for command, _, shown in found if command.split()[0] == program]


def lines(text: str) -> list[list[str]]:
    """Words by line: how columns are padded does not matter."""
    return [line.split() for line in text.splitlines() if line.strip()]


def matches(shown: list[list[str]], actual: list[list[str]]) -> bool:
    """Whether lines are those shown, where a line of `…` stands for any."""
    if not shown:
        return not actual
    if shown[0] == ["…"]:
        return any(matches(shown[1:], actual[start:]) for start in range(len(actual) + 1))
    return bool(actual) and actual[0] == shown[0] and matches(shown[1:], actual[1:])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run."""
    return tmp_path_factory.mktemp("readme")


@pytest.fixture(scope="module")
def company(folder: Path) -> Iterator[graphcrm.Graph]:
    """The graph that the commands of the README work on; kept open, so that its engine starts once."""
    home = folder / "home"
    with graphcrm.connect(Settings(home=home, embedded_heap="1g")) as graph:
        yield graph
    embedded.stop(home)


@pytest.fixture(scope="module")
def said(company: graphcrm.Graph, folder: Path) -> dict[str, str]:
    """What each command of the README prints, run one after the other."""
    environ = os.environ | {"GRAPHCRM_HOME": str(folder / "home"), "PYTHONIOENCODING": "utf-8"}

    def run(command: str) -> str:
        words = [str(COMMAND), *shlex.split(command)[1:]]
        result = subprocess.run(
            words, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        return result.stdout.decode()

    return {command: run(command) for command, _ in examples("graphcrm")}


def test_the_readme_shows_each_way_in() -> None:
    shown = " ".join(command for command, _ in examples("graphcrm"))
    for command in ("sample", "import", "influencers", "paths", "referrals", "map"):
        assert f"graphcrm {command}" in shown
    assert examples("curl")
    assert blocks("python")


@pytest.mark.parametrize(("command", "shown"), examples("graphcrm"), ids=lambda text: text.partition("\n")[0][:60])
def test_command(command: str, shown: str, said: dict[str, str]) -> None:
    assert matches(lines(shown), lines(said[command])), said[command]


def test_python(said: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCRM_HOME", str(folder / "home"))
    session = doctest.DocTestParser().get_doctest("".join(blocks("python")), {}, "README.md", "README.md", 0)
    assert len(session.examples) > 5
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    failed, _ = runner.run(session, out=report.append)
    assert not failed, "".join(report)


@pytest.mark.parametrize(("command", "shown"), examples("curl"), ids=lambda text: text.partition("\n")[0][:80])
def test_http(command: str, shown: str, said: dict[str, str], company: graphcrm.Graph) -> None:
    from fastapi.testclient import TestClient

    from api.app import create_app

    with TestClient(create_app(company), base_url="http://127.0.0.1:8000") as client:
        answer = client.get(shlex.split(command)[-1])
    assert answer.status_code == 200
    assert without_revision(answer.json()) == without_revision(json.loads(shown))


def without_revision(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without the number that counts how often the graph was written to."""
    return {name: value for name, value in answer.items() if name != "revision"}
