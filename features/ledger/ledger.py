"""The ledger: every event once, in the order it was appended, with when it happened and when we knew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from features.events.validation import EventResult, Row, Source, ValidatedBatch
from features.events.validation import validate as read
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import (
    batched,
    consistent_read,
    insert_new,
    insert_or_update,
    migrate,
    reading,
    wait_for_writers,
    writing,
)
from features.home.settings import Home
from features.home.tables import events, failed_events, intake_counts
from features.identity.components import record_links
from features.ledger.outbox import enqueue, enqueue_whole
from features.ledger.tombstones import STRIPPED, deleted_events, erased_raws, erased_rows

AT_ONCE = 5_000  # events in one transaction: large enough for speed, small enough not to keep other writers waiting


@dataclass(frozen=True)
class Appended:
    """What became of some events: each is accepted, a duplicate, or refused and kept aside."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0

    def __add__(self, other: Appended) -> Appended:
        return Appended(
            self.accepted + other.accepted, self.duplicates + other.duplicates, self.refused + other.refused
        )


@dataclass(frozen=True)
class Ledger:
    """The append-only log of one home; the source of everything else."""

    home: Home

    @classmethod
    def open(cls, home: Home) -> Ledger:
        """The ledger of `home`, its tables brought to the newest schema."""
        migrate(home)
        return cls(home)

    def append(
        self,
        raws: Iterable[Mapping[str, Any]],
        *,
        source: str,
        received_at: datetime,
        lag: timedelta | None = None,
    ) -> Iterator[Appended]:
        """Append Segment-shaped events; yields after each committed batch, so that progress can be shown.

        An event that cannot be used goes to `failed_events` with its reason. One that is there already
        (by source and messageId) is counted and left as it was.
        """
        sender = Source(source, lag=lag)
        for batch in batched(raws, AT_ONCE):
            (results,) = self.write([read(batch, sender, received_at)], lambda: received_at)
            yield _appended(results)

    def record(
        self, raws: Sequence[Any], *, received_at: datetime, source: str = "live", sender: Source | None = None
    ) -> list[EventResult]:
        """Append live events, which happened just now, in one transaction; what became of each, in order.

        They are recorded at `received_at`, or just after what was recorded last: what their sender says of receipt
        does not count. sender: who sent them, where that is more than a name.
        """
        sender = sender or Source(source, clock="sender")
        (results,) = self.write([read(raws, sender, received_at)], lambda: received_at)
        return results

    def write(self, readings: Sequence[ValidatedBatch], now: Callable[[], datetime]) -> list[list[EventResult]]:
        """Write events that were read, of many senders, in one transaction; for each reading what became of each.

        now: asked once this transaction's turn has come, for that is when live events are recorded.
        """
        with writing(self.home) as connection:
            return append(connection, readings, now)

    def chunks(self, rows: int = 500) -> Iterator[Sequence[Any]]:
        """The events in the order of `event_id`, some at a time; the columns are those of `tables.events`.

        All are of one state of the ledger: what stands for deleted events never comes beside them. A few at a time are
        read in half the time of many, since they stay in the processor's cache.
        """
        events = select(tables.events).order_by(tables.events.c.event_id).execution_options(yield_per=rows)
        with consistent_read(self.home) as connection:
            yield from connection.execute(events).partitions()

    def last_event_id(self) -> int:
        """The newest event's id; 0 for an empty ledger."""
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.coalesce(func.max(tables.events.c.event_id), 0))) or 0)

    def count(self) -> int:
        """How many events there are."""
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.count()).select_from(tables.events)) or 0)

    def count_failed(self) -> int:
        """How many events are kept aside."""
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.count()).select_from(tables.failed_events)) or 0)

    def count_flagged(self, flag: str) -> int:
        """How many events carry a flag of intake."""
        flagged = tables.events.c.flags.contains(flag)
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.count()).select_from(tables.events).where(flagged)) or 0)

    def newest_happened_us(self) -> int:
        """When the newest thing happened that a lead did or that became of it; 0 where only traits are known.

        A trait's time does not count: an export says all of its traits at the moment of the export.
        """
        happened = tables.events.c.type.not_in(("identify", "group", "alias"))
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.max(tables.events.c.occurred_us)).where(happened)) or 0)

    def told_until(self, otherwise: datetime) -> datetime:
        """Just after the newest thing that happened: silence after it is no news. An empty ledger: `otherwise`."""
        newest_us = self.newest_happened_us()
        return from_microseconds(newest_us + 1) if newest_us else otherwise

    def newest_recorded_us(self) -> int:
        """When the newest event was recorded; 0 for an empty ledger."""
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.max(tables.events.c.recorded_us))) or 0)


