"""Others at a lead's company: who they are, how senior, when each was last active, and who of ours has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from features.agreement.checks import CRM_EVENTS, SALES_EVENTS
from features.home import tables
from features.home.clock import from_microseconds
from features.records.contacts import Contact
from features.traits.job_title import seniority
from serving.handovers.store import open_handovers
from serving.notices.short_texts import colleague, moment_text, plain
from serving.pages.visits import Visit
from serving.scoring.reasons import SENIORITY

MOST = 8
NOT_ITS_OWN = SALES_EVENTS | CRM_EVENTS
DONE_BY_IT = ("track", "page", "screen")


@dataclass(frozen=True)
class Colleague:
    """One other lead of the company. is_readable: whether its page is for who reads this one."""

    lead_id: str
    name: str
    title: str
    rank: str
    grade: str
    active: str
    owner: str
    is_readable: bool


def of_company(connection: Connection, account: str | None, lead_id: str) -> tuple[Sequence[Any], int]:
    """Rows of the other open leads of a company, the likeliest first, and how many more there are."""
    if not account:
        return [], 0
    decided = tables.lead_decisions.c
    is_one = (decided.account == account) & (decided.lead_id != lead_id) & decided.queue.is_not(None)
    wanted = select(decided.lead_id, decided.owner, decided.grade, decided.queue).where(is_one)
    rows = connection.execute(wanted.order_by(decided.probability.desc()).limit(MOST)).all()
    count = len(rows) if len(rows) < MOST else connection.scalar(select(func.count()).where(is_one)) or 0
    return rows, count - len(rows)


def colleagues(visit: Visit, rows: Sequence[Any], known: Mapping[str, Contact]) -> Iterator[Colleague]:
    """These leads as they are shown. known: whom to call, by lead."""
    lead_ids = [row.lead_id for row in rows]
    handed, active = open_handovers(visit.connection, lead_ids), _last_active(visit.connection, lead_ids)
    for row in rows:
        contact, last_us = known[row.lead_id], active.get(row.lead_id)
        owner = handed[row.lead_id].owner if row.lead_id in handed else row.owner
        yield Colleague(
            lead_id=row.lead_id,
            name=plain(contact.name or f"Lead {row.lead_id}"),
            title=plain(contact.title or ""),
            rank=_rank(contact.title),
            grade=row.grade or "",
            active="" if last_us is None else moment_text(from_microseconds(last_us), visit.as_of, visit.zone),
            owner=colleague(owner),
            is_readable=visit.visitor.may_read(row.queue, [owner]),
        )


def _rank(title: str | None) -> str:
    rank = seniority(title)
    return "" if rank is None else SENIORITY.get(rank, rank)


def _last_active(connection: Connection, lead_ids: Sequence[str]) -> Mapping[str, int]:
    """When each lead last did something itself."""
    events = tables.events.c
    own = events.user_id.in_(lead_ids) & events.type.in_(DONE_BY_IT) & events.name.not_in(NOT_ITS_OWN)
    wanted = select(events.user_id, func.max(events.occurred_us)).where(own).group_by(events.user_id)
    return {str(lead_id): int(us) for lead_id, us in connection.execute(wanted)}
