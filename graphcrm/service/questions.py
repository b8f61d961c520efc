"""What can be asked of the relationship network: who matters, how parties lead to one another, who brought whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from graphcrm import limits
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.centrality import rank, scores
from graphcrm.network.communities import communities
from graphcrm.network.graph import Projection
from graphcrm.network.neighborhood import neighborhood
from graphcrm.network.paths import best_paths
from graphcrm.network.projection import end_of, project
from graphcrm.network.reasons import LANGUAGES, describe, facts_of
from graphcrm.network.referrals import Referrals, first_referrals
from graphcrm.service.answers import (
    When,
    amounts,
    basis,
    bounded,
    chosen_layers,
    iso,
    moment_of,
    name_of,
    standing,
    table,
)
from graphcrm.service.explaining import EXPLAINED_COLUMNS, explained
from graphcrm.service.merging import Merging
from graphcrm.service.resident import Resident, Snapshot
from graphcrm.service.sources import Sources
from graphcrm.settings import Settings
from graphcrm.store import GraphStore

__all__ = ["Questions"]

_READINGS: Final = 3
"""How often an answer that takes several readings is begun again while others write."""


class Questions:
    """The analytic questions to a graph, as `graphcrm.service.graph.Graph` answers them.

    Parameters
    ----------
    settings : Settings
        How strengths fade, and what they are where none is stated.
    store : GraphStore
        The graph.
    merging : Merging
        Knows who stands for parties that were merged away.
    sources : Sources
        Knows who says what of ties.
    """

    def __init__(self, settings: Settings, store: GraphStore, merging: Merging, sources: Sources) -> None:
        self.settings = settings
        self.store = store
        self.merging = merging
        self.sources = sources
        self._resident = Resident(store)

    # ---- the network ----

    def network(self, layers: Iterable[str] | None = None, as_of: When = None) -> Any:
        """The relationship network as a networkx graph, on arrays until something asks for its dicts.

        Parameters
        ----------
        layers : iterable of str, optional
            Of `referral`, `knows`, `works_with`, `interaction`; all by default.
        as_of : date, datetime or ISO 8601 string, optional
            A day means its end, UTC; by default today.

        Returns
        -------
        Network or DiNetwork
            A networkx.Graph or networkx.DiGraph, undirected when every layer is mutual. Nodes are party ids with
            `label` and `name`; edges have `weight` (strength in (0, 1]) and `length` (1/strength). Its `graph`
            attributes say what it was projected from.

        Raises
        ------
        InvalidInput
            An unknown layer or a date that is none.
        """
        snapshot, network = self._projected(layers, as_of)
        graph = network.to_networkx()
        graph.graph.update(basis(snapshot, network))
        return graph

    def influencers(
        self,
        metric: str = "pagerank",
        layers: Iterable[str] | None = None,
        as_of: When = None,
        segment: str | None = None,
        limit: int | None = None,
        normalized: bool = True,
        language: str = "en",
    ) -> pd.DataFrame:
        """Rank parties by their influence on others.

        Parameters
        ----------
        metric : str
            One of `graphcrm.network.centrality.METRICS`. Metrics with a direction give the credit to who refers.
        layers, as_of
            See `network`.
        segment : str, optional
            Rank only the members of this segment; they are scored within the whole network.
        limit : int, optional
            Rows; all by default.
        normalized : bool
            Scores as networkx scales them by default, or raw.
        language : {'en', 'zh'}
            Of the reasons.

        Returns
        -------
        pandas.DataFrame
            `rank` (1 is the highest score; equal scores by id), `party_id`, `label`, `name`, `score`, `reason`.

        Raises
        ------
        InvalidInput
            An unknown metric, layer or language, or a network too large for the metric.
        NotFound
            An unknown segment.
        """
        if language not in LANGUAGES:
            raise InvalidInput(f"language: must be one of {', '.join(LANGUAGES)}", field="language", allowed=LANGUAGES)
        if limit is not None and limit < 1:
            raise InvalidInput("limit: must be at least 1", field="limit")
        snapshot, network = self._projected(layers, as_of)
        key = (network.layers, network.as_of)
        scored = snapshot.once("scores", (metric, normalized, *key), lambda: scores(network, metric, normalized))
        order = rank(network.ids, scored.values)
        if segment is not None:
            order = order[np.isin(network.ids[order], self._members(segment, network.as_of))]
        order = order[:limit]
        groups = snapshot.once("communities", key, lambda: communities(network))
        facts = facts_of(network, groups, network.ids[order])
        frame = pd.DataFrame(
            {
                "rank": np.arange(1, len(order) + 1),
                "party_id": network.ids[order],
                "label": network.labels[order],
                "name": network.names[order],
                "score": scored.values[order],
                "reason": [describe(fact, language) for fact in facts],
            }
        )
        frame.attrs.update(basis(snapshot, network) | {"metric": metric, "normalized": normalized, **scored.facts})
        return frame

    def paths(
        self,
        source: str,
        target: str,
        by: Literal["hops", "strength"] = "hops",
        layers: Iterable[str] | None = None,
        k: int = 1,
        as_of: When = None,
        max_hops: int = limits.MAX_HOPS,
    ) -> pd.DataFrame:
        """The best simple paths from one party to another, along the direction of ties.

        Parameters
        ----------
        source, target : str
            Ids of two different parties.
        by : {'hops', 'strength'}
            Fewest hops, then the largest product of strengths; or the other way round. Then by the parties' ids.
        layers, as_of
            See `network`.
        k : int
            Paths, 1 to `limits.MAX_PATHS`.
        max_hops : int
            Hops of a path, 1 to `limits.MAX_HOPS`.

        Returns
        -------
        pandas.DataFrame
            `party_ids`, `hops`, `strength` (the product) and `ties` (for each step its parallel ties), best first;
            empty when there is no path. `attrs` has the `source` and `target` that it is about.

        Raises
        ------
        NotFound
            An unknown party.
        InvalidInput
            A bound that is exceeded, or `source` and `target` are one.
        """
        bounded("k", k, limits.MAX_PATHS)
        bounded("max_hops", max_hops, limits.MAX_HOPS)
        snapshot, network = self._projected(layers, as_of)
        source, target = self._two(network, source, target)
        found = best_paths(network, source, target, by=by, k=k, max_hops=max_hops)
        frame = table([asdict(path) for path in found], ["party_ids", "hops", "strength", "ties"])
        frame.attrs.update(basis(snapshot, network), by=by, max_hops=max_hops, source=source, target=target)
        return frame

    def explain(
        self,
        source: str,
        target: str,
        layers: Iterable[str] | None = None,
        as_of: When = None,
        limit: int = 100,
    ) -> pd.DataFrame:
        """Why one party is tied to another as strongly as it is: the ties, who says so, and what each contributes.

        Parameters
        ----------
        source, target : str
            Ids of two different parties. Ties with a direction count along it: ask the other way round for the others.
        layers, as_of
            See `network`.
        limit : int
            Interactions listed, the latest first, 1 to `limits.MAX_PAGE`.

        Returns
        -------
        pandas.DataFrame
            One row a tie, strongest first, then by id: `id`, `type`, `layer`, `source`, `target`, `kind`, `at`, `last`
            (from when it fades), `count`, `rule` (`stated`, `counted` or `default`: where `unfaded` comes from),
            `unfaded`, `strength` (what is left of that), `contribution`, `sources`, `evidence` (each field with what
            every source says of it, as in `Sources.provenance`) and `interactions` (those that `count` counts, each
            with `id`, `at`, `kind`, `subject`, `contribution` and `sources`). Empty when nothing ties them.
            `attrs` has `source`, `target` and the `strength` that `paths` has for this step: the contributions of the
            ties add up to it, and those of a tie's interactions to the tie's.

        Raises
        ------
        NotFound
            An unknown party.
        InvalidInput
            A bound that is exceeded, or `source` and `target` are one.
        """
        bounded("limit", limit, limits.MAX_PAGE)
        for _ in range(_READINGS):
            snapshot, network = self._projected(layers, as_of)
            ends = self._two(network, source, target)
            strength, ties = explained(self.store, self.sources, network, *ends, limit)
            if self.store.revision() == snapshot.revision:
                break  # else what was read beside the network may be newer than it
        frame = table(ties, list(EXPLAINED_COLUMNS)).astype({"unfaded": float, "contribution": float})
        frame.attrs.update(basis(snapshot, network), source=ends[0], target=ends[1], strength=strength)
        return frame

    def neighborhood(
        self,
        party_id: str,
        hops: int = 1,
        layers: Iterable[str] | None = None,
        limit: int = 100,
        as_of: When = None,
    ) -> dict[str, Any]:
        """Who is around a party, whichever way ties point.

        Parameters
        ----------
        party_id : str
            The centre.
        hops : int
            How far to look, 1 to `limits.MAX_NEIGHBORHOOD_HOPS`.
        layers, as_of
            See `network`.
        limit : int
            Parties, the centre included, 1 to `limits.MAX_NEIGHBORHOOD`; the nearest and strongest are kept.

        Returns
        -------
        dict
            `center`, `nodes` (nearest first, then strongest, then by id), `ties` among them (strongest first, then by
            id), `truncated`, and what the answer was computed from (`tie_count` for the ties that were seen).

        Raises
        ------
        NotFound
            An unknown party.
        InvalidInput
            A bound that is exceeded.
        """
        bounded("hops", hops, limits.MAX_NEIGHBORHOOD_HOPS)
        bounded("limit", limit, limits.MAX_NEIGHBORHOOD)
        snapshot, network = self._projected(layers, as_of)
        found = neighborhood(network, standing(network, party_id, self.merging.root), hops, limit)
        ties = [tie | {"at": iso(tie["at"])} for tie in found.ties]
        found_in = basis(snapshot, network)
        return found_in | {
            "center": found.center,
            "nodes": found.nodes,
            "ties": ties,
            "truncated": found.truncated,
            "tie_count": found_in["ties"],
        }

    # ---- referrals ----

    def referral_chain(self, party_id: str, as_of: When = None) -> pd.DataFrame:
        """Who brought a party, and who brought them.

        Parameters
        ----------
        party_id : str
            Any party.
        as_of
            See `network`.

        Returns
        -------
        pandas.DataFrame
            `party_id`, `name` and `at` (when the one before referred it), from the first referrer down to the party.
            Where several referred one party the earliest counts. `attrs` has the `party_id` that it is about.

        Raises
        ------
        NotFound
            An unknown party.
        """
        snapshot, network = self._projected(["referral"], as_of)
        party_id = standing(network, party_id, self.merging.root)
        links = self._referrals(snapshot, network).chain(party_id)
        rows = [
            {"party_id": link.party_id, "name": name_of(network, link.party_id), "at": iso(link.at)} for link in links
        ]
        frame = table(rows, ["party_id", "name", "at"])
        frame.attrs.update(basis(snapshot, network) | {"party_id": party_id})
        return frame

    def referral_tree(
        self,
        party_id: str,
        max_depth: int = limits.MAX_TREE_DEPTH,
        limit: int = 1000,
        as_of: When = None,
    ) -> pd.DataFrame:
        """Whom a party brought, directly and through others, and what that is worth.

        Parameters
        ----------
        party_id : str
            The root.
        max_depth : int
            Generations listed, 1 to `limits.MAX_TREE_DEPTH`.
        limit : int
            Parties listed, 1 to `limits.MAX_TREE`.
        as_of
            See `network`.

        Returns
        -------
        pandas.DataFrame
            `party_id`, `referrer_id`, `name`, `depth` (1 is directly), `at`, `revenue` (its orders and those of all it
            brought in turn, by currency) and `own_revenue`; by depth, then date, then id. `attrs` has `root`, its
            `revenue` and `own_revenue`, and `truncated`. Orders count once `as_of`
            reaches them; cancelled ones do not, refunds do.

        Raises
        ------
        NotFound
            An unknown party.
        InvalidInput
            A bound that is exceeded.
        """
        bounded("max_depth", max_depth, limits.MAX_TREE_DEPTH)
        bounded("limit", limit, limits.MAX_TREE)
        snapshot, network = self._projected(["referral"], as_of)
        party_id = standing(network, party_id, self.merging.root)
        revenue = self._resident.revenue(snapshot, network.as_of)
        tree = self._referrals(snapshot, network).tree(party_id, revenue, max_depth, limit)
        rows = [
            {
                "party_id": item.party_id,
                "referrer_id": item.referrer_id,
                "name": name_of(network, item.party_id),
                "depth": item.depth,
                "at": iso(item.at),
                "revenue": amounts(item.revenue),
                "own_revenue": amounts(item.own_revenue),
            }
            for item in tree.items
        ]
        columns = ["party_id", "referrer_id", "name", "depth", "at", "revenue", "own_revenue"]
        frame = table(rows, columns)
        frame.attrs.update(
            basis(snapshot, network)
            | {
                "root": tree.root,
                "revenue": amounts(tree.revenue),
                "own_revenue": amounts(tree.own_revenue),
                "truncated": tree.truncated,
            }
        )
        return frame

    def referral_paths(
        self, source: str, target: str, max_hops: int = limits.MAX_HOPS, k: int = 10, as_of: When = None
    ) -> pd.DataFrame:
        """How a party brought another: paths of referrals alone, by hops, then strength, then ids; see `paths`."""
        return self.paths(source, target, "hops", ["referral"], k, as_of, max_hops)

    # ---- how it is computed ----

    def _projected(self, layers: Iterable[str] | None, as_of: When) -> tuple[Snapshot, Projection]:
        chosen = chosen_layers(layers)
        moment = moment_of(as_of)
        snapshot = self._resident.snapshot()
        settings = self.settings
        network = snapshot.once(
            "network",
            (chosen, end_of(moment)),
            lambda: project(snapshot.columns, chosen, moment, settings.half_life_days, settings.default_strengths),
        )
        return snapshot, network

    def _two(self, network: Projection, source: str, target: str) -> tuple[str, str]:
        """Those whom a question about two parties is about."""
        source, target = (standing(network, id_, self.merging.root) for id_ in (source, target))
        if source == target:
            raise InvalidInput("target: must be another party than source", field="target")
        return source, target

    def _referrals(self, snapshot: Snapshot, network: Projection) -> Referrals:
        ties = network.ties
        return snapshot.once(
            "referrals",
            network.as_of,
            lambda: first_referrals(
                network.ids[ties.source], network.ids[ties.target], [None if np.isnat(at) else at for at in ties.at]
            ),
        )

    def _members(self, segment: str, as_of: np.datetime64) -> list[str]:
        if not self.store.read("nodes/read", words={"LABEL": "Segment"}, id=segment):
            raise NotFound(f"there is no segment {segment!r}")
        found = self.store.read("network/read_members", id=segment, on=as_of.astype("datetime64[D]").item())
        return list(found[0]["ids"])
