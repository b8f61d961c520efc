"""Networks whose ties are hidden, to see whether rank intervals hold what is known of the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
from networks import Tie, network, published

from graphcrm.network.centrality import scores
from graphcrm.network.graph import Floats, Projection
from graphcrm.network.intervals import RankIntervals, ranks
from graphcrm.network.ranking import intervals_of

PUBLISHED = ("radoslaw_email", "ht_advice", "ht_friends")
GENERATED = ("barabasi_albert", "blocks", "heavy_tailed")
METRICS = ("degree", "pagerank", "betweenness", "harmonic")


def whole(name: str, folder: Path) -> Projection:
    """A published network, or a generated one, every tie of strength 1."""
    if name in PUBLISHED:
        return projected(published(folder, name))
    if name == "barabasi_albert":
        return projected(nx.barabasi_albert_graph(300, 3, seed=1))
    if name == "blocks":
        inside, across = 0.06, 0.01
        chances = [[inside if row == column else across for column in range(3)] for row in range(3)]
        return projected(nx.stochastic_block_model([100] * 3, chances, seed=1))
    random = np.random.default_rng(1)
    ends = []
    for _ in range(2):
        likely = random.pareto(1.5, 500) + 1
        ends.append(random.choice(500, 2_500, p=likely / likely.sum()))
    graph = nx.DiGraph()
    graph.add_nodes_from(range(500))
    graph.add_edges_from(zip(*ends, strict=True))
    return projected(graph)


def projected(graph: nx.Graph) -> Projection:
    """A graph as a projected network without ties of a party with itself."""
    layer = "referral" if graph.is_directed() else "knows"
    ties = [Tie(layer, str(one), str(other), strength=1.0) for one, other in graph.edges if one != other]
    return network([str(node) for node in graph], ties, layers=[layer], half_life_days=float("inf"))


def hidden(full: Projection, share: float, seed: int) -> Projection:
    """What is left of a network when a share of its ties is hidden at random."""
    arcs = full.adjacency.tocoo()
    tail, head = arcs.coords
    ties = np.flatnonzero(np.ones(len(tail), bool) if full.directed else tail < head)
    kept = np.random.default_rng(seed).permutation(ties)[round(share * len(ties)) :]
    pairs = set(zip(tail[kept].tolist(), head[kept].tolist(), strict=True))
    stays = np.array(
        [
            (one, other) in pairs or (not full.directed and (other, one) in pairs)
            for one, other in zip(tail.tolist(), head.tolist(), strict=True)
        ]
    )
    return replace(
        full, adjacency=type(full.adjacency)((arcs.data[stays], (tail[stays], head[stays])), shape=arcs.shape)
    )


def held(
    full: Projection, metric: str, times: int, share: float = 0.2, assumed: float = 0.2
) -> tuple[Floats, Floats, list[RankIntervals]]:
    """For every hiding: what part of the intervals holds the true rank, and their mean width as a share of parties."""
    true = ranks(scores(full, metric).values)
    found = [intervals_of(hidden(full, share, 1_000 + time), metric, 0.9, assumed) for time in range(times)]
    holds = np.array([np.mean((each.low <= true) & (true <= each.high)) for each in found])
    width = np.array([np.mean(each.high - each.low) / len(full) for each in found])
    return holds, width, found
