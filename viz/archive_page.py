"""The customer archive as a page: what the templates show, from what the library says of a party."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from graphcrm.service.archive import KINDS
from graphcrm.tables import TABLES
from viz.history_part import earlier_of, history_part
from viz.language import WORDS, Language, field_word, script_words, text, word
from viz.render import ADDRESSES, archive_href, map_href, render

__all__ = ["archive_page", "timeline_line"]

_EDITORS: Final = {"notes": "area", "tags": "list", "attachments": "list", "birth_date": "date"}
_ALWAYS: Final = ("needs", "preferences")
"""Extra fields that can be filled in on every page; others are named as they are written."""
_EARLIER_DECISIONS: Final = 10
_KINDS_OF_CUSTOMERS: Final = ("person", "organization")
_TIMES: Final = frozenset({"at", "opened_at", "closed_at", "due_at", "done_at"})
_APART: Final = frozenset(
    {"role", "participants", "participant_count", "other", "outgoing", "type", "refund", "currency"}
)
_LABELS: Final = {
    "interaction": "Interaction",
    "order": "Order",
    "response": "Campaign",
    "targeted": "Campaign",
    "feedback": "Feedback",
    "case_opened": "Case",
    "case_closed": "Case",
    "opportunity": "Opportunity",
    "consent": "Consent",
    "task_due": "Task",
    "task_done": "Task",
}


def archive_page(
    label: str,
    record: Mapping[str, Any],
    etag: str,
    provenance: Mapping[str, Any],
    overview: Mapping[str, Any],
    recent: Mapping[str, Sequence[Mapping[str, Any]]],
    timeline: Mapping[str, Any],
    history: Mapping[str, Any],
    names: Mapping[str, str],
    language: Language,
    **frame: Any,
) -> str:
    """The page of one party.

    Parameters
    ----------
    label : {'Customer', 'Contact'}
        What the party is.
    record : mapping
        Its fields, as `Records.read` gives them.
    etag : str
        Their version.
    provenance : mapping
        As `Sources.provenance` gives it.
    overview : mapping
        As `Archive.overview` gives it.
    recent : mapping of str to list of mapping
        The latest lines of the timeline of some kinds, by the section that shows them: ``orders``, ``campaigns``,
        ``interactions``.
    timeline : mapping
        `items`, `next_cursor`, the `kinds` that were asked for and whether this is a `later` page.
    history : mapping
        See `viz.history_part.history_part`; and `earlier`, as `Archive.earlier_values` gives it.
    names : mapping of str to str
        Names of those whom fields name by their ids, by field.
    language : {"en", "zh"}
        Of the words.
    **frame : Any
        `editable`, and the frame of every page.

    Returns
    -------
    str
        HTML.
    """
    table = ADDRESSES[label].strip("/")
    fields = [*_fields(table, record, provenance, names, language), *_extras(record, provenance, language)]
    earlier = history["earlier"]
    fields = [
        field | {"place": place, "earlier": earlier_of(earlier.get(field["field"], ()), language)}
        for place, field in enumerate(fields)
    ]
    labels = {f["name"]: f["label"] for f in fields} | {"extra": text(language, "another_field")}
    island = {"table": table, "etag": etag, "record": record, "labels": labels}
    island["wrong"] = {key.removeprefix("wrong."): text(language, key) for key in WORDS if key.startswith("wrong.")}
    return render(
        "archive.html",
        language,
        **frame,
        label=label,
        record=record,
        map_address=map_href(record["id"]),
        fields=fields,
        island=island,
        words=script_words(language),
        orders=overview["orders"],
        consents=[_consent(each, language) for each in overview["consents"]],
        tasks=[task | {"day": _moment(task["due_at"])} for task in overview["tasks"]],
        ties=_ties(overview["ties"], language),
        recent={name: [timeline_line(item, language) for item in items] for name, items in recent.items()},
        lines=[timeline_line(item, language) for item in timeline["items"]],
        history=history_part(history, {field["field"]: field["label"] for field in fields}, language),
        kinds=KINDS,
        chosen=timeline["kinds"],
        later=timeline["later"],
        more=timeline["next_cursor"]
        and "?" + urlencode([*(("kind", kind) for kind in timeline["kinds"]), ("cursor", timeline["next_cursor"])]),
    )


def timeline_line(item: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A line of the timeline in words.

    Parameters
    ----------
    item : mapping
        A row of `Archive.timeline`.
    language : {"en", "zh"}
        Of the words.

    Returns
    -------
    dict
        `kind`, `word`, `label` (whose shape stands before it), `id`, `at`, `moment`, `title`, `href` (where the title
        leads), `refund`, `facts` (pairs) and `people`, with `more_people` beside them.

    Examples
    --------
    >>> details = {"amount": "-2.00", "currency": "EUR", "refund": True}
    >>> line = timeline_line({"kind": "order", "at": None, "id": "O1", "title": None, "details": details}, "en")
    >>> line["word"], line["title"], line["facts"]
    ('Order', 'O1', [('Amount', '-2.00 EUR')])
    """
    kind, details = item["kind"], item["details"]
    other = details.get("other", {})
    people = [_person(one, language) for one in details.get("participants", ())]
    facts = [(word(language, "field", name), _told(name, details, language)) for name in details if name not in _APART]
    if "type" in details:
        way = "out" if details["outgoing"] else "in"
        facts.insert(0, (text(language, "type"), word(language, "ties", f"{details['type']}.{way}")))
    return {
        "kind": kind,
        "word": text(language, f"event.{kind}"),
        "label": other.get("label") or _LABELS.get(kind, ""),
        "id": item["id"],
        "at": item["at"],
        "moment": _moment(item["at"]) or text(language, "undated"),
        "title": item["title"] or other.get("id") or item["id"],
        "href": archive_href(other["label"], other["id"]) if other else None,
        "refund": details.get("refund", False),
        "facts": facts,
        "people": people,
        "more_people": details.get("participant_count", 0) - len(people),
    }


