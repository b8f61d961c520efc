"""The k best paths equal brute force over all simple paths, on hundreds of small random networks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from networks import TODAY, Tie, as_networkx, network, tie_rows

from graphcrm.network.graph import Projection
from graphcrm.network.paths import LOSS_QUANTUM, best_paths


def all_simple_paths(found: Projection, source: str, target: str, max_hops: int) -> Iterator[list[str]]:
    graph = as_networkx(found)
    waiting = [[source]]
    while waiting:
        path = waiting.pop()
        if path[-1] == target:
            yield path
        elif len(path) <= max_hops:
            waiting.extend([*path, other] for other in graph[path[-1]] if other not in path)


def brute_force(found: Projection, source: str, target: str, by: str, k: int, max_hops: int) -> list[list[str]]:
    graph = as_networkx(found)

    def cost(path: list[str]) -> tuple[int, int, list[bytes]]:
        steps = list(pairwise(path))
        loss = sum(round(-math.log(graph.edges[step]["weight"]) / LOSS_QUANTUM) for step in steps)
        order = (len(steps), loss) if by == "hops" else (loss, len(steps))
        return (*order, [party.encode() for party in path])

    return sorted(all_simple_paths(found, source, target, max_hops), key=cost)[:k]


@settings(max_examples=400, deadline=None)
@given(
    rows=tie_rows(most=6),
    layers=st.sampled_from([None, ["knows"], ["referral"], ["referral", "knows"]]),
    by=st.sampled_from(["hops", "strength"]),
    k=st.integers(1, 12),
    max_hops=st.integers(1, 6),
    data=st.data(),
)
def test_equal_to_brute_force(
    rows: tuple[list[str], list[Tie]],
    layers: list[str] | None,
    by: str,
    k: int,
    max_hops: int,
    data: st.DataObject,
) -> None:
    parties, ties = rows
    found = network(parties, ties, layers, TODAY)
    if len(found) < 2:
        return
    source, target = data.draw(st.permutations(found.ids.tolist()))[:2]
    paths = best_paths(found, source, target, by, k, max_hops)
    assert [path.party_ids for path in paths] == brute_force(found, source, target, by, k, max_hops)
    graph = as_networkx(found)
    for path in paths:
        steps = list(pairwise(path.party_ids))
        assert path.hops == len(steps) == len(path.ties)
        assert [(step["source"], step["target"]) for step in path.ties] == steps
        assert [step["strength"] for step in path.ties] == [graph.edges[step]["weight"] for step in steps]
        assert math.isclose(path.strength, math.prod(graph.edges[step]["weight"] for step in steps))


@settings(max_examples=300, deadline=None)
@given(
    size=st.integers(4, 7),
    weights=st.lists(st.sampled_from([0.5, 0.7, 0.9, 1.0]), min_size=42, max_size=42),
    present=st.lists(st.booleans(), min_size=42, max_size=42),
    by=st.sampled_from(["hops", "strength"]),
    max_hops=st.integers(2, 6),
)
def test_equal_to_brute_force_where_many_paths_are_equal(
    size: int, weights: list[float], present: list[bool], by: str, max_hops: int
) -> None:
    pairs = [(a, b) for a in range(7) for b in range(7) if a != b]
    ties = [
        Tie("referral", str(a), str(b), strength=weight)
        for (a, b), weight, there in zip(pairs, weights, present, strict=True)
        if there and a < size and b < size
    ]
    found = network(map(str, range(size)), ties)
    paths = [path.party_ids for path in best_paths(found, "0", str(size - 1), by, 40, max_hops)]
    assert paths == brute_force(found, "0", str(size - 1), by, 40, max_hops)
