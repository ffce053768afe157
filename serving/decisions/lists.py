"""Lists of leads by their newest decision: filtered, in an order of the index, in pages that go on where one ended."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.clock import from_microseconds, microseconds, rfc3339
from features.records.contacts import Contact, contacts
from serving.decisions.store import newest

EQUALS = ("queue", "decision", "grade", "owner", "source", "campaign", "account")  # filters: a column has this value
# What leads are listed by: the column, and whether the highest comes first. Rows without a value come last.
SORTS: Mapping[str, tuple[str, bool]] = {
    "due": ("next_due_us", False),
    "probability": ("probability", True),
    "changed": ("decided_us", True),
}
# What a row of a list is made from: without the long texts that a row of a lead has besides.
LISTED = ("lead_id", "decision", "code", "queue", "owner", "decided_us", "since_us", "look_again_us", "next_due_us",
          "probability", "score", "grade", "reason", "source", "campaign", "handover_id")  # fmt: skip
NOBODY = Contact()
Place = tuple[float | int | None, str]  # of the last row of a page: its value of the order, and its lead id


@dataclass(frozen=True)
class LeadFilter:
    """Which leads are listed, and in which order.

    equals: column to value. changed_since: whose decision changed at this moment or later. owners: whose they are, by
    any of these names; "" among them: nobody's as well. overdue_at: of which a clock or date ran out by this moment.
    handover: column to value of the handover that is open; those without one are left out then.
    """

    equals: Mapping[str, str]
    changed_since: datetime | None = None
    sort: str = "due"
    owners: Sequence[str] | None = None
    overdue_at: datetime | None = None
    handover: Mapping[str, str] = field(default_factory=dict)


def lead_list(connection: Connection, wanted: LeadFilter, limit: int, after: Place | None = None) -> list[Any]:
    """At most `limit` rows (`LISTED`) of the newest decisions, from the place on where the page before ended."""
    column, is_falling = SORTS[wanted.sort]
    order = newest.c[column]
    conditions = [newest.c[name] == value for name, value in wanted.equals.items()]
    if wanted.changed_since is not None:
        conditions.append(newest.c.decided_us >= microseconds(wanted.changed_since))
    conditions += _of_people_and_handovers(wanted)
    rows: list[Any] = []
    if after is None or after[0] is not None:
        known = [*conditions, order.is_not(None), *([_beyond(order, after, is_falling)] if after else [])]
        ordered = (order.desc(), newest.c.lead_id.desc()) if is_falling else (order, newest.c.lead_id)
        rows = _rows(connection, known, ordered, limit)
    if len(rows) < limit and newest.c[column].nullable:
        place = [newest.c.lead_id > after[1]] if after and after[0] is None else []
        rows += _rows(connection, [*conditions, order.is_(None), *place], (newest.c.lead_id,), limit - len(rows))
    return rows


def _of_people_and_handovers(wanted: LeadFilter) -> list[ColumnElement[bool]]:
    handovers, conditions = tables.handovers.c, []
    if wanted.owners is not None:
        theirs = newest.c.owner.in_([name for name in wanted.owners if name])
        conditions.append(or_(theirs, newest.c.owner.is_(None)) if "" in wanted.owners else theirs)
    if wanted.overdue_at is not None:
        now_us = microseconds(wanted.overdue_at)
        late = select(handovers.handover_id).where(tables.IS_OPEN, handovers.runs_out_us <= now_us)
        by_date = newest.c.handover_id.is_(None) & (newest.c.next_due_us < now_us)
        conditions.append(or_(newest.c.handover_id.in_(late), by_date))
    if wanted.handover:
        tests = [handovers[name] == value for name, value in wanted.handover.items()]
        conditions.append(newest.c.handover_id.in_(select(handovers.handover_id).where(tables.IS_OPEN, *tests)))
    return conditions


def _beyond(order: Any, after: Place, is_falling: bool) -> ColumnElement[bool]:
    value, lead_id = after
    lead = newest.c.lead_id
    if is_falling:
        return and_(order <= value, or_(order < value, lead < lead_id))
    return and_(order >= value, or_(order > value, lead > lead_id))


def _rows(connection: Connection, conditions: Sequence[Any], ordered: Sequence[Any], limit: int) -> list[Any]:
    shown = select(*(newest.c[name] for name in LISTED))
    return list(connection.execute(shown.where(*conditions).order_by(*ordered).limit(limit)).all())


def place_of_row(row: Any, sort: str) -> Place:
    """The place of a row in an order."""
    return getattr(row, SORTS[sort][0]), row.lead_id


def cursor_of_place(place: Place, sort: str) -> str:
    """A place as an opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps([sort, *place])).decode().rstrip("=")


