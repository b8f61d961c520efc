"""What differs between two moments, without a graph: the changes, and since when parties are known."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graphcrm.service import recording
from graphcrm.service.changes import Change, acting, undone
from graphcrm.service.recording import Erased, Event, ages, changes_between
from graphcrm.service.states import State, Voice

T0 = datetime(2025, 1, 1, tzinfo=UTC)
NOW = T0 + timedelta(days=90)
SAYING = st.sets(st.sampled_from(["crm", "list", "shop"]), min_size=1).map(sorted).map(tuple)
SHOWN = st.dictionaries(
    st.sampled_from(["city", "name", "phone"]), st.tuples(st.sampled_from(["v1", "v2", "v3"]), SAYING)
)
"""What is shown, and who says so."""


def day(number: int) -> datetime:
    return T0 + timedelta(days=number)


def state(shown: dict[str, tuple[Any, tuple[str, ...]]], *sources: str, **more: Any) -> State:
    """A party that was first spoken of on the first day, if nothing else is said."""
    fields, said = ({name: told[part] for name, told in shown.items()} for part in (0, 1))
    voices = more.get("voices", {"A": Voice(T0, (sources or ("crm",))[0])})
    return State("Customer", fields, said, sources or ("crm",), voices, more.get("created_at"), more.get("seen_at", T0))


def test_the_examples_run() -> None:
    assert doctest.testmod(recording).failed == 0


@given(SHOWN, SHOWN)
def test_undoing_what_differs_gives_what_was(old: Any, new: Any) -> None:
    before, after = state(old), state(new)
    found = changes_between({"A": before}, {"A": after}, [], NOW, "crm", {"A": T0})
    assert undone(dict(after.fields), found) == before.fields
    assert all(shift.before != shift.after for change in found for shift in change.fields.values())
    assert len(found) == (before.fields != after.fields)
    assert all((change.source, change.known_since) == ("crm", T0) for change in found)


@given(SHOWN, SHOWN)
def test_what_only_an_erased_source_said_was_never_shown(old: Any, new: Any) -> None:
    after = state({name: (value, said) for name, (value, said) in new.items() if "list" not in said})
    found = changes_between({"A": state(old)}, {"A": after}, [], NOW, erased=Erased("list"))
    assert not any("list" in change.sources for change in found)
    expected = {name: value for name, (value, said) in old.items() if said != ("list",)}
    assert undone(dict(after.fields), found) == expected


def test_what_was_told_last_without_the_erased_source_is_what_was_shown() -> None:
    """Others came to say what it had said before: that is told from now on."""
    both = state({"city": ("Bonn", ("crm", "list"))})
    left = state({"city": ("Bonn", ("crm",))})
    (change,) = changes_between({"A": both}, {"A": left}, [], NOW, erased=Erased("list", {"A": {"city": (None, ())}}))
    assert (change.fields["city"].before, change.fields["city"].after) == (None, "Bonn")
    assert changes_between({"A": both}, {"A": left}, [], NOW, erased=Erased("list")) == []


def test_who_comes_or_goes_needs_an_event() -> None:
    shown = state({"name": ("Ann", ("crm",))}, "crm", "list")
    assert changes_between({"A": shown}, {}, [], NOW) == []
    assert changes_between({}, {"A": shown}, [], NOW) == []
    events = [Event("B", "merged", "A"), Event("A", "merged_away", "B", "automatic")]
    with acting("anna"):
        away, merged = changes_between({"A": shown, "B": shown}, {"B": shown}, events, NOW)
    assert (away.about, away.kind, away.other, away.by) == ("A", "merged_away", "B", "automatic")
    assert (away.fields["name"].before, away.fields["name"].after) == ("Ann", None)
    assert (merged.about, merged.by, merged.other_said, merged.fields) == ("B", "anna", ("crm", "list"), {})
    gone = [Event("A", "unmerged", "B"), Event("B", "came_back", "A")]
    assert [change.about for change in changes_between({"A": shown}, {"B": shown}, gone, NOW)] == ["B"]


def test_a_party_is_known_since_it_was_first_spoken_of() -> None:
    old, new = state({}, seen_at=day(1)), state({}, seen_at=day(5))
    assert ages({"A": old}, {"A": new}, {}) == {"A": day(1)}
    back = [Change("1", "A", day(3), "merged_away", known_since=T0)]
    assert ages({}, {"A": new}, {"A": back}) == {"A": T0}
    assert ages({}, {"A": state({}, seen_at=None)}, {}) == {"A": None}


def test_who_spoke_first_is_erased_with_its_time() -> None:
    crm, shop = Voice(T0, "crm"), Voice(day(7), "shop")
    old = state({}, voices={"A": crm}, created_at=T0, seen_at=day(9))
    left = state({}, voices={"A": shop}, created_at=T0, seen_at=day(9))
    assert ages({"A": old}, {"A": left}, {}, erased="crm") == {"A": day(7)}
    assert ages({"A": old}, {"A": old}, {}, erased="shop") == {"A": T0}
    # Nobody speaks of it but of one that was merged into it, or it is not noted who spoke first.
    others = state({}, voices={"M": shop}, created_at=T0, seen_at=day(9))
    assert ages({"A": old}, {"A": others}, {}, erased="crm") == {"A": day(7)}
    unsure = state({}, voices={"A": Voice(T0, None)}, created_at=T0, seen_at=day(9))
    assert ages({"A": unsure}, {"A": left}, {}, erased="crm") == {"A": day(7)}
    assert ages({"A": old}, {"A": state({}, voices={})}, {}, erased="crm") == {"A": None}
