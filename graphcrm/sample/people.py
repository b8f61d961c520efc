"""Whom the sample business knows: its staff, and customers and contacts in the order in which they came."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphcrm.sample import words
from graphcrm.sample.draw import DAY, SPAN, Draw, Weighted, when

__all__ = [
    "FOUNDERS",
    "Employers",
    "Party",
    "User",
    "assign_owners",
    "contact_rows",
    "customer_rows",
    "make_parties",
    "make_users",
    "user_rows",
]

# The first comers brought one another, a chain that every sample has, however small.
FOUNDERS: Final = 8
FOUNDER_GAP: Final = 6 * DAY

MAIL_HOSTS: Final = ("example.com", "example.org", "example.net")
_CITY = Weighted(range(len(words.CITIES)), [city.weight for city in words.CITIES])


@dataclass(slots=True)
class Party:
    """A customer or contact; ``joined`` is in seconds since the start."""

    id: str
    customer: bool
    organization: bool
    joined: int
    city: int
    industry: str
    language: str
    family_name: int
    name: str = ""
    email: str = ""
    phone: str = ""
    employer: Party | None = None
    title: str = ""
    department: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A member of staff."""

    id: str
    name: str
    email: str
    role: str
    reports_to: str


def make_users(seed: int, parties: int) -> list[User]:
    """Make the staff: a director, managers who report to them, and representatives below.

    Returns
    -------
    list of User
        By id; the director is the first, about one in six is a manager.
    """
    draw = Draw(seed, "users")
    count = max(3, min(60, 4 + parties // 300))
    managers = max(1, count // 6)
    users = []
    for i in range(count):
        script = "zh" if i % 2 else "en"
        name, latin, _ = _person_name(draw, script, None)
        role = "director" if i == 0 else "manager" if i <= managers else "representative"
        boss = "" if i == 0 else "U01" if i <= managers else f"U{2 + draw.below(managers):02d}"
        users.append(User(f"U{i + 1:02d}", name, f"{latin}@example.com", role, boss))
    return users


def make_parties(seed: int, count: int) -> list[Party]:
    """Make customers (two in three) and contacts, dated when they came.

    Parameters
    ----------
    seed : int
        Seed of every draw.
    count : int
        How many parties in all.

    Returns
    -------
    list of Party
        In the order in which they came, no two at the same second.
    """
    draw = Draw(seed, "parties")
    joined = _join_times(draw, count)
    contacts = _which_are_contacts(draw, count)
    width = max(4, len(str(count)))
    parties: list[Party] = []
    employers = Employers()
    households: dict[int, list[Party]] = {}
    numbers = {True: 0, False: 0}
    for position in range(count):
        customer = not contacts[position]
        numbers[customer] += 1
        party_id = f"{'C' if customer else 'P'}{numbers[customer]:0{width}d}"
        party = _make_party(draw, party_id, customer, position)
        party.joined = joined[position]
        _name_party(draw, party, position, households)
        if party.organization:
            employers.add(party)
        elif not customer:
            employers.hire(draw, party)
        parties.append(party)
    return parties


class Employers:
    """The organisations so far; large ones grow faster, as each colleague counts when the next chooses."""

    def __init__(self) -> None:
        self._all: list[Party] = []
        self._by_city: dict[int, list[Party]] = {}

    def add(self, organization: Party) -> None:
        """Let an organisation hire."""
        self._all.append(organization)
        self._by_city.setdefault(organization.city, []).append(organization)

    def hire(self, draw: Draw, contact: Party) -> None:
        """Let three in five contacts work for a customer, most of them in their own city."""
        near = self._by_city.get(contact.city)
        if not self._all or not draw.chance(0.62):
            return
        pool = near if near and draw.chance(0.9) else self._all
        employer = draw.pick(pool)
        pool.append(employer)
        contact.employer = employer
        contact.industry = employer.industry
        titles = words.TITLES["zh" if contact.language == "zh" else "en"]
        contact.title, contact.department = draw.pick(titles)


def _join_times(draw: Draw, count: int) -> list[int]:
    """Founders first, then a business that grows: half of the others evenly, half more and more."""
    founders = [i * FOUNDER_GAP + 9 * 3600 + draw.below(8 * 3600) for i in range(min(FOUNDERS, count))]
    begin = FOUNDERS * FOUNDER_GAP
    room = SPAN - begin - 7 * DAY
    rest = []
    for _ in range(count - len(founders)):
        share = draw.random()
        rest.append(begin + int(room * (math.sqrt(share) if draw.chance(0.5) else share)))
    times = founders + sorted(rest)
    for i in range(1, count):
        times[i] = max(times[i], times[i - 1] + 1)
    return times


def _which_are_contacts(draw: Draw, count: int) -> list[bool]:
    """Mark exactly one third as contacts, never the first three, so that somebody sells from the start."""
    wanted = count // 3
    marks = [False] * count
    left = count - 3
    for position in range(3, count):
        if draw.below(left) < wanted:
            marks[position] = True
            wanted -= 1
        left -= 1
    return marks


def _make_party(draw: Draw, party_id: str, customer: bool, position: int) -> Party:
    city = _CITY.pick(draw)
    organization = customer and (position == 2 or (position > 2 and draw.chance(0.2)))
    script = words.CITIES[city].script
    # A few people's names come from elsewhere than where they live.
    language = script if not draw.chance(0.06) else draw.pick(("zh", "en"))
    industry = draw.pick(words.INDUSTRIES)[0] if organization else ""
    return Party(party_id, customer, organization, 0, city, industry, language, -1)


def _name_party(draw: Draw, party: Party, position: int, households: dict[int, list[Party]]) -> None:
    city = words.CITIES[party.city]
    if party.organization:
        party.name, latin = _organization_name(draw, party)
    else:
        open_house = households.setdefault(party.city, [])
        relative = draw.pick(open_house[-20:]) if open_house and draw.chance(0.25) else None
        if relative is not None and relative.language == party.language:
            party.name, latin, party.family_name = _person_name(draw, party.language, relative.family_name)
        else:
            party.name, latin, party.family_name = _person_name(draw, party.language, None)
        open_house.append(party)
    if draw.chance(0.92):
        party.email = f"{latin}{position + 1}@{draw.pick(MAIL_HOSTS)}"
    if city.phone and draw.chance(0.85):
        party.phone = "".join(str(draw.below(10)) if c == "N" else c for c in city.phone)


def _person_name(draw: Draw, script: str, family: int | None) -> tuple[str, str, int]:
    """Draw a name: as written, in Latin letters for an address, and which family name it has."""
    families = words.SURNAMES[script]
    family = draw.below(len(families)) if family is None else family
    given = draw.pick(words.GIVEN[script])
    written = words.NAME_ORDER[script].format(family=families[family][0], given=given[0])
    return written, f"{given[1]}.{families[family][1]}", family


def _organization_name(draw: Draw, party: Party) -> tuple[str, str]:
    _, english, chinese = next(item for item in words.INDUSTRIES if item[0] == party.industry)
    city = words.CITIES[party.city]
    if party.language == "zh":
        word, latin = draw.pick(words.ORG_WORDS_ZH)
        place = city.name if city.script == "zh" else ""
        return f"{place}{word}{chinese}有限公司", f"office.{latin}"
    word = draw.pick(words.ORG_WORDS_EN)
    suffix = draw.pick(("Ltd", "Inc", "Group", "& Co"))
    return f"{word} {english} {suffix}", "office." + word.lower().replace(" ", "")


def user_rows(users: Sequence[User]) -> list[tuple[str, ...]]:
    """Rows of users.csv, by id."""
    return [(u.id, u.name, u.email, u.role, u.reports_to) for u in users]


def assign_owners(seed: int, parties: Sequence[Party], users: Sequence[User]) -> None:
    """Give customers an owner; each city's customers have the same few."""
    draw = Draw(seed, "owners")
    for party in parties:
        if party.customer and draw.chance(0.95):
            party.owner = users[1 + (party.city + draw.below(2)) % (len(users) - 1)].id


def customer_rows(parties: Sequence[Party]) -> list[tuple[str, ...]]:
    """Rows of customers.csv, by id."""
    rows = []
    for p in parties:
        if not p.customer:
            continue
        city = words.CITIES[p.city]
        kind = "organization" if p.organization else "person"
        rows.append((p.id, p.name, kind, p.email, p.phone, city.country, city.name, when(p.joined), p.owner,
                     p.industry, p.language))  # fmt: skip
    return sorted(rows)


def contact_rows(parties: Sequence[Party]) -> list[tuple[str, ...]]:
    """Rows of contacts.csv, by id."""
    return sorted(
        (p.id, p.name, p.email, p.phone, p.employer.id if p.employer else "", p.title, p.department,
         when(p.joined), p.language)
        for p in parties
        if not p.customer
    )  # fmt: skip
