"""What one source says of things that are there already: news or not, and what it changes in what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from graphcrm.cleaning.text import name_key
from graphcrm.service.source_records import (
    HAND,
    PINNED,
    SourceRecord,
    Speaker,
    difference,
    earlier_times,
    own_fields,
    own_records,
    raw_now,
    read_records,
    shown_again,
    trusts,
)
from graphcrm.store import Transaction
from graphcrm.values import raw_of, raw_text, times_text

__all__ = ["Voices"]


class Voices:
    """What one source says of things that are there already, beside what others say of them.

    Parameters
    ----------
    tx : Transaction
        Where the others' records are.
    speaker : Speaker
        The source, and when it speaks.
    mode : {'upsert', 'replace'}
        Whether it means the fields it states, or the whole of what is to be shown.
    things : mapping of str to dict
        Properties of the things by what records call them.
    about : str, optional
        What the source speaks of, where the thing shows it for one that was merged into it.
    """

    def __init__(
        self,
        tx: Transaction,
        speaker: Speaker,
        mode: Literal["upsert", "replace"],
        things: Mapping[str, Mapping[str, Any]],
        about: str | None = None,
    ) -> None:
        self._speaker = speaker
        self._mode = mode
        self._about = about
        shared = {
            thing: old
            for thing, old in things.items()
            if about or old.get("_records") or old.get("_sources", [speaker.source]) != [speaker.source]
        }
        self._records = read_records(tx, shared) if shared else {}
        self._trust = trusts(tx) if shared else {}
        self.news: list[SourceRecord] = []
        """Records that are to be written."""

    def change(self, thing: str, old: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What to change in a thing so that it shows what is known of it now; empty when that is no news."""
        records = self._records.get(thing)
        at = self._speaker.at
        if records is None:
            changed = _changed_alone(old, wanted, self._mode)
            if not changed:
                return {}
            times = {"_seen_at": at} | _earlier_alone(thing, old, changed, at)
            return changed | {"_sources": [self._speaker.source]} | times
        fields = own_fields(wanted)
        stated = difference(own_fields(old), fields, "replace") if self._mode == "replace" else fields
        stated.pop("id", None)
        raw = {name: text for name, text in raw_of(wanted).items() if name in stated or name not in fields}
        if self._mode == "replace" and not stated:
            return {}
        said = self._said(records, thing, stated, raw)
        if not said:
            return {}
        self.news += said if old.get("_records") else {record.id: record for record in (*records, *said)}.values()
        now = {record.id: record for record in (*records, *said)}
        return shown_again(old, list(now.values()), self._trust)

    def strangers(self, thing: str, wanted: Mapping[str, Any]) -> list[str]:
        """Who calls a thing otherwise than the source wants to, where nobody but the source calls it so.

        What people wrote by hand is no other source: they may have mended the name.
        """
        others = {
            record.source: record.fields["name"]
            for record in self._records.get(thing, ())
            if record.source not in (self._speaker.source, HAND, PINNED) and "name" in record.fields
            if record.about == thing
        }
        name = wanted.get("name")
        if not name or not others or name in others.values():
            return []
        named = name_key(name)
        keys = {source: name_key(other or "") for source, other in others.items()}
        return [] if named in keys.values() else sorted(keys)

    def _said(
        self, records: Sequence[SourceRecord], thing: str, stated: Mapping[str, Any], raw: Mapping[str, str]
    ) -> list[SourceRecord]:
        """The records that become others: the source's own and, where a person sets pinned values, the thing's pin."""
        source, at, about = self._speaker.source, self._speaker.at, self._about or thing
        mine = next((record for record in records if (record.source, record.about) == (source, about)), None)
        now = (mine or SourceRecord(source, about, thing, {}, {}, at, at)).saying(stated, at, raw)
        if source == HAND and self._mode == "replace":
            # It differs from what is shown: it may be what was said by hand before of one of two that are one now.
            now = now.insisting(stated, at)
        said = [] if now is mine else [now]
        pins = [record for record in records if record.source == PINNED]
        if source == HAND and (again := stated.keys() & {name for pin in pins for name in pin.fields}):
            blank = SourceRecord(PINNED, about, thing, {}, {}, at, at)
            pin = next((pin for pin in pins if pin.id == blank.id), blank)
            said.append(pin.insisting({name: stated[name] for name in again}, at))
        return said


def _changed_alone(
    old: Mapping[str, Any], wanted: Mapping[str, Any], mode: Literal["upsert", "replace"]
) -> dict[str, Any]:
    """What to change in a thing that one source alone describes, what it says as it came included."""
    if "_raw" not in old and "_raw" not in wanted:
        return difference(own_fields(old), wanted, mode)
    fields, raw, before = own_fields(wanted), raw_of(wanted), raw_of(old)
    unsaid = raw.keys() - fields.keys()
    changed = difference(own_fields(old), fields, mode) | {name: None for name in unsaid if name in old}
    kept = raw_now(before, raw, changed.keys() | unsaid)
    return changed if kept == before else changed | {"_raw": raw_text(kept)}


def _earlier_alone(
    thing: str, old: Mapping[str, Any], changed: Mapping[str, Any], at: datetime
) -> dict[str, str | None]:
    """What to change in the times of a thing's fields, of which one source alone says some otherwise now."""
    before = own_records(thing, old)[0]
    raw = raw_of(changed) if "_raw" in changed else before.raw
    left = (name for name in (*before.fields, *before.raw) if name not in changed)
    text = times_text(earlier_times(before, (name for name in left if raw.get(name) == before.raw.get(name)), at))
    return {"_earlier": text} if text != old.get("_earlier") else {}
