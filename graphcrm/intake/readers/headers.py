"""The first row of a table: names of its columns, or a row like the others because nobody wrote any names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_COLUMNS

__all__ = ["is_data", "named_by_content", "named_header"]

_MOST: Final = 0.8
"""The share of a column's values that must be of a kind."""
_KINDS: Final = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "url": re.compile(r"(https?://|www\.)\S+", re.IGNORECASE),
    "date": re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d\d)( \d.*)?"),
    "number": re.compile(r"[-+]?\d{1,15}([.,]\d+)?"),
    "phone": re.compile(r"[+(]{0,2}\d[\d\s()/.-]{5,}\d"),
}
_YEAR: Final = re.compile(r"(19|20)\d\d")


def named_header(where: str, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give each column a name of its own.

    Parameters
    ----------
    where : str
        Begins the sentence that says what is wrong.
    names : sequence of str
        The names as they stand in the file; some may be empty, or stand there twice.

    Returns
    -------
    tuple of tuple of str and tuple of str
        The names: ``column 3`` for an empty one, ``name (2)`` for the second of one name; and what was done.

    Raises
    ------
    InvalidInput
        If there are too many, or none at all.

    Examples
    --------
    >>> named_header("The header", ["id", "", "Phone", " Phone"])[0]
    ('id', 'column 2', 'Phone', 'Phone (2)')
    """
    if len(names) > MAX_COLUMNS:
        raise InvalidInput(f"{where} has {len(names):,} columns; at most {MAX_COLUMNS:,} are read.")
    header: dict[str, None] = {}
    own = {name.strip() for name in names}
    notes = []
    for position, name in enumerate(names, 1):
        base = given = name.strip() or f"column {position}"
        number = 2
        while given in header or (given != name.strip() and given in own):
            given = f"{base} ({number})"
            number += 1
        header[given] = None
        if given != name.strip():
            what = f"has the column {base!r} twice" if name.strip() else f"has no name for column {position}"
            notes.append(f"{what}: {given!r} stands for it")
    return tuple(header), tuple(notes)


def is_data(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row of a table is one like the others.

    Parameters
    ----------
    rows : sequence of sequence of str
        The first rows, cell by cell.

    Returns
    -------
    bool
        True where it holds an e-mail or web address or a date above others, or numbers above all columns of numbers
        (but for years and running numbers, which do name columns).

    Examples
    --------
    >>> is_data([["39", "State-gov"], ["50", "Private"]]), is_data([["country", "2023"], ["DE", "7"]])
    (True, False)
    """
    if len(rows) < 2 or not rows[0]:
        return False
    first, columns = [text.strip() for text in rows[0]], _columns(rows)
    kinds = [_kind(column) for column in columns]
    alike = [text for text, kind in zip(first, kinds, strict=True) if kind in ("email", "url", "date")]
    if any(_kind([text]) in ("email", "url", "date") for text in alike):
        return True
    numbers = [text for text, kind in zip(first, kinds, strict=True) if kind in ("number", "phone")]
    if not numbers or not all(_KINDS["number"].fullmatch(text) or _KINDS["phone"].fullmatch(text) for text in numbers):
        return False
    return not any(_YEAR.fullmatch(text) for text in numbers) and not _is_running(numbers)


def named_by_content(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Names for the columns of a table without a header: what they hold, else ``column 3``.

    Examples
    --------
    >>> named_by_content([["7", "a@x.example", "2024-01-31"], ["8", "b@x.example", "2024-02-01"]])
    ('column 1', 'email', 'date')
    """
    names = [
        kind if (kind := _kind(column)) not in ("", "number") else f"column {place}"
        for place, column in enumerate(_columns(rows), 1)
    ]
    return named_header("", names)[0]


def _columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The values below the first row, by column of the first row."""
    return [
        [text for row in rows[1:] if place < len(row) and (text := row[place].strip())] for place in range(len(rows[0]))
    ]


def _kind(values: Sequence[str]) -> str:
    """What most values are; empty for nothing in particular."""
    for kind, form in _KINDS.items():
        if values and sum(bool(form.fullmatch(value)) for value in values) >= _MOST * len(values):
            return kind
    return ""


def _is_running(texts: Sequence[str]) -> bool:
    if len(texts) < 2 or not all(text.isdecimal() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    return all(later == number + 1 for number, later in pairwise(numbers))
