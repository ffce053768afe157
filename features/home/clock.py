"""When an event happened and when we knew: times in any form, and the clocks of those who send them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dateutil import parser as dates

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
AHEAD = timedelta(minutes=5)  # a clock may run this far ahead before we say so
MOST_SKEW = timedelta(hours=24)  # a clock further off, or an old sentAt, says nothing that could be mended by it
LONGEST = 64  # characters of a time; longer texts are none, and dates.parse takes long over them
# What stands in for what a date leaves out: a text that comes out different names no one moment.
FILLED = (datetime(2000, 1, 1), datetime(2001, 2, 2))
BEFORE_OFFSET = re.compile(r"\b(GMT|UTC|Z)\s*(?=[+-]\d)")

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


def moment(value: object) -> datetime | None:
    """A time in UTC from ISO 8601, epoch seconds or epoch milliseconds; None where it is no time.

    Without a zone it is UTC: that is what no zone on the wire means.
    """
    try:
        found = _moment(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, OSError, AttributeError):
        return None


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


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        if value != value:  # pandas' NaT is a datetime that equals nothing
            raise ValueError("NaT")
        return value
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        return _written(value)
    if isinstance(value, bool):
        raise ValueError("no time")
    seconds = float(value)  # type: ignore[arg-type]
    if not math.isfinite(seconds):
        raise ValueError("not finite")
    return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)


def _written(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # What browsers write: "GMT+0100 (Central European Standard Time)"; dateutil reads GMT+1 as an hour west of it.
        plain = BEFORE_OFFSET.sub("", text.partition("(")[0])
    if len(plain) > LONGEST:
        raise ValueError("too long for a time")
    first, second = (dates.parse(plain, default=filled, tzinfos=_zone) for filled in FILLED)
    if first != second:
        raise ValueError("no whole date")
    return first


def _zone(name: str | None, offset_s: int | None) -> int:
    if offset_s is None:
        raise ValueError(f"no zone {name}")
    return offset_s
