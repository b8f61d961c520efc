"""What all questions to the relationship network share: the network itself, as of a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.graph import Projection
from graphcrm.network.projection import TieColumns, end_of, project
from graphcrm.service.answers import When, basis, chosen_layers, moment_of, standing
from graphcrm.service.merging import Merging
from graphcrm.service.resident import Resident, Snapshot
from graphcrm.service.sources import Sources
from graphcrm.service.staff import staffed
from graphcrm.settings import Settings
from graphcrm.store import GraphStore

__all__ = ["Questions"]


class Questions:
    """Where questions to a graph are answered from; the questions themselves are methods of the classes below it.

    Parameters
    ----------
    settings : Settings
        How strengths fade, and what they are where none is stated.
    store : GraphStore
        The graph.
    merging : Merging
        Knows who stands for parties that were merged away.
    sources : Sources
        Knows who says what of ties.
    """

    def __init__(self, settings: Settings, store: GraphStore, merging: Merging, sources: Sources) -> None:
        self.settings = settings
        self.store = store
        self.merging = merging
        self.sources = sources
        self._resident = Resident(store)

    def network(self, layers: Iterable[str] | None = None, as_of: When = None) -> Any:
        """The relationship network as a networkx graph, on arrays until something asks for its dicts.

        Parameters
        ----------
        layers : iterable of str, optional
            Of `referral`, `knows`, `works_with`, `interaction`; all by default.
        as_of : date, datetime or ISO 8601 string, optional
            A day means its end, UTC; by default today.

        Returns
        -------
        Network or DiNetwork
            A networkx.Graph or networkx.DiGraph, undirected when every layer is mutual. Nodes are party ids with
            `label` and `name`; edges have `weight` (strength in (0, 1]) and `length` (1/strength). Its `graph`
            attributes say what it was projected from.

        Raises
        ------
        InvalidInput
            An unknown layer or a date that is none.
        """
        snapshot, network = self._projected(layers, as_of)
        graph = network.to_networkx()
        graph.graph.update(basis(snapshot, network))
        return graph

    def _projected(self, layers: Iterable[str] | None, as_of: When) -> tuple[Snapshot, Projection]:
        snapshot = self._resident.snapshot()
        return snapshot, self._project("network", snapshot, lambda: snapshot.columns, layers, as_of)

    def _staffed(self, layers: Iterable[str] | None, as_of: When) -> tuple[Snapshot, Projection]:
        """As `_projected`, with the members of staff."""
        snapshot = self._resident.snapshot()
        return snapshot, self._project(
            "staffed", snapshot, lambda: staffed(self.store, snapshot.columns), layers, as_of
        )

    def _project(
        self, kind: str, snapshot: Snapshot, columns: Callable[[], TieColumns], layers: Iterable[str] | None, when: When
    ) -> Projection:
        chosen = chosen_layers(layers)
        moment = moment_of(when)
        settings = self.settings
        return snapshot.once(
            kind,
            (chosen, end_of(moment)),
            lambda: project(columns(), chosen, moment, settings.half_life_days, settings.default_strengths),
        )

    def _two(self, network: Projection, source: str, target: str) -> tuple[str, str]:
        """Those whom a question about two parties is about."""
        source, target = (standing(network, id_, self.merging.root) for id_ in (source, target))
        if source == target:
            raise InvalidInput("target: must be another party than source", field="target")
        return source, target

    def _members(self, segment: str, as_of: np.datetime64) -> list[str]:
        if not self.store.read("nodes/read", words={"LABEL": "Segment"}, id=segment):
            raise NotFound(f"there is no segment {segment!r}")
        found = self.store.read("network/read_members", id=segment, on=as_of.astype("datetime64[D]").item())
        return list(found[0]["ids"])