def _appended(results: Sequence[EventResult]) -> Appended:
    count = Counter(result.status for result in results)
    return Appended(count["accepted"], count["duplicate"], count["rejected"])


# One at a time: of two maxima in one query SQLite takes neither from its index.
NEWEST = """
SELECT coalesce((SELECT max(recorded_us) FROM events), 0), coalesce((SELECT max(event_id) FROM events), 0)
"""
LOOKUP_SIZE = 500  # messageIds in one query: databases limit how many parameters it may have
COMPARED_COLUMNS = (
    "type",
    "name",
    "user_id",
    "anonymous_id",
    "group_id",
)  # with the body, what makes two events the same
# What becomes of a row; a conflict came again with other words than the first, which stays.
ACCEPTED, DUPLICATE, CONFLICT, ERASED = "accepted", "duplicate", "conflict", "erased"

Key = tuple[str, str]  # source and messageId: what an event is known by for good


def append(
    connection: Connection, readings: Sequence[ValidatedBatch], now: Callable[[], datetime], is_unseen: bool = False
) -> list[list[EventResult]]:
    """Write what was read, within the caller's transaction: for each reading a result for each of its events.

    Live events are recorded at one moment, after everything that was recorded before. An event that was there already
    (by source and messageId) is left as it was. is_unseen: also history is published, not only what is live.
    """
    wait_for_writers(connection)
    newest_us, newest_id = connection.exec_driver_sql(NEWEST).one()
    recorded_us = max(microseconds(now()), newest_us + 1)
    for row in (row for batch in readings if batch.sender.is_live for row in batch.rows):
        row["recorded_us"] = recorded_us
    rows = [row for batch in readings for row in batch.rows]
    failed = [row for batch in readings for row in batch.failed]
    statuses = _statuses(connection, rows, newest_id)
    insert_new(connection, failed_events, _not_of_erased(connection, failed))
    _count(connection, rows, statuses, recorded_us)
    rest = iter(statuses)
    parts = [(batch, list(islice(rest, len(batch.rows)))) for batch in readings]
    _enqueue(connection, parts, is_unseen)
    return [_results(read, its) for read, its in parts]


def _statuses(connection: Connection, rows: Sequence[Row], newest_id: int) -> list[str]:
    known = dict.fromkeys(deleted_events(connection, rows), DUPLICATE)
    # Events of erased leads go nowhere, not even among the failed ones.
    known |= dict.fromkeys(erased_rows(connection, rows), ERASED)
    inserted = iter(_inserted(connection, [row for place, row in enumerate(rows) if place not in known], newest_id))
    return [known[place] if place in known else next(inserted) for place in range(len(rows))]


def _not_of_erased(connection: Connection, failed: Sequence[Row]) -> Sequence[Row]:
    if not failed:
        return failed
    raws = [orjson.loads(row["raw"]) for row in failed]
    gone = erased_raws(connection, [raw if isinstance(raw, dict) else {} for raw in raws])
    return [row for place, row in enumerate(failed) if place not in gone]


