"""What must not show in any answer: the order of rows, and how parties are called."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Tie, network, tie_rows

from graphcrm.network.centrality import METRICS, bands, rank, scores
from graphcrm.network.communities import communities
from graphcrm.network.neighborhood import neighborhood
from graphcrm.network.paths import best_paths
from graphcrm.network.referrals import first_referrals

# Iterations that near-equal eigenvalues keep from converging are no matter of naming.
STEADY = ["degree", "strength", "pagerank", "betweenness", "closeness", "harmonic", "katz", "core_number"]
Rows = tuple[list[str], list[Tie]]


@settings(max_examples=120, deadline=None)
@given(rows=tie_rows(), data=st.data())
def test_the_order_of_rows_does_not_show(rows: Rows, data: st.DataObject) -> None:
    parties, ties = rows
    one = network(parties, ties)
    other = network(data.draw(st.permutations(parties)), data.draw(st.permutations(ties)))
    assert one.ids.tolist() == other.ids.tolist()
    for name in ("data", "indices", "indptr"):
        assert getattr(one.adjacency, name).tolist() == getattr(other.adjacency, name).tolist()
    for metric in METRICS:
        assert scores(one, metric).values.tolist() == scores(other, metric).values.tolist(), metric
    assert communities(one).tolist() == communities(other).tolist()
    center = one.ids[0]
    near, far = neighborhood(one, center, 2, 4), neighborhood(other, center, 2, 4)
    assert near.nodes == far.nodes
    assert near.truncated == far.truncated
    # The same row twice has the same id twice: which of the two comes first is all that may differ.
    assert [(tie["id"], tie["strength"]) for tie in near.ties] == [(tie["id"], tie["strength"]) for tie in far.ties]
    if len(one) > 1:
        for by in ("hops", "strength"):
            assert best_paths(one, one.ids[0], one.ids[-1], by, 5) == best_paths(other, one.ids[0], one.ids[-1], by, 5)


@settings(max_examples=120, deadline=None)
@given(rows=tie_rows(), seed=st.randoms(use_true_random=False))
def test_renaming_moves_scores_with_their_parties(rows: Rows, seed: object) -> None:
    parties, ties = rows
    shuffled = list(parties)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    renamed = dict(zip(parties, (f"new {party}" for party in shuffled), strict=True))
    one = network(parties, ties)
    other = network(
        renamed.values(), [replace(tie, source=renamed[tie.source], target=renamed[tie.target]) for tie in ties]
    )
    for metric in STEADY:
        before = dict(zip(one.ids, scores(one, metric).values, strict=True))
        after = dict(zip(other.ids, scores(other, metric).values, strict=True))
        assert [after[renamed[party]] for party in one.ids] == pytest.approx(list(before.values()), rel=1e-7), metric


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg"), st.none() | st.integers(0, 3))),
    data=st.data(),
)
def test_referrals_do_not_depend_on_the_order_of_rows(
    rows: list[tuple[str, str, int | None]], data: st.DataObject
) -> None:
    def built(ordered: list[tuple[str, str, int | None]]) -> object:
        return first_referrals(*([row[i] for row in ordered] for i in range(3)))

    assert built(rows) == built(data.draw(st.permutations(rows)))


@settings(max_examples=200, deadline=None)
@given(values=st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.1 + 0.2, 0.3 * (1 + 1e-15), 1.0]), max_size=12))
def test_ranks_are_a_total_order(values: list[float]) -> None:
    ids = [f"p{i}" for i in range(len(values))]
    array = np.array(values)
    order = rank(ids, array).tolist()
    assert sorted(order) == list(range(len(values)))
    band = bands(array)
    keys = [(band[i], ids[i]) for i in order]
    assert keys == sorted(keys)
    assert all(array[a] >= array[b] - 1e-9 for a, b in pairwise(order))
