"""How inside sales qualifies a lead: a plan of tries over several media and weeks, and today's step of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.conditions import holds
from features.home.clock import MICROSECOND, from_microseconds, microseconds, rfc3339
from features.touches.touch import Medium
from features.touches.tries import Try, next_allowed_us
from serving.scoring.lead_now import LeadNow

# A call first, since it asks and hears at once; then by turns what reaches whom a call does not.
MEDIA: tuple[Medium, ...] = ("call", "email", "call", "message", "call", "email")


def qualifying_step(agreement: Agreement, lead: LeadNow, as_of: datetime) -> dict[str, Any]:
    """The next step of inside sales with a lead that it qualifies, as JSON.

    step, of: which of the agreed tries it is. medium: how to try. due_at: when: the tries are spread evenly over their
    agreed time ("6 in 21 days": one each 3.5 days), a call back is when the lead asked for it, and the cap over all of
    us holds. until: when the lead goes back to marketing. tries: what was tried, and how it went.
    """
    now_us, began_us = microseconds(as_of), _began_us(lead, as_of)
    agreed, made = agreement.handover.tries, _made(lead, began_us)
    within_us = agreed.within // MICROSECOND
    gap_us = within_us // max(agreed.count, 1)
    due_us = max(began_us + len(made) * gap_us, made[-1].at_us + gap_us // 2) if made else began_us
    named_us = _call_back_us(lead, made)
    touches = lead.history.touches if lead.history else ()
    allowed_us = named_us or next_allowed_us(touches, max(due_us, now_us), agreement)
    due_us = named_us or (allowed_us if allowed_us > max(due_us, now_us) else due_us)
    return {
        "step": min(len(made) + 1, agreed.count),
        "of": agreed.count,
        "medium": "call" if named_us else _medium(agreement, lead, len(made)),
        "due_at": rfc3339(from_microseconds(due_us)),
        "until": rfc3339(from_microseconds(began_us + within_us)),
        "tries": [_told(one) for one in made],
    }


def is_due_today(step: Mapping[str, Any], day_ends_at: datetime) -> bool:
    """Whether a step is to be taken before a day ends."""
    return datetime.fromisoformat(step["due_at"]) < day_ends_at


def _began_us(lead: LeadNow, as_of: datetime) -> int:
    before = lead.before
    return before.since_us if before and before.decision == "needs_data" else microseconds(as_of)


def _made(lead: LeadNow, began_us: int) -> list[Try]:
    return lead.history.tries_since(began_us) if lead.history else []


def _call_back_us(lead: LeadNow, made: list[Try]) -> int | None:
    """When the lead asked to be called, unless it was tried since that was said."""
    if lead.history is None or not made:
        return None
    last = lead.history.touches[-1]
    return last.call_back_us if last.call_back_us and last.call_back_us > last.occurred_us else None


def _medium(agreement: Agreement, lead: LeadNow, step: int) -> Medium:
    no_email = agreement.nurture.no_email
    medium = MEDIA[step % len(MEDIA)]
    is_refused = medium == "email" and no_email is not None and holds(no_email, lead.numbers.facts)
    return "call" if is_refused else medium


def _told(one: Try) -> dict[str, Any]:
    media = list(one.media)
    return {"at": rfc3339(from_microseconds(one.at_us)), "by": one.by, "media": media, "result": one.result}
