"""Imports over HTTP that no job could do: refused at once, with the field that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

import graphcrm

API = "/api/v1/imports"
Problem = Callable[..., dict[str, Any]]
MISTAKEN = b'[[tables]]\ntable = "clients"\nfile = "a.csv"\n'


@pytest.mark.parametrize(
    ("name", "fields", "mapping", "field", "says"),
    [
        ("customers.csv", {"preset": "salesfroce"}, None, "preset", "salesforce"),
        ("customers.csv", {"encoding": "utf-9"}, None, "encoding", "utf-9"),
        ("customers.csv", {"delimiter": ";;"}, None, "delimiter", "one character"),
        ("customers.csv", {"date_order": "dym"}, None, "date_order", "mdy"),
        ("customers.csv", {"source": "hand"}, None, "source", "by hand"),
        ("clients.csv", {}, None, "files", "clients.csv: is no canonical file"),
        ("a.csv", {}, MISTAKEN, "tables[1].table", "clients"),
        ("a.csv", {"preset": "auto"}, MISTAKEN, "preset", "choose one"),
    ],
)
def test_what_no_job_could_do_is_refused_at_once(
    local: TestClient,
    embedded_graph: graphcrm.Graph,
    problem: Problem,
    name: str,
    fields: dict[str, str],
    mapping: bytes | None,
    field: str,
    says: str,
) -> None:
    parts: list[Any] = [("files", (name, b"id,name\nC1,Ann\n"))]
    if mapping:
        parts.append(("mapping", ("m.toml", mapping)))
    told = problem(local.post(API, files=parts, data=fields), 422, field=field)
    assert says in told["detail"]
    assert embedded_graph.jobs.uploads.ids() == []
    assert embedded_graph.jobs.page().items == []
