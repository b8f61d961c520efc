"""The shapes of the answers about duplicates and merges."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from graphcrm.limits import MAX_ID_LENGTH

__all__ = [
    "CandidatesAnswer",
    "MergeAnswer",
    "MergeRequest",
    "MergesAnswer",
    "SearchStateAnswer",
    "UnmergeAnswer",
    "VerdictAnswer",
    "VerdictRequest",
    "VerdictsAnswer",
]


class _List(BaseModel):
    """A page of a list."""

    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null on the last.")


class Evidence(BaseModel):
    """What one field says for or against two being one."""

    field: str
    level: str
    weight: float = Field(description="log2 of how much likelier it makes the pair one party.")


class MergeRequest(BaseModel):
    """Which of two parties goes, and which stays."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=MAX_ID_LENGTH, description="The party that goes.")
    into: str = Field(min_length=1, max_length=MAX_ID_LENGTH, description="The party that stays.")


class UndecidedEdit(BaseModel):
    """An edit made while two parties were one that may be meant for the one that is there again."""

    field: str
    value: Any = Field(description="What the party that is there again shows.")
    edited: Any = Field(description="What it was edited to meanwhile, which stays with the other one; null: removed.")


class UnmergeAnswer(BaseModel):
    """A party that is there again, and the one that stood for it."""

    id: str
    into: str
    undecided: list[UndecidedEdit]


class MergeAnswer(BaseModel):
    """A merge."""

    id: str
    into: str
    at: str


class Merged(MergeAnswer):
    """A merge that holds."""

    label: str = Field(description="What the party was that is gone.")
    by: str = Field(description="Who made it: `hand`, a token's name, or `automatic`.")
    probability: float | None = Field(description="That the two are one; null where a person decided.")
    compared_with: str | None = Field(description="With whom it was compared: the survivor or another duplicate.")
    evidence: list[Evidence] | None


class MergesAnswer(_List):
    """The merges that hold, by the id of the party that is gone."""

    items: list[Merged]


class SearchStateAnswer(BaseModel):
    """A search for duplicates: how far it is, and what the last one that came to its end found."""

    state: Literal["running", "done", "failed"]
    started_at: str
    ended_at: str | None
    message: str | None = Field(description="Why it failed.")
    revision: int | None = Field(description="Revision of the graph that was searched.")
    parties: int | None = Field(description="Parties compared.")
    pairs: int | None = Field(description="Pairs found.")
    kept: int | None = Field(description="How many of them are kept: the most probable.")
    trained: bool | None = Field(description="Whether the data has taught the model.")


class CandidateParty(BaseModel):
    """One of two parties that may be one."""

    id: str
    label: str
    name: str


class Candidate(BaseModel):
    """Two parties that may be one."""

    left: CandidateParty
    right: CandidateParty
    probability: float
    weight: float = Field(description="Sum of the evidence.")
    group: str | None = Field(description="First id of the group to which both belong; null where they link none.")
    evidence: list[Evidence]


class CandidatesAnswer(_List):
    """Pairs that were found and are not decided, the most probable first."""

    items: list[Candidate]
    search: SearchStateAnswer | None = Field(description="The search; null where there never was one.")


class VerdictRequest(BaseModel):
    """Two parties that are not the same."""

    model_config = ConfigDict(extra="forbid")

    left_id: str = Field(min_length=1, max_length=MAX_ID_LENGTH)
    right_id: str = Field(min_length=1, max_length=MAX_ID_LENGTH)


class VerdictAnswer(BaseModel):
    """Two parties that are not the same, and when that was said."""

    left_id: str
    right_id: str
    at: str


class VerdictsAnswer(_List):
    """Pairs that were told apart."""

    items: list[VerdictAnswer]
