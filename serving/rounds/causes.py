"""Causes: why each lead is decided now, as its decision remembers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from features.store.due_leads import DueLeads
from serving.scoring.lead_now import Cause, DecidedUnder, LeadDecision

CauseOf = Callable[[str], Cause]
MOVED: Literal["bar"] = "bar"  # a cause that is named exactly once it is known what was decided before


def causes_of_events(due: DueLeads) -> CauseOf:
    """Of each lead that is due, its newest event; one whose events came by a file stands in line, if it crosses."""
    table = due.derived.table
    told = {table.event_id[row] for row in (*table.feedback.values(), *(row for row, _ in table.undos))}

    def cause_of(lead_id: str) -> Cause:
        mark = due.mark_by_lead.get(lead_id)
        event_id = due.newest_event_ids.get(lead_id) or (mark.event_id if mark else 0)
        kind = "import" if mark and mark.in_bulk else "feedback" if event_id in told else "event"
        return Cause(kind, str(event_id))  # type: ignore[arg-type]

    return cause_of


def named_cause(cause: Cause, was: LeadDecision | None, under: DecidedUnder) -> Cause:
    """The cause, and where something moved under a lead, which: the model, the agreement or the bar."""
    if cause.kind != MOVED or was is None:
        return cause
    if was.model_digest != under.model_digest:
        return Cause("promotion", under.model_digest or "")
    return Cause("agreement", under.policy_digest) if was.policy_digest != under.policy_digest else cause
