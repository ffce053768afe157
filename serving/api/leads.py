"""The routes of one lead: its timeline, its export, its erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.versions import NoAgreement, version_in_force
from features.home.database import reading
from features.records.erasure import erase
from features.records.lead_record import LeadErased, UnknownLead, lead_record
from serving.api.requests import lead_id_of, no_such_lead, page_limit
from serving.api.routes import api_route
from serving.http.auth import MAY_ERASE_LEAD, MAY_EXPORT_LEAD, MAY_READ_TIMELINE, admit
from serving.http.bodies import body
from serving.http.idempotency import Idempotency
from serving.http.problems import Problem, json_response, unavailable
from serving.leads.lead_export import lead_export
from serving.leads.timeline import cursor_of, place_of, timeline
from serving.process import ServedHome


class LeadRoutes:
    """The endpoints. A lead is named by its id alone: an e-mail address has no place in a URL."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    def routes(self) -> list[Route]:
        """The routes, relative to /v1."""
        # A lead id may hold a slash, so the route that is only an id comes last.
        return [
            api_route("/leads/{lead_id:path}/timeline", self.timeline, queries=("limit", "cursor")),
            api_route("/leads/{lead_id:path}/export", self.export),
            api_route("/leads/{lead_id:path}", self.erase, "DELETE"),
            Route("/leads/{lead_id:path}", self.lead, methods=["GET"]),
        ]

    async def lead(self, _request: Request) -> Response:
        """GET /v1/leads/{lead_id}: there is no such address; who asks is told which there are."""
        there_is = "/v1/leads/{lead_id}/score, /timeline, /decisions, /changes, /history, /next and /export"
        raise Problem(404, "no_such_route", f"There is nothing at this address; of a lead there is {there_is}.")

    async def timeline(self, request: Request) -> Response:
        """GET /v1/leads/{lead_id}/timeline"""
        admit(request, self.served.credentials, MAY_READ_TIMELINE)
        lead_id, limit, cursor = lead_id_of(request), page_limit(request), request.query_params.get("cursor")
        before = None if cursor is None else place_of(cursor)
        if cursor is not None and before is None:
            raise Problem(422, "bad_cursor", "cursor is none of ours; give the next_cursor of the page before.")
        return json_response(await to_thread.run_sync(self._page, lead_id, limit, before))

    def _page(self, lead_id: str, limit: int, before: Any) -> dict[str, Any]:
        with _lead_problems():
            agreement = version_in_force(self.served.home).agreement
            with reading(self.served.home) as connection:
                found = lead_record(connection, agreement, lead_id, only_ids=True)
            shown = list(islice(timeline(found, agreement, before), limit + 1))
        has_more = len(shown) > limit
        next_cursor = cursor_of(shown[limit - 1][0]) if has_more else None
        return {"data": [event for _, event in shown[:limit]], "next_cursor": next_cursor, "has_more": has_more}

    async def export(self, request: Request) -> Response:
        """GET /v1/leads/{lead_id}/export"""
        admit(request, self.served.credentials, MAY_EXPORT_LEAD)
        return json_response(await to_thread.run_sync(self._export, lead_id_of(request)))

    def _export(self, lead_id: str) -> dict[str, Any]:
        with _lead_problems():
            return lead_export(self.served.home, self.served.scorer.scores, lead_id, self.now(), only_ids=True)

    async def erase(self, request: Request) -> Response:
        """DELETE /v1/leads/{lead_id}"""
        key = admit(request, self.served.credentials, MAY_ERASE_LEAD)
        lead_id, raw = lead_id_of(request), await body(request)

        async def act() -> Response:
            return json_response(await to_thread.run_sync(self._erase, lead_id))

        return await Idempotency(self.served.home, self.now).once(request, key, raw, act)

    def _erase(self, lead_id: str) -> dict[str, Any]:
        with _lead_problems():
            agreement = version_in_force(self.served.home).agreement
            return erase(self.served.home, agreement, lead_id, self.now(), only_ids=True).as_json()


@contextmanager
def _lead_problems() -> Iterator[None]:
    """Errors about a lead as callers of the API hear them."""
    try:
        yield
    except LeadErased:
        raise no_such_lead("erased") from None
    except UnknownLead:
        raise no_such_lead("unknown_lead") from None
    except NoAgreement as error:
        raise unavailable("no_agreement", f"{error}", retry_after_s=30) from None
