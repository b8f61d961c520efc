"""Rows go out in portions: all of them, in their order, and none too large but a row that is so by itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graphcrm.service.statements import portions

rows = st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=60) | st.integers() | st.none(), max_size=4))


@given(rows, st.integers(1, 300))
def test_portions_are_the_rows(given_rows: list[dict[str, Any]], most: int) -> None:
    found = list(portions(given_rows, most))
    assert [row for some in found for row in some] == given_rows
    assert all(found)
    for some in found:
        texts = [text for row in some for item in row.items() for text in item if isinstance(text, str)]
        assert len(some) == 1 or sum(map(len, texts)) <= most
