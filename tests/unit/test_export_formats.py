"""Cells that can be read back, and rows that come back sorted whatever their number."""

from __future__ import annotations

import csv
import doctest
import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphcrm.service import export_formats, spool
from graphcrm.service.export_formats import FORMATS
from graphcrm.service.spool import Spool
from graphcrm.tables import TABLES

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.mark.parametrize("module", [export_formats, spool])
def test_doctests(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries({"id": TEXT, "name": TEXT, "notes": TEXT}), min_size=1, max_size=5))
def test_every_text_is_one_cell(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    writer = FORMATS["csv"](path, dict.fromkeys(("id", "name", "notes"), str))
    for row in rows:
        writer.write(row)
    writer.close()
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file, strict=True)) == rows


@settings(max_examples=200, deadline=None)
@given(tags=st.lists(TEXT.map(str.strip).filter(bool), max_size=4, unique=True))
def test_every_list_is_read_back(tags: list[str]) -> None:
    text = export_formats.cell_text(tags)
    row = TABLES["customers"].row({"id": "A", "name": "x", "tags": text})
    stripped = TABLES["customers"].row({"id": "A", "name": "x", "tags": tags or None})
    assert row.properties.get("tags") == stripped.properties.get("tags")


@settings(max_examples=50, deadline=None)
@given(ids=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=30))
def test_rows_are_sorted_by_their_bytes(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    with Spool(tmp_path_factory.mktemp("spool") / "rows") as rows:
        rows.add("other", "x", "", "{}")
        for number, id_ in enumerate(ids):
            rows.add("heap", id_, f"{number:04}", "{}")
        expected = sorted(
            ((id_, f"{number:04}", "{}") for number, id_ in enumerate(ids)), key=lambda r: (r[0].encode(), r[1])
        )
        assert list(rows.sorted("heap")) == expected
        assert list(rows.sorted("nothing")) == []
        rows.clear()
        assert list(rows.sorted("heap")) == []


def test_more_rows_than_are_held_come_back_once(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    with Spool(path) as rows:
        for number in range(7_001):
            rows.add("heap", f"{(number * 37) % 7_001:05}", "", json.dumps(number))
        found = [first for first, _, _ in rows.sorted("heap")]
    assert found == [f"{number:05}" for number in range(7_001)]
    assert not path.exists()
