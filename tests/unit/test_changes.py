"""The book of changes without a graph: what is undone, and what is left when a source had never spoken."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graphcrm.service import changes
from graphcrm.service.changes import Change, Fields, Shift, act_as, acting, actor, undone, without

T0 = datetime(2025, 1, 1, tzinfo=UTC)
SOURCES = ("crm", "list", "shop")


def test_the_examples_run() -> None:
    assert doctest.testmod(changes).failed == 0


def test_who_acts_is_who_was_named_last() -> None:
    assert actor() is None
    act_as("anna")
    with acting("import:7"):
        assert actor() == "import:7"
    assert actor() == "anna"
    act_as(None)
    assert actor() is None


STATE = st.dictionaries(
    st.sampled_from(["city", "name", "phone"]),
    st.tuples(
        st.sampled_from(["v1", "v2", "v3"]), st.sets(st.sampled_from(SOURCES), min_size=1).map(sorted).map(tuple)
    ),
)
"""What is shown, and who says so."""


def chain(states: list[dict[str, tuple[str, tuple[str, ...]]]]) -> list[Change]:
    found = []
    for number, (old, new) in enumerate(pairwise(states)):
        shifts = {
            name: Shift(*(state.get(name, (None, ()))[part] for part in (0, 1) for state in (old, new)))
            for name in old.keys() | new.keys()
        }
        fields = {name: shift for name, shift in shifts.items() if shift.before != shift.after}
        found.append(Change(str(number), "C1", T0 + timedelta(days=number), "changed", fields=fields))
    return found


def shown(state: dict[str, tuple[str, tuple[str, ...]]]) -> Fields:
    return {name: value for name, (value, _) in state.items()}


@given(st.lists(STATE, min_size=1, max_size=8))
def test_undoing_gives_every_earlier_state(states: list[Any]) -> None:
    found = chain(states)
    for number, state in enumerate(states):
        assert undone(shown(states[-1]), reversed(found[number:])) == shown(state)


@given(st.lists(STATE, min_size=2, max_size=8))
def test_nothing_is_left_of_a_source_and_the_rest_hangs_together(states: list[Any]) -> None:
    kept, _ = without(chain(states), "list")
    assert all("list" not in change.sources for change in kept)
    values: dict[str, Any] = {}
    for change in kept:
        for name, shift in change.fields.items():
            assert shift.before != shift.after
            # Others may have come to say a value while it was shown, which is no change.
            assert shift.before == values.get(name, shift.before) or shift.said_before
            values[name] = shift.after
    assert without(kept, "list")[0] == kept


@given(st.lists(STATE, min_size=2, max_size=8))
def test_a_source_that_never_spoke_leaves_all_as_it_is(states: list[Any]) -> None:
    found = [change for change in chain(states) if change.fields]
    assert without(found, "nobody")[0] == found


def test_a_merge_is_undone_on_both_sides() -> None:
    state = {"name": Shift("Ann", None, ("crm",))}
    away = Change("1", "C1", T0, "merged_away", other="C2", other_said=("list",), fields=state)
    back = Change("2", "C1", T0, "came_back", other="C2", fields={"name": Shift(None, "Anna", (), ("crm",))})
    assert undone({"name": "Anna"}, [back]) is None
    assert undone({"name": "Anna"}, [back, away]) == {"name": "Ann"}
    assert undone(None, [away]) == {"name": "Ann"}
    (left,), _ = without([away], "list")
    assert (left.other, left.fields) == (None, state)


def test_what_only_an_erased_source_knew_of_is_not_told() -> None:
    tie = {"KNOWS": Shift("KNOWS:C1:C2:friend", None, ("list",))}
    removed = Change("1", "C1", T0, "tie_removed", source="hand", other="C2", other_said=("list",), fields=tie)
    merged = Change("2", "C1", T0, "merged", other="C2", other_said=("list",))
    made = Change("3", "C1", T0, "created", by="anna", source="list")
    deleted = Change("4", "C1", T0, "deleted", other_said=("list",))
    assert without([removed, merged, made, deleted], "list")[0] == []
    known = replace(deleted, other_said=("crm", "list"))
    assert without([known], "list")[0] == [replace(deleted, other_said=("crm",))]
