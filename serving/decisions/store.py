"""Decisions in the database: one row per change, and one per lead with the newest, written by compare-and-set."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    A row of `decisions` is written where its id is new; else only what the lists show of the lead is. Another's write
    shows in the row's version, also where it changed no decision.
    """
    # One order for all writers, or two could wait for each other.
    rows = sorted(rows, key=lambda change: change[1].lead_id)
    stamps = {row.lead_id: secrets.randbits(62) for _, row in rows}
    known = [(was.version, _values(row, stamps)) for was, row in rows if was is not None]
    new = [_values(row, stamps) for was, row in rows if was is None]
    written = _update(connection, known) + insert_new(connection, newest, new)
    found = stamps if written == len(rows) else versions(connection, stamps)
    lost = {lead_id for lead_id, version in stamps.items() if found.get(lead_id) != version}
    changes = [
        row for was, row in rows if row.lead_id not in lost and (was is None or was.decision_id != row.decision_id)
    ]
    if changes:
        connection.execute(insert(tables.decisions), [_decision(row) for row in changes])
    return lost


def _update(connection: Connection, rows: Sequence[tuple[int, dict[str, Any]]]) -> int:
    """Write rows over those of the versions that they follow; how many these were."""
    if not rows:
        return 0
    names = [name for name in COLUMNS if name != "lead_id"]
    is_it = (newest.c.lead_id == bindparam("lead")) & (newest.c.version == bindparam("was"))
    statement = update(newest).where(is_it).values({name: bindparam(f"new_{name}") for name in names})
    values = [{"lead": row["lead_id"], "was": was, **{f"new_{name}": row[name] for name in names}} for was, row in rows]
    done = connection.execute(statement, values, execution_options={"preserve_rowcount": True})
    return int(done.rowcount)


def versions(connection: Connection, lead_ids: Iterable[str]) -> dict[str, int]:
    """The version of the newest decision of each of these leads that has one."""
    found: dict[str, int] = {}
    for batch in batched(lead_ids, AT_ONCE):
        some = select(newest.c.lead_id, newest.c.version).where(newest.c.lead_id.in_(batch))
        found |= {row.lead_id: row.version for row in connection.execute(some)}
    return found


def _values(row: LeadDecision, stamps: Mapping[str, int]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS} | {"version": stamps[row.lead_id]}


_OF_BOTH = tuple(column.name for column in tables.decisions.c if column.name in COLUMNS)


def _decision(row: LeadDecision) -> dict[str, Any]:
    more = {"facts": row.facts, "cause_kind": row.cause.kind, "cause_ref": row.cause.ref}
    return {name: getattr(row, name) for name in _OF_BOTH} | more


def rows_of(connection: Connection, condition: Any) -> Iterator[LeadDecision]:
    """The newest decisions that a condition holds for."""
    for row in connection.execute(select(newest).where(condition)).mappings():
        yield LeadDecision(**row)