# ---- fields ----------------------------------------------------------------------------------------------


def _fields(
    table: str,
    record: Mapping[str, Any],
    provenance: Mapping[str, Any],
    names: Mapping[str, str],
    language: Language,
) -> Iterable[dict[str, Any]]:
    said = {field["field"]: field for field in provenance["fields"]}
    for name in TABLES[table].columns:
        if name != "id":
            choices = _KINDS_OF_CUSTOMERS if name == "kind" else None
            field = _field(
                name, field_word(language, TABLES[table].label, name), record[name], said.get(name), language
            )
            href = archive_href("Customer", record[name]) if name == "customer_id" and record[name] else None
            yield field | {
                "editor": "choice" if choices else _EDITORS.get(name, "line"),
                "choices": choices,
                "href": href,
                "shown": names.get(name, field["shown"]),
                "hint": field["shown"] if name in names else None,
            }


def _extras(record: Mapping[str, Any], provenance: Mapping[str, Any], language: Language) -> Iterable[dict[str, Any]]:
    said = {field["field"]: field for field in provenance["fields"]}
    for name, value in (dict.fromkeys(_ALWAYS) | record["extra"]).items():
        label = word(language, "field", name)
        field = _field(name, label, value, said.get(name), language) | {
            "name": f"extra.{name}",
            "href": None,
            "hint": None,
        }
        if isinstance(value, bool):
            yield field | {"editor": "choice", "choices": ("true", "false"), "value": str(value).lower()}
        else:
            editor = "number" if isinstance(value, int | float) else "line"
            is_long = name in _ALWAYS or (isinstance(value, str) and "\n" in value)
            yield field | {"editor": "area" if is_long else editor, "choices": None}


def _field(name: str, label: str, value: Any, said: Mapping[str, Any] | None, language: Language) -> dict[str, Any]:
    blank = value is None or value == []
    return {
        "name": name,
        "field": name,
        "label": label,
        "blank": blank and said is None,
        "shown": _value(name, value, language),
        "links": _links(value) if name == "attachments" else [],
        "value": "" if blank else "\n".join(value) if isinstance(value, list) else str(value),
        "said": said and _said(name, said, language),
    }


