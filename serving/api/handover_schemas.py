"""Handovers and feedback as the API takes and answers them, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.handovers.acts import FEEDBACK_KINDS, REASONS, RESULTS
from serving.handovers.feedback import LONGEST_NOTE, MEDIA
from serving.handovers.handover import ClockName, Kind, Stage, State
from serving.scoring.answer import Answer

PlainText = Annotated[str, Field(max_length=LONGEST_NOTE)]


def _one_of(words: tuple[str, ...]) -> dict[str, Any]:
    return {"examples": list(words)}


class RightPerson(BaseModel):
    """Who is the right person instead; the handover goes to him."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: Annotated[str, Field(max_length=255)]
    name: Annotated[str, Field(max_length=200)] | None = None
    title: Annotated[str, Field(max_length=200)] | None = None


class FeedbackRequest(BaseModel):
    """What a person of ours says of a lead or its handover."""

    model_config = ConfigDict(extra="forbid", strict=True)

    handover_id: PlainText | None = Field(None, description="Null: its open one, or the lead is worked without one.")
    by: PlainText = Field(description="Who says it: an e-mail address, or an id of the CRM.")
    kind: PlainText = Field(description="What happened.", json_schema_extra=_one_of(FEEDBACK_KINDS))
    reason: PlainText | None = Field(None, description="Of a reject.", json_schema_extra=_one_of(REASONS))
    medium: PlainText | None = Field(None, json_schema_extra=_one_of(MEDIA))
    result: PlainText | None = Field(None, description="How a try went.", json_schema_extra=_one_of(RESULTS))
    note: PlainText | None = None
    revisit_on: PlainText | None = Field(None, description="The day on which the lead wants to hear from us again.")
    call_back_at: PlainText | None = Field(None, description="When the lead asked to be called.")
    redirected_to: RightPerson | None = None
    learned: dict[str, str | int | float | bool] | None = Field(None, description="Traits: what was learned.")
    at: PlainText | None = Field(None, description="When it happened; default now.")
    undoes: PlainText | None = Field(None, description="Of an undo: the feedback_id; default the newest one.")


class PersonRequest(BaseModel):
    """Who does it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: PlainText = Field(description="An e-mail address, or an id of the CRM.")


class AwayRequest(BaseModel):
    """Until when somebody is away."""

    model_config = ConfigDict(extra="forbid", strict=True)

    until: PlainText | None = Field(description="The last day, such as 2026-12-31; null: back again.")


class HandoverClockAnswer(Answer):
    """One promise: until when, when it was kept, and whether its time is over now."""

    name: ClockName
    due_at: datetime
    stopped_at: datetime | None
    overdue: bool


class TriesAnswer(Answer):
    """How often sales tried; what one person does within an hour is one try."""

    made: int
    of: int
    until: datetime
    last_at: datetime | None
    last_result: str | None
    next_at: datetime | None


class UndoAnswer(Answer):
    """The feedback that can be taken back, by whom, and until when."""

    feedback_id: str
    by: str
    until: datetime


class ContactAnswer(Answer):
    """Whom to call."""

    name: str | None
    title: str | None
    company: str | None
    phone: str | None
    email: str | None


class CardLinks(Answer):
    """Where a handover can be looked at; null where nobody said by which address people reach the service."""

    card: str | None = Field(description="The owner's card: the link is a key, and opens without a sign-in.")
    lead: str | None = Field(description="The page of the lead, for who signs in and may read it.")


class HandoverAnswer(Answer):
    """One lead that went over to sales, as it now stands."""

    handover_id: str
    lead_id: str
    decision_id: str
    kind: Kind
    state: State
    stage: Stage
    trial: bool = Field(description="Made while the agreement is on trial: nothing was sent, and no clock runs.")
    queue: str
    owner: str | None
    offered_at: datetime
    closed_at: datetime | None
    code: str | None = Field(description="Why it was closed.")
    look_again_at: datetime | None = Field(description="Once closed: when the lead may come back.")
    overdue: bool = Field(description="A clock ran out, and nothing stopped it yet.")
    next_due_at: datetime | None
    clocks: list[HandoverClockAnswer]
    tries: TriesAnswer
    score: int | None = Field(description="This and the next eleven: as it was when the lead went over.")
    grade: str | None
    probability: float | None
    reasons: list[str]
    why_now: str | None
    source: str | None
    campaign: str | None
    latest_source: str | None
    latest_campaign: str | None
    last_activity: list[str]
    criteria: dict[str, Any]
    next_step: str | None
    learned: dict[str, Any]
    undo: UndoAnswer | None
    contact: ContactAnswer | None = Field(description="Null for a key without feedback:write.")
    crm_url: str | None
    links: CardLinks


class HandoverPage(Answer):
    """Handovers, the newest first, in pages."""

    data: list[HandoverAnswer]
    next_cursor: str | None
    has_more: bool


class NoHandover(Answer):
    """Feedback on a lead that has no handover: it is kept, and followed by the lead's next decision."""

    handover_id: Literal[None] = None
    lead_id: str
    feedback_id: str


class PassedOn(Answer):
    """The handovers that went to others."""

    data: list[HandoverAnswer]
