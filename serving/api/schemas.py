"""Every answer of the API, field by field: the OpenAPI document shows it, and tests hold real answers to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from features.events.event import LONGEST, LONGEST_NAME
from serving import limits
from serving.scoring.answer import Answer, Score, Unscored


class Scores(Answer):
    """One entry for each lead asked for, in that order."""

    data: list[Score | Unscored]


class Models(Answer):
    """The registered models, newest first."""

    data: list[dict[str, Any]]
    next_cursor: str | None
    has_more: bool


class AgreementDigests(Answer):
    """What tells two agreements apart, by what is compared."""

    all: str = Field(description="All that the file says: names a version.")
    signed: str = Field(description="Parts 1 and 2: what both sides sign.")
    policy: str = Field(description="What turns numbers into a decision: each decision names it.")
    features: str = Field(description="What the model learns from: while it stays, no training is needed.")


class AgreementSignature(Answer):
    """One person's word for one side."""

    by: str
    side: Literal["marketing", "sales"]
    at: datetime
    digest: str = Field(description="The signed digest of what was signed.")
    is_of_this_text: bool


class AgreementAnswer(Answer):
    """What marketing and sales agreed, who signed it, and whether it is live."""

    name: str
    version: int = Field(description="0 while the default answers.")
    is_agreed: bool
    digests: AgreementDigests
    signatures: list[AgreementSignature] = Field(description="The oldest first.")
    live: bool = Field(description="False: a trial, in which nothing is sent.")
    why_not_live: str | None
    changed_since_signed: bool
    signatures_missing: list[Literal["marketing", "sales"]] = Field(description="Under the present text.")
    notes: list[str] = Field(description="A sentence for each line that is written in an old form.")
    text: str = Field(description="agreement.toml as it was written.")


class Fault(Answer):
    """One thing wrong in a request."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the body.")
    code: str
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details, with a code for programs."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: str
    request_id: str
    errors: list[Fault] | None = None


class CampaignTouch(Answer):
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
    minutes: float | None = Field(description="Time on a page or in a webinar, as it counts; null where there is none.")
    flags: list[str] = Field(description="What intake noticed.")
    properties: dict[str, Any]
    traits: list[str] = Field(description="The names of the traits that it told; their values are in the export.")
    touch: CampaignTouch | None


class Timeline(Answer):
    """A lead's events, newest first, in pages."""

    data: list[TimelineEvent]
    next_cursor: str | None
    has_more: bool


class Identifier(Answer):
    """One name of a lead: of which kind (user, anonymous, email, a CRM), and the name."""

    kind: str
    value: str


class LeadExport(BaseModel):
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
    decisions: list[dict[str, Any]] = Field(description="Every change of its decision, as it is kept.")
    handovers: list[dict[str, Any]]
    feedback: list[dict[str, Any]]


class ErasedLead(Answer):
    """What was erased, in figures: the answer names nobody."""

    erased: bool
    events: int
    identifiers: int
    failed_events: int
    mentions: int = Field(description="Events of others in which an address of the lead was replaced.")


EventName = Annotated[str, Field(min_length=1, max_length=LONGEST["event"])]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class TrackingEvent(BaseModel):
    """One event in the shape of Segment's calls; fields that nobody here has heard of are kept as they are."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    type: Literal["track", "page", "screen", "identify", "group", "alias"] | None = Field(
        None, description="Needed in a batch; elsewhere the route says it."
    )
    message_id: Annotated[str, Field(max_length=LONGEST["messageId"])] | None = Field(
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

    batch: Annotated[list[TrackingEvent], Field(max_length=limits.MOST_EVENTS)]
    context: dict[str, Any] | None = None
    timestamp: str | float | None = None
    sent_at: str | float | None = None
    write_key: str | None = None


class RejectedEvent(Answer):
    """An event that could not be used; it is kept with the reason, see GET /v1/failed-events."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    index: int
    message_id: str | None
    code: str
    message: str


class EventWarning(Answer):
    """An event that was taken or known already, and something that was noticed of it."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    index: int
    message_id: str | None
    code: str
    message: str


class TrackingAnswer(Answer):
    """What became of the events: every one is accepted, a duplicate or rejected. All accepted ones are stored."""

    success: Literal[True]
    received: int
    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]
    warnings: list[EventWarning] | None = None


class FailedEventAnswer(Answer):
    """One event that could not be used, with what came."""

    id: str
    source: str
    received_at: datetime
    code: str
    message: str
    raw: Any


class FailedEventsPage(Answer):
    """Failed events, newest first."""

    data: list[FailedEventAnswer]
    next_cursor: str | None
    has_more: bool


class ReplayRequest(BaseModel):
    """Which failed events to try again: some by id, or all, some at a time."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ids: (
        Annotated[
            list[Annotated[str, Field(pattern=r"^\d{1,18}$")]], Field(min_length=1, max_length=limits.MOST_REPLAYED_IDS)
        ]
        | None
    ) = None
    cursor: Annotated[str, Field(pattern=r"^\d{1,18}$")] | None = Field(
        None, description="The next_cursor of the answer before."
    )


class ReplayAnswer(Answer):
    """What became of them; those that failed again stay in the list. Ask again with next_cursor while has_more."""

    tried: int
    accepted: int
    duplicates: int
    failed: int
    next_cursor: str | None
    has_more: bool
