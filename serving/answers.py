"""What the scoring API answers, field by field: the OpenAPI document shows it, and tests hold real answers to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    # Fields are only ever added, so a client must not mind more of them; our own answers may have no others.
    model_config = ConfigDict(extra="forbid")


class Reason(Answer):
    """One contribution to the log-odds, in words with its evidence; grouped by behaviour and trait."""

    name: str
    kind: Literal["behaviour", "trait", "other"]
    points: float = Field(description="Its log-odds times 10 / ln 2: ten points double the odds.")
    contribution: float = Field(description="Log-odds. All of them plus the baseline are logit(probability).")
    direction: Literal["raises", "lowers"]
    text: str
    evidence: dict[str, Any]


class Criteria(Answer):
    """Points for need, timeframe, authority and profile, as the agreement counts them; null is unknown."""

    points: int
    of: int
    levels: dict[str, int | None]
    ask_next: str | None


class ModelNamed(Answer):
    """The model that gave the probability; null before any training, when the criteria's prior answers."""

    name: str
    version: str
    digest: str


class AgreementNamed(Answer):
    """The agreement that gave the decision."""

    name: str
    version: int
    digest: str


class Score(Answer):
    """One lead, scored, explained and decided as of a moment."""

    lead_id: str | None = Field(description="null for an inline lead.")
    status: Literal["scored", "opted_out"]
    probability: Annotated[float, Field(ge=0, le=1)] | None = Field(description="Of the outcome within horizon_days.")
    score: Annotated[int, Field(ge=1, le=99)] | None = Field(description="50 is average; every 10 doubles the odds.")
    grade: str | None
    decision: Literal["sales_ready", "nurture", "needs_data", "with_sales", "existing_customer", "disqualified"] | None
    decision_code: str | None
    owner: str | None
    look_again_at: datetime | None
    threshold: float | None = Field(description="The probability from which a lead is ready for sales.")
    horizon_days: int | None = Field(description="null where the history has no dates.")
    base_rate: float | None
    basis: Literal["criteria", "few", "full"] | None = Field(description="What the probability rests on.")
    interval: Annotated[list[float], Field(min_length=2, max_length=2)] | None
    trend: Literal["improving", "steady", "declining", "not_enough_info"] | None
    base_points: float | None
    fit_points: float | None = Field(description="The sum over traits.")
    engagement_points: float | None = Field(description="The sum over behaviours.")
    reasons: list[Reason] = Field(description="The strongest; `?reasons=all` gives every one.")
    baseline: float | None = Field(description="Log-odds before any contribution.")
    source: str | None = Field(description="The first known touch.")
    campaign: str | None
    latest_source: str | None = Field(description="The last touch before this score.")
    latest_campaign: str | None
    criteria: Criteria | None
    nurture: dict[str, Any] | None
    exploration: dict[str, Any] | None
    as_of: datetime
    data_through: datetime | None
    expires_at: datetime
    stale: bool
    served_from: Literal["online", "ledger"] | None = Field(description="null for an inline lead: nothing was read.")
    model: ModelNamed | None
    agreement: AgreementNamed
    client_reference_id: str | None = Field(None, description="Yours, where you gave one.")


class Unscored(BaseModel):
    """A lead that has no score, and why: never a made-up number."""

    model_config = ConfigDict(extra="allow")

    status: Literal["unknown_lead", "opted_out", "erased"]
    lead_id: str | None = None
    client_reference_id: str | None = None


class Scores(Answer):
    """One entry for each lead asked for, in that order."""

    data: list[Score | Unscored]


class Models(Answer):
    """The registered models, newest first."""

    data: list[dict[str, Any]]
    next_cursor: str | None
    has_more: bool


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
