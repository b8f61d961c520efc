"""Warm introductions: through whom to reach someone, and what to say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from graphcrm import limits
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.graph import Integers, Projection
from graphcrm.network.introductions import Introduction, introductions
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.answers import When, basis, bounded, iso, standing, table
from graphcrm.service.consents import opted_out
from graphcrm.service.questions import Questions
from graphcrm.service.staff import STAFF_LABEL, node_of, user_of
from graphcrm.values import from_graph

__all__ = ["Introducing"]

_COLUMNS: Final = ["rank", "via", "via_label", "via_name", "strength", "hops", "party_ids", "labels", "last_contact"]
_RECENT: Final = np.timedelta64(30, "D")
_MENTIONED: Final = 3


class Introducing(Questions):
    """Questions about how to be introduced."""

    def introductions(
        self,
        to: str,
        from_: str | None = None,
        k: int = 5,
        layers: Iterable[str] | None = None,
        as_of: When = None,
        max_contacts: int = 10,
    ) -> Any:
        """The best ways to reach someone: through whom, how strong, when last in touch, what to mention.

        Parameters
        ----------
        to : str
            The customer or contact to be reached.
        from_ : str, optional
            The member of staff or the party to begin with; by default any member of staff.
        k : int
            Ways, each through another, 1 to `limits.MAX_PATHS`.
        layers, as_of
            See `network`; users are tied by `interaction` to whom they dealt with, by `works_with` to whom they own.
        max_contacts : int
            Who had more contacts with staff in the 30 days up to `as_of` is overasked, and passed over.

        Returns
        -------
        pandas.DataFrame
            `rank`, `via` (who introduces, or the one in touch already), `via_label`, `via_name`, `strength` (the
            product along the way), `hops`, `party_ids` and `labels` (the way, from where it begins to who is reached),
            `last_contact` (when `via` was last in touch with them; None where no date is known), `contacts` (of `via`
            with staff in the last 30 days) and `mention` (what `via` and they share: up to three each of interactions,
            campaigns and products, with `type`, `id`, `name`, `at`). Strongest first, then fewest hops, then by id.
            `attrs` has `to`, `from`, and whom it passed over: `opted_out` and `overasked`.

        Raises
        ------
        NotFound
            An unknown party or user.
        InvalidInput
            A bound that is exceeded, both ends are one, or no member of staff to begin with.
        """
        bounded("k", k, limits.MAX_PATHS)
        if max_contacts < 1:
            raise InvalidInput("max_contacts: must be at least 1", field="max_contacts")
        snapshot, network = self._staffed(layers, as_of)
        to = standing(network, to, self.merging.root)
        target = network.position(to)
        sources = self._beginnings(network, from_)
        if target in sources:
            raise InvalidInput("from: must be another than the one to be reached", field="from")
        contacts = _contacts(network)
        overasked = np.flatnonzero(contacts > max_contacts)
        overasked = np.setdiff1d(overasked, [*sources, target])
        refusing: set[int] = set()
        while True:
            barred = np.union1d(overasked, np.array(sorted(refusing), dtype=np.int64))
            ways = introductions(network.around, sources, target, barred, k)
            # Only those on the ways are asked for their decisions; each round passes over some of them for good.
            more = self._refusing(network, {node for way in ways for node in way.nodes[:-1]})
            more -= set(sources.tolist())
            if not more:
                break
            refusing |= more
        rows = [self._row(network, rank, way, contacts) for rank, way in enumerate(ways, start=1)]
        frame = table(rows, [*_COLUMNS, "contacts", "mention"])
        frame.attrs.update(basis(snapshot, network))
        frame.attrs.update(
            {
                "parties": int(np.count_nonzero(network.labels != STAFF_LABEL)),
                "to": to,
                "from": from_,
                "opted_out": sorted(network.ids[list(refusing)]),
                "overasked": sorted(network.ids[np.intersect1d(overasked, network.around[[target]].indices)]),
            }
        )
        return frame

    def _beginnings(self, network: Projection, from_: str | None) -> Integers:
        if from_ is not None:
            try:
                return np.array([network.position(node_of(from_))])
            except NotFound:
                return np.array([network.position(standing(network, from_, self.merging.root))])
        staff = np.flatnonzero(network.labels == STAFF_LABEL)
        if not len(staff):
            raise InvalidInput("from: the graph has no members of staff; name a party to begin with", field="from")
        return staff

    def _refusing(self, network: Projection, nodes: set[int]) -> set[int]:
        labels = {network.ids[node]: network.labels[node] for node in nodes if network.labels[node] in PARTY_LABELS}
        found = self.store.reading(lambda tx: opted_out(tx, labels))
        return {network.position(id_) for id_ in found}

    def _row(self, network: Projection, rank: int, way: Introduction, contacts: Integers) -> dict[str, Any]:
        via, target = way.via, way.nodes[-1]
        return {
            "rank": rank,
            "via": _shown(network, via),
            "via_label": network.labels[via],
            "via_name": network.names[via],
            "strength": way.strength,
            "hops": len(way.nodes) - 1,
            "party_ids": [_shown(network, node) for node in way.nodes],
            "labels": [network.labels[node] for node in way.nodes],
            "last_contact": iso(_last_contact(network, via, target)),
            "contacts": int(contacts[via]),
            "mention": self._mention(network, via, target),
        }

    def _mention(self, network: Projection, via: int, target: int) -> list[dict[str, Any]]:
        words = {"SOURCE": network.labels[via], "TARGET": network.labels[target]}
        ends: dict[str, Any] = {"source_id": _shown(network, via), "target_id": network.ids[target]}
        ends["row_limit"] = _MENTIONED
        until = datetime.fromisoformat(str(network.as_of)).replace(tzinfo=UTC)
        read = self.store.read
        shared = [("Interaction", read("network/shared_interactions", words=words, until=until, **ends))]
        if STAFF_LABEL not in words.values():
            shared.append(("Campaign", read("network/shared_campaigns", words=words, **ends)))
        if set(words.values()) == {"Customer"}:
            shared.append(("Product", read("network/shared_products", **ends)))
        return [
            {"type": type_, "id": row["id"], "name": row["name"], "at": from_graph("at", row.get("at"))}
            for type_, rows in shared
            for row in rows
        ]


def _shown(network: Projection, node: int) -> str:
    id_ = str(network.ids[node])
    return user_of(id_) or id_


def _contacts(network: Projection) -> Integers:
    """How often staff was in touch with each node in the last 30 days."""
    ties, rows = network.ties, network.happened
    is_staff = network.labels[ties.source[rows]] == STAFF_LABEL
    recent = is_staff & (ties.layer[rows] == "interaction") & (network.moments > network.as_of - _RECENT)
    return np.bincount(ties.target[rows[recent]], minlength=len(network))


def _last_contact(network: Projection, one: int, other: int) -> Any:
    """When two were in touch last, whichever way; None where no date is known."""
    rows = np.concatenate([network.ties_between(*ends) for ends in ((one, other), (other, one))])
    ties = network.ties
    at = np.concatenate([ties.last[rows], ties.at[rows]])
    at = at[~np.isnat(at)]
    return at.max() if len(at) else None
