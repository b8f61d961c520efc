"""The walk-through of docs/import.md, from an export to a clean list: each command shows what the page shows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import graphcrm
from graphcrm.cli import cli

if TYPE_CHECKING:
    from conftest import Bare

PAGE = Path(__file__).resolve().parents[2] / "docs" / "import.md"
TITLE = "## From an export to a clean list"
CUT = "…"
"""Stands for what the page leaves out: lines, or a part of one."""


def steps() -> list[tuple[str, str]]:
    """Each command of the section, with the lines that are typed into it, and what it shows."""
    section = PAGE.read_text(encoding="utf-8").partition(TITLE)[2].partition("\n## ")[0]
    text = "".join(re.findall(r"^```console\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
    found = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines()
        typed = [line.removeprefix("> ") for line in rest if line.startswith("> ")]
        found.append(("\n".join([first, *typed]), "\n".join(line for line in rest if not line.startswith("> "))))
    return found


def words(text: str) -> str:
    """Lines without the blanks that pad columns."""
    return "".join(" ".join(line.split()) + "\n" for line in text.splitlines() if line.strip())


def matches(shown: str, said: str) -> bool:
    lines = words(shown).splitlines()
    whole = "".join("(?:.*\n)*" if line == CUT else re.escape(line).replace(CUT, ".*") + "\n" for line in lines)
    return re.fullmatch(whole, words(said)) is not None


def environment(bare: Bare) -> dict[str, str]:
    settings = bare.settings
    found = {"GRAPHCRM_HOME": str(settings.home), "GRAPHCRM_EMBEDDED_HEAP": settings.embedded_heap}
    if settings.neo4j_uri:
        found["GRAPHCRM_NEO4J_URI"] = str(settings.neo4j_uri)
        found["GRAPHCRM_NEO4J_USER"] = settings.neo4j_user
        found["GRAPHCRM_NEO4J_PASSWORD"] = settings.neo4j_password.get_secret_value()
        found["GRAPHCRM_NEO4J_DATABASE"] = str(settings.neo4j_database)
    return found


def test_what_is_left_out_may_be_anything_and_nothing_else() -> None:
    assert matches("a  b\n…\nc…e", "a b\nx\ny\nc  d e")
    assert matches("a\n…", "a")
    assert not matches("a\n…\nc", "a\nb")
    assert not matches("a.c", "abc")


def test_each_step_shows_what_the_page_shows(
    graph: graphcrm.Graph, bare: Bare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment(bare).items():
        monkeypatch.setenv(name, value)
    done, otherwise = [], []
    for command, shown in steps():
        program, _, rest = command.partition(" ")
        if program == "graphcrm":
            said = CliRunner().invoke(cli, rest.split()).output
            done.append(rest.split()[0])
        else:
            shell = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
            said = shell.stdout
        if not matches(shown, said):
            otherwise.append(f"{command}\n{said}")
    assert "\n".join(otherwise) == ""
    assert {"source", "import", "duplicates", "export"} <= {*done}
    assert graph.merging.root("003B") == "003A"
