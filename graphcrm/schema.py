"""The vocabulary of the graph: labels, relationship types and how a tie is named.

Everything else that needs a label or a type takes it from here; `Query` variants are built from these names alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

__all__ = [
    "BOOKKEEPING_KEYS",
    "BOOKKEEPING_LABELS",
    "DIRECTIONS",
    "LABELS",
    "LAYERS",
    "PARTY_LABELS",
    "PATH_CRITERIA",
    "TIE_TYPES",
    "End",
    "TieParts",
    "TieType",
    "split_tie_id",
    "split_tie_ids",
    "tie_id",
    "tie_id_between",
]

PARTY_LABELS: Final = ("Customer", "Contact")
"""Labels whose ids share one namespace."""

LABELS: Final = (
    "Customer",
    "Contact",
    "Interaction",
    "Campaign",
    "Order",
    "Product",
    "Opportunity",
    "Case",
    "Feedback",
    "Consent",
    "Segment",
    "Task",
    "User",
    "Source",
    "Record",
)
"""Labels of what users record. A node has exactly one label and an `id`, unique within it."""

BOOKKEEPING_LABELS: Final = (
    "Change",
    "Revision",
    "Migration",
    "Job",
    "Token",
    "Receipt",
    "Webhook",
    "Delivery",
    "Verdict",
    "Candidate",
    "Decision",
    "Alias",
    "Sighting",
)
"""Labels of the product's own books; a `Receipt` remembers the answer to an Idempotency-Key, a `Delivery` is what a
webhook is still to be told, a `Verdict` says that two parties are not the same, a `Candidate` that they may be (the one
of the id `search` tells of the search), a `Decision` that they are to be merged (the one of the id `run` tells of the
run that decided so), an `Alias` that one was merged into another, a `Sighting` is a part of what sources brought again
as it was."""

BOOKKEEPING_KEYS: Final = frozenset({"_sources", "_seen_at", "_earlier", "_created_at", "_raw", "_records"})
"""Properties of nodes and ties that say where they came from; they are no fields. `_sources` names the sources,
`_seen_at` is when one of them last said something new, `_earlier` when the only one last did of the fields of which it
said nothing new then, `_created_at` is since when a party is known where that was
earlier, `_raw` holds fields as they came where cleaning changed them, and `_records` counts the records that sources
have of it (none where one source alone describes it)."""

PATH_CRITERIA: Final = ("hops", "strength", "earliest", "latest", "fastest")
"""What makes a path the best one; the last three are about time."""
DIRECTIONS: Final = ("from", "to")
"""Ways from a party to others, or from them to it."""
LAYERS: Final = ("referral", "knows", "works_with", "interaction")
"""Layers of the relationship network, in the order in which they are listed."""

_PARTY = PARTY_LABELS

End = Literal["source", "target"]
"""One of the two ends of a tie."""


@dataclass(frozen=True)
class TieType:
    """What a relationship type may connect, and what tells two ties between the same ends apart."""

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    qualifier: str | None = None
    """The property that is part of the tie's identity, beside its type and ends."""
    one_a: End | None = None
    """The end that has at most one such tie."""

    @cached_property
    def ends(self) -> dict[End, tuple[str, ...]]:
        """The labels of each end."""
        return {"source": self.sources, "target": self.targets}

    @cached_property
    def open_end(self) -> End | None:
        """The end whose id leaves open which record it is, since records of several kinds may have that id.

        Customers and contacts share their ids, so an end that is a party of either label is not open.
        """
        for end, labels in self.ends.items():
            if len({label in PARTY_LABELS or label for label in labels}) > 1:
                return end
        return None

    @cached_property
    def said(self) -> tuple[str, ...]:
        """The labels of the open end that stand in a tie's id; a party's does not."""
        labels = self.ends[self.open_end] if self.open_end else ()
        return tuple(label for label in labels if label not in PARTY_LABELS)

    def labels(self, end: End, label: str | None = None) -> tuple[str, ...]:
        """The labels that an end may have, where a tie says `label` of its open end; None stands for a party."""
        if end != self.open_end:
            return self.ends[end]
        return (label,) if label else tuple(found for found in self.ends[end] if found in PARTY_LABELS)


_ANY = tuple(label for label in LABELS if label not in ("Source", "Record"))

TIE_TYPES: Final = {
    tie.name: tie
    for tie in (
        TieType("REFERRED", _PARTY, _PARTY),
        TieType("KNOWS", _PARTY, _PARTY, "kind"),
        TieType("WORKS_AT", _PARTY, ("Customer",)),
        TieType("SUBSIDIARY_OF", ("Customer",), ("Customer",)),
        TieType("TOOK_PART_IN", (*_PARTY, "User"), ("Interaction",)),
        TieType("ABOUT", ("Interaction",), ("Campaign", "Order", "Case", "Opportunity")),
        TieType("TARGETED", ("Campaign",), _PARTY),
        TieType("RESPONDED_TO", _PARTY, ("Campaign",), "kind"),
        TieType("PLACED", ("Customer",), ("Order",), one_a="target"),
        TieType("CONTAINS", ("Order",), ("Product",), "line_no"),
        TieType("RAISED", _PARTY, ("Case", "Opportunity")),
        TieType("GAVE", _PARTY, ("Feedback", "Consent")),
        TieType("MEMBER_OF", _PARTY, ("Segment",)),
        TieType("CONCERNS", ("Task",), _ANY),
        TieType("OWNS", ("User",), (*_PARTY, "Opportunity", "Task", "Case"), one_a="target"),
        TieType("REPORTS_TO", ("User",), ("User",), one_a="source"),
        TieType("DESCRIBES", ("Record",), _ANY),
    )
}
"""Relationship types by name. Each tie's `id` is unique within its type."""


