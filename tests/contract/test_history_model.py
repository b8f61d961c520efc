"""Edits, imports, merges, pins and trust in any order: what is read as of an instant is what was read then.

Deleting and erasing change what was: a model of plain lists says what is to be read then.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from graphcrm import Graph
from graphcrm.errors import GraphCRMError, MergedAway, NotFound

PARTIES = ("A", "B", "C", "K")
TABLE = {"A": "customers", "B": "customers", "C": "customers", "K": "contacts"}
EXAMPLES = {"embedded": 10, "neo4j": 4}
SHARED: list[tuple[Any, ...]] = [
    ("say", "crm", "A", {"name": "Ann", "email": "a@b.de", "extra": {"needs": "tea"}}),
    ("say", "shop", "A", {"name": "Bo", "email": "c@d.de", "owner_id": "U1"}),
    ("say", "crm", "A", {"name": "Bo", "email": "c@d.de", "owner_id": "U1"}),
    ("edit", "A", {"extra": {"needs": "ink"}}),
    ("say", "shop", "C", {"name": "Ann", "owner_id": "U2"}),
    ("merge", "C", "B"),
    ("merge", "B", "A"),
    ("employ", "A"),
    ("unmerge", "C"),
]
"""What both say, one after the other and the same."""

party = st.sampled_from(PARTIES)
fields = st.fixed_dictionaries(
    {"name": st.sampled_from(["Ann", "Bo"])},
    optional={
        "email": st.sampled_from(["a@b.de", "c@d.de"]),
        "tags": st.sampled_from([["x"], ["x", "y"]]),
        "owner_id": st.sampled_from(["U1", "U2"]),
        "extra": st.sampled_from([{"needs": "tea"}, {"needs": "ink", "size": 3}]),
    },
)
step = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(["crm", "shop"]), party, fields),
    st.tuples(st.just("edit"), party, fields | st.sampled_from([{"tags": None}, {"owner_id": None}, {"email": None}])),
    st.tuples(st.just("employ"), st.sampled_from("ABC")),
    st.tuples(st.just("pin"), party, st.sampled_from(["Cy", "Ann"])),
    st.tuples(st.just("trust"), st.sampled_from(["crm", "shop"]), st.integers(40, 60)),
    st.tuples(st.just("merge"), party, party),
    st.tuples(st.just("unmerge"), party),
    st.tuples(st.just("delete"), party),
)
erase = st.tuples(st.just("erase"), st.sampled_from(["crm", "shop"]))


def take(graph: Graph, what: str, *given_: Any) -> None:
    if what == "say":
        source, id_, row = given_
        graph.records.of(source).upsert(TABLE[id_], [row | {"id": id_}])
    elif what == "edit":
        id_, changes = given_
        graph.records.patch(TABLE[id_], id_, changes)
    elif what == "employ":
        graph.records.patch("contacts", "K", {"customer_id": given_[0]})
    elif what == "pin":
        id_, value = given_
        graph.sources.pin(TABLE[id_], id_, "name", value)
    elif what == "trust":
        graph.sources.add(given_[0], trust=given_[1])
    elif what == "merge":
        graph.merging.merge(*given_)
    elif what == "delete":
        graph.records.delete(TABLE[given_[0]], given_[0], detach=True)
    elif what == "erase":
        graph.sources.erase(*given_)
    else:
        graph.merging.unmerge(*given_)


def read(graph: Graph, id_: str, *as_of: datetime) -> Any:
    """A party's fields that have a value, who stands for it, or nothing."""
    try:
        record = graph.records.read(TABLE[id_], id_, *as_of)
    except MergedAway as error:
        return error.into
    except NotFound:
        return None
    fields = {name: value for name, value in record.items() if name not in ("id", "extra")} | record["extra"]
    return {name: value for name, value in fields.items() if value is not None}


# ---- the model -------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What was read of a party at a time: its fields, who stood for it, or None; and who spoke of it."""

    shown: Any
    said: dict[str, set[str]] = field(default_factory=dict)
    """The sources that say each field's value."""
    sources: set[str] = field(default_factory=set)
    """Those that speak of the party itself."""
    is_open: bool = False
    """Whether nothing is claimed of it any more."""


def observe(graph: Graph) -> dict[str, Seen]:
    """All parties as they are now."""
    seen = {id_: Seen(read(graph, id_)) for id_ in PARTIES}
    for id_, one in seen.items():
        if not isinstance(one.shown, dict):
            continue
        found = graph.sources.provenance(TABLE[id_], id_)
        for each in found["fields"]:
            one.said[each["field"]] = {v["source"] for v in each["values"] if v["value"] == each["value"]}
        for name, tie in (("owner_id", "OWNS:{1}:{0}"), ("customer_id", "WORKS_AT:{0}:{1}")):
            if name in one.shown:
                sources = graph.sources.provenance("ties", tie.format(id_, one.shown[name]))["sources"]
                one.said[name] = {each["source"] for each in sources}
        for each in found["sources"]:
            if each["key"] in seen and each["source"] != "pinned":
                seen[each["key"]].sources.add(each["source"])
    return seen


