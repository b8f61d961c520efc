"""Who matters in the relationship network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.centrality import Scores, bands, rank, scores
from graphcrm.network.communities import communities, described
from graphcrm.network.graph import Floats, Integers, Projection
from graphcrm.network.ranking import intervals_of
from graphcrm.network.reasons import LANGUAGES, describe, facts_of
from graphcrm.service.answers import When, basis, iso, moment_of
from graphcrm.service.questions import Questions
from graphcrm.service.resident import Snapshot

__all__ = ["Influence"]

_COMPARED: Final = ("party_id", "label", "name", "rank", "other_rank", "rose", "score", "other_score")


class Influence(Questions):
    """Questions about who matters."""

    def influencers(
        self,
        metric: str = "pagerank",
        layers: Iterable[str] | None = None,
        as_of: When = None,
        segment: str | None = None,
        limit: int | None = None,
        normalized: bool = True,
        language: str = "en",
        community: int | None = None,
        interval: float | None = None,
        hidden: float = 0.2,
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
        community : int, optional
            Rank only the members of this community, by its number in `communities`.
        interval : float, optional
            What part of the rank intervals shall hold, such as 0.9, pooled over parties; without it there are none.
        hidden : float
            What share of the ties of the whole network is taken to be missing, in (0, 0.9].

        Returns
        -------
        pandas.DataFrame
            `rank` (1 is the highest score; equal scores by id), `party_id`, `label`, `name`, `score`, `reason`. With
            an interval also `rank_low` and `rank_high`, between which the party may stand among all parties, and
            `band`: parties that the data cannot tell apart share one, 1 is the highest; `attrs` has the `factor` by
            which the intervals were widened.

        Raises
        ------
        InvalidInput
            An unknown metric, layer or language, or a network too large for the metric or for intervals.
        NotFound
            An unknown segment or community.
        """
        if language not in LANGUAGES:
            raise InvalidInput(f"language: must be one of {', '.join(LANGUAGES)}", field="language", allowed=LANGUAGES)
        if limit is not None and limit < 1:
            raise InvalidInput("limit: must be at least 1", field="limit")
        snapshot, network = self._projected(layers, as_of)
        scored = self._scores(snapshot, network, metric, normalized)
        order = rank(network.ids, scored.values)
        if segment is not None:
            order = order[np.isin(network.ids[order], self._members(segment, network.as_of))]
        groups = self._communities(snapshot, network)
        if community is not None:
            if not 0 <= community <= groups.max(initial=-1):
                raise NotFound(f"there is no community {community}")
            order = order[groups[order] == community]
        order = order[:limit]
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
        if interval is not None:
            key = (metric, network.layers, network.as_of, interval, hidden)
            found = snapshot.once("intervals", key, lambda: intervals_of(network, metric, interval, hidden))
            for name, values in (("rank_low", found.low), ("rank_high", found.high), ("band", found.band + 1)):
                frame.insert(len(frame.columns) - 1, name, values[order])  # the reason stays last
            frame.attrs.update(interval=interval, hidden=hidden, factor=found.factor)
        return frame

    def compare(
        self,
        metric: str = "pagerank",
        other_metric: str | None = None,
        layers: Iterable[str] | None = None,
        as_of: When = None,
        other_as_of: When = None,
        segment: str | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """Who ranks higher or lower by one metric than by another, or at one date than at another.

        Parameters
        ----------
        metric, other_metric : str
            Two metrics; the other is the same unless given.
        layers
            See `network`.
        as_of, other_as_of
            Two moments; the other is the same unless given.
        segment : str, optional
            Only members of this segment, as of `as_of`; ranks are those within the whole network.
        limit : int, optional
            Rows; all by default.

        Returns
        -------
        pandas.DataFrame
            `party_id`, `label`, `name`, `rank`, `other_rank` (1 + how many score higher, so that equal scores share a
            rank; None where the network does not have the party then), `rose` (`other_rank` - `rank`: above 0 for who
            ranks higher by `metric` at `as_of`), `score` and `other_score`. Who moved most first, then by rank and id;
            who is in one of both only comes last.

        Raises
        ------
        InvalidInput
            Nothing to compare, an unknown metric or layer, or a date that is none.
        NotFound
            An unknown segment.
        """
        if limit is not None and limit < 1:
            raise InvalidInput("limit: must be at least 1", field="limit")
        other_metric = other_metric or metric
        other_as_of = as_of if other_as_of is None else other_as_of
        if (metric, moment_of(as_of)) == (other_metric, moment_of(other_as_of, "other_as_of")):
            raise InvalidInput("other_metric: name another, or another date in other_as_of", field="other_metric")
        snapshot, network = self._projected(layers, as_of)
        now = self._standings(snapshot, network, metric)
        _, other = self._projected(layers, other_as_of)
        then = self._standings(snapshot, other, other_metric).rename(columns=lambda name: f"other_{name}")
        frame = now.join(then, how="outer")
        frame["label"] = frame["label"].fillna(frame.pop("other_label"))
        frame["name"] = frame["name"].fillna(frame.pop("other_name"))
        frame["rose"] = frame["other_rank"] - frame["rank"]
        if segment is not None:
            frame = frame[frame.index.isin(self._members(segment, network.as_of))]
        frame = frame.rename_axis("party_id").reset_index()
        order = pd.DataFrame({"moved": -frame["rose"].abs(), "rank": frame["rank"], "id": frame["party_id"]})
        frame = frame.loc[order.sort_values(["moved", "rank", "id"], na_position="last").index[:limit], list(_COMPARED)]
        for name in ("rank", "other_rank", "rose"):
            frame[name] = frame[name].astype("Int64").astype(object).where(frame[name].notna(), None)
        said = {"metric": metric, "other_metric": other_metric, "other_as_of": iso(other.as_of)}
        frame = frame.reset_index(drop=True)
        frame.attrs.update(basis(snapshot, network) | said)
        return frame

    def communities(
        self, layers: Iterable[str] | None = None, as_of: When = None, limit: int | None = None
    ) -> pd.DataFrame:
        """The communities: groups with more and stronger ties inside than chance would make.

        Parameters
        ----------
        layers, as_of
            See `network`.
        limit : int, optional
            Rows; all by default.

        Returns
        -------
        pandas.DataFrame
            `community` (its number), `parties`, `customers`, `inside` (what part of the strength of its members' ties
            stays inside; None where they have none), `leader_id` and `leader_name` (who has the most strength inside,
            of equal ones the first by id). The largest first, then by their first party. `attrs` has the `total` and
            the `modularity` (Newman's, on strengths, directions left aside).

        Raises
        ------
        InvalidInput
            An unknown layer, or a date that is none.
        """
        if limit is not None and limit < 1:
            raise InvalidInput("limit: must be at least 1", field="limit")
        snapshot, network = self._projected(layers, as_of)
        member = self._communities(snapshot, network)
        found = described(network, member)
        total = len(found.parties)
        frame = pd.DataFrame(
            {
                "community": np.arange(total),
                "parties": found.parties,
                "customers": found.customers,
                "inside": [None if np.isnan(share) else float(share) for share in found.inside],
                "leader_id": network.ids[found.leader],
                "leader_name": network.names[found.leader],
            }
        ).iloc[:limit]
        frame.attrs.update(basis(snapshot, network) | {"total": total, "modularity": found.modularity})
        return frame

    def _communities(self, snapshot: Snapshot, network: Projection) -> Integers:
        return snapshot.once("communities", (network.layers, network.as_of), lambda: communities(network))

    def _scores(self, snapshot: Snapshot, network: Projection, metric: str, normalized: bool) -> Scores:
        key = (metric, normalized, network.layers, network.as_of)
        return snapshot.once("scores", key, lambda: scores(network, metric, normalized))

    def _standings(self, snapshot: Snapshot, network: Projection, metric: str) -> pd.DataFrame:
        """Scores and shared ranks by party."""
        values = self._scores(snapshot, network, metric, True).values
        return pd.DataFrame(
            {"label": network.labels, "name": network.names, "rank": _shared_ranks(values), "score": values},
            index=pd.Index(network.ids, dtype=object),
        )


def _shared_ranks(values: Floats) -> Integers:
    """1 + how many score higher."""
    band = bands(values)
    higher = np.concatenate([[0], np.cumsum(np.bincount(band))])
    return 1 + higher[band]
