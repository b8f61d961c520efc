"""Who matters in the relationship network."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from graphcrm.errors import InvalidInput
from graphcrm.network.centrality import rank, scores
from graphcrm.network.communities import communities
from graphcrm.network.reasons import LANGUAGES, describe, facts_of
from graphcrm.service.answers import When, basis
from graphcrm.service.questions import Questions

__all__ = ["Influence"]


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
