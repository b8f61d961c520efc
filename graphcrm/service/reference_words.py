"""What sources say in reference columns, and which of it is shown: by the rule of every other field.

A word is the record of a tie that a column stands for. The ties of the word that wins are there; the other words are
kept at the record that has the column, for the day when they win. A source that says that there is nobody, where others
name somebody, says a tie to nobody, which is only ever kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from graphcrm.schema import PARTY_LABELS, TIE_TYPES, TieParts, split_tie_id, tie_id
from graphcrm.service.aliases import roots
from graphcrm.service.planning import Showing, TieRow, resolve_labels
from graphcrm.service.source_records import (
    HAND,
    PINNED,
    SourceRecord,
    Speaker,
    about_node,
    check_unpin,
    read_records,
    trusts,
    winners,
)
from graphcrm.store import Transaction
from graphcrm.tables import TABLES, Reference, Table

__all__ = [
    "PLACE",
    "REPLACING",
    "Columns",
    "Thing",
    "contested",
    "kept_at",
    "kept_words",
    "named_tie",
    "naming",
    "own_end",
    "reference_of",
    "settle",
    "shown_at",
    "standing_ties",
    "stands_for",
    "thing_at",
    "thing_of",
    "ties_by_id",
]

Thing = tuple[str, str]
"""Label and id of a record that has columns."""

_Voice = tuple[str, str, str]
"""A column, a source that speaks in it, and the id by which it calls the record."""

PLACE: Final = "outvoted:"
"""How the names begin under which words are kept that are not shown."""

REPLACING: Final[dict[str, tuple[Reference, ...]]] = {
    table.label: tuple(ref for ref in table.references if ref.replaces) for table in TABLES.values() if table.label
}
"""The columns that name all of a kind, by the label of the records that have them."""

_OUTGOING: Final = {ref.type: ref.outgoing for refs in REPLACING.values() for ref in refs}


def kept_at(label: str, id_: str) -> str:
    """Where the words are kept that a record does not show."""
    return f"{PLACE}{label}:{id_}"


def thing_at(place: str) -> Thing:
    """The record at which words are kept, by the name that `kept_at` gives.

    Examples
    --------
    >>> thing_at(kept_at("Customer", "a:b"))
    ('Customer', 'a:b')
    """
    label, _, id_ = place.removeprefix(PLACE).partition(":")
    return label, id_


def named_tie(table: Table, ref: Reference, own: str, other: str) -> str:
    """The id of the tie that a column stands for; where the column may name records of several kinds, a party's."""
    source, target = (own, other) if ref.outgoing else (other, own)
    is_open = TIE_TYPES[ref.type].open_end == ("source" if ref.outgoing else "target")
    return tie_id(ref.type, source, target, label=table.label if is_open else ref.labels[0])


def stands_for(ref: Reference, label: str, tie: Mapping[str, Any]) -> bool:
    """Whether a reference column speaks of a tie: to a record of a label it can name, in its role, and not ended."""
    return label in ref.labels and ref.role in (None, tie.get("role")) and not _has_ended(tie)


def _has_ended(tie: Mapping[str, Any]) -> bool:
    until = tie.get("until")
    return until is not None and until < datetime.now(UTC).date()


def thing_of(tie: TieRow) -> Thing | None:
    """The record in one of whose columns a tie may show."""
    if tie.type not in _OUTGOING:
        return None
    thing = tie.source if _OUTGOING[tie.type] else tie.target
    return thing if any(ref.type == tie.type for ref in REPLACING.get(thing[0], ())) else None


def reference_of(refs: Iterable[Reference], record: SourceRecord) -> Reference | None:
    """The column, of some, in which a record of a tie speaks."""
    part = split_tie_id(record.about)
    if part is None or _has_ended(record.fields):
        return None
    for ref in refs:
        if part.type == ref.type and _can_name(ref, part) and ref.role in (None, record.fields.get("role")):
            return ref
    return None