def place_in_cursor(cursor: str, sort: str) -> Place | None:
    """The place that a cursor means in an order; None where it is none of ours, or of another order."""
    try:
        known, value, lead_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        return None
    is_place = known == sort and isinstance(lead_id, str) and (value is None or isinstance(value, int | float))
    return (value, lead_id) if is_place else None


def listed_leads(
    connection: Connection, agreement: Agreement, rows: Sequence[Any], as_of: datetime, with_contact: bool
) -> list[dict[str, Any]]:
    """The rows as lists show them. with_contact: whether name, title and company are shown; else they are null."""
    known = contacts(connection, agreement, [row.lead_id for row in rows]) if with_contact and rows else {}
    late = _overdue(connection, [row.handover_id for row in rows if row.handover_id], as_of)
    return [_listed(row, known.get(row.lead_id, NOBODY), late, microseconds(as_of)) for row in rows]


def _listed(row: Any, contact: Contact, late: set[str], now_us: int) -> dict[str, Any]:
    is_late = row.handover_id in late if row.handover_id else row.next_due_us is not None and row.next_due_us < now_us
    return {
        "lead_id": row.lead_id,
        "name": contact.name,
        "title": contact.title,
        "company": contact.company,
        "grade": row.grade,
        "score": row.score,
        "probability": row.probability,
        "decision": row.decision,
        "code": row.code,
        "queue": row.queue,
        "owner": row.owner,
        "since": _time(row.since_us),
        "look_again_at": _time(row.look_again_us),
        "next_due_at": _time(row.next_due_us),
        "overdue": is_late,
        "reason": row.reason,
        "source": row.source,
        "campaign": row.campaign,
        "handover_id": row.handover_id,
    }


def _overdue(connection: Connection, handover_ids: Sequence[str], as_of: datetime) -> set[str]:
    """Those of the handovers of which a clock has run out."""
    if not handover_ids:
        return set()
    columns = tables.handovers.c
    ran_out = columns.runs_out_us <= microseconds(as_of)
    return set(connection.scalars(select(columns.handover_id).where(columns.handover_id.in_(handover_ids), ran_out)))


def decisions_of(connection: Connection, lead_id: str, limit: int, before: tuple[int, str] | None = None) -> list[Any]:
    """Every change of one lead's decision, newest first; before: the place after which a page goes on."""
    columns = tables.decisions.c
    conditions = [columns.lead_id == lead_id]
    if before is not None:
        at_us, decision_id = before
        older = and_(columns.decided_us == at_us, columns.decision_id < decision_id)
        conditions.append(or_(columns.decided_us < at_us, older))
    ordered = (columns.decided_us.desc(), columns.decision_id.desc())
    return list(connection.execute(select(tables.decisions).where(*conditions).order_by(*ordered).limit(limit)).all())


def is_known(connection: Connection, lead_id: str) -> bool:
    """Whether any event of the ledger names this lead."""
    return (
        connection.scalar(select(tables.events.c.event_id).where(tables.events.c.user_id == lead_id).limit(1))
        is not None
    )


def decision_answer(row: Any) -> dict[str, Any]:
    """One change of a decision as the API answers it."""
    under = {"model": row.model_digest, "policy": row.policy_digest, "bar_id": row.bar_id}
    return {
        "decision_id": row.decision_id,
        "lead_id": row.lead_id,
        "decided_at": _time(row.decided_us),
        "decision": row.decision,
        "code": row.code,
        "queue": row.queue,
        "owner": row.owner,
        "look_again_at": _time(row.look_again_us),
        "probability": row.probability,
        "threshold": row.threshold,
        "points": row.points,
        "facts": orjson.loads(row.facts),
        "decided_under": under,
        "caused_by": {"kind": row.cause_kind, "ref": row.cause_ref},
    }


def _time(us: int | None) -> str | None:
    return None if us is None else rfc3339(from_microseconds(us))
