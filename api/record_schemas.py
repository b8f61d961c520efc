"""JSON Schemas of the record tables for OpenAPI, and the check of JSON types that goes with them.

The tables' models also read CSV, where everything is text: there ``"60"`` is a number and ``"a|b"`` a list. In JSON a
number is a number, so before a model sees a body, each value's JSON type is held against the schema that OpenAPI
publishes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_NAME_LENGTH
from graphcrm.tables import TABLES, TIES

__all__ = ["RESOURCES", "check_types", "component_names", "components", "filter_parameters", "sort_names"]

RESOURCES: Final = (
    "customers",
    "contacts",
    "interactions",
    "campaigns",
    "orders",
    "products",
    "opportunities",
    "cases",
    "feedback",
    "consents",
    "tasks",
    "segments",
    "users",
    "ties",
)
"""The tables that the API serves, in the order of its documentation."""

Schema = dict[str, Any]


def component_names(resource: str) -> tuple[str, str, str]:
    """Names of a resource's schemas: a record as answered, as given, and as patched."""
    name = "Tie" if resource == "ties" else TABLES[resource].model.__name__
    return name, f"{name}Input", f"{name}Patch"


@cache
def components() -> dict[str, Schema]:
    """All schemas of the record tables, by component name."""
    found: dict[str, Schema] = {}
    for resource in RESOURCES:
        answer, given, patch = component_names(resource)
        found[answer] = _answer(resource)
        found[given] = _given(resource)
        found[patch] = _patch(resource)
        found[f"{answer}Page"] = {
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{answer}"}},
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "Give it back as `cursor`; null on the last page.",
                },
            },
        }
    return found


def _models(resource: str) -> dict[str, type[BaseModel]]:
    """The models of a resource: one by its name, for ties one by each type."""
    if resource == "ties":
        return {name: table.model for name, table in TIES.items()}
    return {resource: TABLES[resource].model}


def _given(resource: str) -> Schema:
    schemas = []
    for name, model in _models(resource).items():
        schema = _tidy(model.model_json_schema(mode="validation"))
        if resource == "ties":
            schema["properties"] = {"type": {"const": name, "type": "string"}} | schema["properties"]
            schema["required"] = ["type", *schema["required"]]
            schema["title"] = name
        schemas.append(schema)
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _patch(resource: str) -> Schema:
    properties: Schema = {}
    for model in _models(resource).values():
        for name, schema in _tidy(model.model_json_schema(mode="validation"))["properties"].items():
            properties.setdefault(name, _nullable(schema))
    description = "JSON Merge Patch (RFC 7396): a field that is given replaces, null removes."
    return {"type": "object", "description": description, "additionalProperties": False, "properties": properties}


def _answer(resource: str) -> Schema:
    properties: Schema = {"id": {"type": "string"}}
    required = {"id"}
    if resource == "ties":
        properties["type"] = {"type": "string", "enum": list(TIES)}
        required |= {"type", "source_id", "target_id"}
    for model in _models(resource).values():
        for name, schema in _tidy(model.model_json_schema(mode="serialization"))["properties"].items():
            # What the graph holds may be older than a bound, so an answer promises types alone.
            properties.setdefault(name, {"type": sorted(_types(schema) | {"null"})})
    properties["extra"] = {"type": "object", "description": "Fields beyond the vocabulary."}
    return {"type": "object", "required": sorted(required), "properties": properties}


def _tidy(schema: Schema) -> Schema:
    """A model's schema without the titles, which repeat each field's name, and without defaults of null."""
    tidy = copy.deepcopy(schema)
    for field in tidy["properties"].values():
        field.pop("title", None)
        if field.get("default", ...) is None:
            del field["default"]
    return tidy


def _nullable(schema: Schema) -> Schema:
    schema = {key: value for key, value in schema.items() if key != "default"}
    return schema if "null" in _types(schema) else {"anyOf": [schema, {"type": "null"}]}


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    if "anyOf" in schema:
        return frozenset[str]().union(*(_types(part) for part in schema["anyOf"]))
    kind = schema.get("type", "string")
    return frozenset([kind] if isinstance(kind, str) else kind)


