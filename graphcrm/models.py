"""The records that cross a border: one model a node label or relationship type.

The same models validate a row of a CSV file, an HTTP body and a call from Python, so a rule stands once.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from graphcrm.values import (
    Count,
    Country,
    Currency,
    Day,
    Extra,
    Fraction,
    Id,
    Ids,
    Instant,
    Line,
    Links,
    Money,
    Number,
    Tags,
    Text,
)

__all__ = [
    "TIE_MODELS",
    "About",
    "Campaign",
    "Case",
    "Concerns",
    "Consent",
    "Contact",
    "Contains",
    "Customer",
    "Dated",
    "Feedback",
    "Gave",
    "Interaction",
    "Knows",
    "MemberOf",
    "Opportunity",
    "Order",
    "Owns",
    "Product",
    "Raised",
    "Record",
    "Referred",
    "RespondedTo",
    "Segment",
    "Task",
    "Tie",
    "TookPartIn",
    "User",
    "WorksAt",
]


class Record(BaseModel):
    """What every record has: fields of the vocabulary, and `extra` for those beyond it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    extra: Extra = Field(default_factory=dict)


# ---- nodes -----------------------------------------------------------------------------------------------


class User(Record):
    """A member of staff."""

    id: Id
    name: Line
    email: Line | None = None
    role: Line | None = None
    reports_to_id: Id | None = None


class Customer(Record):
    """Whom we sell to."""

    id: Id
    name: Line
    kind: Literal["person", "organization"] | None = None
    email: Line | None = None
    phone: Line | None = None
    country: Country | None = None
    city: Line | None = None
    address: Line | None = None
    website: Line | None = None
    industry: Line | None = None
    language: Line | None = None
    birth_date: Day | None = None
    tags: Tags | None = None
    notes: Text | None = None
    attachments: Links | None = None
    created_at: Instant | None = None
    owner_id: Id | None = None


class Contact(Record):
    """A person we know: at a customer, or in someone's circle and not (yet) a customer."""

    id: Id
    name: Line
    email: Line | None = None
    phone: Line | None = None
    title: Line | None = None
    department: Line | None = None
    language: Line | None = None
    birth_date: Day | None = None
    tags: Tags | None = None
    notes: Text | None = None
    attachments: Links | None = None
    created_at: Instant | None = None
    customer_id: Id | None = None
    owner_id: Id | None = None


class Product(Record):
    """What is bought."""

    id: Id
    name: Line
    category: Line | None = None
    unit_price: Money | None = None
    currency: Currency | None = None


class Campaign(Record):
    """A marketing action."""

    id: Id
    name: Line
    channel: Line | None = None
    status: Line | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    budget: Money | None = None
    currency: Currency | None = None
    targeted_ids: Ids | None = None


class Segment(Record):
    """A named, dated group and the rule that made it."""

    id: Id
    name: Line
    rule: Text | None = None
    made_at: Instant | None = None


class Opportunity(Record):
    """A sale in progress."""

    id: Id
    name: Line
    stage: Line | None = None
    amount: Money | None = None
    currency: Currency | None = None
    close_on: Day | None = None
    probability: Fraction | None = None
    customer_id: Id | None = None
    owner_id: Id | None = None


class Case(Record):
    """A complaint or a request for service."""

    id: Id
    subject: Line
    kind: Line | None = None
    status: Line | None = None
    cause: Line | None = None
    opened_at: Instant | None = None
    due_at: Instant | None = None
    closed_at: Instant | None = None
    customer_id: Id | None = None
    owner_id: Id | None = None


