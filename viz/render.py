"""Pages from templates: one Jinja environment that escapes everything, and the words of the reader's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from viz.assets import TEMPLATES
from viz.language import Language, text, word
from viz.style import label_style, outline

__all__ = ["ADDRESSES", "archive_href", "breakable", "environment", "map_href", "one_line", "render", "tie_href"]


ADDRESSES: Final = {"Customer": "/customers/", "Contact": "/contacts/"}
"""Where parties have their archives, by label."""
_WORD_ENDS: Final = re.compile(r"(?<=_)(?=[^_])|(?<=[a-z0-9])(?=[A-Z])")


def map_href(party_id: str) -> str:
    """Address of a party's map.

    Examples
    --------
    >>> map_href('C 1/"x')
    '/map/C%201%2F%22x'
    """
    return f"/map/{quote(party_id, safe='')}"


def archive_href(label: str, party_id: str) -> str | None:
    """Address of a party's archive; None for what is no party.

    Examples
    --------
    >>> archive_href("Contact", "K 1/x")
    '/contacts/K%201%2Fx'
    """
    return f"{ADDRESSES[label]}{quote(party_id, safe='')}" if label in ADDRESSES else None


def tie_href(source: str, target: str, layers: Sequence[str]) -> str:
    """Address of the page about the step from one party to another.

    Examples
    --------
    >>> tie_href("C1", "C/2", ["knows"])
    '/tie?source=C1&target=C%2F2&layers=knows'
    """
    return "/tie?" + urlencode([("source", source), ("target", target), *(("layers", layer) for layer in layers)])


def one_line(value: object) -> str:
    """Text with its line breaks and runs of spaces made single spaces.

    Examples
    --------
    >>> one_line(" Ann\\n  Lee ")
    'Ann Lee'
    """
    return " ".join(str(value).split())


def breakable(value: object) -> Markup:
    """A name as HTML that may be broken where its words meet: raw names of columns have no spaces.

    Examples
    --------
    >>> str(breakable("HasOptedOut__c <b>"))
    'Has<wbr>Opted<wbr>Out__<wbr>c &lt;b&gt;'
    """
    pieces = _WORD_ENDS.split(one_line(value))
    return Markup("<wbr>").join(pieces)


def _significant(value: float, digits: int = 4) -> str:
    """A score as people read it: four digits that count, no exponent.

    Examples
    --------
    >>> _significant(0.000123456), _significant(1234.5678), _significant(14.0)
    ('0.0001235', '1,235', '14')
    """
    if value == 0:
        return "0"
    if abs(value) >= 10**digits or value == int(value):
        return f"{value:,.0f}"
    places = digits - len(str(int(abs(value)))) if abs(value) >= 1 else digits + _leading_zeros(abs(value))
    shown = f"{value:,.{min(places, 12)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _leading_zeros(value: float) -> int:
    decimals = f"{value:.12f}".split(".")[1]
    return len(decimals) - len(decimals.lstrip("0"))


@cache
def environment() -> Environment:
    """The environment of all templates; it escapes in every one, whatever its name."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        archive_href=archive_href, label_style=label_style, map_href=map_href, outline=outline, tie_href=tie_href
    )
    made.filters.update(breakable=breakable, one_line=one_line, significant=_significant)
    return made


def render(template: str, language: Language, **context: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template : str
        Its name in viz/templates.
    language : {"en", "zh"}
        Of the words that `t` and `term` give inside it.
    **context : Any
        What else the template asks for.

    Returns
    -------
    str
        HTML.
    """
    words = {"language": language, "t": partial(text, language), "term": partial(word, language)}
    return environment().get_template(template).render(**words, **context)
