"""Dates and times in the forms that exports have, and the order of day, month and year of a whole column.

Day and month are never guessed: `clean_day` and `clean_time` read a value alone where it can be meant in one way only,
and `infer_dates` tells the order that all values of a column share.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import combinations, islice, zip_longest
from typing import Final, Literal, NamedTuple, get_args

from graphcrm.cleaning.clocks import Clock, split_clock
from graphcrm.cleaning.months import MONTHS, WEEKDAYS
from graphcrm.cleaning.text import REMEMBERED, Cleaned, clean_text, widths

__all__ = ["ORDERS", "DateColumn", "Order", "clean_day", "clean_time", "infer_dates"]

Order = Literal["ymd", "dmy", "mdy"]
"""The order of day, month and year where all three are numbers."""

ORDERS: Final[tuple[Order, ...]] = get_args(Order)

_NUMBERS: Final = re.compile(r"(\d{1,4})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{1,4})\.?")
_CHINESE: Final = re.compile(r"(\d{4}|\d{2})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号號]?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL: Final = re.compile(r"(\d{5})(?:[.,](\d+))?")
_UNIX: Final = re.compile(r"(\d{9,10})|(\d{12,13})")
_WEEKDAY_ZH: Final = re.compile(r"\s*[(（]?(?:星期|周|週|礼拜)[一二三四五六日天][)）]?\s*")
_WORDS: Final = re.compile(r"[\s,./-]+")
_DAY_WORD: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|º|°|ª)?")
_LONGEST: Final = 100
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)
_TURN: Final = 69
"""Two digits below this are of the years 2000 on, as POSIX has it."""


_NO_CLOCK: Final = Clock()


class _Reading(NamedTuple):
    """What a value may mean: its day by order (one for all where the form leaves no doubt), its time of day."""

    days: dict[Order, date]
    clock: Clock = _NO_CLOCK
    flag: str | None = None


_NOTHING: Final = _Reading({}, flag="no_date")


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    number = int(year)
    if isinstance(year, str) and len(year) <= 2:
        number += 2000 if number < _TURN else 1900
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def _sure(day: date | None, clock: Clock = _NO_CLOCK) -> _Reading:
    return _Reading(dict.fromkeys(ORDERS, day), clock, clock.flag) if day else _Reading({}, clock, "no_such_day")


@lru_cache(REMEMBERED)
def _read(value: str) -> _Reading:
    text = clean_text(widths(value))
    if len(text) > _LONGEST:
        return _NOTHING
    if numbers := _numeric(text):
        return numbers
    text = _WEEKDAY_ZH.sub(" ", text).strip()
    before, clock = split_clock(text)
    before = before.strip().rstrip(",").strip()
    if found := _CHINESE.fullmatch(before):
        return _sure(_day(*found.groups()), clock)
    if found := _NUMBERS.fullmatch(before):
        if len(found[1]) == 4:  # nobody writes the day between year and month
            return _sure(_day(found[1], found[3], found[4]), clock)
        return _ordered(found[1], found[3], found[4], clock)
    if found := _COMPACT.fullmatch(before):
        return _sure(_day(*found.groups()), clock)
    return _named(before, clock)


def _numeric(text: str) -> _Reading | None:
    """Days as one number: Excel's serials, seconds and milliseconds since 1970."""
    if found := _SERIAL.fullmatch(text):
        fraction = float(f"0.{found[2] or 0}")
        moment = _EXCEL_EPOCH + timedelta(days=int(found[1]), milliseconds=round(fraction * 86_400_000))
    elif found := _UNIX.fullmatch(text):
        moment = datetime(1970, 1, 1) + timedelta(milliseconds=int(found[1] or 0) * 1000 + int(found[2] or 0))
        return _sure(moment.date(), Clock(moment.time(), UTC))
    else:
        return None
    return _sure(moment.date(), Clock(moment.time() if found[2] else None))


def _ordered(first: str, second: str, third: str, clock: Clock) -> _Reading:
    parts: dict[Order, tuple[str, str, str]] = {
        "ymd": (first, second, third),
        "dmy": (third, second, first),
        "mdy": (third, first, second),
    }
    days: dict[Order, date] = {}
    for order, (year, month, day) in parts.items():
        whole = len(year) == 4 or (len(year) == 2 and len(first) <= 2 and len(third) <= 2)
        if whole and len(month) <= 2 and len(day) <= 2 and (found := _day(year, month, day)):
            days[order] = found
    return _Reading(days, clock, clock.flag if days else "no_such_day")


