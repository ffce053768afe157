"""Handing over: what a lead's history and its decision make of its handover, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from features.home.clock import microseconds
from serving.handovers.acts import Act, AskAct, WithdrawAct
from serving.handovers.crm_records import crm_url
from serving.handovers.handover import Follow, Handover, Offer
from serving.handovers.ledger_acts import acts_of
from serving.handovers.offer import Crossing, offered
from serving.handovers.owners import LeadOwners, due_act, inside_sales_owner, owner_of
from serving.handovers.recording import Step
from serving.handovers.sending import taken_by
from serving.handovers.transitions import after
from serving.rounds.decided_by import DecidedBy
from serving.rounds.offer_words import last_activity, reasons_to_call, why_now
from serving.scoring.lead_now import Decided, Ended, LeadDecision, LeadNow, OpenHandover


def followed(connection: Connection, by: DecidedBy, handover: Handover, lead: LeadNow) -> list[Step]:
    """What happened to an open handover since, by the lead's history, and what is due of it by now."""
    steps: list[Step] = []
    for act in acts_of(handover, lead.history) if lead.history else ():
        steps += _step(by, steps[-1].after if steps else handover, act)
    newest = steps[-1].after if steps else handover
    if newest.is_open and newest.next_due_at is not None and newest.next_due_at <= by.as_of:
        steps += _step(by, newest, due_act(connection, by.agreement, newest, by.as_of))
    return steps


def _step(by: DecidedBy, handover: Handover, act: Act) -> list[Step]:
    changed = after(handover, act, by.agreement, by.terms.working_time_of)
    return [Step(handover, changed, act)] if changed != handover else []


def withdrawn(by: DecidedBy, handover: Handover, code: str) -> list[Step]:
    """The end of an open handover for what became of its lead."""
    return _step(by, handover, WithdrawAct(by.as_of, code))


def asked_again(by: DecidedBy, handover: Handover, lead: LeadNow) -> list[Step]:
    """A new clock for an ask that came while the handover was open."""
    asked_us = lead.history.asked_us if lead.history else None
    if handover.asked_at is not None and asked_us is not None and microseconds(handover.asked_at) >= asked_us:
        return []
    return _step(by, handover, AskAct(by.as_of, 0))


def ended_by(steps: Sequence[Step]) -> Ended | None:
    """How the handover ended, where these steps closed it."""
    closed = next((step.after for step in reversed(steps) if not step.after.is_open), None)
    if closed is None or closed.closed_at is None or closed.is_trial:
        return None
    follow: Follow | None = closed.follow
    again = follow.look_again_at if follow else None
    at_us = microseconds(closed.closed_at)
    return Ended(closed.code or "", at_us, microseconds(again) if again else at_us)


def open_handover(handover: Handover | None) -> OpenHandover | None:
    """What a decision must know of an open handover."""
    if handover is None or not handover.is_open:
        return None
    asked_us = microseconds(handover.asked_at) if handover.asked_at else None
    kind, queue, offered_us = handover.kind, handover.queue, microseconds(handover.offered_at)
    return OpenHandover(handover.handover_id, kind, handover.state, handover.owner, queue, offered_us, asked_us)  # type: ignore[arg-type]


def handed_over(connection: Connection, by: DecidedBy, lead: LeadNow, decided: Decided, row: LeadDecision) -> Handover:
    """The new handover that a decision asks for, with its owner."""
    assert decided.hands_over is not None
    is_inbound = decided.hands_over == "inbound"
    owner = taken_by(lead.history) or decided.owner
    if owner is None and decided.queue == "sales":
        owner = owner_of(connection, by.agreement, _owners(lead), by.as_of, is_inbound=is_inbound)
    elif owner is None:
        owner = _crm_owner(lead)
    offer = replace(_offer(by, lead, decided), crm_url=crm_url(connection, by.agreement, row.lead_id))
    crossing = Crossing(
        row.lead_id, row.decision_id, decided.hands_over, str(decided.queue), offer, is_trial=not by.is_live
    )
    return offered(by.agreement, crossing, owner, by.as_of, by.terms.working_time_of)


def qualifier(connection: Connection, by: DecidedBy, lead: LeadNow, decided: Decided) -> str | None:
    """Who qualifies a lead whose answers are missing: who did so before, else the next of inside sales."""
    if decided.owner or decided.queue != "inside_sales":
        return decided.owner
    before = lead.before
    if before and before.queue == "inside_sales" and before.owner:
        return before.owner
    return inside_sales_owner(connection, by.agreement, by.as_of)


def _owners(lead: LeadNow) -> LeadOwners:
    return LeadOwners(str(lead.lead_id), _crm_owner(lead), lead.row.traits.get("account"))


def _crm_owner(lead: LeadNow) -> str | None:
    """Whose the lead is in the CRM: the newest owner that a status or an opportunity named."""
    if lead.history is None:
        return None
    named = [status.owner for status in lead.history.statuses if status.owner]
    opportunity = lead.history.opportunity
    return opportunity.owner if opportunity and opportunity.owner else named[-1] if named else None


def _offer(by: DecidedBy, lead: LeadNow, decided: Decided) -> Offer:
    """What the rep is told: the score with its strongest reasons, made for new handovers alone."""
    (score,) = by.scoring.scores([lead.row], by.as_of, None)
    texts = reasons_to_call(score["reasons"])
    criteria = score["criteria"] or {}
    asks = criteria.get("ask_next")
    question = by.agreement.criteria[asks].ask if asks in by.agreement.criteria else None
    shown: dict[str, Any] = {name: score.get(name) for name in SHOWN}
    offer = Offer(**shown, reasons=texts, criteria=criteria, next_step=f"ask: {question}" if question else None)
    why = why_now(by.agreement, lead, decided, by.as_of, texts)
    return replace(offer, why_now=why, last_activity=last_activity(score["reasons"]))


SHOWN = ("score", "grade", "probability", "source", "campaign", "latest_source", "latest_campaign")
