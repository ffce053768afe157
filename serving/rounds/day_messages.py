"""Messages that no change of a handover brings: lists of the morning, a changed agreement, and what a night finds."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement, AgreementError
from features.agreement.standing import standing
from features.home import tables
from features.home.clock import microseconds
from features.home.database import writing
from features.home.settings import Home
from serving.notices.for_everybody import acceptance_notices, agreement_notices, stale_notices
from serving.notices.morning import morning_notices
from serving.notices.notice import Notice
from serving.notices.outbox import enqueue
from serving.rounds.decided_by import DecidedBy

NEWS = timedelta(days=2)  # an agreement that was saved before is none


def write_messages_of_the_day(home: Home, by: DecidedBy, is_night: bool) -> int:
    """Write them into the outbox, each once; how many were new. Of the trial nothing is said."""
    if not by.is_live:
        return 0
    agreement, as_of = by.agreement, by.as_of
    with writing(home) as connection:
        count = morning_notices(connection, agreement, as_of)
        notices = _changed_agreement(connection, by)
        if is_night:
            notices += acceptance_notices(connection, agreement, as_of)
            notices += stale_notices(_fell_silent(connection, as_of), agreement, as_of)
        return count + enqueue(connection, notices)


def _changed_agreement(connection: Connection, by: DecidedBy) -> list[Notice]:
    """Where the newest version changed what was agreed: a message to all. New people or holidays are no such change."""
    kept = tables.agreements.c
    rows = connection.execute(
        select(kept.version, kept.text, kept.kept_us).order_by(kept.version.desc()).limit(2)
    ).all()
    if len(rows) < 2 or rows[0].kept_us < microseconds(by.as_of - NEWS):
        return []
    try:
        before = Agreement.parse(rows[1].text)
    except AgreementError:  # by rules of then; what it agreed is not to be compared
        before = None
    if before is not None and before.signed_digest == by.agreement.signed_digest:
        return []
    changed = standing(by.agreement, by.signatures).changed_since_signed
    return agreement_notices(by.agreement, rows[0].version, by.as_of, changed_since_signed=changed)


def _fell_silent(connection: Connection, as_of: datetime) -> list[tuple[str, str | None]]:
    """Opportunities that were called stale since the night before."""
    decided = tables.lead_decisions.c
    since = microseconds(as_of - timedelta(days=1, hours=1))
    is_new = (decided.code == "opportunity_stale") & decided.queue.is_not(None) & (decided.since_us >= since)
    return [
        (row.lead_id, row.owner) for row in connection.execute(select(decided.lead_id, decided.owner).where(is_new))
    ]
