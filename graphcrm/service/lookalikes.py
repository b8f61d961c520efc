"""Whether a party that is just being made is there already: a few are looked up by index and judged by the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from graphcrm.cleaning.people import split_person
from graphcrm.errors import LooksAlike
from graphcrm.identity.thresholds import REVIEW_PROBABILITY
from graphcrm.schema import PARTY_LABELS
from graphcrm.store import Transaction
from graphcrm.tables import Row, Table

if TYPE_CHECKING:
    from graphcrm.identity.pairs import Judgement

__all__ = ["keys_of_looks", "look_alikes", "refuse_look_alikes"]

_MOST: Final = 50
"""Parties of each label that are compared with the new one: who has its mailbox, then its phone, then its name."""
_SHOWN: Final = 10
_NAMES: Final = frozenset(("given_name", "surname", "name_suffix", "company", "legal_form", "country", "kind"))
"""Fields that make nobody look like another without something beside them."""
_PERSONAL: Final = frozenset(("birth_date", "national_id", "name_suffix", "legal_form", "country", "kind"))
"""Fields that nobody has two of: where they differ it is another, whatever else is shared."""


def refuse_look_alikes(tx: Transaction, table: Table, row: Row) -> None:
    """Refuse a new party that looks like some that are there; rows of other tables pass.

    Raises
    ------
    LooksAlike
        Names them.
    """
    if table.label not in PARTY_LABELS:
        return
    if found := look_alikes(tx, table, row):
        names = ", ".join(f"{each['name']!r} ({each['id']})" for each in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise LooksAlike(
            f"this may be {names}{more}; change that one instead, or create a new one with force", candidates=found
        )


def look_alikes(tx: Transaction, table: Table, row: Row) -> list[dict[str, Any]]:
    """Parties that a new one may be.

    Parameters
    ----------
    tx : Transaction
        Where they are looked up.
    table : Table
        Of customers or contacts.
    row : Row
        The new one.

    Returns
    -------
    list of dict
        `id`, `label`, `name`, `probability` and `evidence`, the most probable first, then by id; at most ten. Named is
        who has its mailbox, its phone or its name and is more likely it than not, if something beside the name agrees
        and nothing personal, such as the birth date, differs.
    """
    looks = _looks(row.properties)
    there = [
        found["record"] | {"label": label}
        for label in PARTY_LABELS
        for found in tx.run("lookalikes/find", words={"LABEL": label}, **looks, row_limit=_MOST)
    ]
    if not there:
        return []
    judged = zip(there, _judging()(row.properties | {"label": table.label}, there), strict=True)
    alike = [
        (party, judgement)
        for party, judgement in judged
        if judgement.probability >= REVIEW_PROBABILITY and _is_telling(judgement.evidence)
    ]
    alike.sort(key=lambda each: (-each[1].weight, each[0]["id"].encode()))
    return [
        {name: party[name] for name in ("id", "label", "name")}
        | {"probability": judgement.probability, "evidence": judgement.evidence}
        for party, judgement in alike[:_SHOWN]
    ]


def keys_of_looks(table: Table, row: Row) -> set[str]:
    """What two writers must not decide about at once, so that neither misses the other's new party.

    One key for all ways in which a mailbox is written, one for a phone and one for a name: most other writers go on
    meanwhile. To be asked before the transaction, for what judges the parties takes a moment to load.
    """
    if table.label not in PARTY_LABELS:
        return set()
    _judging()
    return {f"{what}:{_folded(values)}" for what, values in _looks(row.properties).items() if values}


def _judging() -> Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], list[Judgement]]:
    # Imported here, since its database takes longer to load than most commands take to run.
    from graphcrm.identity.pairs import judge

    return judge


def _folded(ways: list[str]) -> str:
    """What all ways to write one thing have in common: its letters in any case, sorted, without what may be left out.

    Examples
    --------
    >>> _folded(["Dr. Anna Li", "Anna Li", "LI, ANNA"]), _folded(["Li Anna"])
    ('aailnn', 'aailnn')
    """
    return min(("".join(sorted(filter(str.isalnum, way.casefold()))) for way in ways), key=len)


def _is_telling(evidence: list[dict[str, Any]]) -> bool:
    if any(entry["field"] in _PERSONAL and entry["level"] == "differs" for entry in evidence):
        return False
    return any(entry["weight"] > 0 and entry["field"] not in _NAMES for entry in evidence)


def _looks(properties: Mapping[str, Any]) -> dict[str, list[str]]:
    """By what a party is looked up: its mailbox, phone and name, each in the ways in which it may be written."""
    email, phone, name = (properties.get(key) or "" for key in ("email", "phone", "name"))
    person = split_person(name)
    names = {name}
    if person.given and person.family:
        given, family = person.given, person.family
        names |= {f"{given} {family}", f"{family} {given}", f"{family}, {given}", f"{family}{given}"}
    bare = "".join(char for char in phone if char.isdigit() or char == "+")
    return {
        "emails": sorted({email, email.lower()} - {""}),
        "phones": sorted({phone, bare} - {""}),
        "names": sorted({cased for each in names for cased in (each, each.title(), each.upper())} - {""}),
    }
