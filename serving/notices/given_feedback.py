"""Feedback that somebody gives, by the API or by a click: recorded, and told whom it concerns, in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.database import reading, writing
from features.home.settings import Home
from serving.handovers.feedback import SOURCE, FeedbackSaid
from serving.handovers.recording import Recorded, record_feedback
from serving.notices.occasions import Change, tell
from serving.signin.audit import note_in_audit


def give_feedback(home: Home, agreement: Agreement, said: FeedbackSaid, now: datetime) -> Recorded:
    """Write a feedback, what it does to the handover, and the messages that this calls for.

    Raises FeedbackRefused; nothing is written then.
    """
    with writing(home) as connection:
        recorded = record_feedback(connection, agreement, said, now)
        note_in_audit(connection, said.by, said.kind, said.lead_id, now, {"handover_id": said.handover_id})
        for step in recorded.steps:
            tell(connection, Change(step.before, step.after, step.act, now), agreement)
    return recorded


def was_given(home: Home, message_id: str) -> bool:
    """Whether the ledger has this very feedback: a page that was sent twice."""
    events = tables.events.c
    with reading(home) as connection:
        is_one = (events.source == SOURCE) & (events.message_id == message_id)
        return connection.scalar(select(events.event_id).where(is_one)) is not None
