"""The ledger: appends each event once, refuses what was erased, and reads events in the order of their ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from features.events.trust import SAID_BY_KEYS
from features.events.validation import EventResult, Row, Source, ValidatedBatch, validate
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
from features.ledger.decision_marks import mark_due
from features.ledger.outbox import enqueue, enqueue_whole
from features.ledger.tombstones import REDACTED, STRIPPED, deleted_events, erased_raws, erased_rows

AT_ONCE = 5_000  # events in one transaction: large enough for speed, small enough not to keep other writers waiting


@dataclass(frozen=True)
class Appended:
    """What became of some events: each was accepted, was a duplicate, was refused and became a failed event, or erased.

    erased: of leads that were erased; nothing of these is kept.
    """

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    erased: int = 0

    def __add__(self, more: Appended) -> Appended:
        return Appended(*(ours + others for ours, others in zip(astuple(self), astuple(more), strict=True)))


@dataclass(frozen=True)
class Ledger:
    """The append-only table of all events of one home; everything else is derived from it."""

    home: Home

    @classmethod
    def open(cls, home: Home) -> Ledger:
        """The ledger of `home`, its tables brought to the newest schema."""
        migrate(home)
        return cls(home)

    def append(
        self, raws: Iterable[Mapping[str, Any]], *, source: str, received_at: datetime, lag: timedelta | None = None
    ) -> Iterator[Appended]:
        """Append Segment-shaped events; yields after each committed batch, so that progress can be shown.

        An event that cannot be used goes to `failed_events` with its reason. An event whose source and messageId are
        in the ledger already is counted as a duplicate, and the first one stays.
        """
        sender = Source(source, lag=lag)
        for batch in batched(raws, AT_ONCE):
            (results,) = self.append_validated([validate(batch, sender, received_at)], lambda: received_at)
            yield _appended(results)

    def record(
        self, raws: Sequence[Any], *, received_at: datetime, source: str = "live", sender: Source | None = None
    ) -> list[EventResult]:
        """Append live events in one transaction; what became of each, in order.

        They are recorded at `received_at`, or one microsecond after the newest recorded event where that is later; a
        `receivedAt` that their sender wrote does not count. sender: who sent them, where that is more than a name.
        """
        sender = sender or Source(source, clock="sender")
        (results,) = self.append_validated([validate(raws, sender, received_at)], lambda: received_at)
        return results

    def append_validated(self, batches: list[ValidatedBatch], now: Callable[[], datetime]) -> list[list[EventResult]]:
        """Append validated batches of one or many senders in one transaction; for each batch a result of each event.

        now: called once no other append runs any more, for that is when live events are recorded.
        """
        with writing(self.home) as connection:
            return append(connection, batches, now)

    def chunks(self, rows: int = 500) -> Iterator[Sequence[Any]]:
        """The events in the order of `event_id`, some at a time; the columns are those of `tables.events`.

        All chunks show one state of the ledger: retained totals never come together with the events that they replace.
        Small chunks are read in half the time of large ones, since they stay in the processor's cache.
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
        """How many failed events there are."""
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.count()).select_from(tables.failed_events)) or 0)

    def count_flagged(self, flag: str) -> int:
        """How many events carry a flag that validation gave them, such as "bad_time"."""
        flagged = tables.events.c.flags.contains(flag)
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.count()).select_from(tables.events).where(flagged)) or 0)

    def newest_happened_us(self) -> int:
        """When the newest event occurred, not counting events that only carry traits or links; 0 without any other.

        An export writes all traits of a lead with the time of the export, at which nothing happened.
        """
        happened = tables.events.c.type.not_in(("identify", "group", "alias"))
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.max(tables.events.c.occurred_us)).where(happened)) or 0)

    def known_until(self, otherwise: datetime) -> datetime:
        """The moment up to which the ledger knows what happened: just after its newest event; empty, `otherwise`.

        That no event came after it is no news: an export of March holds nothing of April.
        """
        newest_us = self.newest_happened_us()
        return from_microseconds(newest_us + 1) if newest_us else otherwise

    def newest_recorded_us(self) -> int:
        """When the newest event was recorded; 0 for an empty ledger."""
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.max(tables.events.c.recorded_us))) or 0)


def _appended(results: Sequence[EventResult]) -> Appended:
    count = Counter(ERASED if result.code == ERASED else result.status for result in results)
    return Appended(count["accepted"], count["duplicate"], count["rejected"], count[ERASED])


# One at a time: of two maxima in one query SQLite takes neither from its index.
NEWEST = "SELECT coalesce((SELECT max(recorded_us) FROM events), 0), coalesce((SELECT max(event_id) FROM events), 0)"
LOOKUP_SIZE = 500  # messageIds in one query: databases limit how many parameters it may have
# With the body: where they differ, a duplicate is a conflict.
COMPARED_COLUMNS = ("type", "name", "user_id", "anonymous_id", "group_id")
# What becomes of a row. A conflict has the key of an earlier event and another content; the earlier one stays.
ACCEPTED, DUPLICATE, CONFLICT, ERASED = "accepted", "duplicate", "conflict", "erased"

Key = tuple[str, str]  # source and messageId, which name an event for good