def _can_name(ref: Reference, part: TieParts) -> bool:
    if TIE_TYPES[part.type].open_end != ("target" if ref.outgoing else "source"):
        return True
    return any(label == part.label if part.label else label in PARTY_LABELS for label in ref.labels)


def own_end(record: SourceRecord) -> str:
    """The id of the record that has the column, as the source calls it."""
    part = split_tie_id(record.about)
    return "" if part is None else (part.source if _OUTGOING[part.type] else part.target)


def _other_end(record: SourceRecord) -> str:
    """Whom a word names; nobody where it says so."""
    part = split_tie_id(record.about)
    return "" if part is None else (part.target if _OUTGOING[part.type] else part.source)


# ---- one label's records ---------------------------------------------------------------------------------


class Columns:
    """What is said in the reference columns of some records of one label, shown or not.

    Parameters
    ----------
    tx : Transaction
        Where it is read.
    label : str
        Their label.
    ids : collection of str
        Which records.
    ties : iterable of TieRow, optional
        The standing ties of the columns' types, where they are known.
    more : mapping of str to sequence of SourceRecord, optional
        Further words, by the id of the record.
    refs : iterable of Reference, optional
        Columns beside those of the label's own table.
    """

    def __init__(
        self,
        tx: Transaction,
        label: str,
        ids: Collection[str],
        ties: Iterable[TieRow] | None = None,
        more: Mapping[str, Sequence[SourceRecord]] | None = None,
        refs: Iterable[Reference] = (),
    ) -> None:
        self._tx = tx
        self._label = label
        self._refs = tuple(dict.fromkeys((*REPLACING.get(label, ()), *(ref for ref in refs if ref.replaces))))
        self._trust: Mapping[str, int] = trusts(tx)
        standing = standing_ties(tx, label, ids, self._refs) if ties is None else ties
        self._ties = {tie.properties["id"]: tie for tie in standing}
        self._of_tie = read_records(tx, {id_: tie.properties for id_, tie in self._ties.items()})
        self._words: dict[str, dict[str, SourceRecord]] = {id_: {} for id_ in ids}
        for id_, records in self._of_tie.items():
            tie = self._ties[id_]
            end = tie.source if _OUTGOING[tie.type] else tie.target
            self._words[end[1]] |= {record.id: record for record in records}
        for id_, records in kept_words(tx, label, ids).items():
            self._words[id_] |= {record.id: record for record in records}
        self._before = {id_: dict(words) for id_, words in self._words.items()}
        for id_, further in (more or {}).items():
            self._words[id_] |= {record.id: record for record in further}
        self._rows: dict[str, TieRow] = {}
        """Ties of which it is known already between whom they are."""
        self._stand_ins: dict[str, str] = {}

    def say(
        self, id_: str, said_of: str, ref: Reference, wanted: Mapping[str, TieRow], nobody: str, speaker: Speaker
    ) -> bool:
        """Have a source name somebody in a column, in the place of whom it named there before.

        Parameters
        ----------
        id_ : str
            The record.
        said_of : str
            The id by which the source calls it: another one where it was merged.
        ref : Reference
            The column.
        wanted : mapping of str to TieRow
            The ties that show what it says, by the id of the tie that it speaks of; none says that there is nobody.
        nobody : str
            The id of the tie that says so.
        speaker : Speaker
            Who says it.

        Returns
        -------
        bool
            Whether that is news.
        """
        words = self._words[id_]
        column = [word for word in words.values() if reference_of(self._refs, word) == ref]
        own = [word for word in column if own_end(word) == said_of]
        mine = [word for word in own if word.source == speaker.source]
        pins = [word for word in own if word.source == PINNED] if speaker.source == HAND else []
        others = [word for word in column if word not in mine and _other_end(word)]
        abouts = list(wanted) or ([nobody] if others or speaker.source == PINNED else [])
        said = [self._word(words, speaker.source, about, ref, speaker.at) for about in abouts]
        is_same = {word.about for word in mine} == set(abouts) and all(words.get(word.id) == word for word in said)
        if is_same and speaker.source != PINNED:  # the latest of several pins is the one that holds
            return False
        said = [replace(word, seen_at=speaker.at) for word in said]
        if pins:
            said += [self._word(words, PINNED, about, ref, speaker.at) for about in abouts]
        for word in (*mine, *pins):
            del words[word.id]
        words |= {word.id: word for word in said}
        self._rows |= {tie.properties["id"]: tie for tie in wanted.values()}
        return True

    def _word(
        self, words: Mapping[str, SourceRecord], source: str, about: str, ref: Reference, at: datetime
    ) -> SourceRecord:
        """What a source says of a tie when it names it in a column: its role, and that it has not ended."""
        blank = SourceRecord(source, about, "", {}, {}, at, at)
        old = words.get(blank.id, blank)
        fields: dict[str, Any] = {"role": ref.role} if ref.role else {}
        if old.fields.get("until") is not None:
            fields["until"] = None
        return old.saying(fields, at)

    def unpin(self, id_: str, ref: Reference) -> None:
        """Take out what is pinned in a column; refused as `check_unpin` says."""
        words = self._words[id_]
        pins = [word for word in words.values() if word.source == PINNED and reference_of(self._refs, word) == ref]
        check_unpin(ref.field, id_, map(own_end, pins))
        for word in pins:
            del words[word.id]

    def forget(self, source: str) -> None:
        """Take out what a source says."""
        for id_, words in self._words.items():
            self._words[id_] = {key: word for key, word in words.items() if word.source != source}

    def said(self) -> dict[str, list[SourceRecord]]:
        """What each source names in each column, as records of fields; by the id of the record that has the column.

        Whom a column cannot show, since another one of the record shows the same tie, stands in `raw` alone.
        """
        self._resolve()
        return {id_: list(self._decided(id_)[0].values()) for id_ in self._words}

    def showing(self) -> Showing:
        """What is to be shown from now on, as far as that is something new."""
        self._resolve()
        found = Showing()
        for id_ in self._words:
            self._show(id_, found)
        return found

    def _resolve(self) -> None:
        """Find who stands for whom, and which ties can be there; words that name somebody who is gone are dropped."""
        words = [word for each in self._words.values() for word in each.values()]
        parts = {word.about: part for word in words if (part := split_tie_id(word.about))}
        named = {end for part in parts.values() for end in part.parties if end}
        self._stand_ins = roots(self._tx.run, named) if named else {}
        shown = {about: shown_at(part, self._stand_ins) for about, part in parts.items()}
        known = self._ties.keys() | self._rows.keys()
        ids = {about: tie_id(*part) for about, part in shown.items()}
        missing = {ids[word.about] for word in words if _other_end(word)} - known
        self._rows |= ties_by_id(self._tx, missing)
        there = self._ties.keys() | self._rows.keys()
        self._shown_id = ids
        for id_, each in self._words.items():
            self._words[id_] = {
                key: word for key, word in each.items() if not _other_end(word) or ids[word.about] in there
            }

    def _grouped(self, id_: str) -> dict[_Voice, list[SourceRecord]]:
        """The words of a record by column, source and the id that the source calls it by."""
        groups: dict[_Voice, list[SourceRecord]] = defaultdict(list)
        for word in self._words[id_].values():
            if ref := reference_of(self._refs, word):
                groups[ref.field, word.source, own_end(word)].append(word)
        return groups

    def _decided(self, id_: str) -> tuple[dict[_Voice, SourceRecord], dict[str, set[str]]]:
        """What is said in the columns of a record, and the ids of the ties that each of them shows.

        A tie shows in one column: in the one that is pinned, else in the first of the table. What the others say of it
        is put aside.
        """
        groups = self._grouped(id_)
        pinned = {field for field, source, _ in groups if source == PINNED}
        joined: dict[_Voice, SourceRecord] = {}
        chosen: dict[str, set[str]] = {}
        for ref in sorted(self._refs, key=lambda ref: ref.field not in pinned):
            taken = set().union(*chosen.values())
            mine = {voice: words for voice, words in groups.items() if voice[0] == ref.field}
            records = {voice: self._joined(id_, ref, voice, words, set()) for voice, words in mine.items()}
            free = {voice: self._joined(id_, ref, voice, words, taken) for voice, words in mine.items()}
            winner = winners(records.values(), self._trust).get(ref.field)
            if winner and free[ref.field, winner.source, winner.about.partition(":")[2]].raw:
                records, winner = free, winners(free.values(), self._trust).get(ref.field)
            joined |= records
            if winner is not None:
                words = mine[ref.field, winner.source, winner.about.partition(":")[2]]
                chosen[ref.field] = {self._shown_id[word.about] for word in words if _other_end(word)} - taken
        return joined, chosen

    def _joined(
        self, id_: str, ref: Reference, voice: _Voice, words: Sequence[SourceRecord], taken: Set[str]
    ) -> SourceRecord:
        """Words of one source in one column as one record of a field, without the ties that are taken."""
        _, source, said_of = voice
        named = {word.about: self._stand_ins.get(other, other) for word in words if (other := _other_end(word))}
        every = sorted(set(named.values()))
        others = sorted({other for tie, other in named.items() if self._shown_id[tie] not in taken})
        value = others if ref.many else (others[0] if others else None)
        fields = {} if every and not others else {ref.field: value}
        raw = {} if others == every else {ref.field: ";".join(every)}
        about, shown_in = about_node(self._label, said_of), about_node(self._label, id_)
        times = max(word.seen_at for word in words), words[0].first_at
        return SourceRecord(source, about, shown_in, fields, raw, *times)

    def _show(self, id_: str, found: Showing) -> None:
        joined, chosen = self._decided(id_)
        now: dict[str, list[SourceRecord]] = defaultdict(list)
        kept = []
        for word in self._words[id_].values():
            ref = reference_of(self._refs, word)
            shown = self._shown_id[word.about]
            stays = (
                word.shown_in in self._ties if ref is None else shown in chosen.get(ref.field, ()) and _other_end(word)
            )
            if stays:
                now[shown].append(replace(word, shown_in=shown))
            elif ref is None or _other_end(word) or word.source == PINNED or not _is_unanimous(joined, ref):
                kept.append(replace(word, shown_in=kept_at(self._label, id_)))
        self._compare(id_, now, kept, found)

    def _compare(
        self, id_: str, now: Mapping[str, list[SourceRecord]], kept: list[SourceRecord], found: Showing
    ) -> None:
        """Note what differs from what is there."""
        before = self._before[id_]
        standing = {word.shown_in for word in before.values()} & self._ties.keys()
        for shown, records in now.items():
            tie = self._ties.get(shown)
            if tie is None:
                found.shown.append((self._rows[shown]._replace(properties={"id": shown}), None, records))
            elif sorted(records, key=_id) != sorted(self._of_tie[shown], key=_id):
                found.shown.append((tie, tie.properties, records))
        found.cut += [self._ties[shown] for shown in sorted(standing - now.keys())]
        found.kept += [word for word in kept if before.get(word.id) != word]
        left = {word.id for words in (*now.values(), kept) for word in words}
        found.withdrawn += sorted(before.keys() - left)


