"""Acts: everything that can happen to a handover, each with when, by whom, and the event of the ledger that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, get_args

from features.lifecycle.closures import REJECT_REASONS

FeedbackKind = Literal[
    "accepted",
    "rejected",
    "tried",
    "contacted",
    "qualified",
    "converted",
    "lost",
    "not_now",
    "redirected",
    "undo",
]
FEEDBACK_KINDS: tuple[str, ...] = get_args(FeedbackKind)
RESULTS = ("no_answer", "voicemail", "gatekeeper", "call_back", "talked", "bounced")
REASONS = REJECT_REASONS
OUR_SIDES = ("sales", "inside_sales")  # a person of these stops the clock of a first contact

# What a touch comes to where it says no result itself: a meeting that was held is a talk.
USUAL_RESULTS = {
    "Call Answered": "talked",
    "Meeting Held": "talked",
    "Meeting No Show": "no_answer",
    "Voicemail Left": "voicemail",
    "Call Attempted": "no_answer",
}
MEETING_BOOKED = "Meeting Booked"


@dataclass(frozen=True)
class TouchAct:
    """Somebody of ours reached out to the lead; `result` is None where nobody can know it yet, as of a letter."""

    at: datetime
    by: str | None
    event_id: int
    name: str
    side: str = "sales"
    actor: str = "person"
    result: str | None = None
    call_back_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether a person of sales or inside sales did it: a sequence or an agent stops no clock."""
        return self.actor == "person" and self.side in OUR_SIDES

    @property
    def came_to(self) -> str | None:
        """How it went."""
        return self.result or USUAL_RESULTS.get(self.name)


@dataclass(frozen=True)
class AskAct:
    """The lead asked for us (again), or replied: somebody waits for an answer."""

    at: datetime
    event_id: int
    is_reply: bool = False
    by: str | None = None


@dataclass(frozen=True)
class NamedPerson:
    """Who is the right person instead; `lead_id` once he is a lead of ours."""

    email: str | None = None
    name: str | None = None
    title: str | None = None
    lead_id: str | None = None

    @property
    def is_named(self) -> bool:
        return bool(self.email or self.lead_id)


@dataclass(frozen=True)
class FeedbackAct:
    """What a person of ours said of the handover, or a status of the CRM that means the same.

    feedback_id: the messageId of the event, by which an undo names it; None for a status, which nobody undoes here.
    """

    at: datetime
    by: str | None
    event_id: int
    kind: FeedbackKind
    reason: str | None = None
    medium: str | None = None
    result: str | None = None
    revisit_on: date | None = None
    call_back_at: datetime | None = None
    redirected_to: NamedPerson | None = None
    learned: Mapping[str, Any] = field(default_factory=dict)
    feedback_id: str | None = None


@dataclass(frozen=True)
class OutcomeAct:
    """The agreed outcome came, or the opportunity was lost (until the date that was named with it)."""

    at: datetime
    event_id: int
    is_won: bool
    revisit_on: date | None = None
    by: str | None = None


@dataclass(frozen=True)
class DueAct:
    """A moment at which something was due. next_owner: who has it next, where it is time for another.

    is_pool_used_up: there is a pool, and everybody of it had it.
    """

    at: datetime
    event_id: int = 0
    next_owner: str | None = None
    is_pool_used_up: bool = False
    by: str | None = None


@dataclass(frozen=True)
class WithdrawAct:
    """The lead became a customer, was disqualified, objected, was merged or erased, or the trial ended."""

    at: datetime
    code: str
    event_id: int = 0
    by: str | None = None


@dataclass(frozen=True)
class ReassignAct:
    """The handover goes to another owner, or to nobody yet; its clocks go on.

    why: "reassigned", "away", "given_back", "crm".
    """

    at: datetime
    owner: str | None
    why: str
    event_id: int = 0
    by: str | None = None


@dataclass(frozen=True)
class UndoAct:
    """The person who gave the newest feedback takes it back; the feedback is named by its messageId."""

    at: datetime
    by: str
    event_id: int
    undoes: str


Act = TouchAct | AskAct | FeedbackAct | OutcomeAct | DueAct | WithdrawAct | ReassignAct | UndoAct