@cache
def _types_of(resource: str) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """By field: JSON types it takes, and those of its entries where it is a list."""
    found: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for model in _models(resource).values():
        for name, schema in model.model_json_schema(mode="validation")["properties"].items():
            parts = schema.get("anyOf", [schema])
            entries = next((_types(part["items"]) for part in parts if part.get("type") == "array"), frozenset[str]())
            found.setdefault(name, (_types(schema) | {"null"}, entries))
    return found


def _is_a(value: object, types: frozenset[str]) -> bool:
    if value is None:
        return "null" in types
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, int):
        return bool(types & {"integer", "number"})
    if isinstance(value, float):
        return "number" in types or ("integer" in types and value.is_integer())
    if isinstance(value, str):
        return "string" in types
    return ("array" if isinstance(value, list) else "object") in types


def check_types(resource: str, values: object) -> dict[str, Any]:
    """Refuse a body that is no object, or in which a field holds another JSON type than its schema says.

    Parameters
    ----------
    resource : str
        One of `RESOURCES`.
    values : object
        Parsed JSON.

    Returns
    -------
    dict
        The same values.

    Raises
    ------
    InvalidInput
        Names the first field that is wrong.

    Examples
    --------
    >>> check_types("interactions", {"duration_s": 60})
    {'duration_s': 60}
    >>> check_types("interactions", {"duration_s": "60"})
    Traceback (most recent call last):
        ...
    graphcrm.errors.InvalidInput: duration_s: must be of type integer
    """
    if not isinstance(values, dict):
        raise InvalidInput("The body must be a JSON object.", field="body")
    known = _types_of(resource)
    for name, value in values.items():
        types, entries = known.get(name, (None, frozenset[str]()))
        if types is not None and not _is_a(value, types):
            kinds = " or ".join(sorted(types - {"null"}))
            raise InvalidInput(f"{name}: must be of type {kinds}", field=name)
        if isinstance(value, list) and types is not None:
            for position, entry in enumerate(value):
                if not _is_a(entry, entries):
                    raise InvalidInput(
                        f"{name}: entry {position} must be of type {' or '.join(sorted(entries))}", field=name
                    )
    return values


@cache
def filter_parameters(resource: str) -> list[Schema]:
    """OpenAPI's query parameters for the filters of a list.

    Parameters
    ----------
    resource : str
        One of `RESOURCES`.

    Returns
    -------
    list of dict
        Every field by its value (but for long texts); text also by a part of it (``__contains``); times, days and
        numbers also by their bounds (``__gte``, ``__lte``).
    """
    if resource == "ties":
        text = {"type": "string"}
        types = {"type": "string", "enum": list(TIES)}
        return [_parameter("type", types), _parameter("source_id", text), _parameter("target_id", text)]
    fields = TABLES[resource].model.model_json_schema(mode="validation")["properties"]
    references = {reference.field for reference in TABLES[resource].references}
    found: list[Schema] = []
    for name in TABLES[resource].columns:
        parts = [part for part in fields[name].get("anyOf", [fields[name]]) if part.get("type") != "null"]
        value = parts[0].get("items", parts[0])
        if value.get("maxLength", 0) <= MAX_NAME_LENGTH:
            found.append(_parameter(name, value))
        if name in references or parts[0].get("type") in ("array", "boolean") or "enum" in value:
            continue
        if len(parts) > 1 or "format" in value or value["type"] in ("integer", "number"):
            found += [_parameter(f"{name}__gte", value), _parameter(f"{name}__lte", value)]
        else:
            found.append(
                _parameter(f"{name}__contains", {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH})
            )
    return found


@cache
def sort_names(resource: str) -> list[str]:
    """What a list can be sorted by, each ascending and, behind ``-``, descending.

    Lists and long texts are left out: the value of the last row travels in the cursor.
    """
    if resource == "ties":
        return ["id"]
    fields = TABLES[resource].model.model_json_schema(mode="validation")["properties"]
    names = ["id"]
    for name in TABLES[resource].properties:
        parts = fields[name].get("anyOf", [fields[name]])
        if all(part.get("type") != "array" and part.get("maxLength", 0) <= MAX_NAME_LENGTH for part in parts):
            names.append(name)
    return [*names, *(f"-{name}" for name in names)]


def _parameter(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema}
