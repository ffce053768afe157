"""When an event happened and when we knew: times in any form, and the clocks of those who send them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from features.home.dates import moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
AHEAD = timedelta(minutes=5)  # a clock may run this far ahead before we say so
MOST_SKEW = timedelta(hours=24)  # a clock further off, or an old sentAt, says nothing that could be mended by it

# Whose clock wrote an event's times. file: history, with receipts of its own. sender: a client, whose clock may be off
# and who says in sentAt what time it had. platform: Segment or RudderStack, which mended the clock already.
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
    """When an event was known, and what there is to say of it: only history may say so itself."""
    said = raw.get("receivedAt") if clock == "file" else None
    known = moment(said) if said is not None else None
    if known is None:
        return received_at, ()
    # Nothing is known later than now.
    return (known, ()) if known <= received_at else (received_at, ("future_receipt",))


def occurred_at(raw: Mapping[str, Any], known_at: datetime, clock: Clock) -> tuple[datetime, Flags]:
    """When an event happened, by the first of its times that can be read, and what there is to say of it.

    Without any it is when we knew; never later than that.
    """
    found, flags = None, Flags()
    for said in (raw.get("timestamp"), raw.get("originalTimestamp")):
        if found is None and said:
            found = moment(said)
            flags = ("bad_time",) if found is None else flags
    if found is None:
        return known_at, flags
    if clock == "sender" and raw.get("sentAt"):
        found, more = _mended(found, moment(raw["sentAt"]), known_at)
        flags += more
    if found > known_at:
        return known_at, flags + (("future_time",) if found - known_at > AHEAD else ())
    return found, flags


def _mended(found: datetime, sent_at: datetime | None, received_at: datetime) -> tuple[datetime, Flags]:
    """`found` by our clock: the sender's was as far off as it was when it sent."""
    if sent_at is None:
        return found, ("bad_sent_at",)
    skew = received_at - sent_at
    if abs(skew) > MOST_SKEW:
        return found, ("bad_clock",)
    try:
        return found + skew, ()
    except OverflowError:
        return found, ()
