"""Paths whose steps come one after the other, and who could have reached whom by when, on both engines."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from graphcrm import Graph, InvalidInput, NotFound


@pytest.fixture
def talks(graph: Graph) -> Graph:
    """A talks to B before and after B talks to C; A knows C's friend D since long, and refers E after all that."""
    graph.records.upsert("customers", [{"id": id_, "name": f"Party {id_}"} for id_ in "ABCDEX"])
    said = [("1", "A", "B", "01"), ("2", "B", "C", "03"), ("3", "A", "B", "05"), ("4", "C", "D", "03")]
    rows = [
        {"id": id_, "kind": "call", "at": f"2025-01-{day}T12:00:00Z", "from_id": one, "to_ids": [other]}
        for id_, one, other, day in said
    ]
    assert graph.records.upsert("interactions", rows).created == len(rows)
    ties = [
        {"type": "KNOWS", "source_id": "A", "target_id": "D", "kind": "friend", "since": "2025-01-09"},
        {"type": "REFERRED", "source_id": "A", "target_id": "E", "at": "2025-01-02T00:00:00Z"},
        {"type": "REFERRED", "source_id": "E", "target_id": "X"},
    ]
    assert graph.records.upsert("ties", ties).created == len(ties)
    return graph


def test_every_interaction_is_a_step_at_its_own_moment(talks: Graph) -> None:
    (path,) = talks.paths("A", "C", in_time=True, as_of="2025-01-31").itertuples()
    assert (path.party_ids, path.hops) == (["A", "B", "C"], 2)
    assert (path.departs, path.arrives) == ("2025-01-01T12:00:00Z", "2025-01-03T12:00:00Z")
    assert [step["at"] for step in path.ties] == [path.departs, path.arrives]
    assert path.strength == pytest.approx(path.ties[0]["strength"] * path.ties[1]["strength"])
    # The last time that A spoke to B was too late for what B told C.
    assert talks.paths("A", "C", by="latest").departs.tolist() == ["2025-01-01T12:00:00Z"]
    assert talks.paths("A", "C", in_time=True, start="2025-01-02").empty
    assert talks.paths("A", "B", by="earliest", start="2025-01-02").arrives.tolist() == ["2025-01-05T12:00:00Z"]
    assert talks.paths("A", "C", in_time=True, as_of="2025-01-02").empty


def test_steps_of_one_moment_follow_each_other_only_when_asked(talks: Graph) -> None:
    assert talks.paths("A", "D", by="earliest").party_ids.tolist() == [["A", "D"]]
    loosely = talks.paths("A", "D", by="earliest", strict=False)
    assert loosely.party_ids.tolist() == [["A", "B", "C", "D"]]
    assert loosely.attrs["strict"] is False
    assert talks.paths("A", "D", in_time=True, strict=False).party_ids.tolist() == [["A", "D"]]


def test_undated_ties_lead_nowhere_in_time(talks: Graph) -> None:
    assert talks.paths("E", "X").hops.tolist() == [1]
    assert talks.paths("E", "X", in_time=True).empty


def test_who_could_have_reached_whom(talks: Graph) -> None:
    reached = talks.reachable("A", as_of="2025-01-31")
    assert list(zip(reached.party_id, reached["at"], strict=True)) == [
        ("B", "2025-01-01T12:00:00Z"),
        ("E", "2025-01-02T00:00:00Z"),
        ("C", "2025-01-03T12:00:00Z"),
        ("D", "2025-01-09T00:00:00Z"),
    ]
    assert talks.reachable("A", limit=1).attrs["total"] == 4
    assert _ids(talks.reachable("A", as_of="2025-01-02")) == ["B", "E"]
    assert _ids(talks.reachable("A", layers=["referral"])) == ["E"]
    reaching = talks.reachable("D", "to", strict=False)
    assert list(zip(reaching.party_id, reaching["at"], strict=True)) == [
        ("A", "2025-01-09T00:00:00Z"),
        ("B", "2025-01-03T12:00:00Z"),
        ("C", "2025-01-03T12:00:00Z"),
    ]
    assert _ids(talks.reachable("D", "to", start="2025-01-04")) == ["A"]
    assert talks.reachable("X").empty


def test_what_makes_no_sense_is_refused(talks: Graph) -> None:
    for wrong, field in (
        ({"by": "quickest"}, "by"),
        ({"in_time": True, "k": 2}, "k"),
        ({"start": "2025-01-01"}, "start"),
        ({"strict": False}, "strict"),
        ({"by": "latest", "start": "soon"}, "start"),
    ):
        with pytest.raises(InvalidInput, match=f"^{field}: "):
            talks.paths("A", "C", **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"^direction: "):
        talks.reachable("A", "up")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        talks.reachable("nobody")


def _ids(frame: Iterable[str]) -> list[str]:
    return list(frame.party_id)  # type: ignore[attr-defined]
