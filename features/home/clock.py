"""Clocks: moments as microseconds and RFC 3339, and when an event occurred and was recorded, by whose clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from features.home.dates import moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
AHEAD = timedelta(minutes=5)  # a time may lie this far after its receipt before the event is flagged
MOST_SKEW = timedelta(hours=24)  # a larger skew is no clock error but an old `sentAt`: nothing is corrected by it

# Whose clock wrote an event's times. file: history, which may have a `receivedAt` of its own. sender: a client, whose
# clock may be off, and whose `sentAt` shows by how much. platform: Segment or RudderStack, which corrected it already.
Clock = Literal["file", "sender", "platform"]
Flags = tuple[str, ...]


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exact."""
    return (moment - EPOCH) // MICROSECOND


def from_microseconds(us: int | float) -> datetime:
    """The UTC moment that is `us` microseconds after 1970."""
    return EPOCH + timedelta(microseconds=int(us))


def rfc3339(moment: datetime) -> str:
    """A UTC moment as the API writes it: "2026-03-01T09:00:00Z"."""
    return moment.isoformat().replace("+00:00", "Z")


def recorded_at(raw: Mapping[str, Any], received_at: datetime, clock: Clock) -> tuple[datetime, Flags]:
    """When an event was recorded, and the flags for what was wrong with that time.

    It is `received_at`; for history it is the event's own `receivedAt`, where that is not later.
    """
    written = raw.get("receivedAt") if clock == "file" else None
    known = moment(written) if written is not None else None
    if known is None:
        return received_at, ()
    return (known, ()) if known <= received_at else (received_at, ("future_receipt",))


def occurred_at(raw: Mapping[str, Any], known_at: datetime, clock: Clock) -> tuple[datetime, Flags]:
    """When an event occurred, and the flags for what was wrong with its times.

    It is the first of `timestamp` and `originalTimestamp` that can be read, else `known_at`, and never later than that.
    """
    found, flags = None, Flags()
    for written in (raw.get("timestamp"), raw.get("originalTimestamp")):
        if found is None and written:
            found = moment(written)
            flags = ("bad_time",) if found is None else flags
    if found is None:
        return known_at, flags
    if clock == "sender" and raw.get("sentAt"):
        found, more = _corrected(found, moment(raw["sentAt"]), known_at)
        flags += more
    if found > known_at:
        return known_at, flags + (("future_time",) if found - known_at > AHEAD else ())
    return found, flags


def _corrected(found: datetime, sent_at: datetime | None, received_at: datetime) -> tuple[datetime, Flags]:
    """`found` by our clock, with a flag where `sentAt` cannot be used.

    A sender that wrote `sentAt` 10:00 in what we received at 10:05 has a clock 5 minutes behind: an event that it
    timed at 9:58 occurred at 10:03.
    """
    if sent_at is None:
        return found, ("bad_sent_at",)
    skew = received_at - sent_at
    if abs(skew) > MOST_SKEW:
        return found, ("bad_clock",)
    try:
        return found + skew, ()
    except OverflowError:
        return found, ()
