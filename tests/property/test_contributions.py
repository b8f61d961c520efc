"""What parallel ties contribute adds up to the strength that they have together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Tie, network, tie_rows

from graphcrm.network.contributions import contributions
from graphcrm.network.graph import STRENGTH_RULES
from graphcrm.network.projection import LEAST_STRENGTH

STRENGTHS = st.lists(st.floats(LEAST_STRENGTH, 1), min_size=1, max_size=9).map(np.array)


@settings(max_examples=300, deadline=None)
@given(strengths=STRENGTHS)
def test_contributions_add_up(strengths: np.ndarray) -> None:
    joined = 1 - math.prod(1 - s for s in strengths)
    found = contributions(strengths, joined)
    assert math.fsum(found) == pytest.approx(joined, rel=1e-12, abs=0)
    assert (found >= 0).all()
    order = np.argsort(strengths)
    assert (np.diff(found[order]) >= -1e-15).all(), "who is stronger contributes no less"
    # Rounding may leave a contribution above the strength by its last digit.
    assert (found <= strengths * (1 + 1e-9) + 1e-15).all(), "no tie contributes more than it has alone"


@settings(max_examples=150, deadline=None)
@given(rows=tie_rows(most=3))
def test_every_strength_of_a_network_is_made_of_its_ties(rows: tuple[list[str], list[Tie]]) -> None:
    net = network(*rows)
    for source, target in zip(*net.adjacency.nonzero(), strict=True):
        ties = net.ties.take(net.ties_between(source, target))
        joined = float(net.adjacency[source, target])
        assert joined == pytest.approx(1 - math.prod(1 - s for s in ties.strength), rel=1e-3, abs=1e-12)
        assert math.fsum(contributions(ties.strength, joined)) == pytest.approx(joined, rel=1e-12, abs=0)
        assert (ties.strength <= np.maximum(ties.unfaded, LEAST_STRENGTH)).all()


def test_rules_say_where_a_strength_comes_from() -> None:
    ties = [
        Tie("knows", "a", "b", "friend", 0.4, 7),
        Tie("knows", "a", "b", "family", None, 10),
        Tie("knows", "a", "b", "other"),
        Tie("interaction", "a", "b"),
    ]
    found = network("ab", ties).ties
    rows = zip(found.kind, found.rule, found.unfaded, strict=True)
    told = {kind: (STRENGTH_RULES[rule], unfaded) for kind, rule, unfaded in rows}
    assert told["friend"] == ("stated", 0.4)
    assert told["family"] == ("counted", pytest.approx(0.5))
    assert told["other"][0] == "default"
    assert told[None] == ("counted", pytest.approx(1 - 2 ** (-1 / 10)))
