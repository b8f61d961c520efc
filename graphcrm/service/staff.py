"""The members of staff in the network: whom they own, and with whom they had to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphcrm.network.projection import TieColumns
from graphcrm.service.columns import dealt, joined, never, nodes_read, parse_times
from graphcrm.store import GraphStore

__all__ = ["STAFF_LABEL", "node_of", "staffed", "user_of"]

STAFF_LABEL = "User"
_MARK = "\0"
"""Begins the nodes of staff: users may have the ids of parties, and no id has this character."""


def node_of(user_id: str) -> str:
    """Name the node that stands for a member of staff."""
    return _MARK + user_id


def user_of(node: str) -> str | None:
    """Tell which member of staff a node stands for; None for a party."""
    return node.removeprefix(_MARK) if node.startswith(_MARK) else None


def staffed(store: GraphStore, columns: TieColumns) -> TieColumns:
    """Add the members of staff to the columns of the network.

    Parameters
    ----------
    store : GraphStore
        Where they are read from.
    columns : TieColumns
        Parties and the ties between them.

    Returns
    -------
    TieColumns
        With a node for each user, a tie of the layer `works_with` to each party that it owns, and one row of the layer
        `interaction` for each interaction and party in it, whoever sent it.
    """
    users = nodes_read(store, STAFF_LABEL)
    ids = [node_of(id_) for part in users for id_ in part["id"]]
    known = {*ids, *columns.party_ids}
    own = [
        (node_of(user), party, None)
        for part in dealt(store, "network/read_owners", "OWNS")
        for user, party in zip(part["user_id"], part["party_id"], strict=True)
    ]
    met = [
        (node_of(user), party, at)
        for part in dealt(store, "network/read_staff_interactions", "TOOK_PART_IN")
        for user, party, at in zip(part["user_id"], part["party_id"], part["at"], strict=True)
    ]
    own, met = ([row for row in rows if row[0] in known and row[1] in known] for rows in (own, met))
    rows = own + met
    began = joined(never(len(own)), parse_times([at or "" for _, _, at in met]))
    unstated = np.full(len(rows), np.nan)
    return replace(
        columns,
        party_ids=[*columns.party_ids, *ids],
        party_labels=[*columns.party_labels, *[STAFF_LABEL] * len(ids)],
        party_names=[*columns.party_names, *(name for part in users for name in part["name"])],
        party_created_at=joined(columns.party_created_at, never(len(ids))),
        tie_ids=[*columns.tie_ids, *(f"OWNS:{user_of(node)}:{party}" for node, party, _ in own), *[None] * len(met)],
        types=[*columns.types, *["OWNS"] * len(own), *["INTERACTED_WITH"] * len(met)],
        layers=[*columns.layers, *["works_with"] * len(own), *["interaction"] * len(met)],
        source_ids=[*columns.source_ids, *(row[0] for row in rows)],
        target_ids=[*columns.target_ids, *(row[1] for row in rows)],
        kinds=[*columns.kinds, *[None] * len(rows)],
        strengths=joined(columns.strengths, unstated),
        counts=joined(columns.counts, unstated),
        began=joined(columns.began, began),
        ended=joined(columns.ended, never(len(rows))),
        last=joined(columns.last, began),
    )