def _id(record: SourceRecord) -> str:
    return record.id


def _is_unanimous(joined: Mapping[_Voice, SourceRecord], ref: Reference) -> bool:
    """Whether nobody is named in a column, so that it need not be said."""
    mine = (record for (field, _, _), record in joined.items() if field == ref.field)
    return not any(record.fields.get(ref.field) or record.raw for record in mine)


# ---- in the graph ----------------------------------------------------------------------------------------


def settle(
    tx: Transaction,
    things: Iterable[Thing],
    more: Mapping[Thing, Sequence[SourceRecord]] | None = None,
    without: str | None = None,
) -> Showing:
    """Have records show in their columns what wins there now.

    Parameters
    ----------
    tx : Transaction
        A write transaction.
    things : iterable of tuple
        The records; those of which no word is kept, nor comes, show what they show.
    more : mapping of tuple to sequence of SourceRecord, optional
        Words that come, by record.
    without : str, optional
        A source whose words are taken out.

    Returns
    -------
    Showing
        What was written.
    """
    wanted = {*things, *(more or ())}
    tx.hold(sorted(id_ for _, id_ in wanted))
    wanted = contested(tx, wanted) | (more or {}).keys()
    found = Showing()
    for label in sorted({label for label, _ in wanted}):
        coming = {id_: records for (of, id_), records in (more or {}).items() if of == label}
        columns = Columns(tx, label, sorted(id_ for of, id_ in wanted if of == label), more=coming)
        if without:
            columns.forget(without)
        found.add(columns.showing())
    found.write(tx)
    return found


