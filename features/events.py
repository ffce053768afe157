"""The one contract by which behaviour, traits and outcomes arrive: Segment's tracking events, made definite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil import parser as dates

from features.errors import LeadlightError

TYPES = frozenset({"track", "page", "screen", "identify", "group", "alias"})
NOBODY = frozenset({"", "null", "undefined", "anonymous", "guest", "none", "nan"})
ASSUMED = "assumed"  # the flag of an event whose record time nobody wrote down
CLOCK_SKEW = timedelta(minutes=5)  # a browser's clock may run this far ahead before we say so
# What stands in for what a date leaves out: a text that comes out different names no one moment.
FILLED = (datetime(2000, 1, 1), datetime(2001, 2, 2))
LONGEST = {"messageId": 100, "event": 200}
# What an event says lies in these; everything else of the envelope has a column of its own.
OBJECTS = ("properties", "traits", "context")
BODY = (*OBJECTS, "previousId", "integrations")


class EventRefused(LeadlightError):
    """An event that cannot be used. It is kept aside with its reason and can be replayed."""

    code = "event_refused"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was said of a lead, and when.

    occurred_at: when it happened (UTC). recorded_at: when we learned it (UTC).
    body: properties, traits, context and previousId as they came. flags: what intake noticed.
    """

    source: str
    message_id: str
    type: str
    name: str
    user_id: str | None
    anonymous_id: str | None
    group_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    body: dict[str, Any]
    flags: tuple[str, ...] = ()


def event(raw: Mapping[str, Any], *, source: str, received_at: datetime, lag: timedelta | None = None) -> Event:
    """The event that a Segment-shaped `raw` means; `received_at` stands in for a time that it lacks.

    lag: for history, where a missing receipt does not mean now: it was known so long after it happened, flagged.

    Raises EventRefused with a code and one sentence when it has no usable type or identity.
    """
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise EventRefused(f"type {kind!r} is no event type; send one of {', '.join(sorted(TYPES))}", code="bad_type")
    user_id, anonymous_id = identity(raw.get("userId")), identity(raw.get("anonymousId"))
    if user_id is None and anonymous_id is None:
        raise EventRefused(f"a {kind} event has neither userId nor anonymousId; send one", code="no_identity")
    recorded_at, flags = _recorded_at(raw, received_at)
    occurred_at, more = _occurred_at(raw, recorded_at)
    if lag is not None and raw.get("receivedAt") is None:
        recorded_at, more = min(occurred_at + lag, received_at), (*more, ASSUMED)
    return Event(
        source=source,
        message_id=_message_id(raw),
        type=kind,
        name=_name(raw, kind),
        user_id=user_id,
        anonymous_id=anonymous_id,
        group_id=identity(raw.get("groupId") or _mapping(raw.get("context")).get("groupId")),
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        body=_body(raw),
        flags=flags + more + tuple(f"bad_{part}" for part in OBJECTS if not _is_object(raw.get(part))),
    )


def identity(value: object) -> str | None:
    """An identifier as text, or None where it names nobody ("", "null", "guest", ...)."""
    if value is None or isinstance(value, (bool, dict, list)):
        return None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else value
    text = printable(str(value)).strip()
    return None if text.lower() in NOBODY else text


def printable(text: str) -> str:
    """`text` without NUL and lone surrogates: both databases refuse them."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def moment(value: object) -> datetime | None:
    """A time in UTC from ISO 8601, epoch seconds or epoch milliseconds; None where it is no time.

    Without a zone it is UTC: that is what no zone on the wire means.
    """
    try:
        found = _moment(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, OSError, AttributeError):
        return None


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        if value != value:  # pandas' NaT is a datetime that equals nothing
            raise ValueError("NaT")
        return value
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            first, second = (dates.parse(value, default=filled) for filled in FILLED)
            if first != second:
                raise ValueError("no whole date") from None
            return first
    seconds = float(value)  # type: ignore[arg-type]
    if not math.isfinite(seconds):
        raise ValueError("not finite")
    return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)


def _recorded_at(raw: Mapping[str, Any], received_at: datetime) -> tuple[datetime, tuple[str, ...]]:
    said = raw.get("receivedAt")
    known = moment(said) if said is not None else None
    if known is None:
        return received_at, ()
    # Nothing is known later than now.
    return (known, ()) if known <= received_at else (received_at, ("future_receipt",))


def _occurred_at(raw: Mapping[str, Any], recorded_at: datetime) -> tuple[datetime, tuple[str, ...]]:
    said = raw.get("timestamp") or raw.get("originalTimestamp")
    if said is None:
        return recorded_at, ()
    occurred = moment(said)
    if occurred is None:
        return recorded_at, ("bad_time",)
    if occurred > recorded_at:
        return recorded_at, (("future_time",) if occurred - recorded_at > CLOCK_SKEW else ())
    return occurred, ()


def _message_id(raw: Mapping[str, Any]) -> str:
    value = raw.get("messageId")
    text = "" if value is None else printable(str(value))
    if not text or len(text) > LONGEST["messageId"]:
        raise EventRefused(
            f"messageId has {len(text)} characters; send 1 to {LONGEST['messageId']}", code="bad_message_id"
        )
    return text


def _name(raw: Mapping[str, Any], kind: str) -> str:
    if kind != "track":
        return kind
    name = printable(str(raw.get("event") or ""))
    if not name or len(name) > LONGEST["event"]:
        raise EventRefused(f"event has {len(name)} characters; send 1 to {LONGEST['event']}", code="bad_event_name")
    return name


def _body(raw: Mapping[str, Any]) -> dict[str, Any]:
    # A part that is no object says nothing that could be read; it costs that part, not the event.
    return {key: raw[key] for key in BODY if raw.get(key) and (key not in OBJECTS or _is_object(raw[key]))}


def _is_object(value: object) -> bool:
    return not value or isinstance(value, Mapping)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
