"""How parties lead to one another in the relationship network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final, Literal

import pandas as pd

from graphcrm import limits
from graphcrm.network.neighborhood import neighborhood
from graphcrm.network.paths import best_paths
from graphcrm.service.answers import When, basis, bounded, iso, standing, table
from graphcrm.service.asking import Asking
from graphcrm.service.explaining import EXPLAINED_COLUMNS, explained

__all__ = ["Ways"]

_READINGS: Final = 3
"""How often an answer that takes several readings is begun again while others write."""


class Ways(Asking):
    """Questions about what lies between two parties, and around one."""

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
