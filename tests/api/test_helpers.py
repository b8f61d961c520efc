"""The small parts of the HTTP interface by themselves: examples, conditions, hosts, schemas."""

from __future__ import annotations

import doctest
import importlib
from typing import Annotated

import pytest
from fastapi import Query

from api.answers import json_response
from api.conditions import entity_tags, matches_any, tags_to_match
from api.deps import parameters_of
from api.errors import PreconditionRequired
from api.middleware import host_name
from api.record_schemas import RESOURCES, components, filter_parameters, sort_names
from graphcrm.errors import InvalidInput
from graphcrm.service.records import RESOURCES as SERVED

MODULES = (
    "answers",
    "conditions",
    "deps",
    "errors",
    "idempotency",
    "ids",
    "middleware",
    "record_schemas",
    "schemas",
    "routes.records",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"api.{name}")).failed == 0


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ('"a"', [(False, "a")]),
        (' "a" , W/"b" ,"" ', [(False, "a"), (True, "b"), (False, "")]),
        ('"a,b"', [(False, "a,b")]),
        ("*", None),
        ("", []),
    ],
)
def test_entity_tags(header: str, tags: list[tuple[bool, str]] | None) -> None:
    assert entity_tags(header) == tags


@pytest.mark.parametrize("header", ["a", '"a', '"a" "b"', 'w/"a"', '"a",b', '*, "a"'])
def test_what_is_no_entity_tag(header: str) -> None:
    with pytest.raises(InvalidInput):
        entity_tags(header)
    assert matches_any(header, "a") is False


def test_changes_compare_strongly_and_reads_weakly() -> None:
    assert tags_to_match('W/"a", "b"') == ["b"]
    assert matches_any('W/"a", "b"', "a")
    assert matches_any("*", "anything")
    assert not matches_any(None, "a")
    with pytest.raises(PreconditionRequired):
        tags_to_match(None)


@pytest.mark.parametrize(
    ("netloc", "name"),
    [("a:1", "a"), ("[::1]", "::1"), ("[::1", ""), ("", ""), ("A.b", "a.b"), ("a:b:c", "a"), ("::1", "")],
)
def test_host_names(netloc: str, name: str) -> None:
    assert host_name(netloc) == name


def test_numbers_that_json_lacks_are_null() -> None:
    assert (
        json_response({"a": float("nan"), "b": float("inf"), "c": "é"}).body == '{"a":null,"b":null,"c":"é"}'.encode()
    )


def test_parameters_are_read_from_the_signature() -> None:
    def endpoint(
        one: Annotated[int, Query()], many: Annotated[list[str] | None, Query()] = None, other: int = 0
    ) -> None: ...

    assert parameters_of(endpoint) == ({"one"}, {"many"})


def test_the_resources_are_those_of_the_service() -> None:
    assert set(RESOURCES) == set(SERVED)


def test_filters_and_sorts_by_type() -> None:
    names = {parameter["name"] for parameter in filter_parameters("orders")}
    assert names >= {"customer_id", "amount", "amount__gte", "at__lte", "status__contains"}
    assert not names & {"customer_id__contains", "status__gte", "extra"}
    assert "notes" not in {parameter["name"] for parameter in filter_parameters("customers")}
    assert not {"tags", "notes", "extra"} & set(sort_names("customers"))


def test_every_field_of_a_table_is_in_its_schemas() -> None:
    found = components()
    assert set(found["CustomerInput"]["properties"]) == set(found["CustomerPatch"]["properties"])
    assert set(found["CustomerInput"]["properties"]) <= set(found["Customer"]["properties"])
    assert {schema["properties"]["type"]["const"] for schema in found["TieInput"]["oneOf"]} == set(
        found["Tie"]["properties"]["type"]["enum"]
    )
