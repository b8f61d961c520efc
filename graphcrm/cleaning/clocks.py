"""Times of day and their zones as exports write them behind a date."""

from __future__ import annotations

import re
from datetime import UTC, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

__all__ = ["Clock", "find_zone", "split_clock"]


class Clock(NamedTuple):
    """A time of day, its zone where one is written, and what is wrong with them."""

    time: time | None = None
    zone: tzinfo | None = None
    flag: str | None = None


_CLOCK: Final = re.compile(
    r"""(?:^|[\sT,]+|(?<=[日号]))
    (?P<before>上午|下午|中午|晚上|凌晨|早上|傍晚|[ap]\.?m\.?(?=\s*\d))?\s*
    (?P<hour>\d{1,2})(?::|h(?=\d\d)|\s*[时時点點])\s*
    (?P<minute>\d{1,2})?\s*分?
    (?:\s*:?\s*(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?\s*秒?)?
    \s*(?P<after>[ap]\.?\s?m\.?(?![a-z]))?
    \s*(?P<zone>z|(?:gmt|utc|z)?[+-]\d{1,2}(?::?\d{2})?|(?:[a-z]+[ ]){1,3}time|[a-z]{2,5}|[a-z]+(?:/[a-z_+-]+)+)?
    (?:\s*\([^()]*\))?$""",
    re.I | re.X,
)
_BASIC: Final = re.compile(r"(?<=\d{8})T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?$")
_OFFSET: Final = re.compile(r"(?:gmt|utc|z)?([+-])(\d{1,2})(?::?(\d{2}))?", re.I)
_LARGEST_OFFSET: Final = 14 * 60

# Abbreviations of RFC 5322 and the European ones. CST, IST and BST each stand for several zones and are not taken.
_ZONES: Final = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "ut": 0,
    "edt": -4,
    "est": -5,
    "cdt": -5,
    "mdt": -6,
    "mst": -7,
    "pdt": -7,
    "pst": -8,
    "wet": 0,
    "west": 1,
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
    "jst": 9,
    "hkt": 8,
}
# The names that Windows, Java and JavaScript write out.
_NAMED_ZONES: Final = {
    "coordinated universal": 0,
    "greenwich mean": 0,
    "central european standard": 1,
    "central european summer": 2,
    "india standard": 5.5,
    "china standard": 8,
    "japan standard": 9,
    "korea standard": 9,
    "eastern standard": -5,
    "eastern daylight": -4,
    "central standard": -6,
    "central daylight": -5,
    "mountain standard": -7,
    "mountain daylight": -6,
    "pacific standard": -8,
    "pacific daylight": -7,
}
_SHARED_ZONES: Final = frozenset({"cst", "ist", "bst", "ast", "sst", "amt", "gst", "ect"})


def split_clock(text: str) -> tuple[str, Clock]:
    """Split the time of day off the end of a text.

    Returns
    -------
    tuple of str and Clock
        What stands before it, and the time; all of the text and an empty `Clock` where it ends with no time.

    Examples
    --------
    >>> split_clock("31.01.2024 9:30 PM")
    ('31.01.2024', Clock(time=datetime.time(21, 30), zone=None, flag=None))
    """
    if basic := _BASIC.search(text):
        hour, minute, second, zone = basic.groups()
        return text[: basic.start()], _clock(hour, minute, second, None, None, zone)
    found = _CLOCK.search(text)
    if not found:
        return text, Clock()
    half = found["before"] or found["after"]
    clock = _clock(found["hour"], found["minute"], found["second"], found["fraction"], half, found["zone"])
    return text[: found.start()], clock


def _clock(
    hour: str, minute: str | None, second: str | None, fraction: str | None, half: str | None, zone: str | None
) -> Clock:
    hours = _hours(int(hour), half)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        clock = time(hours, int(minute or 0), int(second or 0), micro)
    except ValueError:
        return Clock(flag="no_such_day")
    offset, flag = find_zone(zone) if zone else (None, None)
    return Clock(clock, offset, flag)


def _hours(hours: int, half: str | None) -> int:
    """Hours of the day; 24 where there is no such hour in that half of it."""
    if not half:
        return hours
    half = half.lower().replace(".", "")
    if half in ("am", "pm"):
        if not 1 <= hours <= 12:
            return 24
        return hours % 12 + (12 if half == "pm" else 0)
    if half in ("下午", "晚上", "傍晚") and hours < 12:
        return hours + 12
    if half == "中午" and hours < 3:
        return hours + 12
    return 0 if half in ("上午", "凌晨") and hours == 12 else hours


@lru_cache(256)
def find_zone(name: str) -> tuple[tzinfo | None, str | None]:
    """Find a time zone.

    Parameters
    ----------
    name : str
        ``Z``, an offset such as ``+08:00``, an abbreviation, a name written out or one of the IANA database. Of a ``Z``
        with an offset behind it (as Salesforce's Data Loader takes it) the offset counts.

    Returns
    -------
    tuple
        The zone and None; or None and the flag.

    Examples
    --------
    >>> find_zone("+0530")[0], find_zone("CST")
    (datetime.timezone(datetime.timedelta(seconds=19800)), (None, 'ambiguous_zone'))
    """
    key = name.lower()
    if offset := _OFFSET.fullmatch(name):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        if minutes > _LARGEST_OFFSET:
            return None, "unknown_zone"
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes)), None
    if key in _ZONES:
        return (timezone(timedelta(hours=_ZONES[key])) if _ZONES[key] else UTC), None
    if (hours := _NAMED_ZONES.get(key.removesuffix(" time"))) is not None:
        return timezone(timedelta(hours=hours)), None
    if key in _SHARED_ZONES:
        return None, "ambiguous_zone"
    try:
        return ZoneInfo(name), None
    except (OSError, ValueError, KeyError):
        return None, "unknown_zone"
