"""Failed events: raw events that could not be used, kept with the reason, listed, counted and tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, select, update

from features.events.trust import BY_FEEDBACK_KEY
from features.events.validation import Source, ValidatedBatch, validate
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import database_exists, reading, writing
from features.home.json_text import shallow_value
from features.home.settings import Home
from features.ledger.ledger import append

AT_ONCE = 1_000  # tried again in one transaction
COLUMNS = tables.failed_events.c


@dataclass(frozen=True)
class FailedEvent:
    """One event that could not be used: who sent it and when, why it failed, and the raw event."""

    failed_event_id: int
    source: str
    received_at: datetime
    code: str
    message: str
    raw: Any  # what is nested hundreds of levels deep in it is JSON text


@dataclass(frozen=True)
class Replayed:
    """How many failed events were tried again and what became of them; `last_id` is the id of the last one tried.

    An event of a lead that was erased meanwhile is deleted; it counts in `tried` alone.
    """

    tried: int = 0
    accepted: int = 0
    duplicates: int = 0
    failed: int = 0
    last_id: int = 0

    def __add__(self, other: Replayed) -> Replayed:
        counts = self.tried + other.tried, self.accepted + other.accepted, self.duplicates + other.duplicates
        return Replayed(*counts, self.failed + other.failed, max(self.last_id, other.last_id))


def failed_events(
    home: Home, *, before_id: int | None = None, limit: int = 50, code: str | None = None
) -> list[FailedEvent]:
    """The newest failed events, of those with an id below `before_id` and this code where they are given."""
    if not database_exists(home):
        return []
    page = select(tables.failed_events).order_by(COLUMNS.failed_event_id.desc()).limit(limit)
    page = page if before_id is None else page.where(COLUMNS.failed_event_id < before_id)
    page = page if code is None else page.where(COLUMNS.code == code)
    with reading(home) as connection:
        return [_failed_event(row) for row in connection.execute(page)]


def count_failed(home: Home) -> dict[str, int]:
    """How many failed events there are of each code."""
    if not database_exists(home):
        return {}
    counted = select(COLUMNS.code, func.count().label("events")).group_by(COLUMNS.code).order_by(COLUMNS.code)
    with reading(home) as connection:
        return {row.code: row.events for row in connection.execute(counted)}


def replay(home: Home, now: Callable[[], datetime], *, ids: Sequence[int] | None = None, after_id: int = 0) -> Replayed:
    """Try failed events again, the oldest first, up to `AT_ONCE` of those with an id over `after_id`, or just `ids`.

    An event that can be used now moves to the ledger; if it came live, it is recorded now. Any other stays a failed
    event, with today's reason. The time of receipt stays, so that the clock of its sender is corrected as it was then.
    """
    if not database_exists(home):
        return Replayed()
    page = select(tables.failed_events).where(COLUMNS.failed_event_id > after_id)
    page = page if ids is None else page.where(COLUMNS.failed_event_id.in_(ids))
    with writing(home) as connection:
        rows = list(connection.execute(page.order_by(COLUMNS.failed_event_id).limit(AT_ONCE)))
        return _replay(connection, rows, now)


def _replay(connection: Connection, rows: Sequence[Any], now: Callable[[], datetime]) -> Replayed:
    batches = [(row.failed_event_id, _validated(row)) for row in rows]
    good = {failed_event_id: found for failed_event_id, found in batches if found.rows}
    results = [result for (result,) in append(connection, list(good.values()), now, enqueue_history=True)]
    connection.execute(delete(tables.failed_events).where(COLUMNS.failed_event_id.in_(good)))
    for failed_event_id, found in batches:
        for why in found.failed:
            again = update(tables.failed_events).where(COLUMNS.failed_event_id == failed_event_id)
            connection.execute(again.values(code=why["code"], message=why["message"]))
    accepted = sum(result.status == "accepted" for result in results)
    duplicates = sum(result.status == "duplicate" for result in results)
    last_id = max((failed_event_id for failed_event_id, _ in batches), default=0)
    return Replayed(len(rows), accepted, duplicates, len(rows) - len(good), last_id)


def _validated(row: Any) -> ValidatedBatch:
    # History without `receivedAt` was known when it happened, and not when it was imported.
    lag = timedelta(0) if row.clock == "file" else None
    flags = [flag for flag in row.flags.split(",") if flag]
    gives_feedback = BY_FEEDBACK_KEY in flags
    sender = Source(row.source, row.clock, row.is_trusted, lag, may_give_feedback=gives_feedback)
    noticed = {0: tuple(flag for flag in flags if flag != BY_FEEDBACK_KEY)}
    return validate([orjson.loads(row.raw)], sender, from_microseconds(row.received_us), noticed)


def _failed_event(row: Any) -> FailedEvent:
    received_at = from_microseconds(row.received_us)
    return FailedEvent(row.failed_event_id, row.source, received_at, row.code, row.message, shallow_value(row.raw))