def _quote(part: str) -> str:
    return part.replace("%", "%25").replace(":", "%3A")


def _unquote(part: str) -> str:
    return part.replace("%3A", ":").replace("%25", "%")


def tie_id(type_: str, source: str, target: str, qualifier: str | int | None = None, label: str | None = None) -> str:
    """Name a tie by its type, its ends and, where the type has one, its qualifier.

    Parameters
    ----------
    type_ : str
        A relationship type of `TIE_TYPES`.
    source, target : str
        Ids of the ends, in the tie's direction.
    qualifier : str or int, optional
        The value of the type's qualifier (`kind`, `line_no`).
    label : str, optional
        The label of the type's open end, where it has one. It stands in the id unless it is a party's.

    Returns
    -------
    str
        The id; the same tie always has the same, different ties never.

    Examples
    --------
    >>> tie_id("KNOWS", "C1", "C2", "friend")
    'KNOWS:C1:C2:friend'
    >>> tie_id("REFERRED", "a:b", "c")
    'REFERRED:a%3Ab:c'
    >>> tie_id("OWNS", "U1", "7", label="Case"), tie_id("OWNS", "U1", "7", label="Customer")
    ('OWNS:U1:Case:7', 'OWNS:U1:7')
    """
    parts = [type_, _quote(source), _quote(target)]
    if qualifier is not None:
        parts.append(_quote(str(qualifier)))
    if label is not None and label in (kind := TIE_TYPES[type_]).said:
        parts.insert(1 if kind.open_end == "source" else 2, label)
    return ":".join(parts)


def tie_id_between(
    type_: str, source: tuple[str, str], target: tuple[str, str], qualifier: str | int | None = None
) -> str:
    """Name a tie by ends of which label and id are known; see `tie_id`.

    Examples
    --------
    >>> tie_id_between("RAISED", ("Customer", "C1"), ("Case", "7"))
    'RAISED:C1:Case:7'
    """
    label = {"source": source[0], "target": target[0], None: None}[TIE_TYPES[type_].open_end]
    return tie_id(type_, source[1], target[1], qualifier, label)


_MARK: Final = "\0"


def split_tie_ids(type_: str, ids: Sequence[str]) -> tuple[list[str], list[str], Sequence[str | None]] | None:
    """Give back the ends and qualifiers of many ties of one type; None when an id is none that `tie_id` made.

    It is for types without an open end: those of the relationship network.

    Examples
    --------
    >>> split_tie_ids("KNOWS", ["KNOWS:A:B:friend", "KNOWS:B:C:family"])
    (['A', 'B'], ['B', 'C'], ['friend', 'family'])
    """
    if not ids:
        return [], [], []
    size = 4 if TIE_TYPES[type_].qualifier else 3
    # One long text, since a split for each of a million ids takes four times as long. The marks between the ids tell
    # whether each had as many parts as it should.
    parts = f":{_MARK}:".join(ids).split(":")
    marks = parts[size :: size + 1]
    if (
        len(parts) != len(ids) * (size + 1) - 1
        or parts.count(_MARK) != len(ids) - 1
        or marks.count(_MARK) != len(ids) - 1
        or parts[:: size + 1].count(type_) != len(ids)
    ):
        return None
    columns = [parts[column :: size + 1] for column in range(1, size)]
    if any("%" in id_ for id_ in ids):
        columns = [list(map(_unquote, column)) for column in columns]
    return columns[0], columns[1], columns[2] if size == 4 else [None] * len(ids)


class TieParts(NamedTuple):
    """The parts from which `tie_id` makes an id."""

    type: str
    source: str
    target: str
    qualifier: str | None
    """None where the type has none."""
    label: str | None
    """The label of the open end; None where there is none, and for a party."""

    @property
    def labels(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The labels that the source and the target may have."""
        kind = TIE_TYPES[self.type]
        return kind.labels("source", self.label), kind.labels("target", self.label)

    @property
    def parties(self) -> tuple[str | None, str | None]:
        """The source and the target where they are parties, each None where it is not."""
        source, target = (set(labels) <= set(PARTY_LABELS) for labels in self.labels)
        return self.source if source else None, self.target if target else None


def split_tie_id(id_: str) -> TieParts | None:
    """Give back the parts from which `tie_id` made an id; None when this is no tie's id.

    Examples
    --------
    >>> split_tie_id("REFERRED:a%3Ab:c")
    TieParts(type='REFERRED', source='a:b', target='c', qualifier=None, label=None)
    >>> split_tie_id("OWNS:U1:Case:7")
    TieParts(type='OWNS', source='U1', target='7', qualifier=None, label='Case')
    """
    type_, *parts = id_.split(":")
    kind = TIE_TYPES.get(type_)
    if kind is None:
        return None
    label = None
    if kind.open_end and len(parts) == 3:
        label = parts.pop(0 if kind.open_end == "source" else 1)
        if label not in kind.said:
            return None
    elif kind.open_end and not kind.labels(kind.open_end):
        return None
    if len(parts) != (3 if kind.qualifier else 2):
        return None
    source, target, *rest = map(_unquote, parts)
    return TieParts(type_, source, target, rest[0] if rest else None, label)
