"""The kinds of values that fields hold, and how each is checked: ids, names, times, days, money, shares."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from graphcrm import limits

__all__ = [
    "EXTRA_NAME",
    "MONEY_FIELDS",
    "MONEY_SCALE",
    "Count",
    "Country",
    "Currency",
    "Day",
    "Extra",
    "Fraction",
    "Id",
    "Ids",
    "Instant",
    "Line",
    "Link",
    "Links",
    "Money",
    "Number",
    "Tags",
    "Text",
    "from_graph",
    "is_link",
    "raw_of",
    "raw_text",
    "texts_in",
    "times_of",
    "times_text",
    "to_graph",
]

MONEY_SCALE: Final = 10_000
"""Money is stored as an integer of this many parts of a currency unit."""


def _instant(value: object) -> object:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("instant", "must be an ISO 8601 time such as 2025-01-31T09:30:00Z") from None
    if not isinstance(value, datetime):
        raise PydanticCustomError("instant", "must be an ISO 8601 time such as 2025-01-31T09:30:00Z")
    try:
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("instant", "must lie within the years 1 to 9999, UTC") from None
    return value


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("day", "must be an ISO 8601 date such as 2025-01-31") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise PydanticCustomError("day", "must be an ISO 8601 date such as 2025-01-31")
    return value


def _money(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise PydanticCustomError("money", "must be an amount such as 12.50")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise PydanticCustomError("money", "must be an amount such as 12.50") from None
    if not amount.is_finite():
        raise PydanticCustomError("money", "must be an amount such as 12.50")
    if abs(amount) > limits.MAX_AMOUNT:
        raise PydanticCustomError("money", "must lie between -{most} and {most}", {"most": limits.MAX_AMOUNT})
    if amount * MONEY_SCALE % 1:
        raise PydanticCustomError("money", "must have at most 4 decimal places")
    return amount


def _strings(value: object) -> object:
    if isinstance(value, str):
        return texts_in(value)
    if isinstance(value, list):
        return [part.strip() if isinstance(part, str) else part for part in value if part != ""]
    return value


def _json_strings(text: str) -> list[str] | None:
    """A list written as a JSON array, as it is where its texts hold ``|``."""
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(part, str) for part in found) else None


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def texts_in(text: str) -> list[str]:
    """The texts of a list as a file has it: separated by ``|``, or a JSON array.

    Examples
    --------
    >>> texts_in("a| b"), texts_in('["a|b", "c"]')
    (['a', 'b'], ['a|b', 'c'])
    """
    return [part.strip() for part in _json_strings(text) or text.split("|") if part != ""]


def is_link(value: str) -> bool:
    """Whether a text is an address that can be followed.

    Examples
    --------
    >>> is_link("https://example.com/file.pdf"), is_link("file.pdf"), is_link("javascript:alert(1)")
    (True, False, False)
    """
    try:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return False
    except ValueError:
        return False
    return len(value) <= limits.MAX_URL_LENGTH and not any(c.isspace() or not c.isprintable() for c in value)


def _link(value: str) -> str:
    if not is_link(value):
        raise PydanticCustomError("link", "must be an address such as https://example.com/file.pdf")
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("nul", "must not hold the character NUL")
    return value


def _encodable(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("unicode", "must be valid Unicode text (it has a lone surrogate)") from None
    return value


def _extra(values: dict[str, object]) -> dict[str, object]:
    for key, value in values.items():
        if not EXTRA_NAME.fullmatch(key):
            raise PydanticCustomError(
                "extra", "names of extra fields are 1 to 64 letters, digits and underscores, none of these at the start"
            )
        if isinstance(value, str):
            _no_nul(_encodable(value))
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise PydanticCustomError("extra", "whole numbers must fit 64 bits")
        if isinstance(value, float) and value - value != 0:
            raise PydanticCustomError("extra", "numbers must be finite")
    return values


def _code(length: int, rule: str) -> Callable[[object], object]:
    """Capital letters of a code; the rule in words where it cannot be one."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        code = value.upper()
        if not (len(code) == length and code.isascii() and code.isalpha()):
            raise PydanticCustomError("code", "must be {rule}", {"rule": rule})
        return code

    return read


