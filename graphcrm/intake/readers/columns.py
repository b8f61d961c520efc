"""How formats without columns write texts, lists and ids into theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from graphcrm.limits import MAX_ID_LENGTH

__all__ = ["joined", "one_line", "short_id"]


def one_line(text: str, between: str = " ") -> str:
    """Write a text on one line.

    Examples
    --------
    >>> one_line(" Street 4\\n Building 6 ", ", ")
    'Street 4, Building 6'
    """
    return between.join(part for line in re.split(r"[\r\n]+", text) if (part := " ".join(line.split())))


def joined(values: Iterable[str]) -> str:
    """Write a list, each value once, in the order of their first place.

    Examples
    --------
    >>> joined(["a", "", "b|c", "a"])
    'a|b c'
    """
    return "|".join(dict.fromkeys(value.replace("|", " ") for value in values if value))


def short_id(text: str) -> str:
    """Take a text as an id; a digest stands for one that is too long or holds blanks.

    Examples
    --------
    >>> short_id("a@example.com"), short_id("x" * 300)[:11]
    ('a@example.com', 'sha256-0d4e')
    """
    if len(text) <= MAX_ID_LENGTH and text.isprintable() and not re.search(r"[\s|]", text):
        return text
    return "sha256-" + sha256(text.encode("utf-8", "replace")).hexdigest()[:40]
