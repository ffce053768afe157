"""The rows of a home's funnel in a period: its handovers, the leads that came, who converted, what inside sales did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from features.agreement.agreement import Agreement
from features.events.touch_values import TOUCHES
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import batched
from features.touches.touch import touch_actor, touch_side
from serving.funnel.handed import Handed, Win, handed_leads
from serving.funnel.marketed import Came
from serving.funnel.shares import share
from serving.handovers.store import handover_in

A_MONTH = timedelta(days=365.25 / 12)
AMOUNTS = ("Opportunity Won", "Opportunity Created")  # of which the CRM says how much; the one won counts first
_AT_ONCE = 500
newest, log, events, handovers = tables.lead_decisions, tables.decisions, tables.events, tables.handovers


def wins_of(connection: Connection, agreement: Agreement) -> dict[str, Win]:
    """The first conversion of each lead that converted, with how much, where the CRM says so."""
    converted = log.c.decision == "converted"
    first = select(log.c.lead_id, func.min(log.c.decided_us)).where(converted).group_by(log.c.lead_id)
    won = {row[0]: row[1] for row in connection.execute(first)}
    arrived = {row[0]: row[1] for row in _rows(connection, won, newest.c.lead_id, newest.c.arrived_us)}
    amounts = _amounts(connection, agreement, won)
    return {
        lead: Win(from_microseconds(us), _months(arrived.get(lead), us), amounts.get(lead)) for lead, us in won.items()
    }


def _months(since_us: int | None, us: int) -> float | None:
    return None if since_us is None else timedelta(microseconds=max(us - since_us, 0)) / A_MONTH


def _rows(connection: Connection, leads: Mapping[str, Any] | Sequence[str], *columns: Any) -> Iterator[Any]:
    for batch in batched(leads, _AT_ONCE):
        yield from connection.execute(select(*columns).where(columns[0].in_(batch)))


def _amounts(connection: Connection, agreement: Agreement, leads: Mapping[str, int]) -> dict[str, float]:
    """By lead the amount of its deal; of two, what was won. An event under another id of a lead is not looked for."""
    names = (agreement.outcome.event, *AMOUNTS)
    found: dict[str, tuple[int, float]] = {}
    for batch in batched(leads, _AT_ONCE):
        named = events.c.user_id.in_(batch) & events.c.name.in_(names)
        for row in connection.execute(select(events.c.user_id, events.c.name, events.c.body).where(named)):
            amount = (orjson.loads(row.body).get("properties") or {}).get("amount")
            rank = AMOUNTS.index(row.name) + 1 if row.name in AMOUNTS else 0
            if isinstance(amount, int | float) and rank <= found.get(row.user_id, (9, 0.0))[0]:
                found[row.user_id] = (rank, float(amount))
    return {lead: amount for lead, (_, amount) in found.items()}


def handed_of(connection: Connection, wins: Mapping[str, Win], period: tuple[datetime, datetime]) -> list[Handed]:
    """The handovers that were offered in a period, without those of the trial."""
    begins, ends = map(microseconds, period)
    offered = (handovers.c.offered_us >= begins) & (handovers.c.offered_us < ends) & ~handovers.c.is_trial
    rows = connection.execute(select(handovers).where(offered)).mappings()
    return handed_leads(map(handover_in, rows), wins, period[1])


def came_of(connection: Connection, wins: Mapping[str, Win], period: tuple[datetime, datetime]) -> list[Came]:
    """The leads that came in a period; those that became part of another are none."""
    begins, ends = map(microseconds, period)
    in_it = (newest.c.arrived_us >= begins) & (newest.c.arrived_us < ends) & (newest.c.code != "merged")
    rows = connection.execute(select(newest).where(in_it).order_by(newest.c.arrived_us, newest.c.lead_id)).all()
    lacking = [row.lead_id for row in rows if row.source is None or row.campaign is None]
    tools = tools_of(connection, lacking)
    return [
        Came(
            row.lead_id, from_microseconds(row.arrived_us), row.source, row.campaign, row.probability,
            row.peak_probability, row.threshold, row.lead_id in wins, tools.get(row.lead_id),
        )
        for row in rows
    ]  # fmt: skip


def tools_of(connection: Connection, lead_ids: Sequence[str]) -> dict[str, str]:
    """What sent the first event of each of these leads: the client's library, else the key or file it came by."""
    found: dict[str, str] = {}
    for batch in batched(lead_ids, _AT_ONCE):
        firsts = select(func.min(events.c.event_id)).where(events.c.user_id.in_(batch)).group_by(events.c.user_id)
        rows = select(events.c.user_id, events.c.source, events.c.body).where(events.c.event_id.in_(firsts))
        for row in connection.execute(rows):
            context = orjson.loads(row.body).get("context")
            library = context.get("library") if isinstance(context, dict) else None
            name = library.get("name") if isinstance(library, dict) else None
            found[row.user_id] = str(name) if name else row.source
    return found


