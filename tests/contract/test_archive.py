"""The archive on both engines: timelines against a plain reading of the same rows, pages, and consent."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import everything
import pytest

import graphcrm
from api.routes.archive import Kind
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.service import consents
from graphcrm.service.archive import KINDS

T0 = datetime(2025, 3, 1, 12, tzinfo=UTC)

Rows = dict[str, list[dict[str, Any]]]


def put(graph: graphcrm.Graph, tables: Rows) -> None:
    for table, rows in tables.items():
        report = graph.records.upsert(table, rows)
        assert not report.rejected, report.rejected


def lines(graph: graphcrm.Graph, party_id: str, **choices: Any) -> list[dict[str, Any]]:
    return graph.archive.timeline(party_id, **choices).to_dict("records")  # type: ignore[return-value]


def every_page(graph: graphcrm.Graph, party_id: str, limit: int, **choices: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        frame = graph.archive.timeline(party_id, cursor=cursor, limit=limit, **choices)
        assert len(frame) <= limit
        found += frame.to_dict("records")  # type: ignore[arg-type]
        cursor = frame.attrs["next_cursor"]
        if cursor is None:
            return found


def company() -> Rows:
    """A company to which everything happens once."""
    return {
        "users": [{"id": "U1", "name": "Una"}],
        "customers": [{"id": "C1", "name": "Ann"}, {"id": "C2", "name": "Bob"}],
        "contacts": [{"id": "K1", "name": "Kim"}],
        "campaigns": [{"id": "M1", "name": "Spring"}],
        "segments": [{"id": "S1", "name": "East"}],
        "opportunities": [
            {"id": "XO", "name": "Roof", "stage": "won", "amount": "9", "currency": "EUR", "close_on": "2024-05-06"}
            | {"customer_id": "C1", "probability": 0.5}
        ],
        "cases": [
            {"id": "X", "subject": "Leak", "customer_id": "C1", "status": "closed"}
            | {"opened_at": "2024-01-02T03:04:05Z", "closed_at": "2024-01-03"}
        ],
        "interactions": [
            {"id": "X", "kind": "call", "at": "2024-02-03T00:00:00.000001Z", "from_id": "U1", "to_ids": ["C1", "K1"]}
            | {"subject": "Hello", "duration_s": 60}
        ],
        "orders": [
            {"id": "X", "customer_id": "C1", "at": "2024-05-06", "amount": "-12.5", "currency": "EUR", "status": "paid"}
        ],
        "feedback": [{"id": "X", "party_id": "C1", "kind": "nps", "score": 9, "comment": "z" * 501}],
        "consents": [
            {"id": "XC", "party_id": "C1", "channel": "email", "purpose": "news", "granted": True, "at": "2024-05-06"}
        ],
        "tasks": [
            {"id": "X", "subject": "Ring", "party_id": "C1", "due_at": "2023-01-01", "done_at": "2023-02-01"},
            {"id": "Y", "subject": "Write", "party_id": "C1"},
        ],
        "ties": [
            {"type": "TARGETED", "source_id": "M1", "target_id": "C1", "at": "2024-05-06"},
            {"type": "RESPONDED_TO", "source_id": "C1", "target_id": "M1", "kind": "clicked", "value": "0.001"},
            {"type": "REFERRED", "source_id": "C1", "target_id": "K1", "at": "2024-05-06", "channel": "web"},
            {"type": "REFERRED", "source_id": "C2", "target_id": "C1", "at": "2022-05-06"},
            {"type": "KNOWS", "source_id": "C2", "target_id": "C1", "kind": "friend", "since": "2024-05-06"},
            {"type": "WORKS_AT", "source_id": "K1", "target_id": "C1", "title": "CEO", "until": "2024-05-07"},
            {"type": "MEMBER_OF", "source_id": "C1", "target_id": "S1", "since": "0001-01-01", "until": "9999-12-31"},
            {"type": "SUBSIDIARY_OF", "source_id": "C2", "target_id": "C1"},
        ],
    }


DAY = "2024-05-06T00:00:00Z"
TOLD = [
    ("tie_ended", "9999-12-31T00:00:00Z", "MEMBER_OF:C1:S1", "East"),
    ("tie_ended", "2024-05-07T00:00:00Z", "WORKS_AT:K1:C1", "Kim"),
    ("consent", DAY, "XC", "email: news"),
    ("opportunity", DAY, "XO", "Roof"),
    ("order", DAY, "X", None),
    ("referral_made", DAY, "REFERRED:C1:K1", "Kim"),
    ("targeted", DAY, "TARGETED:M1:C1", "Spring"),
    ("tie_begun", DAY, "KNOWS:C2:C1:friend", "Bob"),
    ("interaction", "2024-02-03T00:00:00.000001Z", "X", "Hello"),
    ("case_closed", "2024-01-03T00:00:00Z", "X", "Leak"),
    ("case_opened", "2024-01-02T03:04:05Z", "X", "Leak"),
    ("task_done", "2023-02-01T00:00:00Z", "X", "Ring"),
    ("task_due", "2023-01-01T00:00:00Z", "X", "Ring"),
    ("referral_received", "2022-05-06T00:00:00Z", "REFERRED:C2:C1", "Bob"),
    ("tie_begun", "0001-01-01T00:00:00Z", "MEMBER_OF:C1:S1", "East"),
    ("feedback", None, "X", None),
    ("response", None, "RESPONDED_TO:C1:M1:clicked", "Spring"),
    ("task_due", None, "Y", "Write"),
    ("tie_begun", None, "SUBSIDIARY_OF:C2:C1", "Bob"),
    ("tie_begun", None, "WORKS_AT:K1:C1", "Kim"),
]


def test_everything_that_happened_is_told_newest_first(graph: graphcrm.Graph) -> None:
    put(graph, company())
    found = lines(graph, "C1")
    assert [(line["kind"], line["at"], line["id"], line["title"]) for line in found] == TOLD
    assert {line["kind"] for line in found} == set(KINDS) == set(get_args(Kind))
    details = {(line["kind"], line["id"]): line["details"] for line in found}
    kim = {"id": "K1", "label": "Contact", "name": "Kim"}
    assert details["order", "X"] == {"amount": "-12.50", "currency": "EUR", "status": "paid", "refund": True}
    assert details["interaction", "X"] == {
        "kind": "call",
        "duration_s": 60,
        "role": "to",
        "participants": [
            {"id": "U1", "label": "User", "name": "Una", "role": "from"},
            {"id": "C1", "label": "Customer", "name": "Ann", "role": "to"},
            kim | {"role": "to"},
        ],
        "participant_count": 3,
    }
    assert details["feedback", "X"] == {"kind": "nps", "score": 9.0, "comment": "z" * 500}
    assert details["consent", "XC"] == {"channel": "email", "purpose": "news", "granted": True}
    assert details["opportunity", "XO"] == {"stage": "won", "amount": "9.00", "currency": "EUR", "probability": 0.5}
    assert details["response", "RESPONDED_TO:C1:M1:clicked"] == {
        "kind": "clicked",
        "value": "0.001",
        "campaign_id": "M1",
    }
    assert details["referral_made", "REFERRED:C1:K1"] == {"channel": "web", "other": kim}
    assert details["tie_ended", "WORKS_AT:K1:C1"] == {
        "title": "CEO",
        "until": "2024-05-07",
        "other": kim,
        "type": "WORKS_AT",
        "outgoing": False,
    }
    assert details["task_due", "Y"] == {}


def test_a_contact_has_a_timeline_too(graph: graphcrm.Graph) -> None:
    put(graph, company())
    assert [(line["kind"], line["id"]) for line in lines(graph, "K1")] == [
        ("tie_ended", "WORKS_AT:K1:C1"),
        ("referral_received", "REFERRED:C1:K1"),
        ("interaction", "X"),
        ("tie_begun", "WORKS_AT:K1:C1"),
    ]


def test_pages_and_filters_are_parts_of_the_whole(graph: graphcrm.Graph) -> None:
    put(graph, company())
    whole = lines(graph, "C1")
    for limit in (1, 2, 7, 20):
        assert every_page(graph, "C1", limit) == whole
    for kind in KINDS:
        assert every_page(graph, "C1", 1, kinds=[kind]) == [line for line in whole if line["kind"] == kind]
    some = ["task_due", "order", "tie_begun"]
    assert every_page(graph, "C1", 2, kinds=some) == [line for line in whole if line["kind"] in some]


def test_many_lines_of_few_times_are_paged_as_a_sort_would_have_them(graph: graphcrm.Graph) -> None:
    chance = random.Random(7)
    times = [None, *(T0 + timedelta(microseconds=n) for n in range(4))]
    put(graph, {"customers": [{"id": "C", "name": "C"}]})
    feedback = [
        {"id": f"{id_}{n}", "party_id": "C", "kind": "nps", **({"at": at.isoformat()} if at else {})}
        for n in range(9)
        for id_ in everything.IDS
        for at in [chance.choice(times)]
    ]
    orders = [
        {"id": row["id"], "customer_id": "C", "at": chance.choice(times[1:]).isoformat()}  # type: ignore[union-attr]
        for row in feedback[::3]
    ]
    put(graph, {"feedback": feedback, "orders": orders})
    told = [("feedback", row.get("at"), row["id"]) for row in feedback] + [("order", o["at"], o["id"]) for o in orders]

    def place(line: tuple[str, str | None, str]) -> tuple[bool, float, str, bytes]:
        kind, at, id_ = line
        newest = -datetime.fromisoformat(at).timestamp() if at else 0.0
        return at is None, newest, kind, id_.encode()

    assert [(line["kind"], line["id"]) for line in every_page(graph, "C", 10)] == [
        (kind, id_) for kind, _, id_ in sorted(told, key=place)
    ]


def test_new_events_move_nothing_on_later_pages(graph: graphcrm.Graph) -> None:
    put(graph, company())
    whole = lines(graph, "C1")
    first = graph.archive.timeline("C1", limit=5)
    put(graph, {"orders": [{"id": f"N{n}", "customer_id": "C1", "at": f"2030-01-0{n + 1}"} for n in range(5)]})
    rest = graph.archive.timeline("C1", cursor=first.attrs["next_cursor"])
    assert first.to_dict("records") + rest.to_dict("records") == whole


def test_both_engines_tell_the_same(graphs: dict[str, graphcrm.Graph]) -> None:
    told = {}
    for engine, graph in graphs.items():
        everything.fill(graph)
        parties = [*everything.IDS, "C1", "C2", "C3", "K0", "K1", "K3", "K9"]
        told[engine] = {
            id_: (every_page(graph, id_, 3), graph.archive.overview(id_, str(frame.attrs["label"])))
            for id_ in parties
            for frame in [graph.archive.timeline(id_)]
        }
    assert told["embedded"] == told["neo4j"]
    assert sum(len(found) for found, _ in told["neo4j"].values()) > 40


def test_a_page_reads_what_hangs_on_the_party_and_nothing_else(
    graph: graphcrm.Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(graph, company())
    asked: list[str] = []
    run = graphcrm.store.Transaction.run

    def counted(self: Any, name: str, /, **parameters: Any) -> Any:
        asked.append(name)
        return run(self, name, **parameters)

    monkeypatch.setattr(graphcrm.store.Transaction, "run", counted)
    graph.archive.timeline("C1", label="Customer")
    assert asked == ["archive/timeline", "archive/list_participants"]


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"kinds": ["gossip"]}, "kind"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "bnVsbA"}, "cursor"),
        ({"cursor": "W251bGwsIm9yZGVyIiwiXHVkODAwIiwxLFtdXQ"}, "cursor"),
    ],
)
def test_what_breaks_a_rule_is_named(embedded_graph: graphcrm.Graph, choices: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        embedded_graph.archive.timeline("C1", **choices)
    assert error.value.field == field


def test_a_cursor_belongs_to_its_kinds(embedded_graph: graphcrm.Graph) -> None:
    put(embedded_graph, company())
    cursor = embedded_graph.archive.timeline("C1", limit=1).attrs["next_cursor"]
    with pytest.raises(InvalidInput):
        embedded_graph.archive.timeline("C1", kinds=["order"], cursor=cursor)


def test_who_is_not_there_has_no_archive(graph: graphcrm.Graph) -> None:
    put(graph, company())
    asks: list[Callable[[], Any]] = [
        lambda: graph.archive.timeline("nobody"),
        lambda: graph.archive.timeline("C1", label="Contact"),
        lambda: graph.archive.consent("nobody", "email", "news"),
        lambda: graph.archive.may_contact(["C1", "nobody"], "email", "news"),
    ]
    for ask in asks:
        with pytest.raises(NotFound):
            ask()


def test_the_last_decision_counts(graph: graphcrm.Graph) -> None:
    def decisions(party_id: str, *said: tuple[str, bool]) -> list[dict[str, Any]]:
        return [
            {"id": f"{party_id}{n}", "party_id": party_id, "channel": "email", "purpose": "News"}
            | {"granted": granted, "at": at}
            for n, (at, granted) in enumerate(said)
        ]

    put(
        graph,
        {
            "customers": [{"id": id_, "name": id_} for id_ in ("C1", "C2", "C3", "C4")],
            "contacts": [{"id": "K1", "name": "Kim"}],
            "consents": [
                *decisions("C1", ("2024-01-01", True), ("2024-02-01", False), ("2023-01-01", True)),
                *decisions("C2", ("2024-01-01", False), ("2024-01-01T00:00:00.000001Z", True)),
                *decisions("C3", ("2024-01-01", True), ("2024-01-01", False)),
                *decisions("K1", ("2024-01-01", True)),
            ],
        },
    )
    expected = {"C1": "refused", "C2": "granted", "C3": "refused", "C4": "unknown", "K1": "granted"}
    assert {id_: graph.archive.consent(id_, "EMAIL ", "news") for id_ in expected} == expected
    assert graph.archive.consent("C2", "phone", "news") == "unknown"
    assert graph.archive.consent("C2", "email", "research") == "unknown"
    frame = graph.archive.may_contact(["K1", "C4", "C1", "K1", "C2"], "email", "news")
    assert frame.to_dict("list") == {
        "party_id": ["K1", "C4", "C1", "C2"],
        "consent": ["granted", "unknown", "refused", "granted"],
        "may_contact": [True, False, False, True],
    }
    assert graph.archive.may_contact([], "email", "news").empty
    of_c1 = (("C11", "refused", "2024-02-01"), ("C10", "granted", "2024-01-01"), ("C12", "granted", "2023-01-01"))
    last, *earlier = (
        {"id": id_, "consent": consent, "at": f"{day}T00:00:00Z", "sources": ["hand"]} for id_, consent, day in of_c1
    )
    assert graph.archive.overview("C1", "Customer")["consents"] == [
        last | {"channel": "email", "purpose": "News", "earlier": earlier}
    ]


def test_a_grant_counts_once_its_time_has_come_and_a_refusal_at_once(graph: graphcrm.Graph) -> None:
    said = {
        "C1": [(False, "2025-01-01"), (True, "2099-01-01")],
        "C2": [(True, "2025-01-01"), (False, "2099-01-01")],
        "C3": [(True, "2099-01-01")],
        "C4": [(True, "2025-01-01"), (True, "2099-01-01")],
    }
    graph.records.upsert("customers", [{"id": id_, "name": id_} for id_ in said])
    rows = [
        {"id": f"{id_}-{at}", "party_id": id_, "channel": "email", "purpose": "news", "granted": granted, "at": at}
        for id_, decisions in said.items()
        for granted, at in decisions
    ]
    assert graph.records.upsert("consents", rows).created == len(rows)
    expected = {"C1": "refused", "C2": "refused", "C3": "unknown", "C4": "granted"}
    assert {id_: graph.archive.consent(id_, "email", "news") for id_ in said} == expected
    assert graph.archive.contactable("email", "news")["party_id"].tolist() == ["C4"]
    shown = {id_: graph.archive.overview(id_, "Customer")["consents"] for id_ in said}
    assert {id_: [one["consent"] for one in found] for id_, found in shown.items()} == {
        "C1": ["refused"],
        "C2": ["refused"],
        "C3": [],
        "C4": ["granted"],
    }
    assert shown["C4"][0]["at"] == "2025-01-01T00:00:00Z"


def test_who_may_be_contacted_page_by_page(graphs: dict[str, graphcrm.Graph], monkeypatch: pytest.MonkeyPatch) -> None:
    """Against what is told of each party: words that only full case folding makes equal, ids that compare oddly."""
    monkeypatch.setattr(consents, "_WINDOW", 8)
    chance = random.Random(7)
    ids = [*(f"P{number:02}" for number in range(30)), "（全", "\U0001f600", "\ue000", "P\U0001f600", "P\uff5e", "z"]
    words = ["Straße", "STRASSE", " strasse", "email", "E-Mail", "邮件", "ﬁrst class", "first class"]
    rows = [
        {"id": f"N{number}", "party_id": chance.choice(ids), "channel": chance.choice(words), "purpose": "news"}
        | {"granted": chance.random() < 0.6, "at": f"2025-01-{chance.randint(1, 9):02}"}
        for number in range(150)
    ]
    people: Rows = {
        "customers": [{"id": id_, "name": f"Name {id_}"} for id_ in ids[::2]],
        "contacts": [{"id": id_, "name": f"Name {id_}"} for id_ in ids[1::2]],
    }
    answers = []
    for graph in graphs.values():
        put(graph, people | {"consents": rows})
        for channel in ("strasse", "STRAßE", "email", "邮件", "First Class", "nothing"):
            told = graph.archive.may_contact(ids, channel, "NEWS")
            wanted = sorted(told[told["may_contact"]]["party_id"], key=str.encode)
            found: list[str] = []
            cursor = None
            while True:
                page = graph.archive.contactable(channel, "news", cursor, limit=3)
                found += page["party_id"].tolist()
                cursor = page.attrs["next_cursor"]
                assert (len(page) == 3) or cursor is None
                if cursor is None:
                    break
            assert found == wanted
            assert set(page["name"]) <= {f"Name {id_}" for id_ in ids}
            answers.append((channel, found))
    assert answers[: len(answers) // 2] == answers[len(answers) // 2 :]
    assert dict(answers)["strasse"] == dict(answers)["STRAßE"] != []


def test_orders_are_summed_by_currency(graph: graphcrm.Graph) -> None:
    orders = [
        {"id": "1", "amount": "10.0001", "currency": "EUR"},
        {"id": "2", "amount": "-4", "currency": "EUR"},
        {"id": "3", "amount": "5", "currency": "EUR", "status": "cancelled"},
        {"id": "4", "amount": "7", "currency": "CNY"},
        {"id": "5"},
    ]
    put(graph, {"customers": [{"id": "C1", "name": "Ann"}]})
    put(graph, {"orders": [{"customer_id": "C1", "at": "2024-01-01", **order} for order in orders]})
    assert graph.archive.overview("C1", "Customer")["orders"] == [
        {"currency": "CNY", "orders": 1, "refunds": 0, "amount": "7.00", "refunded": "0.00"},
        {"currency": "EUR", "orders": 1, "refunds": 1, "amount": "6.0001", "refunded": "-4.00"},
        {"currency": None, "orders": 1, "refunds": 0, "amount": "0.00", "refunded": "0.00"},
    ]
