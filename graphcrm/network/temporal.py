"""Paths that respect time: each step comes after the one before.

Only dated ties count, each at the moment when it began, and interactions at each of their moments. `strict` paths have
every step later than the one before; others may have several steps at one moment. A party may
be met once only: who would come back to it could have waited.

Labels are settled by cost, as Dijkstra settles nodes. A later label of a party is of use only if it is there earlier,
and then only for the ties that earlier labels came too late for: so each tie is followed once at most.

References
----------
H. Wu et al., "Path problems in temporal graphs", Proceedings of the VLDB Endowment 7, 2014.
D. Kempe, J. Kleinberg, A. Kumar, "Connectivity and inference problems for temporal networks", Journal of Computer and
System Sciences 64, 2002.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final, Literal

import numpy as np

from graphcrm.errors import InvalidInput
from graphcrm.network import temporal_kernels as kernels
from graphcrm.network.graph import Integers, Objects, Projection, Times
from graphcrm.network.paths import LOSS_QUANTUM

__all__ = ["CRITERIA", "Journey", "Reached", "TemporalNetwork"]

Criterion = Literal["earliest", "latest", "hops", "fastest", "strongest"]
CRITERIA: Final = ("earliest", "latest", "hops", "fastest", "strongest")
"""What makes a path best: soonest at its end, last to set out, fewest steps, shortest time under way, strength."""

_HOP_BITS: Final = 16


@dataclass(frozen=True)
class Journey:
    """A path that respects time: its parties, the rows of its ties and their dates, and the product of strengths."""

    party_ids: list[str]
    ties: Integers
    at: Times
    strength: float

    @property
    def hops(self) -> int:
        """Steps."""
        return len(self.ties)


@dataclass(frozen=True)
class Reached:
    """Parties and when each was reached first, or could set out last (then the latest first); then by id."""

    party_ids: Objects
    at: Times


@dataclass(frozen=True)
class TemporalNetwork:
    """The dated ties of a network, in the order of their tails, then of time.

    Parameters
    ----------
    projection : Projection
        As of a moment; mutual ties go both ways.
    """

    projection: Projection

    @cached_property
    def _out(self) -> kernels.Steps:
        return self._steps(forward=True)

    @cached_property
    def _into(self) -> kernels.Steps:
        """The same ties backward in time: from head to tail, at moments that count down."""
        return self._steps(forward=False)

    def _steps(self, forward: bool) -> kernels.Steps:
        ties, size, tie = self.projection.ties, len(self.projection), self.projection.happened
        both = np.flatnonzero(ties.mutual[tie])
        row = np.concatenate([np.arange(len(tie)), both])
        tail = np.concatenate([ties.source[tie], ties.target[tie[both]]])
        head = np.concatenate([ties.target[tie], ties.source[tie[both]]])
        at = self.projection.moments[row].astype(np.int64)
        if not forward:
            tail, head, at = head, tail, -at
        order = np.lexsort((row, head, at, tail))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=size))]).astype(np.int64)
        return kernels.Steps(indptr, head[order].astype(np.int32), at[order], row[order])

    @cached_property
    def _loss(self) -> Integers:
        """-ln(strength) of the tie of each moment, in quanta above one hop."""
        loss = np.rint(-np.log(self.projection.ties.strength) / LOSS_QUANTUM).astype(np.int64)
        return ((loss << _HOP_BITS) + 1)[self.projection.happened]

    def path(
        self,
        source: str,
        target: str,
        by: Criterion = "earliest",
        start: np.datetime64 | None = None,
        strict: bool = True,
    ) -> Journey | None:
        """Find the best path from one party to another on which each step comes after the one before.

        Parameters
        ----------
        source, target : str
            Ids of two different parties.
        by : {"earliest", "latest", "hops", "fastest", "strongest"}
            What makes it best: it arrives first; it sets out last; it has the fewest steps, then arrives first; the
            time from its first step to its last is least, then it sets out last; the product of strengths is largest,
            then it has the fewest steps, then arrives first.
        start : datetime64, optional
            No step before this.
        strict : bool
            Every step later than the one before; otherwise not earlier.

        Returns
        -------
        Journey or None
            None when there is none.

        Raises
        ------
        NotFound
            An unknown party.
        InvalidInput
            One party twice, or an unknown criterion.
        """
        if by not in CRITERIA:
            raise InvalidInput(f"by: must be one of {', '.join(CRITERIA)}", field="by", allowed=CRITERIA)
        ends = self.projection.position(source), self.projection.position(target)
        if ends[0] == ends[1]:
            raise InvalidInput("target: must be another party than source", field="target")
        rows = self._found(*ends, by, _moment(start), strict)
        return self._journey(ends[0], rows) if len(rows) else None

    def _found(self, source: int, target: int, by: Criterion, first: int, strict: bool) -> Integers:
        if by == "latest":
            last = -first if first > kernels.ALWAYS else kernels.NEVER
            return kernels.earliest(self._into, target, kernels.ALWAYS, strict, source, last)[::-1]
        if by == "earliest":
            return kernels.earliest(self._out, source, first, strict, target, kernels.NEVER)
        if by == "fastest":
            return kernels.fastest(self._out, source, first, strict, target)
        cost = self._loss if by == "strongest" else np.ones(len(self.projection.happened), np.int64)
        return kernels.cheapest(self._out, cost, source, first, strict, target)

    def _journey(self, source: int, moments: Integers) -> Journey:
        ties, ids = self.projection.ties, self.projection.ids
        rows = self.projection.happened[moments]
        parties = [source]
        for row in rows.tolist():
            parties.append(int(ties.target[row] if ties.source[row] == parties[-1] else ties.source[row]))
        return Journey(
            party_ids=[ids[party] for party in parties],
            ties=rows,
            at=self.projection.moments[moments],
            strength=prod(ties.strength[rows].tolist()),
        )

    def reachable(self, source: str, start: np.datetime64 | None = None, strict: bool = True) -> Reached:
        """List whom a party could have reached, and when first, each step after the one before.

        Parameters
        ----------
        source, start, strict
            As in `path`.

        Returns
        -------
        Reached
            Without the party itself.
        """
        return self._reached(self._out, source, _moment(start), strict, 1)

    def reaching(self, target: str, start: np.datetime64 | None = None, strict: bool = True) -> Reached:
        """List who could have reached a party, and when each had to set out at the latest.

        Parameters
        ----------
        target, start, strict
            As in `path`.

        Returns
        -------
        Reached
            Without the party itself, latest first.
        """
        found = self._reached(self._into, target, kernels.ALWAYS, strict, -1)
        in_time = slice(None) if start is None else found.at >= start
        return Reached(found.party_ids[in_time], found.at[in_time])

    def _reached(self, steps: kernels.Steps, party: str, first: int, strict: bool, sign: int) -> Reached:
        position = self.projection.position(party)
        arrival = kernels.arrivals(steps, position, first, strict)
        arrival[position] = kernels.NEVER
        found = np.flatnonzero(arrival != kernels.NEVER)
        order = np.lexsort((found, arrival[found]))
        at = sign * arrival[found[order]]
        return Reached(self.projection.ids[found[order]], at.astype("datetime64[us]"))


def _moment(start: np.datetime64 | None) -> int:
    return kernels.ALWAYS if start is None else int(start.astype("datetime64[us]").astype(np.int64))
