"""The relationship network as it is projected: parties, the ties that count, and the graph that joins them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphcrm.errors import NotFound
from graphcrm.network.arrays import Arrays, Column, Rows
from graphcrm.network.networkx_graph import DiNetwork, Network

__all__ = ["LENGTH_QUANTUM", "STRENGTH_RULES", "Floats", "Integers", "Objects", "Projection", "Ties", "Times"]

LENGTH_QUANTUM = 2.0**-30
"""Lengths are multiples of this, so that sums of them are exact and equal distances compare equal."""

STRENGTH_RULES = ("stated", "counted", "default")
"""Where a tie's strength comes from, the first that there is."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Objects = NDArray[np.object_]
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Ties:
    """The ties that count, one row each, as columns of equal length ordered by source and target.

    `source` and `target` are positions in `Projection.ids`; `strength` is what is left of it at the as-of date,
    `unfaded` what it was, by the `rule` of that number in `STRENGTH_RULES`; `at` is when the tie began, `last` the date
    from which it fades (NaT where neither is known).
    """

    id: Objects
    type: Objects
    layer: Objects
    source: Integers
    target: Integers
    kind: Objects
    strength: Floats
    unfaded: Floats
    rule: NDArray[np.int8]
    count: Floats
    at: Times
    last: Times
    mutual: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: NDArray[Any]) -> Ties:
        """Give the rows that a mask or an array of row numbers names."""
        return Ties(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Projection:
    """A weighted graph of parties, projected from chosen layers as of one moment.

    Attributes
    ----------
    ids, labels, names : ndarray of object, shape (n,)
        The parties, in the order of their ids' UTF-8 bytes.
    ties : Ties
        The ties that count, parallel ones apart.
    happened, moments : ndarray, shape (m,)
        Rows of `ties` and when they happened (UTC): each interaction that a tie counts, and when any other tie began.
        Undated ones have no moment.
    adjacency : scipy.sparse.csr_array, shape (n, n)
        Strengths in (0, 1], parallel ties joined; row to column is the tie's direction, mutual ties stand twice.
    directed : bool
        Whether any chosen layer has a direction.
    layers : tuple of str
        The chosen layers.
    as_of : datetime64[us]
        The last moment that counts, UTC.
    self_loops : int
        Ties of a party with itself that were left out.
    """

    ids: Objects
    labels: Objects
    names: Objects
    ties: Ties
    happened: Integers
    moments: Times
    adjacency: Any
    directed: bool
    layers: tuple[str, ...]
    as_of: np.datetime64
    self_loops: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {party: position for position, party in enumerate(self.ids)}

    def position(self, party_id: str) -> int:
        """Give a party's place in `ids`.

        Raises
        ------
        NotFound
            When the network has no such party.
        """
        try:
            return self._positions[party_id]
        except KeyError:
            raise NotFound(f"There is no customer or contact {party_id!r} as of {str(self.as_of)[:10]}.") from None

    @cached_property
    def lengths(self) -> Any:
        """The graph with 1/strength, rounded to `LENGTH_QUANTUM`, in place of the strength (csr_array)."""
        weights = self.adjacency
        lengths = np.rint(1.0 / (weights.data * LENGTH_QUANTUM)) * LENGTH_QUANTUM
        return sparse.csr_array((lengths, weights.indices, weights.indptr), shape=weights.shape)

    @cached_property
    def transposed(self) -> Any:
        """The graph with every direction reversed (csr_array); the graph itself when it is undirected."""
        return self.adjacency.T.tocsr() if self.directed else self.adjacency

    @cached_property
    def around(self) -> Any:
        """The graph as seen whichever way ties point: the stronger of both directions (csr_array)."""
        return self.adjacency.maximum(self.transposed).tocsr() if self.directed else self.adjacency

    @cached_property
    def _pair_keys(self) -> Integers:
        return self.ties.source * len(self) + self.ties.target

    def ties_between(self, source: int, target: int) -> Integers:
        """Give the rows of `ties` that lead from one position to another, strongest first, then by id."""
        forward, backward = (
            np.arange(*np.searchsorted(self._pair_keys, [key, key + 1]))
            for key in (source * len(self) + target, target * len(self) + source)
        )
        rows = np.concatenate([forward, backward[self.ties.mutual[backward]]]).astype(np.int64)
        return self.strongest_first(rows)

    def strongest_first(self, rows: Integers) -> Integers:
        """Order rows of `ties` by strength, strongest first, then by id."""
        strength, id_ = self.ties.strength, self.ties.id
        return np.array(sorted(rows.tolist(), key=lambda row: (-strength[row], id_[row])), dtype=np.int64)

    def to_networkx(self) -> Network | DiNetwork:
        """Give the network as networkx knows it.

        Returns
        -------
        DiNetwork or Network
            A DiGraph when any layer has a direction, else a Graph. Nodes are party ids, in the order of `ids`, with
            `label` and `name`; edges carry `weight` (strength, parallel ties joined) and `length` (1/strength).
        """
        weights = self.adjacency
        source, target = weights.tocoo().coords
        first = np.ones(weights.nnz, dtype=bool) if self.directed else source <= target
        out = _rows(weights, source, target, not self.directed)
        back = self.transposed
        heads, tails = back.tocoo().coords
        into = _rows(back, tails, heads, False) if self.directed else out
        arrays = Arrays(
            nodes=self.ids.tolist(),
            out=out,
            into=into,
            edges={"weight": Column(weights.data[first]), "length": Column(self.lengths.data[first])},
            attributes={"label": Column(self.labels), "name": Column(self.names)},
            directed=self.directed,
            size=int(first.sum()),
        )
        made: Network | DiNetwork = (DiNetwork if self.directed else Network).of(arrays)
        return made


def _rows(matrix: Any, tail: Integers, head: Integers, mutual: bool) -> Rows:
    """Slots of a matrix whose edges are numbered by tail and head, mutual ones by their lesser and greater end."""
    ends = (np.minimum(tail, head), np.maximum(tail, head)) if mutual else (tail, head)
    _, edge = np.unique(ends[0].astype(np.int64) * matrix.shape[0] + ends[1], return_inverse=True)
    return Rows(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), edge.astype(np.int32))
