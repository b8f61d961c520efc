"""With whom to begin, on both engines: who may be chosen, what is said of the choice, and in whose words."""

from __future__ import annotations

import pytest

from graphcrm import Graph, InvalidInput, NotFound


@pytest.fixture
def stars(graph: Graph) -> Graph:
    """A referred nine, B seven of the same and one more, C four of its own; nobody else referred anyone."""
    ids = ["A", "B", "C", *(f"P{n:02}" for n in range(14))]
    graph.records.upsert("customers", [{"id": id_, "name": f"Party {id_}"} for id_ in ids])
    brought = {"A": range(9), "B": range(2, 10), "C": range(10, 14)}
    ties = [
        {"type": "REFERRED", "source_id": one, "target_id": f"P{n:02}"} for one, whom in brought.items() for n in whom
    ]
    assert graph.records.upsert("ties", ties).created == len(ties)
    return graph


def test_who_overlaps_is_passed_over(stars: Graph) -> None:
    frame = stars.seed_set(2, ["referral"], probability=1.0)
    # By degree it would be A and B.
    assert frame.party_id.tolist() == ["A", "C"]
    assert frame["rank"].tolist() == [1, 2]
    assert frame.cost.tolist() == [1.0, 1.0]
    said = frame.attrs
    # Strengths of referrals are below 1, so that word does not pass for sure.
    strength = stars.network(["referral"])["A"]["P00"]["weight"]
    assert said["spread"] == pytest.approx(2 + 13 * strength, abs=0.3)
    assert said["low"] <= said["spread"] <= said["high"]
    assert frame.gain.sum() == pytest.approx(said["spread"], abs=1.5)
    assert said["lower"] <= 2 + 13 * strength <= said["upper"]
    assert said["certificate"] >= said["guarantee"] == pytest.approx(1 - 0.36787944 - 0.1)
    assert (said["eligible"], said["parties"], said["seed"]) == (17, 17, 7)
    assert not said["cut"]
    assert frame.reason[0].startswith("adds ")
    assert "referred 9 customers" in frame.reason[0]
    assert stars.seed_set(2, ["referral"], probability=1.0, language="zh").reason[0].startswith("新增 ")


def test_who_may_be_chosen(stars: Graph) -> None:
    stars.records.upsert("segments", [{"id": "S", "name": "Some"}])
    stars.records.upsert("ties", [{"type": "MEMBER_OF", "source_id": id_, "target_id": "S"} for id_ in ("B", "P03")])
    assert stars.seed_set(1, ["referral"], segment="S").party_id.tolist() == ["B"]
    assert stars.seed_set(1, ["referral"], exclude=["A", "B"]).party_id.tolist() == ["C"]
    decisions = [("B", True), ("C", True), ("A", False)]
    about = {"channel": "email", "purpose": "marketing", "at": "2025-01-01"}
    rows = [{"id": f"D{id_}", "party_id": id_, "granted": yes, **about} for id_, yes in decisions]
    assert stars.records.upsert("consents", rows).created == 3
    asked = stars.seed_set(2, ["referral"], channel="email", probability=1.0)
    assert asked.party_id.tolist() == ["B", "C"]
    assert asked.attrs["eligible"] == 2
    with pytest.raises(InvalidInput, match=r"^k: must lie between 1 and the 2 who may be chosen"):
        stars.seed_set(3, channel="email")


def test_a_budget(stars: Graph) -> None:
    costs = {"A": 5.0, "B": 2.0, "C": 1.0}
    frame = stars.seed_set(budget=3, costs=costs, layers=["referral"], exclude=[f"P{n:02}" for n in range(14)])
    assert sorted(frame.party_id) == ["B", "C"]
    assert frame.cost.sum() == 3


def test_what_makes_no_sense_is_refused(stars: Graph) -> None:
    for wrong, field in (
        ({"k": 0}, "k"),
        ({"k": 1_001}, "k"),
        ({"k": 2, "budget": 1.0}, "k"),
        ({"costs": {"A": 1.0}}, "costs"),
        ({"budget": -1.0}, "budget"),
        ({"budget": 1.0, "costs": {"A": 0.0}}, "cost"),
        ({"probability": 0.0}, "probability"),
        ({"epsilon": 0.9}, "epsilon"),
        ({"model": "rumour"}, "model"),
        ({"language": "de"}, "language"),
        ({"layers": ["gossip"]}, "layers"),
    ):
        with pytest.raises(InvalidInput, match=rf"^{field}: "):
            stars.seed_set(**wrong)  # type: ignore[arg-type]
    for unknown in ({"exclude": ["nobody"]}, {"budget": 1.0, "costs": {"nobody": 1.0}}, {"segment": "none"}):
        with pytest.raises(NotFound):
            stars.seed_set(**unknown)  # type: ignore[arg-type]


def test_an_empty_network_has_nobody_to_begin_with(graph: Graph) -> None:
    with pytest.raises(InvalidInput, match=r"^k: must lie between 1 and the 0"):
        graph.seed_set()


def test_without_ties_everyone_reaches_but_themselves(graph: Graph) -> None:
    graph.records.upsert("customers", [{"id": id_, "name": id_} for id_ in "AB"])
    frame = graph.seed_set(1)
    assert len(frame) == 1
    assert frame.attrs["spread"] == 1
