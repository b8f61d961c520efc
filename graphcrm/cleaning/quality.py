"""How good the columns of a table are: blank, invalid, duplicated and stale values, counted by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd

from graphcrm.cleaning.dates import Order, clean_day, clean_time, infer_dates
from graphcrm.cleaning.rows import REGIONAL, clean_field, kind_of
from graphcrm.cleaning.text import Cleaned, clean_text, name_key
from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_STALE_DAYS

__all__ = ["STALE_DAYS", "mask", "quality_report"]

STALE_DAYS: Final = 365
"""Days without news after which values count as stale, unless others are named."""

_EXAMPLES: Final = 5
"""Examples for each field."""
_MASKED: Final = 40
"""Characters of an example."""


def mask(value: str) -> str:
    """Hide what a value says, and leave its shape.

    Parameters
    ----------
    value : str
        Any text.

    Returns
    -------
    str
        ``x`` for every letter and ``9`` for every digit but the first character, signs and spaces as they are; at most
        40 characters.

    Examples
    --------
    >>> mask("anna.k@example,com"), mask("+49 (030) 12")
    ('axxx.x@xxxxxxx,xxx', '+99 (999) 99')
    """
    text = clean_text(value)
    shape = ["9" if char.isdigit() else "x" if char.isalpha() else char for char in text[:_MASKED]]
    return "".join([text[:1], *shape[1:]]) + ("…" if len(text) > _MASKED else "")


def quality_report(
    frame: pd.DataFrame,
    table_name: str,
    *,
    region: str | None = None,
    stale_days: int = STALE_DAYS,
    now: datetime | None = None,
    infer: bool = True,
) -> pd.DataFrame:
    """Count for each column what is wrong with its values.

    Parameters
    ----------
    frame : DataFrame
        One row a record, one column a field. A column `seen_at` (times in UTC, or texts in ISO's form) says when each
        record was last seen; it and `id` get no row of their own.
    table_name : str
        The table whose fields these are, so that they are checked as an import would.
    region : str, optional
        As for `graphcrm.cleaning.rows.clean_row`: a column `country` comes first.
    stale_days : int, days
        A value is stale when its record was last seen longer ago; 0 to `limits.MAX_STALE_DAYS`.
    now : datetime, optional
        The moment up to which that is counted; the present one unless given, UTC where it has no zone.
    infer : bool
        Whether the dates of a column decide their order together. An import, which sees one row at a time, reads each
        by itself.

    Returns
    -------
    DataFrame
        One row for each column of `frame`, in its order: `field`; `kind` (how it is cleaned; empty where it is not);
        `count` (records); `blank`; `invalid` (not blank, and flagged by cleaning); `duplicated` (records whose value,
        as cleaned and compared, another record has too); `stale` (not blank, and of a record last seen too long ago);
        `reasons` (dict of flag to count); `examples` (up to five texts, reason and masked value, of different reasons
        first).

    Raises
    ------
    InvalidInput
        For `stale_days` out of bounds.

    Examples
    --------
    >>> people = pd.DataFrame({"id": ["1", "2", "3"], "email": ["a@x.de", "A@X.de", "nobody"]})
    >>> quality_report(people, "customers")[["field", "blank", "invalid", "duplicated", "examples"]].to_dict("records")
    [{'field': 'email', 'blank': 0, 'invalid': 1, 'duplicated': 2, 'examples': ['no_at: nxxxxx', 'duplicated: a@x.xx']}]
    """
    if not 0 <= stale_days <= MAX_STALE_DAYS:
        raise InvalidInput(f"stale_days must be 0 to {MAX_STALE_DAYS}, not {stale_days}.", field="stale_days")
    stale = _stale(frame, stale_days, now)
    fields = [column for column in frame.columns if column not in ("id", "seen_at")]
    own = _own_regions(frame)
    rows = []
    for field in fields:
        kind, values = kind_of(table_name, str(field)), [_text(value) for value in frame[field].tolist()]
        rows.append(_field(str(field), kind, values, _cleaned(kind, values, own, region, infer), stale))
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS: Final = ["field", "kind", "count", "blank", "invalid", "duplicated", "stale", "reasons", "examples"]


def _stale(frame: pd.DataFrame, stale_days: int, now: datetime | None) -> list[bool]:
    """Whether each record was last seen too long ago; one without a time was not."""
    if "seen_at" not in frame.columns:
        return [False] * len(frame)
    now = now or datetime.now(UTC)
    limit = pd.Timestamp(now if now.tzinfo else now.replace(tzinfo=UTC)) - timedelta(days=stale_days)
    seen = pd.to_datetime(frame["seen_at"], utc=True, errors="coerce", format="ISO8601")
    return list((seen < limit).tolist())


def _own_regions(frame: pd.DataFrame) -> list[str | None]:
    """The country that each record names, if it does."""
    if "country" not in frame.columns:
        return [None] * len(frame)
    found = (clean_field("country", _text(value)) for value in frame["country"].tolist())
    return [None if country.flag or not country.value else country.value for country in found]


def _field(field: str, kind: str | None, values: list[str], cleaned: list[Cleaned], stale: list[bool]) -> list[Any]:
    present = [bool(clean_text(value)) for value in values]
    keys = [name_key(clean.value) if there else "" for clean, there in zip(cleaned, present, strict=True)]
    shared = {key for key, count in Counter(keys).items() if key and count > 1}
    reasons = Counter(clean.flag for clean in cleaned if clean.flag)
    return [
        field,
        kind or "",
        len(values),
        present.count(False),
        reasons.total(),
        sum(key in shared for key in keys),
        sum(map(bool.__and__, present, stale)),
        dict(sorted(reasons.items())),
        _examples(values, cleaned, keys, shared),
    ]


def _text(value: Hashable) -> str:
    """A value as text; nothing where it is missing."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "|".join(map(str, value))
    return "" if value is None or value != value or value is pd.NaT or value is pd.NA else str(value)


def _cleaned(
    kind: str | None, values: list[str], own: list[str | None], region: str | None, infer: bool
) -> list[Cleaned]:
    """The values of a column, each as an import would clean it."""
    if kind is None:
        return [Cleaned(value) for value in values]
    if kind in REGIONAL:
        return [_in_region(kind, value, mine, region) for value, mine in zip(values, own, strict=True)]
    if kind not in ("day", "time") or not infer:
        return [clean_field(kind, value) for value in values]
    order: Order | None = infer_dates(values).order
    return [clean_day(value, order) if kind == "day" else clean_time(value, order) for value in values]


def _in_region(kind: str, value: str, own: str | None, region: str | None) -> Cleaned:
    clean = clean_field(kind, value, own or region)
    if clean.flag and own and not (other := clean_field(kind, value, region)).flag:
        return other
    return clean


def _examples(values: list[str], cleaned: list[Cleaned], keys: list[str], shared: set[str]) -> list[str]:
    """Each reason in turn, so that a common one does not hide the others."""
    found: dict[str, dict[str, None]] = {}
    for value, clean in zip(values, cleaned, strict=True):
        if clean.flag and len(found.setdefault(clean.flag, {})) < _EXAMPLES:
            found[clean.flag][mask(value)] = None
    if shared:
        seen = dict.fromkeys(key for key in keys if key in shared)
        found["duplicated"] = dict.fromkeys(mask(key) for key in list(seen)[:_EXAMPLES])
    turns = [[f"{reason}: {masked}" for masked in list(masks)] for reason, masks in sorted(found.items(), key=_order)]
    longest = max(map(len, turns), default=0)
    return [turn[place] for place in range(longest) for turn in turns if place < len(turn)][:_EXAMPLES]


def _order(item: tuple[str, dict[str, None]]) -> tuple[bool, str]:
    return item[0] == "duplicated", item[0]
