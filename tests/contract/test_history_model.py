"""Edits, imports, merges, pins and trust in any order: what is read as of an instant is what was read then."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graphcrm import Graph
from graphcrm.errors import GraphCRMError, MergedAway, NotFound

PARTIES = ("A", "B", "C", "K")
TABLE = {"A": "customers", "B": "customers", "C": "customers", "K": "contacts"}
EXAMPLES = {"embedded": 12, "neo4j": 5}

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
)


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
    else:
        graph.merging.unmerge(*given_)


def read(graph: Graph, id_: str, *as_of: datetime) -> Any:
    """A party's record, who stands for it, or nothing."""
    try:
        return graph.records.read(TABLE[id_], id_, *as_of)
    except MergedAway as error:
        return error.into
    except NotFound:
        return None


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
    @given(st.lists(step, min_size=4, max_size=12))
    def run(steps: list[tuple[Any, ...]]) -> None:
        bare.wipe()
        graph.touch()
        for id_ in ("A", "B", "K"):
            graph.records.of("crm").upsert(TABLE[id_], [{"id": id_, "name": "Ann"}])
        seen = []
        for each in steps:
            try:
                take(graph, *each)
            except GraphCRMError:
                continue  # nobody of that id, or merged away: nothing has changed
            seen.append((datetime.now(UTC), {id_: read(graph, id_) for id_ in PARTIES}))
            time.sleep(0.002)
        for at, known in seen:
            for id_ in PARTIES:
                then = read(graph, id_, at)
                # Who stands for whom is told step by step, and now at once.
                assert then == known[id_] or (isinstance(then, str) and isinstance(known[id_], str)), (id_, at)

    run()
