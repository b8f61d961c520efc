"""Graphs whose arrays are the truth until somebody touches a dict, and networkx graphs all the same.

`Network` and `DiNetwork` are a `networkx.Graph` and a `networkx.DiGraph`. The dicts in which networkx holds a graph are
made when something first asks for them; from then on they are the truth, as in any networkx graph, and the arrays are
kept beside them until the graph changes, in place too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from typing import Any, Final

import networkx as nx
import numpy as np

from graphcrm.network.arrays import Arrays, Column, Rows, columns, from_dicts

__all__ = ["DiNetwork", "Network", "arrays_of"]

# Without this networkx refuses calls in which a plain graph stands beside one of ours. Calls on plain graphs alone go
# the same way as without it.
nx.config.fallback_to_nx = True

_CACHE: Final = "graphcrm"
"""Where `__networkx_cache__`, which networkx empties on every change, has the arrays of a graph that has dicts."""


class _EdgeAttributes(dict[Any, Any]):
    """The attributes of an edge; a change of them lets go of the arrays of the graph."""

    __slots__ = ("cache",)

    cache: dict[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _noted(name: str) -> Callable[..., Any]:
    change = getattr(dict, name)

    def changed(self: _EdgeAttributes, *args: Any, **kwargs: Any) -> Any:
        self.cache.pop(_CACHE, None)
        return change(self, *args, **kwargs)

    changed.__name__ = name
    return changed


for _name in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
    setattr(_EdgeAttributes, _name, _noted(_name))


class _Lazy:
    """A dict of networkx's that is made on first touch; the instance's own is found before this from then on."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __get__(self, graph: Any, owner: type | None = None) -> Any:
        return self if graph is None else self._make(graph)


class _Held:
    """What a graph of arrays has in place of networkx's; stands before `networkx.Graph` among the bases."""

    __networkx_backend__ = "graphcrm"
    __dict__: dict[str, Any]
    graph: dict[Any, Any]
    is_directed: Callable[[], bool]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    @classmethod
    def of(cls, arrays: Arrays, attributes: dict[Any, Any] | None = None) -> Any:
        """Make a graph of arrays.

        Parameters
        ----------
        arrays : Arrays
            Directed for a `DiNetwork`, undirected for a `Network`; never changed.
        attributes : dict, optional
            Of the graph itself.
        """
        graph = cls.__new__(cls)
        graph.__dict__.update(graph=attributes or {}, _arrays=arrays, __networkx_cache__={})
        return graph

    # ---- dicts, when they are asked for ----

    def _make_nodes(self) -> dict[Any, Any]:
        arrays = self.__dict__["_arrays"]
        records: list[dict[Any, Any]] = [{} for _ in arrays.nodes]
        for key, held in arrays.attributes.items():
            _fill(records, key, held)
        made = self.__dict__["_node"] = dict(zip(arrays.nodes, records, strict=True))
        return made

    def _make_adjacency(self) -> dict[Any, Any]:
        arrays = self.__dict__["_arrays"]
        records = [self.edge_attr_dict_factory() for _ in range(arrays.size)]
        for key, held in arrays.edges.items():
            _fill(records, key, held)
        if "_node" not in self.__dict__:
            self._make_nodes()
        made = self.__dict__["_adj"] = _dicts(arrays.nodes, arrays.out, records)
        if arrays.directed:
            self.__dict__["_succ"] = made
            self.__dict__["_pred"] = _dicts(arrays.nodes, arrays.into, records)
        # From here on the dicts are the truth.
        self.__dict__.pop("_arrays")
        if (cache := self.__dict__["__networkx_cache__"]) is not None:
            cache[_CACHE] = arrays
        return made

    def _make_pred(self) -> Any:
        self._make_adjacency()
        return self.__dict__["_pred"]

    _node = _Lazy(_make_nodes)
    _adj = _Lazy(_make_adjacency)

    def __setattr__(self, name: str, value: Any) -> None:
        """Let go of the views that networkx keeps of a dict that is replaced."""
        views = _VIEWS.get(name)
        if views:
            for view in views:
                self.__dict__.pop(view, None)
            if name in ("_adj", "_succ") and self.is_directed():
                self.__dict__["_succ" if name == "_adj" else "_adj"] = value
        object.__setattr__(self, name, value)

    @property
    def edge_attr_dict_factory(self) -> Callable[[], dict[Any, Any]]:
        """What makes the attributes of an edge: a dict that tells the graph of its changes."""
        cache = self.__dict__["__networkx_cache__"]
        if cache is None:
            return dict

        def made() -> dict[Any, Any]:
            attributes = _EdgeAttributes()
            attributes.cache = cache
            return attributes

        return made

    # ---- answers from arrays ----

    def __len__(self) -> int:
        return len(self._names())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._names())

    def __contains__(self, node: object) -> bool:
        if "_node" in self.__dict__:
            found: Any = self.__dict__["_node"]
        else:
            found = self.__dict__["_arrays"].positions
        try:
            return node in found
        except TypeError:
            return False

    def _names(self) -> Any:
        return self.__dict__["_node"] if "_node" in self.__dict__ else self.__dict__["_arrays"].nodes

    def number_of_nodes(self) -> int:
        """Give how many nodes there are."""
        return len(self)

    order = number_of_nodes

    def number_of_edges(self, u: Hashable = None, v: Hashable = None) -> int:
        """Give how many edges there are, in all or from `u` to `v`."""
        if u is None and "_arrays" in self.__dict__:
            return int(self.__dict__["_arrays"].size)
        return int(super().number_of_edges(u, v))  # type: ignore[misc]

    def to_directed_class(self) -> type:
        """Give the class of directed copies."""
        return DiNetwork

    def to_undirected_class(self) -> type:
        """Give the class of undirected copies."""
        return Network

    def copy(self, as_view: bool = False) -> Any:
        """Copy the graph; a copy of arrays shares them until either changes."""
        if as_view or "_node" in self.__dict__ or "_adj" in self.__dict__:
            return super().copy(as_view=as_view)  # type: ignore[misc]
        return self.of(self.__dict__["_arrays"], dict(self.graph))

    def __reduce__(self) -> tuple[Any, ...]:
        rest = {name: value for name, value in self.__dict__.items() if name not in _MADE}
        arrays = arrays_of(self)
        if "_node" in self.__dict__:
            arrays = replace(arrays, attributes=columns(list(self._node.values())))
        return _remade, (type(self), arrays), rest


