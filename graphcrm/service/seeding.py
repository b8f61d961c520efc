"""Whom to tell first, so that word spreads farthest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse

from graphcrm import limits
from graphcrm.errors import InvalidInput
from graphcrm.network.communities import communities
from graphcrm.network.graph import Floats, Projection
from graphcrm.network.reasons import LANGUAGES, describe, facts_of
from graphcrm.network.spread import Model, SeedSet, seed_set
from graphcrm.service.answers import When, basis, bounded
from graphcrm.service.consents import granted_to
from graphcrm.service.questions import Questions

__all__ = ["Seeding"]

_ADDS: Final = {"en": "adds {:,.1f} parties; {}", "zh": "新增 {:,.1f} 方；{}"}
_TOLD: Final = tuple(field.name for field in fields(SeedSet) if field.name not in ("seeds", "gains"))


class Seeding(Questions):
    """Questions about with whom to begin."""

    def seed_set(
        self,
        k: int | None = None,
        layers: Iterable[str] | None = None,
        as_of: When = None,
        segment: str | None = None,
        exclude: Iterable[str] = (),
        channel: str | None = None,
        purpose: str = "marketing",
        budget: float | None = None,
        costs: Mapping[str, float] | None = None,
        model: Model = "cascade",
        probability: float = 0.1,
        epsilon: float = 0.1,
        seed: int = 7,
        language: str = "en",
    ) -> pd.DataFrame:
        """Choose the parties to begin a campaign with, so that word of it reaches as many as it can.

        Parameters
        ----------
        k : int, optional
            How many at most, 1 to `limits.MAX_SEEDS`; 10 unless a budget is given.
        layers, as_of
            See `network`. Word passes along the direction of ties.
        segment : str, optional
            Choose only members of this segment; word spreads in the whole network.
        exclude : iterable of str
            Whom not to choose.
        channel, purpose : str
            Choose only those who have granted consent to be contacted by this channel for this purpose; everyone if no
            channel is named.
        budget, costs : float and mapping of str to float, optional
            What those chosen may cost together, and what each party does (1 if not named).
        model : {'cascade', 'threshold'}
            Word passes once along each tie, with its probability; or a party hears it when the probabilities of the
            ties from those who have come to more than a number drawn for it.
        probability : float
            That word passes along a tie of strength 1, in (0, 1]; along others in proportion to their strength.
        epsilon : float
            What the guarantee may lack, in (0, 0.63): less takes longer.
        seed : int
            Decides all that is random.
        language : {'en', 'zh'}
            Of the reasons.

        Returns
        -------
        pandas.DataFrame
            `rank` (the order of choice), `party_id`, `label`, `name`, `gain` (parties that it adds to those before,
            expected), `cost` and `reason`. `attrs` has what `graphcrm.network.spread.SeedSet` says of the choice:
            `spread` with the interval `low` to `high` from simulations made afresh, `lower`, `upper` and `certificate`
            (what part of the best it is at least), the `guarantee`, `sets`, `delta` and whether memory `cut` it short.

        Raises
        ------
        InvalidInput
            A number out of its bounds, more seeds than may be chosen, or an unknown layer, model or language.
        NotFound
            An unknown segment, or an unknown party in `exclude` or `costs`.
        """
        if language not in LANGUAGES:
            raise InvalidInput(f"language: must be one of {', '.join(LANGUAGES)}", field="language", allowed=LANGUAGES)
        if k is None and budget is None:
            k = 10
        if k is not None:
            bounded("k", k, limits.MAX_SEEDS)
        if costs is not None and budget is None:
            raise InvalidInput("costs: say with budget what they may come to", field="costs")
        if not 0 < probability <= 1:
            raise InvalidInput("probability: must lie above 0 and not above 1", field="probability")
        snapshot, network = self._projected(layers, as_of)
        allowed = np.ones(len(network), dtype=bool)
        if segment is not None:
            allowed &= np.isin(network.ids, self._members(segment, network.as_of))
        if channel is not None:
            granted = granted_to(self.store, channel, purpose)
            allowed &= np.fromiter((id_ in granted for id_ in network.ids), bool, len(network))
        allowed[[network.position(id_) for id_ in exclude]] = False
        price = _prices(network, costs or {})
        weights = network.adjacency
        passing = sparse.csr_array((weights.data * probability, weights.indices, weights.indptr), shape=weights.shape)
        found = seed_set(passing, k, budget, price, allowed, model, epsilon, seed)
        key = (network.layers, network.as_of)
        groups = snapshot.once("communities", key, lambda: communities(network))
        facts = facts_of(network, groups, network.ids[found.seeds])
        frame = pd.DataFrame(
            {
                "rank": np.arange(1, len(found.seeds) + 1),
                "party_id": network.ids[found.seeds],
                "label": network.labels[found.seeds],
                "name": network.names[found.seeds],
                "gain": found.gains,
                "cost": price[found.seeds],
                "reason": [
                    _ADDS[language].format(gain, describe(fact, language))
                    for gain, fact in zip(found.gains, facts, strict=True)
                ],
            }
        )
        said: dict[str, Any] = {name: getattr(found, name) for name in (*_TOLD, "certificate")}
        said |= {"model": model, "probability": probability, "epsilon": epsilon, "seed": seed}
        frame.attrs.update(basis(snapshot, network) | said | {"eligible": int(allowed.sum())})
        return frame


def _prices(network: Projection, costs: Mapping[str, float]) -> Floats:
    price = np.ones(len(network))
    for id_, cost in costs.items():
        price[network.position(id_)] = cost
    return price
