"""Introductions are the strongest ways there are, each through another, on generated networks."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcrm.network.introductions import introductions

SIZE = 7
ENDS = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda pair: pair[0] < pair[1])
TIES = st.dictionaries(ENDS, st.sampled_from([0.1, 0.3, 0.5, 0.9, 1.0]), max_size=12)


@given(
    ties=TIES,
    sources=st.sets(st.integers(0, SIZE - 2), min_size=1, max_size=3),
    barred=st.sets(st.integers(0, SIZE - 2), max_size=2),
    k=st.integers(1, SIZE),
)
def test_against_every_way(ties: Any, sources: set[int], barred: set[int], k: int) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(SIZE))
    graph.add_weighted_edges_from((*ends, strength) for ends, strength in ties.items())
    target = SIZE - 1
    best: dict[int, float] = {}
    for source in sources - barred:
        for nodes in nx.all_simple_paths(graph.subgraph(set(graph) - barred), source, target):
            strength = prod(graph.edges[step]["weight"] for step in pairwise(nodes))
            best[nodes[-2]] = max(strength, best.get(nodes[-2], 0.0))
    around = nx.to_scipy_sparse_array(graph, format="csr", dtype=float)
    found = introductions(around, np.array(sorted(sources)), target, np.array(sorted(barred), dtype=int), k)
    assert [way.strength for way in found] == pytest.approx(sorted(best.values(), reverse=True)[:k])
    assert len({way.via for way in found}) == len(found)
    for way in found:
        assert way.strength == pytest.approx(best[way.via])
        assert way.nodes[0] in sources
        assert way.nodes[-1] == target
        assert not barred & set(way.nodes)
        assert way.strength == pytest.approx(prod(graph.edges[step]["weight"] for step in pairwise(way.nodes)))
