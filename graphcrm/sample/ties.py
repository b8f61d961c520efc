"""Who brought whom and who knows whom in the sample business."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from graphcrm.sample import words
from graphcrm.sample.draw import DAY, SPAN, Draw, Weighted, day, when
from graphcrm.sample.people import FOUNDERS, Party

__all__ = ["Referral", "Relationship", "make_referrals", "make_relationships", "referral_rows", "relationship_rows"]

_CHANNEL = Weighted(words.CHANNELS, (40, 25, 12, 10, 8, 5))


class Referral(NamedTuple):
    """One party brought another; positions are those of the list of parties."""

    referrer: int
    referred: int
    at: int
    channel: str


class Relationship(NamedTuple):
    """Two parties know one another; ``since`` and ``until`` are days as text, empty where unknown."""

    source: int
    target: int
    kind: str
    since: str
    until: str
    strength: str
    contacts: str


def make_referrals(seed: int, parties: Sequence[Party]) -> list[Referral]:
    """Grow the referrals by preferential attachment: who has referred often refers again.

    Every referrer came before whom they refer, so there are no cycles; the first referral of a party is at
    most two weeks before it came, a second at most a month after.

    Returns
    -------
    list of Referral
        By referred, then referrer in the order drawn.

    References
    ----------
    Barabási and Albert, Emergence of scaling in random networks, Science 286 (1999).
    """
    draw = Draw(seed, "referrals")
    everywhere: list[int] = []
    nearby: dict[int, list[int]] = {}
    referrals = []
    for position, party in enumerate(parties):
        referrers = _referrers(draw, position, everywhere, nearby.get(party.city, []))
        for nth, referrer in enumerate(referrers):
            known = parties[referrer].joined
            if nth == 0:
                at = party.joined - int(draw.random() * min(14 * DAY, party.joined - known - 1))
            else:
                at = min(SPAN, party.joined + draw.below(30 * DAY))
            referrals.append(Referral(referrer, position, at, _CHANNEL.pick(draw)))
            # Once more in the urn for each referral: this is the preferential attachment.
            everywhere.append(referrer)
            nearby.setdefault(parties[referrer].city, []).append(referrer)
        if draw.chance(0.5) or position < FOUNDERS:
            everywhere.append(position)
            nearby.setdefault(party.city, []).append(position)
    return referrals


def _referrers(draw: Draw, position: int, everywhere: list[int], near: list[int]) -> list[int]:
    if position == 0:
        return []
    if position < FOUNDERS:
        return [position - 1]
    if not draw.chance(0.85):
        return []
    found: list[int] = []
    for _ in range(2 if draw.chance(0.3) else 1):
        referrer = draw.pick(near if near and draw.chance(0.75) else everywhere)
        if referrer not in found:
            found.append(referrer)
    return found


class _Circle:
    """Collects relationships, each pair once, whichever way round."""

    def __init__(self, draw: Draw, parties: Sequence[Party]) -> None:
        self.draw = draw
        self.parties = parties
        self.known: list[list[int]] = [[] for _ in parties]
        self.rows: list[Relationship] = []

    def tie(self, new: int, old: int, kind: str) -> None:
        if new == old or old in self.known[new]:
            return
        draw = self.draw
        self.known[new].append(old)
        self.known[old].append(new)
        began = min(self.parties[new].joined, SPAN - DAY) - draw.below(700 * DAY)
        since = day(began) if draw.chance(0.8) else ""
        ended = draw.chance(0.3 if kind == "partner" else 0.05)
        until = day(began + int(draw.random() * (SPAN - began))) if ended and since else ""
        strength, count = "", ""
        form = draw.random()
        if form < 0.4:
            low, high = STRENGTHS[kind]
            strength = f"0.{draw.between(low, high):02d}"
        elif form < 0.65:
            count = str(draw.between(1, 40))
        self.rows.append(Relationship(new, old, kind, since, until, strength, count))


# Strengths in hundredths, by kind.
STRENGTHS: Final[dict[str, tuple[int, int]]] = {
    "family": (75, 98),
    "partner": (60, 95),
    "friend": (45, 90),
    "adviser": (40, 85),
    "colleague": (30, 75),
    "other": (10, 50),
}


def make_relationships(seed: int, parties: Sequence[Party]) -> list[Relationship]:
    """Make families, friends, colleagues, partners and advisers, mostly within one city.

    Returns
    -------
    list of Relationship
        In the order in which the later of the two came.
    """
    draw = Draw(seed, "relationships")
    circle = _Circle(draw, parties)
    people: dict[int, list[int]] = {}
    names: dict[tuple[int, str, int], list[int]] = {}
    staff: dict[str, list[int]] = {}
    firms: dict[str, list[int]] = {}
    advisers: list[int] = []
    for position, party in enumerate(parties):
        if party.organization:
            _add_firm(circle, position, firms.setdefault(party.industry, []))
            continue
        _add_family(circle, position, names.setdefault((party.city, party.language, party.family_name), []))
        _add_friends(circle, position, people.setdefault(party.city, []))
        if party.employer:
            _add_colleague(circle, position, staff.setdefault(party.employer.id, []))
        if advisers and draw.chance(0.12):
            circle.tie(position, draw.pick(advisers), "adviser")
        if not advisers or draw.chance(0.015):
            advisers.append(position)
    return circle.rows


def _add_firm(circle: _Circle, position: int, firms: list[int]) -> None:
    if firms and circle.draw.chance(0.5):
        circle.tie(position, circle.draw.pick(firms), "partner")
    firms.append(position)


def _add_family(circle: _Circle, position: int, namesakes: list[int]) -> None:
    """Who bears the name of one who came shortly before, in the same city, may be a relative."""
    if namesakes and circle.draw.chance(0.45):
        relative = namesakes[-1]
        circle.tie(position, relative, "family")
        for other in circle.known[relative][:3]:
            if other in namesakes[-6:] and circle.draw.chance(0.6):
                circle.tie(position, other, "family")
    namesakes.append(position)


def _add_friends(circle: _Circle, position: int, people: list[int]) -> None:
    """Befriend people of the same city; a friend's friend is as likely as a stranger."""
    draw = circle.draw
    if people:
        friends = draw.pick((0, 0, 1, 1, 1, 2, 3))
        for _ in range(friends):
            friend = draw.pick(people)
            circle.tie(position, friend, "friend" if draw.chance(0.9) else "other")
            people.append(friend)
            if draw.chance(0.35):
                circle.tie(position, draw.pick(circle.known[friend]), "friend")
    people.append(position)


def _add_colleague(circle: _Circle, position: int, staff: list[int]) -> None:
    if staff:
        for _ in range(min(2, len(staff))):
            circle.tie(position, circle.draw.pick(staff[-8:]), "colleague")
    staff.append(position)


def referral_rows(
    parties: Sequence[Party], referrals: Sequence[Referral], campaign_at: Callable[[int], str]
) -> list[tuple[str, ...]]:
    """Rows of referrals.csv, by time, then ids; ``campaign_at`` names the campaign that asked for them."""
    rows = [
        (parties[r.referrer].id, parties[r.referred].id, when(r.at), r.channel, campaign_at(r.at)) for r in referrals
    ]
    return sorted(rows, key=lambda row: (row[2], row[0], row[1]))


def relationship_rows(parties: Sequence[Party], ties: Sequence[Relationship]) -> list[tuple[str, ...]]:
    """Rows of relationships.csv, by ids."""
    return sorted((parties[t.source].id, parties[t.target].id, *t[2:]) for t in ties)
