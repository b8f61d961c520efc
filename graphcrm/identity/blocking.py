"""Which pairs are worth comparing: those that agree in something that few others share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

__all__ = ["MAX_BLOCK", "block_keys"]

MAX_BLOCK: Final = 100
"""Parties of one block; a larger one has more pairs than it is worth, and is skipped."""

_RULES: Final[dict[str, tuple[str, ...]]] = {
    "national_id": ("national_id",),
    "email": ("email",),
    "phone": ("phone",),
    "birth_date": ("birth_date",),
    "address": ("address",),
    "company": ("company",),
    "company_start": ("company_start",),
    "name": ("name",),
    "name_start": ("name_start",),
    "surname_area": ("surname_latin", "area"),
    "surname_postcode": ("surname_latin", "postcode"),
    "given_name_area": ("given_latin", "area"),
    "surname_birth_year": ("surname_latin", "birth_year"),
    "given_name_birth_year": ("given_latin", "birth_year"),
    "street": ("number", "street"),
}
"""What a pair must share, by the name of the rule; several are joined."""


def block_keys(features: pd.DataFrame, largest: int = MAX_BLOCK) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Deal parties into blocks; only pairs within a block are compared.

    Parameters
    ----------
    features : DataFrame
        What `features.features` gives.
    largest : int
        Parties that a block may have.

    Returns
    -------
    DataFrame
        One column a rule, named ``block_<rule>``: the number of the party's block, or missing where it has none.
    list of dict
        The blocks skipped because they are too large: ``rule``, ``value`` and ``parties``, largest first.
    """
    parts = features[["national_id", "email", "phone", "birth_date", "address", "company"]].copy()
    for column in ("surname_latin", "given_latin", "area", "postcode", "number", "street"):
        parts[column] = features[column]
    parts["birth_year"] = features["birth_date"].str[:4]
    first, last = features["given_latin"], features["surname_latin"]
    parts["company_start"] = features["company"].str[:5]
    parts["name"] = _in_order(first, last)
    parts["name_start"] = _in_order(first.str[:3], last.str[:3])
    keys: dict[str, pd.Series[Any]] = {}
    skipped: list[dict[str, Any]] = []
    for rule, columns in _RULES.items():
        value = _joined([parts[column] for column in columns])
        codes, values = pd.factorize(value)
        sizes = np.bincount(codes[codes >= 0], minlength=len(values))
        worth = (sizes > 1) & (sizes <= largest)
        chosen = (codes >= 0) & np.append(worth, False)[codes]
        if chosen.any():
            keys[f"block_{rule}"] = pd.Series(codes).where(chosen).astype("Int64")
        skipped += [
            {"rule": rule, "value": str(value), "parties": int(size)}
            for value, size in zip(values, sizes, strict=True)
            if size > largest
        ]
    skipped.sort(key=lambda block: (-block["parties"], block["rule"], block["value"]))
    return pd.DataFrame(keys, index=range(len(features))), skipped


def _joined(columns: list[pd.Series[Any]]) -> pd.Series[Any]:
    """The texts one after the other, None where any is missing."""
    value = columns[0]
    for column in columns[1:]:
        value = value + "|" + column
    return value


def _in_order(first: pd.Series[Any], last: pd.Series[Any]) -> pd.Series[Any]:
    """Both names in alphabetical order, so that swapped ones meet."""
    pairs = zip(first.tolist(), last.tolist(), strict=True)
    return pd.Series([f"{min(a, b)}|{max(a, b)}" if a and b else None for a, b in pairs], dtype=object)
