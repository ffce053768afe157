"""Bodies of the tracking routes as events: single ones, batches, and what Segment and RudderStack forward."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from features.clocks import Flags
from features.json_text import json_text, printable
from serving.bodies import BOM, broken
from serving.problems import Problem

MOST_EVENTS = 5_000
MOST_SHARED_BYTES = 16 * 2**20  # of what a batch says for all of its events, together
BATCH, SEGMENT = "batch", "segment"  # the calls whose events say themselves what type they are
BAD_NUMBER: Flags = ("bad_number",)
LONGEST_NUMBER = 400  # digits; whoever writes more means no number


@dataclass(frozen=True, slots=True)
class Envelope:
    """The events of one body as `features.readings.reading` takes them, each with what stood beside the batch.

    noticed: by position, what could not be read as it was sent. write_key: the key in the body, where there is one;
    it stands in none of the events any more.
    """

    events: list[Any]
    noticed: Mapping[int, Flags] = field(default_factory=dict)
    write_key: str | None = None


def envelope(raw: bytes, call: str) -> Envelope:
    """The events of a body that was sent to the route of `call`: "track", "batch", "segment", ...

    Raises Problem: 400 where it is no JSON or holds no events, 413 for more than a batch may have.
    """
    value, is_strict = _value(raw.removeprefix(BOM))
    beside, events = _opened(value, call)
    if len(events) > MOST_EVENTS:
        raise Problem(
            413, "too_many_events", f"There are {len(events):,} events; send at most {MOST_EVENTS:,} at once."
        )
    noticed = {}
    if not is_strict:
        noticed = {place: BAD_NUMBER for place, event in enumerate(events) if _mend(event)}
        _mend(beside)
    found = [_key_in(said) for said in (beside, *events)]
    _check_shared(beside, len(events))
    for event in events:
        if isinstance(event, dict):
            _complete(event, beside)
    return Envelope(events, noticed, next((key for key in found if key), None))


def _opened(value: Any, call: str) -> tuple[dict[str, Any], list[Any]]:
    """What stands beside the events, and the events."""
    if call not in (BATCH, SEGMENT):
        if not isinstance(value, dict):
            raise Problem(400, "no_event", f"POST /v1/{call} takes one event: send a JSON object.")
        return {}, [value | {"type": call}]
    if isinstance(value, dict) and isinstance(value.get("batch"), list):
        return value, value["batch"]
    if isinstance(value, list):
        return {}, value
    if isinstance(value, dict) and call == SEGMENT:
        return {}, [value]
    raise Problem(400, "no_batch", 'There are no events in the body; send {"batch": [...]}.')


def _check_shared(beside: Mapping[str, Any], events: int) -> None:
    # It is kept with each event, so that a small body could fill a disk.
    size = len(json_text(beside.get("context"))) if "context" in beside else 0
    if size * events > MOST_SHARED_BYTES:
        said = f"The context of the batch has {size:,} bytes for each of {events:,} events; send fewer at once."
        raise Problem(413, "context_too_large", said)


def _complete(event: dict[str, Any], beside: Mapping[str, Any]) -> None:
    """What a batch says counts for each of its events that does not say it itself."""
    if isinstance(shared := beside.get("context"), dict):
        own = event.get("context")
        event["context"] = shared | own if isinstance(own, dict) else shared
    if beside.get("sentAt"):
        event.setdefault("sentAt", beside["sentAt"])
    if beside.get("timestamp") and not event.get("timestamp") and not event.get("originalTimestamp"):
        event["timestamp"] = beside["timestamp"]


def _key_in(said: Any) -> str | None:
    # Taken out: an event that is kept aside must not keep a secret.
    key = said.pop("writeKey", None) if isinstance(said, dict) else None
    return printable(key).strip() if isinstance(key, str) else None


def _value(text: bytes) -> tuple[Any, bool]:
    """The JSON value, and whether it was JSON to the letter: both Python clients write NaN and Infinity."""
    try:
        return orjson.loads(text), True
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(text.decode(errors="replace"), parse_int=_integer), False
        except (ValueError, RecursionError):
            raise broken(text, error) from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_NUMBER else math.inf


def _mend(value: Any) -> bool:
    """Put null for each number inside that JSON lacks; whether there was one."""
    found, waiting = False, [value]
    while waiting:
        held = waiting.pop()
        inside = list(held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ())
        for key, inner in inside:
            if isinstance(inner, float) and not math.isfinite(inner):
                held[key], found = None, True
            elif isinstance(inner, dict | list):
                waiting.append(inner)
    return found
