"""How nodes and ties are read as columns, dealt over a few rows so that none grows too large."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphcrm.network.graph import Times
from graphcrm.store import GraphStore

__all__ = ["dealt", "joined", "never", "node_shards", "nodes_read", "parse_times", "tie_shards"]

_ROWS_A_SHARD: Final = 250_000
"""Ties or nodes in one row of columns. Dealing them over rows costs as much as reading them, so most graphs get one."""


def node_shards(store: GraphStore, label: str) -> int:
    """Over how many rows the nodes of a label are dealt."""
    return int(store.read("store/count_nodes", words={"LABEL": label})[0]["total"]) // _ROWS_A_SHARD + 1


def tie_shards(store: GraphStore, type_: str) -> int:
    """Over how many rows the ties of a type are dealt."""
    return int(store.read("store/count_ties", words={"TYPE": type_})[0]["total"]) // _ROWS_A_SHARD + 1


def dealt(store: GraphStore, query: str, type_: str) -> list[dict[str, Any]]:
    """Ask a query that goes along the ties of a type for columns, in parts."""
    return store.read(query, shards=tie_shards(store, type_))


def nodes_read(store: GraphStore, label: str) -> list[dict[str, Any]]:
    """Read the nodes of a label in parts: `id`, `name` and `created_at` as columns, and the `label`."""
    shards = node_shards(store, label)
    return [
        part | {"label": label} for part in store.read("network/read_parties", words={"LABEL": label}, shards=shards)
    ]


def parse_times(texts: list[str]) -> Times:
    """Parse ISO 8601 times of UTC or days; '' is unknown (NaT)."""
    if not any(texts):
        return never(len(texts))
    return np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[us]")


def never(size: int) -> Times:
    """As many unknown moments."""
    return np.full(size, "NaT", dtype="datetime64[us]")


def joined(*parts: Any) -> Any:
    """Arrays of numbers or times one behind the other."""
    return np.concatenate(parts)
