"""What a file has had already: the arrays say what a dict would."""

from __future__ import annotations

import doctest

from hypothesis import given, settings
from hypothesis import strategies as st

from graphcrm.intake import seen
from graphcrm.intake.seen import MARK_BITS, Seen

KEYS = st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 5)
ENTRIES = st.tuples(st.integers(1, 2**36 - 1), st.integers(0, 2**MARK_BITS - 1))


def test_doctest() -> None:
    assert doctest.testmod(seen).failed == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.dictionaries(KEYS, ENTRIES, max_size=30), st.lists(KEYS, max_size=30)), max_size=20))
def test_agrees_with_a_dict(steps: list[tuple[dict[int, tuple[int, int]], list[int]]]) -> None:
    known: dict[int, tuple[int, int]] = {}
    found = Seen()
    for given_keys, asked in steps:
        new = {key: entry for key, entry in given_keys.items() if key not in known}
        known |= new
        found.add(list(new), [line for line, _ in new.values()], [mark for _, mark in new.values()])
        wanted = [*asked, *new]
        lines, marks = found.find(wanted)
        assert list(zip(lines, marks, strict=True)) == [known.get(key, (0, 0)) for key in wanted]
        assert len(found) == len(known)


def test_a_million_take_sixteen_bytes_each() -> None:
    found = Seen()
    for start in range(0, 1_000_000, 10_000):
        keys = [hash(str(i)) for i in range(start, start + 10_000)]
        found.add(keys, range(start + 1, start + 10_001), [0] * 10_000)
    assert len(found) == 1_000_000
    assert len(found._levels) <= 8
    assert found.find([hash("123456"), hash("x")]) == ([123_457, 0], [0, 0])
    assert sum(keys.nbytes + values.nbytes for keys, values in found._levels) == 16_000_000
