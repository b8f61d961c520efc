"""First referrers, chains, trees, and the revenue below each party."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphcrm.errors import InvalidInput
from graphcrm.network.referrals import Referrals, first_referrals

JANUARY, FEBRUARY = datetime(2025, 1, 5), datetime(2025, 2, 5)


def built(*rows: tuple[str, str, Any]) -> Referrals:
    return first_referrals(*([row[i] for row in rows] for i in range(3)))


def chain(referrals: Referrals, party: str) -> str:
    return "".join(link.party_id for link in referrals.chain(party))


def test_the_earliest_referrer_is_the_first() -> None:
    assert built(("b", "x", JANUARY), ("a", "x", FEBRUARY)).referrer == {"x": "b"}
    assert built(("b", "x", FEBRUARY), ("a", "x", None)).referrer == {"x": "b"}
    assert built(("b", "x", JANUARY), ("a", "x", JANUARY)).referrer == {"x": "a"}
    assert built(("b", "x", None), ("a", "x", None)).referrer == {"x": "a"}
    assert built(("x", "x", None)).referrer == {}


def test_dates_may_come_as_an_array() -> None:
    at = np.array(["2025-02-05", "2025-01-05", "NaT"], dtype="datetime64[us]")
    referrals = first_referrals(["a", "b", "c"], ["x", "x", "y"], at)
    assert referrals.referrer == {"x": "b", "y": "c"}
    assert referrals.at == {"x": np.datetime64("2025-01-05", "us"), "y": None}


def test_a_chain_leads_from_the_first_referrer_down() -> None:
    links = built(("a", "b", JANUARY), ("b", "c", None), ("z", "c", None)).chain("c")
    assert [(link.party_id, link.at) for link in links] == [("a", None), ("b", JANUARY), ("c", None)]


def test_who_was_referred_by_nobody_is_its_own_chain() -> None:
    assert chain(built(("a", "b", None)), "a") == "a"
    assert chain(built(), "nobody") == "nobody"


def test_a_circle_of_referrals_ends() -> None:
    circle = built(("a", "b", None), ("b", "c", None), ("c", "a", None), ("c", "d", None))
    assert chain(circle, "a") == "bca"
    assert chain(circle, "d") == "abcd"
    tree = circle.tree("a", {party: {"EUR": Decimal(1)} for party in "abcd"})
    assert [(item.party_id, item.depth) for item in tree.items] == [("b", 1), ("c", 2), ("d", 3)]
    assert tree.revenue == {"EUR": Decimal(4)}


def test_a_tree_is_listed_by_depth_then_date_then_id() -> None:
    rows = [("r", "z", JANUARY), ("r", "b", FEBRUARY), ("r", "a", None), ("a", "c", JANUARY), ("z", "y", FEBRUARY)]
    tree = built(*rows, ("other", "q", JANUARY)).tree("r")
    assert [(i.party_id, i.referrer_id, i.depth, i.at) for i in tree.items] == [
        ("z", "r", 1, JANUARY),
        ("b", "r", 1, FEBRUARY),
        ("a", "r", 1, None),
        ("c", "a", 2, JANUARY),
        ("y", "z", 2, FEBRUARY),
    ]
    assert not tree.truncated
    assert tree.root == "r"


def test_revenue_is_exact_by_currency_and_goes_up_the_tree() -> None:
    own = {
        "r": {"EUR": Decimal("0.1")},
        "a": {"EUR": Decimal("0.2"), "CNY": Decimal("-5.0001")},
        "b": {"CNY": Decimal("7.0002")},
        "elsewhere": {"EUR": Decimal(1000)},
    }
    tree = built(("r", "a", None), ("a", "b", None), ("a", "c", None)).tree("r", own)
    assert [(item.party_id, item.own_revenue, item.revenue) for item in tree.items] == [
        ("a", own["a"], {"EUR": Decimal("0.2"), "CNY": Decimal("2.0001")}),
        ("b", own["b"], own["b"]),
        ("c", {}, {}),
    ]
    assert tree.own_revenue == {"EUR": Decimal("0.1")}
    assert tree.revenue == {"EUR": Decimal("0.3"), "CNY": Decimal("2.0001")}
    assert own["a"] == {"EUR": Decimal("0.2"), "CNY": Decimal("-5.0001")}


def test_bounds_cut_the_list_but_not_the_revenue() -> None:
    referrals = built(("r", "a", None), ("a", "b", None), ("b", "c", None), ("r", "d", None))
    own = {party: {"EUR": Decimal(1)} for party in "rabcd"}
    shallow = referrals.tree("r", own, max_depth=2)
    assert [item.party_id for item in shallow.items] == ["a", "d", "b"]
    assert shallow.truncated
    assert shallow.revenue == {"EUR": Decimal(5)}
    assert shallow.items[0].revenue == {"EUR": Decimal(3)}
    few = referrals.tree("r", own, limit=1)
    assert [item.party_id for item in few.items] == ["a"]
    assert few.truncated
    assert not referrals.tree("r", limit=4, max_depth=3).truncated


@pytest.mark.parametrize("bound", ["max_depth", "limit"])
def test_a_bound_below_one_is_refused(bound: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        built().tree("r", **{bound: 0})
    assert refused.value.field == bound


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(InvalidInput):
        first_referrals(["a"], [], [None])


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"), st.none() | st.integers(0, 3)), max_size=25
    )
)
def test_trees_and_chains_agree(rows: list[tuple[str, str, int | None]]) -> None:
    referrals = built(*rows)
    own = {party: {"EUR": Decimal(2) ** i} for i, party in enumerate("abcdefgh")}
    for root in "abcdefgh":
        tree = referrals.tree(root, own)
        for item in tree.items:
            upward = [link.party_id for link in referrals.chain(item.party_id)][::-1]
            # In a circle the chain may stop short of the root, or have it anywhere.
            assert root not in upward or upward.index(root) == item.depth
        counted = {root, *(item.party_id for item in tree.items)}
        assert tree.revenue["EUR"] == sum(own[party]["EUR"] for party in counted)
        assert len(counted) == len(tree.items) + 1
        for party in "abcdefgh":
            above = [link.party_id for link in referrals.chain(party)]
            if root in above:
                assert party in counted
