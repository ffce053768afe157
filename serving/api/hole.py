"""The route of the hole: GET /v1/hole, as JSON for programs and as a page for a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from anyio import to_thread
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.versions import NoAgreement, version_in_force
from serving.api.requests import past_moment
from serving.api.routes import api_route
from serving.funnel.hole_report import report_of_home
from serving.http.auth import MAY_READ_SCORES, admit
from serving.http.problems import json_response, unavailable
from serving.pages.hole.hole_page import hole_page
from serving.pages.page import page_response
from serving.process import ServedHome
from serving.scoring.answer import Answer


class HoleReport(Answer):
    """What became of the handovers of a period, and of the leads that came; shares are {value, count, of, interval}."""

    since: datetime = Field(alias="from")
    to: datetime
    handovers: int
    explored: int
    funnel: dict[str, Any] = Field(description="lead, mql, sal, sql, won: leads, and the share of the step before.")
    by_source: list[dict[str, Any]]
    by_campaign: list[dict[str, Any]]
    speed: dict[str, Any]
    acceptance: dict[str, Any] = Field(description="Against agreed_at_least; by grade and campaign, with reasons.")
    tries: dict[str, Any] = Field(description="What became of them by how early and how often they were tried.")
    criteria: list[dict[str, Any]] = Field(description="How many were won with points for each, and without.")
    campaigns: list[dict[str, Any]] = Field(description="Mean probability, conversions, cost of a conversion.")
    segments: list[dict[str, Any]] = Field(description="Those that are proven to win more often than all.")
    missed: dict[str, Any]
    inflation: list[dict[str, Any]] = Field(description="Of the leads of each month, how many were over the bar.")
    per_rep: bool = Field(description="Whether owners are named; else all of sales is one.")
    owners: list[dict[str, Any]]
    spread: dict[str, Any]
    months_to_win: float | None
    currency: str | None
    inside_sales: dict[str, Any]
    without_source: dict[str, Any]
    baseline: dict[str, Any] | None = Field(description="The first count, of the CRM's history, where one was made.")


class HoleRoutes:
    """The endpoint. It names owners where the agreement says `per_rep`, and no lead."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    def routes(self) -> list[Route]:
        """The routes, relative to /v1."""
        return [api_route("/hole", self.hole, queries=("from",))]

    async def hole(self, request: Request) -> Response:
        """GET /v1/hole"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        since = past_moment(request, "from", self.now())
        report = await to_thread.run_sync(self._report, since)
        if request.headers.get("accept", "").strip().lower().startswith("text/html"):
            return page_response(hole_page(report))
        return json_response(report)

    def _report(self, since: datetime | None) -> dict[str, Any]:
        home = self.served.home
        try:
            agreement = version_in_force(home).agreement
        except NoAgreement as error:
            raise unavailable("no_agreement", f"{error}", retry_after_s=30) from None
        return report_of_home(home, agreement, self.now(), since)
