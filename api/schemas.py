"""The shapes of the answers that are not records, one model each (records: `api.records_schema`).

The models describe answers for OpenAPI; endpoints write JSON themselves, because validating what the product just
computed would cost more than computing it.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "BulkAnswer",
    "ChainAnswer",
    "Health",
    "InfluencersAnswer",
    "NeighborhoodAnswer",
    "PathsAnswer",
    "ProblemDocument",
    "SearchAnswer",
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


class _List(BaseModel):
    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null on the last.")


class _Analytic(BaseModel):
    """From what an answer was computed."""

    model_config = ConfigDict(extra="allow")

    revision: int = Field(description="Revision of the graph.")
    as_of: str = Field(description="Moment for which it holds, UTC.")
    metric: str = Field(description="What was computed.")
    layers: list[str] = Field(description="Layers of the network.")
    parties: int = Field(description="Parties seen.")
    ties: int = Field(description="Ties seen.")


class Influencer(BaseModel):
    """One party with its rank."""

    rank: int
    party_id: str
    label: str
    name: str
    score: float | None
    reason: str


class InfluencersAnswer(_List, _Analytic):
    """Parties by influence, highest score first, then by id."""

    items: list[Influencer]


class Path(BaseModel):
    """One way from source to target."""

    party_ids: list[str]
    hops: int
    strength: float
    ties: list[str]


class PathsAnswer(_List, _Analytic):
    """Ways from source to target, best first, then by ids."""

    items: list[Path]


class ChainLink(BaseModel):
    """One party of a chain of referrals."""

    party_id: str
    name: str
    at: str | None = Field(description="When the party was referred; null for the first referrer.")


class ChainAnswer(_List, _Analytic):
    """Who brought a party, from the first referrer down to the party itself."""

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


class TreeAnswer(_List, _Analytic):
    """Whom a party brought, and whom those brought, by depth, then by id."""

    root: Any
    items: list[TreeNode]
    truncated: bool


class NeighborNode(BaseModel):
    """One party or other record in a neighbourhood."""

    model_config = ConfigDict(extra="allow")

    id: str
    label: str
    name: str
    hop: int


class NeighborTie(BaseModel):
    """One tie in a neighbourhood."""

    model_config = ConfigDict(extra="allow")

    id: str
    source: str
    target: str
    type: str
    layer: str | None
    strength: float | None


class NeighborhoodAnswer(BaseModel):
    """What surrounds a party, strongest first."""

    model_config = ConfigDict(extra="allow")

    center: Any
    nodes: list[NeighborNode]
    ties: list[NeighborTie]
    truncated: bool
    revision: int
    as_of: str


class SearchHit(BaseModel):
    """One record that a search found."""

    id: str
    label: str
    name: str
    matched: str = Field(description="The field that matched.")


class SearchAnswer(_List):
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
