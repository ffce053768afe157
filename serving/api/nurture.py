"""The route of what is next for a lead that is not ready: for the server that renders a form, or sends a mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anyio import to_thread
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.home.clock import from_microseconds, rfc3339
from features.home.database import reading
from features.ledger.tombstones import erased_among
from serving.api.requests import lead_id_of, no_such_lead
from serving.api.routes import api_route
from serving.http.auth import MAY_READ_SCORES, admit
from serving.http.problems import json_response
from serving.nurture.kept_plans import kept_plans
from serving.process import ServedHome
from serving.scoring.answer import Answer
from serving.scoring.lead_now import DecisionName, Queue

PLANNED = tuple(
    "next due_at allowed_at ask missing waits phase unanswered last_touch_at come_back_at step by_then".split()
)


class LeadNext(Answer):
    """What is planned for one lead; all of it null where it is nobody's to nurture or to qualify."""

    lead_id: str
    decision: DecisionName
    queue: Queue | None
    decided_at: datetime
    next: dict[str, Any] | None = Field(description="kind (content, question, news, none), topic, content_id.")
    due_at: datetime | None = Field(description="When the next touch is due; null where nothing is to be sent.")
    allowed_at: datetime | None = Field(description="Before this the cap allows no touch at all; null: any time.")
    ask: dict[str, Any] | None = Field(description="The one question next: criterion, question, trait of the answer.")
    missing: list[str] | None = Field(description="The criteria that it has no points for.")
    waits: dict[str, Any] | None = Field(description="Why nothing is sent now: code, until, text.")
    phase: str | None = Field(description="regular, review (as many touches as agreed brought nothing) or slow.")
    unanswered: int | None = Field(description="Touches of ours since it last showed interest.")
    last_touch_at: datetime | None
    come_back_at: datetime | None = Field(description="The next date on which it returns by itself.")
    by_then: list[dict[str, Any]] | None = Field(
        description="What comparable leads that converted had done by then: rates, their difference, of how many."
    )
    step: dict[str, Any] | None = Field(description="Of inside sales: step, of, medium, due_at, until, tries.")


class NurtureRoutes:
    """The endpoint. It reads what the newest decision keeps, so that a form waits for no computing."""

    def __init__(self, served: ServedHome) -> None:
        self.served = served

    def routes(self) -> list[Route]:
        """The routes, relative to /v1."""
        return [api_route("/leads/{lead_id:path}/next", self.next)]

    async def next(self, request: Request) -> Response:
        """GET /v1/leads/{lead_id}/next"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        return json_response(await to_thread.run_sync(self._next, lead_id_of(request)))

    def _next(self, lead_id: str) -> dict[str, Any]:
        with reading(self.served.home) as connection:
            if erased_among(connection, [("lead", lead_id)]):
                raise no_such_lead("erased")
            kept = kept_plans(connection, [lead_id]).get(lead_id)
        if kept is None:
            raise no_such_lead("unknown_lead")
        plan = kept.plan or {}
        decided_at = rfc3339(from_microseconds(kept.decided_us))
        told = {"lead_id": lead_id, "decision": kept.decision, "queue": kept.queue, "decided_at": decided_at}
        return told | {name: plan.get(name) for name in PLANNED}
