"""Queues: how many leads are in which, since when, how many of them are late, and whether they add up to all leads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from features.home import tables
from features.home.clock import from_microseconds, microseconds, rfc3339
from features.ledger.decision_marks import count_due
from serving.decisions.store import newest

MERGED = "merged"


def queues(connection: Connection, as_of: datetime) -> dict[str, Any]:
    """The queues with their sums, as `GET /v1/queues` answers them.

    all: counted from the leads that the ledger's events are of, and not from decisions. undecided: those that came a
    moment ago and are due to be decided. adds_up: whether open, closed and undecided ones are all leads.
    """
    rows = [_queue(row) for row in _counts(connection, as_of)]
    opened = sum(row["count"] for row in rows if row["queue"] is not None)
    closed = sum(row["count"] for row in rows if row["queue"] is None)
    everybody = count_leads(connection)
    missing = everybody - opened - closed
    undecided = missing if missing > 0 and count_due(connection) else 0
    sums = {"open": opened, "closed": closed, "undecided": undecided, "all": everybody}
    return {**sums, "adds_up": missing == undecided, "queues": rows}


def count_leads(connection: Connection) -> int:
    """How many leads the ledger's events are of: those that are part of another one are no leads of their own."""
    names, events = tables.identities.c, tables.events.c
    found = connection.scalar(select(func.count()).where(names.kind == "lead", names.value == names.lead_id)) or 0
    if found:
        return int(found)
    # Before the first build there is no index of names.
    return int(connection.scalar(select(func.count(events.user_id.distinct()))) or 0)


def _counts(connection: Connection, as_of: datetime) -> list[Any]:
    handovers = tables.handovers.c
    now_us = microseconds(as_of)
    of_handover = and_(newest.c.handover_id == handovers.handover_id, tables.IS_OPEN)
    is_late = case(
        (handovers.handover_id.is_not(None), handovers.runs_out_us <= now_us), else_=newest.c.next_due_us < now_us
    )
    late = func.sum(case((is_late, 1), else_=0))
    columns = (newest.c.queue, newest.c.decision)
    counted = select(
        *columns, func.count().label("count"), func.min(newest.c.since_us).label("since_us"), late.label("late")
    )
    joined = counted.select_from(newest.outerjoin(tables.handovers, of_handover)).where(newest.c.code != MERGED)
    return list(connection.execute(joined.group_by(*columns).order_by(*columns)).all())


def _queue(row: Any) -> dict[str, Any]:
    return {
        "queue": row.queue,
        "decision": row.decision,
        "count": int(row.count),
        "oldest_since": rfc3339(from_microseconds(row.since_us)),
        "overdue": int(row.late or 0) if row.queue is not None else 0,
    }
