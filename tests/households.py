"""A made-up town in which many share surname and address, and its register with corrupted copies."""

from __future__ import annotations

import random
import string
from datetime import date, timedelta
from typing import Any

import pandas as pd

__all__ = ["f1", "register", "true_pairs"]

COLUMNS = (
    "id",
    "given_name",
    "surname",
    "street_number",
    "street",
    "suburb",
    "postcode",
    "state",
    "birth_date",
    "phone",
    "email",
    "national_id",
)
_SYLLABLES = [consonant + vowel for consonant in "bcdfhjklmnrst" for vowel in "aeio"]


def register(people: int, copies: int, seed: int = 1, household_share: float = 0.25) -> tuple[pd.DataFrame, list[int]]:
    """Make up a register.

    Parameters
    ----------
    people : int
        Different people.
    copies : int
        Corrupted copies of some of them, at most three of one.
    seed : int
        The same seed gives the same register.
    household_share : float
        The share of people who live with another of their surname at the same address.

    Returns
    -------
    DataFrame, list of int
        The rows in random order, and for each the number of the person it describes.
    """
    chance = random.Random(seed)
    originals = _people(chance, people, household_share)
    rows = [(number, person) for number, person in enumerate(originals)]
    taken: dict[int, int] = {}
    while len(rows) < people + copies:
        number = chance.randrange(people)
        if taken.get(number, 0) < 3:
            taken[number] = taken.get(number, 0) + 1
            rows.append((number, _corrupted(chance, originals[number])))
    chance.shuffle(rows)
    frame = pd.DataFrame([{"id": f"P{row:07d}", **person} for row, (_, person) in enumerate(rows)], columns=COLUMNS)
    return frame, [number for number, _ in rows]


def true_pairs(ids: list[str], owners: list[Any]) -> set[tuple[str, str]]:
    """All pairs of ids that have one owner, the smaller id first."""
    by_owner: dict[Any, list[str]] = {}
    for id_, owner in zip(ids, owners, strict=True):
        by_owner.setdefault(owner, []).append(id_)
    return {
        (min(a, b), max(a, b))
        for members in by_owner.values()
        for position, a in enumerate(members)
        for b in members[position + 1 :]
    }


def f1(found: set[tuple[str, str]], true: set[tuple[str, str]]) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * len(found & true) / (len(found) + len(true))


def _heavy(chance: random.Random, count: int) -> int:
    """A number below `count`; small ones are much more frequent, as names are."""
    return int(count * chance.random() ** 3)


def _words(chance: random.Random, count: int, syllables: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(2, syllables)))] = None
    return list(found)


def _people(chance: random.Random, count: int, household_share: float) -> list[dict[str, Any]]:
    given, surnames = _words(chance, 900, 3), _words(chance, 9000, 4)
    streets, suburbs = _words(chance, 3000, 4), _words(chance, 400, 4)
    kinds = ("street", "road", "avenue", "place", "court", "lane")
    postcodes = {suburb: f"{chance.randrange(2000, 7999)}" for suburb in suburbs}

    def address() -> dict[str, Any]:
        suburb = suburbs[_heavy(chance, len(suburbs))]
        return {
            "street_number": str(chance.randint(1, 180)),
            "street": f"{chance.choice(streets)} {chance.choice(kinds)}",
            "suburb": suburb,
            "postcode": postcodes[suburb],
            "state": ("nsw", "vic", "qld", "wa")[int(postcodes[suburb]) % 4],
        }

    people: list[dict[str, Any]] = []
    sharing = int(count * household_share)
    while len(people) < count:
        size = chance.choice((2, 2, 3, 4)) if len(people) < sharing else 1
        home, surname, landline = address(), surnames[_heavy(chance, len(surnames))], _phone(chance)
        for _ in range(min(size, count - len(people))):
            first = given[_heavy(chance, len(given))]
            people.append(
                {
                    "given_name": first,
                    "surname": surname,
                    **home,
                    "birth_date": (date(1935, 1, 1) + timedelta(days=chance.randrange(26_000))).isoformat(),
                    "phone": landline if chance.random() < 0.5 else _phone(chance),
                    "email": f"{first}.{surname}{chance.randrange(1000)}@example.com"
                    if chance.random() < 0.6
                    else None,
                    "national_id": f"{chance.randrange(10**8, 10**9)}",
                }
            )
    everybody = address
    for person in people:
        person["_elsewhere"] = everybody()
    return people


def _phone(chance: random.Random) -> str:
    return f"0{chance.randrange(2, 9)}{chance.randrange(10**7, 10**8)}"


def _corrupted(chance: random.Random, person: dict[str, Any]) -> dict[str, Any]:
    copy = dict(person)
    if chance.random() < 0.12:
        copy |= person["_elsewhere"]
    if chance.random() < 0.06:
        copy["given_name"], copy["surname"] = copy["surname"], copy["given_name"]
    for column in ("phone", "email"):
        if chance.random() < 0.25:
            copy[column] = _phone(chance) if column == "phone" else None
    fields = [column for column in COLUMNS[1:] if copy[column]]
    for column in chance.sample(fields, chance.choice((1, 1, 2, 2, 3))):
        copy[column] = None if chance.random() < 0.3 else _typo(chance, copy[column])
    return copy


def _typo(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text))
    other = chance.choice(string.digits if text[at].isdigit() else string.ascii_lowercase)
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at] + other + text[at + 1 :]
    if kind == 1 and len(text) > 2:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + other + text[at:]
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