def _named(text: str, clock: Clock) -> _Reading:
    """A date with its month as a word, in any order: its number of one or two digits comes first, or is the day."""
    months, days, years = [], [], []
    for word in filter(None, _WORDS.split(text.casefold())):
        if month := MONTHS.get(word):
            months.append(month)
        elif len(word) == 4 and word.isdecimal():
            years.append(word)
        elif found := _DAY_WORD.fullmatch(word):
            days.append(found[1])
        elif word not in WEEKDAYS:
            return _NOTHING
    if not years and len(days) == 2 and len(days[1]) == 2:
        years.append(days.pop())
    if len(months) != 1 or len(days) != 1 or len(years) != 1:
        return _NOTHING
    return _sure(_day(years[0], months[0], days[0]), clock)


def _chosen(reading: _Reading, order: Order | None) -> tuple[date | None, str | None]:
    """The day that a value means, or why that is not known."""
    if reading.flag:
        return None, reading.flag
    if order:
        day = reading.days.get(order)
        return day, None if day else "no_such_day"
    meant = set(reading.days.values())
    return (meant.pop(), None) if len(meant) == 1 else (None, "ambiguous_date")


def clean_day(value: str, order: Order | None = None) -> Cleaned:
    """Read a day.

    Parameters
    ----------
    value : str
        A date in any form that docs/cleaning.md lists; midnight behind it is left out.
    order : Order, optional
        What the three numbers of a date such as 03/04/2024 are, where the column has told.

    Returns
    -------
    Cleaned
        The day as ``2024-01-31``; or the value as it came, flagged.

    Examples
    --------
    >>> [clean_day(day).value for day in ("2024年1月31日", "31.1.2024", "Jan 31, 2024", "45322")]
    ['2024-01-31', '2024-01-31', '2024-01-31', '2024-01-31']
    >>> clean_day("03/04/2024").flag, clean_day("03/04/2024", "dmy").value
    ('ambiguous_date', '2024-04-03')
    """
    if not clean_text(value):
        return Cleaned("")
    reading = _read(value)
    day, flag = _chosen(reading, order)
    if day is None:
        return Cleaned(value, flag)
    if reading.clock.time not in (None, time()):
        return Cleaned(value, "has_time")
    return Cleaned(day.isoformat())


def clean_time(value: str, order: Order | None = None, zone: tzinfo = UTC) -> Cleaned:
    """Read a moment.

    Parameters
    ----------
    value : str
        A date, with or without time of day and zone, in any form that docs/cleaning.md lists.
    order : Order, optional
        What the three numbers of a date such as 03/04/2024 are, where the column has told.
    zone : tzinfo
        Where clocks showed a time that names no zone.

    Returns
    -------
    Cleaned
        The moment in UTC as ``2024-01-31T09:30:00Z``; or the value as it came, flagged. Of the two moments that a clock
        shows twice in autumn the first is meant.

    Examples
    --------
    >>> clean_time("2024年1月31日 下午5:30 +08:00").value
    '2024-01-31T09:30:00Z'
    >>> clean_time("2024-01-31T09:30:00.000+0000").value
    '2024-01-31T09:30:00Z'
    """
    if not clean_text(value):
        return Cleaned("")
    reading = _read(value)
    day, flag = _chosen(reading, order)
    if day is None:
        return Cleaned(value, flag)
    local = datetime.combine(day, reading.clock.time or time(), reading.clock.zone or zone)
    try:
        moment = local.astimezone(UTC)
    except OverflowError:
        return Cleaned(value, "no_such_day")
    return Cleaned(moment.isoformat().removesuffix("+00:00") + "Z")


