"""The shapes of the answers about imports and webhooks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["ImportAnswer", "ImportsAnswer", "NewWebhookAnswer", "WebhookAnswer", "WebhooksAnswer"]


class ImportedFile(BaseModel):
    """What became of the rows of one file; counts are null while they are not known."""

    file: str
    table: str | None
    read: int
    created: int | None
    updated: int | None
    unchanged: int | None
    rejected: int | None
    repeated: int | None = Field(description="Rows among these that repeat an earlier one of the file exactly.")
    flagged: int | None = Field(description="Rows that are in with a value that could not be cleaned.")
    sha256: str | None = Field(description="Of what was read.")
    notes: list[str] = Field([], description="What was guessed or decided of the file, such as its encoding.")


class RejectedRow(BaseModel):
    """A row that did not come in."""

    file: str
    line: int | None
    column: str | None
    reason: str


class ImportAnswer(BaseModel):
    """An import: how far it is and what came of it."""

    id: str
    kind: Literal["import"]
    source: str = Field(description="The source that it belongs to.")
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    dry_run: bool
    made_at: str
    started_at: str | None
    ended_at: str | None
    progress: float = Field(ge=0, le=1)
    read: int | None = Field(description="Rows: the sum of the next four, null while they are not known.")
    created: int | None
    updated: int | None
    unchanged: int | None
    rejected: int | None
    repeated: int | None = Field(description="Rows among these that repeat an earlier one of their file exactly.")
    flagged: int | None = Field(description="Rows that are in with a value that could not be cleaned.")
    files: list[ImportedFile]
    merged: int | None = Field(description="Parties merged into others afterwards; null where nobody asked for that.")
    message: str | None = Field(description="Why it ended otherwise than by being done.")
    rejects: list[RejectedRow] | None = Field(None, description="The first rejected rows, where one import is read.")


class ImportsAnswer(BaseModel):
    """Imports, the latest first."""

    items: list[ImportAnswer]
    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null on the last.")


class WebhookAnswer(BaseModel):
    """An address that is told of changes, and how that goes."""

    id: str
    url: str
    events: list[str]
    created_at: str
    waiting: int = Field(description="Deliveries that wait.")
    delivered_at: str | None = Field(description="When it last took one.")
    failed_at: str | None = Field(description="When it last did not, since.")
    failure: str | None = Field(description="Why not.")
    lost_since: str | None = Field(description="Since when events are not kept for it: too many wait, or too long.")


class NewWebhookAnswer(WebhookAnswer):
    """A webhook that was just made."""

    secret: str = Field(description="What its deliveries are signed with; not shown again.")


class WebhooksAnswer(BaseModel):
    """Every webhook, by id."""

    items: list[WebhookAnswer]
    next_cursor: None = None
