"""Leads to decide on, by hand: what they did and are, what was decided before, and what sales had to do with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.conditions import Facts
from features.agreement.criteria import CriteriaPoints, criteria_points
from features.home.clock import microseconds
from features.touches.history import SalesHistory
from serving.scoring.decision import decided
from serving.scoring.lead_now import Cause, Decided, DecidedUnder, Ended, LeadDecision, LeadNow, OpenHandover
from serving.scoring.lead_row import LeadNumbers, LeadRow

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
UNDER = DecidedUnder("sha256:m", "sha256:p", 1, 0.2, is_live=True)
EVENT = Cause("event", "7")
FIT: dict[str, Any] = {"seniority": "vp", "timeframe": "now", "industry": "software", "employees": 310}


def us(days_ago: float) -> int:
    """The moment so many days before now."""
    return microseconds(NOW - timedelta(days=days_ago))


def lead(
    probability: float | None = 0.3,
    did: dict[str, float] | None = None,
    points: CriteriaPoints | None = None,
    agreement: Agreement | None = None,
    **traits: Any,
) -> LeadNow:
    """A lead that opened just now and did each behaviour once, so many days ago."""
    did = did or {}
    facts = Facts(traits, lambda name, days: int(name in did and did[name] < days), lambda name, days: 0.0)
    states = {name: np.array([1.0, us(ago), 0.0]) for name, ago in did.items()}
    row = LeadRow("ann", states, {"opened_us": us(0.1), **traits}, NOW)
    points = points or criteria_points(agreement or Agreement.default(), facts)
    numbers = LeadNumbers(probability, None, None, points, facts, None, None, probability or 0.0)
    return LeadNow("ann", row, numbers, SalesHistory("ann"))


def before(
    decision: str, code: str, queue: str | None = "marketing", days_ago: float = 5.0, **more: Any
) -> LeadDecision:
    """What was decided so many days ago, under what is in force now."""
    row = LeadDecision(
        lead_id="ann", decision_id="de_1", decided_us=us(days_ago), since_us=us(days_ago), decision=decision, code=code,
        queue=queue, owner=None, look_again_us=us(-3), next_due_us=us(-3), in_backlog=False, probability=0.3, score=70,
        grade="A", points=8, threshold=0.2, peak_probability=0.3, arrived_us=us(60), reason=None, source=None,
        campaign=None, account=None, handover_id=None, model_digest="sha256:m", policy_digest="sha256:p", bar_id=1,
    )  # fmt: skip
    return replace(row, **more)


def handover(state: str = "offered", **more: Any) -> OpenHandover:
    """A handover that was offered two days ago."""
    return replace(OpenHandover("ho_1", "crossing", state, "ann@us.example", "sales", us(2)), **more)


def ended(code: str, days_ago: float, back_in: float = -1.0) -> Ended:
    """That work on the lead ended so many days ago; it may come back in so many days."""
    return Ended(code, us(days_ago), us(-back_in))


def decide(
    one: LeadNow, cause: Cause = EVENT, under: DecidedUnder = UNDER, agreement: Agreement | None = None
) -> Decided:
    """What is decided on a lead now."""
    return decided(agreement or Agreement.default(), one, under, NOW, cause)
