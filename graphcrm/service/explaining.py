"""Why two parties are tied as strongly as they are: each tie between them, who says so, and what it contributes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from graphcrm.errors import NotFound
from graphcrm.network.contributions import contributions
from graphcrm.network.graph import STRENGTH_RULES, Projection
from graphcrm.service.answers import iso
from graphcrm.service.sources import Sources
from graphcrm.store import GraphStore
from graphcrm.values import from_graph

__all__ = ["EXPLAINED_COLUMNS", "explained"]

EXPLAINED_COLUMNS: Final = (
    *("id", "type", "layer", "source", "target", "kind", "at", "last", "count"),
    *("rule", "unfaded", "strength", "contribution", "sources", "evidence", "interactions"),
)
"""What is told of each tie."""

_KNOWN_OF: Final = ("of_it", "of_sender", "of_receiver")
"""Whose sources know of an interaction between two."""


def explained(
    store: GraphStore, sources: Sources, network: Projection, source: str, target: str, limit: int
) -> tuple[float, list[dict[str, Any]]]:
    """Take the strength of the step from one party to another apart.

    Parameters
    ----------
    store : GraphStore
        Where interactions are.
    sources : Sources
        Who says what of a tie.
    network : Projection
        Where the strength is.
    source, target : str
        Ids of two parties of the network.
    limit : int
        Interactions that are listed.

    Returns
    -------
    tuple of float and list of dict
        The strength that the network has from source to target, 0 where there is no tie; and the ties that make it,
        strongest first, then by id, with `EXPLAINED_COLUMNS`.
    """
    start, end = network.position(source), network.position(target)
    rows = network.ties_between(start, end)
    joined = float(network.adjacency[start, end])
    shares = contributions(network.ties.strength[rows], joined)
    told = []
    for row, share in zip(rows.tolist(), shares.tolist(), strict=True):
        tie = _tie(network, row) | {"contribution": share}
        if tie["layer"] == "interaction":
            listed = _interactions(store, network, row, share / tie["count"], limit)
            found = sorted({name for each in listed for name in each["sources"]})
            tie |= {"sources": found, "evidence": [], "interactions": listed}
        else:
            tie |= _said_of(sources, tie["id"]) | {"interactions": []}
        told.append(tie)
    return joined, told


def _tie(network: Projection, row: int) -> dict[str, Any]:
    ties = network.ties
    return {
        "id": ties.id[row],
        "type": ties.type[row],
        "layer": ties.layer[row],
        "source": network.ids[ties.source[row]],
        "target": network.ids[ties.target[row]],
        "kind": ties.kind[row],
        "at": _when(ties.at[row]),
        "last": _when(ties.last[row]),
        "count": None if np.isnan(ties.count[row]) else int(ties.count[row]),
        "rule": STRENGTH_RULES[ties.rule[row]],
        "unfaded": float(ties.unfaded[row]),
        "strength": float(ties.strength[row]),
    }


def _when(moment: np.datetime64) -> str | None:
    return None if np.isnat(moment) else iso(moment)


def _said_of(sources: Sources, tie: str) -> dict[str, Any]:
    """The sources of a tie, and what each says of it; none of one that another tool wrote or that went just now."""
    try:
        found = sources.provenance("ties", tie)
    except NotFound:
        return {"sources": [], "evidence": []}
    return {"sources": [each["source"] for each in found["sources"]], "evidence": found["fields"]}


def _interactions(
    store: GraphStore, network: Projection, row: int, contribution: float, limit: int
) -> list[dict[str, Any]]:
    """The latest interactions that a tie counts; each contributes as much as any other."""
    source, target = network.ties.source[row], network.ties.target[row]
    found = store.read(
        "network/list_interactions",
        words={"SOURCE": network.labels[source], "TARGET": network.labels[target]},
        source_id=network.ids[source],
        target_id=network.ids[target],
        until=datetime.fromisoformat(str(network.as_of)).replace(tzinfo=UTC),
        row_limit=limit,
    )
    return [
        {name: from_graph(name, each[name]) for name in ("id", "at", "kind", "subject")}
        | {"contribution": contribution, "sources": _together(each[of] for of in _KNOWN_OF)}
        for each in found
    ]


def _together(names: Iterable[list[str] | None]) -> list[str]:
    return sorted({name for some in names for name in some or ()})
