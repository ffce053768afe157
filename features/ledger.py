"""The ledger: every event once, in the order it was appended, with when it happened and when we knew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from features import tables
from features.clocks import from_microseconds
from features.database import migrate, reading, snapshot, writing
from features.readings import Reading, Result, Sender
from features.readings import reading as read
from features.recording import write
from features.settings import Home

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
        sender, pending = Sender(source, lag=lag), iter(raws)
        while batch := list(islice(pending, AT_ONCE)):
            (results,) = self.write([read(batch, sender, received_at)], lambda: received_at)
            yield _appended(results)

    def record(
        self, raws: Sequence[Any], *, received_at: datetime, source: str = "live", sender: Sender | None = None
    ) -> list[Result]:
        """Append live events, which happened just now, in one transaction; what became of each, in order.

        They are recorded at `received_at`, or just after what was recorded last: what their sender says of receipt
        does not count. sender: who sent them, where that is more than a name.
        """
        sender = sender or Sender(source, clock="sender")
        (results,) = self.write([read(raws, sender, received_at)], lambda: received_at)
        return results

    def write(self, readings: Sequence[Reading], now: Callable[[], datetime]) -> list[list[Result]]:
        """Write events that were read, of many senders, in one transaction; for each reading what became of each.

        now: asked once this transaction's turn has come, for that is when live events are recorded.
        """
        with writing(self.home) as connection:
            return write(connection, readings, now)

    def chunks(self, rows: int = 500) -> Iterator[Sequence[Any]]:
        """The events in the order of `event_id`, some at a time; the columns are those of `tables.events`.

        All are of one state of the ledger: what stands for deleted events never comes beside them. A few at a time are
        read in half the time of many, since they stay in the processor's cache.
        """
        events = select(tables.events).order_by(tables.events.c.event_id).execution_options(yield_per=rows)
        with snapshot(self.home) as connection:
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


def _appended(results: Sequence[Result]) -> Appended:
    count = Counter(result.status for result in results)
    return Appended(count["accepted"], count["duplicate"], count["rejected"])
