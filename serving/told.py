"""What the routes of one lead answer, field by field: shown in the OpenAPI document, and held to by tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from serving.answers import Answer, Score, Unscored


class Touch(Answer):
    """The campaign that brought a visit."""

    source: Any
    name: Any


class TimelineEvent(Answer):
    """One thing that a lead did or that became of it, and what it counts as."""

    message_id: str
    source: str
    type: str
    name: str
    occurred_at: datetime
    recorded_at: datetime = Field(description="When we knew.")
    counts: bool
    behaviours: list[str] = Field(description="The behaviours that it counts as.")
    why_not: str | None = Field(description="Why it does not count; null where it does.")
    flags: list[str] = Field(description="What intake noticed.")
    properties: dict[str, Any]
    traits: list[str] = Field(description="The names of the traits that it told; their values are in the export.")
    touch: Touch | None


class Timeline(Answer):
    """A lead's events, newest first, in pages."""

    data: list[TimelineEvent]
    next_cursor: str | None
    has_more: bool


class Identifier(Answer):
    """One name of a lead: of which kind (user, anonymous, email, a CRM), and the name."""

    kind: str
    value: str


class Held(BaseModel):
    """Everything held on one lead: personal data."""

    model_config = ConfigDict(extra="forbid")

    lead_id: str
    exported_at: datetime
    identifiers: list[Identifier]
    events: list[dict[str, Any]] = Field(description="As in the timeline, with all that came.")
    behaviours: dict[str, dict[str, Any]]
    traits: dict[str, Any]
    score: Score | Unscored
    failed_events: list[dict[str, Any]]
    feedback: list[dict[str, Any]]


class ErasedLead(Answer):
    """What was erased, in figures: the answer names nobody."""

    erased: bool
    events: int
    identifiers: int
    failed_events: int
