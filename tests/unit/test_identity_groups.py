"""Groups of duplicates against a plain reading of the rule: never two that contradict each other, strongest first."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from graphcrm.identity.groups import components, consistent_groups, unscored_pairs

PAIRS = list(combinations(range(7), 2))
WEIGHTS = st.dictionaries(st.sampled_from(PAIRS), st.integers(-20, 20).map(float))
CONTRADICTED = st.sets(st.sampled_from(PAIRS), max_size=6)


@settings(max_examples=300)
@given(WEIGHTS, CONTRADICTED)
def test_no_group_holds_a_contradiction(
    weights: dict[tuple[int, int], float], contradicted: set[tuple[int, int]]
) -> None:
    groups = consistent_groups(weights, 0.0, contradicted)
    assert groups == sorted(sorted(group) for group in groups)
    members = [member for group in groups for member in group]
    assert len(members) == len(set(members))
    for group in groups:
        assert not set(combinations(group, 2)) & contradicted
        links = [pair for pair in combinations(group, 2) if weights.get(pair, -1) >= 0]
        assert components(links, 7) == [group]


@settings(max_examples=300)
@given(WEIGHTS, CONTRADICTED)
def test_no_two_groups_are_left_that_could_be_one(
    weights: dict[tuple[int, int], float], contradicted: set[tuple[int, int]]
) -> None:
    groups = consistent_groups(weights, 0.0, contradicted)
    group_of = {member: tuple(group) for group in groups for member in group}
    for pair, weight in weights.items():
        one, other = (group_of.get(end, (end,)) for end in pair)
        if weight >= 0 and one != other:
            across = {(min(a, b), max(a, b)) for a in one for b in other}
            assert across & contradicted


@given(WEIGHTS, CONTRADICTED, st.randoms())
def test_order_of_the_pairs_makes_no_difference(
    weights: dict[tuple[int, int], float], contradicted: set[tuple[int, int]], chance: object
) -> None:
    shuffled = list(weights.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert consistent_groups(dict(shuffled), 0.0, contradicted) == consistent_groups(weights, 0.0, contradicted)


def test_without_contradictions_groups_are_what_is_linked() -> None:
    weights = {(0, 1): 5.0, (1, 2): 1.0, (3, 4): 2.0, (4, 5): -1.0}
    assert consistent_groups(weights, 0.0, ()) == [[0, 1, 2], [3, 4]] == components([(0, 1), (1, 2), (3, 4)], 6)


def test_the_weaker_link_yields() -> None:
    assert consistent_groups({(1, 2): 5.0, (2, 3): 6.0}, 0.0, {(1, 3)}) == [[2, 3]]


def test_pairs_never_compared() -> None:
    assert unscored_pairs([5, 1, 3], {(1, 5)}) == [(1, 3), (3, 5)]
    assert components([], 3) == []
