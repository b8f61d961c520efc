"""iCalendar: one row an event (VEVENT); a series of events is the one that begins it.

The columns are ``id`` (the UID, with the day where one event of a series is changed), ``uid``, ``start`` and ``end``
(UTC; days for events of whole days), ``all_day``, ``duration_s``, ``summary``, ``description``, ``location``,
``status``, ``organizer`` and ``organizer_name``, ``attendees`` and ``attendee_names`` (lists separated by ``|``, names
in the order of the addresses), ``receivers`` (the attendees without the organizer), ``categories``, ``url``,
``rule``, ``created_at``, ``revised_at``. ``meetings.ics/addresses`` is another table of the same file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from graphcrm.intake.readers.base import SHOWN, OnReject, Reject, StreamReader
from graphcrm.intake.readers.columns import joined, one_line, short_id
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.lines import TOO_LONG, decoded_lines
from graphcrm.intake.readers.messages import mail_address
from graphcrm.limits import MAX_LINE_BYTES, MAX_TEXT_LENGTH

__all__ = ["CalendarFile"]

_COLUMNS: Final = (
    "id",
    "uid",
    "start",
    "end",
    "all_day",
    "duration_s",
    "summary",
    "description",
    "location",
    "status",
    "organizer",
    "organizer_name",
    "attendees",
    "attendee_names",
    "receivers",
    "categories",
    "url",
    "rule",
    "created_at",
    "revised_at",
)
_KEPT: Final = ("VEVENT", "VTIMEZONE")


class CalendarFile(StreamReader):
    """A file of events; a row's line is the one on which its event begins.

    Parameters
    ----------
    content : Content
        The bytes.
    encoding : str
        What the text is in.
    """

    kind = "calendar"
    header = _COLUMNS

    def __init__(self, content: Content, encoding: str = "utf-8") -> None:
        super().__init__(content)
        self.encoding = encoding

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        zone: dt.tzinfo = dt.UTC
        block: _Block | None = None
        for number, (text, fault) in enumerate(decoded_lines(stream, self.encoding), 1):
            line = text.rstrip("\r\n")
            mark = line.strip().upper()
            if block is None:
                if mark.startswith("X-WR-TIMEZONE:"):
                    zone = _zone(line.partition(":")[2].strip()) or zone
                if mark.removeprefix("BEGIN:") in _KEPT and mark.startswith("BEGIN:"):
                    block = _Block(mark.removeprefix("BEGIN:"), number)
            if block is not None:
                block.take(line, fault)
                if mark == f"END:{block.name}":
                    yield from self._finished(block, zone, on_reject)
                    block = None
        if block is not None:
            self._refuse(block, "is cut off: the file ends before it does", on_reject)

    def _finished(self, block: _Block, zone: dt.tzinfo, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        if block.name == "VTIMEZONE":
            _learn_zone(block.text)
            return
        if block.fault:
            self._refuse(block, block.fault, on_reject)
            return
        try:
            row = _row(block.text, zone)
        except Exception as error:  # the library raises all kinds of errors for what is no calendar
            self._refuse(block, f"is no event that can be read ({one_line(str(error))[:200]})", on_reject)
        else:
            yield block.line, row

    def _refuse(self, block: _Block, reason: str, on_reject: OnReject) -> None:
        on_reject(Reject(self.name, block.line, None, reason, block.text[:SHOWN]))


class _Block:
    """The lines of an event or a time zone, without what is attached to it."""

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line
        self.fault = ""
        self._lines: list[str] = []
        self._length = 0
        self._attached = False

    @property
    def text(self) -> str:
        return "\r\n".join(self._lines)

    def take(self, line: str, fault: str) -> None:
        """Take the next line."""
        if line[:1] in (" ", "\t") and self._attached:
            return
        self._attached = line[:6].upper() == "ATTACH"
        if self._attached:
            return
        self._length += len(line)
        if self._length > MAX_LINE_BYTES:
            self.fault = self.fault or TOO_LONG
            del self._lines[20:]
            return
        self.fault = self.fault or fault
        self._lines.append(line)


def _learn_zone(text: str) -> None:
    """Let the library know a zone that the file describes, for the events that name it."""
    from icalendar import Calendar

    try:
        Calendar.from_ical(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-\r\n{text}\r\nEND:VCALENDAR")
    except Exception:  # times of a zone that cannot be read are refused with their events, or known by their name
        return


def _row(text: str, zone: dt.tzinfo) -> dict[str, str]:
    from icalendar import Event

    event: Any = Event.from_ical(text)
    start = event.decoded("DTSTART", None)
    if not isinstance(start, dt.date):
        raise ValueError("its start is missing or no time")
    end = _end(event, start)
    row = dict.fromkeys(_COLUMNS, "")
    uid = one_line(str(event.get("UID", "")))
    organizer = next(iter(_people(event.get("ORGANIZER"))), "")
    attendees = _people(event.get("ATTENDEE"))
    changed = event.decoded("RECURRENCE-ID", None)
    row |= {
        "uid": uid,
        "start": _moment(start, zone),
        "end": _moment(end, zone),
        "all_day": "false" if isinstance(start, dt.datetime) else "true",
        "duration_s": _seconds(start, end, zone),
        "organizer": organizer,
        "organizer_name": _people(event.get("ORGANIZER")).get(organizer, ""),
        "attendees": "|".join(attendees),
        "attendee_names": "|".join(attendees.values()),
        "receivers": "|".join(address for address in attendees if address != organizer),
        "created_at": _moment(event.decoded("CREATED", None), zone),
        "revised_at": _moment(event.decoded("LAST-MODIFIED", None), zone),
        "status": str(event.get("STATUS", "")).lower(),
        "description": str(event.get("DESCRIPTION", "")).strip()[:MAX_TEXT_LENGTH],
        "rule": event["RRULE"].to_ical().decode() if "RRULE" in event else "",
        "categories": joined(str(name) for name in getattr(event, "categories", ())),
    }
    for column, name in (("summary", "SUMMARY"), ("location", "LOCATION"), ("url", "URL")):
        row[column] = one_line(str(event.get(name, "")))
    known = f"{uid}-{_moment(changed, zone)}" if uid and changed is not None else uid
    row["id"] = short_id(known or f"{row['start']} {row['summary']} {organizer}")
    return row


def _end(event: Any, start: Any) -> Any:
    end = event.decoded("DTEND", None)
    duration = event.decoded("DURATION", None)
    return start + duration if end is None and isinstance(duration, dt.timedelta) else end


def _moment(value: Any, zone: dt.tzinfo) -> str:
    """A day, or a time in UTC; one without a zone is the calendar's."""
    if isinstance(value, dt.datetime):
        return _aware(value, zone).astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else ""


def _aware(value: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _seconds(start: Any, end: Any, zone: dt.tzinfo) -> str:
    if isinstance(start, dt.datetime) and isinstance(end, dt.datetime):
        start, end = _aware(start, zone), _aware(end, zone)
    elif end is None or isinstance(start, dt.datetime) or isinstance(end, dt.datetime):
        return ""
    seconds = (end - start).total_seconds()
    return str(int(seconds)) if seconds >= 0 else ""


def _people(given: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for person in given if isinstance(given, list) else [given] if given is not None else []:
        address = mail_address(str(person))
        if address:
            name = one_line(str(getattr(person, "params", {}).get("CN", ""))).replace("|", " ").strip("\"'")
            found[address] = found.get(address) or ("" if mail_address(name) else name)
    return found


def _zone(name: str) -> dt.tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
