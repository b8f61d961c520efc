"""What every query of ``cypher/`` is asked, and the small company that it is asked about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from graphcrm.schema import LABELS, TIE_TYPES
from graphcrm.service.archive import KINDS

T0 = datetime(2025, 1, 1, 9, 30, tzinfo=UTC)

CUSTOMERS = [
    {"id": "C1", "name": "Ann", "country": "CN", "created_at": "2024-01-01", "tags": ["vip", "east"], "owner_id": "U1"},
    {
        "id": "C2",
        "name": "客户 二",
        "email": "er@example.com",
        "phone": "+1 555 0100",
        "created_at": "2024-06-01T12:00:00.5Z",
    },
    {"id": "C3", "name": "ann"},
    {"id": "c:/% '\"\n☃", "name": "<script>"},
]
CONTACTS = [{"id": "K1", "name": "Kim", "customer_id": "C1", "title": "CEO"}, {"id": "K2", "name": "Ann Lee"}]
TIES = [
    {"type": "REFERRED", "source_id": "C1", "target_id": "C2", "at": "2024-05-01T10:00:00Z"},
    {"type": "REFERRED", "source_id": "C2", "target_id": "K2"},
    {"type": "KNOWS", "source_id": "C1", "target_id": "K1", "kind": "friend", "since": "2020-01-01", "strength": 0.5},
    {"type": "KNOWS", "source_id": "K2", "target_id": "C2", "kind": "family", "until": "2030-01-01", "count": 7},
    {"type": "MEMBER_OF", "source_id": "C1", "target_id": "S1", "since": "2024-01-01"},
    {"type": "MEMBER_OF", "source_id": "C2", "target_id": "S1", "until": "2024-06-30"},
    {"type": "CONTAINS", "source_id": "O2", "target_id": "P1", "quantity": 3, "unit_price": "1.25", "discount": 0.1},
]

NO_FILTER: dict[str, Any] = {"ids": None, "filters": [], "row_limit": 10}
PAGE = {"after": None, "after_id": None, **NO_FILTER}
C = {"LABEL": "Customer"}
TIMELINE: dict[str, Any] = {
    "types": sorted(TIE_TYPES),
    "kinds": KINDS,
    "after": None,
    "after_kind": None,
    "row_limit": 10,
}
ODD = CUSTOMERS[3]["id"]


def _filter(key: str, op: str, value: Any) -> dict[str, Any]:
    return {"filters": [{"key": key, "op": op, "value": value}]}


READS: dict[str, list[tuple[dict[str, str], dict[str, Any]]]] = {
    "nodes/read": [(C, {"id": "C1"}), (C, {"id": "C2"}), (C, {"id": ODD}), (C, {"id": "nobody"})],
    "nodes/read_many": [(C, {"ids": ["C2", "C1", "nobody", ODD]}), (C, {"ids": []})],
    "nodes/bounds": [(C, {"step": 1}), (C, {"step": 3}), (C, {"step": 99})],
    "nodes/find_ids": [(C, {"ids": ["C1", "K1"]}), ({"LABEL": "Contact"}, {"ids": ["C1", "K1"]})],
    "nodes/page": [
        (C, {"after_id": "", **NO_FILTER}),
        (C, {"after_id": "C1", **NO_FILTER, "row_limit": 1}),
        (C, {"after_id": "", **NO_FILTER, "ids": ["C2", "C3"]}),
        (C, {"after_id": "", **NO_FILTER, **_filter("country", "eq", "CN")}),
        (C, {"after_id": "", **NO_FILTER, **_filter("tags", "has", "vip")}),
        (C, {"after_id": "", **NO_FILTER, **_filter("name", "contains", "ann")}),
        (C, {"after_id": "", **NO_FILTER, **_filter("created_at", "gte", datetime(2024, 6, 1, tzinfo=UTC))}),
        (C, {"after_id": "", **NO_FILTER, **_filter("created_at", "lte", datetime(2024, 6, 1, tzinfo=UTC))}),
    ],
    "nodes/page_ascending": [
        (C, {"sort": "name", **PAGE}),
        (C, {"sort": "created_at", **PAGE}),
        (C, {"sort": "created_at", **PAGE, "after": datetime(2024, 1, 1, tzinfo=UTC), "after_id": "C1"}),
        (C, {"sort": "created_at", **PAGE, "after_id": "C3"}),
    ],
    "nodes/page_descending": [
        (C, {"sort": "name", **PAGE}),
        (C, {"sort": "created_at", **PAGE}),
        (C, {"sort": "name", **PAGE, "after": "ann", "after_id": "C3"}),
    ],
    "nodes/find_unchanged": [
        (C, {"rows": CUSTOMERS[:3], "source": "hand"}),
        (C, {"rows": [{"id": "C1", "country": "CN"}, {"id": "C2", "name": "x"}, {"id": "C3"}], "source": "hand"}),
        (C, {"rows": [{"id": "C1", "city": None}], "source": "hand"}),
        (C, {"rows": [{"id": "C1", "country": "CN"}], "source": "crm"}),
    ],
    "ties/find_unchanged": [
        (
            {"TYPE": "KNOWS", "SOURCE": "Customer", "TARGET": "Contact"},
            {
                "rows": [
                    {"id": id_, "source_id": "C1", "target_id": "K1", "properties": {"id": id_, "strength": strength}}
                    for id_ in ("KNOWS:C1:K1:friend", "KNOWS:C1:K1")
                    for strength in (0.5, 0.6)
                ],
                "source": "hand",
            },
        )
    ],
    "ties/read_many": [
        (
            {"TYPE": "REFERRED", "SOURCE": "Customer", "TARGET": "Customer"},
            {"rows": [{"id": "REFERRED:C1:C2", "source_id": "C1", "target_id": "C2"}]},
        ),
        (
            {"TYPE": "REFERRED", "SOURCE": "Customer", "TARGET": "Customer"},
            {"rows": [{"id": "REFERRED:C1:C3", "source_id": "C1", "target_id": "C3"}]},
        ),
    ],
    "ties/list_outgoing": [({"TYPE": "REFERRED", **C}, {"ids": ["C1", "C2"]}), ({"TYPE": "KNOWS", **C}, {"ids": []})],
    "ties/list_incoming": [
        ({"TYPE": "TOOK_PART_IN", "LABEL": "Interaction"}, {"ids": ["I1", "I2"]}),
        ({"TYPE": "OWNS", **C}, {"ids": ["C1"]}),
    ],
    "ties/page": [
        ({"TYPE": "KNOWS"}, {"after_id": "", "source_id": None, "target_id": None, "row_limit": 10}),
        ({"TYPE": "KNOWS"}, {"after_id": "", "source_id": "K2", "target_id": None, "row_limit": 10}),
        ({"TYPE": "REFERRED"}, {"after_id": "REFERRED:C1:C2", "source_id": None, "target_id": "K2", "row_limit": 1}),
    ],
    "archive/timeline": [
        (C, {"id": "C1", **TIMELINE}),
        (C, {"id": "C1", **TIMELINE, "after": T0, "after_kind": "order"}),
        (C, {"id": "C2", **TIMELINE, "after_kind": "referral_made"}),
        (C, {"id": "C1", **TIMELINE, "kinds": ["order"], "row_limit": 1}),
        ({"LABEL": "Contact"}, {"id": "K1", **TIMELINE}),
    ],
    "archive/list_participants": [({}, {"ids": ["I2", "I1", "nobody"], "row_limit": 2})],
    "archive/read_targets": [({}, {"ids": ["M1", "nobody"]})],
    "archive/page_targets": [
        (C, {"id": "M1", "after_id": "", "row_limit": 9}),
        ({"LABEL": "Contact"}, {"id": "M1", "after_id": "", "row_limit": 1}),
        (C, {"id": "M1", "after_id": "C1", "row_limit": 9}),
    ],
    "archive/list_consents": [(C, {"ids": ["C1", "C2"]})],
    "archive/list_consents_of": [
        (C, {"ids": ["C1", "C2"], "source": "hand"}),
        (C, {"ids": ["C1", "C2"], "source": "nobody"}),
    ],
    "archive/page_consents": [
        (C, {"channel": "email", "purpose": "news", "after_id": "", "row_limit": 2}),
        (C, {"channel": "mail", "purpose": "", "after_id": "C1", "row_limit": 9}),
        (C, {"channel": "sms", "purpose": "news", "after_id": "", "row_limit": 9}),
        ({"LABEL": "Contact"}, {"channel": "email", "purpose": "news", "after_id": "z", "row_limit": 9}),
    ],
    "history/read": [({}, {"parties": ["C1", "nobody"]}), ({}, {"parties": []})],
    "history/find_by_source": [
        ({}, {"source": "crm", "after_id": "", "row_limit": 2}),
        ({}, {"source": "crm", "after_id": "h1", "row_limit": 9}),
        ({}, {"source": "shop", "after_id": "", "row_limit": 2}),
    ],
    "history/page": [
        ({}, {"parties": ["C1", "gone"], "through_id": "~", "field": None, "row_limit": 9}),
        ({}, {"parties": ["C1", "gone"], "through_id": "h1", "field": "city", "row_limit": 9}),
        ({}, {"parties": ["C1"], "through_id": "~", "field": "name", "row_limit": 9}),
        ({}, {"parties": ["C1"], "through_id": "~", "field": None, "row_limit": 1}),
    ],
    "archive/list_ties": [(C, {"id": "C1", "row_limit": 5}), ({"LABEL": "Contact"}, {"id": "K2", "row_limit": 0})],
    "archive/list_tasks": [(C, {"id": "C1", "row_limit": 5})],
    "archive/sum_orders": [({}, {"id": "C1"}), ({}, {"id": "C3"})],
    "network/read_parties": [(C, {"shards": 1}), ({"LABEL": "Contact"}, {"shards": 1})],
    "network/read_ties": [({"TYPE": name}, {"shards": 1}) for name in ("REFERRED", "KNOWS", "WORKS_AT")],
    "network/read_standing": [({"TYPE": name}, {"shards": 1}) for name in ("KNOWS", "WORKS_AT")],
    "network/read_events": [({"TYPE": "REFERRED"}, {"shards": 1})],
    "network/read_interactions": [({}, {"shards": 1})],
    "network/read_owners": [({}, {"shards": 1})],
    "network/read_staff_interactions": [({}, {"shards": 1})],
    "network/list_interactions": [
        ({"SOURCE": "Customer", "TARGET": target}, {"source_id": "C1", "target_id": id_, "until": T0, "row_limit": 9})
        for target, id_ in (("Customer", "C2"), ("Contact", "K1"), ("Customer", "C1"))
    ],
    "network/shared_interactions": [
        ({"SOURCE": source, "TARGET": "Customer"}, {"source_id": id_, "target_id": "C2", "until": T0, "row_limit": 9})
        for source, id_ in (("Customer", "C1"), ("User", "U1"))
    ],
    "network/shared_campaigns": [
        ({"SOURCE": "Customer", "TARGET": "Contact"}, {"source_id": "C1", "target_id": "K1", "row_limit": 9})
    ],
    "network/shared_products": [({}, {"source_id": "C1", "target_id": id_, "row_limit": 9}) for id_ in ("C1", "C2")],
    "network/read_members": [({}, {"id": "S1", "on": date(2024, 3, 1)}), ({}, {"id": "S1", "on": date(2024, 7, 1)})],
    "referrals/read_orders": [({}, {"shards": 1})],
    "referrals/read_lines": [({}, {"shards": 1})],
    "search/find_parties": [
        (C, {"query": "ann", "row_limit": 10}),
        (C, {"query": "c2", "row_limit": 10}),
        (C, {"query": "0100", "row_limit": 10}),
        (C, {"query": "二", "row_limit": 10}),
        ({"LABEL": "Contact"}, {"query": "ann", "row_limit": 1}),
    ],
    "source_records/read_many": [({}, {"things": ["Customer:C3", "Customer:C1"]})],
    "source_records/read_ids": [({}, {"ids": ["crm:Customer:C3", "crm:Customer:C9"]})],
    "merges/read": [({}, {"ids": ["gone", "C1"]})],
    "merges/read_into": [({}, {"ids": ["gone", "C1"]})],
    "merges/list": [({}, {"after_id": "", "row_limit": 5}), ({}, {"after_id": "gone", "row_limit": 5})],
    "sources/list": [({}, {})],
    "sources/count_nodes": [(C, {"source": "crm"}), ({"LABEL": "Contact"}, {"source": "hand"})],
    "sources/count_ties": [({"TYPE": "KNOWS"}, {"source": "hand"}), ({"TYPE": "OWNS"}, {"source": "crm"})],
    "source_records/page": [
        ({}, {"source": "crm", "after_id": "", "row_limit": 5}),
        ({}, {"source": "crm", "after_id": "d", "row_limit": 5}),
    ],
    "source_records/range": [
        ({}, {"source": "crm", "after_id": "", "through_id": "crm:Customer:C3"}),
        ({}, {"source": "nobody", "after_id": "", "through_id": "z"}),
    ],
    "sources/range": [
        (C, {"source": "hand", "after_id": "C1", "through_id": "C3"}),
        (C, {"source": "crm", "after_id": "", "through_id": "D"}),
        ({"LABEL": "Task"}, {"source": "crm", "after_id": "", "through_id": "Z"}),
    ],
    "source_records/find_by_source": [({}, {"source": "crm", "row_limit": 5})],
    "source_records/find_naming": [
        ({}, {"place": "Customer:", "parts": ["C3", "x"]}),
        ({}, {"place": "outvoted:", "parts": ["C3"]}),
    ],
    "sources/find_nodes": [
        (C, {"source": "crm", "after_id": "", "row_limit": 5}),
        (C, {"source": "hand", "after_id": "C1", "row_limit": 2}),
    ],
    "sources/find_ties": [({"TYPE": "KNOWS"}, {"source": "hand", "after_id": "", "row_limit": 5})],
    "sources/find_held": [(C, {"ids": ["C1", "C3"]})],
    "backup/read_nodes": [(C, {"shards": 1, "shard": 0}), ({"LABEL": "Token"}, {"shards": 1, "shard": 0})],
    "backup/read_ties": [({"TYPE": name}, {"shards": 1, "shard": 0}) for name in TIE_TYPES],
    "duplicates/read_parties": [(C, {"shards": 1}), ({"LABEL": "Contact"}, {"shards": 1})],
    "lookalikes/find": [
        (C, {"emails": ["er@example.com"], "phones": ["+1 555 0100", "0"], "names": ["Ann", "ann"], "row_limit": 5}),
        ({"LABEL": "Contact"}, {"emails": [], "phones": [], "names": ["Kim"], "row_limit": 1}),
    ],
    "duplicates/find_pairs": [({"LABEL": label}, {"ids": ["C3", "nobody"]}) for label in ("Candidate", "Verdict")],
    "candidates/page": [
        ({}, {"after_id": f"found:{after}", "before_id": "found;", "least": least, "below": below, "row_limit": rows})
        for after, least, below, rows in (("", 0.5, 2.0, 5), ("C2", 0.5, 2.0, 1), ("", 0.8, 2.0, 5), ("", 0.5, 0.75, 5))
    ],
    "decisions/page": [({}, {"after_id": after, "before_id": "r1;", "row_limit": 5}) for after in ("r1:", "r1:0")],
    "decisions/find_about": [({}, {"ids": ["C1", "nobody"]}), ({}, {"ids": ["C2"]}), ({}, {"ids": ["C3"]})],
    "decisions/find_changed": [
        ({}, {"ids": ["C1", "gone", "C2"], "since": T0 - timedelta(days=days), "by": by})
        for days, by in ((1, "automatic"), (1, "anna"), (0, "automatic"))
    ],
    "merges/find_compared": [({}, {"ids": ["C2", "nobody"]}), ({}, {"ids": ["C1"]})],
    "sightings/measure": [
        ({}, {"source": name, "after_id": f"{name}:", "before_id": f"{name};"}) for name in ("crm", "cr", "nobody")
    ],
    "duplicates/list_verdicts": [({}, {"after_id": after, "row_limit": 9}) for after in ("", "2:C1:C2")],
    "store/count_nodes": [({"LABEL": label}, {}) for label in LABELS],
    "store/count_ties": [({"TYPE": name}, {}) for name in TIE_TYPES],
    "store/read_migrations": [({}, {})],
    "tokens/list": [({}, {})],
    "receipts/read": [({}, {"id": "r"}), ({}, {"id": "nobody"})],
    "jobs/read": [({}, {"id": "j1"}), ({}, {"id": "nobody"})],
    "jobs/page": [
        ({}, {"source": None, "before_id": None, "row_limit": 2}),
        ({}, {"source": None, "before_id": "j2", "row_limit": 2}),
        ({}, {"source": "shop", "before_id": None, "row_limit": 2}),
        ({}, {"source": "crm", "before_id": None, "row_limit": 2}),
    ],
    "jobs/list_open": [({}, {"row_limit": 10}), ({}, {"row_limit": 1})],
    "webhooks/list": [({}, {})],
    "webhooks/page_deliveries": [
        ({}, {"after_id": "w1:", "before_id": "w1;", "row_limit": 2}),
        ({}, {"after_id": "w1:1", "before_id": "w1;", "row_limit": 9}),
    ],
    "webhooks/count_deliveries": [
        ({}, {"after_id": "w1:", "before_id": "w1;", "row_limit": 9}),
        ({}, {"after_id": "w1:", "before_id": "w1;", "row_limit": 2}),
        ({}, {"after_id": "w2:", "before_id": "w2;", "row_limit": 2}),
    ],
}
"""Queries whose answers must be equal, with the words and parameters to ask them with."""

STREAMED = {"backup/read_nodes", "backup/read_ties"}
"""Queries whose rows come in no order, since all of them are wanted."""

BY_ENGINE = {"store/read_server", "store/read_revision"}
"""Queries that rightly answer differently: what server it is, and how often it was written to."""

_ENDS = {"TYPE": "KNOWS", "SOURCE": "Customer", "TARGET": "Contact"}
_TIE = {"id": "KNOWS:C2:K2:friend", "source_id": "C2", "target_id": "K2"}
_SAID = {"sources": ["crm"], "seen_at": T0}
WRITES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "nodes/create": (C, {"rows": [{"id": "N1", "name": "New", "created_at": T0, "tags": ["a"], "amount": 5}], **_SAID}),
    "nodes/update": (C, {"rows": [{"id": "C1", "name": "Anna", "country": None}, {"id": "nobody", "name": "x"}]}),
    "nodes/delete": (C, {"ids": ["C3", "nobody"]}),
    "nodes/detach_delete": ({"LABEL": "Product"}, {"ids": ["P1", "nobody"]}),
    "ties/create": (
        _ENDS,
        {"rows": [_TIE | {"properties": {"id": _TIE["id"], "kind": "friend", "since": date(2024, 2, 29)}}], **_SAID},
    ),
    "ties/update": (
        _ENDS | {"TARGET": "Contact"},
        {
            "rows": [
                {
                    "id": "KNOWS:C1:K1:friend",
                    "source_id": "C1",
                    "target_id": "K1",
                    "properties": {"strength": 0.25, "since": None},
                }
            ]
        },
    ),
    "ties/delete": (_ENDS, {"rows": [{"id": "KNOWS:C1:K1:friend", "source_id": "C1", "target_id": "K1"}]}),
    "history/write": ({}, {"rows": [{"id": "h0", "about": "C2", "at": T0}, {"id": "h9", "about": "C2", "by": "x"}]}),
    "history/delete": ({}, {"ids": ["h1", "nobody"]}),
    "history/delete_about": ({}, {"parties": ["gone", "nobody"]}),
    "source_records/write": (
        {},
        {
            "rows": [
                {
                    "id": "crm:X",
                    "source_id": "crm",
                    "about": "X",
                    "shown_in": "X",
                    "fields": "{}",
                    "raw": "{}",
                    "seen_at": T0,
                }
            ]
        },
    ),
    "source_records/delete": ({}, {"ids": ["crm:X", "nobody"]}),
    "nodes/create_again": (C, {"rows": [{"id": "N2", "name": "Again", "_sources": ["crm"], "_records": 2}]}),
    "ties/create_again": (
        _ENDS,
        {"rows": [{"source_id": "C2", "target_id": "K1", "properties": {"id": "KNOWS:C2:K1:friend", "_records": 2}}]},
    ),
    "merges/create": ({}, {"rows": [{"id": "gone2", "label": "Contact", "into": "C2", "at": T0, "by": "hand"}]}),
    "merges/update": (
        {},
        {"rows": [{"id": "gone", "into": "C2", "probability": None}, {"id": "nobody", "into": "C1"}]},
    ),
    "merges/delete": ({}, {"ids": ["gone", "nobody"]}),
    "sources/write": ({}, {"id": "shop", "properties": {"kind": "shop", "trust": 5, "created_at": T0}}),
    "sources/delete": ({}, {"id": "crm"}),
    "backup/create_nodes": (C, {"rows": [{"id": "B1", "_sources": ["crm"], "name": "Back", "at": T0, "score": -0.0}]}),
    "backup/create_ties": (
        _ENDS,
        {"rows": [{"source_id": "C2", "target_id": "K1", "properties": {"id": "KNOWS:C2:K1:other", "count": 2**53}}]},
    ),
    "backup/hold_writers": ({}, {"for_ms": 0}),
    "backup/lift_counters": ({}, {"rows": [{"id": "00", "value": 1}]}),
    "store/create_counters": ({}, {"counters": ["00", "01"]}),
    "store/lock_counters": ({}, {"counters": ["00", "01"]}),
    "store/raise_counters": ({}, {"counters": ["00"]}),
    "store/record_migration": ({}, {"id": "0001_first", "at": T0}),
    "tokens/create": ({}, {"id": "t2", "hash": "h2", "role": "admin", "at": T0}),
    "tokens/delete": ({}, {"id": "t"}),
    "receipts/create": ({}, {"id": "r2", "fingerprint": "g", "answer": "[]", "at": T0}),
    "receipts/delete_old": ({}, {"before": datetime(2026, 1, 1, tzinfo=UTC)}),
    "jobs/create": ({}, {"properties": {"id": "j4", "state": "queued", "made_at": T0, "owner": None}}),
    "jobs/update": ({}, {"id": "j1", "changes": {"state": "failed", "progress": None, "ended_at": T0}}),
    "duplicates/write_verdicts": (
        {},
        {"rows": [{"id": f"2:C2:{id_}", "left_id": "C2", "right_id": id_, "at": T0} for id_ in ("C3", "K1")]},
    ),
    "duplicates/delete_verdict": ({}, {"ids": ["2:C1:C2", "nobody"]}),
    "candidates/create": ({}, {"rows": [{"id": f"found:{n}", "left_id": "C1", "right_id": "C2"} for n in range(3)]}),
    "decisions/write": ({}, {"rows": [{"id": f"r2:{n}", "party_id": "C1", "at": T0} for n in range(3)]}),
    "decisions/delete": ({}, {"ids": ["r1:1", "r2:1", "nobody"]}),
    "candidates/note_search": ({}, {"id": "search", "changes": {"state": "running", "started_at": T0, "owner": None}}),
    "candidates/delete": ({}, {"ids": ["found:1", "nobody"]}),
    "candidates/delete_range": ({}, {"after_id": "found:", "before_id": "found:C3"}),
    "sightings/write": (
        {},
        {"rows": [{"id": f"crm:0{n}", "source": "crm", "size": 8, "seen": "eJwDAAAA"} for n in range(2)]},
    ),
    "sightings/delete": ({}, {"source": "crm", "after_id": "crm:", "before_id": "crm;"}),
    "jobs/delete": ({}, {"ids": ["j2", "nobody"]}),
    "webhooks/create": ({}, {"properties": {"id": "w2", "url": "https://example.org", "events": ["import.finished"]}}),
    "webhooks/update": ({}, {"id": "w1", "changes": {"lost_since": T0, "url": None}}),
    "webhooks/delete": ({}, {"id": "w1"}),
    "webhooks/add_deliveries": ({}, {"rows": [{"id": "w1:9", "events": "[]", "made_at": T0, "attempts": 0}]}),
    "webhooks/update_delivery": ({}, {"id": "w1:0", "changes": {"attempts": 1, "next_at": T0}}),
    "webhooks/delete_deliveries": ({}, {"ids": ["w1:1", "nobody"]}),
}
