"""A tie's id and its parts: there and back for any ends, one by one and many at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graphcrm.schema import TIE_TYPES, split_tie_id, split_tie_ids, tie_id

TYPES = st.sampled_from(["KNOWS", "REFERRED", "CONTAINS", "WORKS_AT"])
PARTS = st.text(st.sampled_from("ab:%3A25\0é "), min_size=1, max_size=6)
FOREIGN = st.text(st.sampled_from("KNOWS:a\0%"), max_size=14)


@given(TYPES, st.lists(st.tuples(PARTS, PARTS, PARTS), max_size=5))
def test_there_and_back(type_: str, ties: list[tuple[str, str, str]]) -> None:
    qualified = TIE_TYPES[type_].qualifier is not None
    wanted = [(source, target, kind if qualified else None) for source, target, kind in ties]
    ids = [tie_id(type_, *tie) for tie in wanted]
    assert [split_tie_id(id_) for id_ in ids] == [(type_, *tie) for tie in wanted]
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
        assert list(zip(*many, strict=True)) == [parts[1:] for parts in one_by_one if parts]
        assert all(parts is not None and parts[0] == type_ for parts in one_by_one)