class Network(_Held, nx.Graph):  # type: ignore[misc]
    """An undirected network: a `networkx.Graph` on arrays."""


class DiNetwork(_Held, nx.DiGraph):  # type: ignore[misc]
    """A directed network: a `networkx.DiGraph` on arrays."""

    _succ = _Lazy(_Held._make_adjacency)
    _pred = _Lazy(_Held._make_pred)


_VIEWS: Final = {
    "_node": ("nodes",),
    "_adj": ("adj", "succ", "edges", "out_edges", "degree", "out_degree", "in_degree"),
    "_succ": ("adj", "succ", "edges", "out_edges", "degree", "out_degree", "in_degree"),
    "_pred": ("pred", "in_edges", "degree", "in_degree", "out_degree"),
}
"""The views that networkx keeps in an instance, by the dict that they look at."""
_MADE: Final = frozenset(
    {"_arrays", "_node", "_adj", "_succ", "_pred", "__networkx_cache__", "_graph", "_NODE_OK", "_EDGE_OK"}.union(
        *_VIEWS.values()
    )
)
"""What an instance holds that is made of its arrays, or makes it a view of another."""


def arrays_of(graph: Any) -> Arrays:
    """Give the arrays of a networkx graph: those that it has, or new ones of its dicts.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        Of any class but a multigraph's.

    Returns
    -------
    Arrays
        Nodes and neighbours in the graph's order. Attributes of nodes may be those of an earlier moment. Not to be
        changed.
    """
    held = graph.__dict__.get("_arrays")
    if held is not None:
        return held  # type: ignore[no-any-return]
    # A view sees what its graph is told after its own cache was filled.
    keeps = isinstance(graph, _Held) and "_graph" not in graph.__dict__
    cache = graph.__dict__["__networkx_cache__"] if keeps else None
    held = cache.get(_CACHE) if cache else None
    if held is None:
        held = from_dicts(graph._node, graph._adj, graph._pred if graph.is_directed() else None)
        if cache is not None:
            cache[_CACHE] = held
    return held  # type: ignore[no-any-return]


def _remade(cls: Any, arrays: Arrays) -> Any:
    return cls.of(arrays)


def _fill(records: list[dict[Any, Any]], key: Any, held: Column) -> None:
    values = held.values.tolist()
    if held.missing is None:
        for record, value in zip(records, values, strict=True):
            dict.__setitem__(record, key, value)
    else:
        for record, value, missing in zip(records, values, held.missing.tolist(), strict=True):
            if not missing:
                dict.__setitem__(record, key, value)


def _dicts(nodes: Any, rows: Rows, records: list[dict[Any, Any]]) -> dict[Any, Any]:
    names = np.empty(len(nodes), dtype=object)
    names[:] = nodes if isinstance(nodes, (list, np.ndarray)) else list(nodes)
    neighbors, edges = names[rows.indices].tolist(), rows.edge.tolist()
    bounds = rows.indptr.tolist()
    return {
        node: {neighbors[slot]: records[edges[slot]] for slot in range(bounds[place], bounds[place + 1])}
        for place, node in enumerate(nodes)
    }