class Interaction(Record):
    """One touch between parties, or between staff and parties."""

    id: Id
    kind: Literal["call", "email", "meeting", "chat", "visit", "social", "web", "event"]
    at: Instant
    from_id: Id
    to_ids: Annotated[Ids, Field(min_length=1)]
    channel: Line | None = None
    subject: Line | None = None
    text: Text | None = None
    duration_s: Count | None = None
    campaign_id: Id | None = None
    opportunity_id: Id | None = None
    case_id: Id | None = None

    @field_validator("to_ids")
    @classmethod
    def _others(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if (sender := info.data.get("from_id")) in value:
            raise PydanticCustomError("receivers", "must not hold the sender ({sender})", {"sender": sender})
        return value


class Order(Record):
    """A purchase or, with a negative amount, its refund; without a customer where nobody knows whose it is."""

    id: Id
    at: Instant
    customer_id: Id | None = None
    amount: Money | None = None
    currency: Currency | None = None
    status: Line | None = None


class Feedback(Record):
    """One answer of a party: how likely to recommend, how content, how much trouble, or a review."""

    id: Id
    party_id: Id
    kind: Literal["nps", "csat", "ces", "review"]
    score: Number | None = None
    comment: Text | None = None
    at: Instant | None = None


class Consent(Record):
    """One decision about one channel and purpose; the last one counts. Another decision is another record."""

    id: Id
    party_id: Id
    channel: Line
    purpose: Line
    granted: bool
    at: Instant


class Task(Record):
    """What someone owes a party by a date."""

    id: Id
    subject: Line
    kind: Line | None = None
    due_at: Instant | None = None
    done_at: Instant | None = None
    party_id: Id | None = None
    owner_id: Id | None = None


# ---- ties ------------------------------------------------------------------------------------------------


class Tie(Record):
    """A relationship between two records; `source_id` and `target_id` are its ends."""

    source_id: Id
    target_id: Id


class Referred(Tie):
    """The source brought the target."""

    at: Instant | None = None
    channel: Line | None = None
    campaign_id: Id | None = None


class Knows(Tie):
    """The two know one another."""

    kind: Literal["family", "friend", "colleague", "partner", "adviser", "other"] = "other"
    since: Day | None = None
    until: Day | None = None
    strength: Fraction | None = None
    count: Count | None = None


class WorksAt(Tie):
    """The source works at the target."""

    title: Line | None = None
    department: Line | None = None
    since: Day | None = None
    until: Day | None = None


class TookPartIn(Tie):
    """The source, a party unless `source_label` says otherwise, took part in an interaction."""

    role: Line = "to"
    source_label: Literal["User"] | None = None


class About(Tie):
    """The interaction was about the target."""

    target_label: Literal["Campaign", "Order", "Case", "Opportunity"]


class Raised(Tie):
    """The source has the case, or the opportunity."""

    target_label: Literal["Case", "Opportunity"]


class Gave(Tie):
    """The source gave the feedback, or the consent."""

    target_label: Literal["Feedback", "Consent"]


class Concerns(Tie):
    """The task is about the target: a party, unless `target_label` says otherwise."""

    target_label: (
        Literal[
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
        ]
        | None
    ) = None


class Owns(Tie):
    """The user answers for the target: a party, unless `target_label` says otherwise."""

    target_label: Literal["Opportunity", "Task", "Case"] | None = None


class Dated(Tie):
    """A tie with nothing but a time."""

    at: Instant | None = None


class RespondedTo(Tie):
    """The source responded to a campaign."""

    kind: Literal["opened", "clicked", "visited", "converted", "unsubscribed"]
    at: Instant | None = None
    value: Money | None = None
    currency: Currency | None = None


class Contains(Tie):
    """One line of an order."""

    line_no: Annotated[int, Field(ge=1, le=2**31)] = 1
    quantity: Number
    unit_price: Money | None = None
    discount: Fraction | None = None


class MemberOf(Tie):
    """The source belongs to a segment."""

    since: Day | None = None
    until: Day | None = None


TIE_MODELS: Final[dict[str, type[Tie]]] = {
    "REFERRED": Referred,
    "KNOWS": Knows,
    "WORKS_AT": WorksAt,
    "TOOK_PART_IN": TookPartIn,
    "ABOUT": About,
    "TARGETED": Dated,
    "RESPONDED_TO": RespondedTo,
    "CONTAINS": Contains,
    "RAISED": Raised,
    "GAVE": Gave,
    "MEMBER_OF": MemberOf,
    "CONCERNS": Concerns,
    "OWNS": Owns,
}
"""The models of relationship types that have properties or an open end; the others are a plain `Tie`."""
