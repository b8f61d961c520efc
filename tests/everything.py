"""A small graph of every table, every type of tie and every kind of value, with names that are hard to carry."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from graphcrm import Graph
from graphcrm.schema import BOOKKEEPING_LABELS, LABELS, TIE_TYPES
from graphcrm.service.whole import all_nodes, all_ties
from graphcrm.tables import TIES

HOSTILE = [
    '=cmd|"/C calc"!A1',
    "first line\nsecond\r\nthird\rfourth",
    "quotes \" and ' and \\ and | and , and ; and \t tab",
    "[1, 2]",
    '["a"]',
    "\u202eright to left\u2066 \u00e9 e\u0301 \U0001f600 \uff21 \u2028 \x1c \x85 end",
    "真龍 客户 有限公司",
    "' or 1=1 -- </script><script>alert(1)</script>",
    "null",
    "-0.0",
    "x" * 499,
]
IDS = [
    "Z\U0001f600",
    "Z\uff21",
    "Z\ue000",
    "z",
    "Z",
    "\u00e9",
    "a:b%c",
    "line\nend",
    'quo"te',
    "pipe|d",
    "[x",
    "-1",
    "0",
]

T0 = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)


def fill(graph: Graph) -> None:
    """Put everything in."""
    owner = {"owner_id": "U1"}
    extra = {
        "score": -0.0,
        "big": 2**63 - 1,
        "huge": 1.7976931348623157e308,
        "ok": True,
        "note": HOSTILE[2],
        "n": 5,
        "f": 5.0,
    }
    upsert(graph, "users", [{"id": "U1", "name": "Boss"}, {"id": "U0", "name": "Staff", "reports_to_id": "U1"}])
    upsert(
        graph, "customers", [{"id": id_, "name": name, **owner} for id_, name in zip(IDS, HOSTILE * 2, strict=False)]
    )
    upsert(
        graph,
        "customers",
        [
            {
                "id": "C1",
                "name": "Ann",
                "tags": ["a|b", "[c", '["d"]', "e"],
                "created_at": "0001-01-01",
                "extra": extra,
            },
            {"id": "C2", "name": "Bob", "tags": ["[x"], "created_at": "9999-12-31T23:59:59.999999Z", "notes": "\n\n x"},
            {"id": "C3", "name": "Cy", "tags": [], "notes": HOSTILE[1], "birth_date": "1900-02-28", "kind": "person"},
        ],
    )
    upsert(graph, "contacts", [{"id": f"K{n}", "name": HOSTILE[n], "customer_id": "C1", **owner} for n in range(4)])
    upsert(graph, "contacts", [{"id": "K9", "name": "Free", "extra": {"x_": "1", "真": "v"}}])
    upsert(graph, "products", [{"id": "P1", "name": "Tea", "unit_price": "0.0001", "currency": "EUR"}])
    upsert(graph, "campaigns", [{"id": "M1", "name": "Spring", "budget": "-99999999999999.9999", "targeted_ids": IDS}])
    upsert(graph, "segments", [{"id": "S1", "name": "East", "rule": "a|b", "made_at": T0.isoformat()}])
    upsert(
        graph, "opportunities", [{"id": "O1", "name": "Sale", "amount": "1.5", "probability": 0.1, "customer_id": "C1"}]
    )
    upsert(graph, "opportunities", [{"id": "A1", "name": "As the case", "customer_id": "K0", **owner}])
    upsert(graph, "cases", [{"id": "A1", "subject": "Broken", "customer_id": "K0", **owner}])
    to = {"kind": "email", "at": "2024-07-01T00:00:00.000001Z", "from_id": "C1"}
    upsert(graph, "interactions", [{"id": "I1", "to_ids": IDS, "campaign_id": "M1", "case_id": "A1", **to}])
    upsert(graph, "interactions", [{"id": "I2", "to_ids": ["U1"], "duration_s": 0, "text": HOSTILE[1], **to}])
    upsert(
        graph, "orders", [{"id": "O1", "customer_id": "C1", "at": T0.isoformat(), "amount": "12.5", "status": "paid"}]
    )
    upsert(graph, "feedback", [{"id": "F1", "party_id": "K0", "kind": "nps", "score": 9}])
    at = {"at": "2024-01-01"}
    upsert(graph, "consents", [{"id": "N1", "party_id": "C1", "channel": "e", "purpose": "p", "granted": False, **at}])
    upsert(graph, "tasks", [{"id": "T1", "subject": "Call", "party_id": "C1", **owner}])
    upsert(graph, "ties", list(ties()))


def ties() -> Any:
    """Ties that no column of a canonical file can say: second ones, ended ones, with times, roles, extra fields."""
    ends = {"WORKS_AT": ("K1", "C2"), "MEMBER_OF": ("C1", "S1"), "CONCERNS": ("T1", "K0"), "RAISED": ("C2", "A1")}
    ends |= {"SUBSIDIARY_OF": ("C2", "C1"), "OWNS": ("U0", "C3"), "REPORTS_TO": ("U1", "U0"), "GAVE": ("C1", "N1")}
    ends |= {"ABOUT": ("I2", "O1"), "PLACED": ("C1", "O1"), "CONTAINS": ("O1", "P1"), "TARGETED": ("M1", "C1")}
    ends |= {
        "RESPONDED_TO": ("C1", "M1"),
        "REFERRED": ("C1", "C2"),
        "KNOWS": ("C1", "K0"),
        "TOOK_PART_IN": ("K3", "I2"),
    }
    fields: dict[str, dict[str, Any]] = {
        "WORKS_AT": {"title": HOSTILE[1], "until": "2020-12-31"},
        "MEMBER_OF": {"since": "2024-01-01", "until": "2024-06-30"},
        "TARGETED": {"at": T0.isoformat(), "extra": {"wave": 2}},
        "TOOK_PART_IN": {"role": "cc"},
        "CONTAINS": {"quantity": 1e15, "unit_price": "0.5", "discount": 0.1, "line_no": 2**31},
        "RESPONDED_TO": {"kind": "clicked", "value": "-0.01", "at": T0.isoformat()},
        "REFERRED": {"at": "2024-05-01T10:00:00Z", "campaign_id": "nobody", "extra": {"score": 1e-300}},
        "KNOWS": {"kind": "family", "strength": 0.1, "count": 2**53, "since": "0001-01-01"},
        "SUBSIDIARY_OF": {"extra": {"share": 0.51}},
        "REPORTS_TO": {"extra": {"dotted": True}},
        "PLACED": {"extra": {"by": "phone"}},
        "GAVE": {"target_label": "Consent", "extra": {"at_desk": True}},
        "RAISED": {"target_label": "Case"},
        "ABOUT": {"target_label": "Order"},
    }
    for type_ in TIES:
        source, target = ends[type_]
        yield {"type": type_, "source_id": source, "target_id": target} | fields.get(type_, {})
    yield {"type": "RAISED", "source_id": "K0", "target_id": "A1", "target_label": "Opportunity", "extra": {"n": 1}}
    yield {"type": "ABOUT", "source_id": "I2", "target_id": "O1", "target_label": "Opportunity", "extra": {"n": 1}}
    yield {"type": "CONCERNS", "source_id": "T1", "target_id": "A1", "target_label": "Case"}
    yield {"type": "CONCERNS", "source_id": "T1", "target_id": "A1", "target_label": "Opportunity"}
    yield {"type": "TOOK_PART_IN", "source_id": "U0", "target_id": "I2", "source_label": "User", "role": "host"}


def fill_books(graph: Graph) -> None:
    """Put nodes of the product's own books in, and what sources say."""
    kinds = {"s": HOSTILE[1], "i": 2**63 - 1, "f": -0.0, "g": 1e308, "b": False, "t": T0, "d": date(1, 1, 1)}
    lists = {"strs": HOSTILE, "ints": [1, -1], "floats": [0.5, 2.0], "flags": [True, False], "none": []}

    def work(tx: Any) -> None:
        for label in (*LABELS, *BOOKKEEPING_LABELS):
            if label not in ("Revision", "Migration"):
                rows = [{"id": f"{label} {number}"} | kinds | lists for number in range(3)]
                tx.run("backup/create_nodes", words={"LABEL": label}, rows=rows)
        words = {"TYPE": "DESCRIBES", "SOURCE": "Record", "TARGET": "Customer"}
        rows = [{"source_id": "Record 0", "target_id": "C1", "properties": kinds | lists | {"id": "DESCRIBES:x"}}]
        tx.run("backup/create_ties", words=words, rows=rows)

    graph.store.write(work)


