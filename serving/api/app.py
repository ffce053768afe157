"""The public API as one ASGI application: its routes, its error handlers, and the endpoints of scores and models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson
from anyio import to_thread
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router

from features.home.errors import LeadlightError
from serving import limits
from serving.api.agreement import AgreementRoutes
from serving.api.decisions import DecisionRoutes
from serving.api.failed_events import FailedEventRoutes
from serving.api.handovers import HandoverRoutes
from serving.api.hole import HoleRoutes
from serving.api.leads import LeadRoutes
from serving.api.nurture import NurtureRoutes
from serving.api.openapi import document
from serving.api.other_tools import other_tool_routes
from serving.api.requests import NO_SUCH_LEAD, asked_moment, lead_id_of, most_reasons, no_such_lead, requested_leads
from serving.api.routes import api_route
from serving.api.tracking import TrackingRoutes
from serving.http.auth import MAY_READ_SCORES, admit
from serving.http.bodies import body, json_value
from serving.http.problems import Boundary, Problem, json_response, unavailable
from serving.pages.card.card_routes import CardRoutes
from serving.pages.home_pages import HomePageRoutes
from serving.pages.lead.lead_routes import LeadPageRoutes
from serving.pages.sign_in_routes import SignInRoutes
from serving.pages.worklist.worklist_routes import WorklistRoutes
from serving.process import NO_DATABASE, ServedHome
from serving.scoring.scorer import LeadRequests

INDEX = """\
Leadlight: which leads convert, whom to call today, and why.

POST /v1/track, page, screen,      events as Segment's and RudderStack's clients send them
     identify, group, alias, batch
POST /v1/segment                   events as Segment and RudderStack forward them
POST /beacon/v1/batch, /api/s/...  events as browsers of RudderStack and Jitsu send them
GET  /v1/failed-events             what could not be used, and why
POST /v1/scores                    score 1 to 1,000 leads
GET  /v1/leads/{lead_id}/score     score one
GET  /v1/leads/{lead_id}/timeline  what it did, and what of it counts
GET  /v1/leads/{lead_id}/export    all that is held on it; DELETE /v1/leads/{lead_id} erases it
POST /v1/leads/{lead_id}/feedback  what became of it, by who called; GET /v1/handovers: who owes whom a call
GET  /v1/agreement                 what marketing and sales agreed, who signed it, whether it is live
GET  /v1/leads/{lead_id}/decisions what was decided on it, when and why
GET  /v1/leads/{lead_id}/next      what to send and to ask next, of a lead that is not ready
GET  /v1/leads/{lead_id}/changes   why its score changed; /history: what its score was at each decision
GET  /v1/hole                      what became of handovers, and what each campaign brought
GET  /v1/leads                     leads by queue, owner, campaign and more; GET /v1/queues counts them
GET  /v1/models                    what was promoted
GET  /v1/openapi.json              all of it, described
GET  /readyz, /metrics             for operators
GET  /worklist                     the page for people: whom to call today (a browser that asks for / gets there);
                                   /leads/{lead_id}: one lead; /agreement, /team, /model and /data: the whole
