"""Who was in touch with whom in the sample business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphcrm.sample import words
from graphcrm.sample.campaigns import Calendar
from graphcrm.sample.draw import DAY, SPAN, Draw, Weighted, when
from graphcrm.sample.people import Party, User
from graphcrm.sample.ties import Referral, Relationship

__all__ = ["Interaction", "interaction_rows", "make_interactions"]

_STAFF_KIND = Weighted(("call", "email", "meeting", "visit", "chat"), (30, 34, 14, 10, 12))
_PRIVATE_KIND = Weighted(("social", "chat", "call", "email", "meeting"), (32, 30, 16, 14, 8))
# Seconds, shortest and longest.
_DURATION = {"call": (40, 1_800), "meeting": (1_200, 7_200), "visit": (900, 5_400)}


class Interaction(NamedTuple):
    """One touch; sorts by time."""

    at: int
    sender: str
    receivers: tuple[str, ...]
    kind: str
    subject: str
    duration: str
    campaign: str


def make_interactions(
    seed: int,
    parties: Sequence[Party],
    users: Sequence[User],
    ties: Sequence[Referral | Relationship],
    calendar: Calendar,
) -> list[Interaction]:
    """Draw touches between staff and parties, and between parties that are tied.

    Nobody is in touch before the day after they came. Pairs that are in touch once tend to be so again.

    Returns
    -------
    list of Interaction
        By time, about 2.7 a party.
    """
    draw = Draw(seed, "interactions")
    made = []
    for _ in range(len(parties) * 3 // 2):
        party = parties[_early(draw, len(parties))]
        touch = _by_staff(draw, party, parties, users, calendar)
        if touch:
            made.append(touch)
    close = [ties[draw.below(len(ties))] for _ in range(1 + len(ties) // 4)]
    for _ in range(len(parties) * 5 // 4):
        tie = draw.pick(close) if draw.chance(0.6) else draw.pick(ties)
        pair = (parties[tie[0]], parties[tie[1]])
        touch = _between_parties(draw, *(pair if draw.chance(0.6) else pair[::-1]))
        if touch:
            made.append(touch)
    return sorted(made)


def _early(draw: Draw, count: int) -> int:
    """A position, the early ones more often: old customers have had more time to be in touch."""
    return min(draw.below(count), draw.below(count))


def _moment(draw: Draw, since: int, first_hour: int, last_hour: int) -> int | None:
    """A second on a day after ``since``, between two hours; None where no day is left."""
    first = since // DAY + 1
    days = SPAN // DAY + 1 - first
    if days < 1:
        return None
    return (first + draw.below(days)) * DAY + first_hour * 3600 + draw.below((last_hour - first_hour) * 3600)


def _by_staff(
    draw: Draw, party: Party, parties: Sequence[Party], users: Sequence[User], calendar: Calendar
) -> Interaction | None:
    at = _moment(draw, party.joined, 8, 19)
    if at is None:
        return None
    kind = _STAFF_KIND.pick(draw)
    user = party.owner if party.owner and draw.chance(0.8) else draw.pick(users).id
    receivers = [party.id]
    if kind in ("meeting", "email") and draw.chance(0.3):
        other = draw.pick(parties)
        if other.joined < at and other.id != party.id:
            receivers.append(other.id)
    running = calendar.running(at)
    campaign = running.id if running and kind in ("email", "call", "chat") and draw.chance(0.35) else ""
    outward = draw.chance(0.65) or len(receivers) > 1
    sender, to = (user, tuple(receivers)) if outward else (party.id, (user,))
    return Interaction(at, sender, to, kind, *_content(draw, kind, party), campaign)


def _between_parties(draw: Draw, one: Party, other: Party) -> Interaction | None:
    at = _moment(draw, max(one.joined, other.joined), 7, 23)
    if at is None:
        return None
    kind = _PRIVATE_KIND.pick(draw)
    return Interaction(at, one.id, (other.id,), kind, *_content(draw, kind, one), "")


def _content(draw: Draw, kind: str, party: Party) -> tuple[str, str]:
    """Subject in the party's language, and duration where the kind has one."""
    subject = draw.pick(words.SUBJECTS["zh" if party.language == "zh" else "en"][kind])
    bounds = _DURATION.get(kind)
    return subject, str(draw.between(*bounds)) if bounds else ""


def interaction_rows(interactions: Sequence[Interaction]) -> list[tuple[str, ...]]:
    """Rows of interactions.csv, by id, which is by time."""
    width = max(5, len(str(len(interactions))))
    return [
        (
            f"I{n:0{width}d}",
            i.kind,
            when(i.at),
            i.sender,
            "|".join(i.receivers),
            i.subject,
            i.duration,
            i.campaign,
        )
        for n, i in enumerate(interactions, 1)
    ]
