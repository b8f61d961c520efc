"""Values that others published, from the shared data sets: raw, undirected, without strengths."""

from __future__ import annotations

import csv
from pathlib import Path

import networkx as nx
import pytest
from networks import Tie, mutual, network, published

from graphcrm.network.centrality import rank, scores
from graphcrm.network.graph import Projection


def raw(found: Projection, metric: str) -> dict[str, float]:
    return dict(zip(found.ids, scores(found, metric, normalized=False).values.tolist(), strict=True))


def test_krackhardts_kite(shared_data: Path) -> None:
    """D. Krackhardt, "Assessing the political landscape", Administrative Science Quarterly 35, 1990."""
    kite = mutual(published(shared_data, "kite", "label").to_undirected())
    betweenness = raw(kite, "betweenness")
    assert betweenness == pytest.approx({
        "A": 5 / 6, "B": 5 / 6, "C": 0, "D": 11 / 3, "E": 0, "F": 25 / 3, "G": 25 / 3, "H": 14, "I": 8, "J": 0,
    })  # fmt: skip
    degree = raw(kite, "degree")
    assert kite.ids[rank(kite.ids, scores(kite, "degree").values)[0]] == "D"
    assert degree["D"] == 6
    closeness = raw(kite, "closeness")
    assert max(closeness.values()) == pytest.approx(closeness["F"]) == pytest.approx(closeness["G"])


def test_florentine_marriages(shared_data: Path) -> None:
    """J. Padgett, C. Ansell, "Robust action and the rise of the Medici", American Journal of Sociology 98, 1993."""
    families = mutual(published(shared_data, "flo_marriage", "name").to_undirected())
    betweenness = raw(families, "betweenness")
    assert betweenness["Medici"] == pytest.approx(47.5)
    assert families.ids[rank(families.ids, scores(families, "betweenness").values)[0]] == "Medici"
    assert raw(families, "degree")["Pucci"] == 0


def test_karate_club(shared_data: Path) -> None:
    """W. Zachary, "An information flow model for conflict and fission", J. of Anthropological Research 33, 1977."""
    club = mutual(published(shared_data, "karate").to_undirected())
    betweenness = raw(club, "betweenness")
    assert betweenness["0"] == pytest.approx(231.07, abs=0.005)
    assert betweenness["33"] == pytest.approx(160.55, abs=0.005)


def test_radoslaw_emails(shared_data: Path) -> None:
    """R. Michalski et al., "Matching organizational structure and social network", 2011: e-mails of a company."""
    with (shared_data / "networks" / "radoslaw_email.edges.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["weight"]) for row in rows) == 82_927
    emails = published(shared_data, "radoslaw_email")
    ties = [Tie("interaction", a, b, count=count) for a, b, count in emails.edges(data="count")]
    found = network(list(emails), ties)
    assert found.self_loops == 1
    assert found.ties.count.sum() == 82_927 - 51
    loops = [(a, emails.edges[a, b]["count"]) for a, b in nx.selfloop_edges(emails)]
    assert [count for _, count in loops] == [51]
    assert len(found) == 167