def missed_of(connection: Connection, wins: Mapping[str, Win], period: tuple[datetime, datetime]) -> list[Any]:
    """One per lead that converted in a period: whether it was under the bar just before, and once rejected by sales."""
    won = {lead: microseconds(win.won_at) for lead, win in wins.items() if period[0] <= win.won_at < period[1]}
    before: dict[str, tuple[int, Any]] = {}
    for row in _rows(
        connection, won, log.c.lead_id, log.c.decided_us, log.c.decision, log.c.probability, log.c.threshold
    ):
        if row.decided_us < won[row.lead_id] and row.decided_us >= before.get(row.lead_id, (0, None))[0]:
            before[row.lead_id] = row.decided_us, row
    rejected = {
        row.lead_id
        for row in _rows(connection, won, handovers.c.lead_id, handovers.c.state, handovers.c.closed_us)
        if row.state == "rejected" and (row.closed_us or 0) <= won[row.lead_id]
    }
    return [{"was_below": _was_below(before.get(lead)), "was_rejected": lead in rejected} for lead in won]


def _was_below(before: tuple[int, Any] | None) -> bool:
    if before is None:
        return False
    row = before[1]
    is_under = row.probability is not None and row.threshold is not None and row.probability < row.threshold
    return row.decision in ("nurture", "needs_data") and is_under


def inside_sales_of(connection: Connection, agreement: Agreement, period: tuple[datetime, datetime]) -> dict[str, Any]:
    """The conversion of inside sales: of the leads it had in a period, how many it tried, and qualified of these."""
    begins, ends = map(microseconds, period)
    theirs = (log.c.queue == "inside_sales") & (log.c.decided_us >= begins) & (log.c.decided_us < ends)
    had = {
        row[0]: row[1]
        for row in connection.execute(
            select(log.c.lead_id, func.min(log.c.decided_us)).where(theirs).group_by(log.c.lead_id)
        )
    }
    tried = set(_tried(connection, agreement, had))
    over = {
        row.lead_id
        for row in _rows(connection, had, log.c.lead_id, log.c.decision, log.c.decided_us)
        if row.decision == "sales_ready" and row.decided_us > had[row.lead_id]
    }
    return {
        "had": len(had),
        "tried": share(len(tried), len(had)),
        "qualified_of_tried": share(len(tried & over), len(tried)),
    }


def _tried(connection: Connection, agreement: Agreement, had: Mapping[str, int]) -> Iterator[str]:
    for batch in batched(had, _AT_ONCE):
        named = events.c.user_id.in_(batch) & events.c.name.in_(sorted(TOUCHES | {"Feedback Given"}))
        columns = (events.c.user_id, events.c.name, events.c.occurred_us, events.c.flags, events.c.body)
        for row in connection.execute(select(*columns).where(named)):
            said = orjson.loads(row.body).get("properties") or {}
            side = touch_side(row.name, said, row.flags, agreement)
            is_person = touch_actor(row.name, said, side) == "person"
            if side == "inside_sales" and is_person and row.occurred_us >= had[row.user_id]:
                yield row.user_id
