"""The route of a lead's page: who may read it, where a merged lead went, and what is said of one that is gone."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.home.dates import moment
from features.home.errors import LeadlightError
from features.records.lead_record import LeadErased, UnknownLead, lead_record
from serving.decisions.served_then import ServedThen
from serving.leads.timeline import place_of
from serving.pages.lead.lead_page import LeadPage
from serving.pages.page import HEADERS, html_page, page_response
from serving.pages.visits import Visit, answered, notice_page, visit
from serving.process import ServedHome

GONE = (410, "This lead is gone", "Its data were erased, and nothing of it is held. What it sends later is refused.")
UNKNOWN = (404, "There is no such lead", "Nothing of this id was ever heard. Look for the lead on the worklist.")
CANNOT_SCORE = (503, "This cannot be shown now", "The service cannot score at this moment; its log says why.")


class LeadPageRoutes:
    """The endpoint of the page of a lead."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now
        self._known: tuple[Any, ServedThen] | None = None

    def routes(self) -> list[Route]:
        """The route, at the root."""
        return [Route("/leads/{lead_id:path}", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """GET /leads/{lead_id}"""
        return await to_thread.run_sync(self._answer, request)

    def _answer(self, request: Request) -> Response:
        answer: Response = answered(self.served, lambda: self._page(request), _sign_in(request))
        return answer

    def _page(self, request: Request) -> Response:
        lead_id = request.path_params["lead_id"]
        if "\0" in lead_id:  # PostgreSQL refuses NUL, and no lead has one
            return notice_page(self.served, *UNKNOWN)
        with visit(self.served, request, self.now()) as told:
            try:
                record = lead_record(told.connection, told.agreement, lead_id, only_ids=True)
                if record.lead_id != lead_id:  # it was merged, or an id of a browser: its page is that of the lead
                    return RedirectResponse(_address(request, record.lead_id), 307, HEADERS)
                shown = LeadPage(self.served, told, record, self._then(), _since(request, told.as_of))
                shown.check()
                return self._shown(request, shown, told)
            except LeadErased:
                return notice_page(self.served, *GONE)
            except UnknownLead:
                return notice_page(self.served, *UNKNOWN)
            except LeadlightError:
                return notice_page(self.served, *CANNOT_SCORE)

    def _then(self) -> ServedThen:
        """What answered at past moments, read again where a model was promoted or an agreement kept."""
        seen = self.served.scorer.served.seen[:2]
        if self._known is None or self._known[0] != seen:
            self._known = seen, ServedThen(self.served.home)
        return self._known[1]

    def _shown(self, request: Request, lead: LeadPage, told: Visit) -> Response:
        before = place_of(request.query_params["before"]) if request.query_params.get("before") else None
        root, me = root_of(request), _me(told)
        facts: dict[str, Any] = {"lead": lead, "timeline": lead.timeline(before), "is_later": before is not None}
        facts |= {"root": root, "worklist": f"{root}worklist{_query(me)}"}
        facts |= {"href": lambda lead_id, **asked: f"{root}leads/{quote(lead_id, safe='')}{_query({**me, **asked})}"}
        page = html_page("lead.html.j2", **facts, **_form(lead, told, root))
        return page_response(page, framed_by=self.served.home.settings.frame_ancestors)


def _form(lead: LeadPage, told: Visit, root: str) -> dict[str, Any]:
    """The card whose buttons stand on the page, where its forms go, and what they carry; None for all but its owner."""
    card = lead.card
    if card is None:
        return {"card": None, "form_token": None, "action": "", "hidden": {}}
    address = told.card_of(card.handover)
    token = told.signed_by.form_token(address.removeprefix("h/"), secrets.token_urlsafe(9), told.as_of)
    return {"card": card, "form_token": token, "action": f"{root}{address}", "hidden": {"back": "lead", **_me(told)}}


def root_of(request: Request) -> str:
    """The way from this page to where all pages begin: an id with a slash makes it longer."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return "../" * raw.partition(b"/leads/")[2].count(b"/") + "../"


def _sign_in(request: Request) -> str:
    """Where to sign in, and come back from."""
    wanted = f"leads/{quote(request.path_params['lead_id'], safe='')}"
    return f"{root_of(request)}sign-in?{urlencode({'to': wanted})}"


def _address(request: Request, lead_id: str) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{root_of(request)}leads/{quote(lead_id, safe='')}{query}"


def _since(request: Request, as_of: datetime) -> datetime | None:
    """The moment from which changes are asked for; None for none, and for one that is not past."""
    since = moment(request.query_params.get("since", ""))
    return since if since and since < as_of else None


def _me(told: Visit) -> dict[str, str]:
    """On this machine: who reads, which stays in the address."""
    return {"me": told.visitor.person} if told.visitor.way == "local" and told.visitor.person else {}


def _query(asked: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in asked.items() if value}
    return f"?{urlencode(given)}" if given else ""
