"""Validation: a raw event becomes a row of the ledger or is rejected with a code; the limits of one event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from features.agreement.checks import HANDOVER_EVENTS
from features.events.event import Event, EventRefused, event
from features.events.feedback_values import bad_feedback_values
from features.events.touch_values import SIDE_FLAGS, TOUCHES, Side, bad_touch_values
from features.events.trust import (
    BY_FEEDBACK_KEY,
    LATE_CLAIM,
    NOT_OURS,
    OURSELVES,
    PUBLIC,
    USUAL_NAMES,
    ReservedNames,
    trust_flags,
)
from features.home.clock import Clock, Flags, microseconds
from features.home.json_text import is_deeper, json_text, printable

LARGEST = 32 * 2**10  # bytes of one live event's JSON
DEPTH = 32  # of objects and arrays inside one another; nothing that reads an event nests deeper
LATE = timedelta(days=1)  # as long as a client that is offline may hold back what it has to say

Row = dict[str, Any]  # of tables.events or tables.failed_events


@dataclass(frozen=True, slots=True)
class Source:
    """Where events come from, and how far they are trusted.

    name: a messageId is unique within it. clock: whose clock wrote the times. is_trusted: whether it may say what the
    CRM and our own people say. lag: for history, how long after it happened an event was known that does not say when
    it was received. reserved: the names of events that it may not say otherwise. side: of the touches that it sends
    without one. may_give_feedback: whether it may, where it is not trusted otherwise.
    """

    name: str
    clock: Clock = "file"
    is_trusted: bool = True
    lag: timedelta | None = None
    reserved: ReservedNames = USUAL_NAMES
    side: Side | None = None
    may_give_feedback: bool = False

    @property
    def is_live(self) -> bool:
        return self.clock != "file"


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one event: code and message for a rejected one, flags for an accepted one."""

    status: Literal["accepted", "duplicate", "rejected"]
    message_id: str | None
    code: str = ""
    message: str = ""
    flags: Flags = ()


@dataclass(frozen=True, slots=True)
class ValidatedBatch:
    """Events of one source as rows: `rows` for the ledger, `failed` for the table of failed events.

    results: one per event, in order; None for an event in `rows` until it is written.
    """

    sender: Source
    rows: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)
    results: list[EventResult | None] = field(default_factory=list)


def validate(
    raws: Sequence[Any], sender: Source, received_at: datetime, noticed: Mapping[int, Flags] | None = None
) -> ValidatedBatch:
    """Validate raw events; `noticed` are flags that an event got before, by position."""
    batch = ValidatedBatch(sender)
    for position, raw in enumerate(raws):
        flags = noticed.get(position, ()) if noticed else ()
        try:
            batch.rows.append(ledger_row(raw, sender, received_at, flags))
            batch.results.append(None)
        except EventRefused as refusal:
            kept = {"flags": ",".join((*flags, *_flags_of_refused(sender)))}
            batch.failed.append(_failed_row(raw, refusal, sender, received_at) | kept)
            batch.results.append(EventResult("rejected", message_id(raw), refusal.code, str(refusal)))
    return batch


def ledger_row(raw: Any, sender: Source, received_at: datetime, noticed: Flags = ()) -> Row:
    """The row of `tables.events` for one raw event. Raises EventRefused."""
    if not isinstance(raw, dict):
        raise EventRefused("an event is a JSON object; this is something else", code="bad_event")
    found = event(raw, source=sender.name, received_at=received_at, lag=sender.lag, clock=sender.clock)
    body = json_text(found.body)
    _check_size(found.body, body, sender)
    public = () if sender.is_trusted else tuple(_flags_of_public(found, sender))
    of_sales = tuple(_flags_of_sales(found, sender)) if found.type == "track" else ()
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
        "flags": ",".join((*noticed, *found.flags, *public, *of_sales)),
        "body": body,
    }


def _flags_of_sales(checked: Event, sender: Source) -> Iterator[str]:
    """The flags of a touch or of feedback: the side of the key that it came by, and values that mean nothing."""
    properties = checked.body.get("properties") or {}
    if checked.name in TOUCHES:
        yield from _flags_of_key(sender)
    if checked.name in HANDOVER_EVENTS and checked.source != OURSELVES:
        yield NOT_OURS
    yield from bad_touch_values(checked.name, properties)
    yield from bad_feedback_values(checked.name, properties)


def _flags_of_key(sender: Source) -> Iterator[str]:
    return (flag for flag, side in SIDE_FLAGS.items() if side == sender.side)


def _flags_of_refused(sender: Source) -> Iterator[str]:
    """What a replay must know of the key that an event came by, for it knows the key no more."""
    yield from _flags_of_key(sender)
    if sender.may_give_feedback:
        yield BY_FEEDBACK_KEY


def _flags_of_public(checked: Event, sender: Source) -> Iterator[str]:
    """The flags of an event whose source may only write events."""
    yield PUBLIC
    yield from trust_flags(checked.type, checked.name, checked.body, sender.reserved, sender.may_give_feedback)
    # An e-mail address belongs to who said it first: an old date must not take it from a lead that had it.
    if checked.type in ("identify", "alias") and checked.recorded_at - checked.occurred_at > LATE:
        yield LATE_CLAIM


def message_id(raw: Any) -> str | None:
    """The messageId of a rejected event, where it is text or a number."""
    said = raw.get("messageId") if isinstance(raw, dict) else None
    return None if said is None or isinstance(said, dict | list) else printable(str(said))[:100]


def _check_size(body: Mapping[str, Any], text: str, sender: Source) -> None:
    size = len(text) if text.isascii() else len(text.encode())
    if sender.is_live and size > LARGEST:
        raise EventRefused(f"an event has {size:,} bytes; send at most {LARGEST:,}", code="event_too_large")
    if is_deeper(body, DEPTH, text):
        raise EventRefused(f"an event is nested over {DEPTH} levels deep; send it flatter", code="too_deep")


def _failed_row(raw: Any, why: EventRefused, sender: Source, received_at: datetime) -> Row:
    text = json_text(raw)
    return {
        "source": sender.name,
        "clock": sender.clock,
        "is_trusted": sender.is_trusted,
        "received_us": microseconds(received_at),
        "code": why.code,
        "message": str(why),
        "raw": text,
        "raw_digest": hashlib.sha256(_without_sent_at(raw, text).encode()).hexdigest(),
    }


def _without_sent_at(raw: Any, text: str) -> str:
    # A client says another sentAt at each try.
    if not isinstance(raw, dict) or "sentAt" not in raw:
        return text
    return json_text({key: value for key, value in raw.items() if key != "sentAt"})
