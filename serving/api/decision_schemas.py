"""The answers of the routes of decisions, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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
