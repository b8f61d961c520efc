"""Paths that respect time equal brute force over all of them, on thousands of small dated networks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Tie, network

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.temporal import CRITERIA, TemporalNetwork

MONDAY = datetime(2025, 1, 6)
PARTIES = "abcdef"
STARTS = st.one_of(st.none(), st.integers(0, 4))
STRENGTHS = (0.1, 0.3, 0.5, 0.9, 1.0)

Step = tuple[int, str, str, int, float]
"""Row, tail, head, day and strength."""


def day(number: int) -> datetime:
    return MONDAY + timedelta(days=number)


@st.composite
def dated(draw: Any) -> TemporalNetwork:
    pairs = draw(st.sets(st.tuples(st.sampled_from(PARTIES), st.sampled_from(PARTIES)), max_size=14))
    layers = st.sampled_from(["referral", "referral", "knows"])
    ties = [
        Tie(
            draw(layers),
            source,
            target,
            strength=draw(st.sampled_from(STRENGTHS)),
            began=draw(st.one_of(st.none(), st.integers(0, 5).map(day))),
        )
        for source, target in sorted(pairs)
        if source != target
    ]
    return TemporalNetwork(network(PARTIES, ties, half_life_days=float("inf")))


def steps_of(found: TemporalNetwork) -> list[Step]:
    ties, ids = found.projection.ties, found.projection.ids
    steps = []
    for row in range(len(ties)):
        if not np.isnat(ties.at[row]):
            number = int((ties.at[row] - np.datetime64(MONDAY)) / np.timedelta64(1, "D"))
            ends = [(ids[ties.source[row]], ids[ties.target[row]])]
            ends += [ends[0][::-1]] if ties.mutual[row] else []
            steps += [(row, tail, head, number, float(ties.strength[row])) for tail, head in ends]
    return steps


def journeys(steps: list[Step], source: str, target: str | None, start: int, strict: bool) -> Iterator[list[Step]]:
    """All paths from one party to another, or to any, that meet no party twice."""
    waiting: list[list[Step]] = [[step] for step in steps if step[1] == source and step[3] >= start]
    while waiting:
        path = waiting.pop()
        if target in (None, path[-1][2]):
            yield path
        met = {source, *(step[2] for step in path)}
        for step in steps:
            later = step[3] > path[-1][3] or (not strict and step[3] == path[-1][3])
            if step[1] == path[-1][2] and later and step[2] not in met:
                waiting.append([*path, step])


def measure(path: list[Step], by: str) -> tuple[float, ...]:
    """What makes a path best, least first."""
    loss = -round(float(np.log([step[4] for step in path]).sum()), 6) + 0.0
    return {
        "earliest": (path[-1][3],),
        "latest": (-path[0][3],),
        "hops": (len(path), path[-1][3]),
        "fastest": (path[-1][3] - path[0][3], -path[0][3]),
        "strongest": (loss, len(path), path[-1][3]),
    }[by]


@pytest.mark.parametrize("by", CRITERIA)
@settings(max_examples=400, deadline=None)
@given(
    found=dated(), start=st.one_of(st.none(), st.integers(0, 4)), strict=st.booleans(), ends=st.permutations(PARTIES)
)
def test_the_best_path_is_as_good_as_any(
    by: Any, found: TemporalNetwork, start: int | None, strict: bool, ends: list[str]
) -> None:
    source, target = ends[:2]
    steps = steps_of(found)
    every = list(journeys(steps, source, target, 0 if start is None else start, strict))
    moment = None if start is None else np.datetime64(day(start))
    answer = found.path(source, target, by, moment, strict)
    if not every:
        assert answer is None
        return
    assert answer is not None
    taken = []
    for row, tail, head in zip(answer.ties.tolist(), answer.party_ids[:-1], answer.party_ids[1:], strict=True):
        taken += [step for step in steps if step[:3] == (row, tail, head)]
    assert taken in every
    assert measure(taken, by) == min(measure(path, by) for path in every)
    assert answer.hops == len(taken)
    assert answer.strength == pytest.approx(float(np.prod([step[4] for step in taken])))
    assert found.path(source, target, by, moment, strict).ties.tolist() == answer.ties.tolist()  # type: ignore[union-attr]


@settings(max_examples=400, deadline=None)
@given(found=dated(), start=STARTS, strict=st.booleans())
def test_who_could_have_reached_whom(found: TemporalNetwork, start: int | None, strict: bool) -> None:
    steps = steps_of(found)
    arrivals: dict[str, int] = {}
    for path in journeys(steps, "a", None, 0 if start is None else start, strict):
        arrivals[path[-1][2]] = min(path[-1][3], arrivals.get(path[-1][2], 99))
    moment = None if start is None else np.datetime64(day(start))
    reached = found.reachable("a", moment, strict)
    expected = sorted(arrivals.items(), key=lambda each: (each[1], each[0]))
    assert list(zip(reached.party_ids, reached.at.tolist(), strict=True)) == [(id_, day(at)) for id_, at in expected]

    departures: dict[str, int] = {}
    for source in PARTIES[1:]:
        for path in journeys(steps, source, "a", 0, strict):
            departures[source] = max(path[0][3], departures.get(source, -1))
    reaching = found.reaching("a", strict=strict)
    expected = sorted(departures.items(), key=lambda each: (-each[1], each[0]))
    assert list(zip(reaching.party_ids, reaching.at.tolist(), strict=True)) == [(id_, day(at)) for id_, at in expected]


def test_what_cannot_be_asked() -> None:
    found = TemporalNetwork(network("ab", [Tie("referral", "a", "b", began=day(0))]))
    with pytest.raises(InvalidInput, match="by: must be one of earliest, latest"):
        found.path("a", "b", "quickest")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="target: must be another party"):
        found.path("a", "a")
    with pytest.raises(NotFound):
        found.path("a", "nobody")
    assert found.path("b", "a") is None
    assert len(found.reachable("b").party_ids) == 0


def test_no_step_goes_back_in_time() -> None:
    ties = [Tie("referral", "a", "b", began=day(3)), Tie("referral", "b", "c", began=day(2))]
    found = TemporalNetwork(network("abc", ties))
    assert found.path("a", "c") is None
    together = TemporalNetwork(network("abc", [ties[0], Tie("referral", "b", "c", began=day(3))]))
    assert together.path("a", "c") is None
    journey = together.path("a", "c", strict=False)
    assert journey is not None
    assert journey.party_ids == ["a", "b", "c"]
