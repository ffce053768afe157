"""The public API as one ASGI application, with errors and limits of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson
import structlog
from anyio import to_thread
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from features.home.errors import LeadlightError
from serving.api.failed_events import FailedEvents
from serving.api.leads import Rights
from serving.api.openapi import document
from serving.api.requests import leads_asked, most_reasons
from serving.api.tracking import Tracking
from serving.http.auth import admit
from serving.http.bodies import body, parsed
from serving.http.problems import Boundary, Problem, unavailable
from serving.process import Live, not_now

AT_ONCE_BYTES = 2**16  # parsed in the event loop; a larger body takes long enough for others to notice
# A score is about a person and true for a moment; no cache on the way may keep it.
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
INDEX = """\
Leadlight: which leads convert, whom to call today, and why.

POST /v1/track, page, screen,      events as Segment's and RudderStack's clients send them
     identify, group, alias, batch
POST /v1/segment                   events as Segment and RudderStack forward them
GET  /v1/failed-events             what could not be used, and why
POST /v1/scores                    score 1 to 1,000 leads
GET  /v1/leads/{lead_id}/score     score one
GET  /v1/leads/{lead_id}/timeline  what it did, and what of it counts
GET  /v1/leads/{lead_id}/export    all that is held on it; DELETE /v1/leads/{lead_id} erases it
GET  /v1/models                    what was promoted
GET  /v1/openapi.json              all of it, described
GET  /readyz, /metrics             for operators
"""
log = structlog.get_logger(__name__)
GONE = {"unknown_lead": (404, "There is no lead with this id."), "erased": (410, "This lead was erased.")}


def application(live: Live, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The routes under /v1 for what `live` holds. `now` is the moment that a score without one is as of."""
    api = Api(live, now)
    # A lead id may hold a slash. No redirects anywhere: senders of events take one for a delivery.
    routes = [
        Route("/scores", api.scores, methods=["POST"]),
        Route("/leads/{lead_id:path}/score", api.lead_score),
        Route("/models", api.models),
        Route("/openapi.json", openapi),
        *Tracking(live, now).routes(),
        *FailedEvents(live, now).routes(),
        *Rights(live, now).routes(),
    ]
    app = Starlette(
        routes=[Route("/", index), Mount("/v1", app=Router(routes, redirect_slashes=False), name="v1")],
        middleware=[Middleware(Boundary)],
        exception_handlers={
            Problem: _problem,
            HTTPException: _http_problem,
            OperationalError: _no_database,
            InterfaceError: _no_database,
        },
        lifespan=live.running,
    )
    app.router.redirect_slashes = False
    return app


class Api:
    """The endpoints. Each admits its caller first, so that a stranger learns nothing and costs nothing."""

    def __init__(self, live: Live, now: Callable[[], datetime]) -> None:
        self.live, self.now = live, now

    async def scores(self, request: Request) -> Response:
        admit(request, self.live, "scores:read")
        most = most_reasons(request.query_params.get("reasons"))
        raw = await body(request)
        asked = _asked(raw) if len(raw) <= AT_ONCE_BYTES else await to_thread.run_sync(_asked, raw)
        return _json({"data": await self.live.scores(asked, self.now(), most)})

    async def lead_score(self, request: Request) -> Response:
        admit(request, self.live, "scores:read")
        most = most_reasons(request.query_params.get("reasons"))
        lead_id = request.path_params["lead_id"]
        if not lead_id or len(lead_id) > 255 or "\x00" in lead_id:  # no lead is named so, and PostgreSQL refuses NUL
            raise Problem(404, "unknown_lead", GONE["unknown_lead"][1])
        (score,) = await self.live.scores([{"lead_id": lead_id}], self.now(), most)
        if score["status"] in GONE:
            status, said = GONE[score["status"]]
            raise Problem(status, score["status"], said)
        return _json(score)

    async def models(self, request: Request) -> Response:
        admit(request, self.live, "scores:read")
        try:
            found = await to_thread.run_sync(self.live.scorer.models)
        except LeadlightError as error:
            raise not_now(error) from error
        return _json({"data": found, "next_cursor": None, "has_more": False})


async def index(_request: Request) -> Response:
    # In its place BentoML puts a page that loads a tag manager from outside.
    return PlainTextResponse(INDEX)


async def openapi(_request: Request) -> Response:
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    return orjson.dumps(document(_version()))


def _version() -> str:
    try:
        return version("leadlight")
    except PackageNotFoundError:  # a bento holds our code without its installation
        return "0"


def _asked(raw: bytes) -> list[dict[str, Any]]:
    return leads_asked(parsed(raw))


def _json(said: Any) -> Response:
    # orjson writes floats so that they read back the same, and null for NaN, which JSON lacks.
    content = orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z)
    return Response(content, headers=HEADERS, media_type="application/json")


def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response(request.scope)


def _no_database(request: Request, error: Exception) -> Response:
    log.error("the database cannot be reached", why=type(error).__name__)
    said = "The database of this home cannot be reached now; ask again."
    return unavailable("database_unavailable", said, retry_after_s=5).response(request.scope)


def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = {name: _in_order(said) for name, said in (error.headers or {}).items()}
    code, message = {
        404: ("no_such_route", "There is nothing at this address; GET /v1/openapi.json lists what there is."),
        405: ("wrong_method", f"{request.method} is not for this address; it takes {headers.get('Allow')}."),
    }.get(error.status_code, ("http_error", str(error.detail)))
    return Problem(error.status_code, code, message, headers=headers).response(request.scope)


def _in_order(listed: str) -> str:
    return ", ".join(sorted(listed.split(", ")))
