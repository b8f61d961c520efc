"""The page of duplicates: pairs of parties that may be one, side by side, as the templates show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from graphcrm.tables import TABLES
from viz.language import Language, script_words, word
from viz.render import archive_href, render

__all__ = ["duplicates_page", "pair_of"]

_FIRST: Final = tuple(dict.fromkeys((*TABLES["customers"].properties, *TABLES["contacts"].properties)))
"""Fields of the vocabulary, in the order in which they stand; others follow by name."""


def duplicates_page(
    pairs: Sequence[Mapping[str, Any]],
    search: Mapping[str, Any] | None,
    cursors: tuple[str | None, str | None],
    language: Language,
    **frame: Any,
) -> str:
    """The page.

    Parameters
    ----------
    pairs : sequence of mapping
        As `graphcrm.service.candidates.Candidates.page` gives them.
    search : mapping or None
        As `Candidates.last` gives it.
    cursors : tuple of str or None
        Of this page and of the next one.
    language : {"en", "zh"}
        Of the words.
    **frame : Any
        `editable`, and the frame of every page.

    Returns
    -------
    str
        HTML.
    """
    here, following = cursors
    return render(
        "duplicates.html",
        language,
        **frame,
        pairs=[pair_of(pair, language) | {"place": place} for place, pair in enumerate(pairs)],
        search=search and {**search, "moment": _moment(search["ended_at"] or search["started_at"])},
        later=bool(here),
        more=following and "?" + urlencode({"cursor": following}),
        words=script_words(language),
    )


def pair_of(pair: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A pair in words.

    Parameters
    ----------
    pair : mapping
        An item of `graphcrm.service.candidates.Candidates.page`.
    language : {"en", "zh"}
        Of the words.

    Returns
    -------
    dict
        `left` and `right` (`id`, `label`, `name`, `href`), `percent`, `evidence` (`field`, `level`, `weight`, `speaks`:
        ``for`` or ``against``) and `rows`: `field`, `label`, `left`, `right` and how they stand to each other (`mark`:
        ``same``, ``differs`` or ``one_side``).

    Examples
    --------
    >>> one = {"id": "A", "label": "Customer", "name": "Ann", "sources": ["crm"]}
    >>> one["fields"] = {"name": "Ann", "city": "Ulm"}
    >>> other = one | {"id": "B", "fields": {"name": "Anna"}}
    >>> said = {"field": "given_name", "level": "similar", "weight": 3.84}
    >>> shown = pair_of({"left": one, "right": other, "probability": 0.98765, "evidence": [said]}, "en")
    >>> shown["percent"], shown["evidence"][0]["field"], shown["evidence"][0]["weight"]
    ('98.8 %', 'Given name', '+3.8')
    >>> [(row["label"], row["left"], row["right"], row["mark"]) for row in shown["rows"]][:2]
    [('Name', 'Ann', 'Anna', 'differs'), ('City', 'Ulm', '', 'one_side')]
    """
    left, right = pair["left"], pair["right"]
    return {
        "left": _party(left),
        "right": _party(right),
        "percent": _percent(pair["probability"]),
        "evidence": [
            {
                "field": word(language, "field", entry["field"]),
                "level": word(language, "level", entry["level"]),
                "weight": f"{entry['weight']:+.1f}",
                "speaks": "for" if entry["weight"] > 0 else "against",
            }
            for entry in pair["evidence"]
        ],
        "rows": [*_rows(left, right, language), _sources(left, right, language)],
    }


def _party(party: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: party[name] for name in ("id", "label", "name")},
        "href": archive_href(party["label"], party["id"]),
    }


def _percent(probability: float) -> str:
    """A probability as people read it; what is not certain never says so.

    Examples
    --------
    >>> _percent(0.5), _percent(0.99999)
    ('50 %', '99.9 %')
    """
    return f"{min(round(100 * probability, 1), 99.9):g} %"


def _rows(left: Mapping[str, Any], right: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    known = left["fields"].keys() | right["fields"].keys()
    names = [name for name in _FIRST if name in known] + sorted(known - set(_FIRST))
    rows = []
    for name in names:
        one, other = (_told(name, side["fields"].get(name), language) for side in (left, right))
        if one or other:
            mark = "same" if one == other else "differs" if one and other else "one_side"
            rows.append(_row(name, word(language, "field", name), one, other, mark, language))
    return rows


def _sources(left: Mapping[str, Any], right: Mapping[str, Any], language: Language) -> dict[str, Any]:
    one, other = (", ".join(word(language, "source", name) for name in side["sources"]) for side in (left, right))
    mark = "same" if one == other else "differs"
    return _row("sources", word(language, "field", "sources"), one, other, mark, language)


def _row(field: str, label: str, left: str, right: str, mark: str, language: Language) -> dict[str, Any]:
    row = {"field": field, "label": label, "left": left, "right": right, "mark": mark}
    return row | {"said": word(language, "mark", mark)}


def _told(name: str, value: Any, language: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "kind":
        return word(language, "kind", str(value))
    return str(_moment(value)) if name == "created_at" else str(value)


def _moment(at: str | None) -> str | None:
    """A time as it is read, to the minute."""
    return at and f"{at[:10]} {at[11:16]}".strip()
