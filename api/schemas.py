"""The shapes of the answers that are not records, one model each (records: `api.record_schemas`).

The models describe answers for OpenAPI; endpoints write JSON themselves, because validating what the product just
computed would cost more than computing it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.import_schemas import ImportAnswer
from graphcrm.limits import MAX_PREFIX_LENGTH

__all__ = [
    "Amount",
    "Analytic",
    "BulkAnswer",
    "ChainAnswer",
    "ErasedAnswer",
    "ExplainAnswer",
    "Health",
    "InfluencersAnswer",
    "NeighborhoodAnswer",
    "Page",
    "PathsAnswer",
    "PinRequest",
    "ProblemDocument",
    "ProvenanceAnswer",
    "QualityAnswer",
    "SearchAnswer",
    "SourceAnswer",
    "SourceRequest",
    "SourcesAnswer",
    "TreeAnswer",
]


class BrokenRule(BaseModel):
    """One value that breaks a rule."""

    field: str
    rule: str
    message: str
    allowed: list[str] | None = None


class ProblemDocument(BaseModel):
    """Why a request was refused (RFC 9457)."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str
    title: str
    status: int
    detail: str
    field: str | None = Field(None, description="The field or parameter that breaks a rule.")
    rule: str | None = Field(None, description="The rule.")
    allowed: list[str] | None = Field(None, description="What would have been accepted, where that is a closed list.")
    errors: list[BrokenRule] | None = Field(None, description="All broken rules, where several are known.")
    details: dict[str, Any] | None = Field(None, description="What is in the way, for a conflict.")


class Page(BaseModel):
    """One page of a list."""

    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null on the last.")


class SourceRequest(BaseModel):
    """What is said of a source; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = Field(None, min_length=1, max_length=64, description="What it is, such as `crm`.")
    trust: int | None = Field(
        None, ge=0, le=100, strict=True, description="Of sources that disagree the most trusted is shown."
    )
    prefix: str | None = Field(
        None, max_length=MAX_PREFIX_LENGTH, description="Stands before every id that its imports bring."
    )


class SourceAnswer(BaseModel):
    """A source, how much it describes, and what it brought."""

    name: str
    kind: str
    trust: int
    prefix: str | None = Field(description="Stands before every id that its imports bring; null where there is none.")
    created_at: str | None
    nodes: dict[str, int] = Field(description="By label.")
    ties: dict[str, int] = Field(description="By type.")
    imports: list[ImportAnswer] = Field(description="The last ten, the latest first.")


class SourcesAnswer(Page):
    """Every source, by name."""

    items: list[SourceAnswer]


class ErasedAnswer(BaseModel):
    """What erasing a source came to."""

    removed: int = Field(description="Nodes and ties that are gone.")
    kept: int = Field(description="Nodes and ties that others describe still.")


class FieldQuality(BaseModel):
    """What is wrong with the values of one field of a source's records."""

    table: str
    field: str
    count: int = Field(description="Records.")
    blank: int
    invalid: int = Field(description="Values that could not be cleaned.")
    duplicated: int = Field(description="Records whose value, cleaned and compared, another record has too.")
    stale: int = Field(description="Values that were not brought again for long.")
    reasons: dict[str, int] = Field(description="Why values are invalid, and how many for each reason.")
    examples: list[str] = Field(description="Masked: the first character and the shape.")


class QualityAnswer(Page):
    """How good what a source says is, by table and field."""

    items: list[FieldQuality]


class PinRequest(BaseModel):
    """The value that a field is to show: this one, or the one that a source says."""

    model_config = ConfigDict(extra="forbid")

    value: Any = None
    source: str | None = Field(None, min_length=1, max_length=64)

    @model_validator(mode="after")
    def _one_of_both(self) -> PinRequest:
        if self.value is not None and self.source is not None:
            raise ValueError("give a value or a source, not both")
        return self


class Said(BaseModel):
    """What one source says of a field."""

    source: str
    key: str = Field(description="The id that it has there.")
    value: Any
    raw: str | None = Field(description="As it came, where cleaning changed it or the field could not hold it.")
    seen_at: str = Field(description="When the source last said something new of the field.")
    last_seen: str = Field(description="When it last brought the field, news or not.")
    shown: bool = Field(description="Whether it is the value that is shown.")


class FieldProvenance(BaseModel):
    """A field: what is shown, whose it is, and what each source says."""

    field: str
    value: Any
    source: str
    rule: Literal["pinned", "trust", "recency", "only source", "name"]
    values: list[Said]


class Seen(BaseModel):
    """A source of a record, and when it spoke of it."""

    source: str
    key: str = Field(description="The id that the record has there.")
    seen_at: str = Field(description="When it last said something new of the record.")
    last_seen: str = Field(description="When it last brought the record, news or not.")


class ProvenanceAnswer(BaseModel):
    """Where a record's fields came from."""

    id: str
    sources: list[Seen]
    fields: list[FieldProvenance]


class _Computed(BaseModel):
    """From what an answer was computed."""

    model_config = ConfigDict(extra="allow")

    revision: int = Field(description="Revision of the graph.")
    as_of: str = Field(description="Moment for which it holds, UTC.")
    metric: str | None = Field(description="What was computed, where there is a choice.")
    layers: list[str] = Field(description="Layers of the network.")
    parties: int = Field(description="Parties seen.")


class Analytic(_Computed):
    """From what part of the network an answer was computed."""

    ties: int = Field(description="Ties seen.")


