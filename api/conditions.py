"""Conditional requests: `If-Match` before a change, `If-None-Match` before an answer.

References
----------
RFC 9110, 13.1 (preconditions) and 8.8.3 (comparison of entity tags); RFC 6585, 3 (428 Precondition Required).
"""

from __future__ import annotations

import re

from api.errors import PreconditionRequired
from graphcrm.errors import InvalidInput

__all__ = ["entity_tags", "matches_any", "tags_to_match"]

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')


def entity_tags(header: str) -> list[tuple[bool, str]] | None:
    """The tags of an `If-Match` or `If-None-Match` header.

    Parameters
    ----------
    header : str
        The header's value.

    Returns
    -------
    list of (bool, str) or None
        Whether each is weak, and its text without the quotes; None for ``*``, which any record matches.

    Raises
    ------
    InvalidInput
        When the header is not a list of quoted tags.

    Examples
    --------
    >>> entity_tags('"a", W/"b"')
    [(False, 'a'), (True, 'b')]
    """
    if header.strip() == "*":
        return None
    tags, position = [], 0
    while position < len(header):
        found = _TAG.match(header, position)
        if found is None:
            raise InvalidInput(
                'If-Match: must be the ETag of the record as it was read, quotes included, such as "1a2b"',
                field="If-Match",
            )
        tags.append((bool(found[1]), found[2]))
        position = found.end()
    return tags


def tags_to_match(header: str | None) -> list[str] | None:
    """The strong tags of which the record's must be one; None when any will do.

    Raises
    ------
    PreconditionRequired
        Without the header: a blind change would undo what another editor has just saved.
    """
    if header is None:
        raise PreconditionRequired(
            "Read the record first and send its ETag as If-Match (or '*' to change it whatever it holds)."
        )
    tags = entity_tags(header)
    return None if tags is None else [text for weak, text in tags if not weak]


def matches_any(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names a tag, in the weak comparison that reading takes."""
    if header is None:
        return False
    try:
        tags = entity_tags(header)
    except InvalidInput:
        return False  # a condition that cannot be read cannot be met; the whole answer is never wrong
    return tags is None or tag in (text for _, text in tags)
