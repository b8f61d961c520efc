"""The wheel and the source archive: what they carry, and that the wheel works outside the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
VERSION = PROJECT["version"]


def run(*command: str | Path, cwd: Path) -> str:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(list(map(str, command)), cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
    return answer.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment with the wheel; what it depends on is borrowed from this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    # A folder named in a .pth file is searched, its own .pth files are not: no editable install leaks in.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    run(
        *(sys.executable, "-m", "pip", "--python", home, "install", "--no-deps", "--no-index", "--quiet"),
        *("--disable-pip-version-check", "--ignore-installed", wheel),
        cwd=home,
    )
    return home / "bin"


def tracked(*folders: str) -> Iterator[str]:
    """Files of these folders that belong to the package."""
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


def test_wheel_carries_every_file_of_the_packages_and_all_cypher(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(tracked("graphcrm", "api", "viz")) <= names
    assert {f"graphcrm/{name}" for name in tracked("cypher")} <= names
    assert {"graphcrm/py.typed", "api/py.typed", "viz/py.typed"} <= names
    assert any(name.startswith("viz/templates/") for name in names)
    assert any(name.startswith("viz/static/") for name in names)
    assert {name.split("/")[0] for name in names} == {
        "graphcrm",
        "api",
        "viz",
        f"graphcrm-{VERSION}.dist-info",
    }


def test_wheel_states_licence_and_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(f"graphcrm-{VERSION}.dist-info/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Apache License" in archive.read(f"graphcrm-{VERSION}.dist-info/licenses/LICENSE").decode()
    assert "graphcrm = graphcrm.cli:main" in archive.read(f"graphcrm-{VERSION}.dist-info/entry_points.txt").decode()


def test_source_archive_carries_what_is_needed_to_build_test_and_run(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.removeprefix(f"graphcrm-{VERSION}/") for name in archive.getnames()}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "constraints.txt"}
    assert wanted | {"docker-compose.yml", "Dockerfile", ".dockerignore"} <= names
    assert set(tracked("graphcrm", "api", "viz", "cypher", "tests", "examples", "docs")) <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", ".cache", "dist"))]


def test_installed_command_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert VERSION in run(installed / "graphcrm", "--version", cwd=tmp_path)
    assert "influencers" in run(installed / "graphcrm", "--help", cwd=tmp_path)


def test_installed_package_is_the_wheel_and_reads_its_queries(installed: Path, tmp_path: Path) -> None:
    program = (
        "import graphcrm, api, viz, pathlib; from graphcrm import queries; "
        "print(*(pathlib.Path(m.__file__).resolve().parent for m in (graphcrm, api, viz)), sep='\\n'); "
        "print(sum(bool(queries.get(name)) for name in queries.names() if not queries.words(name)))"
    )
    *folders, count = run(installed / "python", "-c", program, cwd=tmp_path).split()
    assert all(Path(folder).is_relative_to(installed.parent.resolve()) for folder in folders)
    assert int(count) > 0


def test_constraints_pin_every_dependency_without_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)

    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()

    pinned = {plain(line) for line in lines}
    assert len(pinned) == len(lines)
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    assert {plain(line) for line in wanted} <= pinned


def test_changelog_speaks_of_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog
    assert VERSION in changelog
