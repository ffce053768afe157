"""Sending one now: marketing hands a lead over whatever its numbers say, or a rep with time takes the best."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.agreement.people import is_person, person_key
from features.home import tables
from features.home.database import wait_for_writers
from features.touches.history import SalesHistory
from serving.handovers.feedback import FeedbackRefused, FeedbackSaid
from serving.handovers.recording import record_without_handover
from serving.handovers.store import open_handovers
from serving.signin.audit import note_in_audit

SendingKind = Literal["sent_by_marketing", "taken"]  # kinds of feedback that hand a lead over
SENT: SendingKind = "sent_by_marketing"
TAKEN: SendingKind = "taken"


def send_to_sales(connection: Connection, said: FeedbackSaid, now: datetime) -> str:
    """Write into the ledger that a person wants this lead handed over now; the id of the lead.

    The next decision on it does so, within a second. Raises FeedbackRefused where somebody has it already.
    """
    wait_for_writers(connection)
    lead_id = record_without_handover(connection, said, now)
    held = open_handovers(connection, [lead_id]).get(lead_id)
    if held is not None and not held.is_trial:
        problem = f"{held.owner or 'sales'} has this lead already, by handover {held.handover_id}; nothing was written"
        raise FeedbackRefused(problem, code="taken")
    note_in_audit(connection, said.by, said.kind, lead_id, now)
    return lead_id


def sending(lead_id: str, by: str, kind: SendingKind, message_id: str, now: datetime) -> FeedbackSaid:
    """What a person says who wants a lead handed over now. Raises FeedbackRefused for a name that names nobody."""
    if not is_person(by.strip()):
        problem = f"by is {by[:60]!r}, which names nobody; give an e-mail address or an id of the CRM"
        raise FeedbackRefused(problem, code="unknown_person")
    return FeedbackSaid(lead_id, message_id, person_key(by), kind, now)


def best_waiting(connection: Connection) -> str | None:
    """The lead that stands first in the backlog; None where nobody waits."""
    waiting = tables.lead_decisions.c
    first = select(waiting.lead_id).where(waiting.in_backlog).order_by(waiting.ranks_by.desc(), waiting.lead_id)
    return connection.scalar(first.limit(1))


def check_takes(agreement: Agreement, by: str) -> None:
    """Check that a person is one of the reps. Raises FeedbackRefused."""
    if person_key(by) not in agreement.people.reps:
        known = ", ".join(agreement.people.reps) or "nobody yet; write reps below [people]"
        raise FeedbackRefused(f"{by[:60]!r} is none of the reps; there are {known}", code="unknown_person")


def taken_by(history: SalesHistory | None) -> str | None:
    """Who took the lead from the backlog, by its newest feedback; None where nobody did."""
    newest = history.feedback[-1] if history and history.feedback else None
    return newest.by if newest and newest.kind == TAKEN else None
