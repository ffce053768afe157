"""`Handover`: one lead that went over to sales, as it stands now: its state, owner, clocks, tries and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

State = Literal[
    "offered",
    "accepted",
    "working",
    "contacted",
    "converted",
    "lost",
    "rejected",
    "recycled",
    "redirected",
    "withdrawn",
]
Kind = Literal["inbound", "crossing", "qualified", "returned", "explored", "sent_by_marketing"]
Stage = Literal["MQL", "SAL", "SQL"]
ClockName = Literal["first_contact", "acceptance", "next_try", "outcome"]

STATES: tuple[str, ...] = get_args(State)
KINDS: tuple[str, ...] = get_args(Kind)
OPEN_STATES = ("offered", "accepted", "working", "contacted")
SALES = "sales"  # the queue that has a pool of reps; account and opportunity owners have their own leads


@dataclass(frozen=True)
class HandoverClock:
    """One promise of a handover: until when something is due, and when it was done.

    noticed_at: when somebody was told that it had run out.
    """

    due_at: datetime
    stopped_at: datetime | None = None
    noticed_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    def is_overdue(self, as_of: datetime) -> bool:
        """Whether it is still running, and past its time."""
        return self.is_running and self.due_at <= as_of

    def was_late(self, as_of: datetime) -> bool:
        """Whether the promise was broken: done too late, or not done yet and past its time."""
        return (self.stopped_at or as_of) > self.due_at


@dataclass(frozen=True)
class TouchMark:
    """One touch of ours that counts for a handover: when, by whom and how it went."""

    at: datetime
    by: str | None
    result: str | None
    event_id: int


@dataclass(frozen=True)
class Ownership:
    """From when on somebody had the handover (owner None: nobody yet), and why it came to him."""

    owner: str | None
    since: datetime
    why: str


@dataclass(frozen=True)
class Offer:
    """What the rep is told, as it was when the lead went over; JSON values alone, and nothing that names a person."""

    score: int | None = None
    grade: str | None = None
    probability: float | None = None
    reasons: tuple[str, ...] = ()
    why_now: str | None = None
    source: str | None = None
    campaign: str | None = None
    latest_source: str | None = None
    latest_campaign: str | None = None
    last_activity: tuple[str, ...] = ()
    criteria: Mapping[str, Any] = field(default_factory=dict)
    next_step: str | None = None
    crm_url: str | None = None


@dataclass(frozen=True)
class Follow:
    """What follows for the lead once its handover is closed.

    code:             as the lead's decision has it: "no_answer", "rejected_not_a_fit".
    decision:         what becomes of the lead where nothing stronger holds.
    look_again_at:    from when on it may return; None where it is closed.
    needs_behaviour:  whether it returns only with counted behaviour since, or by asking.
    goes_first:       it was our fault: to the front of the backlog, without new behaviour.
    only_if_it_asks:  nobody touches it; it goes over only if it asks for us.
    redirected_to:    the id of the lead who is the right person.
    """

    code: str
    decision: Literal["nurture", "disqualified", "existing_customer", "converted"] = "nurture"
    look_again_at: datetime | None = None
    needs_behaviour: bool = False
    goes_first: bool = False
    only_if_it_asks: bool = False
    redirected_to: str | None = None


@dataclass(frozen=True)
class Handover:
    """One handover of one lead; it changes only by an act (`transitions.after`).

    kind:             why it went over: it asked (inbound), rose over the bar (crossing), was qualified by inside sales,
                      came back (returned), was drawn (explored), or marketing sent it.
    touches:          every touch of ours since, with `tries_of` and `tries_until` what the tries are counted from.
    learned:          traits that somebody told in feedback, the newest value of each.
    asked_at:         when the lead last asked for us or replied; somebody waits for an answer.
    held_until:       until when a booked meeting or a call back holds it.
    worked_at:        the last sign of work: a touch, feedback, a status.
    outcome_asked_at: when its owner was asked what became of it.
    escalated_at:     when the managers last heard of it.
    looked_for_at:    when a next owner was last looked for.
    next_due_at:      when something is to be done about it unless something happens; None in the trial and once closed.
    applied:          ids of the events of the ledger that it follows, in the order in which it followed them.
    undo_to:          what it was before the newest feedback, while nothing happened since; the feedback's id beside it.
    """

    handover_id: str
    lead_id: str
    decision_id: str
    kind: Kind
    queue: str
    offered_at: datetime
    tries_of: int
    tries_until: datetime
    offer: Offer = Offer()
    state: State = "offered"
    stage: Stage = "MQL"
    is_trial: bool = False
    owner: str | None = None
    owners: tuple[Ownership, ...] = ()
    closed_at: datetime | None = None
    code: str | None = None
    clocks: Mapping[ClockName, HandoverClock] = field(default_factory=dict)
    touches: tuple[TouchMark, ...] = ()
    learned: Mapping[str, Any] = field(default_factory=dict)
    asked_at: datetime | None = None
    held_until: datetime | None = None
    worked_at: datetime | None = None
    outcome_asked_at: datetime | None = None
    escalated_at: datetime | None = None
    looked_for_at: datetime | None = None
    follow: Follow | None = None
    next_due_at: datetime | None = None
    applied: tuple[int, ...] = ()
    undo_to: Undo | None = None
    version: int = 0

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_inbound(self) -> bool:
        """Whether the lead itself asked for us: it is never given up untried."""
        return self.kind == "inbound" or self.asked_at is not None

    @property
    def is_tried(self) -> bool:
        return bool(self.touches)

    @property
    def last_event_id(self) -> int:
        """The newest event of the ledger that it follows; 0 for none."""
        return max(self.applied, default=0)

    @property
    def runs_out_at(self) -> datetime | None:
        """When the first of its running clocks runs out, or ran out; from then on it is overdue."""
        running = [clock.due_at for clock in self.clocks.values() if clock.is_running]
        return min(running, default=None) if self.is_open else None

    def is_overdue(self, as_of: datetime) -> bool:
        """Whether a clock of it ran out and nothing stopped it yet."""
        return self.runs_out_at is not None and self.runs_out_at <= as_of


@dataclass(frozen=True)
class Undo:
    """The way back from the newest feedback: its messageId, who gave it, when, and the handover as it was before."""

    feedback_id: str
    by: str
    at: datetime
    before: Handover
