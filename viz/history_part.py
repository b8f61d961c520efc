"""What changed in a party, in words: the lines of the archive page's history."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from viz.language import Language, text, word

__all__ = ["earlier_of", "history_line", "history_part"]

_IMPORT: Final = "import:"
_AUTOMATIC: Final = "automatic"
_SHOWN_EARLIER: Final = 5
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def history_part(history: Mapping[str, Any], names: Mapping[str, str], language: Language) -> dict[str, Any]:
    """What the section shows.

    Parameters
    ----------
    history : mapping
        `items`, `party_id` and `next_cursor` as `Archive.history` gives them, the `field` that was asked for (or None),
        and whether this is a `later` page.
    names : mapping of str to str
        What fields are called, by name: those that can be asked for.
    language : {"en", "zh"}
        Of the words.

    Returns
    -------
    dict
        `lines`, `fields` (pairs of name and label), `field`, `later`, and `more`: the query of the next page, or None.
    """
    field, cursor = history["field"], history["next_cursor"]
    known = dict(names) | ({field: names.get(field, field)} if field else {})
    asked = [("field", field)] if field else []
    return {
        "lines": [history_line(item, names, language, history["party_id"]) for item in history["items"]],
        "fields": sorted(known.items(), key=lambda pair: list(known).index(pair[0])),
        "field": field,
        "later": history["later"],
        "more": cursor and "?" + urlencode([*asked, ("changes", cursor)]),
    }


def history_line(
    item: Mapping[str, Any], names: Mapping[str, str], language: Language, party_id: str | None = None
) -> dict[str, Any]:
    """A line of the history in words.

    Parameters
    ----------
    item : mapping
        A row of `Archive.history`.
    names : mapping of str to str
        What fields are called.
    language : {"en", "zh"}
        Of the words.
    party_id : str, optional
        Whose history it is.

    Returns
    -------
    dict
        `kind`, `field`, `at`, `moment`, `word` (what happened), `before` and `after` (None where the line tells of no
        value), `of` (the party that it is about where that is another one, which was merged into this; else None), and
        `by`: who did it and on whose word.

    Examples
    --------
    >>> moved = {"at": "2025-01-02T03:04:05Z", "kind": "changed", "party_id": "C1", "field": "city", "from": "Ulm",
    ...          "to": None, "source": "crm", "by": "import:7", "other": None}
    >>> line = history_line(moved, {"city": "City"}, "en")
    >>> line["moment"], line["word"], line["before"], line["after"], line["by"]
    ('2025-01-02 03:04:05', 'City', 'Ulm', '(blank)', 'crm · import 7')
    >>> history_line(moved | {"by": "automatic"}, {}, "zh", "C2")["of"], history_line(moved, {}, "zh", "C1")["of"]
    ('C1', None)
    >>> history_line(moved | {"by": "automatic"}, {}, "zh")["by"]
    'crm · 自动'
    >>> history_line(moved | {"field": "created_at", "from": "2025-01-02T03:04:05Z"}, {}, "en")["before"]
    '2025-01-02 03:04'
    """
    kind, field = item["kind"], item["field"]
    is_value = field is not None and kind != "tie_removed"
    day, _, clock = item["at"].partition("T")
    told = text(language, f"change.{kind}", other=item["other"] or "?") if not is_value else ""
    return {
        "kind": kind,
        "field": field,
        "at": item["at"],
        "moment": f"{day} {clock[:8]}",
        "word": names.get(field, field) if is_value else told,
        "before": _told(item["from"], language) if is_value else None,
        "after": _told(item["to"], language) if is_value else None,
        "tie": word(language, "ties", f"{field}.out") if kind == "tie_removed" else None,
        "of": item["party_id"] if party_id not in (None, item["party_id"]) else None,
        "by": " · ".join(part for part in (_source(item["source"], language), _by(item["by"], language)) if part),
    }


def earlier_of(
    values: Sequence[Mapping[str, Any]], language: Language, most: int = _SHOWN_EARLIER
) -> list[dict[str, str]]:
    """The latest of a field's earlier values: `value`, and the `day` until which it was shown."""
    return [{"value": _told(each["value"], language), "day": each["until"][:10]} for each in values[:most]]


def _source(source: str | None, language: Language) -> str | None:
    return source and word(language, "source", source)


def _by(by: str | None, language: Language) -> str | None:
    if by and by.startswith(_IMPORT):
        return text(language, "change.by_import", job=by.removeprefix(_IMPORT))
    return text(language, "change.by_automatic") if by == _AUTOMATIC else by


def _told(value: Any, language: Language) -> str:
    if value is None or value == []:
        return text(language, "blank")
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return f"{value[:10]} {value[11:16]}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
