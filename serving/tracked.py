"""What senders of events are told, and what operators read of failed ones: shown in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from serving.answers import Answer

EventName = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=255)]


class Event(BaseModel):
    """One event in the shape of Segment's calls; fields that nobody here has heard of are kept as they are."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    type: Literal["track", "page", "screen", "identify", "group", "alias"] | None = Field(
        None, description="Needed in a batch; elsewhere the route says it."
    )
    message_id: Annotated[str, Field(max_length=100)] | None = Field(
        None, description="Names the event for good: the same one again adds nothing. Without it, made of what is said."
    )
    user_id: Id | None = Field(None, description="The lead. This or anonymousId is needed.")
    anonymous_id: Id | None = Field(None, description="A visitor nobody has named yet.")
    previous_id: Id | None = Field(None, description="For alias: the id that this lead had before.")
    group_id: Id | None = Field(None, description="The account.")
    event: EventName | None = Field(None, description="For track: what happened.")
    timestamp: str | float | None = Field(None, description="When, by the sender's clock. Without it: now.")
    sent_at: str | float | None = Field(None, description="The sender's time when it sent; corrects its clock.")
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    write_key: str | None = Field(None, description="The key, where no Authorization header can be set.")


class Batch(BaseModel):
    """Up to 5,000 events; context, timestamp and sentAt count for each that has none of its own."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    batch: Annotated[list[Event], Field(max_length=5_000)]
    context: dict[str, Any] | None = None
    timestamp: str | float | None = None
    sent_at: str | float | None = None
    write_key: str | None = None


class Rejected(Answer):
    """An event that could not be used; it is kept with the reason, see GET /v1/failed-events."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    index: int
    message_id: str | None
    code: str
    message: str


class Warned(Answer):
    """An event that was taken or known already, and something that was noticed of it."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    index: int
    message_id: str | None
    code: str


class Tracked(Answer):
    """What became of the events: every one is accepted, a duplicate or rejected. All accepted ones are stored."""

    success: Literal[True]
    received: int
    accepted: int
    duplicates: int
    rejected: list[Rejected]
    warnings: list[Warned] | None = None


class Failed(Answer):
    """One event that could not be used, with what came."""

    id: str
    source: str
    received_at: datetime
    code: str
    message: str
    raw: Any


class FailedList(Answer):
    """Failed events, newest first."""

    data: list[Failed]
    next_cursor: str | None
    has_more: bool


class ReplayAsked(BaseModel):
    """Which failed events to try again: some by id, or all, some at a time."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ids: Annotated[list[Annotated[str, Field(pattern=r"^\d{1,18}$")]], Field(min_length=1, max_length=1_000)] | None = (
        None
    )
    cursor: Annotated[str, Field(pattern=r"^\d{1,18}$")] | None = Field(
        None, description="The next_cursor of the answer before."
    )


class Replays(Answer):
    """What became of them; those that failed again stay in the list. Ask again with next_cursor while has_more."""

    tried: int
    accepted: int
    duplicates: int
    failed: int
    next_cursor: str | None
    has_more: bool
