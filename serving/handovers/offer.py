"""A handover is offered: created once per crossing, with its clocks begun and all that the rep is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from features.agreement.agreement import Agreement
from features.home.clock import microseconds
from serving.handovers.clocks import ClockTerms, WorkingTimeOf, next_due_at, with_clock
from serving.handovers.handover import Handover, Kind, Offer, Ownership


@dataclass(frozen=True)
class Crossing:
    """Why and with what a lead goes over: the decision that it comes of, its queue, and what the rep is told."""

    lead_id: str
    decision_id: str
    kind: Kind
    queue: str
    offer: Offer
    is_trial: bool = False


def offered(
    agreement: Agreement, crossing: Crossing, owner: str | None, at: datetime, working_time_of: WorkingTimeOf
) -> Handover:
    """The new handover of a lead at a moment, with the clocks of its first contact and of its acceptance.

    In the trial it has none. Its id is made of lead, decision and moment: made twice, it is the same one.
    """
    tries, terms = agreement.handover.tries, ClockTerms(agreement, working_time_of)
    handover = Handover(
        handover_id=_id(crossing, at),
        lead_id=crossing.lead_id,
        decision_id=crossing.decision_id,
        kind=crossing.kind,
        queue=crossing.queue,
        offered_at=at,
        tries_of=tries.count,
        tries_until=at + tries.within,
        offer=crossing.offer,
        is_trial=crossing.is_trial,
        owner=owner,
        owners=(Ownership(owner, at, "offered"),),
    )
    handover = with_clock(handover, "first_contact", terms.after(owner, at, terms.first_contact(handover)))
    handover = with_clock(handover, "acceptance", terms.acceptance(owner, at))
    return replace(handover, next_due_at=next_due_at(handover, terms))


def moved(handover: Handover, lead_id: str, at: datetime, terms: ClockTerms) -> Handover:
    """The handover as it begins with the right person, whom feedback named: same owner, its history told in words."""
    crossing = Crossing(lead_id, handover.decision_id, handover.kind, handover.queue, handover.offer, handover.is_trial)
    began = offered(terms.agreement, crossing, handover.owner, at, terms.working_time_of)
    return replace(began, learned=dict(handover.learned), owners=(Ownership(handover.owner, at, "redirected"),))


def _id(crossing: Crossing, at: datetime) -> str:
    made_of = f"{crossing.lead_id}\0{crossing.decision_id}\0{microseconds(at)}"
    return f"ho_{hashlib.sha256(made_of.encode()).hexdigest()[:24]}"
