"""Pages behind a text, the same on both engines whatever characters it holds.

Both engines sort texts by code points. Neo4j compares them so as well where an index gives the order, but by the units
of UTF-16 elsewhere: an emoji then lies before a full-width bracket, and a page behind either would leave out the other.
So a page is asked for behind a shorter text, of which all comparisons say the same, and what comes too early is left
out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["above", "agreed", "behind", "enough", "in_bytes"]

_T = TypeVar("_T")

_FIRST_AT_ODDS: Final = "\ue000"
"""The first character that comparisons disagree about: from here on UTF-16 sorts in another order than code points."""
_LAST_AGREED: Final = "\ud7ff"
_MORE: Final = 4


def agreed(text: str) -> str:
    """The beginning of a text that lies below all that lie behind it, however they are compared.

    Examples
    --------
    >>> agreed("Anna"), agreed("Anna\\uff08x\\uff09")
    ('Anna', 'Anna')
    """
    return text[: next((place for place, character in enumerate(text) if character >= _FIRST_AT_ODDS), len(text))]


def above(text: str) -> str | None:
    """A text above all that begin with an agreed one; None where there is none.

    Examples
    --------
    >>> above("Anna"), above("")
    ('Annb', None)
    """
    for end in range(len(text), 0, -1):
        if text[end - 1] < _LAST_AGREED:
            return text[: end - 1] + chr(ord(text[end - 1]) + 1)
    return None


def in_bytes(text: str) -> bytes:
    """What texts are sorted by: their bytes in UTF-8, which have the order of the code points."""
    return text.encode(errors="surrogatepass")


def enough(read: Callable[[int], list[_T]], is_behind: Callable[[_T], bool], limit: int) -> list[_T]:
    """Read as many rows as it takes to have some that lie behind a place, or all that there are.

    Parameters
    ----------
    read : callable
        Gives the first rows in order, as many as it is told or all.
    is_behind : callable
        Whether a row is wanted; from the first that is on, all are.
    limit : int
        How many are.
    """
    wanted = limit
    while True:
        found = read(wanted)
        kept = [row for row in found if is_behind(row)]
        if len(kept) >= limit or len(found) < wanted:
            return kept[:limit]
        wanted *= _MORE


def behind(read: Callable[[str, int], list[_T]], id_of: Callable[[_T], str], after: str, limit: int) -> list[_T]:
    """The rows behind an id, in the order of their ids.

    Parameters
    ----------
    read : callable
        Gives the first rows behind a text, as many as it is told.
    id_of : callable
        A row's id.
    after : str
        The id; empty for the first rows.
    limit : int
        Rows.

    Examples
    --------
    >>> ids = ["a", "a\\ufffd", "a\\U0001f600", "b"]
    >>> behind(lambda text, rows: [id_ for id_ in ids if id_ > text][:rows], str, "a\\ufffd", 2) == ids[2:]
    True
    """
    start, mark = agreed(after), in_bytes(after)
    if start == after:
        return read(after, limit)
    return enough(lambda rows: read(start, rows), lambda row: in_bytes(id_of(row)) > mark, limit)
