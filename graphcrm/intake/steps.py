"""What may be done to a text on its way into a property: cut, read as a number, translated, read as a date, …"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from graphcrm.errors import InvalidInput
from graphcrm.intake.dating import AutoDate
from graphcrm.intake.readers.columns import short_id
from graphcrm.limits import MAX_ID_LENGTH

__all__ = ["STEP_KEYS", "Apart", "Step", "compile_steps", "exact"]

STEP_KEYS: Final = ("before", "list", "number", "times", "values", "code", "case", "date", "zone", "format", "apart")
"""The keys of a property's source that change a text, in the order in which they do."""

Step = Callable[[str, str], str]
"""Makes another text of one; called with the property's name, for errors."""

_OTHERS: Final = "*"
_REMEMBERED: Final = 10_000
_LONGEST_NUMBER: Final = 100
# A currency's sign or code may stand before or behind the digits, as may a per cent sign; brackets are a minus.
_SIGNS: Final = r"(?:[^\W\d_]\.?|[^\w.,()+-])*"
_NUMBER: Final = re.compile(
    rf"{_SIGNS}(?P<sign>[(+-]?){_SIGNS}(?P<digits>(?:\d|[.,]\d)[\d.,'\s]*(?:[eE][+-]?\d+)?)\)?{_SIGNS}"
)
_BLANKS: Final = dict.fromkeys(map(ord, "' \u00a0\u202f\t"))


def compile_steps(spec: Mapping[str, Any], key: str, values: Mapping[str, Mapping[str, str]], day: bool) -> list[Step]:
    """Read the keys of `STEP_KEYS`.

    Parameters
    ----------
    spec : mapping
        The source of a property.
    key : str
        Its place in the mapping file, for errors.
    values : mapping
        The translations of the mapping file.
    day : bool
        Whether the property is a day without a time.

    Returns
    -------
    list of Step
        In the order in which they are to be done; none is called with an empty text.

    Raises
    ------
    InvalidInput
        If a rule is broken; the message begins with the key.
    """
    steps: list[Step] = []
    if "before" in spec:
        steps.append(_cutter(spec["before"]))
    if "list" in spec:
        steps.append(_lister(spec["list"]))
    if "number" in spec or "times" in spec:
        steps.append(_number_reader(spec.get("number", "."), spec.get("times"), key))
    if "values" in spec:
        if spec["values"] not in values:
            raise InvalidInput(f"{key}.values: there is no [values.{spec['values']}].", field=key)
        steps.append(_translation(values[spec["values"]], spec["values"]))
    if "code" in spec:
        steps.append(_coder(spec["code"], key))
    if "case" in spec:
        steps.append(_caser(spec["case"], key))
    if "zone" in spec and "date" not in spec:
        raise InvalidInput(f"{key}.zone: needs a date.", field=key)
    if "date" in spec:
        steps.append(_date_reader(spec["date"], spec.get("zone"), day, key))
    if "format" in spec:
        steps.append(_framer(spec["format"], key))
    if spec.get("apart"):
        steps.append(Apart())
    return steps


