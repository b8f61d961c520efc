"""Files of programs that nobody here has, brought in on both engines: by preset, and by what is suggested."""

from __future__ import annotations

from pathlib import Path

from strangers import FILES

import graphcrm
from graphcrm.intake.importer import ImportReport
from graphcrm.intake.suggest import suggest_mapping


def put(folder: Path, name: str) -> Path:
    path = folder / name
    content = FILES[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def counts(report: ImportReport) -> dict[str, tuple[int, int, int]]:
    return {file.table: (file.created, file.unchanged, file.rejected) for file in report.files}


def test_orders_of_a_stranger_come_in_whole_and_twice_change_nothing(graph: graphcrm.Graph, tmp_path: Path) -> None:
    path = put(tmp_path, "superstore.csv")
    mapping = tmp_path / "my.toml"
    mapping.write_text(suggest_mapping(path), encoding="utf-8")
    first = graph.import_files([path], mapping)
    assert counts(first) == {
        "customers": (2, 0, 0),
        "products": (3, 0, 0),
        "orders": (3, 0, 0),
        "order_lines": (4, 0, 0),
    }
    assert first.files[0].notes == (
        "is read as Windows-1252, in which its letters make sense; --encoding says otherwise",
    )
    assert (graph.import_files([path], mapping).created, graph.status()["labels"]["Order"]) == (0, 3)


def test_a_shop_comes_in_by_its_preset(graph: graphcrm.Graph, tmp_path: Path) -> None:
    paths = [put(tmp_path, name) for name in ("shopify_customers.csv", "shopify_orders.csv")]
    report = graph.import_files(paths, preset="auto")
    assert report.rejected == 0
    assert {name: graph.status()["labels"][name] for name in ("Customer", "Order", "Product")} == {
        "Customer": 3,
        "Order": 2,
        "Product": 2,
    }
