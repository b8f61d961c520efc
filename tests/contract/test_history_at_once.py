"""What two do to a party at once is noted once each, by who did it, on both engines."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from graphcrm import Graph
from graphcrm.service.changes import acting
from graphcrm.service.recording import recording
from graphcrm.store import Transaction


def put(graph: Graph, table: str, *rows: dict[str, Any]) -> None:
    report = graph.records.upsert(table, rows)
    assert not report.rejected, report


def told(graph: Graph, id_: str) -> set[tuple[Any, ...]]:
    lines = graph.archive.history(id_).to_dict("records")
    news = [tuple(line[key] for key in ("field", "from", "to", "by")) for line in lines if line["kind"] == "changed"]
    assert len(news) == len(set(news))
    return set(news)


def test_a_change_of_another_that_came_in_between_is_not_noted_as_done_here(graph: Graph) -> None:
    put(graph, "customers", {"id": "C", "name": "Ann", "city": "Ulm"})
    begun, patched = threading.Event(), threading.Event()

    def patch() -> None:
        assert begun.wait(30)
        with acting("anna"):
            graph.records.patch("customers", "C", {"city": "Bonn"})
        patched.set()

    def look_on(tx: Transaction) -> None:
        with recording(tx, ["C"]):
            begun.set()
            patched.wait(2)  # which it does not, since the party is held until this is through

    with ThreadPoolExecutor(1) as other:
        waits = other.submit(patch)
        with acting("bert"):
            graph.store.write(look_on, ["somebody"])
        waits.result(30)
    assert told(graph, "C") == {("city", "Ulm", "Bonn", "anna")}


def test_an_owner_is_deleted_while_a_customer_moves(graph: Graph) -> None:
    numbers = range(8)
    put(graph, "users", *({"id": f"U{n}", "name": f"User {n}"} for n in numbers))
    put(graph, "customers", *({"id": f"C{n}", "name": "Ann", "city": "Ulm", "owner_id": f"U{n}"} for n in numbers))
    together = threading.Barrier(2)

    def delete() -> None:
        with acting("bert"):
            for n in numbers:
                together.wait(30)
                graph.records.delete("users", f"U{n}", detach=True)

    def patch() -> None:
        with acting("anna"):
            for n in numbers:
                together.wait(30)
                graph.records.patch("customers", f"C{n}", {"city": "Bonn"})

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(delete), both.submit(patch)]:
            done.result(60)
    for n in numbers:
        assert told(graph, f"C{n}") == {("city", "Ulm", "Bonn", "anna"), ("owner_id", f"U{n}", None, "bert")}
