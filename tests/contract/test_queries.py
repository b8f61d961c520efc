"""Every query of ``cypher/`` gives the same answer on both engines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from query_cases import BY_ENGINE, CONTACTS, CUSTOMERS, READS, STREAMED, T0, TIES, WRITES

from graphcrm import Graph, queries
from graphcrm.schema import BOOKKEEPING_LABELS, LABELS, TIE_TYPES

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?")
"""Times as text are compared as moments: Cypher's `toString` leaves zero seconds and the Z out on one engine."""

_WHEN = ("_seen_at", "seen_at", "first_at", "_created_at")


@pytest.fixture
def filled(graphs: dict[str, Graph]) -> dict[str, Graph]:
    """The same small company on both engines."""
    for graph in graphs.values():
        records = graph.records
        for table, rows in (
            ("customers", CUSTOMERS),
            ("contacts", CONTACTS),
            ("products", [{"id": "P1", "name": "Tea", "unit_price": "1.5", "currency": "EUR"}]),
            ("campaigns", [{"id": "M1", "name": "Spring", "targeted_ids": ["C1", "K1"]}]),
            ("segments", [{"id": "S1", "name": "East"}]),
            (
                "interactions",
                [
                    {"id": "I1", "kind": "email", "at": "2024-07-01", "from_id": "C1", "to_ids": ["C2", "K1"]},
                    {"id": "I2", "kind": "call", "at": "2024-07-02", "from_id": "U1", "to_ids": ["C1"]},
                ],
            ),
            (
                "orders",
                [
                    {"id": "O1", "customer_id": "C1", "at": "2024-08-01", "amount": "12.5", "currency": "EUR"},
                    {"id": "O2", "customer_id": "C1", "at": "2024-08-02"},
                    {"id": "O3", "customer_id": "C2", "at": "2024-08-03", "amount": "9", "status": "cancelled"},
                ],
            ),
            (
                "consents",
                [{"id": "N1", "party_id": "C1", "channel": "email", "purpose": "news", "granted": True, "at": T0}],
            ),
            ("tasks", [{"id": "T1", "party_id": "C1", "subject": "Call"}]),
            ("ties", TIES),
        ):
            report = records.upsert(table, rows)
            assert not report.rejected, report
        records.of("crm").upsert("customers", [{"id": "C3", "name": "ann", "city": "Ulm"}])
        alias = {"id": "gone", "label": "Customer", "into": "C1", "at": T0, "by": "automatic", "probability": 0.995}
        alias["compared_with"] = "C2"
        graph.store.write(lambda tx, row=alias: tx.run("merges/create", rows=[row]))
        graph.store.write(
            lambda tx: tx.run("sources/write", id="crm", properties={"kind": "crm", "trust": 70, "created_at": T0})
        )
        graph.store.write(lambda tx: tx.run("tokens/create", id="t", hash="h", role="viewer", at=T0))
        change = {"about": "C1", "at": T0, "kind": "changed", "fields": "{}", "sources": ["crm"], "names": ["city"]}
        changes = [change | {"id": f"h{number}"} for number in range(3)]
        changes.append(change | {"id": "h3", "about": "gone", "by": "anna"})
        graph.store.write(lambda tx, rows=changes: tx.run("history/write", rows=rows))
        graph.store.write(lambda tx: tx.run("receipts/create", id="r", fingerprint="f", answer="{}", at=T0))
        for id_, state in (("j1", "done"), ("j2", "running"), ("j3", "queued")):
            job = {"id": id_, "kind": "import", "state": state, "progress": 0.5, "made_at": T0, "source": "shop"}
            graph.store.write(lambda tx, job=job: tx.run("jobs/create", properties=job))
        for left, right in (("C1", "C2"), ("C1", "C3")):
            pair = {"id": f"2:{left}:{right}", "left_id": left, "right_id": right, "at": T0}
            graph.store.write(lambda tx, pair=pair: tx.run("duplicates/write_verdicts", rows=[pair]))
            waits = pair | {"id": f"found:{right}", "probability": 0.75, "group": None}
            graph.store.write(lambda tx, pair=waits: tx.run("candidates/create", rows=[pair]))
        decisions = [{"id": f"r1:{n}", "party_id": f"C{n}", "into_id": "C2", "compared_with": "C3"} for n in (0, 1)]
        graph.store.write(lambda tx, rows=decisions: tx.run("decisions/write", rows=rows))
        sighting = {"id": "crm:00", "source": "crm", "size": 4, "seen": "eJwD"}
        graph.store.write(lambda tx, row=sighting: tx.run("sightings/write", rows=[row]))
        waiting = [{"id": f"w1:{number}", "events": "[]", "made_at": T0, "attempts": 0} for number in range(3)]
        graph.store.write(lambda tx, rows=waiting: tx.run("webhooks/add_deliveries", rows=rows))
        hook = {"id": "w1", "url": "https://example.com", "events": ["customer.created", "customer.deleted"]}
        graph.store.write(lambda tx, hook=hook: tx.run("webhooks/create", properties=hook))
    return graphs


