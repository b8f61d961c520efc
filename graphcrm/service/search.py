"""Search: parties by a part of their id, name, e-mail or phone."""

from __future__ import annotations

from typing import Any

from graphcrm import limits
from graphcrm.errors import InvalidInput
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.aliases import roots
from graphcrm.service.answers import bounded
from graphcrm.store import GraphStore

__all__ = ["find_parties"]


def find_parties(store: GraphStore, query: str, limit: int) -> list[dict[str, Any]]:
    """Find parties; see `Graph.search`."""
    asked, query = query.strip(), query.strip().lower()
    if not 1 <= len(query) <= limits.MAX_QUERY_LENGTH:
        raise InvalidInput(f"q: must have 1 to {limits.MAX_QUERY_LENGTH} characters", field="q")
    bounded("limit", limit, limits.MAX_PAGE)

    def closeness(hit: dict[str, Any]) -> int:
        if hit["id"].lower() == query:
            return 0
        if hit["matched"] != "name":
            return 3
        return 1 if hit["name"].lower().startswith(query) else 2

    hits = [
        {"id": row["id"], "label": label, "name": row["name"], "matched": row["matched"]}
        for label in PARTY_LABELS
        for row in store.read("search/find_parties", words={"LABEL": label}, query=query, row_limit=limit)
    ]
    merged = _merged(store, asked)
    into = {hit["id"] for hit in merged}
    return [*merged, *sorted((hit for hit in hits if hit["id"] not in into), key=closeness)][:limit]


def _merged(store: GraphStore, id_: str) -> list[dict[str, Any]]:
    """Who stands for a party of this id that was merged away."""
    if (into := roots(store.read, [id_]).get(id_)) is None:
        return []
    return [
        {"id": into, "label": label, "name": record["name"], "matched": "merged_id"}
        for label in PARTY_LABELS
        for record in store.read("nodes/read_many", words={"LABEL": label}, ids=[into])[0]["records"]
    ]
