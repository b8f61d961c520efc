"""The pages of sources: what each is, how far it is trusted, what it brought, how good that is, and its erasing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphcrm.tables import TABLES
from viz.imports_page import job_of, moment, refusals, source_href
from viz.language import Language, field_word, script_words, text, word
from viz.render import render

__all__ = ["quality_page", "source_of", "source_page", "sources_page"]

_COUNTED: Final = ("count", "blank", "invalid", "duplicated", "stale")


def sources_page(
    sources: Sequence[tuple[Mapping[str, Any], Mapping[str, Any] | None]], language: Language, **frame: Any
) -> str:
    """The page of all sources.

    Parameters
    ----------
    sources : sequence of tuple
        Each source as `graphcrm.service.sources.Sources.read` gives it, and its last import (or None).
    language : {"en", "zh"}
        Of the words.
    **frame : Any
        `editable`, and the frame of every page.

    Returns
    -------
    str
        HTML.
    """
    return render(
        "sources.html",
        language,
        **frame,
        sources=[source_of(source, last, language) for source, last in sources],
        words=script_words(language),
        refused=refusals(language),
    )


def source_page(source: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]], language: Language, **frame: Any) -> str:
    """The page of one source.

    Parameters
    ----------
    source : mapping
        As `graphcrm.service.sources.Sources.read` gives it.
    jobs : sequence of mapping
        Its latest imports, as `viz.imports_page.imports_page` takes them.
    language : {"en", "zh"}
        Of the words.
    **frame : Any
        `editable`, `erasable`, and the frame of every page.

    Returns
    -------
    str
        HTML.
    """
    return render(
        "source.html",
        language,
        **frame,
        source=source_of(source, jobs[0] if jobs else None, language),
        jobs=[job_of(job, language) for job in jobs],
        words=script_words(language),
        refused=refusals(language),
    )


def quality_page(
    name: str, lines: Sequence[Mapping[str, Any]], stale_days: int, language: Language, **frame: Any
) -> str:
    """The page that tells how good a source is.

    Parameters
    ----------
    name : str
        The source.
    lines : sequence of mapping
        As `graphcrm.service.sources.Sources.quality` gives them.
    stale_days : int, days
        After which values count as stale.
    language : {"en", "zh"}
        Of the words.
    **frame : Any
        The frame of every page.

    Returns
    -------
    str
        HTML.
    """
    return render(
        "quality.html",
        language,
        **frame,
        source=word(language, "source", name),
        address=source_href(name),
        headings=[text(language, f"quality.{counted}") for counted in _COUNTED],
        lines=[_quality_line(line, language) for line in lines],
        stale_days=stale_days,
    )


def source_of(source: Mapping[str, Any], last: Mapping[str, Any] | None, language: Language) -> dict[str, Any]:
    """A source in words.

    Parameters
    ----------
    source : mapping
        As `graphcrm.service.sources.Sources.read` gives it.
    last : mapping or None
        Its last import, as `GET /api/v1/imports` tells it.
    language : {"en", "zh"}
        Of the words.

    Returns
    -------
    dict
        `id` (its name), `name` (in words), `href`, `kind`, `trust`, `prefix`, `nodes` (triples of label, word and
        number), `ties` (how many), and of its last import `seen` (the time) and `rejected`.

    Examples
    --------
    >>> said = {"name": "hand", "kind": "hand", "trust": 100, "prefix": None}
    >>> said |= {"nodes": {"Contact": 2}, "ties": {"KNOWS": 3, "OWNS": 1}}
    >>> line = source_of(said, None, "zh")
    >>> line["name"], line["kind"], line["nodes"], line["ties"], line["seen"]
    ('手工录入', '手工录入', [('Contact', '联系人', 2)], 4, None)
    """
    return {
        "id": source["name"],
        "name": word(language, "source", source["name"]),
        "href": source_href(source["name"]),
        "kind": word(language, "kind", source["kind"]),
        "trust": source["trust"],
        "prefix": source["prefix"],
        "nodes": [(label, word(language, "label", label), n) for label, n in source["nodes"].items()],
        "ties": sum(source["ties"].values()),
        "seen": last and moment(last["ended_at"] or last["started_at"] or last["made_at"]),
        "rejected": last and last["rejected"],
    }


def _quality_line(line: Mapping[str, Any], language: Language) -> dict[str, Any]:
    table = TABLES.get(line["table"])
    reasons = [f"{word(language, 'flag', flag)} ({n:,})" for flag, n in line["reasons"].items()]
    examples = (example.partition(": ") for example in line["examples"])
    return {
        "table": word(language, "label", table.label or "") if table else line["table"],
        "label": table.label if table else None,
        "name": line["field"],
        "known": table is not None and line["field"] in table.columns,
        "field": field_word(language, table.label if table else None, line["field"]),
        "counts": [(name, line[name]) for name in _COUNTED],
        "why": reasons,
        "examples": [masked for flag, _, masked in examples if flag in line["reasons"]],
    }
