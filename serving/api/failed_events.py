"""The routes of failed events: GET /v1/failed-events lists them, POST /v1/failed-events/replay tries them again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.home.clock import rfc3339
from features.ledger.failed_events import AT_ONCE, FailedEvent, Replayed, failed_events, replay
from serving.api.requests import check, page_limit, query_number
from serving.api.routes import api_route
from serving.api.schemas import ReplayRequest
from serving.http.auth import MAY_REPLAY_FAILED_EVENTS, admit
from serving.http.bodies import body, json_value
from serving.http.problems import json_response
from serving.process import ServedHome


class FailedEventRoutes:
    """The endpoints. They show events as they were sent, which is personal data: only for admin."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    def routes(self) -> list[Route]:
        """The routes, relative to /v1."""
        return [
            api_route("/failed-events", self.page, queries=("limit", "cursor", "code")),
            api_route("/failed-events/replay", self.replay, "POST"),
        ]

    async def page(self, request: Request) -> Response:
        """GET /v1/failed-events"""
        admit(request, self.served.credentials, MAY_REPLAY_FAILED_EVENTS)
        limit, code = page_limit(request), request.query_params.get("code")
        before_id = query_number(request, "cursor")
        failed = await to_thread.run_sync(
            lambda: failed_events(self.served.home, before_id=before_id, limit=limit + 1, code=code)
        )
        return json_response(failed_events_page([failed_event_json(event) for event in failed], limit))

    async def replay(self, request: Request) -> Response:
        """POST /v1/failed-events/replay"""
        admit(request, self.served.credentials, MAY_REPLAY_FAILED_EVENTS)
        raw = await body(request)
        asked = json_value(raw) if raw.strip() else {}
        check(asked, ReplayRequest)
        after_id = int(asked.get("cursor") or 0)
        ids = None if asked.get("ids") is None else [int(each) for each in asked["ids"]]
        done = await to_thread.run_sync(lambda: replay(self.served.home, self.now, ids=ids, after_id=after_id))
        return json_response(replay_json(done, is_all=ids is None))


def failed_event_json(failed: FailedEvent) -> dict[str, Any]:
    """One failed event as the API and the command line give it."""
    origin = {"id": str(failed.failed_event_id), "source": failed.source, "received_at": rfc3339(failed.received_at)}
    return origin | {"code": failed.code, "message": failed.message, "raw": failed.raw}


def failed_events_page(failed: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A page of at most `limit` failed events; `failed` has one more than that where another page follows."""
    has_more = len(failed) > limit
    return {"data": failed[:limit], "next_cursor": failed[limit - 1]["id"] if has_more else None, "has_more": has_more}


def replay_json(done: Replayed, is_all: bool) -> dict[str, Any]:
    """What became of failed events that were tried again."""
    has_more = is_all and done.tried == AT_ONCE
    counts = {"tried": done.tried, "accepted": done.accepted, "duplicates": done.duplicates, "failed": done.failed}
    return counts | {"next_cursor": str(done.last_id) if has_more else None, "has_more": has_more}
