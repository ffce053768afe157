"""The plan for a lead that is not ready: what to send next and when, what to ask, why it waits, when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.conditions import holds
from features.home.clock import from_microseconds, microseconds, rfc3339
from features.touches.lead_reading import LeadReading
from serving.nurture.cadence import Cadence, cadence
from serving.nurture.qualifying import qualifying_step
from serving.nurture.questions import Question, next_question
from serving.scoring.decision_case import come_back_at
from serving.scoring.lead_now import Decided, LeadNow
from serving.scoring.past import CONTACT_UNWANTED

PLANNED = ("nurture", "needs_data")


def lead_plan(
    agreement: Agreement, lead: LeadNow, decided: Decided, read: LeadReading, as_of: datetime
) -> dict[str, Any] | None:
    """What is planned for a lead that was just decided on, as JSON; None for one that is nobody's to nurture.

    next: {kind, topic, content_id}: kind "content", "question", "news" or "none". due_at: of the next touch.
    allowed_at: before this the cap allows none at all. ask: the one question next. waits: why nothing is sent, until
    when. missing: criteria without points. phase: "regular", "review" (as many touches as agreed brought nothing: look
    at it) or "slow". step: of inside sales, where it has the lead.
    """
    if decided.decision not in PLANNED:
        return None
    rhythm, asks = cadence(agreement, lead, microseconds(as_of)), next_question(agreement, decided.points, read)
    waits = _waits(agreement, lead, decided, rhythm)
    is_silent = waits is not None and waits["until"] is None
    due_us = rhythm.due_us if not waits or waits["until"] is None else max(rhythm.due_us, microseconds(waits["until"]))
    with_inside_sales = decided.queue == "inside_sales"
    back = come_back_at(agreement, lead.numbers.facts, as_of)
    return {
        "next": _nothing() if is_silent or with_inside_sales else next_touch(agreement, read, asks),
        "due_at": None if is_silent or with_inside_sales else _text(due_us),
        "allowed_at": _text(rhythm.allowed_us),
        "ask": asks.as_json() if asks else None,
        "missing": [name for name, level in decided.points.levels.items() if level is None],
        "waits": waits and {**waits, "until": waits["until"] and rfc3339(waits["until"])},
        "phase": rhythm.phase,
        "unanswered": rhythm.unanswered,
        "last_touch_at": _text(rhythm.last_us),
        "come_back_at": back and rfc3339(back),
        "step": qualifying_step(agreement, lead, as_of) if with_inside_sales else None,
    }


def next_touch(agreement: Agreement, read: LeadReading, asks: Question | None) -> dict[str, Any]:
    """What to send next: what of ours on a topic that it reads it has not seen; else the question; else what is new.

    A lead that read twice about pricing and has seen the pricing guide gets the other content on pricing.
    """
    known = read.seen | read.sent
    unseen = {name: content.topic.lower() for name, content in agreement.content.items() if name not in known}
    for topic in read.topics:
        fits = next((name for name, about in unseen.items() if about == topic), None)
        if fits:
            return {"kind": "content", "topic": agreement.content[fits].topic, "content_id": fits}
    most_read = read.topics[0] if read.topics else None
    if asks:
        return {"kind": "question", "topic": most_read, "content_id": None}
    for name in unseen:
        return {"kind": "content", "topic": agreement.content[name].topic, "content_id": name}
    return {"kind": "news", "topic": most_read, "content_id": None}


def _nothing() -> dict[str, Any]:
    return {"kind": "none", "topic": None, "content_id": None}


def _waits(agreement: Agreement, lead: LeadNow, decided: Decided, rhythm: Cadence) -> Mapping[str, Any] | None:
    """Why nothing is sent now, and until when; until None: not before the lead itself says so."""
    no_email, at = agreement.nurture.no_email, decided.look_again_at
    if decided.code == CONTACT_UNWANTED:
        return _because("no_contact_wanted", None, "said that it wants no contact")
    if decided.code == "not_now" and at:
        return _because("not_now", at, f"asked to hear from us from {at:%Y-%m-%d} on")
    if decided.queue != "inside_sales" and no_email is not None and holds(no_email, lead.numbers.facts):
        return _because("no_email", None, "takes no e-mail from us")
    if rhythm.held_until_us is not None:
        until, cap = from_microseconds(rhythm.held_until_us), agreement.touches.at_most
        return _because("touch_cap", until, f"was reached out to as often as agreed ({cap}), from all of us together")
    return None


def _because(code: str, until: datetime | None, text: str) -> dict[str, Any]:
    return {"code": code, "until": until, "text": text}


def _text(us: int | None) -> str | None:
    return None if us is None else rfc3339(from_microseconds(us))
