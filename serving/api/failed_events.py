"""GET /v1/failed-events and POST /v1/failed-events/replay: what could not be used, and trying it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.home.clock import rfc3339
from features.home.settings import Home
from features.ledger.failed_events import AT_ONCE, FailedEvent, Replayed, failed_events, replay
from serving.api.requests import check
from serving.api.schemas import ReplayAsked
from serving.http.auth import Doors, admit
from serving.http.bodies import body, parsed
from serving.http.problems import Problem

MOST, USUAL = 200, 50  # failed events on one page
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Kept(Doors, Protocol):
    """Who may look, and at which home."""

    @property
    def home(self) -> Home: ...


class FailedEvents:
    """The endpoints. They show what came as it came, which is personal data: only for admin."""

    def __init__(self, live: Kept, now: Callable[[], datetime]) -> None:
        self.live, self.now = live, now

    def routes(self) -> list[Route]:
        return [
            Route("/failed-events", self.listed),
            Route("/failed-events/replay", self.replay, methods=["POST"]),
        ]

    async def listed(self, request: Request) -> Response:
        admit(request, self.live, "admin")
        asked = request.query_params
        limit, before_id = _number(asked.get("limit"), "limit", MOST) or USUAL, _number(asked.get("cursor"), "cursor")
        code = asked.get("code")
        found = await to_thread.run_sync(
            lambda: failed_events(self.live.home, before_id=before_id, limit=limit + 1, code=code)
        )
        return _json(page([as_json(failed) for failed in found], limit))

    async def replay(self, request: Request) -> Response:
        admit(request, self.live, "admin")
        raw = await body(request)
        asked = parsed(raw) if raw.strip() else {}
        check(asked, ReplayAsked)
        ids, after_id = asked.get("ids"), int(asked.get("cursor") or 0)
        wanted = None if ids is None else [int(one) for one in ids]
        done = await to_thread.run_sync(lambda: replay(self.live.home, self.now, ids=wanted, after_id=after_id))
        return _json(replays(done, is_all=wanted is None))


def as_json(failed: FailedEvent) -> dict[str, Any]:
    """One failed event as the API and the command line give it."""
    return {
        "id": str(failed.failed_event_id),
        "source": failed.source,
        "received_at": rfc3339(failed.received_at),
        "code": failed.code,
        "message": failed.message,
        "raw": failed.raw,
    }


def page(found: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A page of `limit`, of one more where there is more."""
    has_more = len(found) > limit
    return {"data": found[:limit], "next_cursor": found[limit - 1]["id"] if has_more else None, "has_more": has_more}


def replays(done: Replayed, is_all: bool) -> dict[str, Any]:
    """What became of failed events that were tried again."""
    has_more = is_all and done.tried == AT_ONCE
    counts = {"tried": done.tried, "accepted": done.accepted, "duplicates": done.duplicates, "failed": done.failed}
    return counts | {"next_cursor": str(done.last_id) if has_more else None, "has_more": has_more}


def _number(said: str | None, name: str, most: int = 2**63 - 1) -> int | None:
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) < 20 and 1 <= int(said) <= most):
        raise Problem(422, f"bad_{name}", f"{name} is {said[:40]!r}; give a whole number from 1 to {most:,}.")
    return int(said)


def _json(said: dict[str, Any]) -> Response:
    return Response(orjson.dumps(said), headers=HEADERS, media_type="application/json")