"""
SCORE_QUERIES = ("reasons", "as_of")


def application(served: ServedHome, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The routes under /v1 for one home. `now` gives the moment for which scores hold."""
    scores, tracking = ScoreRoutes(served, now), TrackingRoutes(served, now)
    # A lead id may hold a slash. No redirects anywhere: senders of events take one for a delivery.
    routes = [
        api_route("/scores", scores.scores, "POST", SCORE_QUERIES),
        api_route("/leads/{lead_id:path}/score", scores.lead_score, queries=SCORE_QUERIES),
        api_route("/models", scores.models),
        api_route("/openapi.json", openapi),
        *tracking.routes(),
        *FailedEventRoutes(served, now).routes(),
        *HandoverRoutes(served, now).routes(),
        *DecisionRoutes(served, now).routes(),
        *NurtureRoutes(served).routes(),
        *HoleRoutes(served, now).routes(),
        *LeadRoutes(served, now).routes(),
        *AgreementRoutes(served).routes(),
    ]
    app = Starlette(
        routes=[
            Route("/", index),
            Mount("/v1", app=Router(routes, redirect_slashes=False), name="v1"),
            *tracking.browser_routes(),
            *other_tool_routes(),
            *CardRoutes(served, now).routes(),
            *SignInRoutes(served, now).routes(),
            *LeadPageRoutes(served, now).routes(),
            *WorklistRoutes(served, now).routes(),
            *HomePageRoutes(served, now).routes(),
        ],
        middleware=[Middleware(Boundary)],
        exception_handlers={
            Problem: _problem,
            HTTPException: _http_problem,
            OperationalError: partial(_no_database, served),
            InterfaceError: partial(_no_database, served),
        },
        lifespan=served.running,
    )
    app.router.redirect_slashes = False
    return app


class ScoreRoutes:
    """The endpoints of scores and models. Each admits its caller first, so that a stranger learns and costs nothing."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    async def scores(self, request: Request) -> Response:
        """POST /v1/scores"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        most, then = most_reasons(request.query_params.get("reasons")), asked_moment(request, self.now())
        raw = await body(request)
        is_small = len(raw) <= limits.SCORES_IN_LOOP_BYTES
        leads = _leads(raw) if is_small else await to_thread.run_sync(_leads, raw)
        return json_response({"data": await self._scores(leads, then, most)})

    async def lead_score(self, request: Request) -> Response:
        """GET /v1/leads/{lead_id}/score"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        most, then = most_reasons(request.query_params.get("reasons")), asked_moment(request, self.now())
        (score,) = await self._scores([{"lead_id": lead_id_of(request)}], then, most)
        if score["status"] in NO_SUCH_LEAD:
            raise no_such_lead(score["status"])
        return json_response(score)

    async def _scores(self, leads: LeadRequests, then: datetime | None, most: int | None) -> list[dict[str, Any]]:
        if then is None:
            return await self.served.scores(leads, self.now(), most)
        return await self.served.past_scores(leads, then, most)

    async def models(self, request: Request) -> Response:
        """GET /v1/models"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        try:
            models = await to_thread.run_sync(self.served.scorer.models)
        except LeadlightError as error:
            raise self.served.scoring_problem(error) from error
        return json_response({"data": models, "next_cursor": None, "has_more": False})


async def index(request: Request) -> Response:
    """GET /: who asks with a browser wants to see leads; a program gets the list of routes."""
    # In its place BentoML puts a page that loads a tag manager from outside.
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/worklist", 303)
    return PlainTextResponse(INDEX)


async def openapi(_request: Request) -> Response:
    """GET /v1/openapi.json"""
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    return orjson.dumps(document(_version()))


def _version() -> str:
    try:
        return version("leadlight")
    except PackageNotFoundError:  # a bento holds our code without its installation
        return "0"


def _leads(raw: bytes) -> list[dict[str, Any]]:
    return requested_leads(json_value(raw))


def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response(request.scope)


def _no_database(served: ServedHome, request: Request, error: Exception) -> Response:
    served.troubles.met(NO_DATABASE, type(error).__name__)
    message = "The database of this home cannot be reached now; ask again."
    return unavailable("database_unavailable", message, retry_after_s=5).response(request.scope)


def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = {name: _in_order(value) for name, value in (error.headers or {}).items()}
    code, message = {
        404: ("no_such_route", "There is nothing at this address; GET /v1/openapi.json lists what there is."),
        405: ("wrong_method", f"{request.method} is not for this address; it takes {headers.get('Allow')}."),
    }.get(error.status_code, ("http_error", str(error.detail)))
    return Problem(error.status_code, code, message, headers=headers).response(request.scope)


def _in_order(listed: str) -> str:
    return ", ".join(sorted(listed.split(", ")))
