"""A tie's id and its parts: there and back for any ends, one by one and many at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcrm.schema import PARTY_LABELS, TIE_TYPES, split_tie_id, split_tie_ids, tie_id, tie_id_between
from graphcrm.tables import END_LABELS, TIES

TYPES = st.sampled_from(["KNOWS", "REFERRED", "CONTAINS", "WORKS_AT"])
OPEN = sorted(name for name, kind in TIE_TYPES.items() if kind.open_end)
PARTS = st.text(st.sampled_from("ab:%3A25\0é "), min_size=1, max_size=6)
FOREIGN = st.text(st.sampled_from("KNOWS:a\0%"), max_size=14)


@given(TYPES, st.lists(st.tuples(PARTS, PARTS, PARTS), max_size=5))
def test_there_and_back(type_: str, ties: list[tuple[str, str, str]]) -> None:
    qualified = TIE_TYPES[type_].qualifier is not None
    wanted = [(source, target, kind if qualified else None) for source, target, kind in ties]
    ids = [tie_id(type_, *tie) for tie in wanted]
    assert [split_tie_id(id_) for id_ in ids] == [(type_, *tie, None) for tie in wanted]
    found = split_tie_ids(type_, ids)
    # A lone NUL looks like the mark between two ids; such ties are then read with their ends instead.
    assert (found is None) == any("\0" in tie for tie in wanted)
    if found is not None:
        assert list(zip(*found, strict=True)) == wanted


@given(TYPES, st.lists(FOREIGN | PARTS.map(lambda end: f"KNOWS:{end}:b:friend"), max_size=4))
def test_ids_of_another_make_are_seen(type_: str, ids: list[str]) -> None:
    one_by_one = [split_tie_id(id_) for id_ in ids]
    many = split_tie_ids(type_, ids)
    if many is not None:
        assert list(zip(*many, strict=True)) == [parts[1:4] for parts in one_by_one if parts]
        assert all(parts is not None and parts[0] == type_ for parts in one_by_one)


@given(st.sampled_from(OPEN), st.data())
def test_ends_of_several_kinds_are_told_apart(type_: str, data: st.DataObject) -> None:
    kind = TIE_TYPES[type_]
    ends = [(data.draw(st.sampled_from(labels)), data.draw(PARTS)) for labels in kind.ends.values()]
    parts = split_tie_id(tie_id_between(type_, *ends))
    assert parts is not None
    assert (parts.type, parts.source, parts.target) == (type_, ends[0][1], ends[1][1])
    for (label, id_), labels, party in zip(ends, parts.labels, parts.parties, strict=True):
        assert label in labels
        assert party == (id_ if label in PARTY_LABELS else None)
    others = {tie_id(type_, ends[0][1], ends[1][1], label=label) for label in kind.said}
    assert len(others) == len(kind.said)


def test_an_open_end_has_its_column_and_no_qualifier() -> None:
    assert OPEN == ["ABOUT", "CONCERNS", "DESCRIBES", "GAVE", "OWNS", "RAISED", "TOOK_PART_IN"]
    for name, table in TIES.items():
        kind = TIE_TYPES[name]
        columns = set(END_LABELS.values()) & set(table.columns)
        assert columns == ({END_LABELS[kind.open_end]} if kind.open_end else set())
        if not kind.open_end:
            continue
        assert kind.qualifier is None
        column = END_LABELS[kind.open_end]
        schema = table.model.model_json_schema()["properties"][column]
        parts = schema.get("anyOf", [schema])
        assert [word for part in parts for word in part.get("enum", filter(None, [part.get("const")]))] == [*kind.said]
        assert (column in table.required) == (not kind.labels(kind.open_end))


@pytest.mark.parametrize(
    "id_", ["RAISED:C1:7", "RAISED:C1:Order:7", "OWNS:U1:Customer:7", "OWNS:U1:Case:7:8", "OWNS:U1", "CASE:7"]
)
def test_what_is_no_id(id_: str) -> None:
    assert split_tie_id(id_) is None
