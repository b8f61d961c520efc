"""The network's columns in memory: read once, used until the graph's revision moves on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from itertools import compress
from typing import Any, Final, TypeVar

import numpy as np

from graphcrm.network.projection import MUTUAL_LAYERS, TieColumns
from graphcrm.schema import PARTY_LABELS, split_tie_ids, tie_id
from graphcrm.service.columns import dealt, node_shards, nodes_read, parse_times, tie_shards
from graphcrm.store import GraphStore
from graphcrm.values import MONEY_SCALE

__all__ = ["Resident", "Snapshot"]

_T = TypeVar("_T")

_READERS: Final = 4
"""Queries that read columns at once: the engine works on one while another's answer is being taken apart."""
_READINGS: Final = 3
_KEPT: Final = {"network": 4, "staffed": 4, "temporal": 4, "referrals": 4, "revenue": 4}
_KEPT_OTHERWISE: Final = 64
"""Answers kept of each kind: few of those that are as large as the network."""
_NO_AMOUNT: Final = -9223372036854775807
_TYPES: Final = {"referral": "REFERRED", "knows": "KNOWS", "works_with": "WORKS_AT"}

Revenue = dict[str, dict[str, Decimal]]
"""Money by party id and currency ('' where none is stated)."""


class Snapshot:
    """What the graph held at one revision, and the answers computed from it so far.

    Parameters
    ----------
    revision : int
        The graph's revision before the columns were read: whatever was acknowledged by then is in them.
    columns : TieColumns
        Parties and ties.
    """

    def __init__(self, revision: int, columns: TieColumns) -> None:
        self.revision = revision
        self.columns = columns
        self._answers: OrderedDict[tuple[Hashable, ...], Future[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def once(self, kind: str, key: Hashable, compute: Callable[[], _T]) -> _T:
        """Give the answer kept under a kind and key, or compute and keep it.

        Others who ask the same meanwhile wait for it; who asks something else does not. Of each kind the least recently
        asked goes first.
        """
        with self._lock:
            answer = self._answers.get((kind, key))
            mine = answer is None
            if answer is None:
                answer = self._answers[kind, key] = Future()
                self._forget(kind)
            self._answers.move_to_end((kind, key))
        if mine:
            try:
                answer.set_result(compute())
            except BaseException as error:
                with self._lock:
                    self._answers.pop((kind, key), None)
                answer.set_exception(error)
        found: _T = answer.result()
        return found

    def _forget(self, kind: str) -> None:
        kept = [name for name in self._answers if name[0] == kind]
        for name in kept[: -_KEPT.get(kind, _KEPT_OTHERWISE)]:
            del self._answers[name]


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
        """The graph as of its present revision, or a later one.

        Reads are not repeatable from one query to the next, so columns are read again when the revision moved
        meanwhile. Where writers never pause, the last reading is taken as it is: it holds all that was acknowledged
        before the question, perhaps some of what came during it, and no tie whose ends it did not see.
        """
        with self._lock:
            revision = self._store.revision()
            if self._newest is not None and self._newest.revision == revision:
                return self._newest
            for _ in range(_READINGS):
                columns = read_columns(self._store)
                after = self._store.revision()
                self._newest = Snapshot(revision, columns)
                if after == revision:
                    break
                revision = after
            return self._newest  # type: ignore[return-value]

    def revenue(self, snapshot: Snapshot, as_of: np.datetime64) -> Revenue:
        """What each customer's orders by a moment (UTC) come to, as of a snapshot."""
        return snapshot.once("revenue", as_of, lambda: read_revenue(self._store, as_of))


def read_columns(store: GraphStore) -> TieColumns:
    """Read every party and every tie between parties, as columns."""
    with ThreadPoolExecutor(_READERS) as pool:
        tie_reads = [pool.submit(_ties, store, layer, type_) for layer, type_ in _TYPES.items()]
        tie_reads.append(pool.submit(_interactions, store))
        party_reads = [pool.submit(nodes_read, store, label) for label in PARTY_LABELS]
        ties = [part for read in tie_reads for part in read.result()]
        parties = [part for read in party_reads for part in read.result()]
    ties = _with_known_ends(ties, {id_ for part in parties for id_ in part["id"]})
    return TieColumns(
        party_ids=_joined(part["id"] for part in parties),
        party_labels=_joined([part["label"]] * len(part["id"]) for part in parties),
        party_names=_joined(part["name"] for part in parties),
        party_created_at=_concatenated(parse_times(part["created_at"]) for part in parties),
        tie_ids=_joined(part["id"] for part in ties),
        types=_joined([part["type"]] * len(part["id"]) for part in ties),
        layers=_joined([part["layer"]] * len(part["id"]) for part in ties),
        source_ids=_joined(part["source_id"] for part in ties),
        target_ids=_joined(part["target_id"] for part in ties),
        kinds=_joined(part["kind"] for part in ties),
        strengths=_stated(part["strength"] for part in ties),
        counts=_stated(part["count"] for part in ties),
        began=_concatenated(part["began"] for part in ties),
        ended=_concatenated(part["ended"] for part in ties),
        last=_concatenated(part["last"] for part in ties),
    )


def _with_known_ends(parts: list[dict[str, Any]], known: set[str]) -> list[dict[str, Any]]:
    """Leave out ties whose ends came or went between the reading of parties and of ties."""
    whole = []
    for part in parts:
        if not known.issuperset(part["source_id"]) or not known.issuperset(part["target_id"]):
            seen = [s in known and t in known for s, t in zip(part["source_id"], part["target_id"], strict=True)]
            columns = {name: list(compress(cells, seen)) for name, cells in part.items() if isinstance(cells, list)}
            arrays = {name: cells[seen] for name, cells in part.items() if isinstance(cells, np.ndarray)}
            part = part | columns | arrays
        whole.append(part)
    return whole


def read_revenue(store: GraphStore, as_of: np.datetime64) -> Revenue:
    """Add up each customer's orders by then, by currency; an order that states no amount is worth its lines."""
    from_lines: dict[str, dict[str, int]] = {}
    orders = store.read("referrals/read_orders", shards=node_shards(store, "Order"))
    if any(_NO_AMOUNT in part["amount"] for part in orders):
        from_lines = _worth_of_lines(store)
    totals: dict[str, dict[str, int]] = {}
    for part in orders:
        placed = (parse_times(part["at"]) <= as_of).tolist()
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
    for part in dealt(store, "referrals/read_lines", "CONTAINS"):
        names = ("order_id", "unit_price", "quantity", "discount", "currency")
        for order_id, unit_price, quantity, discount, currency in zip(*(part[name] for name in names), strict=True):
            price = unit_price * Decimal(str(quantity)) * (1 - Decimal(str(discount)))
            lines = worth.setdefault(order_id, {})
            lines[currency] = lines.get(currency, 0) + int(price.to_integral_value())
    return worth


def _ties(store: GraphStore, layer: str, type_: str) -> list[dict[str, Any]]:
    """The ties of a type in parts: lists of text, arrays of numbers and times, and one `layer` and `type`."""
    query = "network/read_standing" if layer in MUTUAL_LAYERS else "network/read_events"
    shards = tie_shards(store, type_)
    parts = []
    for part in store.read(query, words={"TYPE": type_}, shards=shards):
        found = split_tie_ids(type_, part["id"])
        if found is None:  # another tool wrote some of them
            parts = store.read("network/read_ties", words={"TYPE": type_}, shards=shards)
            return [_part(layer, type_, _named(type_, careful)) for careful in parts]
        ends = dict(zip(("source_id", "target_id", "kind"), found, strict=True))
        parts.append(_part(layer, type_, part | ends))
    return parts


def _interactions(store: GraphStore) -> list[dict[str, Any]]:
    parts = dealt(store, "network/read_interactions", "TOOK_PART_IN")
    return [
        _part("interaction", "INTERACTED_WITH", part | dict.fromkeys(("id", "kind"), [None] * len(part["at"])))
        for part in parts
    ]


def _named(type_: str, part: dict[str, Any]) -> dict[str, Any]:
    """Name the ties that another tool left without an id."""
    rows = zip(part["id"], part["source_id"], part["target_id"], part["kind"], strict=True)
    ids = [id_ or tie_id(type_, source, target, kind or None) for id_, source, target, kind in rows]
    return part | {"id": ids, "kind": [kind or None for kind in part["kind"]]}


def _part(layer: str, type_: str, columns: dict[str, Any]) -> dict[str, Any]:
    size = len(columns["id"])
    never, unstated = np.full(size, "NaT", dtype="datetime64[us]"), np.full(size, np.nan)
    standing = layer in MUTUAL_LAYERS
    began = parse_times(columns["since" if standing else "at"])
    return {
        **{name: columns[name] for name in ("id", "source_id", "target_id", "kind")},
        "layer": layer,
        "type": type_,
        "strength": columns.get("strength", unstated),
        "count": columns.get("count", unstated),
        "began": began,
        "ended": parse_times(columns["until"]) if standing else never,
        "last": never if standing else began,
    }


def _joined(parts: Iterator[list[Any]] | Any) -> list[Any]:
    return [value for part in parts for value in part]


def _concatenated(parts: Any) -> Any:
    return np.concatenate([np.zeros(0, dtype="datetime64[us]"), *parts])


def _stated(parts: Any) -> Any:
    numbers = np.concatenate([np.zeros(0), *(np.asarray(part, dtype=float) for part in parts)])
    return np.where(numbers < 0, np.nan, numbers)
