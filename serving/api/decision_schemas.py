"""The answers of the routes of decisions, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from serving.scoring.answer import Answer
from serving.scoring.lead_now import DecisionName, Queue


class QueueCount(Answer):
    """How many leads have one decision in one queue."""

    queue: Queue | None = Field(description="null: closed.")
    decision: DecisionName
    count: int
    oldest_since: datetime = Field(description="Since when the one that waits longest has this decision.")
    overdue: int = Field(description="Of how many a clock or a date has run out.")


class Queues(Answer):
    """The queues: every open lead is in exactly one, and with the closed ones they are all leads."""

    open: int
    closed: int
    undecided: int = Field(description="Came a moment ago and are not decided yet.")
    all: int = Field(description="Leads of the ledger's events, counted apart from their decisions.")
    adds_up: bool = Field(description="Whether open, closed and undecided leads are all leads.")
    queues: list[QueueCount]
    counted_at: datetime


class ListedLead(Answer):
    """One lead with its newest decision. Whom to call is null for a key without the scope feedback:write."""

    lead_id: str
    name: str | None
    title: str | None
    company: str | None
    grade: str | None
    score: int | None
    probability: float | None
    decision: DecisionName
    code: str
    queue: Queue | None
    owner: str | None
    since: datetime = Field(description="Since when it has this decision.")
    look_again_at: datetime | None
    next_due_at: datetime | None = Field(description="Its next date of any kind: a clock, its turn, to look again.")
    overdue: bool
    reason: str | None = Field(description="The first one, in words, where reasons were made.")
    source: str | None
    campaign: str | None
    handover_id: str | None


class ListedLeads(Answer):
    """Leads by their newest decision, in pages."""

    data: list[ListedLead]
    next_cursor: str | None
    has_more: bool


class DecidedUnderAnswer(Answer):
    """By what a decision was made."""

    model: str | None
    policy: str
    bar_id: int | None


class CausedBy(Answer):
    """Why a lead was decided: an event, a date, feedback, the night, a promotion, an agreement, a bar, an import."""

    kind: str
    ref: str


class DecisionChange(Answer):
    """One change of a lead's decision, code, queue or owner."""

    decision_id: str
    lead_id: str
    decided_at: datetime
    decision: DecisionName
    code: str
    queue: Queue | None
    owner: str | None
    look_again_at: datetime | None
    probability: float | None
    threshold: float | None
    points: int | None
    facts: dict[str, Any] = Field(description="The rule, and the behaviours and traits that it stood on.")
    decided_under: DecidedUnderAnswer
    caused_by: CausedBy


class DecisionChanges(Answer):
    """Every change of one lead's decision, newest first, in pages."""

    data: list[DecisionChange]
    next_cursor: str | None
    has_more: bool


class ScoreEnd(Answer):
    """One end of a comparison: the score that was served at a moment, or would have been."""

    at: datetime
    logit: float | None = Field(description="Log-odds of the probability; null for a lead that objects to profiling.")
    probability: float | None
    score: int | None
    decision_id: str | None = Field(description="Of the decision that was made at this very moment.")
    model: dict[str, Any] | None = Field(description="What answered then; null: the agreement's points did.")
    agreement: dict[str, Any]


class ChangeStep(Answer):
    """One step from the first score to the second; the score after each is a real one."""

    step: Literal["time", "corrections", "activity", "traits", "model", "agreement"]
    contribution: float = Field(description="What it adds to the log-odds.")
    points: float = Field(description="The same in points: 10 double the odds.")
    text: str = Field(description="What it is of, in words.")


class ScoreChange(Answer):
    """Why a lead's score is not what it was."""

    lead_id: str
    from_: ScoreEnd = Field(alias="from")
    to: ScoreEnd
    difference: float | None = Field(description="Of the log-odds: what the contributions sum to.")
    steps: list[ChangeStep] = Field(description="All six, always in this order; empty where there is no score.")
    text: str = Field(description="What moved the score, in one line, the most first.")


class ScoreMoment(Answer):
    """The score of a lead at one decision, as it was served then."""

    at: datetime
    decision_id: str
    logit: float | None
    probability: float | None
    score: int | None
    grade: str | None
    threshold: float | None = Field(description="The bar of then.")
    points: int | None
    decision: DecisionName
    code: str
    model_version: str | None = Field(description="null: the agreement's points answered.")
    agreement_version: int | None = Field(description="null: not kept by this home; 0: the default.")
    caused_by: CausedBy


class ScoreHistory(Answer):
    """The score of a lead at each decision that is kept, newest first, in pages."""

    data: list[ScoreMoment]
    next_cursor: str | None
    has_more: bool
