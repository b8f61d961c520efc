"""Every tie explains itself: its sources, what they say, and what it contributes to the strength of paths."""

from __future__ import annotations

import math
from typing import Any

import pytest

from graphcrm import Graph, InvalidInput, NotFound

AS_OF = "2025-06-30"


@pytest.fixture
def tied(graph: Graph) -> Graph:
    """A and B know one another, A referred B, and they wrote to one another; two sources say so."""
    graph.records.of("crm").upsert("customers", [{"id": id_, "name": f"Party {id_}"} for id_ in "ABC"])
    know: dict[str, Any] = {"type": "KNOWS", "source_id": "B", "target_id": "A", "kind": "friend"}
    graph.records.of("crm").upsert("ties", [know | {"strength": 0.5}])
    graph.records.of("shop").upsert("ties", [know | {"strength": 0.25, "count": 3}])
    referred = {"type": "REFERRED", "source_id": "A", "target_id": "B", "at": "2025-01-01T00:00:00Z"}
    graph.records.of("shop").upsert("ties", [referred])
    mails = [
        {"id": f"I{n}", "kind": "email", "at": f"2025-0{n}-01", "subject": f"No. {n}", "from_id": "A", "to_ids": ["B"]}
        for n in range(1, 8)
    ]
    mails.append({"id": "back", "kind": "call", "at": "2025-02-01", "from_id": "B", "to_ids": ["A", "C"]})
    graph.records.of("mail").upsert("interactions", mails)
    graph.records.of("crm").upsert("interactions", mails[2:3])
    return graph


def test_contributions_add_up_to_the_strength_of_paths(tied: Graph) -> None:
    for source, target in (("A", "B"), ("B", "A"), ("B", "C")):
        found = tied.explain(source, target, as_of=AS_OF)
        step = tied.paths(source, target, as_of=AS_OF, max_hops=1).ties[0][0]
        assert found.attrs["strength"] == step["strength"]
        assert found["id"].tolist() == step["ids"]
        assert math.fsum(found["contribution"]) == pytest.approx(step["strength"], rel=1e-12)
        assert found.attrs["strength"] == pytest.approx(1 - math.prod(1 - found["strength"]))
        assert tied.network(as_of=AS_OF)[source][target]["weight"] == step["strength"]
    assert found.attrs["as_of"] == "2025-06-30T23:59:59.999999Z"


def test_a_tie_names_its_sources_and_what_they_say(tied: Graph) -> None:
    ties = {tie["type"]: tie for tie in tied.explain("A", "B", as_of=AS_OF).to_dict("records")}
    assert ties.keys() == {"KNOWS", "REFERRED", "INTERACTED_WITH"}
    knows = ties["KNOWS"]
    assert knows["sources"] == ["crm", "shop"]
    assert knows["rule"] == "stated"
    evidence = {field["field"]: field for field in knows["evidence"]}
    assert evidence["strength"]["value"] == knows["unfaded"] == knows["strength"]
    assert {said["source"]: said["value"] for said in evidence["strength"]["values"]} == {"crm": 0.5, "shop": 0.25}
    referred = ties["REFERRED"]
    assert (referred["rule"], referred["sources"], referred["at"]) == ("default", ["shop"], "2025-01-01T00:00:00Z")
    days = 181 - 1e-6 / 86_400
    assert referred["strength"] == pytest.approx(referred["unfaded"] * 2 ** (-days / 180))


def test_interactions_are_listed_with_their_sources(tied: Graph) -> None:
    def interactions(**asked: Any) -> dict[str, Any]:
        found = tied.explain("A", "B", layers=["interaction"], **asked).to_dict("records")
        assert len(found) == 1
        return dict(found[0])

    all_of_them = interactions(as_of=AS_OF)
    assert (all_of_them["rule"], all_of_them["count"]) == ("counted", 6)
    assert [each["id"] for each in all_of_them["interactions"]] == ["I6", "I5", "I4", "I3", "I2", "I1"]
    assert math.fsum(each["contribution"] for each in all_of_them["interactions"]) == pytest.approx(
        all_of_them["contribution"], rel=1e-12
    )
    assert all_of_them["sources"] == ["crm", "mail"]
    told = {each["id"]: each for each in all_of_them["interactions"]}
    assert (told["I3"]["sources"], told["I4"]["sources"]) == (["crm", "mail"], ["mail"])
    assert (told["I4"]["kind"], told["I4"]["subject"], told["I4"]["at"]) == ("email", "No. 4", "2025-04-01T00:00:00Z")
    two = interactions(as_of=AS_OF, limit=2)
    assert [each["id"] for each in two["interactions"]] == ["I6", "I5"]
    assert two["interactions"][0]["contribution"] == told["I6"]["contribution"]
    assert interactions(as_of="2025-02-28")["count"] == 2
    assert interactions()["count"] == 7


def test_erasing_a_source_takes_its_part_out_of_the_explanation(tied: Graph) -> None:
    tied.sources.erase("crm")
    tied.sources.erase("mail")
    ties = tied.explain("A", "B", as_of=AS_OF).to_dict("records")
    assert {tie["type"]: tie["sources"] for tie in ties} == {"KNOWS": ["shop"], "REFERRED": ["shop"]}
    assert "crm" not in str(ties)
    assert next(tie["strength"] for tie in ties if tie["type"] == "KNOWS") == 0.25


def test_who_is_not_tied_and_who_is_nobody(tied: Graph) -> None:
    none = tied.explain("C", "A", as_of=AS_OF)
    assert none.empty
    assert none.attrs["strength"] == 0
    with pytest.raises(NotFound):
        tied.explain("A", "nobody")
    with pytest.raises(InvalidInput, match="target"):
        tied.explain("A", "A")
    with pytest.raises(InvalidInput, match="limit"):
        tied.explain("A", "B", limit=0)


def test_who_was_merged_away_is_explained_as_who_stands_for_it(tied: Graph) -> None:
    tied.merging.merge("C", "A")
    found = tied.explain("B", "C", as_of=AS_OF)
    assert (found.attrs["source"], found.attrs["target"]) == ("B", "A")
    assert found.attrs["strength"] == tied.explain("B", "A", as_of=AS_OF).attrs["strength"]
    assert math.fsum(found["contribution"]) == pytest.approx(found.attrs["strength"], rel=1e-12)
