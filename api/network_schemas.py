"""The shapes of what is asked of the network beyond ranks and paths: seed sets, reach in time, introductions, risk."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas import Amount, Analytic, Page

__all__ = [
    "BrokersAnswer",
    "CommunitiesAnswer",
    "CompareAnswer",
    "IntroductionsAnswer",
    "ReachableAnswer",
    "SeedSetAnswer",
]


class Compared(BaseModel):
    """One party in two rankings."""

    party_id: str
    label: str
    name: str
    rank: int | None = Field(description="1 + how many score higher; null if the network does not have it then.")
    other_rank: int | None
    rose: int | None = Field(description="`other_rank` - `rank`.")
    score: float | None
    other_score: float | None


class CompareAnswer(Page, Analytic):
    """Who moved most first, then by rank and id; who is in one of both only comes last."""

    items: list[Compared]
    other_metric: str
    other_as_of: str


class Community(BaseModel):
    """One community."""

    community: int = Field(description="Its number: 0 is the largest.")
    parties: int
    customers: int
    inside: float | None = Field(description="What part of the strength of its members' ties stays inside.")
    leader_id: str = Field(description="Who has the most strength inside.")
    leader_name: str


class CommunitiesAnswer(Page, Analytic):
    """The largest first, then by their first party."""

    items: list[Community]
    total: int = Field(description="Communities in all.")
    modularity: float


class Seed(BaseModel):
    """One of those to begin with."""

    rank: int = Field(description="In the order of choice.")
    party_id: str
    label: str
    name: str
    gain: float = Field(description="Parties that it adds to those before, expected.")
    cost: float
    reason: str


class SeedSetAnswer(Page, Analytic):
    """Whom to begin with, in the order of choice."""

    items: list[Seed]
    spread: float = Field(description="Parties reached in simulations made afresh, the seeds among them.")
    low: float = Field(description="From here to `high` lies the expected number in 95 of 100 cases.")
    high: float
    lower: float = Field(description="The expected number is at least this, but for `delta`.")
    upper: float = Field(description="No such choice reaches more, but for `delta`.")
    certificate: float = Field(description="What part of the best this choice is at least, but for `delta`.")
    guarantee: float = Field(description="What part of the best is proven for every network.")
    delta: float = Field(description="Chance at most that one of these fails.")
    sets: int = Field(description="Random sets that it was chosen and judged by.")
    cut: bool = Field(description="Whether memory ended the drawing before the guarantee was proven.")
    eligible: int = Field(description="Parties that might have been chosen.")
    model: Literal["cascade", "threshold"]
    probability: float
    epsilon: float
    seed: int


class Reachable(BaseModel):
    """A party that time lets another reach."""

    party_id: str
    label: str
    name: str
    at: str = Field(description="When it is reached first; or when it had to set out last.")


class ReachableAnswer(Page, Analytic):
    """Parties in the order of `at` (the latest first for those who reach the party), then by id."""

    items: list[Reachable]
    party_id: str = Field(description="Where the ways begin or end: who stands for the party asked for.")
    direction: Literal["from", "to"]
    total: int = Field(description="Parties in all.")


class Mention(BaseModel):
    """Something that two share."""

    type: Literal["Interaction", "Campaign", "Product"]
    id: str
    name: str
    at: str | None


class Introduction(BaseModel):
    """A way to someone."""

    rank: int
    via: str = Field(description="Who introduces, or is in touch already.")
    via_label: Literal["Customer", "Contact", "User"]
    via_name: str
    strength: float = Field(description="Product along the way.")
    hops: int
    party_ids: list[str] = Field(description="The way, from where it begins to who is reached.")
    labels: list[str] = Field(description="Of those on the way.")
    last_contact: str | None = Field(description="When `via` was last in touch with who is reached.")
    contacts: int = Field(description="Of `via` with staff in the last 30 days.")
    mention: list[Mention] = Field(description="What `via` and who is reached share, three of a type at most.")


class IntroductionsAnswer(Page, Analytic):
    """Strongest first, then fewest hops, then by id."""

    items: list[Introduction]
    to: str = Field(description="Who is to be reached: who stands for the party asked for.")
    opted_out: list[str] = Field(description="Passed over, because they want no contact.")
    overasked: list[str] = Field(description="Tied to who is reached and passed over, for their many contacts.")


class Broker(BaseModel):
    """One whose leaving would cut others off."""

    rank: int
    party_id: str
    label: Literal["Customer", "Contact", "User"]
    name: str
    customers: int = Field(description="Customers that would be cut off.")
    parties: int = Field(description="Customers and contacts that would be cut off.")
    revenue: list[Amount] = Field(description="Of those cut off, by currency.")
    bridges: int = Field(description="Its ties that are the only way to some of them.")
    cut_off: list[str] = Field(description="Ids of the customers with most revenue, ten at most.")


class BrokersAnswer(Page, Analytic):
    """By revenue in the currency, then customers, then parties, then id."""

    items: list[Broker]
    root: str | None = Field(description="From whom customers must be reached; any member of staff if null.")
    currency: str | None = Field(description="In which revenue ranks.")
    total: int = Field(description="Brokers in all.")
    out_of_reach: int = Field(description="Customers that are cut off already.")