def _inserted(connection: Connection, rows: Sequence[Row], newest_id: int) -> list[str]:
    first: dict[Key, Row] = {}
    for row in rows:
        first.setdefault(_key(row), row)
    is_all_new = insert_new(connection, events, list(first.values())) == len(first)
    if is_all_new and len(first) == len(rows):
        return [ACCEPTED] * len(rows)
    before = {} if is_all_new else dict(_earlier(connection, list(first), newest_id))
    return [_status(row, first[_key(row)], before.get(_key(row))) for row in rows]


def _status(row: Row, first: Row, before: Row | None) -> str:
    if row is first and before is None:
        return ACCEPTED
    return DUPLICATE if _says_the_same(row, before or first) else CONFLICT


def _says_the_same(row: Row, other: Row) -> bool:
    if STRIPPED in other["flags"]:  # what it said is gone
        return True
    # Times are left out: a resend has another sentAt, and so another correction.
    is_same = all(row[part] == other[part] for part in COMPARED_COLUMNS)
    return is_same and (row["body"] == other["body"] or orjson.loads(row["body"]) == orjson.loads(other["body"]))


def _earlier(connection: Connection, keys: Sequence[Key], newest_id: int) -> Iterator[tuple[Key, Row]]:
    """Of these, the events that were there before this transaction."""
    columns = [events.c[part] for part in ("source", "message_id", "flags", "body", *COMPARED_COLUMNS)]
    for source in {source for source, _ in keys}:
        ids = [message_id for its_source, message_id in keys if its_source == source]
        for batch in batched(ids, LOOKUP_SIZE):
            is_one = (events.c.source == source) & events.c.message_id.in_(batch)
            for found in connection.execute(select(*columns).where(is_one, events.c.event_id <= newest_id)):
                yield (found.source, found.message_id), found._asdict()


def _count(connection: Connection, rows: Sequence[Row], statuses: Sequence[str], now_us: int) -> None:
    """Add what intake noticed to `intake_counts`: warnings of accepted events, and conflicts."""
    noticed: Counter[Key] = Counter()
    for row, status in zip(rows, statuses, strict=True):
        flags = (CONFLICT,) if status == CONFLICT else _flags(row) if status == ACCEPTED else ()
        noticed.update((row["source"], flag) for flag in flags)
    counts = [{"source": source, "code": code, "events": n, "last_us": now_us} for (source, code), n in noticed.items()]
    insert_or_update(connection, intake_counts, counts, added=("events",))


def _enqueue(connection: Connection, parts: Sequence[tuple[ValidatedBatch, Sequence[str]]], is_unseen: bool) -> None:
    """Write what the new events tie, and of whom the online store must hear."""
    _, newest_id = connection.exec_driver_sql(NEWEST).one()
    told: dict[bool, list[Row]] = {True: [], False: []}
    for batch, statuses in parts:
        new = [row for row, status in zip(batch.rows, statuses, strict=True) if status == ACCEPTED]
        told[batch.sender.is_live] += [row | {"event_id": newest_id} for row in new]
    enqueue(connection, told[True])
    record_links(connection, told[False])
    if is_unseen:
        # History was known long ago: it is not in what came since the online store was last written.
        enqueue_whole(connection, told[False])


def _results(read: ValidatedBatch, statuses: Sequence[str]) -> list[EventResult]:
    written = map(_result, read.rows, statuses)
    return [found or next(written) for found in read.results]


def _result(row: Row, status: str) -> EventResult:
    if status == ERASED:
        said = "this lead was erased; no event of it is kept any more"
        return EventResult("rejected", row["message_id"], ERASED, said)
    if status == ACCEPTED:
        return EventResult("accepted", row["message_id"], flags=_flags(row))
    return EventResult("duplicate", row["message_id"], flags=(CONFLICT,) if status == CONFLICT else ())


def _flags(row: Row) -> tuple[str, ...]:
    return tuple(row["flags"].split(",")) if row["flags"] else ()


def _key(row: Row) -> Key:
    return row["source"], row["message_id"]
