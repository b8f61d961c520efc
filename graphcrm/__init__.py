"""graphcrm: a customer relationship service whose data is a graph.

Examples
--------
>>> import graphcrm
>>> g = graphcrm.connect()                                # doctest: +SKIP
>>> g.influencers(metric="pagerank", limit=10)            # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphcrm.errors import (
        Cancelled,
        Conflict,
        Forbidden,
        GraphCRMError,
        InvalidInput,
        NotFound,
        StaleVersion,
        StoreError,
        TooMany,
    )
    from graphcrm.service.graph import Graph, connect
    from graphcrm.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Conflict",
    "Forbidden",
    "Graph",
    "GraphCRMError",
    "InvalidInput",
    "NotFound",
    "Settings",
    "StaleVersion",
    "StoreError",
    "TooMany",
    "__version__",
    "connect",
]

_MODULES = {
    "Graph": "graphcrm.service.graph",
    "connect": "graphcrm.service.graph",
    "Settings": "graphcrm.settings",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562), so that ``import graphcrm`` stays light."""
    if name not in __all__:
        raise AttributeError(f"module 'graphcrm' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES.get(name, "graphcrm.errors")), name)
