"""Whose leaving would cut customers and revenue off, on both engines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from graphcrm import Graph, InvalidInput, NotFound


@pytest.fixture
def firm(graph: Graph) -> Graph:
    """U1 owns C1 and spoke to K, who works at C2 and referred C3; U2 owns C5 and heard C1; C4 is out of reach."""
    graph.records.upsert(
        "users", [{"id": "U1", "name": "Una"}, {"id": "U2", "name": "Udo"}, {"id": "C1", "name": "Namesake"}]
    )
    owners = {"C1": "U1", "C5": "U2"}
    customers = [{"id": f"C{n}", "name": f"Firm {n}", "owner_id": owners.get(f"C{n}")} for n in range(1, 6)]
    graph.records.upsert("customers", customers)
    graph.records.upsert("contacts", [{"id": "K", "name": "Kay", "customer_id": "C2"}])
    said = [("1", "U1", ["K"], "2025-01-01"), ("2", "C1", ["U2"], "2025-02-01")]
    rows = [{"id": i, "kind": "call", "at": at, "from_id": one, "to_ids": others} for i, one, others, at in said]
    graph.records.upsert("interactions", rows)
    graph.records.upsert("ties", [{"type": "REFERRED", "source_id": "K", "target_id": "C3", "at": "2025-01-05"}])
    orders: list[dict[str, Any]] = [
        {"id": "O1", "customer_id": "C2", "at": "2025-01-02", "amount": "100.5", "currency": "EUR"},
        {"id": "O2", "customer_id": "C3", "at": "2025-03-01", "amount": "50", "currency": "EUR"},
        {"id": "O3", "customer_id": "C3", "at": "2025-01-06", "amount": "7", "currency": "CNY"},
        {"id": "O4", "customer_id": "C5", "at": "2025-01-06", "amount": "1", "currency": "EUR"},
    ]
    assert graph.records.upsert("orders", orders).created == len(orders)
    return graph


def test_who_would_cut_off_whom(firm: Graph) -> None:
    frame = firm.brokers(as_of="2025-12-31")
    assert frame[["rank", "party_id", "label", "customers", "parties", "bridges"]].to_numpy().tolist() == [
        [1, "U1", "User", 2, 3, 1],
        [2, "K", "Contact", 2, 2, 2],
        [3, "U2", "User", 1, 1, 1],
    ]
    held = [{"amount": "7", "currency": "CNY"}, {"amount": "150.5", "currency": "EUR"}]
    money = [[(Decimal(part["amount"]), part["currency"]) for part in row] for row in frame.revenue]
    assert money[0] == money[1] == [(Decimal(part["amount"]), part["currency"]) for part in held]
    assert frame.cut_off.tolist() == [["C2", "C3"], ["C2", "C3"], ["C5"]]
    assert frame.attrs["currency"] == "EUR"
    assert frame.attrs["out_of_reach"] == 1
    assert frame.attrs["total"] == 3
    assert firm.brokers(as_of="2025-12-31", currency="CNY", limit=1).party_id.tolist() == ["U1"]


def test_from_one_root(firm: Graph) -> None:
    # From U2 all lead through C1, who spoke to U2 and is owned by U1; then through U1.
    frame = firm.brokers("U2", as_of="2025-12-31")
    assert frame.party_id.tolist() == ["C1", "U1", "K"]
    assert frame.label.tolist() == ["Customer", "User", "Contact"]
    assert frame.attrs["root"] == "U2"
    assert firm.brokers("K", as_of="2025-12-31", layers=["referral"]).empty


def test_as_of_and_layers_decide_what_counts(firm: Graph) -> None:
    early = firm.brokers(as_of="2025-01-04")
    assert early[["party_id", "customers", "cut_off"]].to_numpy().tolist() == [
        ["U1", 2, ["C2", "C1"]],
        ["K", 1, ["C2"]],
        ["U2", 1, ["C5"]],
    ]
    assert firm.brokers(layers=["knows"], as_of="2025-12-31").attrs["out_of_reach"] == 5


def test_what_makes_no_sense_is_refused(graph: Graph) -> None:
    with pytest.raises(InvalidInput, match=r"^root: the graph has no members of staff"):
        graph.brokers()
    with pytest.raises(NotFound):
        graph.brokers("nobody")
    with pytest.raises(InvalidInput, match=r"^limit: "):
        graph.brokers(limit=0)
