"""One handover as the API answers it: what is stored, with time left and whom to call as of the moment of reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.home.clock import rfc3339
from features.records.contacts import Contact, contacts
from serving.handovers.clocks import ClockTerms, next_try_at
from serving.handovers.feedback import undo_until
from serving.handovers.handover import ClockName, Handover, HandoverClock
from serving.handovers.tries import tries

CLOCKS: tuple[ClockName, ...] = ("first_contact", "acceptance", "next_try", "outcome")


def handover_answer(
    connection: Connection, agreement: Agreement, handover: Handover, as_of: datetime, has_contact: bool = True
) -> dict[str, Any]:
    """One handover in the shape of the API; without contact data for who may not see whom to call."""
    return handover_answers(connection, agreement, [handover], as_of, has_contact)[0]


def handover_answers(
    connection: Connection, agreement: Agreement, found: Iterable[Handover], as_of: datetime, has_contact: bool = True
) -> list[dict[str, Any]]:
    """The same of several handovers, in their order."""
    handovers = list(found)
    known = contacts(connection, agreement, [each.lead_id for each in handovers]) if has_contact else {}
    return [_answer(each, agreement, known.get(each.lead_id), as_of) for each in handovers]


def _answer(handover: Handover, agreement: Agreement, contact: Contact | None, as_of: datetime) -> dict[str, Any]:
    offer = asdict(handover.offer)
    crm_url = offer.pop("crm_url")
    return {
        "handover_id": handover.handover_id,
        "lead_id": handover.lead_id,
        "decision_id": handover.decision_id,
        "kind": handover.kind,
        "state": handover.state,
        "stage": handover.stage,
        "trial": handover.is_trial,
        "queue": handover.queue,
        "owner": handover.owner,
        "offered_at": rfc3339(handover.offered_at),
        "closed_at": _time(handover.closed_at),
        "code": handover.code,
        "look_again_at": _time(handover.follow.look_again_at) if handover.follow else None,
        "overdue": handover.is_overdue(as_of),
        "next_due_at": _time(handover.next_due_at),
        "clocks": [_clock(name, handover.clocks[name], handover, as_of) for name in CLOCKS if name in handover.clocks],
        "tries": _tries(handover, agreement),
        **offer,
        "learned": dict(handover.learned),
        "undo": _undo(handover, agreement, as_of),
        "contact": contact.as_json() if contact else None,
        "crm_url": crm_url,
        "links": {"card": None, "lead": None},
    }


def _clock(name: str, clock: HandoverClock, handover: Handover, as_of: datetime) -> dict[str, Any]:
    due_at, stopped_at = rfc3339(clock.due_at), _time(clock.stopped_at)
    overdue = handover.is_open and clock.is_overdue(as_of)
    return {"name": name, "due_at": due_at, "stopped_at": stopped_at, "overdue": overdue}


def _tries(handover: Handover, agreement: Agreement) -> dict[str, Any]:
    made = tries(handover.touches)
    next_try = handover.clocks.get("next_try")
    is_due = next_try is not None and next_try.is_running and handover.is_open
    next_at = next_try_at(handover, ClockTerms.of(agreement)) if is_due else None
    return {
        "made": len(made),
        "of": handover.tries_of,
        "until": rfc3339(handover.tries_until),
        "last_at": _time(made[-1].last_at) if made else None,
        "last_result": made[-1].result if made else None,
        "next_at": _time(next_at),
    }


def _undo(handover: Handover, agreement: Agreement, as_of: datetime) -> dict[str, str] | None:
    """Which feedback can be taken back, by whom and until when; None where none can."""
    way_back = handover.undo_to
    if way_back is None:
        return None
    until = undo_until(way_back.at, way_back.by, agreement)
    if until <= as_of:
        return None
    return {"feedback_id": way_back.feedback_id, "by": way_back.by, "until": rfc3339(until)}


def _time(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
