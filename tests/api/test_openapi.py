"""The OpenAPI document: complete, valid, and kept by the service, as schemathesis sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

import graphcrm
from api.record_schemas import RESOURCES

API = "/api/v1"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
    "ignored_auth",
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    from api.app import create_app

    nobody: Any = None
    found: dict[str, Any] = create_app(nobody).openapi()
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_served(local: TestClient, document: dict[str, Any]) -> None:
    answer = local.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == document


def test_every_resource_has_its_operations(document: dict[str, Any]) -> None:
    found = operations(document)
    for resource in RESOURCES:
        where = f"{API}/{resource}"
        assert {name for name in found if name.endswith((f" {where}", f" {where}/{{id}}", f" {where}/bulk"))} == {
            f"GET {where}",
            f"POST {where}",
            f"POST {where}/bulk",
            *(f"{method} {where}/{{id}}" for method in ("GET", "PUT", "PATCH", "DELETE")),
        }


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(names) == len(set(names))


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (name, status)
        assert {"400", "401", "403", "422", "503", "504"} <= set(operation["responses"]), name
        if "requestBody" in operation:
            assert {"413", "415"} <= set(operation["responses"]), name
        if name.split()[0] in ("PUT", "PATCH", "DELETE") and operation["tags"][0] in RESOURCES:
            assert {"404", "409", "412", "428"} <= set(operation["responses"]), name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> set[str]:
        if isinstance(part, list):
            return set().union(*map(references, part))
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        return set()

    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"], reference


def test_its_schemas_are_valid(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.timeout(400)
def test_schemathesis_finds_nothing(graph: graphcrm.Graph, engine: str, live_server: Any, tmp_path: Path) -> None:
    """No 5xx and no undocumented answer, with a token; bounded in time, with the same seed each time."""
    token = graph.tokens.create("schemathesis", "admin")
    seed_records(graph)
    # To cover each operation systematically takes longest, and tests the border more than the engine: once will do.
    phases, seconds = ("coverage,fuzzing", 100) if engine == "embedded" else ("fuzzing", 30)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{live_server(graph)}/openapi.json"]
    command += ["--checks", ",".join(CHECKS), "--phases", phases, "--max-time", str(seconds), "--max-examples", "10"]
    command += ["--seed", "7", "--generation-database", "none", "--no-shrink", "--no-color", "--warnings", "off"]
    command += ["-H", f"Authorization: Bearer {token}", "--continue-on-failure", "--max-failures", "20"]
    # How many of its own draws the generator throws away says nothing of the service.
    command += ["--suppress-health-check", "filter_too_much"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=350, check=False)
    finally:
        graph.tokens.revoke("schemathesis")
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def seed_records(graph: graphcrm.Graph) -> None:
    """The ids that generators like best, so that requests get past the look-up."""
    graph.records.upsert("customers", [{"id": id_, "name": "N"} for id_ in ("0", "00", "a", "A", "1")])
    graph.records.upsert("ties", [{"type": "REFERRED", "source_id": "0", "target_id": "00"}])
