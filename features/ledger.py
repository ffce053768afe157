"""The ledger: every event once, in the order it was appended, with when it happened and when we knew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from features import tables
from features.database import migrate, reading, wait_in_line, writing
from features.events import Event, EventRefused, event, printable
from features.settings import Home

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEEPEST = 200  # levels of a body; orjson itself stops at 254
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
        pending = iter(raws)
        while batch := list(islice(pending, AT_ONCE)):
            yield self._append_batch(batch, source, received_at, lag)

    def _append_batch(
        self, batch: Sequence[Mapping[str, Any]], source: str, received_at: datetime, lag: timedelta | None
    ) -> Appended:
        good, bad = [], []
        for raw in batch:
            try:
                good.append(_event_row(event(raw, source=source, received_at=received_at, lag=lag)))
            except EventRefused as refusal:
                bad.append(_failed_row(raw, refusal, source, received_at))
        with writing(self.home) as connection:
            wait_in_line(connection)
            accepted = _insert_new(connection, tables.events, good)
            _insert_new(connection, tables.failed_events, bad)
        return Appended(accepted, len(good) - accepted, len(bad))

    def chunks(self, rows: int = 100_000) -> Iterator[list[Any]]:
        """The events in the order of `event_id`, some at a time; the columns are those of `tables.events`."""
        columns = tables.events.c
        last = 0
        with reading(self.home) as connection:
            while True:
                page = select(tables.events).where(columns.event_id > last).order_by(columns.event_id).limit(rows)
                found = list(connection.execute(page))
                if not found:
                    return
                yield found
                last = found[-1].event_id

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

    def newest_recorded_us(self) -> int:
        """When the newest event was recorded; 0 for an empty ledger."""
        with reading(self.home) as connection:
            return int(connection.scalar(select(func.max(tables.events.c.recorded_us))) or 0)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exact."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_microseconds(us: int | float) -> datetime:
    """The UTC moment that is `us` microseconds after 1970."""
    return EPOCH + timedelta(microseconds=int(us))


def rfc3339(moment: datetime) -> str:
    """A UTC moment as the API writes it: "2026-03-01T09:00:00Z"."""
    return moment.isoformat().replace("+00:00", "Z")


def json_text(value: object) -> str:
    """JSON that both databases take: NaN is null, NUL and lone surrogates are replaced, huge integers are text."""
    try:
        text = _dumped(value)
    except TypeError:
        return _dumped(_plain(value))
    # A NUL is written \u0000, and so is a backslash that somebody typed before u0000: only the values tell them apart.
    return _dumped(_plain(value)) if "\\u0000" in text else text


def _dumped(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()


def _plain(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, Mapping | list | tuple) and depth == DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item, depth + 1) for key, item in value.items()}
    return [_plain(item, depth + 1) for item in value] if isinstance(value, list | tuple) else value


def _event_row(found: Event) -> dict[str, Any]:
    return {
        "source": found.source,
        "message_id": found.message_id,
        "type": found.type,
        "name": found.name,
        "user_id": found.user_id,
        "anonymous_id": found.anonymous_id,
        "group_id": found.group_id,
        "occurred_us": microseconds(found.occurred_at),
        "recorded_us": microseconds(found.recorded_at),
        "flags": ",".join(found.flags),
        "body": json_text(found.body),
    }


def _failed_row(raw: Mapping[str, Any], why: EventRefused, source: str, received_at: datetime) -> dict[str, Any]:
    text = json_text(dict(raw))
    return {
        "source": source,
        "received_us": microseconds(received_at),
        "code": why.code,
        "message": str(why),
        "raw": text,
        "raw_digest": hashlib.sha256(text.encode()).hexdigest(),
    }


def _insert_new(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> int:
    """Insert the rows that are not there yet; how many were."""
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing()
    # Without the option, psycopg's count of many rows is lost.
    return int(connection.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount)