def upsert(graph: Graph, table: str, rows: list[dict[str, Any]]) -> None:
    report = graph.records.upsert(table, rows)
    assert not report.rejected, report.rejected


def contents(graph: Graph) -> dict[str, list[str]]:
    """All that a store holds beside books that each has of its own; `repr` tells 1 from 1.0, and 0.0 from -0.0."""
    found = {}
    for label in (*LABELS, *BOOKKEEPING_LABELS):
        if label not in ("Revision", "Migration"):
            found[label] = sorted(_exact({"record": record}) for record in all_nodes(graph.store, label))
    for type_ in TIE_TYPES:
        found[type_] = sorted(_exact(row) for row in all_ties(graph.store, type_))
    return found


_BOOKS = ("Revision", "Migration", "Job", "Receipt", "Sighting", "Delivery")
_TIMES = ("seen_at", "first_at", "_seen_at", "_created_at", "known_since")
_TIMES_OF_FIELDS = {"_earlier", "earlier"}
_OTHERWISE = {"Change": ("id", "at", "by"), "Source": ("created_at",), "Alias": ("at",), "Verdict": ("at",)}
"""What else of a label is made anew each time; it is the import that a change is by."""


def state(graph: Graph) -> dict[str, list[str]]:
    """All that a store holds of customers and their past, but for when it was told: what two graphs must have alike."""
    found = {}
    for label in (*LABELS, *BOOKKEEPING_LABELS):
        if label not in _BOOKS:
            nodes = all_nodes(graph.store, label)
            found[label] = sorted(_exact(_untimed({"record": record}, label)) for record in nodes)
    for type_ in TIE_TYPES:
        rows = all_ties(graph.store, type_)
        found[type_] = sorted(_exact(_untimed(row, type_)) for row in rows)
    return found


def _untimed(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A row without what says when it was told; of the times of fields, which come after which."""
    left_out = (*_TIMES, *_OTHERWISE.get(name, ()))
    record = {key: value for key, value in row["record"].items() if key not in left_out}
    for key in _TIMES_OF_FIELDS & record.keys():
        record[key] = list(json.loads(record[key]).values())  # in the order of the times
    return {**row, "record": record}


def _exact(row: dict[str, Any]) -> str:
    return repr({**row, "record": sorted(row["record"].items())})
