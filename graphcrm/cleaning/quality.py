"""How good the columns of a table are: blank, invalid, duplicated and stale values, counted by field.

Rows are counted one by one and not kept: of a value only 64 bits are remembered, by which it is known again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphcrm.cleaning.dates import Order, clean_day, clean_time, infer_dates
from graphcrm.cleaning.rows import REGIONAL, clean_field, kind_of
from graphcrm.cleaning.text import Cleaned, clean_text, name_key
from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_STALE_DAYS

__all__ = ["COUNTED", "STALE_DAYS", "Tally", "mask", "quality_report", "stale_before"]

STALE_DAYS: Final = 365
"""Days after which values that were not brought again count as stale, unless others are named."""

COUNTED: Final = ("field", "kind", "count", "blank", "invalid", "duplicated", "stale", "reasons", "examples")
"""What is counted of a field; see `quality_report`."""

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
    stale = _stale(frame, stale_before(stale_days, now))
    columns = {str(name): frame[name].tolist() for name in frame.columns if name not in ("id", "seen_at")}
    orders = {
        name: infer_dates(map(_text, values)).order
        for name, values in columns.items()
        if infer and kind_of(table_name, name) in ("day", "time")
    }
    tally = Tally(table_name, region, orders)
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for place, row in enumerate(rows):
        tally.add(place, row, row if stale[place] else ())
    if tally.settle():
        for place, row in enumerate(rows):
            tally.look_again(place, row)
    return pd.DataFrame(tally.lines(columns), columns=list(COUNTED))


def stale_before(stale_days: int, now: datetime | None = None) -> datetime:
    """The moment since which a record must have been seen for its values not to be stale.

    Parameters
    ----------
    stale_days : int, days
        0 to `limits.MAX_STALE_DAYS`.
    now : datetime, optional
        The moment up to which that is counted; the present one unless given, UTC where it has no zone.

    Returns
    -------
    datetime
        With a zone.

    Raises
    ------
    InvalidInput
        For `stale_days` out of bounds.

    Examples
    --------
    >>> stale_before(365, datetime(2024, 12, 31)).isoformat()
    '2024-01-01T00:00:00+00:00'
    """
    if not 0 <= stale_days <= MAX_STALE_DAYS:
        raise InvalidInput(f"stale_days must be 0 to {MAX_STALE_DAYS}, not {stale_days}.", field="stale_days")
    now = now or datetime.now(UTC)
    return (now if now.tzinfo else now.replace(tzinfo=UTC)) - timedelta(days=stale_days)


class Tally:
    """Counts what is wrong with the values of one table, row by row.

    Which values are shared is known when all rows were seen, so that examples of these take a second look at the rows.
    Rows may come in any order; examples are those of the first rows by place.

    Parameters
    ----------
    table_name : str
        The table whose fields these are.
    region : str, optional
        As for `quality_report`.
    orders : mapping of str to str or None
        Of fields with days or times, the order in which all their values are read; others are read one by one.

    Examples
    --------
    >>> tally = Tally("customers")
    >>> rows = [{"email": "a@x.de"}, {"email": "A@X.de", "city": "Ulm"}]
    >>> for place, row in enumerate(rows):
    ...     tally.add(place, row)
    >>> if tally.settle():
    ...     for place, row in enumerate(rows):
    ...         tally.look_again(place, row)
    >>> [(line["field"], line["blank"], line["duplicated"], line["examples"]) for line in tally.lines()]
    [('email', 0, 2, ['duplicated: a@x.xx']), ('city', 1, 0, [])]
    """

    def __init__(
        self, table_name: str, region: str | None = None, orders: Mapping[str, Order | None] | None = None
    ) -> None:
        self._table_name = table_name
        self._region = region
        self._orders = orders or {}
        self._rows = 0
        self._columns: dict[str, _Column] = {}

    @property
    def fields(self) -> list[str]:
        """The fields that rows had, in the order in which they came."""
        return list(self._columns)

    def add(self, place: Place, row: Mapping[str, Any], stale: Container[str] = ()) -> None:
        """Count a row: its place among the others, its values by field, and the fields last seen too long ago."""
        self._rows += 1
        own = _own_region(row)
        for name, value in row.items():
            self._column(name).count(place, text := _text(value), self._clean(name, text, own), name in stale)

    def settle(self) -> bool:
        """Say that all rows were counted; whether values are shared, so that a second look finds examples of them."""
        for column in self._columns.values():
            column.settle()
        return any(column.shared.size for column in self._columns.values())

    def look_again(self, place: Place, row: Mapping[str, Any]) -> None:
        """See a row once more for examples of values that are shared."""
        own = _own_region(row)
        for name, value in row.items():
            column = self._columns.get(name)
            if column and column.shared.size and column.examples.has_room(place):
                text = _text(value)
                column.look_again(place, _key(text, self._clean(name, text, own)))

    def lines(self, fields: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """What was counted, a dict of `COUNTED` for each field: those given, or all that rows had."""
        chosen = self._columns if fields is None else fields
        return [self._column(name).line(name, self._rows) for name in chosen]

    def _column(self, name: str) -> _Column:
        if name not in self._columns:
            self._columns[name] = _Column(kind_of(self._table_name, name))
        return self._columns[name]

    def _clean(self, name: str, text: str, own: str | None) -> Cleaned:
        """A value as an import would clean it."""
        kind = self._column(name).kind
        if kind is None:
            return Cleaned(text)
        if kind in REGIONAL:
            return _in_region(kind, text, own, self._region)
        if name in self._orders:
            return (clean_day if kind == "day" else clean_time)(text, self._orders[name])
        return clean_field(kind, text)


Place = int | str
"""Where a row stands among the others."""


class _First:
    """The first few of some texts by their places, in whatever order they come."""

    def __init__(self) -> None:
        self._places: dict[str, Any] = {}

    def has_room(self, place: Place) -> bool:
        """Whether a text at a place may be among the first."""
        return len(self._places) < _EXAMPLES or place < max(self._places.values())

    def add(self, place: Place, text: str) -> None:
        self._places[text] = min(place, self._places.get(text, place))
        if len(self._places) > _EXAMPLES:
            del self._places[max(self._places, key=self._places.__getitem__)]

    def texts(self) -> list[str]:
        return sorted(self._places, key=self._places.__getitem__)


_NONE: Final = np.empty(0, np.uint64)


@dataclass
class _Column:
    """What was counted of a field: of its values that are not blank, 8 bytes of each are kept."""

    kind: str | None
    present: int = 0
    stale: int = 0
    duplicated: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    flagged: dict[str, _First] = field(default_factory=dict)
    examples: _First = field(default_factory=_First)
    keys: bytearray = field(default_factory=bytearray)
    shared: npt.NDArray[np.uint64] = field(default_factory=lambda: _NONE)

    def count(self, place: Place, text: str, clean: Cleaned, stale: bool) -> None:
        if clean.flag:
            self.reasons[clean.flag] += 1
            if (first := self.flagged.setdefault(clean.flag, _First())).has_room(place):
                first.add(place, mask(text))
        if clean_text(text):
            self.present += 1
            self.stale += stale
        if key := _key(text, clean):
            self.keys += _digest(key)

    def settle(self) -> None:
        keys = np.frombuffer(self.keys, np.uint64)
        keys.sort()
        same = keys[1:] == keys[:-1]
        self.shared = np.unique(keys[1:][same])
        # Of equal ones that stand beside each other, all but the first equal the one before.
        self.duplicated = int(same.sum()) + self.shared.size

    def look_again(self, place: Place, key: str) -> None:
        if key:
            mark = np.frombuffer(_digest(key), np.uint64)[0]
            at = np.searchsorted(self.shared, mark)
            if at < self.shared.size and self.shared[at] == mark:
                self.examples.add(place, key)

    def line(self, name: str, rows: int) -> dict[str, Any]:
        reasons = dict(sorted(self.reasons.items()))
        counts = (rows, rows - self.present, self.reasons.total(), self.duplicated, self.stale)
        return dict(zip(COUNTED, (name, self.kind or "", *counts, reasons, self._shown()), strict=True))

    def _shown(self) -> list[str]:
        """Each reason in turn, so that a common one does not hide the others."""
        found = {reason: first.texts() for reason, first in sorted(self.flagged.items())}
        found["duplicated"] = list(dict.fromkeys(map(mask, self.examples.texts())))
        turns = [[f"{reason}: {masked}" for masked in masks] for reason, masks in found.items()]
        longest = max(map(len, turns))
        return [turn[place] for place in range(longest) for turn in turns if place < len(turn)][:_EXAMPLES]


def _digest(key: str) -> bytes:
    return blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()


def _key(text: str, clean: Cleaned) -> str:
    """What a value is compared by; nothing where it is blank."""
    return name_key(clean.value) if clean_text(text) else ""


def _stale(frame: pd.DataFrame, limit: datetime) -> list[bool]:
    """Whether each record was last seen too long ago; one without a time was not."""
    if "seen_at" not in frame.columns:
        return [False] * len(frame)
    seen = pd.to_datetime(frame["seen_at"], utc=True, errors="coerce", format="ISO8601")
    return list((seen < pd.Timestamp(limit)).tolist())


def _own_region(row: Mapping[str, Any]) -> str | None:
    """The country that a record names, if it does."""
    if not (text := _text(row.get("country"))):
        return None
    country = clean_field("country", text)
    return None if country.flag or not country.value else country.value


def _text(value: Hashable) -> str:
    """A value as text; nothing where it is missing."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "|".join(map(str, value))
    return "" if value is None or value != value or value is pd.NaT or value is pd.NA else str(value)


def _in_region(kind: str, value: str, own: str | None, region: str | None) -> Cleaned:
    clean = clean_field(kind, value, own or region)
    if clean.flag and own and not (other := clean_field(kind, value, region)).flag:
        return other
    return clean
