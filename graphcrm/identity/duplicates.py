"""Find the parties that are recorded more than once, and say why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from graphcrm.errors import InvalidInput
from graphcrm.identity.groups import components, consistent_groups, unscored_pairs
from graphcrm.identity.scoring import Scorer
from graphcrm.identity.thresholds import REVIEW_PROBABILITY

__all__ = ["PAIR_COLUMNS", "Found", "find_duplicates"]

PAIR_COLUMNS: Final = ("left_id", "right_id", "probability", "weight", "evidence")

_CONTRADICTION: Final = -10.0
"""log2 of the odds below which two do not come into one group, whatever links them."""
_LARGEST_COMPONENT: Final = 60
"""Linked parties of whom all pairs are compared; in a larger cluster, pairs that share no block contradict."""


@dataclass(frozen=True)
class Found:
    """What `find_duplicates` found.

    Parameters
    ----------
    pairs : DataFrame
        The columns `PAIR_COLUMNS`; the most probable first, then by ids.
    groups : list of list of str
        Ids that are one party, each group in UTF-8 order; by the first id.
    prior : float
        The probability that two parties taken at random are one.
    trained : bool
        Whether the data has taught the model, or the model's own values stood in.
    skipped : list of dict
        Values that too many share for their pairs to be compared: ``rule``, ``value``, ``parties``.
    """

    pairs: pd.DataFrame
    groups: list[list[str]] = field(default_factory=list)
    prior: float = 0.0
    trained: bool = False
    skipped: list[dict[str, Any]] = field(default_factory=list)


def find_duplicates(
    parties: pd.DataFrame, threshold: float = REVIEW_PROBABILITY, apart: Iterable[tuple[str, str]] = ()
) -> Found:
    """Find the parties that are recorded more than once.

    Parameters
    ----------
    parties : DataFrame
        One row a party: `id` (unique text) and any of `label`, `kind` (``person`` or ``organization``), `name` or
        `given_name` and `surname`, `email`, `phone`, `street_number`, `street` or the whole `address` in one line,
        `suburb`, `city`, `postcode`, `state`, `country`, `birth_date`, `national_id`. Columns may be missing, cells
        blank.
    threshold : float
        The least probability of a pair that is listed and that links a group, above 0 and below 1.
    apart : iterable of (str, str)
        Pairs of ids, in either order, that are known not to be the same party.

    Returns
    -------
    Found
        Pairs with the evidence for and against each, and groups. The same parties give the same answer in whatever
        order they come.

    Raises
    ------
    InvalidInput
        No column `id`, an id twice, or a threshold out of bounds.

    Examples
    --------
    >>> people = pd.DataFrame(
    ...     {
    ...         "id": ["A", "B", "C"],
    ...         "name": ["Ada Byron", "Ada Byrom", "Max Born"],
    ...         "email": ["ada@example.com", "ada@example.com", "max@example.com"],
    ...     }
    ... )
    >>> found = find_duplicates(people)
    >>> found.groups
    [['A', 'B']]
    >>> [(entry["field"], entry["level"]) for entry in found.pairs["evidence"][0]]
    [('email', 'equal'), ('given_name', 'equal'), ('surname', 'similar')]
    """
    _check(parties, threshold)
    if len(parties) < 2:
        return Found(pd.DataFrame(columns=list(PAIR_COLUMNS)))
    with Scorer(parties) as scorer:
        scorer.train()
        table = scorer.score()
        number = {id_: position for position, id_ in enumerate(scorer.ids)}
        told = {tuple(sorted((number[a], number[b]))) for a, b in apart if a in number and b in number}
        odds = scorer.odds(table["weight"].to_numpy())
        least = float(np.log2(threshold / (1 - threshold)))
        if told:
            # Of no pairs, too, these are truth values and no names of columns.
            kept = np.array([pair not in told for pair in zip(table["left"], table["right"], strict=True)], dtype=bool)
            table, odds = table[kept], odds[kept]
        groups = _groups(scorer, table, odds, least, told)
        chosen = table[odds >= least].assign(odds=odds[odds >= least])
        return Found(_pairs(scorer, chosen), groups, scorer.prior, scorer.trained, scorer.skipped)


def _check(parties: pd.DataFrame, threshold: float) -> None:
    if "id" not in parties:
        raise InvalidInput("parties: the column id is missing", field="id")
    if not parties["id"].map(lambda id_: isinstance(id_, str) and id_ != "").all():
        raise InvalidInput("id: must be a text that is not empty, in every row", field="id")
    if not parties["id"].is_unique:
        raise InvalidInput("id: must be unique; drop the rows that come twice", field="id")
    if not 0 < threshold < 1:
        raise InvalidInput("threshold: must be a probability above 0 and below 1", field="threshold")


def _groups(scorer: Scorer, table: pd.DataFrame, odds: Any, least: float, told: set[Any]) -> list[list[str]]:
    linked = table[odds >= least]
    clusters = [
        cluster
        for cluster in components(zip(linked["left"], linked["right"], strict=True), len(scorer.ids))
        if len(cluster) > 2
    ]
    members = {member for cluster in clusters for member in cluster}
    within = table["left"].isin(members) & table["right"].isin(members)
    weights = _by_pair(table[within | (odds >= least)], odds[within | (odds >= least)])
    contradicted = {pair for pair, value in weights.items() if value < _CONTRADICTION} | told
    unknown = []
    for cluster in clusters:
        pairs = unscored_pairs(cluster, weights.keys() | told)
        if len(cluster) <= _LARGEST_COMPONENT:
            unknown += pairs
        else:
            contradicted.update(pairs)
    if unknown:
        asked = scorer.score(pd.DataFrame(unknown, columns=["left", "right"]))
        found = _by_pair(asked, scorer.odds(asked["weight"].to_numpy()))
        contradicted.update(pair for pair, value in found.items() if value < _CONTRADICTION)
    groups = consistent_groups(weights, least, contradicted)
    return [[scorer.ids[member] for member in group] for group in groups]


def _by_pair(table: pd.DataFrame, odds: Any) -> dict[tuple[int, int], float]:
    return dict(zip(zip(table["left"].tolist(), table["right"].tolist(), strict=True), odds.tolist(), strict=True))


def _pairs(scorer: Scorer, chosen: pd.DataFrame) -> pd.DataFrame:
    chosen = chosen.sort_values(["odds", "left", "right"], ascending=[False, True, True], ignore_index=True)
    return pd.DataFrame(
        {
            "left_id": [scorer.ids[number] for number in chosen["left"]],
            "right_id": [scorer.ids[number] for number in chosen["right"]],
            "probability": np.round(1 / (1 + np.exp2(-chosen["odds"].to_numpy(dtype=float))), 6),
            "weight": np.round(chosen["weight"].to_numpy(dtype=float), 2),
            "evidence": pd.Series(scorer.evidence(chosen), dtype=object),
        },
        columns=list(PAIR_COLUMNS),
    )
