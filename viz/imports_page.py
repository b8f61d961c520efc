"""The pages of imports: files are given on one, and what came of them is told on it and on each import's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from viz.language import WORDS, Language, script_words, text, word
from viz.render import render

__all__ = ["COUNTED", "import_page", "imports_page", "job_of", "moment", "refusals", "source_href"]

COUNTED: Final = ("read", "created", "updated", "unchanged", "rejected")
"""What of an import's counts stands in lists; the first is the sum of the others."""
_ALSO_COUNTED: Final = ("repeated", "flagged")
_GOING: Final = ("queued", "running")


def imports_page(
    jobs: Sequence[Mapping[str, Any]],
    cursors: tuple[str | None, str | None],
    source: str | None,
    choices: Mapping[str, Sequence[str]],
    language: Language,
    **frame: Any,
) -> str:
    """The page on which files are given, and the imports there were.

    Parameters
    ----------
    jobs : sequence of mapping
        As `GET /api/v1/imports` tells them, the latest first, each with `has_rejects`: whether the file of its rejects
        can be had.
    cursors : tuple of str or None
        Of this page and of the next one.
    source : str or None
        The source whose imports these are; None for all.
    choices : mapping
        What can be chosen: `sources` and `presets`, by name.
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
    asked = {"source": source} if source else {}
    return render(
        "imports.html",
        language,
        **frame,
        jobs=[job_of(job, language) for job in jobs],
        source=source and word(language, "source", source),
        choices=choices,
        later=bool(here),
        more=following and "?" + urlencode(asked | {"cursor": following}),
        words=script_words(language),
        refused=refusals(language),
    )


def import_page(job: Mapping[str, Any], rejects: Sequence[Mapping[str, Any]], language: Language, **frame: Any) -> str:
    """The page of one import.

    Parameters
    ----------
    job : mapping
        See `imports_page`.
    rejects : sequence of mapping
        The first rows that it rejected: `file`, `line`, `column` and `reason`.
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
        "import.html",
        language,
        **frame,
        job=job_of(job, language),
        rejects=rejects,
        words=script_words(language),
        refused=refusals(language),
    )


def job_of(job: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """An import in words.

    Parameters
    ----------
    job : mapping
        See `imports_page`.
    language : {"en", "zh"}
        Of the words.

    Returns
    -------
    dict
        `id`, `href`, `title` and `named` (its files in words), `source` and `source_href`, `state` and `state_word`,
        `is_going` (whether it may still change), `dry_run`, `percent`, `begun`, `ended`, `message`, `counts` and
        `more_counts` (each with `name`, `label` and `n`, None while it is not known), `rejected`, `rejects_href` (None
        where there is no file), `files`: `file`, `table` and their `counts`; and `notes` on them, each once.

    Examples
    --------
    >>> counts = {"read": 3, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1, "repeated": 0, "flagged": 0}
    >>> file = {"file": "a.csv", "table": "customers", "notes": []} | counts
    >>> times = {"made_at": "2026-01-02T03:04:05Z", "started_at": None, "ended_at": None}
    >>> none = {"message": None, "merged": None}
    >>> told = none | {"id": "J1", "source": "crm", "state": "done", "dry_run": False, "progress": 1.0}
    >>> line = job_of(told | times | counts | {"files": [file], "has_rejects": True}, "en")
    >>> line["title"], line["state_word"], line["begun"], line["rejects_href"]
    ('Import of a.csv', 'done', '2026-01-02 03:04', '/api/v1/imports/J1/rejects')
    >>> [count["n"] for count in line["counts"]]
    [3, 2, 0, 0, 1]
    """
    names = [file["file"].rsplit("/", 1)[-1] for file in job["files"]]
    named = (
        ", ".join(names) if len(names) < 3 else text(language, "import.files_and_more", file=names[0], n=len(names) - 1)
    )
    address = quote(job["id"], safe="")
    return {
        "id": job["id"],
        "href": f"/imports/{address}",
        "named": named,
        "title": text(language, "import.of", files=named) if named else text(language, "import.without_files"),
        "source": word(language, "source", job["source"]),
        "source_href": source_href(job["source"]),
        "state": job["state"],
        "state_word": text(language, f"state.{job['state']}"),
        "is_going": job["state"] in _GOING,
        "dry_run": job["dry_run"],
        "percent": round(100 * job["progress"]),
        "begun": moment(job["started_at"] or job["made_at"]),
        "ended": moment(job["ended_at"]),
        "message": job["message"],
        "counts": _counts(job, COUNTED, language),
        "more_counts": _counts(job, (*_ALSO_COUNTED, *(["merged"] if job["merged"] is not None else [])), language),
        "rejected": job["rejected"] or 0,
        "rejects_href": f"/api/v1/imports/{address}/rejects" if job["has_rejects"] else None,
        "files": [
            {**{name: file[name] for name in ("file", "table")}, "counts": _counts(file, COUNTED, language)}
            for file in job["files"]
        ],
        "notes": list(dict.fromkeys(f"{file['file']}: {note}" for file in job["files"] for note in file["notes"])),
    }


def source_href(name: str) -> str:
    """Address of a source's page.

    Examples
    --------
    >>> source_href("北")
    '/sources/%E5%8C%97'
    """
    return f"/sources/{quote(name, safe='')}"


def moment(at: str | None) -> str | None:
    """A time as it is read, to the minute (UTC).

    Examples
    --------
    >>> moment("2026-01-02T03:04:05.6Z")
    '2026-01-02 03:04'
    """
    return at and at[:16].replace("T", " ")


def refusals(language: Language) -> dict[str, str]:
    """Why the service refuses, by the field or the status that it names: what the scripts say instead of its words."""
    return {key.removeprefix("refused."): text(language, key) for key in WORDS if key.startswith("refused.")}


def _counts(counted: Mapping[str, Any], names: Sequence[str], language: Language) -> list[dict[str, Any]]:
    return [{"name": name, "label": text(language, f"count.{name}"), "n": counted[name]} for name in names]
