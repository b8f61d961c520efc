"""The sample business's campaigns, whom they addressed and what came back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from graphcrm.sample import words
from graphcrm.sample.draw import DAY, SPAN, Draw, day, when
from graphcrm.sample.people import Party

__all__ = ["Calendar", "Campaign", "Response", "campaign_rows", "make_campaigns", "make_responses", "response_rows"]

FIRST: Final = 75 * DAY
MAX_TARGETED: Final = 2_000
REFERRAL_CAMPAIGN: Final = "Bring a Friend"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign between two days (seconds since the start, at midnight) and the positions it addressed."""

    id: str
    name: str
    channel: str
    begins: int
    ends: int
    budget: int
    targeted: tuple[int, ...]


class Response(NamedTuple):
    """What one party did about one campaign."""

    party: int
    campaign: Campaign
    kind: str
    at: int


def make_campaigns(seed: int, parties: Sequence[Party]) -> list[Campaign]:
    """Spread campaigns over the three years, each to some of those who were known when it began.

    Returns
    -------
    list of Campaign
        By begin, which is also by id.
    """
    draw = Draw(seed, "campaigns")
    count = 12 + min(120, len(parties) // 1_500)
    joined = [party.joined for party in parties]
    step = (SPAN - FIRST) // count
    campaigns = []
    for i in range(count):
        begins = (FIRST + i * step + draw.below(10 * DAY)) // DAY * DAY
        ends = begins + draw.between(14, 45) * DAY
        name, channel = words.CAMPAIGNS[i % len(words.CAMPAIGNS)]
        budget = draw.between(8, 120) * 250
        year = day(begins)[:4]
        known = bisect_right(joined, begins)
        targeted = _sample(draw, known, min(MAX_TARGETED, max(3, known // 6)))
        campaigns.append(Campaign(f"K{i + 1:03d}", f"{name} {year}", channel, begins, ends, budget, targeted))
    return campaigns


def make_responses(seed: int, parties: Sequence[Party], campaigns: Sequence[Campaign]) -> list[Response]:
    """Let some of the addressed open, click, visit and buy, one step after another; a few unsubscribe.

    Returns
    -------
    list of Response
        By campaign, then position of the party; only customers are converted.
    """
    draw = Draw(seed, "responses")
    interest = [0.15 + 0.7 * draw.random() for _ in parties]
    gone: set[int] = set()
    responses = []
    for campaign in campaigns:
        for position in campaign.targeted:
            if position in gone:
                continue
            kinds = _steps(draw, interest[position], parties[position].customer)
            at = campaign.begins + 8 * 3600 + draw.below(2 * DAY)
            for kind in kinds:
                if at > SPAN:
                    break
                responses.append(Response(position, campaign, kind, at))
                if kind == "unsubscribed":
                    gone.add(position)
                at += 60 + draw.below(3 * DAY if kind == "visited" else 3_600)
    return responses


def _steps(draw: Draw, interest: float, customer: bool) -> list[str]:
    if not draw.chance(interest):
        return []
    steps = ["opened"]
    if draw.chance(0.02):
        return [*steps, "unsubscribed"]
    for kind, probability in (("clicked", 0.45), ("visited", 0.6), ("converted", 0.35 if customer else 0.0)):
        if not draw.chance(probability):
            break
        steps.append(kind)
    return steps


def _sample(draw: Draw, population: int, size: int) -> tuple[int, ...]:
    """Draw different positions below ``population``, in order."""
    if size >= population:
        return tuple(range(population))
    chosen: set[int] = set()
    while len(chosen) < size:
        chosen.add(draw.below(population))
    return tuple(sorted(chosen))


class Calendar:
    """Which campaign ran at a given second."""

    def __init__(self, campaigns: Sequence[Campaign]) -> None:
        self._campaigns = campaigns
        self._begins = [campaign.begins for campaign in campaigns]

    def running(self, second: int) -> Campaign | None:
        """The latest campaign to begin by then, unless it had ended."""
        found = bisect_right(self._begins, second) - 1
        if found < 0 or self._campaigns[found].ends < second:
            return None
        return self._campaigns[found]

    def referral_campaign(self, second: int) -> str:
        """The id of the campaign that asked for referrals then, or empty."""
        running = self.running(second)
        return running.id if running and running.name.startswith(REFERRAL_CAMPAIGN) else ""


def campaign_rows(parties: Sequence[Party], campaigns: Sequence[Campaign]) -> list[tuple[str, ...]]:
    """Rows of campaigns.csv, by id."""
    return [
        (c.id, c.name, c.channel, "running" if c.ends > SPAN else "finished", day(c.begins), day(c.ends),
         f"{c.budget}.00", "USD", "|".join(sorted(parties[p].id for p in c.targeted)))
        for c in campaigns
    ]  # fmt: skip


def response_rows(
    parties: Sequence[Party], responses: Sequence[Response], values: Mapping[tuple[int, int], tuple[str, str]]
) -> list[tuple[str, ...]]:
    """Rows of responses.csv, by campaign, party and kind; a conversion has the amount of its order.

    Parameters
    ----------
    parties : sequence of Party
        Everybody.
    responses : sequence of Response
        What they did.
    values : mapping of (int, int) to (str, str)
        Amount and currency of the order that a party (position) placed at a second.
    """
    rows = []
    for r in responses:
        value, currency = values[r.party, r.at] if r.kind == "converted" else ("", "")
        rows.append((parties[r.party].id, r.campaign.id, r.kind, when(r.at), value, currency))
    return sorted(rows, key=lambda row: (row[1], row[0], row[2]))