def _links(value: Any) -> list[str]:
    """Addresses that may be followed; what another tool wrote may be anything."""
    return [each for each in value if str(each).startswith(("https://", "http://"))] if isinstance(value, list) else []


def _said(name: str, said: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "source": word(language, "source", said["source"]),
        "rule": word(language, "rule", said["rule"]),
        "pinned": said["rule"] == "pinned",
        "values": [
            {
                "name": each["source"],
                "source": word(language, "source", each["source"]),
                "value": _value(name, each["value"], language),
                "raw": each["raw"],
                "day": str(each["last_seen"])[:10],
                "shown": each["shown"],
            }
            for each in said["values"]
        ],
    }


def _value(name: str, value: Any, language: Language) -> str:
    """A field's value as it is read; blank where there is none."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "kind":
        return word(language, "kind", value)
    return _moment(value) or "" if name == "created_at" else str(value)


# ---- what hangs on a party -------------------------------------------------------------------------------


def _consent(said: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A decision with its sources in words, and those that it follows, the latest first."""

    def decision(one: Mapping[str, Any]) -> dict[str, Any]:
        sources = (word(language, "source", source) for source in one["sources"])
        return {**{name: one[name] for name in ("id", "consent")}, "day": one["at"][:10], "sources": ", ".join(sources)}

    earlier = [decision(one) for one in said["earlier"]]
    return decision(said) | {
        "channel": word(language, "channel", said["channel"]),
        "purpose": said["purpose"],
        "earlier": earlier[:_EARLIER_DECISIONS],
        "more": len(earlier) - len(earlier[:_EARLIER_DECISIONS]),
    }


def _ties(groups: Sequence[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    """Ties under their headings; acquaintance has one for both directions."""
    found: dict[str, dict[str, Any]] = {}
    for group in groups:
        heading = word(language, "ties", f"{group['type']}.{'out' if group['outgoing'] else 'in'}")
        section = found.setdefault(heading, {"heading": heading, "items": [], "more": 0})
        section["more"] += group["total"] - len(group["ties"])
        section["items"] += [_tie(tie, language) for tie in group["ties"]]
    return sorted(found.values(), key=lambda section: list(found).index(section["heading"]))


def _tie(tie: Mapping[str, Any], language: Language) -> dict[str, Any]:
    facts = [word(language, "kind", tie["kind"])] if tie.get("kind") else []
    facts += [tie[name] for name in ("title", "department") if tie.get(name)]
    if tie.get("since") or tie.get("until"):
        facts.append(f"{tie.get('since', '')} – {tie.get('until', '')}".strip())
    if tie.get("at"):
        facts.append(str(tie["at"])[:10])
    return {
        "id": tie["id"],
        "name": tie.get("other_name") or tie["other_id"],
        "label": tie["other_label"],
        "href": archive_href(tie["other_label"], tie["other_id"]),
        "facts": facts,
    }


def _person(one: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "name": one["name"] or one["id"],
        "href": archive_href(one["label"], one["id"]),
        "role": word(language, "role", one["role"] or ""),
    }


def _told(name: str, details: Mapping[str, Any], language: Language) -> str:
    """A detail of the timeline as it is read."""
    value = details[name]
    if name in ("amount", "value"):
        return f"{value} {details.get('currency', '')}".strip()
    if name in _TIMES:
        return _moment(value) or ""
    if name == "granted":
        return text(language, "consent.granted" if value else "consent.refused")
    if name == "probability":
        return f"{value:.0%}"
    if name == "duration_s":
        return f"{value // 60}:{value % 60:02}"
    if name == "score":
        return f"{value:g}"
    return word(language, name, str(value)) if name in ("kind", "status", "channel") else str(value)


def _moment(at: str | None) -> str | None:
    """A time as it is read, to the minute; a day where it is a day's first moment."""
    if not at:
        return None
    day, _, clock = at.partition("T")
    return day if clock in ("", "00:00:00Z") else f"{day} {clock[:5]}"
