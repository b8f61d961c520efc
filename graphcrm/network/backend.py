"""The NetworkX backend `graphcrm`: networkx's functions, on graphs that are arrays.

networkx finds it by its entry point. What users wait for has a kernel; every other function runs as networkx wrote it,
since the graphs are networkx's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import networkx as nx

from graphcrm.network.algorithms import KERNELS
from graphcrm.network.networkx_graph import DiNetwork, Network, arrays_of

__all__ = ["backend"]


class _Backend:
    """What networkx asks of a backend."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _function(name)

    @staticmethod
    def can_run(name: str, args: Any, kwargs: Any) -> bool:
        """Tell whether a call is about graphs that may be ours: multigraphs, and what makes graphs, are networkx's."""
        given = (each for value in (*args, *kwargs.values()) for each in (value if type(value) is list else (value,)))
        graphs = [each for each in given if isinstance(each, nx.Graph)]
        return bool(graphs) and not any(graph.is_multigraph() for graph in graphs)

    @staticmethod
    def should_run(name: str, args: Any, kwargs: Any) -> bool:
        """Tell whether to convert a plain graph for this: whenever networkx asks."""
        return True

    @staticmethod
    def convert_from_nx(graph: Any, **_: Any) -> Any:
        """Make arrays of a plain Graph or DiGraph; anything else, views and multigraphs too, stays as it is."""
        if type(graph) not in (nx.Graph, nx.DiGraph) or hasattr(graph, "_graph"):
            return graph
        return (DiNetwork if graph.is_directed() else Network).of(arrays_of(graph), dict(graph.graph))

    @staticmethod
    def on_start_tests(items: Any) -> None:
        """Tell networkx's own tests what cannot pass."""
        import pytest

        for item in items:
            if item.name == "test_topological_sort6":
                item.add_marker(pytest.mark.xfail(reason="it changes the graph of which a copy is being sorted"))

    @staticmethod
    def convert_to_nx(result: Any, **_: Any) -> Any:
        """Give what networkx works with: our graphs are its own."""
        return result


_KNOWN = frozenset({Network, DiNetwork, nx.Graph, nx.DiGraph})
"""Classes that keep their graph as networkx does; others may make up their neighbours as they go."""


@cache
def _function(name: str) -> Callable[..., Any]:
    registered = nx.utils.backends._registered_algorithms
    if name not in registered:
        raise AttributeError(name)
    original: Callable[..., Any] = registered[name].orig_func
    kernel = KERNELS.get(name)
    if kernel is None:
        return original
    return lambda G, *args, **kwargs: (kernel if type(G) in _KNOWN else original)(G, *args, **kwargs)


backend = _Backend()
