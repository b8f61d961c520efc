"""Writing records: what a change touches and, above all, what it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from neo4j.exceptions import IncompleteCommit

from graphcrm import Conflict, Graph, InvalidInput, NotFound, StoreError
from graphcrm.service.records import Rejection

CALL = {"id": "I", "kind": "call", "at": "2025-01-01", "from_id": "A"}


@pytest.fixture
def records(graph: Graph) -> Any:
    graph.records.upsert("customers", [{"id": id_, "name": id_} for id_ in "ABC"])
    return graph.records


def _ties(graph: Graph, type_: str) -> list[tuple[str, str]]:
    return [(tie["source_id"], tie["target_id"]) for tie in graph.records.page("ties", filters={"type": type_}).items]


def test_sender_and_receiver_can_change_places(records: Any) -> None:
    interaction = {"id": "I", "kind": "call", "at": "2025-01-01", "from_id": "A", "to_ids": ["B", "C"]}
    records.create("interactions", interaction)
    changed = records.patch("interactions", "I", {"from_id": "B", "to_ids": ["A", "C"]})
    assert (changed["from_id"], changed["to_ids"]) == ("B", ["A", "C"])
    records.upsert("interactions", [interaction])
    again = records.read("interactions", "I")
    assert (again["from_id"], again["to_ids"]) == ("A", ["B", "C"])


def test_a_rejected_row_takes_only_those_along_that_name_it(records: Any) -> None:
    rows = [
        {"id": "U1", "name": "1", "reports_to_id": "U2"},
        {"id": "U2", "name": "2", "reports_to_id": "U9"},
        {"id": "U3", "name": "3"},
        {"id": "U4", "name": "4", "reports_to_id": "U3"},
    ]
    report = records.upsert("users", rows)
    assert report.created == 2
    assert [(r.index, r.column) for r in report.rejected] == [(0, "reports_to_id"), (1, "reports_to_id")]
    assert isinstance(report.rejected[0], Rejection)
    assert records.read("users", "U4")["reports_to_id"] == "U3"


def test_a_patch_leaves_what_it_does_not_name(graph: Graph, records: Any) -> None:
    records.create("contacts", {"id": "K", "name": "K", "customer_id": "A", "extra": {"x": 1}})
    past = {"type": "WORKS_AT", "source_id": "K", "target_id": "B", "until": "2020-12-31"}
    records.create("ties", past)
    assert records.patch("contacts", "K", {"title": "CEO"})["customer_id"] == "A"
    assert _ties(graph, "WORKS_AT") == [("K", "A"), ("K", "B")]
    moved = records.patch("contacts", "K", {"customer_id": "C", "extra": {"y": 2}})
    assert (moved["customer_id"], moved["title"], moved["extra"]) == ("C", "CEO", {"x": 1, "y": 2})
    assert _ties(graph, "WORKS_AT") == [("K", "B"), ("K", "C")]
    back = records.patch("contacts", "K", {"customer_id": "B"})
    assert back["customer_id"] == "B"
    assert _ties(graph, "WORKS_AT") == [("K", "B")]
    assert records.patch("contacts", "K", {"customer_id": None})["customer_id"] is None
    assert records.replace("contacts", "K", {"name": "K"})["extra"] == {}


def test_an_interaction_about_an_order_keeps_it(graph: Graph, records: Any) -> None:
    records.create("orders", {"id": "O", "customer_id": "A", "at": "2025-01-01"})
    records.create("campaigns", {"id": "M", "name": "M"})
    records.create("interactions", {"id": "I", "kind": "call", "at": "2025-01-01", "from_id": "A", "to_ids": ["B"]})
    records.create("ties", {"type": "ABOUT", "source_id": "I", "target_id": "O", "target_label": "Order"})
    assert records.read("interactions", "I")["campaign_id"] is None
    assert records.patch("interactions", "I", {"subject": "x", "campaign_id": "M"})["campaign_id"] == "M"
    assert _ties(graph, "ABOUT") == [("I", "M"), ("I", "O")]


def test_conversion_refuses_what_it_would_mix_up(records: Any) -> None:
    records.create("contacts", {"id": "K", "name": "K", "extra": {"country": "Atlantis"}})
    with pytest.raises(InvalidInput, match="country") as caught:
        records.convert("K")
    assert caught.value.field == "extra"
    assert records.read("contacts", "K")["extra"] == {"country": "Atlantis"}


def test_an_order_has_one_customer_whoever_says_so(graph: Graph, records: Any) -> None:
    records.create("orders", {"id": "O", "customer_id": "A", "at": "2025-01-01", "amount": "5", "currency": "EUR"})
    second = {"type": "PLACED", "source_id": "B", "target_id": "O"}
    with pytest.raises(InvalidInput, match="'A' there already"):
        records.create("ties", second)
    assert records.upsert("ties", [second, {**second, "source_id": "A"}]).unchanged == 1
    records.create("users", {"id": "U1", "name": "1"})
    records.create("users", {"id": "U2", "name": "2"})
    owners = [{"type": "OWNS", "source_id": id_, "target_id": "A"} for id_ in ("U1", "U2")]
    report = records.upsert("ties", owners)
    assert (report.created, [r.index for r in report.rejected]) == (1, [1])
    assert records.patch("orders", "O", {"customer_id": "B"})["customer_id"] == "B"
    assert _ties(graph, "PLACED") == [("B", "O")]


def test_records_of_one_id_keep_their_ties_apart(graph: Graph, records: Any) -> None:
    """A case and an opportunity, feedback and a consent, a user and a party may have the same id."""
    for id_ in ("U", "7"):
        records.create("users", {"id": id_, "name": id_})
    records.create("contacts", {"id": "7", "name": "Seven"})
    records.create("cases", {"id": "7", "subject": "Broken", "customer_id": "A", "owner_id": "U"})
    records.create("opportunities", {"id": "7", "name": "Sale", "customer_id": "A", "owner_id": "7"})
    records.create("feedback", {"id": "7", "kind": "nps", "party_id": "A", "score": 9})
    consent = {"party_id": "A", "channel": "email", "purpose": "news", "granted": True, "at": "2025-01-01"}
    records.create("consents", {"id": "7", **consent})
    records.patch("contacts", "7", {"owner_id": "U"})
    records.create("interactions", CALL | {"id": "I", "from_id": "A", "to_ids": ["7"], "case_id": "7"})
    also = {"type": "TOOK_PART_IN", "source_id": "7", "source_label": "User", "target_id": "I", "role": "host"}
    assert records.create("ties", also)["id"] == "TOOK_PART_IN:User:7:I"
    records.patch("interactions", "I", {"opportunity_id": "7"})
    ids = {tie["id"] for tie in records.page("ties").items}
    assert ids >= {"RAISED:A:Case:7", "RAISED:A:Opportunity:7", "GAVE:A:Feedback:7", "GAVE:A:Consent:7"}
    assert ids >= {"OWNS:U:Case:7", "OWNS:7:Opportunity:7", "OWNS:U:7", "TOOK_PART_IN:7:I", "TOOK_PART_IN:User:7:I"}
    assert ids >= {"ABOUT:I:Case:7", "ABOUT:I:Opportunity:7"}
    assert [records.read(table, "7")["owner_id"] for table in ("cases", "opportunities", "contacts")] == ["U", "7", "U"]
    assert records.read("ties", "RAISED:A:Case:7")["target_label"] == "Case"
    with pytest.raises(InvalidInput, match="target_label: is required"):
        records.create("ties", {"type": "RAISED", "source_id": "B", "target_id": "7"})
    with pytest.raises(InvalidInput, match="target_label"):
        records.create("ties", {"type": "OWNS", "source_id": "U", "target_id": "7", "target_label": "Order"})
    # The one goes, and the other stays.
    records.delete("ties", "RAISED:A:Case:7")
    assert [records.read(table, "7")["customer_id"] for table in ("cases", "opportunities")] == [None, "A"]
    assert records.patch("opportunities", "7", {"owner_id": "U"})["owner_id"] == "U"
    assert records.read("cases", "7")["owner_id"] == "U"
    # The contact's id stands in the ids of its ties without its label, so that it may become a customer.
    records.convert("7")
    assert {"OWNS:U:7", "TOOK_PART_IN:7:I"} <= {tie["id"] for tie in records.page("ties").items}
    # Whoever merges the contact takes along what is its own alone.
    graph.merging.merge("7", "B")
    shown = {tie["id"] for tie in records.page("ties").items}
    assert shown >= {"TOOK_PART_IN:B:I", "TOOK_PART_IN:User:7:I", "OWNS:U:B", "OWNS:U:Case:7"}
    graph.merging.unmerge("7")
    assert {"TOOK_PART_IN:7:I", "TOOK_PART_IN:User:7:I"} <= {tie["id"] for tie in records.page("ties").items}


@pytest.mark.parametrize(
    ("table", "values", "says"),
    [
        ("interactions", CALL | {"to_ids": ["B", "A"]}, "sender"),
        ("interactions", CALL | {"to_ids": []}, "to_ids"),
        ("customers", {"id": "N\0", "name": "x"}, "NUL"),
        ("customers", {"id": "N", "name": "x", "extra": {"b": {"c": 1}}}, "'b'"),
        ("products", {"id": "P", "name": "x", "unit_price": "NaN"}, "12.50"),
        ("contacts", {"id": "A", "name": "x"}, "a customer has the id 'A' already"),
    ],
)
def test_refusals_name_the_rule(records: Any, table: str, values: dict[str, Any], says: str) -> None:
    with pytest.raises((InvalidInput, Conflict), match=says):
        records.create(table, values)


def test_a_patch_names_fields_that_exist(records: Any) -> None:
    with pytest.raises(InvalidInput, match="zzz"):
        records.patch("customers", "A", {"zzz": None, "city": "Q"})
    tie = records.create("ties", {"type": "KNOWS", "source_id": "A", "target_id": "B"})
    with pytest.raises(InvalidInput, match="type: cannot be changed"):
        records.patch("ties", tie["id"], {"type": "REFERRED"})


def test_filters_compare_as_their_fields_can(records: Any) -> None:
    for wrong in ({"created_at__contains": "2025"}, {"name__gte": "A"}, {"tags__gte": "x"}, {"nonsense": "x"}):
        with pytest.raises(InvalidInput):
            records.page("customers", filters=wrong)
    assert [r["id"] for r in records.page("customers", filters={"name__contains": "a"}).items] == ["A"]


def test_broken_unicode_is_refused_not_crashed_on(graph: Graph) -> None:
    with pytest.raises(InvalidInput):
        graph.records.read("customers", "\ud800")
    with pytest.raises(InvalidInput):
        graph.records.page("customers", filters={"name__contains": "\ud800"})
    with pytest.raises(InvalidInput):
        graph.search("\ud800")


def test_ties_that_another_tool_wrote_without_an_id_count_too(graph: Graph, bare: Any, records: Any) -> None:
    bare.run("MATCH (a:Customer {id: 'A'}), (b:Customer {id: 'B'}) CREATE (a)-[:REFERRED]->(b)")
    graph.touch()
    assert graph.paths("A", "B").ties[0][0]["ids"] == ["REFERRED:A:B"]
    records.delete("customers", "A", detach=True)
    with pytest.raises(NotFound):
        records.read("customers", "A")


@contextmanager
def _lost_acknowledgement(graph: Graph) -> Iterator[None]:
    """The next commit happens, but its acknowledgement is lost."""
    session_of = graph.store._driver.session
    lost: list[bool] = []

    def session(**options: Any) -> Any:
        opened = session_of(**options)
        begin = opened.begin_transaction

        def begin_transaction(**more: Any) -> Any:
            tx = begin(**more)
            commit = tx.commit

            def committed() -> None:
                commit()
                if not lost:
                    lost.append(True)
                    raise IncompleteCommit("the connection broke")

            tx.commit = committed
            return tx

        opened.begin_transaction = begin_transaction
        return opened

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph.store._driver, "session", session)
        yield
    assert lost


def test_a_lost_acknowledgement_is_said_and_not_tried_again(graph: Graph, records: Any) -> None:
    with _lost_acknowledgement(graph), pytest.raises(StoreError, match="see whether the change is in"):
        records.create("customers", {"id": "D", "name": "D"})
    assert records.read("customers", "D")["name"] == "D"
    with _lost_acknowledgement(graph):
        report = records.upsert("customers", [{"id": "E", "name": "E"}])
    assert not report.rejected
    assert records.read("customers", "E")["name"] == "E"


def test_questions_are_answered_while_others_write(graph: Graph, records: Any) -> None:
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            records.upsert("customers", [{"id": f"W{number}", "name": "W"}])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            records.create("customers", {"id": f"Q{number}", "name": "Q"})
            assert f"Q{number}" in set(graph.influencers("degree").party_id)
    finally:
        done.set()
        writer.join()


def test_a_slow_answer_holds_up_only_those_who_want_it(graph: Graph, records: Any) -> None:
    snapshot = graph._resident.snapshot()
    started, release = threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        assert release.wait(30)
        return "slow"

    answers: list[str] = []
    askers = [threading.Thread(target=lambda: answers.append(snapshot.once("x", 1, slow))) for _ in range(2)]
    for asker in askers:
        asker.start()
    assert started.wait(30)
    assert snapshot.once("x", 2, lambda: "quick") == "quick"
    release.set()
    for asker in askers:
        asker.join()
    assert answers == ["slow", "slow"]
    with pytest.raises(ZeroDivisionError):
        snapshot.once("x", 3, lambda: 1 / 0)
    assert snapshot.once("x", 3, lambda: 3) == 3


@pytest.mark.parametrize("number", [-(2**63), 2**63 - 1])
def test_every_whole_number_of_64_bits_is_kept(graph: Graph, number: int) -> None:
    graph.records.create("customers", {"id": "N", "name": "Nora", "extra": {"number": number}})
    assert graph.records.read("customers", "N")["extra"] == {"number": number}
    past = number + (1 if number > 0 else -1)
    with pytest.raises(InvalidInput, match="64 bits"):
        graph.records.patch("customers", "N", {"extra": {"number": past}})
