"""Online Retail by its preset: the whole with its exact counts, and the rate against a bare ``UNWIND … MERGE`` loop."""

from __future__ import annotations

import csv
import gzip
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from measuring import best_of, seconds

from graphcrm import Graph
from graphcrm.values import MONEY_SCALE

pytestmark = pytest.mark.bench

LINES, BATCH = 100_000, 10_000
WANTED = 0.5

GOODS = """
UNWIND $rows AS row
MERGE (o:Order {id: row.InvoiceNo}) SET o.at = datetime(row.at), o.currency = 'GBP', o.country = row.Country
MERGE (p:Product {id: row.StockCode}) SET p.name = row.Description
MERGE (o)-[l:CONTAINS {id: row.id}]->(p)
SET l.line_no = row.line_no, l.quantity = toFloat(row.Quantity), l.unit_price = toInteger(row.price)
"""
BUYERS = """
UNWIND $rows AS row
MERGE (c:Customer {id: row.CustomerID}) SET c.name = 'Customer ' + row.CustomerID, c.country = row.Country
WITH c, row MATCH (o:Order {id: row.InvoiceNo})
MERGE (c)-[:PLACED {id: 'PLACED:' + row.CustomerID + ':' + row.InvoiceNo}]->(o)
"""


def lines(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Batches of lines, as simple as they can be made for a driver."""
    numbers: dict[str, int] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader: Iterator[dict[str, Any]] = itertools.islice(csv.DictReader(file), LINES)
        while rows := list(itertools.islice(reader, BATCH)):
            for row in rows:
                invoice = row["InvoiceNo"]
                row["line_no"] = numbers[invoice] = numbers.get(invoice, 0) + 1
                row["id"] = f"CONTAINS:{invoice}:{row['StockCode']}:{row['line_no']}"
                row["at"] = row["InvoiceDate"].replace(" ", "T") + "Z"
                row["price"] = round(float(row["UnitPrice"]) * MONEY_SCALE)
                row["CustomerID"] = row["CustomerID"].removesuffix(".0")
            yield rows


@pytest.fixture
def whole(shared_data: Path) -> Path:
    return shared_data / "online_retail" / "online_retail.csv.gz"


@pytest.mark.timeout(3600)
def test_online_retail_rate(
    graph: Graph, bare: Any, engine: str, report: Callable[..., None], whole: Path, tmp_path: Path
) -> None:
    part = tmp_path / "lines.csv"
    with gzip.open(whole, "rt", encoding="utf-8") as file:
        part.write_text("".join(itertools.islice(file, LINES + 1)), encoding="utf-8")

    def bare_loop() -> None:
        for rows in lines(whole):
            bare.run(GOODS, rows=rows)
            bare.run(BUYERS, rows=[row for row in rows if row["CustomerID"]])

    def product() -> None:
        done = graph.import_files([part], preset="online-retail")
        assert (done.files[-1].table, done.files[-1].created) == ("order_lines", LINES)

    def on_an_empty_graph(work: Callable[[], None]) -> Callable[[], float]:
        def run() -> float:
            bare.wipe()
            graph.touch()
            return seconds(work)

        return run

    bare_seconds, product_seconds = best_of(1, on_an_empty_graph(bare_loop), on_an_empty_graph(product))
    ratio = bare_seconds / product_seconds
    report(
        {"engine": engine, "lines": LINES, "batch": BATCH},
        {
            "bare_rows_per_s": LINES / bare_seconds,
            "rows_per_s": LINES / product_seconds,
            "ratio": ratio,
            "ratio_wanted_at_least": WANTED,
        },
    )
    assert ratio >= WANTED


@pytest.mark.timeout(3600)
def test_online_retail_whole(graph: Graph, engine: str, report: Callable[..., None], whole: Path) -> None:
    done: list[Any] = []

    def load() -> float:
        return seconds(lambda: done.append(graph.import_files([whole], preset="auto")))

    first = load()
    expected = {"customers": 4_372, "products": 4_070, "orders": 25_900, "order_lines": 541_909}
    assert {file.table: file.created for file in done[0].files} == expected
    assert done[0].rejected == 0
    assert done[0].repeated == 5_268
    orders = graph.store.read("nodes/read_many", words={"LABEL": "Order"}, ids=_invoices(whole))[0]["records"]
    assert sum(order["amount"] for order in orders) == 97_477_479_340
    types = graph.status()["types"]
    assert (types["CONTAINS"], types["PLACED"]) == (541_909, 25_900 - 3_710)
    again = load()
    assert {file.table: file.unchanged for file in done[1].files} == expected
    figures = {"seconds": first, "rows_per_s": 541_909 / first, "again_s": again}
    report({"engine": engine, "lines": 541_909}, figures)
    assert again < first


def _invoices(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(dict.fromkeys(row["InvoiceNo"] for row in csv.DictReader(file)))