@dataclass(slots=True)
class Apart:
    """Tells rows apart that came to the same id: the second of them gets ``#2`` behind it, and so on.

    What is too long for an id becomes a digest. Of each row 64 bits are remembered.

    Examples
    --------
    >>> apart = Apart()
    >>> [apart(text, "id") for text in ("ann lee", "bob ray", "ann lee")]
    ['ann lee', 'bob ray', 'ann lee#2']
    """

    _counts: dict[int, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin anew, for another pass over the file."""
        self._counts.clear()

    def __call__(self, text: str, name: str) -> str:
        key = hash(text)
        self._counts[key] = number = self._counts.get(key, 0) + 1
        numbered = f"{text}#{number}" if number > 1 else text
        return numbered if len(numbered) <= MAX_ID_LENGTH else short_id(numbered)


def exact(text: str, column: str) -> Decimal:
    """Read a number exactly.

    Raises
    ------
    InvalidInput
        If it is none.

    Examples
    --------
    >>> exact(" 0.10 ", "price")
    Decimal('0.10')
    """
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise InvalidInput(f"{column}: {text!r} is no number") from None
    if not number.is_finite():
        raise InvalidInput(f"{column}: {text!r} is no number")
    return number


def _cutter(end: str) -> Step:
    return lambda text, name: text.partition(end)[0].strip()


def _lister(between: str) -> Step:
    return lambda text, name: "|".join(part.strip().replace("|", "/") for part in _parts(text, between))


def _parts(text: str, between: str) -> list[str]:
    """The entries of a list; where they stand in quotes, as in CSV, without these, and with what they enclose."""
    if text.lstrip().startswith('"') and len(between) == 1:
        # What is quoted otherwise is no such list, and stays as it is.
        with suppress(csv.Error, StopIteration, TypeError, ValueError):
            return next(csv.reader([text.strip()], delimiter=between, skipinitialspace=True, strict=True))
    return text.split(between)


def _number_reader(mark: str, times: str | None, key: str) -> Step:
    if mark not in (".", ","):
        raise InvalidInput(f'{key}.number: must be the decimal mark, "." or ",".', field=key)
    factor = Decimal(1)
    if times is not None:
        try:
            factor = exact(times, f"{key}.times")
        except InvalidInput as error:
            raise InvalidInput(f"{error.message}.", field=key) from None
    groups = "," if mark == "." else "."

    @lru_cache(_REMEMBERED)
    def read(text: str) -> str | None:
        found = _NUMBER.fullmatch(text.replace("\u2212", "-")) if len(text) <= _LONGEST_NUMBER else None
        if found is None:
            return None
        digits = found["digits"].translate(_BLANKS).replace(groups, "").replace(mark, ".")
        try:
            number = Decimal(digits) * factor
        except InvalidOperation:
            return None
        plain = f"{-number if found['sign'] in ('-', '(') else number:f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain

    def number(text: str, name: str) -> str:
        found = read(text)
        if found is None:
            raise InvalidInput(f"{name}: {text!r} is no number", field=name)
        return found

    return number


def _translation(pairs: Mapping[str, str], called: str) -> Step:
    def translate(text: str, name: str) -> str:
        text = text.strip()
        found = pairs.get(text, pairs.get(_OTHERS))
        if found is None:
            raise InvalidInput(f"{name}: {text!r} is not in [values.{called}]", field=name)
        return text if found == _OTHERS else found

    return translate


def _coder(kind: str, key: str) -> Step:
    # Here and not above: the names of all countries are more than most mappings need.
    from graphcrm.cleaning.codes import clean_country, clean_currency

    readers = {"country": clean_country, "currency": clean_currency}
    if kind not in readers:
        raise InvalidInput(f"{key}.code: must be one of {', '.join(readers)}.", field=key, allowed=readers)
    read = readers[kind]

    def code(text: str, name: str) -> str:
        cleaned = read(text)
        return "" if cleaned.flag else cleaned.value

    return code


def _caser(case: str, key: str) -> Step:
    if case not in ("lower", "upper"):
        raise InvalidInput(f"{key}.case: must be lower or upper.", field=key)
    return (lambda text, name: text.lower()) if case == "lower" else (lambda text, name: text.upper())


def _framer(form: str, key: str) -> Step:
    before, mark, behind = form.partition("{}")
    if not mark or "{}" in behind:
        raise InvalidInput(f"{key}.format: must hold {{}} once, where the text goes.", field=key)
    return lambda text, name: before + text.strip() + behind


# ---- dates -----------------------------------------------------------------------------------------------

_ISO: Final = "iso"
_AUTO: Final = "auto"
_SKIP: Final = "skip"
"""Stands behind the forms of dates where one that fits none of them is to be nothing."""


def _date_reader(given: str | Sequence[str], zone: str | None, day: bool, key: str) -> Step:
    forms = [given] if isinstance(given, str) else list(given)
    skips = len(forms) > 1 and forms[-1] == _SKIP
    if skips:
        forms.pop()
    if _AUTO in forms:
        if forms != [_AUTO]:
            raise InvalidInput(f'{key}.date: "auto" reads every form, and stands alone or before "skip".', field=key)
        return AutoDate(day, _zone(zone, key) if zone is not None else None, skips)
    for form in forms:
        _check_form(form, key)
    place = _zone(zone, key) if zone is not None else None

    @lru_cache(_REMEMBERED)
    def parse(text: str) -> str | None:
        for form in forms:
            try:
                found = datetime.fromisoformat(text) if form == _ISO else datetime.strptime(text, form)
            except ValueError:
                continue
            if day:
                return found.date().isoformat()
            return (found.replace(tzinfo=place) if place and found.tzinfo is None else found).isoformat()
        return "" if skips else None

    def read(text: str, name: str) -> str:
        found = parse(text.strip())
        if found is None:
            raise InvalidInput(f"{name}: {text!r} is no date of the form {' or '.join(forms)}", field=name)
        return found

    return read


def _check_form(form: str, key: str) -> None:
    try:
        if form != _ISO:
            datetime.strptime(datetime(2001, 2, 3, tzinfo=UTC).strftime(form), form)
    except ValueError:
        raise InvalidInput(f"{key}.date: {form!r} is no date format such as %d.%m.%Y.", field=key) from None


def _zone(name: str, key: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidInput(f"{key}.zone: {name!r} is no time zone such as Europe/Berlin.", field=key) from None
