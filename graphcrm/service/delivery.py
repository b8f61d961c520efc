"""The dispatcher of a service: tells webhooks what lies in the outbox, again and again until they have taken it.

A party's events are told in their order: as long as a receiver has not taken one, later ones about the same party wait.
Events about others go on. Of all services on a graph one at a time tells a webhook, by a claim in the graph.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from graphcrm.errors import Cancelled, GraphCRMError, InvalidInput
from graphcrm.service.leases import Holder
from graphcrm.service.outbox import lost_since, parties_of, range_of
from graphcrm.service.sending import Unreachable, send, signed
from graphcrm.service.webhooks import Webhooks
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

__all__ = ["Dispatcher"]

_log = logging.getLogger(__name__)

_LOOK_S: Final = 1.0
"""Seconds between two looks into the outbox: other processes write to it as well."""
_AT_ONCE: Final = 4
"""Webhooks that are told at once."""
_PAGE: Final = 100
_LONGEST_S: Final = 3_600.0
"""Seconds between two tries at most; each wait is twice the one before, beginning with one second."""
_GIVE_UP: Final = timedelta(days=3)
"""How long a delivery is tried."""
_REST: Final = timedelta(seconds=30)
_END: Final = "~"
"""A text after every id of a delivery."""


class Dispatcher:
    """Threads that deliver.

    Parameters
    ----------
    store : GraphStore
        Where the outbox is.
    webhooks : Webhooks
        Whom to tell.
    holder : Holder
        This process as one that claims work.
    """

    def __init__(self, store: GraphStore, webhooks: Webhooks, holder: Holder) -> None:
        self._store = store
        self._webhooks = webhooks
        self._holder = holder
        self._stop = threading.Event()
        self._busy: set[str] = set()
        self._resting: dict[str, tuple[datetime, str]] = {}
        """Of webhooks with which nothing is to be done but to wait: until when, and the last delivery seen by then."""
        self._thread = threading.Thread(target=self._work, name="graphcrm-dispatcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the deliveries under way; what lies in the outbox is told when a service starts again."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        swept = False
        with ThreadPoolExecutor(_AT_ONCE, "graphcrm-delivery") as pool:
            while not self._stop.is_set():
                try:
                    hooks = [row["record"] for row in self._store.read("webhooks/list")]
                    if not swept:
                        self._sweep()
                        swept = True
                    for hook in hooks:
                        if hook["id"] not in self._busy and self._has_work(hook):
                            self._busy.add(hook["id"])
                            pool.submit(self._deliver, hook["id"])
                except GraphCRMError as error:
                    _log.warning("the outbox cannot be read: %s", error.message)
                self._stop.wait(_LOOK_S)

    def _sweep(self) -> None:
        """Delete what was noted for a webhook while it was being removed."""
        after = ""
        while rows := self._store.read("webhooks/page_deliveries", after_id=after, before_id=_END, row_limit=1):
            hook = rows[0]["record"]["id"].partition(":")[0]
            # Asked after its delivery was seen: a webhook that is new is older than that.
            if hook not in {row["record"]["id"] for row in self._store.read("webhooks/list")}:
                self._webhooks.forget(*range_of(hook))
            after = range_of(hook)[1]

    def _has_work(self, hook: dict[str, Any]) -> bool:
        now = datetime.now(UTC)
        if not self._holder.is_free(hook, now) or _later(hook, now):
            return False
        until, last = self._resting.get(hook["id"], (now, ""))
        if until > now:
            return bool(self._page(hook["id"], last, 1))
        return hook.get("lost_since") is not None or bool(self._page(hook["id"], range_of(hook["id"])[0], 1))

    def _page(self, hook_id: str, after: str, rows: int = _PAGE) -> list[dict[str, Any]]:
        last = range_of(hook_id)[1]
        found = self._store.read("webhooks/page_deliveries", after_id=after, before_id=last, row_limit=rows)
        return [row["record"] for row in found]

    # ---- one webhook -------------------------------------------------------------------------------------

    def _deliver(self, hook_id: str) -> None:
        """Tell a webhook all that it can be told now, if nobody else does."""
        try:
            hook = self._store.write(lambda tx: self._claimed(tx, hook_id), keys=[hook_id])
            if hook is not None:
                try:
                    self._tell(hook)
                finally:
                    self._change(hook_id, {"owner": None, "lease_until": None})
        except GraphCRMError as error:
            _log.warning("webhook %s: %s", hook_id, error.message)
        except Exception as error:
            _log.error("webhook %s: %s", hook_id, type(error).__qualname__)
        finally:
            self._busy.discard(hook_id)

    def _claimed(self, tx: Transaction, hook_id: str) -> dict[str, Any] | None:
        """A webhook, claimed for this process; None when it is gone or another's."""
        now = datetime.now(UTC)
        hook = _hook(tx, hook_id)
        if hook is None or not self._holder.is_free(hook, now):
            return None
        tx.run("webhooks/update", id=hook_id, changes=self._holder.claim(now))
        return hook

    def _change(self, hook_id: str, changes: dict[str, Any], work: Callable[[Transaction], Any] | None = None) -> None:
        """Change a webhook, and what lies in its outbox, in one transaction, as long as it is this process's."""

        def both(tx: Transaction) -> bool:
            hook = _hook(tx, hook_id)
            if hook is None or hook.get("owner") != self._holder.name:
                return False
            tx.run("webhooks/update", id=hook_id, changes=changes)
            if work is not None:
                work(tx)
            return True

        if not self._store.write(both, keys=[hook_id], repeatable=True):
            raise Cancelled(f"webhook {hook_id} was removed, or another service tells it now")

    def _tell(self, hook: dict[str, Any]) -> None:
        waiting: set[str] = set()
        """Parties of which an earlier event was not taken yet."""
        rest_until, last = None, ""
        for delivery in self._outbox(hook["id"]):
            if self._stop.is_set():
                return
            events, now = json.loads(delivery["events"]), datetime.now(UTC)
            parties, last = parties_of(events), delivery["id"]
            if _later(delivery, now) or parties & waiting:
                waiting |= parties
                # Not for too long: a delivery may turn up before the last one seen, if its change took long to commit.
                rest_until = min(rest_until or now + _REST, delivery.get("next_at") or now + _REST)
                continue
            failure, reached = self._send(hook, delivery, events)
            if failure is None:
                told = {"delivered_at": now, "failed_at": None, "failure": None, "attempts": 0, "next_at": None}
                self._settle(hook["id"], delivery, told)
                continue
            waiting |= parties
            rest_until = now
            self._postpone(hook, delivery, failure, reached)
            if not reached:
                return
        if rest_until is None:
            self._resume(hook["id"])
        else:
            self._resting[hook["id"]] = rest_until, last

    def _outbox(self, hook_id: str) -> Iterator[dict[str, Any]]:
        after = range_of(hook_id)[0]
        while page := self._page(hook_id, after):
            yield from page
            after = page[-1]["id"]

    def _send(
        self, hook: dict[str, Any], delivery: dict[str, Any], events: list[dict[str, Any]]
    ) -> tuple[str | None, bool]:
        """Send one delivery: why it was not taken, and whether the receiver was there at all."""
        told = {"id": delivery["id"], "made_at": from_graph("made_at", delivery["made_at"]), "events": events}
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed(hook["secret"], delivery["id"], int(time.time()), body)
        try:
            status = send(hook["url"], body, headers, self._webhooks.allow_private)
        except Unreachable as error:
            return str(error), False
        except InvalidInput as error:
            return error.message, False
        return (None if 200 <= status < 300 else f"answered {status}"), True

    def _settle(self, hook_id: str, delivery: dict[str, Any], changes: dict[str, Any]) -> None:
        """Take a delivery out of the outbox."""
        ids = [delivery["id"]]
        renewed = changes | self._holder.claim(datetime.now(UTC))
        self._change(hook_id, renewed, lambda tx: tx.run("webhooks/delete_deliveries", ids=ids))

    def _postpone(self, hook: dict[str, Any], delivery: dict[str, Any], failure: str, reached: bool) -> None:
        """Have a delivery, or with a receiver that is away the whole webhook, tried again later."""
        now = datetime.now(UTC)
        _log.info("webhook %s: %s", hook["id"], failure)
        told: dict[str, Any] = {"failed_at": now, "failure": failure} | self._holder.claim(now)
        if now - delivery["made_at"] > _GIVE_UP:
            lost = hook.get("lost_since") or delivery["made_at"]
            self._settle(hook["id"], delivery, told | {"lost_since": lost})
            return
        if not reached:
            attempts = hook.get("attempts", 0) + 1
            self._change(hook["id"], told | {"attempts": attempts, "next_at": now + _pause(attempts)})
            return
        attempts = delivery["attempts"] + 1
        later = {"attempts": attempts, "next_at": now + _pause(attempts)}
        self._change(hook["id"], told, lambda tx: tx.run("webhooks/update_delivery", id=delivery["id"], changes=later))

    def _resume(self, hook_id: str) -> None:
        """Once a webhook has been told all there was, keep events for it again, and first tell it what it missed."""

        def work(tx: Transaction) -> None:
            hook = _hook(tx, hook_id)
            if hook is None or (since := hook.get("lost_since")) is None:
                return
            tx.run("webhooks/update", id=hook_id, changes={"lost_since": None})
            revision = tx.run("store/read_revision")[0]["revision"]
            row = {
                "id": f"{hook_id}:{revision:016d}:{time.time_ns():020d}:lost",
                "events": json.dumps([lost_since(since)]),
                "made_at": datetime.now(UTC),
                "attempts": 0,
            }
            tx.run("webhooks/add_deliveries", rows=[row])

        self._store.write(work, keys=[hook_id], repeatable=True)


def _hook(tx: Transaction, hook_id: str) -> dict[str, Any] | None:
    return next((row["record"] for row in tx.run("webhooks/list") if row["record"]["id"] == hook_id), None)


def _later(record: dict[str, Any], now: datetime) -> bool:
    """Whether something is only to be tried again later."""
    return record.get("next_at") is not None and record["next_at"] > now


def _pause(attempts: int) -> timedelta:
    """How long to wait after so many tries; a little at random, so that many do not come back at once."""
    return timedelta(seconds=min(_LONGEST_S, 2.0 ** min(attempts - 1, 20)) * random.uniform(0.8, 1.2))
