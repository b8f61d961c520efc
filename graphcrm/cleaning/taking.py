"""Taking a row in: cleaned, then checked by its table, with the original of all that was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graphcrm.cleaning.rows import clean_row, kind_of
from graphcrm.errors import InvalidInput
from graphcrm.tables import Row, Table
from graphcrm.values import is_link, raw_text, texts_in

__all__ = ["take_row"]

_DECISIVE: Final = frozenset({"at", "since", "until"})
"""Times that decide from when, until when and how much a thing counts: without one a row would say something else."""


def take_row(table: Table, values: Mapping[str, Any], region: str | None = None) -> tuple[Row, dict[str, str]]:
    """Clean a row of a file and check it.

    A value that could not be cleaned and that its field cannot hold, such as a country that nobody knows, is left out,
    where the row can do without it: `at`, `since`, `until` and required fields are never left out. Of a list of links
    only those are left out that are none.

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
            clean = {name: _left(table.name, field, value) if name == field else value for name, value in clean.items()}
    if raw:
        row.properties["_raw"] = raw_text(raw)
    return row, flags


def _left(table_name: str, field: str, value: str) -> list[str] | None:
    """What a field can hold of a value that could not be cleaned: of a list of links those that are some."""
    links = [text for text in texts_in(value) if is_link(text)] if kind_of(table_name, field) == "links" else []
    return links or None
