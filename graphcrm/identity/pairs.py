"""Judge a few pairs at once, by the levels of the model and its own values: for one party against a handful of others.

Where `scoring.Scorer` reads a whole register, learns from it and counts how many share each value, this answers in
milliseconds. The levels are those of `model.COMPARISONS`, evaluated by the same database. How many hold a name, an
address or a date is not known here, so that the model's own guess stands; of mailboxes and phones all holders are among
those that are compared.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import log2
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow as pa

from graphcrm.identity.features import FEATURES, features
from graphcrm.identity.model import (
    COMPARISONS,
    EXPECTED_DUPLICATES,
    LEAST_EVIDENCE,
    POPULATION,
    UNSEEN,
    Comparison,
)

__all__ = ["Judgement", "judge"]

_SILENT: Final = -1
_COUNTED: Final = ("email", "phone")
_turn = threading.Lock()


@dataclass(frozen=True)
class Judgement:
    """What speaks for and against two parties being one.

    Parameters
    ----------
    probability : float
        That they are one.
    weight : float
        The sum of the evidence.
    evidence : list of dict
        ``{field, level, weight}``, the strongest first.
    """

    probability: float
    weight: float
    evidence: list[dict[str, Any]]


def judge(party: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[Judgement]:
    """Compare one party with others.

    Parameters
    ----------
    party : mapping
        Its fields, as `duplicates.find_duplicates` takes them.
    others : sequence of mapping
        Those it is compared with: all who have its mailbox or phone, and any more.

    Returns
    -------
    list of Judgement
        One for each of the others, in their order. They are judged as if drawn from `model.POPULATION` parties.

    Examples
    --------
    >>> ada = {"name": "Ada Byron", "email": "ada@example.com"}
    >>> same, other = judge(ada, [{"name": "Ada Byrom", "email": "ADA@example.com"}, {"name": "Max Born"}])
    >>> [(entry["field"], entry["level"]) for entry in same.evidence]
    [('email', 'equal'), ('given_name', 'equal'), ('surname', 'similar')]
    >>> same.probability > 0.99 > 0.01 > other.probability
    True
    """
    if not others:
        return []
    traits = features(pd.DataFrame([dict(party), *map(dict, others)], dtype=object))
    shares = {name: _share(traits[name].tolist()) for name in _COUNTED}
    prior = EXPECTED_DUPLICATES / POPULATION
    odds = log2(prior / (1 - prior))
    return [_judgement(levels, shares, odds) for levels in _levels(traits)]


def _judgement(levels: Sequence[int], shares: Mapping[str, float], prior: float) -> Judgement:
    """What levels, one of each comparison, come to; `prior` is log2 of the odds before anything is known."""
    found = [
        (each.field, each.levels[level].name, _weight(each, level, shares))
        for each, level in zip(COMPARISONS, levels, strict=True)
        if level != _SILENT
    ]
    weight = sum(one for _, _, one in found)
    evidence = [
        {"field": field, "level": level, "weight": round(one, 1)}
        for field, level, one in sorted(found, key=lambda each: -abs(each[2]))
        if abs(one) >= LEAST_EVIDENCE
    ]
    return Judgement(round(1 / (1 + 2 ** -(weight + prior)), 6), round(weight, 2), evidence)


def _share(values: Sequence[str | None]) -> float:
    """The share of parties, beside the two compared, that hold the first of some values."""
    return (max(values[1:].count(values[0]) - 1, 0) + UNSEEN) / POPULATION


def _weight(comparison: Comparison, level: int, shares: Mapping[str, float]) -> float:
    found = comparison.levels[level]
    u = found.u
    if found.frequency is not None and found.frequency in shares:
        u = max(found.rarest, shares[found.frequency])
    return log2(found.m / u)


def _levels(traits: pd.DataFrame) -> list[tuple[int, ...]]:
    """For each row but the first, into which level of every comparison it falls with the first one."""
    table = pa.table({name: pa.array(traits[name].tolist(), pa.string()) for name in FEATURES})
    with _turn:
        database = _database()
        database.register("parties", table.append_column("place", pa.array(range(len(traits)), pa.int64())))
        try:
            found: list[tuple[int, ...]] = database.execute(_question()).fetchall()
        finally:
            database.unregister("parties")
    return found


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "100MB"})


@cache
def _question() -> str:
    sides = ", ".join(f"a.{name} AS {name}_l, b.{name} AS {name}_r" for name in FEATURES)
    pairs = f"SELECT b.place, {sides} FROM parties a, parties b WHERE a.place = 0 AND b.place > 0"
    return f"SELECT {', '.join(map(_case, COMPARISONS))} FROM ({pairs}) ORDER BY place"


def _case(comparison: Comparison) -> str:
    """The number of the level into which a pair falls."""
    *levels, _ = comparison.levels  # the last one takes what is left
    whens = " ".join(f"WHEN {level.when} THEN {number}" for number, level in enumerate(levels))
    return f"CASE WHEN {comparison.silent} THEN {_SILENT} {whens} ELSE {len(levels)} END"
