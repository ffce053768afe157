"""Queues: how many leads are in which, since when, how many of them are late, and whether they add up to all leads."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

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
    rows = _rows(connection, as_of)
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


def _counts(connection: Connection) -> list[Any]:
    """Queue, decision, how many and since when, read from an index alone; those that are merged count as well."""
    columns = (newest.c.queue, newest.c.decision)
    counted = select(*columns, func.count().label("leads"), func.min(newest.c.since_us).label("since_us"))
    return list(connection.execute(counted.group_by(*columns).order_by(*columns)).all())


def _late(connection: Connection, now_us: int) -> Counter[tuple[str | None, str]]:
    """How many leads of each queue and decision are late: a clock of their handover ran out, or else their date."""
    columns, handovers = (newest.c.queue, newest.c.decision), tables.handovers.c
    by_date = newest.c.queue.is_not(None) & (newest.c.next_due_us < now_us) & newest.c.handover_id.is_(None)
    # Grouped by an expression, or SQLite reads every lead in the order of the groups instead of the few that are late.
    late = select(*columns, func.count()).where(by_date).group_by(newest.c.queue.concat(""), *columns)
    joined = tables.handovers.join(newest, newest.c.lead_id == handovers.lead_id)
    ran_out = tables.IS_OPEN & (handovers.runs_out_us <= now_us) & (newest.c.handover_id == handovers.handover_id)
    by_clock = select(*columns, func.count()).select_from(joined).where(ran_out).group_by(*columns)
    found: Counter[tuple[str | None, str]] = Counter()
    for wanted in (late, by_clock):
        found.update({(queue, decision): count for queue, decision, count in connection.execute(wanted)})
    return found


def _merged(connection: Connection) -> int:
    """How many rows are of leads that are part of another one: no leads of their own."""
    is_one = newest.c.queue.is_(None) & (newest.c.decision == "disqualified") & (newest.c.code == MERGED)
    return int(connection.scalar(select(func.count()).where(is_one)) or 0)


def _rows(connection: Connection, as_of: datetime) -> list[dict[str, Any]]:
    late, merged = _late(connection, microseconds(as_of)), _merged(connection)
    rows = []
    for row in _counts(connection):
        leads = int(row.leads) - (merged if (row.queue, row.decision) == (None, "disqualified") else 0)
        since = rfc3339(from_microseconds(row.since_us))
        named = {"queue": row.queue, "decision": row.decision, "count": leads, "oldest_since": since}
        rows += [named | {"overdue": late[row.queue, row.decision]}] if leads else []
    return rows
