"""Dates of any form: the order of day, month and year is found from the column's own values before it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Final, Protocol

from graphcrm.cleaning.clocks import split_clock
from graphcrm.cleaning.dates import ORDERS, DateColumn, Order, clean_day, clean_time, infer_dates
from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_DATE_SAMPLE

__all__ = ["AutoDate", "checked_order", "decide"]

_WORDS: Final[dict[Order, str]] = {"ymd": "year/month/day", "dmy": "day/month/year", "mdy": "month/day/year"}


@dataclass(slots=True)
class AutoDate:
    """Reads dates of any form that `graphcrm.cleaning.dates` knows; what is none, or ambiguous, stays as it came.

    Parameters
    ----------
    day : bool
        Whether a day is wanted, without a time.
    zone : tzinfo, optional
        Where clocks showed a time that names no zone; UTC where None.
    skips : bool
        Whether what cannot be read is to be nothing instead.
    order : Order, optional
        What the three numbers of a date such as 03/04/2024 are; see `decide`.

    Examples
    --------
    >>> AutoDate(day=True)("1/31/2024, 3:05 PM", "close_on"), AutoDate(day=True)("03/04/2024", "close_on")
    ('2024-01-31', '03/04/2024')
    """

    day: bool
    zone: tzinfo | None = None
    skips: bool = False
    order: Order | None = None

    def __call__(self, text: str, name: str) -> str:
        text = text.strip()
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return self._read(text)
        if self.day:
            return found.date().isoformat()
        return (found.replace(tzinfo=self.zone) if self.zone and found.tzinfo is None else found).isoformat()

    def _read(self, text: str) -> str:
        if self.day:
            clean = clean_day(text, self.order)
            if clean.flag == "has_time":
                clean = clean_day(split_clock(text)[0].rstrip(" ,"), self.order)
        else:
            clean = clean_time(text, self.order, self.zone or UTC)
        if clean.flag:
            return "" if self.skips else text
        return clean.value


class Dated(Protocol):
    """A property that may be a date: `graphcrm.intake.expressions.Expression`."""

    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def make(self) -> Callable[[dict[str, str]], str]: ...
    @property
    def steps(self) -> tuple[Callable[[str, str], str], ...]: ...


def checked_order(order: str | None) -> Order | None:
    """Check an order of day, month and year.

    Raises
    ------
    InvalidInput
        If it is none.

    Examples
    --------
    >>> checked_order("dmy")
    'dmy'
    """
    for known in ORDERS:
        if order == known:
            return known
    if order is None:
        return None
    raise InvalidInput(f"date_order: must be one of {', '.join(ORDERS)}", field="date_order", allowed=ORDERS)


def decide(
    expressions: Iterable[Dated],
    rows: Callable[[], Iterator[tuple[int, dict[str, str]]]],
    otherwise: Order | None = None,
) -> list[str]:
    """Find out in which order the dates of a file have day, month and year, and have them read so.

    Parameters
    ----------
    expressions : iterable of Expression
        The properties that are made of the file's rows.
    rows : callable
        Gives the rows, with their lines, from the first on; the first `graphcrm.limits.MAX_DATE_SAMPLE` are looked at.
    otherwise : Order, optional
        The order where the values do not tell.

    Returns
    -------
    list of str
        What was decided and why, for each column in which it mattered.
    """
    dated = [(each, step) for each in expressions for step in each.steps if isinstance(step, AutoDate)]
    if not dated:
        return []
    samples: list[dict[str, int]] = [{} for _ in dated]
    sampled = rows()
    for line, row in islice(sampled, MAX_DATE_SAMPLE):
        for (expression, step), sample in zip(dated, samples, strict=True):
            if text := _before(expression, step, row):
                sample.setdefault(text, line)
    said = []
    for (expression, step), sample in zip(dated, samples, strict=True):
        found = infer_dates(sample)
        step.order = found.order or (otherwise if found.ambiguous else None)
        if found.examples:
            said.append(f"{' or '.join(expression.columns)}: {_reason(found, sample, step.order)}")
    return list(dict.fromkeys(said))


def _before(expression: Dated, date: AutoDate, row: dict[str, str]) -> str:
    """The text that is read as a date; none where the steps before cannot be done."""
    text = expression.make(row)
    for step in expression.steps:
        if step is date or not text:
            break
        try:
            text = step(text, "")
        except InvalidInput:
            return ""
    return text.strip()


def _reason(found: DateColumn, lines: dict[str, int], order: Order | None) -> str:
    seen = [f"{text} in line {lines[text]}" for text in found.examples]
    if found.order:
        return f"read as {_WORDS[found.order]} because of {seen[0]}"
    fits_one = found.dates in found.fits.values()
    why = (
        f"nothing tells what day and month are in {seen[0]}" if fits_one else f"no order fits {' and '.join(seen[:2])}"
    )
    if order:
        return f"read as {_WORDS[order]}, as was asked for: {why}"
    return f"{why}, so that such values are left out and kept as they came; say --date-order mdy or dmy"
