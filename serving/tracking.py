"""The tracking routes: Segment's HTTP API, also as a destination of Segment and RudderStack."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import orjson
import structlog
from anyio import to_thread
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from features.readings import Reading, Result, Sender, reading
from serving.appending import Intake
from serving.bodies import body
from serving.envelopes import BATCH, SEGMENT, envelope
from serving.problems import REQUEST_ID, Problem, unavailable
from serving.write_keys import LIVE, WriteDoors, admit_writer, header_key, is_signed, sender

# The short forms are what browsers send.
CALLS = {
    "track": "track", "page": "page", "screen": "screen", "identify": "identify", "group": "group", "alias": "alias",
    "batch": BATCH, "t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias", "b": BATCH,
    "segment": SEGMENT,
}  # fmt: skip
AT_ONCE_BYTES = 2**14  # parsed in the event loop; a larger body takes long enough for others to notice
SECONDS = 18  # for a whole request, all waiting included: BentoML cuts it off at 20 in words that clients choke on
# Pages of any site may send events with a key of theirs; no cookie of ours exists that they could misuse.
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After, X-Request-Id"}
PREFLIGHT = CORS | {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "*, Authorization",  # clients send headers of their own; the star leaves out this
    "Access-Control-Max-Age": "86400",
}
HEADERS = CORS | {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

log = structlog.get_logger(__name__)


class Doors(WriteDoors, Protocol):
    """Who may write, and where to."""

    @property
    def intake(self) -> Intake: ...


class Tracking:
    """The endpoint of all tracking routes; what tells them apart is their call."""

    def __init__(self, live: Doors, now: Callable[[], datetime]) -> None:
        self.live, self.now = live, now

    def routes(self) -> list[Route]:
        """A route for each call, with or without a slash at its end: clients take a redirect for a delivery."""
        taken = [(name, partial(self.take, call)) for name, call in CALLS.items()]
        return [_with_slash(Route(f"/{name}", endpoint, methods=["POST", "OPTIONS"])) for name, endpoint in taken]

    async def take(self, call: str, request: Request) -> Response:
        """Answer 200 once every usable event is in the ledger; whatever fails here is a 503, so that none is lost."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        try:
            async with asyncio.timeout(SECONDS):
                response = _json(answer(await self._results(call, request)))
        except Problem as problem:
            response = _kept(problem).response(request.scope)
        except ClientDisconnect:
            raise
        except (OperationalError, InterfaceError) as error:
            log.error("the ledger cannot be written", why=type(error).__name__)
            said = "The ledger cannot be written now; send these events again."
            response = unavailable("ledger_unavailable", said, retry_after_s=5).response(request.scope)
        except Exception:  # a TimeoutError too
            log.exception("intake failed", request_id=request.scope.get(REQUEST_ID))
            said = "Events cannot be taken now; send these events again."
            response = unavailable("intake_failed", said, retry_after_s=5).response(request.scope)
        response.headers.update(HEADERS)
        return response

    async def _results(self, call: str, request: Request) -> list[Result]:
        received_at, key = self.now(), header_key(request)
        if key:
            admit_writer(request, self.live, key)  # a stranger is told so before the body is read
        raw = await body(request)
        with self.live.intake.room(len(raw)):
            read = partial(self._reading, call, request, raw, received_at)
            return await self.live.intake.append(await _in_time(read, raw), self.now)

    def _reading(self, call: str, request: Request, raw: bytes, received_at: datetime) -> Reading:
        found = envelope(raw, call)
        return reading(found.events, self._sender(call, request, raw, found.write_key), received_at, found.noticed)

    def _sender(self, call: str, request: Request, raw: bytes, write_key: str | None) -> Sender:
        key = header_key(request)
        if call != SEGMENT:
            return sender(LIVE, admit_writer(request, self.live, key or write_key), may_merge=True)
        # A write key in what Segment forwards is one of Segment's own.
        if is_signed(request, self.live, raw, key) and not key:
            return sender(SEGMENT, None, may_merge=False)
        return sender(SEGMENT, admit_writer(request, self.live, key), may_merge=True)


def answer(results: Sequence[Result]) -> dict[str, Any]:
    """What a sender is told of its events; `warnings` only where there are some."""
    count = Counter(result.status for result in results)
    rejected = [
        {"index": place, "messageId": result.message_id, "code": result.code, "message": result.message}
        for place, result in enumerate(results)
        if result.status == "rejected"
    ]
    warnings = [
        {"index": place, "messageId": result.message_id, "code": flag}
        for place, result in enumerate(results)
        for flag in result.flags
    ]
    said = {"success": True, "received": len(results), "accepted": count["accepted"], "duplicates": count["duplicate"]}
    return said | {"rejected": rejected} | ({"warnings": warnings} if warnings else {})


def _kept(problem: Problem) -> Problem:
    # Clients drop a batch for good on most of 4xx, and a slow line is no fault of what came over it.
    is_slow = problem.status == 408
    return unavailable(problem.code, problem.message, retry_after_s=1) if is_slow else problem


async def _in_time(read: Callable[[], Reading], raw: bytes) -> Reading:
    return read() if len(raw) <= AT_ONCE_BYTES else await to_thread.run_sync(read)


def _with_slash(route: Route) -> Route:
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + "/?$")
    return route


def _json(said: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(said), media_type="application/json")