class Influencer(BaseModel):
    """One party with its rank."""

    rank: int
    party_id: str
    label: str
    name: str
    score: float | None
    reason: str
    rank_low: float | None = Field(None, description="With an interval: from here to `rank_high` it may stand.")
    rank_high: float | None = None
    band: int | None = Field(None, description="With an interval: parties that the data cannot tell apart share one.")


class InfluencersAnswer(Page, Analytic):
    """Parties by influence, highest score first, then by id."""

    items: list[Influencer]


class Step(BaseModel):
    """One step of a path."""

    source: str
    target: str
    types: list[str]
    ids: list[str] = Field(description="Ids of its parallel ties, strongest first.")
    strength: float = Field(description="Joined strength of its parallel ties.")
    at: str | None = Field(default=None, description="When it happened, on a path in time; there it is one tie.")


class Path(BaseModel):
    """One way from source to target."""

    party_ids: list[str]
    hops: int
    strength: float = Field(description="Product of the steps' strengths.")
    departs: str | None = Field(description="When its first step happened, on a path in time.")
    arrives: str | None = Field(description="When its last step happened, on a path in time.")
    ties: list[Step]


class PathsAnswer(Page, Analytic):
    """Ways from source to target, best first, then by ids."""

    items: list[Path]
    source: str = Field(description="Where they begin: who stands for the party asked for, where it was merged away.")
    target: str = Field(description="Where they end; likewise.")
    max_hops: int | None = Field(description="Longer ways were not looked for; ways in time are not bounded.")
    in_time: bool = Field(description="Whether each step comes after the one before.")


class ExplainedInteraction(BaseModel):
    """One of the interactions that a tie counts."""

    id: str
    at: str | None
    kind: str | None
    subject: str | None
    contribution: float = Field(description="The tie's contribution by its count.")
    sources: list[str]


class ExplainedTie(BaseModel):
    """One of the ties from source to target."""

    id: str
    type: str
    layer: str
    source: str
    target: str
    kind: str | None
    at: str | None = Field(description="When it began.")
    last: str | None = Field(description="From when it fades.")
    count: int | None = Field(description="Contacts or interactions.")
    rule: Literal["stated", "counted", "default"] = Field(description="Where `unfaded` comes from.")
    unfaded: float
    strength: float = Field(description="What is left of `unfaded` at the moment.")
    contribution: float = Field(description="Its share of the strength of all ties together.")
    sources: list[str]
    evidence: list[FieldProvenance] = Field(description="What each source says of the tie.")
    interactions: list[ExplainedInteraction] = Field(description="The latest of those that are counted.")


class ExplainAnswer(Page, Analytic):
    """What ties source to target, strongest first, then by id."""

    items: list[ExplainedTie]
    source: str = Field(description="Who stands for the party asked for, where it was merged away.")
    target: str = Field(description="Likewise.")
    strength: float = Field(description="Of all ties together: what the contributions add up to.")


class ChainLink(BaseModel):
    """One party of a chain of referrals."""

    party_id: str
    name: str
    at: str | None = Field(description="When the party was referred; null for the first referrer.")


class ChainAnswer(Page, Analytic):
    """Who brought a party, from the first referrer down to the party itself."""

    party_id: str
    items: list[ChainLink]


class Amount(BaseModel):
    """Money: a decimal string and its ISO 4217 currency."""

    amount: str
    currency: str | None


class TreeNode(BaseModel):
    """One party below another in the tree of referrals."""

    party_id: str
    referrer_id: str | None
    name: str
    depth: int
    at: str | None
    revenue: list[Amount] = Field(description="Orders of the party and of all below it.")
    own_revenue: list[Amount] = Field(description="Orders of the party itself.")


class TreeAnswer(Page, Analytic):
    """Whom a party brought, and whom those brought, by depth, then by id."""

    root: str
    revenue: list[Amount] = Field(description="Orders of the root and of all below it.")
    own_revenue: list[Amount] = Field(description="Orders of the root itself.")
    items: list[TreeNode]
    truncated: bool


class NeighborNode(BaseModel):
    """One party of a neighbourhood."""

    model_config = ConfigDict(extra="allow")

    id: str
    label: str
    name: str
    hop: int
    strength: float = Field(description="Product of strengths over the best way there.")


class NeighborTie(BaseModel):
    """One tie of a neighbourhood."""

    model_config = ConfigDict(extra="allow")

    id: str
    source: str
    target: str
    type: str
    layer: str
    strength: float
    kind: str | None
    at: str | None


class NeighborhoodAnswer(_Computed):
    """What surrounds a party: parties by hop, then strength, then id; ties strongest first, then by id."""

    center: str
    nodes: list[NeighborNode]
    ties: list[NeighborTie]
    truncated: bool
    tie_count: int = Field(description="Ties seen.")


class SearchHit(BaseModel):
    """One record that a search found."""

    id: str
    label: str
    name: str
    matched: str = Field(
        description="The field that matched; `merged_id` where the id is one that was merged into this."
    )


class SearchAnswer(Page):
    """Records that match, best first."""

    items: list[SearchHit]


class Rejection(BaseModel):
    """One row that was not taken."""

    index: int
    field: str | None
    reason: str


class BulkAnswer(BaseModel):
    """What became of the rows: created + updated + unchanged + rejected is their number."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    rejections: list[Rejection]


class Health(BaseModel):
    """That the service runs (`/healthz`) or can do its work (`/readyz`)."""

    status: str
    revision: int | None = None