EXTRA_NAME: Final = re.compile(r"[^\W_]\w{0,63}")
"""What a field beyond the vocabulary may be called; a leading underscore marks the product's own bookkeeping."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_ID_LENGTH), AfterValidator(_no_nul)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_NAME_LENGTH), AfterValidator(_no_nul)]
Text = Annotated[str, StringConstraints(max_length=limits.MAX_TEXT_LENGTH), AfterValidator(_no_nul)]
Country = Annotated[
    str,
    BeforeValidator(_code(2, "an ISO 3166 code of two letters, such as DE")),
    StringConstraints(pattern=r"^[A-Z]{2}$"),
]
Currency = Annotated[
    str,
    BeforeValidator(_code(3, "an ISO 4217 code of three letters, such as EUR")),
    StringConstraints(pattern=r"^[A-Z]{3}$"),
]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
Money = Annotated[Decimal, BeforeValidator(_money)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Ids = Annotated[list[Id], BeforeValidator(_strings), Field(max_length=limits.MAX_LIST_LENGTH), AfterValidator(_unique)]
Tags = Annotated[
    list[Line], BeforeValidator(_strings), Field(max_length=limits.MAX_LIST_LENGTH), AfterValidator(_unique)
]
Link = Annotated[
    str,
    StringConstraints(min_length=1, max_length=limits.MAX_URL_LENGTH),
    AfterValidator(_link),
    Field(json_schema_extra={"format": "uri"}),
]
Links = Annotated[
    list[Link], BeforeValidator(_strings), Field(max_length=limits.MAX_LIST_LENGTH), AfterValidator(_unique)
]
Extra = Annotated[
    dict[str, bool | int | float | Annotated[str, StringConstraints(max_length=limits.MAX_TEXT_LENGTH)]],
    Field(max_length=limits.MAX_EXTRA_FIELDS),
    AfterValidator(_extra),
]


_PANDAS_YEARS: Final = range(1678, 2262)
"""Years that lie whole within the reach of pandas' nanoseconds."""

MONEY_FIELDS: Final = frozenset({"amount", "unit_price", "budget", "value"})
"""Properties that hold money."""


def to_graph(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Pick the fields of `names` that have a value, in the form the graph has them.

    Money is an integer there, and times are pandas' where those reach: the driver packs one in a twentieth of the time
    that it takes for a `datetime`.
    """
    found: dict[str, Any] = {
        name: pd.Timestamp(value) if isinstance(value, datetime) and value.year in _PANDAS_YEARS else value
        for name in names
        if (value := values[name]) is not None
    }
    for name in MONEY_FIELDS & found.keys():
        found[name] = int(found[name] * MONEY_SCALE)
    return found


def from_graph(name: str, value: Any) -> Any:
    """Give a property the form it has in JSON.

    Parameters
    ----------
    name : str
        The property; it decides whether an integer is money.
    value : object
        What the graph holds.

    Returns
    -------
    object
        An ISO 8601 string for times and days, a decimal string with two to four places for money, else the value.

    Examples
    --------
    >>> from_graph("amount", 125000)
    '12.50'
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if name in MONEY_FIELDS and isinstance(value, int):
        amount = Decimal(value) / MONEY_SCALE
        places = max(2, -int(amount.normalize().as_tuple().exponent))
        return f"{amount:.{places}f}"
    return value


def raw_text(raw: Mapping[str, str]) -> str | None:
    """Give fields as they came the form of the property `_raw`; None where there are none."""
    return json.dumps(raw, ensure_ascii=False, sort_keys=True) if raw else None


def raw_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Read back what `raw_text` wrote into properties."""
    text = properties.get("_raw")
    return json.loads(text) if text else {}


def times_text(times: Mapping[str, datetime]) -> str | None:
    """Give fields and the times at which they were last said the form of a property; None where there are none.

    Examples
    --------
    >>> times_text({"name": datetime(2026, 1, 31, tzinfo=UTC), "city": datetime(2026, 1, 31, tzinfo=UTC)})
    '{"2026-01-31T00:00:00+00:00": ["city", "name"]}'
    """
    together: dict[str, list[str]] = {}
    for name in sorted(times):
        together.setdefault(times[name].isoformat(), []).append(name)
    return json.dumps(together, ensure_ascii=False, sort_keys=True) if together else None


def times_of(text: str | None) -> dict[str, datetime]:
    """Read back what `times_text` wrote."""
    together: dict[str, list[str]] = json.loads(text) if text else {}
    return {name: datetime.fromisoformat(at) for at, names in together.items() for name in names}
