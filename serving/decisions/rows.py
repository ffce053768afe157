"""The row that remembers a decision: what changed, since when, and how the lead's highest probability rose."""

from __future__ import annotations

import secrets
from datetime import datetime

import orjson

from features.arrays import DAY_US
from features.home.clock import microseconds
from features.home.json_text import json_text
from serving.scoring.lead_now import Cause, Decided, DecidedUnder, LeadDecision, LeadNow

BAR_WINDOW_US = 8 * 7 * DAY_US  # a bar counts first crossings over so long; of older peaks the last one is enough


def lead_decision(lead: LeadNow, decided: Decided, under: DecidedUnder, as_of: datetime, cause: Cause) -> LeadDecision:
    """The row of a decision that was just made; with the id of the row before where nothing that counts changed.

    A change is one of decision, code, queue or owner. An owner that is known goes on where the queue is the same.
    """
    was, now_us = lead.before, microseconds(as_of)
    owner = decided.owner
    is_same = was is not None and _identity(was) == (decided.decision, decided.code, decided.queue, owner)
    again_us = microseconds(decided.look_again_at) if decided.look_again_at else None
    peaks = _peaks(was, decided.probability, under, now_us)
    traits = lead.row.traits
    return LeadDecision(
        lead_id=str(lead.lead_id),
        decision_id=was.decision_id if was and is_same else new_decision_id(),
        decided_us=was.decided_us if was and is_same else now_us,
        since_us=was.since_us if was and was.decision == decided.decision else now_us,
        decision=decided.decision,
        code=decided.code,
        queue=decided.queue,
        owner=owner,
        look_again_us=again_us,
        next_due_us=again_us,
        in_backlog=decided.in_backlog,
        probability=decided.probability,
        score=lead.numbers.score,
        grade=lead.numbers.grade,
        points=decided.points.points,
        threshold=decided.threshold,
        peak_probability=peaks[-1][1] if peaks else None,
        arrived_us=was.arrived_us if was else int(traits.get("opened_us") or now_us),
        reason=was.reason if was and is_same else None,
        source=traits.get("source"),
        campaign=traits.get("campaign"),
        account=traits.get("account"),
        handover_id=was.handover_id if was else None,
        model_digest=under.model_digest,
        policy_digest=under.policy_digest,
        bar_id=under.bar_id,
        ranks_by=lead.numbers.orders_calls_by + decided.goes_first,
        peaks=orjson.dumps(peaks).decode(),
        has_sales_history=lead.history is None or lead.history.newest_event_id > 0,
        facts=json_text(decided.facts),
        cause=cause,
    )


def new_decision_id() -> str:
    """An id that no decision has yet."""
    return f"de_{secrets.token_hex(12)}"


def _identity(row: LeadDecision) -> tuple[str, str, str | None, str | None]:
    return row.decision, row.code, row.queue, row.owner


def _peaks(
    was: LeadDecision | None, probability: float | None, under: DecidedUnder, now_us: int
) -> list[tuple[int, float]]:
    """The lead's highest probability by one model, as it rose: (us, probability), the highest last, one a day at most.

    Another model begins anew: what an older one said is not on its scale.
    """
    known = orjson.loads(was.peaks) if was and was.model_digest == under.model_digest else []
    if probability is None or (known and probability <= known[-1][1]):
        return known
    if len(known) > 1 and now_us - known[-1][0] < DAY_US:
        known.pop()
    old = [peak for peak in known if peak[0] < now_us - BAR_WINDOW_US]
    return [*old[-1:], *known[len(old) :], (now_us, probability)]
