"""Sources that number their customers alike: told apart by a prefix, and noticed where they have none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.errors import Conflict, InvalidInput
from graphcrm.intake.importer import ImportReport
from graphcrm.tables import TABLES

SHOP = {
    "users": "id,name\nU1,Uma\n",
    "customers": "id,name,owner_id\n1001,Ann,U1\n1002,Bob,U1\n",
    "contacts": "id,name,customer_id\nK1,Kim,1001\n",
    "products": "id,name\nP1,Pen\n",
    "campaigns": "id,name,targeted_ids\nM1,May,1001|K1\n",
    "interactions": "id,kind,at,from_id,to_ids,campaign_id\nI1,call,2026-01-31,U1,1001|K1,M1\n",
    "orders": "id,customer_id,at\nO1,1001,2026-01-31\n",
    "order_lines": "order_id,product_id,quantity,line_no\nO1,P1,2,7\n",
    "referrals": "referrer_id,referred_id,at,campaign_id\n1001,1002,2026-01-31,M1\n",
    "relationships": "source_id,target_id,kind\n1001,K1,friend\n",
    "responses": "party_id,campaign_id,kind\n1001,M1,opened\n",
}


def bring(graph: Graph, folder: Path, source: str, files: dict[str, str], **options: Any) -> ImportReport:
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return graph.import_files([folder], source=source, **options)


def test_every_id_that_a_source_brings_gets_its_prefix(graph: Graph, bare: Any, tmp_path: Path) -> None:
    bring(graph, tmp_path / "in", "crm", {"customers": "id,name\n1001,Zoe\n"})
    assert graph.sources.add("shop", prefix="shop-")["prefix"] == "shop-"
    report = bring(graph, tmp_path / "in", "shop", SHOP)
    assert (report.created, report.rejected) == (report.read, 0)
    assert [file.notes for file in report.files if file.notes] == []

    nodes = bare.run("MATCH (n) WHERE 'shop' IN n._sources RETURN n.id AS id")
    brought = ("U1", "1001", "1002", "K1", "P1", "M1", "I1", "O1")
    assert {row["id"] for row in nodes} == {f"shop-{id_}" for id_ in brought}
    ties = bare.run("MATCH (a)-[r]->(b) RETURN a.id AS a, r.id AS id, b.id AS b, r.campaign_id AS campaign_id")
    assert all(row["a"].startswith("shop-") and row["b"].startswith("shop-") for row in ties)
    assert {row["campaign_id"] for row in ties} == {None, "shop-M1"}
    assert "CONTAINS:shop-O1:shop-P1:7" in {row["id"] for row in ties}
    assert len(ties) == 14
    assert graph.records.read("customers", "1001")["name"] == "Zoe"
    assert graph.records.read("customers", "shop-1001")["owner_id"] == "shop-U1"

    again = bring(graph, tmp_path / "in", "shop", SHOP)
    assert (again.unchanged, again.rejected) == (again.read, 0)
    told = graph.sources.provenance("customers", "shop-1001")
    assert [each["key"] for each in told["sources"]] == ["1001"]
    assert {one["key"] for field in told["fields"] for one in field["values"]} == {"1001"}
    assert all(one["seen_at"] < one["last_seen"] for field in told["fields"] for one in field["values"])
    friend = graph.sources.provenance("ties", "KNOWS:shop-1001:shop-K1:friend")
    assert [each["key"] for each in friend["sources"]] == ["KNOWS:1001:K1:friend"]

    graph.sources.erase("shop")
    assert bare.run("MATCH (n) WHERE n.id STARTS WITH 'shop' RETURN n.id AS id") == []
    assert graph.sources.add("shop")["prefix"] is None


def test_a_row_whose_ids_become_too_long_is_rejected(graph: Graph, tmp_path: Path) -> None:
    graph.sources.add("shop", prefix="shop-")
    rows = f"id,name\n{'x' * 123},Ann\n{'y' * 124},Bob\n"
    report = bring(graph, tmp_path / "in", "shop", {"customers": rows}, rejects=tmp_path / "rejects.csv")
    assert (report.created, report.rejected) == (1, 1)
    assert "id: has at most 128 characters, the prefix 'shop-'" in (tmp_path / "rejects.csv").read_text()
    dry = bring(graph, tmp_path / "in", "shop", SHOP, dry_run=True)
    assert (dry.created, dry.rejected) == (dry.read, 0)


def test_a_prefix_stays_once_the_source_has_said_something(graph: Graph, tmp_path: Path) -> None:
    graph.sources.add("shop", prefix="old-")
    assert graph.sources.add("shop", prefix="new-")["prefix"] == "new-"
    said = graph.sources.add("shop", trust=70)
    assert (said["kind"], said["trust"], said["prefix"]) == ("files", 70, "new-")
    bring(graph, tmp_path / "in", "shop", {"customers": "id,name\n1,Ann\n"})
    assert graph.sources.add("shop", kind="shop", prefix="new-")["kind"] == "shop"
    for other in ("", "old-"):
        with pytest.raises(Conflict, match="graphcrm source erase shop"):
            graph.sources.add("shop", prefix=other)
    assert graph.sources.read("shop")["prefix"] == "new-"
    for name, prefix in (("hand", "h-"), ("crm", "a b"), ("crm", "x" * 33), ("crm", "a\n")):
        with pytest.raises(InvalidInput, match="prefix"):
            graph.sources.add(name, prefix=prefix)


def test_who_shares_an_id_and_not_a_name_is_counted(graph: Graph, tmp_path: Path) -> None:
    numbered = "".join(f"{number},{{}} {number}\n" for number in range(40))
    files = {"customers": "id,name\n" + numbered.format(*["Customer"] * 40)}
    assert [file.notes for file in bring(graph, tmp_path / "in", "crm", files).files] == [()]
    names = [" CUSTOMER "] * 3 + ["Buyer"] * 37
    other = {"customers": "id,name\n" + numbered.format(*names), "contacts": "id,name\nK,Kim\n"}
    said = (
        "37 customers share their id with source crm but not their name: if shop numbers its customers for itself, "
        "erase it and add it with --prefix; see docs/sources.md"
    )
    dry = bring(graph, tmp_path / "in", "shop", other, dry_run=True)
    first = bring(graph, tmp_path / "in", "shop", other)
    second = bring(graph, tmp_path / "in", "shop", other)
    for report in (dry, first, second):
        assert [(file.table, file.notes) for file in report.files] == [("customers", (said,)), ("contacts", ())]
    assert graph.jobs.page().items[0]["files"][0]["notes"] == [said]

    # A name that people have mended is no other source's word.
    graph.sources.erase("shop")
    graph.records.patch("customers", "7", {"name": "Mended"})
    assert [file.notes for file in bring(graph, tmp_path / "in", "crm", files).files] == [()]


def test_every_reference_of_every_table_is_prefixed() -> None:
    """A column that names another record is a reference, an end, or a property that ends in ``_id``."""
    for table in TABLES.values():
        named = {name for name in table.columns if name.endswith(("_id", "_ids"))}
        known = {ref.field for ref in table.references} | {*table.ends} | {*table.properties}
        assert named <= known
        assert not [name for name in table.properties if name.endswith("_ids")]
