"""What networkx is told of the backend `graphcrm` when it is imported: no more than a name, so that it stays quick."""

from __future__ import annotations

from typing import Any

__all__ = ["get_info"]


def get_info() -> dict[str, Any]:
    """Give the backend's description, as the entry point `networkx.backend_info` promises it."""
    return {
        "backend_name": "graphcrm",
        "project": "graphcrm",
        "package": "graphcrm",
        "short_summary": "Relationship networks as arrays: every function of networkx, the slow ones by kernels.",
    }
