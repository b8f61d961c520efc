"""The rules of the house that a machine can hold: tools, imports, names, where Cypher lives."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("graphcrm", "api", "viz")
BIN = Path(sys.executable).parent
LONGEST_FILE = 500

# Spelt in parts, so that this file keeps the rules that it holds.
REGISTRY = re.compile(
    r"://[a-z0-9.-]*(?:py" + "pi|python" + "hosted|npm" + "js|mav" + "en|deb" + r"ian|cra" + "tes)\\."
)
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:wo" + "rk|ro" + "ot|tmp/w|home/[a-z]+)/[a-z]")
CYPHER = re.compile(
    r"\b(?:MATCH|MERGE|CREATE)\s*\(|\bUNWIND\s+[$\[]|\b(?:DETACH|SHOW|TERMINATE|CREATE|DROP)\s+"
    r"(?:DELETE|TRANSACTIONS?|CONSTRAINTS?|INDEX(?:ES)?)\b"
)


@cache
def files() -> tuple[str, ...]:
    """Every file that is or would be committed, by its path from the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip("these files are no git working copy")
    return tuple(sorted(name for name in answer.stdout.split("\0") if name and (ROOT / name).is_file()))


@cache
def text(name: str) -> str:
    """The file's text, or nothing where it has none."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def modules() -> Iterator[tuple[str, str]]:
    """Every module of the packages: its dotted name and its file."""
    for name in files():
        if name.endswith(".py") and name.split("/")[0] in PACKAGES:
            yield name.removesuffix(".py").removesuffix("/__init__").replace("/", "."), name


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name in files()
        for number, line in enumerate(text(name).splitlines(), start=1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["lint-imports", "--no-logo"]],
    ids=lambda command: " ".join(command[:2]),
)
def test_tool_finds_nothing(command: list[str]) -> None:
    answer = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-1000:]


def test_no_file_names_a_package_registry() -> None:
    assert lines_matching(REGISTRY) == []


def test_no_file_names_a_path_of_some_machine() -> None:
    assert lines_matching(MACHINE_PATH) == []


def test_no_file_is_too_long() -> None:
    kinds = (".py", ".js", ".css", ".html", ".cypher")
    long = {name: len(text(name).splitlines()) for name in files() if name.endswith(kinds)}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def strings_beside_docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every string that the module uses: a bare string, as documentation is, is none."""
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node


def test_cypher_lives_in_its_folder() -> None:
    found = [
        f"{file}:{node.lineno}: {node.value[:80]}"
        for _, file in modules()
        for node in strings_beside_docstrings(ast.parse(text(file)))
        if CYPHER.search(node.value)
    ]
    assert found == []


def test_cypher_pattern_knows_cypher() -> None:
    assert CYPHER.search("MATCH (n) RETURN n")
    assert CYPHER.search("UNWIND $rows AS row")
    assert CYPHER.search("SHOW TRANSACTIONS")
    assert not CYPHER.search("If-Match does not MATCH; create (or drop) an INDEX")


def test_every_module_lists_its_public_names() -> None:
    unlisted = []
    for name, file in modules():
        if not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.parse(text(file)).body):
            continue  # a module of constants alone has nothing to hide
        module = importlib.import_module(name)
        listed = getattr(module, "__all__", None)
        if listed is None:
            unlisted.append(f"{name} has no __all__")
        else:
            unlisted += [f"{name} lists {public} and has none" for public in listed if not hasattr(module, public)]
    assert unlisted == []


def test_modules_take_only_listed_names_from_each_other() -> None:
    taken = []
    for _, file in modules():
        for node in ast.walk(ast.parse(text(file))):
            if not isinstance(node, ast.ImportFrom) or node.level or not node.module:
                continue
            if node.module.split(".")[0] not in PACKAGES:
                continue
            source = importlib.import_module(node.module)
            listed = getattr(source, "__all__", [name for name in vars(source) if not name.startswith("_")])
            for alias in node.names:
                is_module = f"{node.module}.{alias.name}" in dict(modules())
                if alias.name not in listed and not is_module:
                    taken.append(f"{file}:{node.lineno}: {node.module}.{alias.name}")
    assert taken == []


def test_imports_of_the_package_are_light() -> None:
    heavy = {"pandas", "numpy", "networkx", "scipy", "fastapi", "pyvis", "uvicorn", "jpype"}
    for module in ("graphcrm", "graphcrm.cli"):
        command = [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"]
        loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert heavy.isdisjoint(loaded), module