def test_every_query_is_compared() -> None:
    assert set(queries.names()) == READS.keys() | WRITES.keys() | BY_ENGINE


def _comparable(value: Any) -> Any:
    """Maps keep their keys but not the keys' order, nor when they were written; times as text are moments."""
    if isinstance(value, dict):
        return {key: _comparable(value[key]) for key in sorted(value) if key not in _WHEN}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, str) and ISO_TIME.fullmatch(value):
        return np.datetime64(value.removesuffix("Z"), "us")
    return value


def _comparable_rows(rows: list[dict[str, Any]]) -> list[Any]:
    """Columns collected into one row keep what belongs together, but not the order of it."""
    found: list[Any] = []
    for row in rows:
        columns = [row[name] for name in sorted(row) if name not in ("shard", *_WHEN)]
        if columns and all(isinstance(column, list) for column in columns):
            found += sorted(repr(_comparable(list(cells))) for cells in zip(*columns, strict=True))
        else:
            found.append(_comparable(row))
    return found


def test_reads_answer_alike(filled: dict[str, Graph], subtests: pytest.Subtests) -> None:
    for name, questions in READS.items():
        with subtests.test(name):
            answered = 0
            for words, parameters in questions:
                both = {e: graph.store.read(name, words=words, **parameters) for e, graph in filled.items()}
                rows = {engine: _comparable_rows(answer) for engine, answer in both.items()}
                if name in STREAMED:
                    rows = {engine: sorted(answer, key=repr) for engine, answer in rows.items()}
                assert rows["embedded"] == rows["neo4j"], (words, parameters)
                answered += len(rows["neo4j"])
                columns = queries.get(name, **words).returns
                assert all(row.keys() == columns.keys() for row in both["embedded"] + both["neo4j"])
            assert answered, "the questions found nothing, so the comparison says nothing"


def test_writes_leave_the_same(filled: dict[str, Graph], subtests: pytest.Subtests) -> None:
    for name, (words, parameters) in WRITES.items():
        with subtests.test(name):
            results, left = {}, {}
            for engine, graph in filled.items():
                results[engine] = _write(graph, name, words, parameters)
                left[engine] = _dump(graph)
            assert results["embedded"] == results["neo4j"]
            assert left["embedded"] == left["neo4j"]
            assert results["neo4j"][0]["written"] >= 1


def _write(graph: Graph, name: str, words: dict[str, str], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return graph.store.write(lambda tx: tx.run(name, words=words, **parameters))


def _dump(graph: Graph) -> dict[str, Any]:
    nodes = {
        label: graph.store.read("nodes/page", words={"LABEL": label}, after_id="", ids=None, filters=[], row_limit=1000)
        for label in (*LABELS, *BOOKKEEPING_LABELS)
        if label not in ("Change", "Migration", "Revision")
    }
    ties = {
        name: graph.store.read(
            "ties/page", words={"TYPE": name}, after_id="", source_id=None, target_id=None, row_limit=1000
        )
        for name in TIE_TYPES
    }
    return {"nodes": _comparable(nodes), "ties": _comparable(ties)}


def test_both_engines_can_plan_every_query(graphs: dict[str, Graph], bares: Callable[[str], Any]) -> None:
    plain = {"labels": "Customer", "types": "KNOWS"}
    for name in queries.names():
        words = {word: plain[kind] for word, kind in queries.words(name).items()}
        if name == "store/read_server":
            continue  # EXPLAIN of a procedure call runs it on the embedded engine
        for engine in graphs:
            query = queries.get(name, **words)
            blank = {parameter: _blank(kind) for parameter, kind in query.parameters.items()}
            bares(engine).run(f"EXPLAIN {query.text}", **blank)


def _blank(kind: str) -> Any:
    if kind.startswith("list"):
        return []
    if kind.startswith("map"):
        return {}
    return 1 if kind.startswith("int") else "x"


@pytest.fixture
def bares(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    return lambda engine: request.getfixturevalue(f"_{engine}_bare")
