"""When marketing touches a lead next: weekly, slowly once nothing comes back, and never over the agreed cap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from features.agreement.agreement import Agreement
from features.home.clock import MICROSECOND
from features.touches.tries import next_allowed_us, outreach_us
from serving.scoring.lead_now import LeadNow
from serving.scoring.past import signs_of_interest

Phase = Literal["regular", "review", "slow"]


@dataclass(frozen=True)
class Cadence:
    """due_us: when the next touch is due. unanswered: touches of ours since the lead last showed interest.

    last_us: our last touch; None where there was none. held_until_us: until when the cap holds the next one back, None
    where it does not. allowed_us: before when no touch is within the cap, also one that comes early; None: any is.
    """

    phase: Phase
    due_us: int
    unanswered: int
    last_us: int | None
    held_until_us: int | None
    allowed_us: int | None = None


def cadence(agreement: Agreement, lead: LeadNow, as_of_us: int) -> Cadence:
    """The rhythm of one lead as of a moment.

    Touched on May 1, 8, 15 and 22 without a response, with review_after = 4: it is reviewed, and the next touch is due
    30 days after the last. Had it come to a webinar on May 20, only one would be unanswered: the next is on May 29.
    """
    terms, touches = agreement.nurture, lead.history.touches if lead.history else ()
    ours, answered_us = outreach_us(touches, as_of_us), max(_responses(agreement, lead), default=0)
    unanswered = sum(us > answered_us for us in ours)
    is_regular = unanswered < terms.review_after
    phase: Phase = "regular" if is_regular else "review" if unanswered == terms.review_after else "slow"
    every_us = (terms.every if is_regular else terms.then_every) // MICROSECOND
    due_us = ours[-1] + every_us if ours else as_of_us
    allowed_us = next_allowed_us(touches, max(due_us, as_of_us), agreement)
    held_us = allowed_us if allowed_us > max(due_us, as_of_us) else None
    from_us = next_allowed_us(touches, as_of_us, agreement)
    last_us, earliest_us = ours[-1] if ours else None, from_us if from_us > as_of_us else None
    return Cadence(phase, max(due_us, held_us or 0), unanswered, last_us, held_us, earliest_us)


def _responses(agreement: Agreement, lead: LeadNow) -> Iterator[int]:
    """When the lead showed interest, replied or was talked to; mail programs open mails by themselves."""
    names = signs_of_interest(agreement)
    for name, state in lead.row.behaviours.items():
        if name in names and state is not None and len(state):
            yield int(state[-2])
    if lead.history:
        yield from (reply.occurred_us for reply in lead.history.replies)
        yield from (touch.occurred_us for touch in lead.history.touches if touch.is_contact)
