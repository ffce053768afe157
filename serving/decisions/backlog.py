"""The backlog: leads over the bar that wait for their day, best first, at most 20 working days long."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from features.agreement.agreement import Agreement
from features.agreement.working_time import WorkingTime
from features.home import tables
from features.home.clock import microseconds
from serving.decisions.rows import new_decision_id
from serving.decisions.store import newest, rows_of, store
from serving.scoring.lead_now import BACKLOG_TURN, Cause, LeadDecision, WaitingLine

MOST_WORKING_DAYS = 20
RANKING = Cause("night", "backlog")
_BEST_FIRST = (newest.c.ranks_by.desc(), newest.c.lead_id)


def line(connection: Connection, agreement: Agreement, as_of: datetime, room: int | None = None) -> WaitingLine:
    """How the line stands: how bad the last of it is where it is full, and when the turn of one who joins it comes.

    room: how many more leads the reps take today; None where there is no limit.
    """
    waiting = int(connection.scalar(select(func.count()).where(newest.c.in_backlog)) or 0)
    is_full = waiting >= _most(agreement)
    least = connection.scalar(select(func.min(newest.c.ranks_by)).where(newest.c.in_backlog)) if is_full else None
    if is_full and least is None:  # nobody may wait at all
        least = float("inf")
    return WaitingLine(room is None or room > 0, least, _turn_at(agreement, as_of, waiting))


def backlog_turn(connection: Connection, agreement: Agreement, as_of: datetime, n: int) -> list[str]:
    """The leads whose turn it is today, the best first, at most `n`: so many a working day, and none on other days."""
    most = min(n, turns_left(connection, agreement, as_of))
    if most <= 0:
        return []
    return list(
        connection.scalars(select(newest.c.lead_id).where(newest.c.in_backlog).order_by(*_BEST_FIRST).limit(most))
    )


def turns_left(connection: Connection, agreement: Agreement, as_of: datetime) -> int:
    """How many more leads of the backlog go over today: `catch_up_per_day`, on a working day in office hours."""
    office = WorkingTime.of(agreement.people, None, agreement.time_zone)
    if not office.is_open(as_of):
        return 0
    local = as_of.astimezone(ZoneInfo(agreement.time_zone))
    begins = datetime.combine(local.date(), time(), local.tzinfo)
    decisions = tables.decisions.c
    is_turn = (decisions.cause_kind == "due") & (decisions.cause_ref == BACKLOG_TURN)
    gone = select(func.count(decisions.lead_id.distinct())).where(is_turn, decisions.decided_us >= microseconds(begins))
    return max(agreement.handover.catch_up_per_day - int(connection.scalar(gone) or 0), 0)


def rank_again(connection: Connection, agreement: Agreement, as_of: datetime) -> int:
    """Rank all who wait, best first: each gets its day, and who is beyond the line's length waits in nurture.

    How many changed. Run at night, once the numbers are those of today; it changes no decision but of those who wait.
    """
    waiting = sorted(rows_of(connection, tables.WAITS), key=lambda row: (-(row.ranks_by or 0.0), row.lead_id))
    most = _most(agreement)
    changes = [(row, _placed(row, place, place < most, agreement, as_of)) for place, row in enumerate(waiting)]
    lost = store(connection, changes)
    return sum(was.decision_id != now.decision_id and was.lead_id not in lost for was, now in changes)


def _placed(row: LeadDecision, place: int, fits: bool, agreement: Agreement, as_of: datetime) -> LeadDecision:
    turn_us = microseconds(_turn_at(agreement, as_of, place if fits else _most(agreement)))
    row = replace(row, look_again_us=turn_us, next_due_us=turn_us, cause=RANKING, facts='{"rule":"bar"}')
    if fits == row.in_backlog:
        return row
    now_us = microseconds(as_of)
    changed = replace(row, decision_id=new_decision_id(), decided_us=now_us, since_us=now_us, in_backlog=fits)
    if fits:
        return replace(changed, decision="sales_ready", code="in_backlog", queue="sales", owner=None)
    return replace(changed, decision="nurture", code="waits_for_capacity", queue="marketing", owner=None)


def _most(agreement: Agreement) -> int:
    """How many may wait."""
    return MOST_WORKING_DAYS * agreement.handover.catch_up_per_day


def _turn_at(agreement: Agreement, as_of: datetime, place: int) -> datetime:
    """When the turn of who stands at a place comes: the first of them on the next working day."""
    office = WorkingTime.of(agreement.people, None, agreement.time_zone)
    return office.working_day(as_of, 1 + place // max(agreement.handover.catch_up_per_day, 1))
