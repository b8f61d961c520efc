"""The examples of the README and of the HTTP interface's page, run on the sample company: what they show comes out."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.app import create_app
from graphcrm import embedded
from graphcrm.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).parent / "graphcrm"
CUT = "…"
"""Stands for what an example leaves out: lines of a table, or a part of JSON."""
Example = tuple[str, str]


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def examples(page: str, program: str) -> list[Example]:
    """Each command of a program that a page shows, and what it shows to come out."""
    text = "".join(blocks(page, "console")).replace("\\\n", " ")
    found = (part.partition("\n") for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:])
    return [(command, shown) for command, _, shown in found if command.split()[0] == program]


def lines(text: str) -> list[list[str]]:
    """Words by line: how columns are padded does not matter."""
    return [line.split() for line in text.splitlines() if line.strip()]


def same_lines(shown: list[list[str]], actual: list[list[str]]) -> bool:
    if not shown:
        return not actual
    if shown[0] == [CUT]:
        return any(same_lines(shown[1:], actual[start:]) for start in range(len(actual) + 1))
    return bool(actual) and actual[0] == shown[0] and same_lines(shown[1:], actual[1:])


def same_json(shown: str, actual: str) -> bool:
    """Whether JSON is what is shown, but for white space and the number that counts writes."""
    shown, actual = (re.sub(r'\s|"revision":\d+', "", text.replace(f", {CUT}", CUT)) for text in (shown, actual))
    return re.fullmatch(".*".join(map(re.escape, shown.split(CUT))), actual) is not None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run."""
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def empty(folder: Path) -> Iterator[graphcrm.Graph]:
    """The graph that the commands work on; kept open, so that its engine starts once."""
    home = folder / "home"
    with graphcrm.connect(Settings(home=home, embedded_heap="1g")) as graph:
        yield graph
    embedded.stop(home)


@pytest.fixture(scope="module")
def said(empty: graphcrm.Graph, folder: Path) -> dict[str, str]:
    """What each command of the README prints, run one after the other; the company is loaded by one of them."""
    environ = os.environ | {"GRAPHCRM_HOME": str(folder / "home"), "PYTHONIOENCODING": "utf-8"}

    def run(command: str) -> str:
        words = [str(COMMAND), *shlex.split(command)[1:]]
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(words, cwd=folder, env=environ, check=False, **both).stdout.decode()

    return {command: run(command) for command, _ in examples("README.md", "graphcrm")}


@pytest.fixture(scope="module")
def client(empty: graphcrm.Graph, said: dict[str, str]) -> Iterator[TestClient]:
    """The service on the company, at the address that the examples use."""
    with TestClient(create_app(empty), base_url="http://127.0.0.1:8000") as client:
        yield client


def ask(client: TestClient, command: str) -> str:
    """Send what a curl command would send; the answer's text."""
    words = shlex.split(command)[1:]
    method, headers, body, url = "GET", {}, None, ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = words.pop(0).encode()
        else:
            url = word
    answer = client.request(method, url, headers=headers, content=body)
    assert answer.status_code < 500
    return answer.text


def test_the_readme_shows_each_way_in() -> None:
    shown = " ".join(command for command, _ in examples("README.md", "graphcrm"))
    for command in ("sample", "import", "influencers", "paths", "referrals", "map"):
        assert f"graphcrm {command}" in shown
    assert examples("README.md", "curl")
    assert blocks("README.md", "python")


@pytest.mark.parametrize(
    ("command", "shown"), examples("README.md", "graphcrm"), ids=lambda text: text.partition("\n")[0][:60]
)
def test_command(command: str, shown: str, said: dict[str, str]) -> None:
    assert same_lines(lines(shown), lines(said[command])), said[command]


def test_python(said: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCRM_HOME", str(folder / "home"))
    text = "".join(blocks("README.md", "python"))
    session = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    assert len(session.examples) > 5
    report: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(session, out=report.append)
    assert not failed, "".join(report)


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_http(page: str, client: TestClient) -> None:
    """In one test, since the examples of a page build on each other."""
    asked = examples(page, "curl")
    assert len(asked) >= 3
    for command, shown in asked:
        answer = ask(client, command)
        assert same_json(shown, answer) if shown.strip() else '"status":4' not in answer, f"{command}\n{answer}"
