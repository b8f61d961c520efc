"""What a row speaks of, and how it is digested: the same on every machine, as long as there are books."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from graphcrm.service import last_seen
from graphcrm.service.last_seen import digests, things_of
from graphcrm.tables import TABLES, TIES


def test_doctests() -> None:
    result = doctest.testmod(last_seen)
    assert result.attempted > 0
    assert result.failed == 0


def test_digests_are_those_of_blake2b_with_64_bits() -> None:
    # As `printf %s NAME | b2sum -l 64` has them.
    assert [f"{digest:016x}" for digest in digests(["", "Party:C1", "Party:客户"]).tolist()] == DIGESTS
    assert digests([]).tolist() == []


DIGESTS = ["e4a6a0577479b2b4", "c42a09e8b80b26c0", "d80168e62651db84"]


@pytest.mark.parametrize(
    ("table", "values", "things"),
    [
        ("customers", {"id": "C1", "name": "Ann"}, ["Party:C1"]),
        ("customers", {"id": "C1", "name": "A", "owner_id": "U1"}, ["Party:C1", "OWNS:U1:C1", "User:U1"]),
        ("contacts", {"id": "K:1", "name": "A", "customer_id": "C1"}, ["Party:K:1", "WORKS_AT:K%3A1:C1"]),
        (
            "cases",
            {"id": "7", "subject": "x", "customer_id": "C1", "owner_id": "U1"},
            ["Case:7", "RAISED:C1:Case:7", "OWNS:U1:Case:7", "User:U1"],
        ),
        (
            "interactions",
            {"id": "I", "kind": "call", "at": "2026-01-31", "from_id": "U1", "to_ids": "A|B", "campaign_id": "M"},
            ["Interaction:I", "TOOK_PART_IN:U1:I", "TOOK_PART_IN:A:I", "TOOK_PART_IN:B:I", "ABOUT:I:Campaign:M"],
        ),
        ("KNOWS", {"source_id": "A", "target_id": "B", "kind": "friend"}, ["KNOWS:A:B:friend"]),
        ("RAISED", {"source_id": "A", "target_id": "7", "target_label": "Case"}, ["RAISED:A:Case:7"]),
    ],
)
def test_a_row_speaks_of_itself_and_of_whom_it_names(table: str, values: dict[str, Any], things: list[str]) -> None:
    spec = (TABLES | TIES)[table]
    found = things_of(spec, spec.row(values))
    assert found[0] == things[0]
    assert sorted(found) == sorted(things)