def append(
    connection: Connection,
    batches: Sequence[ValidatedBatch],
    now: Callable[[], datetime],
    enqueue_history: bool = False,
    marks_due: bool = True,
) -> list[list[EventResult]]:
    """Append validated batches within the caller's transaction: for each batch a result for each of its events.

    All live events are recorded at one moment, which is after every event recorded before. An event whose source and
    messageId are in the ledger already is a duplicate, and the first one stays.
    enqueue_history: put history into the outbox as well, not only live events. marks_due: False for what a decision
    itself brings about, which would otherwise ask for the next one.
    """
    wait_for_writers(connection)
    newest_us, newest_id = connection.exec_driver_sql(NEWEST).one()
    recorded_us = max(microseconds(now()), newest_us + 1)
    for row in (row for batch in batches if batch.sender.is_live for row in batch.rows):
        row["recorded_us"] = recorded_us
    rows = [row for batch in batches for row in batch.rows]
    failed = [row for batch in batches for row in batch.failed]
    statuses = _statuses(connection, rows, newest_id)
    gone = _of_erased(connection, failed)
    insert_new(connection, failed_events, [row for row, is_gone in zip(failed, gone, strict=True) if not is_gone])
    _count(connection, rows, statuses, recorded_us)
    remaining, unkept = iter(statuses), iter(gone)
    with_statuses = [(batch, list(islice(remaining, len(batch.rows)))) for batch in batches]
    _enqueue(connection, with_statuses, enqueue_history, marks_due)
    return [_results(batch, own, unkept) for batch, own in with_statuses]


def _statuses(connection: Connection, rows: Sequence[Row], newest_id: int) -> list[str]:
    known = dict.fromkeys(deleted_events(connection, rows), DUPLICATE)
    # An event of an erased lead is stored nowhere, not even as a failed event.
    known |= dict.fromkeys(erased_rows(connection, rows), ERASED)
    inserted = iter(_inserted(connection, [row for place, row in enumerate(rows) if place not in known], newest_id))
    return [known[place] if place in known else next(inserted) for place in range(len(rows))]


def _of_erased(connection: Connection, failed: Sequence[Row]) -> list[bool]:
    """By failed event, whether it names an erased lead, so that it is not kept either."""
    if not failed:
        return []
    raws = [orjson.loads(row["raw"]) for row in failed]
    gone = erased_raws(connection, [raw if isinstance(raw, dict) else {} for raw in raws])
    return [place in gone for place in range(len(failed))]


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
    return DUPLICATE if _is_same_content(row, before or first) else CONFLICT


def _is_same_content(row: Row, other: Row) -> bool:
    if STRIPPED in other["flags"] or REDACTED in other["flags"]:  # we took away from its content
        return True
    # Times are left out: a resend has another sentAt, and so another correction.
    is_same = all(row[part] == other[part] for part in COMPARED_COLUMNS)
    return is_same and (row["body"] == other["body"] or orjson.loads(row["body"]) == orjson.loads(other["body"]))


def _earlier(connection: Connection, keys: Sequence[Key], newest_id: int) -> Iterator[tuple[Key, Row]]:
    """The events with these keys that were in the ledger before this transaction."""
    columns = [events.c[part] for part in ("source", "message_id", "flags", "body", *COMPARED_COLUMNS)]
    for source in {source for source, _ in keys}:
        ids = [message_id for key_source, message_id in keys if key_source == source]
        for batch in batched(ids, LOOKUP_SIZE):
            is_one = (events.c.source == source) & events.c.message_id.in_(batch)
            for found in connection.execute(select(*columns).where(is_one, events.c.event_id <= newest_id)):
                yield (found.source, found.message_id), found._asdict()


def _count(connection: Connection, rows: Sequence[Row], statuses: Sequence[str], now_us: int) -> None:
    """Add the flags of accepted events, and conflicts, to `intake_counts`."""
    noticed: Counter[Key] = Counter()
    for row, status in zip(rows, statuses, strict=True):
        flags = (CONFLICT,) if status == CONFLICT else _noticed(row) if status == ACCEPTED else ()
        noticed.update((row["source"], flag) for flag in flags)
    counts = [{"source": source, "code": code, "events": n, "last_us": now_us} for (source, code), n in noticed.items()]
    insert_or_update(connection, intake_counts, counts, added=("events",))


def _enqueue(
    connection: Connection, batches: list[tuple[ValidatedBatch, list[str]]], enqueue_history: bool, marks_due: bool
) -> None:
    """Record the links that accepted events claim, put the identifiers of live ones into the outbox, and mark all."""
    _, newest_id = connection.exec_driver_sql(NEWEST).one()
    live: list[Row] = []
    history: list[Row] = []
    for batch, statuses in batches:
        new = [row for row, status in zip(batch.rows, statuses, strict=True) if status == ACCEPTED]
        (live if batch.sender.is_live else history).extend(row | {"event_id": newest_id} for row in new)
    enqueue(connection, live)
    record_links(connection, history)
    if enqueue_history:
        # History was recorded long ago: "what is new since the last write" would miss it, so it is written whole.
        enqueue_whole(connection, history)
    if marks_due:
        mark_due(connection, live)
        mark_due(connection, history, in_bulk=not enqueue_history)


def _results(batch: ValidatedBatch, statuses: Sequence[str], unkept: Iterator[bool]) -> list[EventResult]:
    """unkept: of each failed event, whether it was not kept, since its lead was erased."""
    written = map(_result, batch.rows, statuses)
    return [
        (_erased(found.message_id) if next(unkept) else found) if found else next(written) for found in batch.results
    ]


def _result(row: Row, status: str) -> EventResult:
    if status == ERASED:
        return _erased(row["message_id"])
    if status == ACCEPTED:
        return EventResult("accepted", row["message_id"], flags=_noticed(row))
    return EventResult("duplicate", row["message_id"], flags=(CONFLICT,) if status == CONFLICT else ())


def _noticed(row: Row) -> tuple[str, ...]:
    # That an event came by a public key is no news to its sender.
    return tuple(flag for flag in row["flags"].split(",") if flag and flag not in SAID_BY_KEYS)


def _erased(message_id: str | None) -> EventResult:
    return EventResult("rejected", message_id, ERASED, "this lead was erased; no event of it is kept any more")


def _key(row: Row) -> Key:
    return row["source"], row["message_id"]
