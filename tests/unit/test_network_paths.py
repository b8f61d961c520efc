"""Paths: what counts as best, what a step says, and the bounds."""

from __future__ import annotations

import math
import time
from datetime import date, datetime

import networkx as nx
import numpy as np
import pytest
from networks import DEFAULTS, Tie, directed, network

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.graph import Projection
from graphcrm.network.paths import MAX_HOPS, best_paths, referral_paths
from graphcrm.network.projection import TieColumns, project


def referrals(*ties: tuple[str, str, float]) -> Projection:
    parties = sorted({party for a, b, _ in ties for party in (a, b)})
    return network(parties, [Tie("referral", a, b, strength=s) for a, b, s in ties], ["referral"])


def routes(found: Projection, source: str, target: str, **how: object) -> list[str]:
    return ["".join(path.party_ids) for path in best_paths(found, source, target, **how)]


def test_fewest_hops_then_strongest_then_ids() -> None:
    found = referrals(
        ("s", "a", 0.1), ("a", "t", 0.9), ("s", "b", 0.5), ("b", "t", 0.5), ("s", "c", 0.5), ("c", "t", 0.5),
        ("s", "d", 1.0), ("d", "e", 1.0), ("e", "t", 1.0),
    )  # fmt: skip
    assert routes(found, "s", "t", by="hops", k=9) == ["sbt", "sct", "sat", "sdet"]
    assert routes(found, "s", "t", by="strength", k=9) == ["sdet", "sbt", "sct", "sat"]


def test_of_equally_strong_paths_the_one_of_fewest_hops() -> None:
    found = referrals(("s", "t", 1.0), ("s", "a", 1.0), ("a", "t", 1.0))
    assert routes(found, "s", "t", by="strength", k=2) == ["st", "sat"]


def test_products_are_equal_whatever_the_order_of_their_factors() -> None:
    found = referrals(
        ("s", "b", 0.7), ("b", "c", 0.9), ("c", "t", 0.3), ("s", "a", 0.3), ("a", "d", 0.7), ("d", "t", 0.9)
    )
    assert routes(found, "s", "t", by="strength", k=2) == ["sadt", "sbct"]


def test_a_bound_on_hops_may_force_a_dearer_way_to_a_party() -> None:
    # To v by a is stronger, but leaves no hop for the strong way on from v.
    found = referrals(
        ("s", "a", 0.9), ("a", "v", 0.9), ("s", "v", 0.5), ("v", "t", 0.1), ("v", "b", 0.9), ("b", "t", 0.9)
    )
    assert routes(found, "s", "t", by="strength", max_hops=3, k=3) == ["svbt", "savt", "svt"]
    assert routes(found, "s", "t", by="strength", max_hops=4) == ["savbt"]


def test_paths_follow_direction_and_mutual_ties_go_both_ways() -> None:
    ties = [Tie("referral", "a", "b"), Tie("knows", "b", "c"), Tie("works_with", "c", "d")]
    found = network("abcd", ties)
    assert routes(found, "a", "d") == ["abcd"]
    assert routes(found, "d", "b") == ["dcb"]
    assert routes(found, "d", "a") == []


def test_a_step_names_its_parallel_ties_strongest_first() -> None:
    ties = [
        Tie("referral", "a", "b", strength=0.4),
        Tie("knows", "b", "a", "friend", strength=0.6),
        Tie("knows", "a", "b", "other", strength=0.6),
        Tie("interaction", "b", "a", began=datetime(2025, 1, 1)),
    ]
    (path,) = best_paths(network("ab", ties), "a", "b")
    assert path.ties == [
        {
            "source": "a",
            "target": "b",
            "types": ["KNOWS", "REFERRED"],
            "ids": ["KNOWS:a:b:other", "KNOWS:b:a:friend", "REFERRED:a:b"],
            "strength": pytest.approx(1 - 0.4 * 0.4 * 0.6),
        }
    ]
    assert path.strength == path.ties[0]["strength"]
    assert path.hops == 1


def test_as_of_hides_what_came_later() -> None:
    ties = [
        Tie("referral", "a", "b", began=datetime(2025, 3, 1)),
        Tie("referral", "b", "c", began=datetime(2025, 2, 1)),
    ]
    assert routes(network("abc", ties, as_of=date(2025, 2, 28)), "a", "c") == []
    assert routes(network("abc", ties, as_of=date(2025, 3, 1)), "a", "c") == ["abc"]


def test_a_long_chain_within_the_bound() -> None:
    chain = directed(nx.path_graph([f"n{i:03}" for i in range(MAX_HOPS + 2)], create_using=nx.DiGraph))
    for by in ("hops", "strength"):
        (path,) = best_paths(chain, "n000", f"n{MAX_HOPS:03}", by, k=3, max_hops=MAX_HOPS)
        assert path.hops == MAX_HOPS
        assert path.strength == pytest.approx(DEFAULTS["referral"] ** MAX_HOPS)
        assert best_paths(chain, "n000", f"n{MAX_HOPS + 1:03}", by, max_hops=MAX_HOPS) == []
        assert best_paths(chain, "n000", "n005", by, max_hops=4) == []


def test_referral_paths_run_on_referrals_alone() -> None:
    found = referrals(("a", "b", 0.5), ("b", "d", 0.5), ("a", "c", 0.9), ("c", "d", 0.9))
    assert [path.party_ids for path in referral_paths(found, "a", "d", k=5)] == [["a", "c", "d"], ["a", "b", "d"]]
    with pytest.raises(InvalidInput, match="referral alone"):
        referral_paths(network("ab"), "a", "b")


@pytest.mark.parametrize(
    ("source", "target", "how", "field"),
    [
        ("a", "a", {}, "target"),
        ("a", "b", {"by": "luck"}, "by"),
        ("a", "b", {"k": 0}, "k"),
        ("a", "b", {"max_hops": 0}, "max_hops"),
        ("a", "b", {"max_hops": MAX_HOPS + 1}, "max_hops"),
    ],
)
def test_what_makes_no_sense_is_refused(source: str, target: str, how: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        best_paths(network("ab"), source, target, **how)
    assert refused.value.field == field


@pytest.mark.parametrize(("source", "target"), [("a", "x"), ("x", "a")])
def test_an_unknown_party(source: str, target: str) -> None:
    with pytest.raises(NotFound, match="'x'"):
        best_paths(network("ab"), source, target)


def test_no_tie_no_path() -> None:
    assert best_paths(network("ab"), "a", "b", k=3) == []


def test_a_large_network_answers_at_once() -> None:
    size, count = 100_000, 500_000
    random = np.random.default_rng(5)
    ends = random.integers(0, size, (2, count))
    ids = np.array([f"C{i:06}" for i in range(size)], dtype=object)
    nat = np.full(count, np.datetime64("NaT"), dtype="datetime64[us]")
    rows = TieColumns(
        ids, ["Customer"] * size, ids, nat[:size], [""] * count, ["REFERRED"] * count, ["referral"] * count,
        ids[ends[0]], ids[ends[1]], [None] * count, random.uniform(0.1, 1, count),
        np.full(count, np.nan), nat, nat, nat,
    )  # fmt: skip
    found = project(rows, ["referral"], date(2025, 1, 1), math.inf, DEFAULTS)
    started = time.process_time()
    for by in ("hops", "strength"):
        assert len(best_paths(found, ids[1], ids[2], by, k=10, max_hops=20)) == 10
    assert time.process_time() - started < 5  # .4 s where this was written
