"""Decisions in the database: one row per change, and one per lead with the newest, written by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from features.home import tables
from features.home.database import batched, insert_new
from serving.scoring.lead_now import LeadDecision

AT_ONCE = 500
COLUMNS = tuple(column.name for column in fields(LeadDecision) if column.name not in ("facts", "cause"))
newest = tables.lead_decisions
RowChange = tuple[LeadDecision | None, LeadDecision]


def before(connection: Connection, lead_ids: Iterable[str]) -> dict[str, LeadDecision]:
    """What was decided last on each of these leads that has a decision."""
    found: dict[str, LeadDecision] = {}
    for batch in batched(lead_ids, AT_ONCE):
        rows = connection.execute(select(newest).where(newest.c.lead_id.in_(batch))).mappings()
        found |= {row["lead_id"]: LeadDecision(**row) for row in rows}
    return found


def store(connection: Connection, rows: Sequence[RowChange]) -> set[str]:
    """Write decisions as (before, after); the leads that were decided on by another since, of which nothing is written.

    A row of `decisions` is written where its id is new; else only what the lists show of the lead is.
    """
    rows = sorted(
        rows, key=lambda change: change[1].lead_id
    )  # one order for all writers, or two could wait for each other
    known = [{"was": was.decision_id, **_values(row)} for was, row in rows if was is not None]
    new = [_values(row) for was, row in rows if was is None]
    written = _update(connection, known) + insert_new(connection, newest, new)
    lost = set() if written == len(rows) else _lost(connection, rows)
    changes = [
        row for was, row in rows if row.lead_id not in lost and (was is None or was.decision_id != row.decision_id)
    ]
    if changes:
        connection.execute(insert(tables.decisions), [_decision(row) for row in changes])
    return lost


def _update(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    if not rows:
        return 0
    names = [name for name in COLUMNS if name != "lead_id"]
    is_it = (newest.c.lead_id == bindparam("lead")) & (newest.c.decision_id == bindparam("was"))
    statement = update(newest).where(is_it).values({name: bindparam(f"new_{name}") for name in names})
    values = [
        {"lead": row["lead_id"], "was": row["was"], **{f"new_{name}": row[name] for name in names}} for row in rows
    ]
    done = connection.execute(statement, values, execution_options={"preserve_rowcount": True})
    return int(done.rowcount)


def _lost(connection: Connection, rows: Sequence[RowChange]) -> set[str]:
    """The leads whose newest decision is not the one that was to be written."""
    wanted = {row.lead_id: row.decision_id for _, row in rows}
    found: dict[str, str] = {}
    for batch in batched(wanted, AT_ONCE):
        some = select(newest.c.lead_id, newest.c.decision_id).where(newest.c.lead_id.in_(batch))
        found |= {row.lead_id: row.decision_id for row in connection.execute(some)}
    return {lead_id for lead_id, decision_id in wanted.items() if found.get(lead_id) != decision_id}


def _values(row: LeadDecision) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


_OF_BOTH = tuple(column.name for column in tables.decisions.c if column.name in COLUMNS)


def _decision(row: LeadDecision) -> dict[str, Any]:
    more = {"facts": row.facts, "cause_kind": row.cause.kind, "cause_ref": row.cause.ref}
    return {name: getattr(row, name) for name in _OF_BOTH} | more


def rows_of(connection: Connection, condition: Any) -> Iterator[LeadDecision]:
    """The newest decisions that a condition holds for."""
    for row in connection.execute(select(newest).where(condition)).mappings():
        yield LeadDecision(**row)
