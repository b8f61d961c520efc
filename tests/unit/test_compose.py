"""The compose file and the image against the Compose schema and against what code and documents use."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from neo4j_server import VERSION

from graphcrm.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What the compose file itself reads from the environment of whoever calls it, beside the settings.
HOST_PORTS = {"GRAPHCRM_PORT": "8000", "NEO4J_PORT": "7687"}
CHECK = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def instructions(keyword: str) -> list[str]:
    """The arguments of every use of a Dockerfile instruction, continuation lines joined."""
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(f"{keyword} ")]


def variable_names() -> set[str]:
    return {f"GRAPHCRM_{name}".upper() for name in Settings.model_fields}


def options_of(command: str) -> set[str]:
    from graphcrm.cli import cli

    return {option for parameter in cli.commands[command].params for option in parameter.opts}


def test_file_satisfies_the_compose_schema() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_schema_check_notices_a_wrong_file(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text("services: {app: {image: graphcrm, healthcheck: {intervall: 10s}}}", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(wrong),
    ]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_images_are_exact_and_the_tested_ones(compose: dict[str, Any]) -> None:
    assert compose["services"]["neo4j"]["image"] == f"neo4j:{VERSION}-community"
    assert compose["services"]["app"]["image"] == f"graphcrm:{PROJECT['version']}"
    assert compose["services"]["app"]["build"] == "."


def test_variables_are_settings(compose: dict[str, Any]) -> None:
    given = compose["services"]["app"]["environment"] | {"GRAPHCRM_NEO4J_PASSWORD": "long enough"}
    assert set(given) <= variable_names()
    settings = Settings(**{name.removeprefix("GRAPHCRM_").lower(): value for name, value in given.items()})
    assert settings.neo4j_uri == "neo4j://neo4j:7687"
    assert settings.bootstrap_token


def test_a_password_must_be_set_and_is_the_same_for_both(compose: dict[str, Any]) -> None:
    wanted = r"\$\{GRAPHCRM_NEO4J_PASSWORD:\?[^}]+\}"
    environment = {name: service["environment"] for name, service in compose["services"].items()}
    assert re.fullmatch(wanted, environment["app"]["GRAPHCRM_NEO4J_PASSWORD"])
    assert re.fullmatch(f"neo4j/{wanted}", environment["neo4j"]["NEO4J_AUTH"])
    assert environment["app"]["GRAPHCRM_NEO4J_USER"] == "neo4j"


def test_interpolated_variables_are_known() -> None:
    text = "\n".join(line for line in COMPOSE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == {"GRAPHCRM_NEO4J_PASSWORD", *HOST_PORTS}


def test_ports_are_open_to_this_computer_alone(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service["ports"]]
    assert published == [f"127.0.0.1:${{{name}:-{port}}}:{port}" for name, port in HOST_PORTS.items()]


def test_service_command_is_one_of_the_cli(compose: dict[str, Any]) -> None:
    command = compose["services"]["app"]["command"]
    assert json.loads(instructions("CMD")[-1]) == command
    assert command[0] in PROJECT["scripts"]
    assert {part for part in command if part.startswith("--")} <= options_of(command[1])
    assert command[command.index("--host") + 1] == "0.0.0.0"
    assert instructions("EXPOSE") == [command[command.index("--port") + 1]]


def test_app_waits_for_a_healthy_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["app"]["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    assert "cypher-shell" in services["neo4j"]["healthcheck"]["test"][1]
    probe = services["app"]["healthcheck"]["test"]
    assert probe[:3] == ["CMD", "python", "-c"]
    compile(probe[3], "healthcheck", "exec")


def test_health_check_asks_a_route_that_exists(compose: dict[str, Any]) -> None:
    from api.routes import operations

    probe = compose["services"]["app"]["healthcheck"]["test"][3]
    (path,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", probe)
    assert path in {route.path for route in operations.router.routes}


def test_data_is_kept_in_named_volumes(compose: dict[str, Any]) -> None:
    mounts = dict(mount.split(":") for service in compose["services"].values() for mount in service["volumes"])
    assert set(mounts) == set(compose["volumes"])
    home = compose["services"]["app"]["environment"]["GRAPHCRM_HOME"]
    assert home in mounts.values()
    assert [home] == instructions("VOLUME")
    assert f"cat {home}/admin-token" in COMPOSE.read_text(encoding="utf-8")


def test_image_is_built_from_files_that_exist_and_runs_without_root() -> None:
    allowed = set(re.findall(r"(?m)^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8")))
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    assert instructions("USER") == ["graphcrm"]
    minor = re.fullmatch(r"python:(3\.\d+)-slim", instructions("FROM")[0])
    assert minor
    assert f"Programming Language :: Python :: {minor[1]}" in PROJECT["classifiers"]


def test_readme_shows_the_commands_that_work() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "docker compose up" in readme
    assert "GRAPHCRM_NEO4J_PASSWORD" in readme
    used = set(re.findall(r"\bGRAPHCRM_[A-Z0-9_]+\b", readme))
    tests_only = {name for name in used if name.startswith("GRAPHCRM_TEST_")}
    assert used - tests_only <= variable_names() | {"GRAPHCRM_PORT"}
