"""Who brought whom."""

from __future__ import annotations

import numpy as np
import pandas as pd

from graphcrm import limits
from graphcrm.network.graph import Projection
from graphcrm.network.referrals import Referrals, first_referrals
from graphcrm.service.answers import When, amounts, basis, bounded, iso, name_of, standing, table
from graphcrm.service.resident import Snapshot
from graphcrm.service.ways import Ways

__all__ = ["Referring"]


class Referring(Ways):
    """Questions about referrals."""

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

    def _referrals(self, snapshot: Snapshot, network: Projection) -> Referrals:
        ties = network.ties
        return snapshot.once(
            "referrals",
            network.as_of,
            lambda: first_referrals(
                network.ids[ties.source], network.ids[ties.target], [None if np.isnat(at) else at for at in ties.at]
            ),
        )
