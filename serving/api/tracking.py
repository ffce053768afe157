"""The tracking routes: Segment's and RudderStack's HTTP API, their batches, and the events that they forward."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
import structlog
from anyio import to_thread
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.agreement import Agreement
from features.events.notices import notice
from features.events.other_tools import foreign, other_tool
from features.events.validation import EventResult, Source, ValidatedBatch, validate
from features.home.clock import Flags
from features.home.json_text import json_text, printable
from features.traits.typed_values import unread_values
from serving import limits
from serving.api.routes import with_slash
from serving.http.auth import LIVE, admit_writer, event_source, header_key, is_signed
from serving.http.bodies import BOM, body, broken_json
from serving.http.problems import HEADERS, REQUEST_ID, Problem, json_response, unavailable
from serving.process import ServedHome

BATCH, SEGMENT = "batch", "segment"  # the calls whose events say themselves what type they are
NO_LEDGER = "the ledger cannot be written"
BAD_NUMBER: Flags = ("bad_number",)
WRITE_KEY = re.compile(rb'"writeKey"\s*:\s*"([^"\\]{1,255})"')
MOST_WRITE_KEYS = 10  # of one body that are tried; clients write the same one beside the batch or into each event
Unread = Mapping[int, Mapping[str, str]]  # by an event's position: codes of values that cannot be read, with a sentence
NONE_UNREAD: Unread = {}
FORM_BYTES, FORM_FIELDS = 8_192, 100  # of a body that is no JSON: so much of it is looked at
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class TrackingBody:
    """The events of one request body, each completed by what stands beside the batch.

    noticed: by position, what could not be read as it was sent. write_key: the key in the body, where there is one;
    it stands in none of the events any more.
    """

    events: list[Any]
    noticed: Mapping[int, Flags] = field(default_factory=dict)
    write_key: str | None = None


def tracking_body(raw: bytes, call: str) -> TrackingBody:
    """The events of a body that was sent to the route of `call`: "track", "batch", "segment", ...

    Raises Problem: 400 where it is no JSON or holds no events, 413 for more than a batch may have.
    """
    value, is_strict = _value(raw.removeprefix(BOM))
    beside, events = _opened(value, call)
    if len(events) > limits.MOST_EVENTS:
        too_many = f"There are {len(events):,} events; send at most {limits.MOST_EVENTS:,} at once."
        raise Problem(413, "too_many_events", too_many)
    noticed = {}
    if not is_strict:
        noticed = {place: BAD_NUMBER for place, event in enumerate(events) if _mend(event)}
        beside = {name: value for name, value in beside.items() if value is not events}
        _mend(beside)
    keys = [_take_write_key(value) for value in (beside, *events)]
    _check_shared(beside, len(events))
    for event in events:
        if isinstance(event, dict):
            _complete(event, beside)
    return TrackingBody(events, noticed, next((key for key in keys if key), None))


def _opened(value: Any, call: str) -> tuple[dict[str, Any], list[Any]]:
    """What stands beside the events, and the events."""
    if call not in (BATCH, SEGMENT):
        if not isinstance(value, dict):
            if isinstance(value, list) and value and (tool := other_tool(value[0])):
                raise _of_other_tool(tool)
            raise Problem(400, "no_event", f"POST /v1/{call} takes one event: send a JSON object.")
        return {}, [value | {"type": call}]
    if isinstance(value, dict) and isinstance(value.get("batch"), list):
        return value, value["batch"]
    if isinstance(value, list):
        return {}, value
    if isinstance(value, dict) and call == SEGMENT:
        return {}, [value]
    if tool := other_tool(value):
        raise _of_other_tool(tool)
    raise Problem(400, "no_batch", 'There are no events in the body; send {"batch": [...]}.')


def _check_shared(beside: Mapping[str, Any], events: int) -> None:
    # It is kept with each event, so that a small body could fill a disk.
    size = len(json_text(beside.get("context"))) if "context" in beside else 0
    if size * events > limits.MOST_SHARED_BYTES:
        too_large = f"The context of the batch has {size:,} bytes for each of {events:,} events; send fewer at once."
        raise Problem(413, "context_too_large", too_large)


def _complete(event: dict[str, Any], beside: Mapping[str, Any]) -> None:
    """Give the event the context, sentAt and timestamp of its batch, where it has none of its own."""
    if isinstance(shared := beside.get("context"), dict):
        own = event.get("context")
        event["context"] = shared | own if isinstance(own, dict) else shared
    if beside.get("sentAt"):
        event.setdefault("sentAt", beside["sentAt"])
    if beside.get("timestamp") and not event.get("timestamp") and not event.get("originalTimestamp"):
        event["timestamp"] = beside["timestamp"]


def _take_write_key(value: Any) -> str | None:
    # Taken out: the failed events store what came, and must not store a secret.
    key = value.pop("writeKey", None) if isinstance(value, dict) else None
    return printable(key).strip() if isinstance(key, str) else None


def _value(text: bytes) -> tuple[Any, bool]:
    """The JSON value, and whether it was JSON to the letter: both Python clients write NaN and Infinity."""
    try:
        return orjson.loads(text), True
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(text.decode(errors="replace"), parse_int=_integer), False
        except (ValueError, RecursionError):
            if tool := _tool_of_form(text):
                raise _of_other_tool(tool) from None
            raise broken_json(text, error) from None


def _tool_of_form(text: bytes) -> str | None:
    """The tool that sends forms in place of JSON, as Mailchimp does; None where the body is none of one."""
    try:
        return other_tool(dict(parse_qsl(text[:FORM_BYTES].decode(errors="replace"), max_num_fields=FORM_FIELDS)))
    except ValueError:  # more fields than that
        return None


def _of_other_tool(tool: str) -> Problem:
    sentence = foreign(tool)
    return Problem(400, "other_tool", f"{sentence[0].upper()}{sentence[1:]}.")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= limits.LONGEST_NUMBER else math.inf


def _mend(value: Any) -> bool:
    """Replace NaN and Infinity inside the value by null; whether there was one."""
    is_mended, waiting = False, [value]
    while waiting:
        outer = waiting.pop()
        inside = outer.items() if isinstance(outer, dict) else enumerate(outer) if isinstance(outer, list) else ()
        for key, inner in inside:  # no key comes or goes meanwhile
            if isinstance(inner, float) and not math.isfinite(inner):
                outer[key], is_mended = None, True
            elif isinstance(inner, dict | list):
                waiting.append(inner)
    return is_mended


# The short forms are what browsers send.
CALLS = {
    "track": "track", "page": "page", "screen": "screen", "identify": "identify", "group": "group", "alias": "alias",
    "batch": BATCH, "t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias", "b": BATCH,
    "segment": SEGMENT,
}  # fmt: skip
BEACON = "/beacon/v1"  # RudderStack's browser client, which can send no header as a page is left
JITSU = ("/api/s", "/api/s/s2s")
# Pages of any site may send events with a key of theirs; no cookie of ours exists that they could misuse.
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After, X-Request-Id"}
ANSWER_HEADERS = CORS | HEADERS
PREFLIGHT = CORS | {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "*, Authorization",  # clients send headers of their own; the star leaves out this
    "Access-Control-Max-Age": "86400",
}

log = structlog.get_logger(__name__)


class TrackingRoutes:
    """The endpoint of all tracking routes; they differ by their call, such as "track" or "batch"."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    def routes(self) -> list[Route]:
        """A route for each call, with or without a slash at its end: clients take a redirect for a delivery."""
        return [self._route(f"/{name}", call) for name, call in CALLS.items()]

    def browser_routes(self) -> list[Route]:
        """The same calls at the addresses where browser clients of RudderStack and Jitsu send them."""
        jitsu = [self._route(f"{at}/{name}", call) for at in JITSU for name, call in CALLS.items() if call != SEGMENT]
        return [self._route(f"{BEACON}/batch", BATCH), *jitsu]

    def _route(self, path: str, call: str) -> Route:
        # Of no interest is what else stands in the address: a 422 would cost its sender the batch.
        return with_slash(Route(path, partial(self.take, call), methods=["POST", "OPTIONS"]))

    async def take(self, call: str, request: Request) -> Response:
        """Answer 200 once every usable event is in the ledger; whatever fails here is a 503, so that none is lost."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        try:
            async with asyncio.timeout(limits.TRACKING_SECONDS):
                response = json_response(tracking_answer(*await self._results(call, request)))
            self.served.troubles.over(NO_LEDGER)
        except Problem as problem:
            response = _retryable(problem).response(request.scope)
        except ClientDisconnect:
            raise
        except (OperationalError, InterfaceError) as error:
            self.served.troubles.met(NO_LEDGER, type(error).__name__)
            message = "The ledger cannot be written now; send these events again."
            response = unavailable("ledger_unavailable", message, retry_after_s=5).response(request.scope)
        except Exception:  # a TimeoutError too
            log.exception("intake failed", request_id=request.scope.get(REQUEST_ID))
            message = "Events cannot be taken now; send these events again."
            response = unavailable("intake_failed", message, retry_after_s=5).response(request.scope)
        response.headers.update(ANSWER_HEADERS)
        return response

    async def _results(self, call: str, request: Request) -> tuple[list[EventResult], Unread]:
        received_at, key = self.now(), _sent_key(request)
        if key:
            admit_writer(request, self.served.credentials, key)  # a stranger is told so before the body is read
        raw = await body(request)
        with self.served.queue.room(len(raw)):
            read = partial(self._reading, call, request, raw, received_at)
            batch, unread = await _in_time(read, raw)
            return await self.served.queue.append(batch, self.now), unread

    def _reading(self, call: str, request: Request, raw: bytes, received_at: datetime) -> tuple[ValidatedBatch, Unread]:
        self._admit_unread(call, request, raw)
        sent = tracking_body(raw, call)
        unread = unread_traits(sent.events, self.served.agreement)
        noticed = {
            place: (*dict.fromkeys((*sent.noticed.get(place, ()), *unread.get(place, ()))),)
            for place in {*sent.noticed, *unread}
        }
        sender = self._sender(call, request, raw, sent.write_key)
        return validate(sent.events, sender, received_at, noticed), unread

    def _admit_unread(self, call: str, request: Request, raw: bytes) -> None:
        """Admit a sender whose key stands in the body before the body is read as JSON, which costs far more."""
        credentials = self.served.credentials
        if _sent_key(request) or (call == SEGMENT and is_signed(request, credentials, raw, None)):
            return
        found = dict.fromkeys(WRITE_KEY.findall(raw)) if call != SEGMENT else {}
        keys = [printable(key.decode(errors="replace")).strip() for key in islice(found, MOST_WRITE_KEYS)]
        for key in keys[:-1]:
            with suppress(Problem):
                admit_writer(request, credentials, key)
                return
        admit_writer(request, credentials, keys[-1] if keys else None)

    def _sender(self, call: str, request: Request, raw: bytes, write_key: str | None) -> Source:
        key, credentials = _sent_key(request), self.served.credentials
        reserved = self.served.reserved_names
        if call != SEGMENT:
            return event_source(LIVE, admit_writer(request, credentials, key or write_key), True, reserved)
        # A write key in what Segment forwards is one of Segment's own. It forwards what web pages say, too.
        if is_signed(request, credentials, raw, key) and not key:
            return event_source(SEGMENT, None, False, reserved)
        return event_source(SEGMENT, admit_writer(request, credentials, key), True, reserved)


def _sent_key(request: Request) -> str | None:
    """The key beside the body: in a header, or, of a beacon, in the address; None where it is in neither."""
    key = header_key(request) or request.headers.get("x-write-key")
    if key is None and request.url.path.startswith(BEACON):
        key = request.query_params.get("writeKey")
    return printable(key).strip() if key else None


def unread_traits(events: Sequence[Any], agreement: Agreement) -> Unread:
    """By position, the codes of the traits that an event gives values that cannot be read, with a sentence each."""
    unread: dict[int, dict[str, str]] = {}
    for place, event in enumerate(events):
        if isinstance(event, dict) and event.get("type") in ("identify", "group"):
            context = event.get("context")
            traits = event.get("traits") or (context.get("traits") if isinstance(context, dict) else None)
            for value in unread_values(traits, agreement) if isinstance(traits, dict) else ():
                said = unread.setdefault(place, {})
                said[value.code] = f"{said[value.code]}; {value.sentence}" if value.code in said else value.sentence
    return unread


def tracking_answer(results: Sequence[EventResult], unread: Unread = NONE_UNREAD) -> dict[str, Any]:
    """What became of the events of one request, counted; `warnings` only where there are some."""
    count = Counter(result.status for result in results)
    rejected = [
        {"index": place, "messageId": result.message_id, "code": result.code, "message": result.message}
        for place, result in enumerate(results)
        if result.status == "rejected"
    ]
    warnings = [
        {"index": place, "messageId": result.message_id, "code": flag, "message": said.get(flag) or notice(flag)}
        for place, result in enumerate(results)
        for said in (unread.get(place, {}),)
        for flag in result.flags
    ]
    counts = {"received": len(results), "accepted": count["accepted"], "duplicates": count["duplicate"]}
    return {"success": True} | counts | {"rejected": rejected} | ({"warnings": warnings} if warnings else {})


def _retryable(problem: Problem) -> Problem:
    # Clients drop a batch for good on most of 4xx, and a slow line is no fault of what came over it.
    is_slow = problem.status == 408
    return unavailable(problem.code, problem.message, retry_after_s=1) if is_slow else problem


async def _in_time(read: Callable[[], Read], raw: bytes) -> Read:
    return read() if len(raw) <= limits.EVENTS_IN_LOOP_BYTES else await to_thread.run_sync(read)
