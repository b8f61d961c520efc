"""The mappings of examples/ and of the northwind preset on the files that they are for: every published count."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake.mapping import Mapping, load_mapping
from graphcrm.intake.presets import load_preset
from graphcrm.intake.readers import Reject
from graphcrm.tables import Row

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the public data sets in ../shared/data")


def example(name: str, folder: str) -> tuple[dict[str, list[Row]], list[tuple[str, int, str]]]:
    return mapped(load_mapping(ROOT / "examples" / f"{name}.toml"), folder)


def mapped(mapping: Mapping, folder: str) -> tuple[dict[str, list[Row]], list[tuple[str, int, str]]]:
    rows: dict[str, list[Row]] = {}
    failed: list[tuple[str, int, str]] = []
    unread: list[Reject] = []
    for source in mapping.sources([DATA / folder]):
        found = rows.setdefault(source.table.name, [])
        for row in source.rows(unread.append):
            try:
                found.append(source.table.row(row.values))
            except InvalidInput as error:
                failed.append((source.table.name, row.line, error.message))
    assert unread == []
    return rows, failed


@needs_data
def test_northwind() -> None:
    rows, failed = mapped(load_preset("northwind"), "northwind")
    assert failed == []
    assert {name: len(found) for name, found in rows.items()} == {
        "users": 9,
        "customers": 91,
        "contacts": 91,
        "products": 77,
        "orders": 830,
        "order_lines": 2155,
    }
    assert sum(row.properties["amount"] for row in rows["orders"]) == Decimal("1265793.0395") * 10_000
    times = [row.properties["at"] for row in rows["orders"]]
    assert (str(min(times))[:10], str(max(times))[:10]) == ("1996-07-04", "1998-05-06")
    assert all(row.properties["employee_id"] in "123456789" for row in rows["orders"])
    assert Counter(len(row.references) for row in rows["users"]) == {1: 8, 0: 1}
    assert {row.references["customer_id"][0] for row in rows["contacts"]} == {row.id for row in rows["customers"]}
    assert all(len(row.properties["country"]) == 2 for row in rows["customers"])
    berlin = next(row for row in rows["customers"] if row.id == "ALFKI")
    assert (berlin.properties["country"], berlin.properties["kind"]) == ("DE", "organization")
    assert next(row for row in rows["products"] if row.id == "1").properties["category"] == "Beverages"
    assert not any("NULL" in row.properties.values() for found in rows.values() for row in found)


@needs_data
@pytest.mark.parametrize(
    ("name", "nodes", "edges", "kind"),
    [("kite", 10, 18, "friend"), ("karate", 34, 78, "friend"), ("flo_marriage", 16, 20, "family")],
)
def test_networks(name: str, nodes: int, edges: int, kind: str) -> None:
    rows, failed = example(f"networks/{name}", "networks")
    assert failed == []
    assert len(rows["customers"]) == nodes
    assert len(rows["relationships"]) == edges
    assert {row.properties["kind"] for row in rows["relationships"]} == {kind}
    known = {row.id for row in rows["customers"]}
    assert {end for row in rows["relationships"] for end in (row.source_id, row.target_id)} <= known


@needs_data
def test_radoslaw() -> None:
    rows, failed = example("networks/radoslaw_email", "networks")
    assert len(rows["contacts"]) == 167
    assert len(rows["relationships"]) == 5783
    assert sum(row.properties["count"] for row in rows["relationships"]) == 82_927 - 51
    assert [(table, line) for table, line, _ in failed] == [("relationships", 5704)]
    assert "a relationship needs two parties" in failed[0][2]
    assert "radoslaw-129" in failed[0][2]


@needs_data
def test_cdnow() -> None:
    rows, failed = example("cdnow", "cdnow")
    assert failed == []
    assert {name: len(found) for name, found in rows.items()} == {"customers": 2357, "orders": 6919}
    assert len({row.id for row in rows["orders"]}) == 6919
    assert sum(row.properties["amount"] for row in rows["orders"]) == Decimal("244091.94") * 10_000
    assert [row.id for row in rows["orders"][:2]] == ["00004-1", "00004-2"]
    times = [row.properties["at"] for row in rows["orders"]]
    assert (str(min(times))[:10], str(max(times))[:10]) == ("1997-01-01", "1998-06-30")


@needs_data
def test_telco() -> None:
    rows, failed = example("telco", "telco_churn")
    assert failed == []
    assert len({row.id for row in rows["customers"]}) == 7043
    assert sum(row.properties["churn"] == "Yes" for row in rows["customers"]) == 1869
    assert sum("total_charges" not in row.properties for row in rows["customers"]) == 11


@needs_data
def test_ifood() -> None:
    rows, failed = example("ifood", "ifood_campaign")
    assert failed == []
    assert {name: len(found) for name, found in rows.items()} == {"customers": 2240, "campaigns": 6, "responses": 1001}
    responses = Counter(row.target_id for row in rows["responses"])
    assert [responses[f"campaign-{number}"] for number in range(1, 7)] == [144, 30, 163, 167, 163, 334]
    assert sum("income" not in row.properties for row in rows["customers"]) == 24
