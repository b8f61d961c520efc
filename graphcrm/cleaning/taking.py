"""Taking a row in: cleaned, then checked by its table, with the original of all that was changed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from phonenumbers import SUPPORTED_REGIONS

from graphcrm.cleaning.rows import clean_row
from graphcrm.errors import InvalidInput
from graphcrm.tables import Row, Table
from graphcrm.values import raw_text

__all__ = ["checked_region", "take_row"]

_DECISIVE: Final = frozenset({"at", "since", "until"})
"""Times that decide from when, until when and how much a thing counts: without one a row would say something else."""


def take_row(table: Table, values: Mapping[str, Any], region: str | None = None) -> tuple[Row, dict[str, str]]:
    """Clean a row of a file and check it.

    A value that could not be cleaned and that its field cannot hold, such as a country that nobody knows, is left out,
    where the row can do without it: `at`, `since`, `until` and required fields are never left out.

    Parameters
    ----------
    table : Table
        Its table.
    values : mapping
        As `Table.row` takes them.
    region : str, optional
        As for `graphcrm.cleaning.rows.clean_field`.

    Returns
    -------
    Row
        Valid; its properties have what cleaning changed or left out, as it came, under ``_raw``.
    dict of str to str
        The fields that could not be cleaned, with the code of the reason.

    Raises
    ------
    InvalidInput
        The first rule that is broken, with its column in `field`.

    Examples
    --------
    >>> from graphcrm.tables import TABLES
    >>> ann = {"id": "A", "name": " Ann", "country": "Atlantis"}
    >>> row, flags = take_row(TABLES["customers"], ann)
    >>> row.properties
    {'id': 'A', 'name': 'Ann', '_raw': '{"country": "Atlantis", "name": " Ann"}'}
    >>> flags
    {'country': 'unknown_country'}
    """
    clean, raw, flags = clean_row(table.name, values, region)
    while True:
        try:
            row = table.row(clean)
            break
        except InvalidInput as error:
            field = error.field or ""
            if field not in flags or field in raw or field in table.required or field in _DECISIVE:
                raise
            raw[field] = clean[field]
            clean = {name: value for name, value in clean.items() if name != field}
    if raw:
        row.properties["_raw"] = raw_text(raw)
    return row, flags


@cache
def checked_region(code: str | None) -> str | None:
    """Check the code of the country that telephone numbers without a country code are of.

    Parameters
    ----------
    code : str or None
        ISO 3166, two letters in any case; empty for none.

    Returns
    -------
    str or None
        The code in capitals.

    Raises
    ------
    InvalidInput
        It is no country's.

    Examples
    --------
    >>> checked_region("de"), checked_region("")
    ('DE', None)
    """
    if not code:
        return None
    if code.upper() not in SUPPORTED_REGIONS:
        raise InvalidInput(f"region: must be the ISO 3166 code of a country, such as DE, not {code!r}", field="region")
    return code.upper()
