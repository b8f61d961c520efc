"""The network's columns in memory: read once, used until the graph's revision moves on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

import numpy as np

from graphcrm.errors import StoreError
from graphcrm.network.projection import TieColumns
from graphcrm.schema import PARTY_LABELS
from graphcrm.store import GraphStore
from graphcrm.values import MONEY_SCALE

__all__ = ["Resident", "Snapshot"]

_T = TypeVar("_T")

_SHARDS: Final = 64
"""Rows that columns are dealt over: few enough to be quick, enough that millions of ties fit one message each."""
_TORN_READS: Final = 20
_KEPT_ANSWERS: Final = 64
_NO_AMOUNT: Final = -9223372036854775807
_TYPES: Final = {"referral": "REFERRED", "knows": "KNOWS", "works_with": "WORKS_AT"}

Revenue = dict[str, dict[str, Decimal]]
"""Money by party id and currency ('' where none is stated)."""


@dataclass(frozen=True)
class Snapshot:
    """What the graph held at one revision, and the answers computed from it so far."""

    revision: int
    columns: TieColumns
    _answers: OrderedDict[Hashable, Any]
    _lock: threading.RLock

    def once(self, key: Hashable, compute: Callable[[], _T]) -> _T:
        """Give the answer kept under a key, or compute and keep it; the least recently asked one goes first."""
        with self._lock:
            if key not in self._answers:
                self._answers[key] = compute()
                if len(self._answers) > _KEPT_ANSWERS:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(key)
            answer: _T = self._answers[key]
            return answer


class Resident:
    """Keeps the newest snapshot of a graph.

    Parameters
    ----------
    store : GraphStore
        Where it reads from.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The graph as of its present revision.

        Reads are not repeatable between chunks, so the columns are taken only when the revision stood still while
        they were read.

        Raises
        ------
        StoreError
            The database is gone, or writers never paused.
        """
        with self._lock:
            revision = self._store.revision()
            for _ in range(_TORN_READS):
                if self._newest is not None and self._newest.revision == revision:
                    return self._newest
                columns = read_columns(self._store)
                after = self._store.revision()
                if after == revision:
                    self._newest = Snapshot(revision, columns, OrderedDict(), threading.RLock())
                revision = after
        raise StoreError("the graph is being written to without a pause; try again", retryable=True)

    def revenue(self, snapshot: Snapshot, as_of: np.datetime64) -> Revenue:
        """What each customer's orders by a moment (UTC) come to, as of a snapshot."""
        return snapshot.once(("revenue", as_of), lambda: read_revenue(self._store, as_of))


def read_columns(store: GraphStore) -> TieColumns:
    """Read every party and every tie between parties, as columns."""
    parties = [part | {"label": label} for label in PARTY_LABELS for part in _parties(store, label)]
    ties = [part | {"layer": layer, "type": type_} for layer, type_ in _TYPES.items() for part in _ties(store, type_)]
    for part in store.read("network/read_interactions", shards=_SHARDS):
        size = len(part["at"])
        blank = {"id": [None] * size, "kind": [""] * size, "strength": [-1.0] * size, "count": [-1] * size}
        undated = {"since": [""] * size, "until": [""] * size}
        ties.append(part | blank | undated | {"layer": "interaction", "type": "INTERACTED_WITH"})

    began = [_times([at or since for at, since in zip(part["at"], part["since"], strict=True)]) for part in ties]
    return TieColumns(
        party_ids=_joined(part["id"] for part in parties),
        party_labels=_joined([part["label"]] * len(part["id"]) for part in parties),
        party_names=_joined(part["name"] for part in parties),
        party_created_at=_concatenated(_times(part["created_at"]) for part in parties),
        tie_ids=_joined(part["id"] for part in ties),
        types=_joined([part["type"]] * len(part["source_id"]) for part in ties),
        layers=_joined([part["layer"]] * len(part["source_id"]) for part in ties),
        source_ids=_joined(part["source_id"] for part in ties),
        target_ids=_joined(part["target_id"] for part in ties),
        kinds=_joined([kind or None for kind in part["kind"]] for part in ties),
        strengths=_stated(part["strength"] for part in ties),
        counts=_stated(part["count"] for part in ties),
        began=_concatenated(began),
        ended=_concatenated(_times(part["until"]) for part in ties),
        last=_concatenated(_times(part["at"]) for part in ties),
    )


def read_revenue(store: GraphStore, as_of: np.datetime64) -> Revenue:
    """Add up each customer's orders by then, by currency; an order that states no amount is worth its lines."""
    from_lines: dict[str, dict[str, int]] = {}
    orders = store.read("referrals/read_orders", shards=_SHARDS)
    if any(_NO_AMOUNT in part["amount"] for part in orders):
        from_lines = _worth_of_lines(store)
    totals: dict[str, dict[str, int]] = {}
    for part in orders:
        placed = (_times(part["at"]) <= as_of).tolist()
        columns = zip(placed, *(part[name] for name in ("id", "customer_id", "amount", "currency")), strict=True)
        for counts, order_id, customer_id, amount, currency in columns:
            if not counts:
                continue
            worth = {currency: amount} if amount != _NO_AMOUNT else from_lines.get(order_id, {})
            total = totals.setdefault(customer_id, {})
            for line_currency, value in worth.items():
                chosen = currency or line_currency
                total[chosen] = total.get(chosen, 0) + value
    return {
        customer_id: {currency: Decimal(value) / MONEY_SCALE for currency, value in total.items()}
        for customer_id, total in totals.items()
    }


def _worth_of_lines(store: GraphStore) -> dict[str, dict[str, int]]:
    worth: dict[str, dict[str, int]] = {}
    for part in store.read("referrals/read_lines", shards=_SHARDS):
        names = ("order_id", "unit_price", "quantity", "discount", "currency")
        for order_id, unit_price, quantity, discount, currency in zip(*(part[name] for name in names), strict=True):
            price = unit_price * Decimal(str(quantity)) * (1 - Decimal(str(discount)))
            lines = worth.setdefault(order_id, {})
            lines[currency] = lines.get(currency, 0) + int(price.to_integral_value())
    return worth


def _parties(store: GraphStore, label: str) -> list[dict[str, Any]]:
    return store.read("network/read_parties", words={"LABEL": label}, shards=_SHARDS)


def _ties(store: GraphStore, type_: str) -> list[dict[str, Any]]:
    return store.read("network/read_ties", words={"TYPE": type_}, shards=_SHARDS)


def _joined(parts: Iterator[list[Any]] | Any) -> list[Any]:
    return [value for part in parts for value in part]


def _times(texts: list[str]) -> Any:
    """Parse ISO 8601 times of UTC; '' is unknown (NaT)."""
    return np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[us]")


def _concatenated(parts: Any) -> Any:
    return np.concatenate([np.zeros(0, dtype="datetime64[us]"), *parts])


def _stated(parts: Any) -> Any:
    numbers = np.concatenate([np.zeros(0), *(np.asarray(part, dtype=float) for part in parts)])
    return np.where(numbers < 0, np.nan, numbers)
