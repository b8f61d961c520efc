"""What graphcrm does with a graph: the object behind ``graphcrm.connect()``, the API and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from graphcrm import limits
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.centrality import rank, scores
from graphcrm.network.communities import communities
from graphcrm.network.graph import Network
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
from graphcrm.service.archive import Archive
from graphcrm.service.candidates import Candidates
from graphcrm.service.jobs import Claim, Jobs
from graphcrm.service.merging import Merging
from graphcrm.service.records import Records
from graphcrm.service.resident import Resident, Snapshot
from graphcrm.service.search import find_parties
from graphcrm.service.sources import Sources, check_name
from graphcrm.service.status import status_of
from graphcrm.service.tokens import Tokens
from graphcrm.service.webhooks import Webhooks
from graphcrm.settings import Settings
from graphcrm.store import GraphStore

if TYPE_CHECKING:
    from graphcrm.intake.importer import ImportReport, Progress

__all__ = ["Graph", "connect"]


def connect(settings: Settings | None = None) -> Graph:
    """Open the graph.

    Parameters
    ----------
    settings : Settings, optional
        By default from the environment: Neo4j where ``GRAPHCRM_NEO4J_URI`` names one, else the embedded engine in
        ``GRAPHCRM_HOME``.

    Returns
    -------
    Graph
        Close it when done, or use it in a ``with`` statement.

    Raises
    ------
    StoreError
        The database does not answer, or was written by a newer graphcrm.
    """
    return Graph(settings or Settings())


class Graph:
    """An open graph; safe to share between threads.

    Tables that it gives back are DataFrames whose rows are what the API lists; their `attrs` hold what the answer was
    computed from: `revision`, `as_of`, `layers`, and how many `parties` and `ties` were seen. What is asked of a party
    that was merged away is answered of the one that stands for it; the answer names it, and a warning is logged.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = GraphStore(settings)
        self.records = Records(self.store, region=settings.region)
        self.merging = Merging(self.store)
        self.sources = Sources(self.store, settings.region)
        self.archive = Archive(self.store)
        self.tokens = Tokens(self.store)
        self.jobs = Jobs(self.store, settings.home)
        self.candidates = Candidates(self.store, self.jobs.holder)
        self.webhooks = Webhooks(self.store, settings.webhooks_allow_private)
        self._resident = Resident(self.store)

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the embedded engine stops with its last user."""
        self.jobs.holder.close()
        self.store.close()

    # ---- the network ----

    def network(self, layers: Iterable[str] | None = None, as_of: When = None) -> Any:
        """The relationship network as a networkx graph.

        Parameters
        ----------
        layers : iterable of str, optional
            Of `referral`, `knows`, `works_with`, `interaction`; all by default.
        as_of : date, datetime or ISO 8601 string, optional
            A day means its end, UTC; by default today.

        Returns
        -------
        networkx.Graph or networkx.DiGraph
            Undirected when every layer is mutual. Nodes are party ids with `label` and `name`; edges have `weight`
            (strength in (0, 1]) and `length` (1/strength). Its `graph` attributes say what it was projected from.

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
        source, target = (standing(network, id_, self.merging.root) for id_ in (source, target))
        if source == target:
            raise InvalidInput("target: must be another party than source", field="target")
        found = best_paths(network, source, target, by=by, k=k, max_hops=max_hops)
        frame = table([asdict(path) for path in found], ["party_ids", "hops", "strength", "ties"])
        frame.attrs.update(basis(snapshot, network), by=by, max_hops=max_hops, source=source, target=target)
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

    # ---- finding, importing, keeping ----

    def search(self, query: str, limit: int = 20) -> list[dict[str, Any]]:
        """Find parties by a part of their id, name, e-mail or phone, in any case.

        Parameters
        ----------
        query : str
            1 to `limits.MAX_QUERY_LENGTH` characters.
        limit : int
            Hits, 1 to `limits.MAX_PAGE`.

        Returns
        -------
        list of dict
            `id`, `label`, `name` and `matched` (the field that matched): an equal id first, then names that begin with
            the query, names that hold it, and the rest; customers before contacts, then by name and id. The id of a
            party that was merged away finds the one that stands for it (`matched` is ``merged_id``).
        """
        return find_parties(self.store, query, limit)

    def import_files(
        self,
        paths: Iterable[str | Path],
        mapping: str | Path | None = None,
        dry_run: bool = False,
        rejects: str | Path | None = None,
        progress: Progress | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        source: str = "files",
        claim: Claim | None = None,
        preset: str | None = None,
        region: str | None = None,
    ) -> ImportReport:
        """Load files (see `graphcrm.intake.importer.import_files`) and leave an entry in `jobs`.

        `region` is the settings' unless given.
        """
        from graphcrm.intake.importer import import_files

        paths = list(paths)
        check_name(source)
        if not dry_run:
            self.sources.add(source)
        options: dict[str, Any] = {
            "delimiter": delimiter,
            "encoding": encoding,
            "preset": preset,
            "region": region or self.settings.region,
        }
        load = partial(import_files, self.records.of(source), paths, mapping, dry_run, **options)
        return self.jobs.recorded(load, paths, source, rejects, progress, dry_run, claim)

    def revision(self) -> int:
        """A number that every write raises."""
        return self.store.revision()

    def touch(self) -> int:
        """Make what another tool wrote to the database seen; give back the new revision."""
        return self.store.touch()

    def status(self) -> dict[str, Any]:
        """Which engine, where, its version, the schema, the revision, and counts by label and type."""
        return status_of(self.store, self.settings)

    # ---- how it is computed ----

    def _projected(self, layers: Iterable[str] | None, as_of: When) -> tuple[Snapshot, Network]:
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

    def _referrals(self, snapshot: Snapshot, network: Network) -> Referrals:
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
