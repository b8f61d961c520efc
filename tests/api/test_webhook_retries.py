"""How long a delivery that was not taken waits for its next try."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

from receivers import Receiver, until

import graphcrm
from graphcrm.service.webhooks import Webhooks


def test_each_wait_is_twice_the_one_before_and_an_hour_at_most(
    graph: graphcrm.Graph, hooks: Webhooks, receiver: Receiver, dispatch: Any
) -> None:
    answered: dict[str, datetime] = {}

    def refuse(told: dict[str, Any]) -> int:
        answered[told["id"]] = datetime.now(UTC)
        return 500

    receiver.answer = refuse
    made = hooks.add(receiver.url)
    before = {f"C{tries}": tries for tries in (0, 1, 2, 5, 11, 12, 40, 2_000)}
    for id_ in before:
        graph.records.create("customers", {"id": id_, "name": "N"})
    tried = {each["id"]: before[json.loads(each["events"])[0]["id"]] for each in _deliveries(graph, made)}
    for id_, attempts in tried.items():
        changes = {"attempts": attempts}
        graph.store.write(lambda tx, id_=id_, c=changes: tx.run("webhooks/update_delivery", id=id_, changes=c))  # type: ignore[misc]
    dispatch()
    until(lambda: all(each["attempts"] > tried[each["id"]] for each in _deliveries(graph, made)))
    last = datetime.now(UTC)
    for each in _deliveries(graph, made):
        wait = timedelta(seconds=min(3_600, 2 ** min(each["attempts"] - 1, 20)))
        assert answered[each["id"]] + 0.8 * wait <= each["next_at"] <= last + 1.2 * wait, each["attempts"]


def test_a_receiver_that_is_away_is_asked_less_and_less_often(
    graph: graphcrm.Graph, hooks: Webhooks, dispatch: Any
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    before = {hooks.add(nobody).webhook["id"]: tries for tries in (1, 6, 30)}
    for id_, attempts in before.items():
        changes = {"attempts": attempts}
        graph.store.write(lambda tx, id_=id_, c=changes: tx.run("webhooks/update", id=id_, changes=c))  # type: ignore[misc]
    graph.records.create("customers", {"id": "A", "name": "Ann"})
    begun = datetime.now(UTC)
    dispatch()

    def stored() -> list[dict[str, Any]]:
        return [row["record"] for row in graph.store.read("webhooks/list")]

    until(lambda: all(each["attempts"] > before[each["id"]] for each in stored()))
    last = datetime.now(UTC)
    for each in stored():
        wait = timedelta(seconds=min(3_600, 2 ** (each["attempts"] - 1)))
        assert begun + 0.8 * wait <= each["next_at"] <= last + 1.2 * wait, each["attempts"]


def _deliveries(graph: graphcrm.Graph, made: Any) -> list[dict[str, Any]]:
    """What waits for a webhook, as it is stored."""
    first = f"{made.webhook['id']}:"
    rows = graph.store.read("webhooks/page_deliveries", after_id=first, before_id=f"{first[:-1]};", row_limit=100)
    return [row["record"] for row in rows]