class Model:
    """What is to be read as of each instant."""

    def __init__(self) -> None:
        self.past: list[tuple[datetime, dict[str, Seen]]] = []

    def note(self, at: datetime, now: dict[str, Seen], erased: str | None) -> None:
        """Take note of what is there after a step; what is gone was never there."""
        for id_ in PARTIES:
            if erased:
                self._erase(id_, erased, now)
            if isinstance(now[id_].shown, str):
                # Who stands for it may be a mere name, of which no source speaks: as of a time it is not named then.
                now[id_].is_open = not now[now[id_].shown].sources
            if now[id_].shown is None:
                for _, then in self.past:
                    then[id_] = Seen(None)
        self.past.append((at, now))

    def _erase(self, id_: str, source: str, now: dict[str, Seen]) -> None:
        """Tell a party's past as if a source had never spoken, as far as the book of changes can."""
        past = [then[id_] for _, then in self.past]
        begun = next((place for place, seen in enumerate(past) if seen.shown is not None), len(past))
        names = {name for seen in past if isinstance(seen.shown, dict) for name in seen.shown}
        told = {name: retold([values(seen, name) for seen in past[begun:]], source) for name in names}
        # Who stays as the name of others, or because a tie names it, was not spoken of then.
        unspoken = isinstance(now[id_].shown, dict) and bool(past) and not past[-1].sources - {source}
        for place, seen in enumerate(past[begun:]):
            seen.sources.discard(source)
            seen.is_open |= unspoken
            if isinstance(seen.shown, dict):
                kept = {name: told[name][place] for name in names}
                seen.shown = {name: value for name, (value, _) in kept.items() if value is not None}
                seen.said = {name: said for name, (_, said) in kept.items()}
            elif isinstance(seen.shown, str):
                into = self.past[begun + place][1][seen.shown]
                seen.is_open |= not into.sources - {source}
            if not seen.sources:
                seen.shown = None


def values(seen: Seen, name: str) -> tuple[Any, set[str]]:
    """What a field showed, and who said so; of a party that was not there nothing."""
    there = isinstance(seen.shown, dict) and name in seen.shown
    return (seen.shown[name], seen.said[name]) if there else (None, set())


def retold(shown: list[tuple[Any, set[str]]], source: str) -> list[tuple[Any, set[str]]]:
    """What a field would have shown without a source: what others said when it came to be shown, until the next."""
    changed = [place for place in range(1, len(shown)) if shown[place][0] != shown[place - 1][0]]
    first = changed[0] if changed else len(shown)
    value, said = shown[first - 1]
    now = (None, set()) if said == {source} else (value, said - {source})
    found = [now] * first
    for place in range(first, len(shown)):
        value, said = shown[place]
        if place in changed and said != {source}:
            now = (value, said - {source})
        found.append(now)
    return found


@pytest.mark.timeout(600)
def test_the_past_is_what_it_was(graph: Graph, engine: str, bare: Any) -> None:
    @settings(
        max_examples=EXAMPLES[engine],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(st.lists(step, min_size=4, max_size=10), erase, st.lists(step | erase, max_size=3))
    @example([("pin", "A", "Cy"), ("say", "shop", "A", {"name": "Bo"})], ("erase", "crm"), [])
    @example(SHARED, ("erase", "crm"), [("edit", "A", {"owner_id": "U1"})])
    @example(SHARED, ("erase", "shop"), [("unmerge", "B")])
    def run(first: list[tuple[Any, ...]], erased: tuple[Any, ...], then: list[tuple[Any, ...]]) -> None:
        bare.wipe()
        graph.touch()
        for source, id_ in (("crm", "A"), ("crm", "B"), ("shop", "B"), ("shop", "K")):
            graph.records.of(source).upsert(TABLE[id_], [{"id": id_, "name": "Ann"}])
        model = Model()
        model.note(datetime.now(UTC), observe(graph), None)
        for each in (*first, erased, *then):
            time.sleep(0.002)
            try:
                take(graph, *each)
            except GraphCRMError:
                continue  # nobody of that id, or merged away: nothing has changed
            model.note(datetime.now(UTC), observe(graph), each[1] if each[0] == "erase" else None)
        for at, parties in model.past:
            for id_, seen in parties.items():
                known = read(graph, id_, at)
                # Who stands for whom is told step by step, and now at once.
                alike = known == seen.shown or (isinstance(known, str) and isinstance(seen.shown, str))
                assert alike or seen.is_open, (id_, at, known, seen)

    run()
