"""Small networks for tests: columns from plain tuples, random graphs, hypothesis strategies."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import networkx as nx
from hypothesis import strategies as st

from graphcrm.network.graph import Projection
from graphcrm.network.projection import TieColumns, project
from graphcrm.schema import tie_id
from graphcrm.settings import Settings

DEFAULTS = Settings.model_fields["default_strengths"].default
TODAY = date(2025, 12, 31)
TYPES = {"referral": "REFERRED", "knows": "KNOWS", "works_with": "WORKS_AT", "interaction": "INTERACTED_WITH"}


@dataclass(frozen=True)
class Tie:
    """One row of a tie as the database gives it."""

    layer: str
    source: str
    target: str
    kind: str | None = None
    strength: float | None = None
    count: float | None = None
    began: datetime | date | None = None
    ended: datetime | date | None = None
    last: datetime | date | None = None

    @property
    def id(self) -> str:
        return tie_id(TYPES[self.layer], self.source, self.target, self.kind)


@dataclass(frozen=True)
class Party:
    """One row of a party as the database gives it."""

    id: str
    label: str = "Customer"
    name: str | None = None
    created_at: datetime | date | None = None


def columns(parties: Iterable[str | Party], ties: Sequence[Tie] = ()) -> TieColumns:
    """Turn rows into columns."""
    rows = [Party(p, name=f"Party {p}") if isinstance(p, str) else p for p in parties]
    return TieColumns(
        party_ids=[p.id for p in rows],
        party_labels=[p.label for p in rows],
        party_names=[p.name for p in rows],
        party_created_at=[p.created_at for p in rows],
        tie_ids=[None if t.layer == "interaction" else t.id for t in ties],
        types=[TYPES[t.layer] for t in ties],
        layers=[t.layer for t in ties],
        source_ids=[t.source for t in ties],
        target_ids=[t.target for t in ties],
        kinds=[t.kind for t in ties],
        strengths=[t.strength for t in ties],
        counts=[t.count for t in ties],
        began=[t.began for t in ties],
        ended=[t.ended for t in ties],
        last=[t.last for t in ties],
    )


def network(
    parties: Iterable[str | Party],
    ties: Sequence[Tie] = (),
    layers: Iterable[str] | None = None,
    as_of: date | datetime = TODAY,
    half_life_days: float = 180.0,
) -> Projection:
    """Project rows, by default with all layers at the end of 2025."""
    return project(columns(parties, ties), layers, as_of, half_life_days, DEFAULTS)


def mutual(graph: Any) -> Projection:
    """The undirected network of a networkx graph, ties between friends (.7) unless `weight` says otherwise."""
    ties = [Tie("knows", str(a), str(b), "friend", w) for a, b, w in graph.edges(data="weight")]
    return network([str(node) for node in graph], ties, ["knows"])


def directed(graph: Any) -> Projection:
    """The network of undated referrals along a networkx graph's edges."""
    ties = [Tie("referral", str(a), str(b), None, w) for a, b, w in graph.edges(data="weight")]
    return network([str(node) for node in graph], ties, ["referral"])


def as_networkx(found: Projection) -> Any:
    """The network as a graph of networkx's own class, whose functions know of no kernel of ours."""
    graph = found.to_networkx()
    return nx.DiGraph(graph) if graph.is_directed() else nx.Graph(graph)


def published(folder: Path, name: str, names: str | None = None) -> Any:
    """Read a published network as a graph of its nodes' names, with the edges' weights as counts."""
    graph = nx.DiGraph()
    with (folder / "networks" / f"{name}.nodes.csv").open(encoding="utf-8", newline="") as file:
        called = {row["node"]: row[names] if names else row["node"] for row in csv.DictReader(file)}
    graph.add_nodes_from(called.values())
    with (folder / "networks" / f"{name}.edges.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            graph.add_edge(called[row["source"]], called[row["target"]], count=int(row.get("weight") or 1))
    return graph


IDS = st.text("abAZ09é中😀:%", min_size=1, max_size=4)
STRENGTHS = st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.7, 0.9, 1.0])


@st.composite
def tie_rows(draw: st.DrawFn, layers: Sequence[str] = tuple(TYPES), most: int = 7) -> tuple[list[str], list[Tie]]:
    """Parties and ties among them, self-loops and parallel ones included."""
    parties = draw(st.lists(IDS, min_size=1, max_size=most, unique=True))
    party = st.sampled_from(parties)
    moment = st.none() | st.datetimes(datetime(2024, 1, 1), datetime(2026, 6, 1))
    tie = st.builds(
        Tie,
        layer=st.sampled_from(layers),
        source=party,
        target=party,
        strength=st.none() | STRENGTHS,
        count=st.none() | st.integers(1, 50).map(float),
        began=moment,
        ended=moment,
    )
    return parties, draw(st.lists(tie, max_size=3 * most))
