"""What is in already is found in the database: nothing that differs is ever taken for unchanged, on either engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from graphcrm import Graph

_CUSTOMER = {"LABEL": "Customer"}
_KNOWS = {"TYPE": "KNOWS", "SOURCE": "Customer", "TARGET": "Customer"}
_AT = datetime(2024, 1, 1, tzinfo=UTC)

VALUES: list[Any] = [
    *(1, 1.0, "1", "1.0", "01", True, "true", 0, False, "", " ", 1.5, "1.5", -0.0),
    *(2**53, 2**53 + 1, float(2**53), 10**15, 1e15, 1704067200000),
    *("a", "A", " a", "é", "e\u0301", "a\x00", "😀", "2024-01-01", "2024-01-01T00:00:00Z"),
    *([], [1], [1.0], ["1"], ["a"], ["a", "b"], ["b", "a"], ["a", "a"]),
    *(date(2024, 1, 1), date(2024, 1, 2), _AT, _AT + timedelta(microseconds=1)),
    datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    None,
]
"""Of which some are alike, as text or as numbers."""


def _properties(number: int, value: Any) -> dict[str, Any]:
    return {"id": f"V{number}", "name": "V"} | ({} if value is None else {"value": value})


def _is_sound(found: set[str], stored: dict[str, Any], asked: Any) -> None:
    """All that was found is equal, and what is the same value of the same type was found."""
    equal = {id_ for id_, value in stored.items() if value == asked}
    same = {id_ for id_ in equal if type(stored[id_]) is type(asked) and asked is not None}
    assert found <= equal, (asked, [stored[id_] for id_ in found - equal])
    if getattr(asked, "tzinfo", UTC) is UTC:
        assert {id_ for id_ in same if getattr(stored[id_], "tzinfo", UTC) is UTC} <= found, asked


def test_no_node_that_differs_is_taken_for_unchanged(graph: Graph) -> None:
    rows = [_properties(number, value) for number, value in enumerate(VALUES)]
    said = {"words": _CUSTOMER, "sources": ["shop"], "seen_at": _AT}
    graph.store.write(lambda tx: tx.run("nodes/create", rows=rows, **said))
    stored = {row["id"]: value for row, value in zip(rows, VALUES, strict=True)}
    for value in VALUES:
        asked = [{"id": id_, "name": "V", "value": value} for id_ in stored]
        found = graph.store.read("nodes/find_unchanged", words=_CUSTOMER, rows=asked, source="shop")[0]["ids"]
        _is_sound(set(found), stored, value)


def test_no_tie_that_differs_is_taken_for_unchanged(graph: Graph) -> None:
    ends = [{"id": "A"}, {"id": "B"}]
    said = {"sources": ["shop"], "seen_at": _AT}
    rows = [
        {"source_id": "A", "target_id": "B", "properties": _properties(number, value)}
        for number, value in enumerate(VALUES)
    ]
    graph.store.write(lambda tx: tx.run("nodes/create", words=_CUSTOMER, rows=ends, **said))
    graph.store.write(lambda tx: tx.run("ties/create", words=_KNOWS, rows=rows, **said))
    stored = {f"V{number}": value for number, value in enumerate(VALUES)}
    for value in VALUES:
        asked = [
            {"id": id_, "source_id": "A", "target_id": "B", "properties": {"id": id_, "value": value}} for id_ in stored
        ]
        found = graph.store.read("ties/find_unchanged", words=_KNOWS, rows=asked, source="shop")[0]["ids"]
        _is_sound(set(found), stored, value)


def test_what_others_said_too_or_came_otherwise_is_read(graph: Graph) -> None:
    rows = [
        {"id": "alone", "name": "A", "_sources": ["shop"]},
        {"id": "both", "name": "A", "_sources": ["crm", "shop"]},
        {"id": "other", "name": "A", "_sources": ["crm"]},
        {"id": "apart", "name": "A", "_sources": ["shop"], "_records": 1},
        {"id": "cleaned", "name": "A", "_sources": ["shop"], "_raw": '{"name": " A"}'},
        {"id": "nobody's", "name": "A"},
    ]
    graph.store.write(lambda tx: tx.run("nodes/create_again", words=_CUSTOMER, rows=rows))
    asked = [{"id": row["id"], "name": "A"} for row in rows] + [{"id": "absent", "name": "A"}]
    found = graph.store.read("nodes/find_unchanged", words=_CUSTOMER, rows=asked, source="shop")[0]["ids"]
    assert found == ["alone"]
