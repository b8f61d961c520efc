"""Rank intervals: that they hold on networks known in whole, and what they are in cases that can be told by hand."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hiding import METRICS, held, hidden, projected, whole
from networks import network

from graphcrm.errors import InvalidInput
from graphcrm.network.centrality import scores
from graphcrm.network.intervals import Links, rank_intervals, ranks, rounds
from graphcrm.network.ranking import intervals_of


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", ["radoslaw_email", "ht_advice"])
def test_they_hold_what_is_known_of_the_whole(name: str, metric: str, shared_data: Path) -> None:
    full = whole(name, shared_data)
    times = 3 if name == "radoslaw_email" else 5
    holds, width, _ = held(full, metric, times)
    # Of so few hidings the mean may lie below .9 by chance: each is of parties that move together, .05 apart or so.
    assert holds.mean() >= 0.88 - 2 * 0.05 / times**0.5
    assert width.mean() < 0.5


def test_they_are_of_the_form_that_is_promised() -> None:
    full = projected(nx.barabasi_albert_graph(80, 2, seed=2))
    found = intervals_of(full, "degree", 0.9, 0.2)
    assert found.rank.tolist() == ranks(scores(full, "degree").values).tolist()
    assert ((found.low >= 1) & (found.low <= found.rank) & (found.rank <= found.high) & (found.high <= 80)).all()
    assert (found.low * 2 == np.round(found.low * 2)).all()
    assert found.factor >= 1
    # In a band all begin before the first one ends; the first of the next begins behind that.
    order = np.lexsort((found.low, found.rank))
    assert (np.diff(found.band[order]) >= 0).all()
    for band in range(found.band.max() + 1):
        members = order[found.band[order] == band]
        assert (found.low[members] <= found.high[members[0]]).all()
        after = order[found.band[order] == band + 1]
        assert not len(after) or found.low[after[0]] > found.high[members[0]]


def test_more_that_is_missing_or_promised_makes_them_wider() -> None:
    full = projected(nx.barabasi_albert_graph(80, 2, seed=2))

    def width(level: float, missing: float) -> float:
        found = intervals_of(full, "degree", level, missing)
        return float((found.high - found.low).mean())

    assert width(0.5, 0.2) < width(0.9, 0.2) < width(0.9, 0.5)


def test_the_same_seed_gives_the_same_intervals() -> None:
    full = projected(nx.gnp_random_graph(40, 0.1, seed=3, directed=True))
    one, other = (intervals_of(full, "pagerank", 0.9, 0.2) for _ in range(2))
    assert one.low.tolist() == other.low.tolist()
    assert one.high.tolist() == other.high.tolist()


def test_all_alike_are_one_band() -> None:
    found = intervals_of(projected(nx.cycle_graph(30)), "degree", 0.9, 0.2)
    assert set(found.rank) == {15.5}
    assert set(found.band) == {0}


def test_who_stands_out_has_the_interval_that_ends_first() -> None:
    star = nx.star_graph(60)
    found = intervals_of(projected(star), "degree", 0.9, 0.2)
    assert found.rank[0] == found.low[0] == 1
    # Only the hub's interval ends before the middle of the others.
    assert found.high[0] < 31.5 <= found.high[1:].min()


@pytest.mark.parametrize(("parties", "rank"), [((), []), (("a",), [1.0]), (("a", "b", "c"), [2.0, 2.0, 2.0])])
def test_without_ties_nothing_is_known(parties: tuple[str, ...], rank: list[float]) -> None:
    found = intervals_of(network(parties, [], layers=["knows"]), "degree", 0.9, 0.2)
    assert found.rank.tolist() == rank
    assert found.low.tolist() == [1.0] * len(parties)
    assert found.high.tolist() == [float(len(parties))] * len(parties)
    assert found.band.tolist() == [0] * len(parties)


def test_what_makes_no_sense_is_refused() -> None:
    few = projected(nx.path_graph(5))
    for level, missing, field in (
        (0.0, 0.2, "interval"),
        (1.0, 0.2, "interval"),
        (0.9, 0.0, "hidden"),
        (0.9, 0.95, "hidden"),
    ):
        with pytest.raises(InvalidInput, match=rf"^{field}: "):
            intervals_of(few, "degree", level, missing)
    none = np.zeros(0, dtype=int)
    with pytest.raises(InvalidInput, match=r"^draws: must be at least 10"):
        rank_intervals(Links(none, none, np.zeros(0), 2, True), lambda links: np.zeros(links.size), draws=9)


def test_what_takes_too_long_is_refused_beforehand() -> None:
    with pytest.raises(InvalidInput, match=r"^interval: harmonic of 2,000 parties would take [\d,]+ steps"):
        intervals_of(projected(nx.barabasi_albert_graph(2_000, 2, seed=1)), "harmonic", 0.9, 0.2)


def test_so_many_networks_are_scored() -> None:
    counted = []

    def score(links: Links) -> np.ndarray:
        counted.append(len(links))
        return np.bincount(np.concatenate([links.tail, links.head]), minlength=links.size).astype(float)

    full = hidden(projected(nx.barabasi_albert_graph(50, 2, seed=2)), 0.2, 1)
    tail, head = full.adjacency.tocoo().coords
    rank_intervals(Links(tail[tail < head], head[tail < head], np.ones(int((tail < head).sum())), 50, False), score)
    assert len(counted) == rounds(50)
