"""Why two parties are tied as strongly as they are: a page of its own, and what the map tells of a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from viz.language import WORDS, Language, text, word
from viz.render import map_href, render

__all__ = ["SHOWN_INTERACTIONS", "strength_told", "tie_of", "tie_page"]

SHOWN_INTERACTIONS: Final = 5
"""How many of the interactions behind a tie are told, the latest ones."""
_DATES: Final = frozenset({"at", "since", "until"})
_UNCHANGED: Final = 1e-9


def tie_page(
    source: Mapping[str, Any],
    target: Mapping[str, Any],
    strength: float,
    ties: Sequence[Mapping[str, Any]],
    language: Language,
    **frame: Any,
) -> str:
    """The page that takes the strength of the step from one party to another apart.

    Parameters
    ----------
    source, target : mapping
        `id`, `label` and `name` of each.
    strength : float
        That they have together; the contributions of the ties add up to it.
    ties : sequence of mapping
        Rows of `Graph.explain`, strongest first.
    language : {"en", "zh"}
        Of the words.
    **frame : Any
        The frame of every page.

    Returns
    -------
    str
        HTML. Its element ``tie`` is what the map shows beside itself.
    """
    return render(
        "tie.html",
        language,
        **frame,
        source=source,
        target=target,
        strength=strength_told(strength),
        parts=[strength_told(tie["contribution"]) for tie in ties],
        ties=[tie_of(tie, language) for tie in ties],
        map_address=map_href(source["id"]),
    )


def tie_of(tie: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A tie in words.

    Parameters
    ----------
    tie : mapping
        A row of `Graph.explain`.
    language : {"en", "zh"}
        Of the words.

    Returns
    -------
    dict
        `id`, `type`, `kind` (None where it has none), `layer`, `contribution`, `strength`, `made` (where the strength
        comes from), `faded` (since when it has faded, None where it has not), `sources` (their names), `evidence`
        (triples of field, value and source, those shown first), `interactions` (`at`, `kind`, `subject` and
        `contribution`) and `more`: how many of these are left out.

    Examples
    --------
    >>> said = {"value": 0.9, "raw": None, "source": "crm", "shown": True}
    >>> stated = {"id": "K", "type": "KNOWS", "layer": "knows", "kind": "friend", "at": None, "last": None,
    ...           "count": None, "rule": "stated", "unfaded": 0.9, "strength": 0.9, "contribution": 0.75,
    ...           "sources": ["crm"], "evidence": [{"field": "strength", "values": [said]}], "interactions": []}
    >>> told = tie_of(stated, "en")
    >>> told["contribution"], told["made"], told["faded"], told["evidence"]
    ('0.750', 'stated as 0.900', None, [('Strength', '0.9', 'crm')])
    """
    latest = tie["interactions"][:SHOWN_INTERACTIONS]
    has_faded = tie["last"] and tie["unfaded"] - tie["strength"] > _UNCHANGED
    unfaded = strength_told(tie["unfaded"])
    return {
        "id": tie["id"],
        "type": word(language, "type", tie["type"]),
        "kind": tie["kind"] and word(language, "kind", tie["kind"]),
        "layer": tie["layer"],
        "contribution": strength_told(tie["contribution"]),
        "strength": strength_told(tie["strength"]),
        "made": text(language, f"made.{tie['rule']}", unfaded=unfaded, n=tie["count"] or 0, count=tie["count"] or 0),
        "faded": text(language, "made.faded", day=tie["last"][:10]) if has_faded else None,
        "sources": ", ".join(word(language, "source", name) for name in tie["sources"]),
        "evidence": _evidence(tie["evidence"], language),
        "interactions": [
            {
                "at": each["at"][:16].replace("T", " "),
                "kind": word(language, "kind", each["kind"] or ""),
                "subject": each["subject"],
                "contribution": strength_told(each["contribution"]),
            }
            for each in latest
        ],
        "more": (tie["count"] or 0) - len(latest) if tie["layer"] == "interaction" else 0,
    }


def strength_told(value: float) -> str:
    """A strength, or a part of one, to three decimals.

    Examples
    --------
    >>> strength_told(0.81), strength_told(0.0001), strength_told(0.0)
    ('0.810', '< 0.001', '0.000')
    """
    return "< 0.001" if 0 < value < 0.0005 else f"{value:.3f}"


def _evidence(fields: Sequence[Mapping[str, Any]], language: Language) -> list[tuple[str, str, str]]:
    return [
        (
            _field_word(field["field"], language),
            _value(field["field"], said["value"], language),
            word(language, "source", said["source"]),
        )
        for field in fields
        for said in sorted(field["values"], key=lambda said: not said["shown"])
    ]


def _field_word(name: str, language: Language) -> str:
    return text(language, name) if f"field.{name}" not in WORDS and name in WORDS else word(language, "field", name)


def _value(name: str, value: Any, language: Language) -> str:
    if value is None:
        return text(language, "blank")
    if name in _DATES:
        return str(value)[:10]
    return word(language, name, str(value)) if name in ("kind", "channel") else str(value)
