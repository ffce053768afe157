"""One lead as a decision sees it: its numbers, what sales has to do with it, and what was decided before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from features.agreement.criteria import CriteriaPoints
from features.touches.history import SalesHistory
from features.touches.lead_reading import LeadReading
from serving.scoring.lead_row import LeadNumbers, LeadRow

DecisionName = Literal[
    "sales_ready",
    "nurture",
    "needs_data",
    "with_sales",
    "existing_customer",
    "no_profiling",
    "disqualified",
    "not_a_lead",
    "converted",
]
Queue = Literal["sales", "inside_sales", "marketing", "opportunity_owner", "account_owner"]
HandoverKind = Literal["inbound", "crossing", "qualified", "returned", "explored", "sent_by_marketing"]
CauseKind = Literal[
    "event", "due", "feedback", "night", "promotion", "recalibration", "agreement", "bar", "live", "import", "asked"
]
QUALIFYING_TURN = "qualify"  # the same where inside sales takes it, as one of the best of nurture
DECISIONS: tuple[DecisionName, ...] = get_args(DecisionName)
QUEUES: tuple[Queue, ...] = get_args(Queue)
BACKLOG_TURN = "turn"  # what a cause of kind "due" refers to where a lead's turn in the backlog came


@dataclass(frozen=True)
class Cause:
    """Why a lead is decided now.

    kind: "asked" for a score that is only shown, after which nothing is kept. ref: the event's id, the due date, ...
    """

    kind: CauseKind
    ref: str = ""

    @property
    def is_turn(self) -> bool:
        """Whether the lead's turn in the backlog came."""
        return self.kind == "due" and self.ref == BACKLOG_TURN

    @property
    def is_to_qualify(self) -> bool:
        """Whether inside sales takes the lead, as one of the best of nurture."""
        return self.kind == "due" and self.ref == QUALIFYING_TURN


ONLY_SHOWN = Cause("asked")


@dataclass(frozen=True)
class WaitingLine:
    """How the line of those who wait for sales stands.

    has_room: whether a rep could take one more today; who asked for us is never held. least: where the line is as long
    as it may be, the figure that a lead must exceed to stand in it. last_at: when the turn of one who joins it comes.
    """

    has_room: bool = True
    least: float | None = None
    last_at: datetime | None = None


@dataclass(frozen=True)
class DecidedUnder:
    """By which model, rules and bar a decision is made.

    policy_digest: of the rules, the criteria and the policy. is_live: False in the trial, where nothing is sent.
    """

    model_digest: str | None
    policy_digest: str
    bar_id: int | None
    bar: float
    is_live: bool = False
    line: WaitingLine = WaitingLine()


@dataclass(frozen=True)
class OpenHandover:
    """What a decision must know of a handover that is open.

    asked_us: the newest ask that it has a clock for; None where it began otherwise.
    """

    handover_id: str
    kind: HandoverKind
    state: str
    owner: str | None
    queue: Queue
    offered_us: int = 0
    asked_us: int | None = None


@dataclass(frozen=True)
class Ended:
    """How the newest handover of a lead, or a person's work on it without one, ended.

    code: "no_answer", "no_outcome", "never_tried", "not_now", "lost", "redirected", or "rejected_" and the reason.
    look_again_us: when the lead may come back.
    """

    code: str
    at_us: int
    look_again_us: int


@dataclass(frozen=True)
class LeadDecision:
    """One row per lead: its newest decision, as the table `lead_decisions` keeps it.

    ranks_by: its place in the line of those who wait for sales, the highest first. peaks: JSON: (us, probability), as
    its highest probability rose. version: a number that each write of the row makes new. facts, cause: of the row that
    a change writes into `decisions`; empty as it is read. nurture: JSON: its plan (`serving.nurture.kept_plans`).
    """

    lead_id: str
    decision_id: str
    decided_us: int
    since_us: int
    decision: str
    code: str
    queue: str | None
    owner: str | None
    look_again_us: int | None
    next_due_us: int | None
    in_backlog: bool
    probability: float | None
    score: int | None
    grade: str | None
    points: int | None
    threshold: float | None
    peak_probability: float | None
    arrived_us: int
    reason: str | None
    source: str | None
    campaign: str | None
    account: str | None
    handover_id: str | None
    model_digest: str | None
    policy_digest: str
    bar_id: int | None
    ranks_by: float | None = None
    peaks: str = "[]"
    version: int = field(default=0, compare=False)
    has_sales_history: bool = True
    facts: str = field(default="{}", compare=False)
    cause: Cause = field(default=ONLY_SHOWN, compare=False)
    nurture: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class LeadNow:
    """One lead at the moment at which it is decided.

    history: what sales has to do with it, None for a lead that is told inline. before: what was decided last. read:
    what it read of ours and was asked; None where that was not looked up, and is as it was at the decision before.
    ended: how its newest handover ended, where that is not in the history yet.
    """

    lead_id: str | None
    row: LeadRow
    numbers: LeadNumbers
    history: SalesHistory | None = None
    before: LeadDecision | None = None
    handover: OpenHandover | None = None
    ended: Ended | None = None
    read: LeadReading | None = None


@dataclass(frozen=True)
class Decided:
    """What is decided on one lead, and why.

    queue: whose turn it is; None where the lead is closed. owner: the person, where the decision itself knows one.
    look_again_at: when it is decided again if nothing happens. goes_to: where an inquiry goes that is no lead's.
    facts: the rule, and the behaviours and traits that it stood on. hands_over: the kind of the handover that is to be
    made. withdraws: why the handover that is open ends. asks_again: whether its owner hears and it gets a new clock.
    goes_first: whether it stands before all others in the backlog, since it was our fault that nobody tried.
    """

    decision: DecisionName
    code: str
    queue: Queue | None
    owner: str | None
    look_again_at: datetime | None
    goes_to: str | None
    probability: float | None
    threshold: float
    points: CriteriaPoints
    facts: dict[str, Any]
    hands_over: HandoverKind | None = None
    in_backlog: bool = False
    withdraws: str | None = None
    asks_again: bool = False
    goes_first: bool = False
