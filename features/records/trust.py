"""Trust in hindsight: which events of public keys are not followed, and following what a key has sent so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, func, select, update

from features.agreement.versions import NoAgreement, current_version
from features.events.trust import NOT_TRUSTED, OF_PUBLIC_KEYS, PUBLIC
from features.home import tables
from features.home.database import database_exists, migrate, reading, wait_for_writers, writing
from features.home.progress import Progress
from features.home.settings import Home
from features.identity.components import record_links
from features.ledger.decision_marks import mark_due
from features.ledger.tombstones import STALE
from features.store.materialize import rebuild_all

AT_ONCE = 5_000  # events in one transaction: other writers wait meanwhile


def not_followed(home: Home) -> dict[str, Counter[str]]:
    """By source of events, how many of each name say what only the CRM may say, and came by a public key."""
    if not database_exists(home):
        return {}
    migrate(home)
    columns = tables.events.c
    counted = select(columns.source, columns.name, func.count().label("events"))
    counted = counted.where(columns.flags.contains(NOT_TRUSTED)).group_by(columns.source, columns.name)
    found: dict[str, Counter[str]] = {}
    with reading(home) as connection:
        for row in connection.execute(counted):
            found.setdefault(row.source, Counter())[row.name] += row.events
    return found


def follow(home: Home, sources: Collection[str], progress: Progress = lambda _: None) -> int:
    """Follow all that these sources have sent so far as if a trusted key had sent it; how many events.

    Everything is derived again: what the events say counts from when they were recorded, also in past snapshots. What
    the sources send later is flagged as before.
    """
    done = 0
    while many := _follow_some(home, sources):
        done += many
        progress(f"{done:,} events followed")
    if done:
        with suppress(NoAgreement):  # then nothing is derived yet
            rebuild_all(home, current_version(home).agreement, progress)
    return done


def _follow_some(home: Home, sources: Collection[str]) -> int:
    columns, failed = tables.events.c, tables.failed_events.c
    asked = select(tables.events).where(columns.source.in_(sources), columns.flags.contains(PUBLIC)).limit(AT_ONCE)
    with writing(home) as connection:
        wait_for_writers(connection)
        rows = [dict(row) for row in connection.execute(asked).mappings()]
        for row in rows:
            row["flags"] = ",".join(flag for flag in row["flags"].split(",") if flag not in OF_PUBLIC_KEYS)
        _write_flags(connection, rows)
        record_links(connection, rows)
        mark_due(connection, rows, in_bulk=True)
        connection.execute(update(tables.failed_events).where(failed.source.in_(sources)).values(is_trusted=True))
        if rows:
            connection.execute(update(tables.feature_views).values(last_event_id=STALE))
    return len(rows)


def _write_flags(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    by_flags: dict[str, list[int]] = {}
    for row in rows:
        by_flags.setdefault(row["flags"], []).append(row["event_id"])
    for flags, ids in by_flags.items():
        connection.execute(update(tables.events).where(tables.events.c.event_id.in_(ids)).values(flags=flags))
