"""Score pairs of parties as duplicates, by splink's Fellegi-Sunter model on DuckDB."""

from __future__ import annotations

import logging
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from splink import DuckDBAPI, Linker

from graphcrm.identity.blocking import block_keys
from graphcrm.identity.features import FEATURES, features
from graphcrm.identity.model import (
    COMPARISONS,
    EXPECTED_DUPLICATES,
    LEAST_EVIDENCE,
    POPULATION,
    UNSEEN,
    settings,
)

__all__ = ["Scorer"]

# splink warns of each level that no pair of a small file falls into; the model's own values stand there.
logging.getLogger("splink").setLevel(logging.ERROR)

_LEAST_DUPLICATES, _MOST_DUPLICATES = 0.02, 2.0
_TRAINING: Final = (("given", "surname"), ("birth_date",), ("national_id",))
"""Features whose equality brings together pairs from which the m of the other fields is learnt. Phones and e-mails are
none: those who share them are too often two of one household, and "the same" would come to mean that."""
_TRAINABLE: Final = 200
"""Pairs of a training block; from fewer nothing is learnt."""
_MAX_TRAINING_PAIRS: Final = 300_000
_PRIOR_MATCHES: Final = 50.0
"""How many duplicates seen in training weigh as much as the model's own values."""
_FURTHEST: Final = 8.0
"""How many times larger or smaller than the model's own a learnt value may be: where there are next to no duplicates,
training would take something else for them, such as a household."""
_LEAST_ODDS: Final = -12.0
"""log2 of the odds below which a pair is not kept."""
_MEMORY: Final = "600MB"


