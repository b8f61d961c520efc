"""Whom to tell first: against every world there is, and every choice there is, on small networks."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphcrm.errors import InvalidInput
from graphcrm.network.spread import MODELS, seed_set, simulated

SIZE = 6
PROBABILITIES = (0.1, 0.3, 0.5, 0.9, 1.0)

Slots = dict[tuple[int, int], float]


@st.composite
def slots(draw: Any) -> Slots:
    ends = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda pair: pair[0] != pair[1])
    pairs = draw(st.sets(ends, min_size=2, max_size=7))
    return {pair: draw(st.sampled_from(PROBABILITIES)) for pair in sorted(pairs)}


def passing(slots: Slots, size: int = SIZE) -> Any:
    ends = np.array(list(slots), dtype=int).reshape(-1, 2).T
    return sparse.csr_array((np.array(list(slots.values()), dtype=float), tuple(ends)), shape=(size, size))


def worlds(slots: Slots, model: str) -> list[tuple[float, list[tuple[int, int]]]]:
    """Every set of ties along which word may pass, with its chance; by threshold one tie at most leads to a party."""
    if model == "cascade":
        ties = list(slots)
        return [
            (
                float(np.prod([slots[tie] if on else 1 - slots[tie] for tie, on in zip(ties, live, strict=True)])),
                [tie for tie, on in zip(ties, live, strict=True) if on],
            )
            for live in product((False, True), repeat=len(ties))
        ]
    told: dict[int, list[tuple[float, list[tuple[int, int]]]]] = {}
    for head in {head for _, head in slots}:
        into = {tie: p for tie, p in slots.items() if tie[1] == head}
        total = max(sum(into.values()), 1.0)
        told[head] = [(p / total, [tie]) for tie, p in into.items()]
        told[head].append((1 - sum(p for p, _ in told[head]), []))
    return [
        (float(np.prod([p for p, _ in choice])), [tie for _, ties in choice for tie in ties])
        for choice in product(*told.values())
    ]


def expected(slots: Slots, seeds: Any, model: str) -> float:
    total = 0.0
    for chance, ties in worlds(slots, model):
        reached = set(seeds)
        while more := {head for tail, head in ties if tail in reached} - reached:
            reached |= more
        total += chance * len(reached)
    return total


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=25, deadline=None)
@given(slots=slots(), seeds=st.sets(st.integers(0, SIZE - 1), min_size=1, max_size=3))
def test_simulations_come_to_what_all_worlds_do(model: Any, slots: Slots, seeds: set[int]) -> None:
    rounds = 4_000
    reached = simulated(passing(slots), np.array(sorted(seeds)), rounds, seed=11, model=model)
    allowed = 4.5 * max(float(reached.std()), 0.1) / rounds**0.5
    assert reached.mean() == pytest.approx(expected(slots, seeds, model), abs=allowed)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=25, deadline=None)
@given(slots=slots(), k=st.integers(1, 3), barred=st.sets(st.integers(0, SIZE - 1), max_size=2))
def test_a_plain_choice_keeps_its_word(model: Any, slots: Slots, k: int, barred: set[int]) -> None:
    allowed = np.array([node not in barred for node in range(SIZE)])
    found = seed_set(passing(slots), k, allowed=allowed, model=model, epsilon=0.1)
    assert not barred & set(found.seeds.tolist())
    assert len(found.seeds) <= k
    choices = combinations(np.flatnonzero(allowed).tolist(), k)
    check(found, slots, max(expected(slots, choice, model) for choice in choices), model)


@settings(max_examples=25, deadline=None)
@given(
    slots=slots(),
    cost=st.lists(st.sampled_from([0.5, 1.0, 2.0, 5.0]), min_size=SIZE, max_size=SIZE),
    budget=st.sampled_from([1.0, 3.0, 6.0]),
)
def test_a_budget_is_kept_and_so_is_the_word(slots: Slots, cost: list[float], budget: float) -> None:
    found = seed_set(passing(slots), budget=budget, cost=np.array(cost), epsilon=0.1)
    assert sum(cost[node] for node in found.seeds) <= budget
    choices = [
        choice
        for count in range(SIZE + 1)
        for choice in combinations(range(SIZE), count)
        if sum(cost[node] for node in choice) <= budget
    ]
    check(found, slots, max(expected(slots, choice, "cascade") for choice in choices), "cascade")


def check(found: Any, slots: Slots, best: float, model: str) -> None:
    true = expected(slots, found.seeds.tolist(), model)
    assert true >= found.guarantee * best - 1e-9
    assert found.lower <= true + 1e-9
    assert found.upper >= best - 1e-9
    assert true >= found.certificate * best - 1e-9
    assert found.spread == pytest.approx(true, abs=0.35)
    assert found.low <= found.spread <= found.high
    assert found.gains.sum() == pytest.approx(true, abs=1.0)


def hubs(random: np.random.Generator) -> Any:
    """Twenty hubs that reach the same 150 parties, and twenty others that reach 60 of their own each."""
    first = {(hub, 100 + int(head)): 0.5 for hub in range(20) for head in random.choice(150, 120, replace=False)}
    second = {(hub, 300 + 60 * (hub - 20) + head): 0.5 for hub in range(20, 40) for head in range(60)}
    return passing(first | second, 300 + 60 * 20)


def test_where_hubs_overlap_it_beats_degree_pagerank_and_chance() -> None:
    import networkx as nx

    network = hubs(np.random.default_rng(3))
    degree = np.diff(network.indptr)
    reverse = nx.from_scipy_sparse_array(network.T, create_using=nx.DiGraph)
    rank = nx.pagerank(reverse, weight="weight")
    others = {
        "degree": np.argsort(-degree, kind="stable")[:10],
        "pagerank": np.array(sorted(rank, key=lambda node: -rank[node])[:10]),
        "chance": np.random.default_rng(5).choice(network.shape[0], 10, replace=False),
    }
    found = seed_set(network, 10)
    ours = simulated(network, found.seeds, 2_000, seed=99)
    for name, seeds in others.items():
        # The same draws for both, so that the difference of each round counts.
        ahead = ours - simulated(network, seeds, 2_000, seed=99)
        assert ahead.mean() > 4 * ahead.std() / len(ahead) ** 0.5, name


def test_the_same_seed_gives_the_same_choice() -> None:
    network = hubs(np.random.default_rng(3))
    one, other = (seed_set(network, 5, seed=4) for _ in range(2))
    assert one.seeds.tolist() == other.seeds.tolist()
    assert (one.spread, one.lower, one.upper) == (other.spread, other.lower, other.upper)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "k"),
        ({"k": 0}, "k"),
        ({"k": 4}, "k"),
        ({"k": 1, "budget": 1.0}, "k"),
        ({"k": 2, "allowed": [True, False, False]}, "k"),
        ({"budget": 0.0}, "budget"),
        ({"budget": float("nan")}, "budget"),
        ({"budget": 1.0, "cost": [1.0, 0.0, 1.0]}, "cost"),
        ({"k": 1, "epsilon": 0.7}, "epsilon"),
        ({"k": 1, "model": "rumour"}, "model"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^{field}: "):
        seed_set(passing({(0, 1): 0.5}, 3), **wrong)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_a_probability_is_one(probability: float) -> None:
    with pytest.raises(InvalidInput, match=r"^probability: "):
        seed_set(passing({(0, 1): probability}, 3), 1)