def contested(tx: Transaction, things: Iterable[Thing]) -> set[Thing]:
    """Those of some records that have words which they do not show."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, id_ in things:
        by_label[label].append(id_)
    return {
        (label, id_) for label, ids in by_label.items() for id_, words in kept_words(tx, label, ids).items() if words
    }


def naming(tx: Transaction, ids: Collection[str]) -> set[Thing]:
    """The records that have words about some ids which they do not show."""
    parts = [id_.replace("%", "%25").replace(":", "%3A") for id_ in ids]  # as `tie_id` has them
    found = tx.run("source_records/find_naming", place=PLACE, parts=parts)[0]["records"]
    named = ((stored["shown_in"], split_tie_id(stored["about"])) for stored in found)
    return {thing_at(place) for place, part in named if part and not {part.source, part.target}.isdisjoint(ids)}


def kept_words(tx: Transaction, label: str, ids: Iterable[str]) -> dict[str, list[SourceRecord]]:
    """The words that records do not show, by their ids; all of the ids are there."""
    places = {kept_at(label, id_): id_ for id_ in ids}
    found = read_records(tx, {place: {"_records": 1} for place in places})
    return {id_: found[place] for place, id_ in places.items()}


def standing_ties(
    tx: Transaction, label: str, ids: Iterable[str], refs: Iterable[Reference] | None = None
) -> list[TieRow]:
    """The ties that the columns of some records may be about, whatever their end, role and other end."""
    wanted = list(ids)
    found = []
    for type_, outgoing in dict.fromkeys((ref.type, ref.outgoing) for ref in refs or REPLACING.get(label, ())):
        if not wanted:
            break
        query = "ties/list_outgoing" if outgoing else "ties/list_incoming"
        columns = tx.run(query, words={"TYPE": type_, "LABEL": label}, ids=wanted)[0]
        names = ("id", "other_id", "other_label", "tie")
        for id_, other_id, other_label, tie in zip(*(columns[name] for name in names), strict=True):
            own, other = (label, id_), (other_label, other_id)
            source, target = (own, other) if outgoing else (other, own)
            found.append(TieRow(type_, source, target, tie))
    return found


def shown_at(part: TieParts, stand_ins: Mapping[str, str]) -> TieParts:
    """A tie between those who stand for its ends."""
    source, target = part.parties
    return part._replace(
        source=stand_ins.get(source, source) if source else part.source,
        target=stand_ins.get(target, target) if target else part.target,
    )


def ties_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, TieRow]:
    """Ties by their ids, with the labels of their ends; those without one of their ends are left out."""
    wanted = {id_: part for id_ in ids if (part := split_tie_id(id_))}
    rows = {}
    for type_, label in {(each.type, each.label) for each in wanted.values()}:
        mine = {id_: each for id_, each in wanted.items() if (each.type, each.label) == (type_, label)}
        some = next(iter(mine.values()))
        sources = resolve_labels(tx, some.labels[0], [each.source for each in mine.values()], {})
        targets = resolve_labels(tx, some.labels[1], [each.target for each in mine.values()], {})
        for id_, each in mine.items():
            if each.source in sources and each.target in targets:
                source, target = (sources[each.source], each.source), (targets[each.target], each.target)
                rows[id_] = TieRow(type_, source, target, {"id": id_})
    return rows
