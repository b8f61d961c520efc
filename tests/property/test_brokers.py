"""Whom a node alone holds is whom its removal cuts off, on generated networks."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphcrm.network.brokers import walk_from

PAIRS = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=13)


def around(pairs: Any, size: int) -> Any:
    graph = np.zeros((size, size))
    for one, other in pairs:
        if one != other:
            graph[one, other] = graph[other, one] = 1
    return sparse.csr_array(graph)


def reached(graph: Any, roots: Any, without: int | None = None) -> set[int]:
    kept = graph.subgraph(node for node in graph if node != without)
    return set().union(*(nx.node_connected_component(kept, root) for root in roots if root != without))


@settings(deadline=None)  # the first call compiles
@given(PAIRS, st.sets(st.integers(0, 8), min_size=1, max_size=3), st.lists(st.integers(-5, 9), min_size=9, max_size=9))
@example({(0, 1), (1, 2), (0, 2), (2, 3)}, {0}, list(range(9)))
@example({(0, 3), (1, 3), (3, 4), (4, 5)}, {0, 1}, [1] * 9)
def test_removing_each_in_turn(pairs: Any, roots: set[int], values: list[int]) -> None:
    matrix = around(pairs, 9)
    graph = nx.from_scipy_sparse_array(matrix)
    walk = walk_from(matrix, np.array(sorted(roots)))
    assert sorted(walk.order.tolist()) == sorted(reached(graph, roots))
    below = walk.below(np.array(values))
    bridges = {frozenset(pair) for pair in nx.bridges(graph)}
    for node in range(9):
        alone = roots == {node}
        lost = (
            set() if alone or node not in walk.order else reached(graph, roots) - reached(graph, roots, node) - {node}
        )
        assert set(walk.held_by(node).tolist()) == lost
        assert below[node] == sum(values[each] for each in lost)
        for row in np.flatnonzero(walk.broker == node):
            subtree = set(walk.order[walk.first[row] : walk.end[row]].tolist())
            ways = [each for each in graph[node] if each in subtree]
            assert walk.bridge[row] == (len(ways) == 1)
            assert not walk.bridge[row] or frozenset((node, ways[0])) in bridges


def test_nobody_is_reached_without_a_root() -> None:
    walk = walk_from(around({(0, 1)}, 2), np.zeros(0, dtype=int))
    assert len(walk.order) == len(walk.broker) == 0


def test_a_long_chain() -> None:
    size = 100_000
    ends = np.arange(size - 1)
    ones = np.ones(2 * size - 2)
    chain = sparse.csr_array((ones, (np.r_[ends, ends + 1], np.r_[ends + 1, ends])), shape=(size, size))
    below = walk_from(chain, np.array([0])).below(np.ones(size, dtype=int))
    assert below[0] == 0
    assert (below[1:] == np.arange(size - 2, -1, -1)).all()
