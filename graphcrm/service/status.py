"""What a store is and what it holds, in a few words."""

from __future__ import annotations

from typing import Any

from graphcrm import embedded
from graphcrm.schema import TIE_TYPES
from graphcrm.service.deriving import NODES
from graphcrm.settings import Settings
from graphcrm.store import GraphStore

__all__ = ["status_of"]


def status_of(store: GraphStore, settings: Settings) -> dict[str, Any]:
    """Which engine, where, its version, the schema, the revision, and counts by label and type, zeros left out."""
    server = store.read("store/read_server")[0]
    counts = store.reading(
        lambda tx: {
            "labels": {label: tx.run("store/count_nodes", words={"LABEL": label})[0]["total"] for label in NODES},
            "types": {name: tx.run("store/count_ties", words={"TYPE": name})[0]["total"] for name in TIE_TYPES},
        }
    )
    is_embedded = store.engine == "embedded"
    return {
        "engine": store.engine,
        "location": str(settings.home) if is_embedded else settings.neo4j_uri,
        "version": embedded.version() if is_embedded else server["versions"][0],
        "schema": int(store.migrations()[-1].split("_")[0]),
        "revision": store.revision(),
        **{kind: {name: n for name, n in found.items() if n} for kind, found in counts.items()},
    }
