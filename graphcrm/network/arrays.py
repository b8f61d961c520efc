"""A graph as arrays: what is quick to compute on, and holds everything that a networkx graph holds.

Nodes are numbered in their order. Row i of `out` lists the neighbours of node i in their order; each slot names the
edge whose attributes it has. In an undirected graph an edge has a slot in the rows of both its ends, in a directed one
`into` lists the edges by their heads.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Arrays", "Column", "Rows", "column", "columns", "from_dicts"]

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Rows:
    """Slots by row: those of row i are `indptr[i]:indptr[i + 1]`, each with a neighbour and the number of its edge."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    edge: NDArray[np.int32]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Slots of each row."""
        return np.diff(self.indptr)


@dataclass(frozen=True)
class Column:
    """One attribute of nodes or edges: `values` as int64, float64 or object, and where any are `missing`."""

    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Arrays:
    """A graph as arrays.

    Attributes
    ----------
    nodes : sequence
        Anything that hashes, each once.
    out, into : Rows
        Neighbours by tail and by head; one and the same in an undirected graph.
    edges, attributes : dict of str to Column
        The attributes of edges, by number, and of nodes, by position.
    directed : bool
        Whether edges have a direction.
    size : int
        Number of edges.
    """

    nodes: Sequence[Any]
    out: Rows
    into: Rows
    edges: Mapping[Any, Column]
    attributes: Mapping[Any, Column]
    directed: bool
    size: int

    @cached_property
    def positions(self) -> dict[Any, int]:
        """Where each node stands."""
        return {node: position for position, node in enumerate(self.nodes)}

    def weights(self, name: Hashable | None) -> NDArray[np.float64] | None:
        """Give the numbers that an attribute has for the edges, 1 where it is missing or no name is given.

        Returns
        -------
        ndarray of float, shape (size,), or None
            By edge number; None where values are no plain numbers.
        """
        found = None if name is None else self.edges.get(name)
        if found is None:
            return np.ones(self.size)
        if found.values.dtype == object:
            return None
        values = found.values.astype(np.float64)
        if found.missing is not None:
            values[found.missing] = 1.0
        return values

    def is_whole(self, name: Hashable | None) -> bool:
        """Tell whether all the numbers that `weights` gives are integers."""
        found = None if name is None else self.edges.get(name)
        return found is None or found.values.dtype == np.int64


def column(values: Iterable[Any], missing: NDArray[np.bool_] | None = None) -> Column:
    """Pack values so that they come out as they went in: the same, of the same type.

    Examples
    --------
    >>> column([1, 2]).values.dtype, column([1.0, 2.0]).values.dtype, column([1, 2.0]).values.dtype
    (dtype('int64'), dtype('float64'), dtype('O'))
    """
    values = list(values)
    absent = missing if missing is not None else np.zeros(len(values), dtype=bool)
    types = {type(value) for value, gone in zip(values, absent, strict=True) if not gone}
    if types == {float}:
        packed = np.array([0.0 if gone else value for value, gone in zip(values, absent, strict=True)])
        # NaN is not equal to itself, so that only the very object that went in is found again in a list.
        if not np.isnan(packed).any():
            return Column(packed, missing)
    if types == {int} and all(value in _INT64 for value, gone in zip(values, absent, strict=True) if not gone):
        filled = [0 if gone else value for value, gone in zip(values, absent, strict=True)]
        return Column(np.array(filled, dtype=np.int64), missing)
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return Column(objects, missing)


def from_dicts(
    nodes: Mapping[Any, Mapping[Any, Any]],
    succ: Mapping[Any, Mapping[Any, Mapping[Any, Any]]],
    pred: Mapping[Any, Mapping[Any, Mapping[Any, Any]]] | None,
) -> Arrays:
    """Make arrays of a graph's dicts, as networkx has them.

    Parameters
    ----------
    nodes : mapping
        Attributes by node.
    succ, pred : mapping
        Attributes of edges by tail and head, and by head and tail; no `pred` for an undirected graph.
    """
    names = list(nodes)
    position = {node: place for place, node in enumerate(names)}
    number: dict[tuple[int, int], int] = {}  # of an edge, by its ends
    held: list[Mapping[Any, Any]] = []

    def rows(adjacency: Mapping[Any, Mapping[Any, Mapping[Any, Any]]], backward: bool) -> Rows:
        indices: list[int] = []
        edge: list[int] = []
        indptr = [0]
        for place, node in enumerate(names):
            for neighbor, attributes in adjacency[node].items():
                other = position[neighbor]
                turned = backward if pred is not None else other < place
                ends = (other, place) if turned else (place, other)
                if (key := number.setdefault(ends, len(held))) == len(held):
                    held.append(attributes)
                indices.append(other)
                edge.append(key)
            indptr.append(len(indices))
        return Rows(np.array(indptr, np.int64), np.array(indices, np.int32), np.array(edge, np.int32))

    out = rows(succ, backward=False)
    into = out if pred is None else rows(pred, backward=True)
    return Arrays(names, out, into, columns(held), columns(list(nodes.values())), pred is not None, len(held))


def columns(records: Sequence[Mapping[Any, Any]]) -> dict[Any, Column]:
    """Pack records, a column for each key that any of them has."""
    keys = dict.fromkeys(key for record in records for key in record)
    return {key: _column_of(key, records) for key in keys}


def _column_of(key: Any, records: Sequence[Mapping[Any, Any]]) -> Column:
    missing = np.fromiter((key not in record for record in records), bool, len(records))
    return column((record.get(key) for record in records), missing if missing.any() else None)
