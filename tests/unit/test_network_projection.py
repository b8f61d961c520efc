"""From columns to the network: which ties count, how strong they are, how they join."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from networks import DEFAULTS, Party, Tie, columns, network

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.networkx_graph import DiNetwork, Network
from graphcrm.network.projection import LEAST_STRENGTH, TieColumns, end_of, project

DAY = datetime(2025, 6, 30, 12)


def strengths(*ties: Tie, **how: object) -> dict[tuple[str, str], float]:
    """The joined graph of ties among a, b and c, by ends."""
    graph = network("abc", ties, **how).to_networkx()
    return {(a, b): weight for a, b, weight in graph.edges(data="weight")}


# ---- strength -------------------------------------------------------------------------------------------


def test_stated_strength_comes_before_count_and_default() -> None:
    assert strengths(Tie("referral", "a", "b", strength=0.25, count=100)) == {("a", "b"): 0.25}


@pytest.mark.parametrize(("count", "expected"), [(10, 0.5), (20, 0.75), (1, 1 - 2**-0.1), (5000, 1.0)])
def test_strength_from_count(count: float, expected: float) -> None:
    assert strengths(Tie("referral", "a", "b", count=count))["a", "b"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", ["family", "partner", "friend", "adviser", "colleague", "other"])
def test_default_strength_by_kind(kind: str) -> None:
    assert strengths(Tie("knows", "a", "b", kind))["a", "b"] == DEFAULTS[kind]


def test_default_strength_without_a_kind_and_by_layer() -> None:
    found = strengths(Tie("knows", "a", "b"), Tie("works_with", "b", "c"), Tie("referral", "c", "a"))
    assert found["a", "b"] == found["b", "a"] == DEFAULTS["other"]
    assert found["b", "c"] == found["c", "b"] == DEFAULTS["works_with"]
    assert found["c", "a"] == DEFAULTS["referral"]
    assert ("a", "c") not in found


def test_zero_means_no_tie() -> None:
    stated, counted = Tie("knows", "a", "b", strength=0), Tie("knows", "b", "c", count=0)
    assert strengths(stated, counted) == {}


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("inf"), float("-inf")])
def test_a_strength_out_of_bounds_is_refused_by_name(strength: float) -> None:
    with pytest.raises(InvalidInput, match=r"KNOWS:a:b:friend .*within 0\.\.1"):
        strengths(Tie("knows", "a", "b", "friend", strength=strength))


@pytest.mark.parametrize("count", [-1, float("inf")])
def test_an_impossible_count_is_refused_by_name(count: float) -> None:
    with pytest.raises(InvalidInput, match="REFERRED:a:b"):
        strengths(Tie("referral", "a", "b", count=count))


def test_parallel_ties_join() -> None:
    found = strengths(Tie("referral", "a", "b", strength=0.5), Tie("knows", "b", "a", strength=0.2))
    assert found == {("a", "b"): pytest.approx(0.6), ("b", "a"): 0.2}
    certain = strengths(Tie("referral", "a", "b", strength=1), Tie("knows", "b", "a", strength=0.2))
    assert certain["a", "b"] == 1.0


def test_logarithms_of_parallel_ties_add_up() -> None:
    parts = [0.1, 0.35, 0.6]
    kinds = ["friend", "family", "other"]
    ties = [Tie("knows", "a", "b", kind, strength=s) for kind, s in zip(kinds, parts, strict=True)]
    joined = strengths(*ties, layers=["knows"])["a", "b"]
    assert np.log1p(-joined) == pytest.approx(np.log1p(-np.array(parts)).sum(), rel=1e-12)


# ---- time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half_lives", [0, 0.5, 1, 3])
def test_events_halve_every_half_life(half_lives: float) -> None:
    at = DAY - timedelta(days=90 * half_lives)
    found = strengths(Tie("referral", "a", "b", strength=0.8, began=at), as_of=DAY, half_life_days=90)
    assert found["a", "b"] == pytest.approx(0.8 * 0.5**half_lives, rel=1e-12)


def test_events_fade_from_their_last_date() -> None:
    tie = Tie("referral", "a", "b", strength=0.8, began=DAY - timedelta(days=900), last=DAY - timedelta(days=180))
    assert strengths(tie, as_of=DAY)["a", "b"] == pytest.approx(0.4)


def test_undated_events_and_standing_ties_do_not_fade() -> None:
    long_ago = datetime(2001, 1, 1)
    found = strengths(Tie("referral", "a", "b"), Tie("knows", "b", "c", "friend", began=long_ago, last=long_ago))
    assert found["a", "b"] == DEFAULTS["referral"]
    assert found["b", "c"] == DEFAULTS["friend"]


def test_no_tie_fades_away_altogether() -> None:
    found = strengths(Tie("referral", "a", "b", began=datetime(1900, 1, 1)))
    assert found["a", "b"] == LEAST_STRENGTH


def test_a_tie_counts_from_its_first_day_to_its_last() -> None:
    tie = Tie("knows", "a", "b", began=date(2025, 3, 1), ended=date(2025, 3, 31))
    counts = {
        day: len(strengths(tie, as_of=day, layers=["knows"]))
        for day in (date(2025, 2, 28), date(2025, 3, 1), date(2025, 3, 31), date(2025, 4, 1))
    }
    assert list(counts.values()) == [0, 1, 1, 0]


def test_a_day_means_its_end_in_utc() -> None:
    assert end_of(date(2025, 1, 31)) == np.datetime64("2025-01-31T23:59:59.999999")
    east = datetime(2025, 1, 31, 7, tzinfo=timezone(timedelta(hours=8)))
    assert end_of(east) == np.datetime64("2025-01-30T23:00")
    late = Tie("referral", "a", "b", began=datetime(2025, 1, 31, 23, 59, tzinfo=UTC))
    assert strengths(late, as_of=date(2025, 1, 31))
    assert not strengths(late, as_of=datetime(2025, 1, 31, 23, 58))


def test_parties_exist_from_their_creation_or_their_first_tie() -> None:
    parties = [
        Party("new", created_at=datetime(2025, 5, 1)),
        Party("old", created_at=datetime(2020, 5, 1)),
        Party("undated"),
        Party("tied", created_at=datetime(2025, 5, 1)),
    ]
    ties = [Tie("referral", "old", "tied", began=datetime(2025, 1, 1))]
    assert network(parties, ties, as_of=date(2025, 2, 1)).ids.tolist() == ["old", "tied", "undated"]
    assert network(parties, ties, as_of=date(2024, 2, 1)).ids.tolist() == ["old", "undated"]
    assert len(network(parties, ties, as_of=date(2025, 5, 1))) == 4


# ---- interactions ---------------------------------------------------------------------------------------


def test_interactions_join_to_one_tie_per_sender_and_receiver() -> None:
    days = [DAY, DAY - timedelta(days=1), DAY + timedelta(days=1)]
    ties = [Tie("interaction", "a", "b", began=day) for day in days] + [Tie("interaction", "b", "a", began=DAY)]
    found = network("ab", ties, as_of=DAY).ties
    assert found.id.tolist() == ["INTERACTED_WITH:a:b", "INTERACTED_WITH:b:a"]
    assert found.count.tolist() == [2, 1]
    assert found.last[0] == np.datetime64(DAY)
    assert found.at[0] == np.datetime64(DAY - timedelta(days=1))
    assert found.strength == pytest.approx([1 - 2**-0.2, 1 - 2**-0.1])


def test_counted_and_undated_interactions() -> None:
    found = network("ab", [Tie("interaction", "a", "b", count=7), Tie("interaction", "a", "b", count=3)]).ties
    assert found.strength.tolist() == [pytest.approx(0.5)]
    assert np.isnat(found.last[0])


def test_ids_in_interactions_are_quoted() -> None:
    assert network(["a:b", "c"], [Tie("interaction", "a:b", "c")]).ties.id.tolist() == ["INTERACTED_WITH:a%3Ab:c"]


# ---- layers and shape -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "kind"),
    [
        (["knows"], Network),
        (["works_with", "knows"], Network),
        (["knows", "referral"], DiNetwork),
        (["interaction"], DiNetwork),
        (None, DiNetwork),
    ],
)
def test_layers_alone_decide_the_direction(layers: list[str] | None, kind: type) -> None:
    graph = network("ab", [Tie("knows", "a", "b")], layers).to_networkx()
    assert type(graph) is kind


def test_ties_of_other_layers_are_left_out() -> None:
    ties = [Tie("knows", "a", "b"), Tie("referral", "b", "c")]
    assert strengths(*ties, layers=["referral"]) == {("b", "c"): DEFAULTS["referral"]}


@pytest.mark.parametrize("layers", [["friends"], []])
def test_unknown_or_no_layers_are_refused_with_those_that_exist(layers: list[str]) -> None:
    with pytest.raises(InvalidInput, match="referral, knows, works_with, interaction") as refused:
        network("ab", layers=layers)
    assert refused.value.field == "layers"


def test_parties_stand_in_utf8_order() -> None:
    ids = ["é", "z", "Z", "中", "😀", "\uffee", "10", "9"]
    assert network(ids).ids.tolist() == sorted(ids, key=lambda i: i.encode())


def test_self_loops_are_left_out_and_counted() -> None:
    found = network("ab", [Tie("knows", "a", "a"), Tie("knows", "a", "b")])
    assert found.self_loops == 1
    assert len(found.ties) == 1


def test_a_tie_to_nobody_and_a_double_party_are_refused() -> None:
    with pytest.raises(InvalidInput, match="REFERRED 'a' -> 'x'"):
        network("ab", [Tie("referral", "a", "x")])
    with pytest.raises(InvalidInput, match="Two parties have the id 'a'"):
        network("aba")
    with pytest.raises(InvalidInput, match="different lengths"):
        TieColumns(["a"], [], ["A"], [None])
    with pytest.raises(InvalidInput, match="half-life"):
        network("ab", half_life_days=0)


def test_nobody_and_somebody_alone() -> None:
    assert len(network([])) == 0
    assert network([]).to_networkx().number_of_nodes() == 0
    assert network("a").to_networkx().nodes(data=True)["a"] == {"label": "Customer", "name": "Party a"}
    with pytest.raises(NotFound, match="'x'"):
        network("a").position("x")


def test_networkx_gets_strength_and_length() -> None:
    graph = network([Party("a", "Contact", "安"), Party("b", "Customer", "Bo")], [Tie("knows", "a", "b", strength=0.3)])
    graph = graph.to_networkx()
    assert dict(graph.nodes(data=True)) == {
        "a": {"label": "Contact", "name": "安"},
        "b": {"label": "Customer", "name": "Bo"},
    }
    assert graph.edges["b", "a"]["weight"] == 0.3
    assert graph.edges["a", "b"]["length"] == pytest.approx(1 / 0.3, rel=1e-9)


def test_sums_of_lengths_are_exact_in_any_order() -> None:
    lengths = network("abcd", [
        Tie("referral", "a", "b", strength=0.7),
        Tie("referral", "b", "c", strength=0.9),
        Tie("referral", "c", "d", strength=0.3),
    ]).lengths.data  # fmt: skip
    assert lengths[0] + lengths[1] + lengths[2] == lengths[2] + lengths[1] + lengths[0] == lengths.sum()


def test_arrays_serve_as_columns() -> None:
    plain = columns("abc", [Tie("knows", "a", "b", began=DAY), Tie("interaction", "b", "c", began=DAY)])
    nat = np.full(2, np.datetime64("NaT"), dtype="datetime64[us]")
    arrays = TieColumns(
        *(np.array(getattr(plain, f"party_{name}"), dtype=object) for name in ("ids", "labels", "names")),
        np.full(3, np.datetime64("NaT"), dtype="datetime64[us]"),
        *(np.array(getattr(plain, name), dtype=object) for name in ("tie_ids", "types", "layers", "source_ids")),
        *(np.array(getattr(plain, name), dtype=object) for name in ("target_ids", "kinds")),
        np.full(2, np.nan),
        np.full(2, np.nan),
        np.array([DAY, DAY], dtype="datetime64[us]"),
        nat,
        nat,
    )
    one, other = (project(c, None, DAY, 180, DEFAULTS) for c in (plain, arrays))
    assert (one.adjacency != other.adjacency).nnz == 0
    assert one.ids.tolist() == other.ids.tolist()


def test_a_large_network_takes_seconds() -> None:
    size, count = 100_000, 500_000
    random = np.random.default_rng(3)
    ends = random.integers(0, size, (2, count))
    layers = np.array(["referral", "knows", "works_with", "interaction"], dtype=object)[random.integers(0, 4, count)]
    ids = np.array([f"C{i}" for i in range(size)], dtype=object)
    nat = np.full(count, np.datetime64("NaT"), dtype="datetime64[us]")
    rows = TieColumns(
        ids, ["Customer"] * size, ids, nat[:size], [""] * count, layers, layers, ids[ends[0]], ids[ends[1]],
        [None] * count, np.full(count, np.nan), np.full(count, np.nan), nat, nat, nat,
    )  # fmt: skip
    started = time.process_time()
    found = project(rows, None, date(2025, 1, 1), 180, DEFAULTS)
    assert len(found) == size
    assert time.process_time() - started < 10  # 1.5 s where this was written
