"""How parties lead to one another in the relationship network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Final, Literal

import pandas as pd

from graphcrm import limits
from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Projection
from graphcrm.network.neighborhood import neighborhood
from graphcrm.network.paths import best_paths
from graphcrm.network.temporal import Journey, TemporalNetwork
from graphcrm.schema import DIRECTIONS, PATH_CRITERIA
from graphcrm.service.answers import When, basis, bounded, iso, standing, start_of, table
from graphcrm.service.explaining import EXPLAINED_COLUMNS, explained
from graphcrm.service.questions import Questions
from graphcrm.service.resident import Snapshot

__all__ = ["PathCriterion", "Ways"]

PathCriterion = Literal["hops", "strength", "earliest", "latest", "fastest"]
_READINGS: Final = 3
"""How often an answer that takes several readings is begun again while others write."""


class Ways(Questions):
    """Questions about what lies between two parties, and around one."""

    def paths(
        self,
        source: str,
        target: str,
        by: PathCriterion = "hops",
        layers: Iterable[str] | None = None,
        k: int = 1,
        as_of: When = None,
        max_hops: int = limits.MAX_HOPS,
        in_time: bool = False,
        start: When = None,
        strict: bool = True,
    ) -> pd.DataFrame:
        """The best simple paths from one party to another, along the direction of ties.

        Parameters
        ----------
        source, target : str
            Ids of two different parties.
        by : {'hops', 'strength', 'earliest', 'latest', 'fastest'}
            Fewest hops, then the largest product of strengths; or the other way round; then by the parties' ids. The
            last three are about time, and imply `in_time`: it arrives first; it sets out last; least time lies between
            its first step and its last, then it sets out last.
        layers, as_of
            See `network`.
        k : int
            Paths, 1 to `limits.MAX_PATHS`; of paths in time there is one, the best.
        max_hops : int
            Hops of a path, 1 to `limits.MAX_HOPS`; paths in time are not bounded.
        in_time : bool
            Each step comes after the one before: only dated ties count, each at the moment when it began. By hops or
            strength, of equal paths the one that arrives first.
        start : date, datetime or ISO 8601 string, optional
            No step of a path in time before this; a day means its beginning, UTC.
        strict : bool
            Every step of a path in time is later than the one before; otherwise it is not earlier.

        Returns
        -------
        pandas.DataFrame
            `party_ids`, `hops`, `strength` (the product), `departs` and `arrives` (of its first and last step; None
            unless in time) and `ties` (for each step its parallel ties; in time the one tie, with `at`), best first;
            empty when there is no path. `attrs` has the `source` and `target` that it is about.

        Raises
        ------
        NotFound
            An unknown party.
        InvalidInput
            A bound that is exceeded, `source` and `target` are one, or `start` without `in_time`.
        """
        bounded("k", k, limits.MAX_PATHS)
        bounded("max_hops", max_hops, limits.MAX_HOPS)
        if by not in PATH_CRITERIA:
            raise InvalidInput(f"by: must be one of {', '.join(PATH_CRITERIA)}", field="by", allowed=PATH_CRITERIA)
        in_time = in_time or by not in ("hops", "strength")
        if in_time and k > 1:
            raise InvalidInput("k: paths in time are given one at a time, the best; leave k at 1", field="k")
        if not in_time and (start is not None or not strict):
            field = "strict" if start is None else "start"
            raise InvalidInput(f"{field}: is about paths in time; ask for them with in_time", field=field)
        first = start_of(start)
        snapshot, network = self._projected(layers, as_of)
        source, target = self._two(network, source, target)
        if in_time:
            criterion = "strongest" if by == "strength" else by
            found = self._temporal(snapshot, network).path(source, target, criterion, first, strict)
            rows = [] if found is None else [_timed(network, found)]
        else:
            first_by: Literal["hops", "strength"] = "strength" if by == "strength" else "hops"
            untimed = {"departs": None, "arrives": None}
            rows = [asdict(path) | untimed for path in best_paths(network, source, target, first_by, k, max_hops)]
        frame = table(rows, ["party_ids", "hops", "strength", "departs", "arrives", "ties"])
        said: dict[str, Any] = {"by": by, "max_hops": None if in_time else max_hops, "in_time": in_time}
        if in_time:
            said |= {"start": iso(first), "strict": strict}
        frame.attrs.update(basis(snapshot, network), source=source, target=target, **said)
        return frame

    def reachable(
        self,
        party_id: str,
        direction: Literal["from", "to"] = "from",
        layers: Iterable[str] | None = None,
        as_of: When = None,
        start: When = None,
        strict: bool = True,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """Whom a party could have reached by when, or who could have reached it, each step after the one before.

        Parameters
        ----------
        party_id : str
            Where the ways begin, or end.
        direction : {'from', 'to'}
            Whom the party could have reached; or who could have reached the party.
        layers, as_of
            See `network`; `as_of` is by when.
        start, strict
            See `paths`.
        limit : int, optional
            Rows; all by default.

        Returns
        -------
        pandas.DataFrame
            `party_id`, `label`, `name` and `at`: when each is reached first, or when each had to set out last. In the
            order of `at`, for those who reach a party latest first, then by id. `attrs` has the `party_id` that it is
            about, the `direction` and how many there are in `total`.

        Raises
        ------
        NotFound
            An unknown party.
        InvalidInput
            An unknown direction or layer, or a date that is none.
        """
        if direction not in DIRECTIONS:
            raise InvalidInput("direction: must be from or to", field="direction", allowed=DIRECTIONS)
        if limit is not None and limit < 1:
            raise InvalidInput("limit: must be at least 1", field="limit")
        first = start_of(start)
        snapshot, network = self._projected(layers, as_of)
        party_id = standing(network, party_id, self.merging.root)
        ways = self._temporal(snapshot, network)
        found = (
            ways.reachable(party_id, first, strict) if direction == "from" else ways.reaching(party_id, first, strict)
        )
        place = [network.position(id_) for id_ in found.party_ids[:limit]]
        frame = pd.DataFrame(
            {
                "party_id": found.party_ids[:limit],
                "label": network.labels[place],
                "name": network.names[place],
                "at": [iso(at) for at in found.at[:limit]],
            }
        )
        said = {"start": iso(first), "strict": strict, "direction": direction, "total": len(found.party_ids)}
        frame.attrs.update(basis(snapshot, network), party_id=party_id, **said)
        return frame

    def _temporal(self, snapshot: Snapshot, network: Projection) -> TemporalNetwork:
        return snapshot.once("temporal", (network.layers, network.as_of), lambda: TemporalNetwork(network))

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


def _timed(network: Projection, journey: Journey) -> dict[str, Any]:
    """A row of the table of paths."""
    ties = network.ties
    steps = [
        {
            "source": source,
            "target": target,
            "types": [ties.type[row]],
            "ids": [ties.id[row]],
            "strength": float(ties.strength[row]),
            "at": iso(at),
        }
        for (source, target), row, at in zip(pairwise(journey.party_ids), journey.ties, journey.at, strict=True)
    ]
    return {
        "party_ids": journey.party_ids,
        "hops": journey.hops,
        "strength": journey.strength,
        "departs": steps[0]["at"],
        "arrives": steps[-1]["at"],
        "ties": steps,
    }