class Scorer:
    """The parties of one search for duplicates, and the model that judges them.

    Parameters
    ----------
    parties : DataFrame
        One row a party with a unique `id`; see `duplicates.find_duplicates` for the other columns.

    Attributes
    ----------
    ids : list of str
        The parties' ids in UTF-8 order; a party's number is its position here.
    skipped : list of dict
        Blocks too large to compare: ``rule``, ``value``, ``parties``.
    trained : bool
        Whether the data has taught the model.
    prior : float
        The probability that two parties taken at random are the same.
    """

    def __init__(self, parties: pd.DataFrame) -> None:
        order = sorted(range(len(parties)), key=[_bytes(id_) for id_ in parties["id"]].__getitem__)
        ordered = parties.iloc[order].reset_index(drop=True)
        self.ids: list[str] = ordered["id"].tolist()
        traits = features(ordered)
        keys, self.skipped = block_keys(traits)
        self.blocks = len(keys.columns)
        self.trained = False
        self._population = max(len(traits), POPULATION)
        self.prior = EXPECTED_DUPLICATES / self._population
        self._present = [column for column in FEATURES if traits[column].notna().any()]
        self._model = settings(self._present, self.prior, [str(key) for key in keys])
        self._folder = TemporaryDirectory(prefix="graphcrm-")
        self._database = duckdb.connect(
            ":memory:",
            config={"threads": 2, "memory_limit": _MEMORY, "temp_directory": self._folder.name},
        )
        # It would be drawn on standard output, among the results.
        self._database.execute("SET enable_progress_bar = false").fetchall()
        self._api = DuckDBAPI(self._database)
        self._load(traits, keys)
        self._linker = self._link()

    def __enter__(self) -> Scorer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def train(self) -> None:
        """Learn from the data how often duplicates differ in each field; too small a table teaches nothing."""
        sessions: dict[str, list[tuple[float, list[float]]]] = {}
        for columns in _TRAINING:
            if self._pairs_sharing(columns) < _TRAINABLE:
                continue
            session = self._linker.training.estimate_parameters_using_expectation_maximisation(
                " AND ".join(f"l.{column} = r.{column}" for column in columns),
                max_pairs=_MAX_TRAINING_PAIRS,
                record_sample_proportion=1.0,
            )
            learnt = session.core_model_settings
            pairs = min(self._pairs_sharing(columns), _MAX_TRAINING_PAIRS)
            matches = pairs * learnt.probability_two_random_records_match
            for comparison in learnt.comparisons:
                values = [float(level.m_probability or 0) for level in comparison._comparison_levels_excluding_null]
                sessions.setdefault(comparison.output_column_name, []).append((matches, values))
        for comparison in self._model["comparisons"]:
            if comparison["output_column_name"] in sessions:
                _teach(comparison["comparison_levels"][1:], sessions[comparison["output_column_name"]])
        self.trained = bool(sessions)
        self._linker = self._link()

    def score(self, pairs: pd.DataFrame | None = None) -> pd.DataFrame:
        """Score the pairs of all blocks, or those given.

        Parameters
        ----------
        pairs : DataFrame, optional
            Columns `left` and `right`: numbers of parties, left below right. All of them are scored and kept.

        Returns
        -------
        DataFrame
            `left`, `right`, `weight` (log2 of the Bayes factor), and for each field its level and weight as
            ``level_<field>`` and ``weight_<field>``; by left, then right.
        """
        if pairs is None:
            if not self.blocks:
                return pd.DataFrame({"left": [], "right": [], "weight": []})
            # The prior may be found to be higher by as much as the most differs from the expected duplicates.
            least = _LEAST_ODDS - np.log2(_MOST_DUPLICATES / EXPECTED_DUPLICATES)
            found = self._linker.inference.predict(threshold_match_weight=float(least), warning_mode="never")
        else:
            chosen = pd.DataFrame({"match_key": "0", "join_key_l": pairs["left"], "join_key_r": pairs["right"]})
            self._database.register("chosen_pairs", pa.Table.from_pandas(chosen, preserve_index=False))
            self._linker.table_management.register_blocked_pairs_for_predict(self._api.register("chosen_pairs"))
            found = self._linker.inference.predict(warning_mode="never")
        table = self._table(found.physical_name)
        if pairs is None and self.trained:
            self._learn_prior(table["weight"].to_numpy())
        return table

    def odds(self, weights: Any) -> Any:
        """log2 of the odds that a pair of this weight is the same party."""
        return weights + np.log2(self.prior / (1 - self.prior))

    def evidence(self, table: pd.DataFrame) -> list[list[dict[str, Any]]]:
        """What speaks for and against each pair of `score`: ``field``, ``level``, ``weight``; strongest first."""
        found: list[list[dict[str, Any]]] = [[] for _ in range(len(table))]
        for comparison in COMPARISONS:
            if f"level_{comparison.field}" not in table:
                continue
            names = [level.name for level in reversed(comparison.levels)]
            levels = table[f"level_{comparison.field}"].tolist()
            weights = table[f"weight_{comparison.field}"].tolist()
            for entries, level, weight in zip(found, levels, weights, strict=True):
                if level >= 0 and abs(weight) >= LEAST_EVIDENCE:
                    entries.append({"field": comparison.field, "level": names[level], "weight": round(weight, 1)})
        return [sorted(entries, key=lambda entry: -abs(entry["weight"])) for entries in found]

    def _load(self, traits: pd.DataFrame, keys: pd.DataFrame) -> None:
        table = pd.concat([pd.Series(range(len(traits)), name="unique_id"), traits, keys], axis=1)
        kinds = [("unique_id", pa.int64()), *((column, pa.string()) for column in FEATURES)]
        schema = pa.schema([*kinds, *((column, pa.int64()) for column in keys)])
        self._database.register("parties", pa.Table.from_pandas(table, schema=schema, preserve_index=False))
        self._frequencies: dict[str, Any] = {}
        for column in sorted({level.frequency for each in COMPARISONS for level in each.levels if level.frequency}):
            counts = traits[column].value_counts()
            # The two compared are left out of the count: the question is how many others hold the same by chance.
            others = np.maximum(counts.to_numpy() - 2, 0) + UNSEEN
            shares = pa.table(
                {
                    column: pa.array(counts.index.to_numpy(dtype=object), pa.string()),
                    f"tf_{column}": others / self._population,
                }
            )
            self._database.register(f"shares_of_{column}", shares)
            self._frequencies[column] = self._api.register(f"shares_of_{column}")

    def _link(self) -> Linker:
        linker = Linker(self._api.register("parties"), self._model, log_level=None)
        for column, shares in self._frequencies.items():
            linker.table_management.register_term_frequency_lookup(shares, column)
        return linker

    def _pairs_sharing(self, columns: tuple[str, ...]) -> float:
        if not set(columns) <= set(self._present):
            return 0.0
        names = ", ".join(columns)
        known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        counted = f"SELECT count(*) AS size FROM parties WHERE {known} GROUP BY {names}"
        found = self._database.sql(f"SELECT coalesce(sum(size * (size - 1) / 2), 0) FROM ({counted})").fetchall()
        return float(found[0][0])

    def _table(self, scored: str) -> pd.DataFrame:
        columns = ["unique_id_l AS left", "unique_id_r AS right"]
        weights = []
        for comparison in self._model["comparisons"]:
            field = comparison["output_column_name"]
            weight = f"mw_{field}"
            if any("tf_adjustment_column" in level for level in comparison["comparison_levels"]):
                weight = f"({weight} + mw_tf_adj_{field})"
            columns += [f"gamma_{field}::tinyint AS level_{field}", f"{weight}::float AS weight_{field}"]
            weights.append(weight)
        columns.append(f"round({' + '.join(weights)}, 4) AS weight")
        query = f"SELECT {', '.join(columns)} FROM {scored} ORDER BY unique_id_l, unique_id_r"
        found: pd.DataFrame = self._database.sql(query).df()
        return found

    def _learn_prior(self, weights: Any) -> None:
        """Let the share of duplicates be what the scores themselves say it is."""
        parties = len(self.ids)
        comparisons = parties * (parties - 1) / 2
        for _ in range(10):
            matches = (1 / (1 + np.exp2(-self.odds(weights)))).sum()
            self.prior = min(max(matches / comparisons, _LEAST_DUPLICATES / parties), _MOST_DUPLICATES / parties)


def _bytes(id_: str) -> bytes:
    return id_.encode("utf-8")


def _teach(levels: list[dict[str, Any]], sessions: list[tuple[float, list[float]]]) -> None:
    """Move the levels' m towards what was learnt, the further the more duplicates it was learnt from."""
    own = np.array([level["m_probability"] for level in levels])
    free = np.array([not level["fix_m_probability"] for level in levels])
    seen = sum(matches for matches, _ in sessions)
    learnt = sum(matches * np.array(values) for matches, values in sessions)
    mixed = (own * _PRIOR_MATCHES + learnt) / (_PRIOR_MATCHES + seen)
    mixed = np.clip(mixed, own / _FURTHEST, own * _FURTHEST)
    if mixed[free].sum() > 0:
        mixed *= own[free].sum() / mixed[free].sum()
    for level, value, taught in zip(levels, mixed, free, strict=True):
        if taught:
            # Rounded, since the order in which threads add up must not show in any score.
            level["m_probability"] = float(f"{value:.3g}")
