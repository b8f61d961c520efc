"""Pages give every record once and in order, whatever characters its id and its name have."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from graphcrm import Graph

TEXTS = ["Z", "a", "a\ufffdb", "a\U0001f600", "a\U0001f600b", "a\ue000", "a\uff08x", "a\ud7ff", "b", "\U00020bb7野家"]
TEXTS += ["\uff08x", "\ufffd", "\U0010ffff", "\U0001f600", "zz", "王", "\ud7ff\U0001f600", "\ud7ff\uff08"]
BY_CODE_POINT = sorted(TEXTS, key=str.encode)


@pytest.fixture
def people(graph: Graph) -> Graph:
    """A customer for each pair of two texts, and a few without the second."""
    names = [*TEXTS, None]
    rows = [
        {"id": f"{id_}{number}", "name": id_, "city": name}
        for id_ in TEXTS
        for number, name in enumerate(itertools.islice(itertools.cycle(names), len(id_), len(id_) + 4))
    ]
    assert not graph.records.upsert("customers", rows).rejected
    return graph


def walk(graph: Graph, table: str, limit: int, **asked: Any) -> list[dict[str, Any]]:
    """All records, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while cursor is not None or not found:
        page = graph.records.page(table, limit=limit, cursor=cursor, **asked)
        found += page.items
        cursor = page.next_cursor
        assert len(found) < 1000, "it goes round in circles"
        if cursor is None:
            break
    return found


@pytest.mark.parametrize("limit", [1, 3, 20])
@pytest.mark.parametrize("sort", [None, "-id", "name", "-name", "city", "-city"])
def test_every_record_once_and_in_order(people: Graph, sort: str | None, limit: int) -> None:
    field = (sort or "id").removeprefix("-")
    found = walk(people, "customers", limit, sort=sort)
    ids = [record["id"] for record in found]
    assert len(set(ids)) == len(ids) == 4 * len(TEXTS)
    blocks = [list(group) for _, group in itertools.groupby(found, key=lambda record: record[field])]
    values = [block[0][field] for block in blocks]
    said = [value for value in values if value is not None]
    assert values == said + [None] * (len(values) - len(said))
    assert said == sorted(set(said), key=str.encode, reverse=bool(sort and sort.startswith("-")))
    for block in blocks:
        assert [each["id"] for each in block] == sorted((each["id"] for each in block), key=str.encode)


def test_pages_of_those_who_name_one(people: Graph) -> None:
    people.records.upsert("customers", [{"id": f"{text}0", "name": text, "owner_id": "U\uff08"} for text in TEXTS])
    found = walk(people, "customers", 2, filters={"owner_id": "U\uff08"})
    assert [record["id"] for record in found] == sorted((f"{text}0" for text in TEXTS), key=str.encode)


@pytest.mark.parametrize("filters", [{}, {"type": "KNOWS", "source_id": "\U0001f6000"}])
def test_pages_of_ties(people: Graph, filters: dict[str, str]) -> None:
    pairs = [("\U0001f6000", f"{text}1") for text in TEXTS] + [(f"{text}1", "\uff08x0") for text in TEXTS]
    rows = [{"type": "KNOWS", "source_id": source, "target_id": target} for source, target in pairs]
    assert people.records.upsert("ties", rows).created == len(rows)
    wanted = {f"KNOWS:{source}:{target}:other" for source, target in pairs if not filters or source == "\U0001f6000"}
    assert [tie["id"] for tie in walk(people, "ties", 2, filters=filters)] == sorted(wanted, key=str.encode)
