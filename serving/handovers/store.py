"""Handovers in the database: one row each, at most one open per lead, written by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, select, update

from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import batched, insert_new
from serving.handovers.handover import Handover

AT_ONCE = 500  # leads in one query
handovers = tables.handovers
# Fields of a handover by the JSON column that holds them; all that is in no column of its own is in `course`.
_TRIES = ("tries_of", "tries_until", "touches")
_MOMENTS = {"offered_at": "offered_us", "closed_at": "closed_us", "next_due_at": "next_due_us"}
_PLAIN = tuple("handover_id lead_id decision_id kind state stage is_trial queue owner code version".split())


def open_handovers(connection: Connection, lead_ids: Iterable[str]) -> dict[str, Handover]:
    """The open handover of each of these leads that has one."""
    found: dict[str, Handover] = {}
    for batch in batched(lead_ids, AT_ONCE):
        is_one = handovers.c.lead_id.in_(batch) & tables.IS_OPEN
        rows = connection.execute(select(handovers).where(is_one)).mappings()
        found |= {row["lead_id"]: handover_in(row) for row in rows}
    return found


def newest_handovers(connection: Connection, lead_ids: Iterable[str]) -> dict[str, Handover]:
    """The handover of each of these leads that was offered last, open or closed."""
    found: dict[str, Handover] = {}
    for batch in batched(lead_ids, AT_ONCE):
        rows = select(handovers).where(handovers.c.lead_id.in_(batch)).order_by(handovers.c.offered_us)
        found |= {row["lead_id"]: handover_in(row) for row in connection.execute(rows).mappings()}
    return found


def handover_by_id(connection: Connection, handover_id: str) -> Handover | None:
    """The handover with this id; None where there is none."""
    row = connection.execute(select(handovers).where(handovers.c.handover_id == handover_id)).mappings().first()
    return None if row is None else handover_in(row)


def due(connection: Connection, as_of: datetime, limit: int = 1_000) -> list[Handover]:
    """The open handovers with which something is to be done by a moment, the longest due first."""
    is_due = tables.IS_OPEN & (handovers.c.next_due_us <= microseconds(as_of))
    rows = select(handovers).where(is_due).order_by(handovers.c.next_due_us, handovers.c.handover_id).limit(limit)
    return [handover_in(row) for row in connection.execute(rows).mappings()]


def open_of_owner(connection: Connection, owner: str) -> list[Handover]:
    """The open handovers of one owner, the oldest first."""
    is_his = tables.IS_OPEN & (handovers.c.owner == owner)
    rows = select(handovers).where(is_his).order_by(handovers.c.offered_us, handovers.c.handover_id)
    return [handover_in(row) for row in connection.execute(rows).mappings()]


def trial_handovers(connection: Connection, limit: int = 1_000) -> list[Handover]:
    """Open handovers of the trial, which going live withdraws, the oldest first."""
    is_one = tables.IS_OPEN & handovers.c.is_trial
    rows = select(handovers).where(is_one).order_by(handovers.c.offered_us).limit(limit)
    return [handover_in(row) for row in connection.execute(rows).mappings()]


def write(connection: Connection, changes: Sequence[tuple[Handover | None, Handover]]) -> set[str]:
    """Write handovers as (before, after), new ones with before None; the ids of those that lost against another writer.

    Lost: it was changed since it was read, or its lead has an open handover already. Nothing of these is written.
    What closes is written before what is new, so that a lead's next handover finds no open one.
    """
    known = [(before, changed) for before, changed in changes if before is not None and before != changed]
    new = [changed for before, changed in changes if before is None]
    # One order for all writers, or two of them could wait for each other.
    known.sort(key=lambda change: change[1].handover_id)
    lost = {changed.handover_id for before, changed in known if not _update(connection, before, changed)}
    for handover in sorted(new, key=lambda handover: handover.handover_id):
        if not insert_new(connection, handovers, [row_of(handover)]):
            lost.add(handover.handover_id)
    return lost


def _update(connection: Connection, before: Handover, changed: Handover) -> bool:
    row = row_of(changed)
    was = (handovers.c.handover_id == before.handover_id) & (handovers.c.version == before.version)
    return connection.execute(update(handovers).where(was).values(**row)).rowcount == 1


def row_of(handover: Handover) -> dict[str, Any]:
    """The handover as a row of its table."""
    fields = _adapter().dump_python(handover, mode="json")
    row = {name: fields.pop(name) for name in _PLAIN}
    row |= {column: _us(getattr(handover, name)) for name, column in _MOMENTS.items()}
    for name in _MOMENTS:
        del fields[name]
    is_noticed = any(clock.is_running and clock.noticed_at for clock in handover.clocks.values())
    row |= {"is_overdue": handover.is_open and is_noticed, "runs_out_us": _us(handover.runs_out_at)}
    row |= {"clocks": _json(fields.pop("clocks")), "tries": _json({name: fields.pop(name) for name in _TRIES})}
    row |= {"offered": _json(fields.pop("offer")), "owners": _json(fields.pop("owners"))}
    return row | {"last_event_id": handover.last_event_id, "course": _json(fields)}


def handover_in(row: RowMapping | Mapping[str, Any]) -> Handover:
    """The handover that a row of its table is."""
    fields = {name: row[name] for name in _PLAIN}
    fields |= {name: _moment(row[column]) for name, column in _MOMENTS.items()}
    fields |= {"clocks": orjson.loads(row["clocks"]), "offer": orjson.loads(row["offered"])}
    fields |= {"owners": orjson.loads(row["owners"])}
    fields |= orjson.loads(row["tries"]) | orjson.loads(row["course"])
    return _adapter().validate_python(fields)


def _us(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)


def _moment(us: int | None) -> datetime | None:
    return None if us is None else from_microseconds(us)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


@cache
def _adapter() -> TypeAdapter[Handover]:
    return TypeAdapter(Handover)