@dataclass(frozen=True)
class DateColumn:
    """What the dates of a column have in common.

    Parameters
    ----------
    order : Order, optional
        The one order in which every date of the column is one, or None: then it is `ambiguous`, or no value needs one.
    ambiguous : bool
        Whether dates of the column could be meant in several orders, or no order fits them all.
    blank, dates, invalid : int
        Values without text, that are dates, and that are none in any order.
    fits : dict of Order to int
        How many of the dates are one in each order.
    timed, zoned : int
        Dates with a time of day, and of these with a zone.
    examples : list of str
        Up to five values that decided, or that leave it open, or that contradict each other.
    reason : str
        The finding in one sentence.
    """

    order: Order | None
    ambiguous: bool
    blank: int
    dates: int
    invalid: int
    fits: dict[Order, int]
    timed: int
    zoned: int
    examples: list[str]
    reason: str


_EXAMPLES: Final = 5


@dataclass
class _Tally:
    """What the values of a column say, counted."""

    blank: int = 0
    dates: int = 0
    invalid: int = 0
    timed: int = 0
    zoned: int = 0
    fits: dict[Order, int] = field(default_factory=lambda: dict.fromkeys(ORDERS, 0))
    open: dict[frozenset[Order], list[str]] = field(default_factory=dict)
    """Some of the values that are a date only in these orders, or not the same in all."""
    differing: set[tuple[Order, Order]] = field(default_factory=set)
    """Orders of which some value shows that they do not mean the same."""

    def add(self, value: str, times: int) -> None:
        """Count a value that the column has so many times."""
        if not clean_text(value):
            self.blank += times
            return
        reading = _read(value)
        if reading.flag:
            self.invalid += times
            return
        self.dates += times
        self.timed += times * (reading.clock.time is not None)
        self.zoned += times * (reading.clock.zone is not None)
        for order in reading.days:
            self.fits[order] += times
        differing = {(a, b) for a, b in combinations(reading.days, 2) if reading.days[a] != reading.days[b]}
        if differing or len(reading.days) < len(ORDERS):
            self.differing |= differing
            examples = self.open.setdefault(frozenset(reading.days), [])
            if len(examples) < _EXAMPLES and value not in examples:
                examples.append(value)

    def examples(self) -> list[str]:
        """Values that fit few orders first, one of each kind in turn."""
        kinds = sorted(self.open.items(), key=lambda item: (len(item[0]), sorted(item[0])))
        turns = zip_longest(*(values for _, values in kinds))
        return [value for turn in turns for value in turn if value is not None][:_EXAMPLES]


def infer_dates(values: Iterable[str]) -> DateColumn:
    """Tell in which order the dates of a column have day, month and year.

    An order fits when every date of the column is one in it. Texts that are no date in any order do not count.

    Parameters
    ----------
    values : iterable of str
        All values of the column.

    Returns
    -------
    DateColumn
        The order, or that and why there is none.

    Examples
    --------
    >>> infer_dates(["03/04/2024", "25/12/2023"]).order
    'dmy'
    >>> infer_dates(["03/04/2024", "05/06/2024"]).reason
    'Every date fits dmy and mdy: no value shows which is meant.'
    """
    tally = _Tally()
    column = iter(values)
    # Most values come again and again; so many at a time, that a column of any length fits.
    while some := Counter(islice(column, REMEMBERED)):
        for value, times in some.items():
            tally.add(value, times)
    order, ambiguous, reason = _verdict(tally)
    return DateColumn(
        order,
        ambiguous,
        tally.blank,
        tally.dates,
        tally.invalid,
        tally.fits,
        tally.timed,
        tally.zoned,
        tally.examples(),
        reason,
    )


def _verdict(tally: _Tally) -> tuple[Order | None, bool, str]:
    """The order, whether it is ambiguous, and why."""
    if not tally.dates:
        return None, False, "No value is a date."
    if not tally.open:
        return None, False, "Every date can be meant in one way only."
    fitting = [order for order in ORDERS if tally.fits[order] == tally.dates]
    if not fitting:
        counts = ", ".join(f"{tally.fits[order]} fit {order}" for order in ORDERS)
        return None, True, f"No order fits all {tally.dates} dates: {counts}."
    if any((a, b) in tally.differing for a, b in combinations(fitting, 2)):
        return None, True, f"Every date fits {' and '.join(fitting)}: no value shows which is meant."
    return fitting[0], False, f"Every date fits {fitting[0]}" + (" alone." if len(fitting) == 1 else ".")
