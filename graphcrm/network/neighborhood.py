"""Who is around a party: the parties within some hops and the ties among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Floats, Integers, Projection
from graphcrm.network.paths import LOSS_QUANTUM

__all__ = ["Neighborhood", "neighborhood"]


@dataclass(frozen=True)
class Neighborhood:
    """A party's surroundings.

    `nodes` are dicts of `id`, `label`, `name`, `hop` and `strength` (of the best way there), the centre first;
    `ties` of `id`, `source`, `target`, `type`, `layer`, `strength`, `kind`, `count` and `at` (datetime64 in UTC),
    None where unknown. `truncated` says whether parties were left out.
    """

    center: str
    nodes: list[dict[str, Any]]
    ties: list[dict[str, Any]]
    truncated: bool


def neighborhood(network: Projection, party_id: str, hops: int = 1, limit: int = 100) -> Neighborhood:
    """Find who is around a party, whichever way ties point.

    Parameters
    ----------
    network : Projection
        The projected network.
    party_id : str
        The centre.
    hops : int
        How far to look.
    limit : int
        At most so many parties, the centre included; the nearest and strongest are kept.

    Returns
    -------
    Neighborhood
        Parties by hop, then by the largest product of strengths over a way of that many hops, then id; ties among them
        one by one, strongest first, then by id.

    Raises
    ------
    NotFound
        For an unknown party.
    InvalidInput
        For hops or a limit below 1.
    """
    for name, bound in (("hops", hops), ("limit", limit)):
        if bound < 1:
            raise InvalidInput(f"{name} must be at least 1.", field=name)
    center = network.position(party_id)
    hop, loss = _reached(network, center, hops)
    found = np.flatnonzero(hop >= 0)
    found = found[np.lexsort((found, loss[found], hop[found]))]
    kept = found[:limit]
    strength = np.exp(-loss[kept] * LOSS_QUANTUM)
    nodes = [
        {
            "id": network.ids[node],
            "label": network.labels[node],
            "name": network.names[node],
            "hop": int(hop[node]),
            "strength": float(near),
        }
        for node, near in zip(kept.tolist(), strength, strict=True)
    ]
    return Neighborhood(network.ids[center], nodes, _ties_among(network, kept), len(kept) < len(found))


def _reached(network: Projection, center: int, hops: int) -> tuple[Integers, Integers]:
    """Hop (-1 where not reached) and -ln of the best product of strengths, in quanta, of every party."""
    around = network.around
    hop = np.full(len(network), -1, dtype=np.int64)
    loss = np.full(len(network), np.iinfo(np.int64).max, dtype=np.int64)
    hop[center], loss[center] = 0, 0
    frontier = np.array([center])
    for level in range(1, hops + 1):
        rows = around[frontier]
        more = loss[frontier].repeat(np.diff(rows.indptr)) + _loss(rows.data)
        new = hop[rows.indices] < 0
        np.minimum.at(loss, rows.indices[new], more[new])
        frontier = np.unique(rows.indices[new])
        if not len(frontier):
            break
        hop[frontier] = level
    return hop, loss


def _loss(strength: Floats) -> Integers:
    return np.rint(-np.log(strength) / LOSS_QUANTUM).astype(np.int64)


def _ties_among(network: Projection, kept: Integers) -> list[dict[str, Any]]:
    inside = np.zeros(len(network), dtype=bool)
    inside[kept] = True
    ties = network.ties
    rows = np.flatnonzero(inside[ties.source] & inside[ties.target])
    return [
        {
            "id": ties.id[row],
            "source": network.ids[ties.source[row]],
            "target": network.ids[ties.target[row]],
            "type": ties.type[row],
            "layer": ties.layer[row],
            "strength": float(ties.strength[row]),
            "kind": ties.kind[row],
            "count": None if np.isnan(ties.count[row]) else float(ties.count[row]),
            "at": None if np.isnat(ties.at[row]) else ties.at[row],
        }
        for row in network.strongest_first(rows).tolist()
    ]
