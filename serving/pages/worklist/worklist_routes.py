"""The routes of the worklist: who asks, what he may see, and the same rows as a page or a file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from anyio import to_thread
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.agreement.agreement import Agreement
from features.agreement.versions import NoAgreement, version_in_force
from features.agreement.working_time import WorkingTime
from features.home import tables
from features.home.database import reading, writing
from serving.decisions.queues import queues
from serving.handovers.feedback import FeedbackRefused, FeedbackSaid
from serving.handovers.handover import Handover
from serving.notices.card_links import Signer
from serving.notices.short_texts import sentence
from serving.pages.page import HEADERS, html_page, page_response
from serving.pages.sign_in_routes import home_signer, is_foreign, sent_form
from serving.pages.worklist.worklist import (
    EXPORTED,
    FILTERS,
    QUEUE_NAMES,
    NotForYou,
    WorklistQuery,
    WorklistReading,
    WorklistRow,
)
from serving.pages.worklist.worklist_files import csv_file, xlsx_file
from serving.process import ServedHome
from serving.rounds.passing_on import ask_for_next, be_away_until, take_asked
from serving.signin.audit import note_in_audit
from serving.signin.visitor import READS, Visitor, visitor_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COUNTED_FOR = timedelta(seconds=2)


class OldForm(Exception):
    """A form was sent that this home did not show to who sent it."""


class NotSignedIn(Exception):
    """Nobody vouches for who asks."""


@dataclass(frozen=True)
class Desk:
    """What one request for the worklist is answered from."""

    visitor: Visitor
    agreement: Agreement
    asked: WorklistQuery
    reading: WorklistReading


class WorklistRoutes:
    """The endpoints of the worklist."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now
        self._counted: tuple[datetime, dict[str, Any]] | None = None

    def routes(self) -> list[Route]:
        """The routes, at the root."""
        return [
            Route("/worklist", self.show, methods=["GET"]),
            Route("/worklist.csv", partial(self.export, write=csv_file, media_type="text/csv"), methods=["GET"]),
            Route("/worklist.xlsx", partial(self.export, write=xlsx_file, media_type=XLSX), methods=["GET"]),
            Route("/worklist/take", self.take, methods=["POST"]),
            Route("/worklist/away", self.away, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """GET /worklist"""
        return await to_thread.run_sync(self._page, request)

    async def export(
        self, request: Request, write: Callable[[Sequence[WorklistRow]], bytes], media_type: str
    ) -> Response:
        """GET /worklist.csv and /worklist.xlsx"""
        return await to_thread.run_sync(
            self._answer, request, lambda desk: self._file(desk, request, write, media_type)
        )

    async def take(self, request: Request) -> Response:
        """POST /worklist/take"""
        given = await sent_form(request)
        said = await to_thread.run_sync(self._answer, request, lambda desk: self._asked_for_next(desk, request, given))
        if isinstance(said, Response):
            return said
        await self.served.queue.wait_for_publication()
        return await to_thread.run_sync(self._answer, request, lambda desk: self._took(desk, said))

    async def away(self, request: Request) -> Response:
        """POST /worklist/away"""
        given = await sent_form(request)
        return await to_thread.run_sync(self._answer, request, lambda desk: self._is_away(desk, request, given))

    def _page(self, request: Request) -> Response:
        answer: Response = self._answer(request, self._shown)
        return answer

    def _answer(self, request: Request, work: Callable[[Desk], Any]) -> Any:
        """What some work at the desk of who asks answers, or the page that says why it does not."""
        try:
            with self._desk(request) as desk:
                return work(desk)
        except NotSignedIn:
            if request.method == "GET" and request.url.path.endswith("/worklist") and self._has_users():
                return RedirectResponse("sign-in", 303, HEADERS)
            return self._notice(401, "Sign in first", "Nobody vouches for who you are; open the sign-in page.")
        except NotForYou as error:
            return self._notice(403, "Not for your role", str(error))
        except OldForm:
            text = (
                "This page was open for too long, or did not come from here. Nothing was recorded; go back and reload."
            )
            return self._notice(403, "Nothing was recorded", text)
        except FeedbackRefused as refused:
            return self._notice(refused.status, "Nothing was recorded", f"{sentence(str(refused))}.")
        except NoAgreement:
            return self._notice(
                503, "Nothing is agreed yet", "This home has no agreement; `leadlight init` writes one."
            )

    def _has_users(self) -> bool:
        with reading(self.served.home) as connection:
            return connection.execute(select(tables.users.c.email).limit(1)).first() is not None

    def _notice(self, status: int, heading: str, text: str) -> Response:
        page = html_page("card_notice.html.j2", heading=heading, text=text)
        return page_response(page, status, framed_by=self.served.home.settings.frame_ancestors)

    def _file(
        self, desk: Desk, request: Request, write: Callable[[Sequence[WorklistRow]], bytes], media_type: str
    ) -> Response:
        rows = desk.reading.page(desk.asked, EXPORTED).rows
        subject = request.url.path.rpartition("/")[2]
        with writing(self.served.home) as connection:
            details = {"queue": desk.asked.queue, "only": list(desk.asked.only), "rows": len(rows)}
            note_in_audit(connection, desk.visitor.label, "exported", subject, desk.reading.as_of, details)
        named = {"Content-Disposition": f'attachment; filename="{subject}"'}
        return Response(write(rows), media_type=media_type, headers={**HEADERS, **named})

    def _person(self, desk: Desk, request: Request, given: Mapping[str, str]) -> str:
        """As whom the one who sent a form acts: a name of his in [people]. Raises OldForm and NotForYou."""
        form = home_signer(self.served).read_form(given.get("form", ""), desk.visitor.session, desk.reading.as_of)
        if form is None or is_foreign(request):
            raise OldForm
        known = [name for name in desk.visitor.names if desk.agreement.people.rep(name) is not None]
        if not known:
            raise NotForYou("You are nobody of [people] in the agreement, so leads do not come to you.")
        return known[0]

    def _asked_for_next(self, desk: Desk, request: Request, given: Mapping[str, str]) -> FeedbackSaid:
        return ask_for_next(self.served.home, self._person(desk, request, given), desk.reading.as_of)

    def _took(self, desk: Desk, said: FeedbackSaid) -> Response:
        handover = take_asked(self.served.home, said, self.now())
        with writing(self.served.home) as connection:
            note_in_audit(connection, desk.visitor.label, "took_lead", said.lead_id, self.now())
        return RedirectResponse(
            f"../{desk.reading.card_link(handover) if handover else desk.asked.address()}", 303, HEADERS
        )

    def _is_away(self, desk: Desk, request: Request, given: Mapping[str, str]) -> Response:
        person, now = self._person(desk, request, given), desk.reading.as_of
        try:
            until = date.fromisoformat(given["until"]) if given.get("until") else None
        except ValueError:
            raise FeedbackRefused("until is no day; give one such as 2026-12-31", code="bad_until") from None
        be_away_until(self.served.home, person, until, now)
        with writing(self.served.home) as connection:
            note_in_audit(connection, desk.visitor.label, "away", person, now, {"until": given.get("until") or None})
        return RedirectResponse(f"../{desk.asked.address()}", 303, HEADERS)

    @contextmanager
    def _desk(self, request: Request) -> Iterator[Desk]:
        """Who asks and for what, with a connection open. Raises NotSignedIn, NotForYou and NoAgreement."""
        home, as_of = self.served.home, self.now()
        agreement, signed_by = version_in_force(home).agreement, home_signer(self.served)
        with reading(home) as connection:
            visitor = visitor_of(request, home.settings, connection, agreement, as_of)
            if visitor is None:
                raise NotSignedIn
            asked = WorklistQuery.of(request.query_params, visitor)
            zone = zone_of(visitor, agreement)
            link = LinkToCard(signed_by, visitor)
            yield Desk(visitor, agreement, asked, WorklistReading(connection, agreement, visitor, zone, as_of, link))

    def _shown(self, desk: Desk) -> Response:
        asked, visitor = desk.asked, desk.visitor
        shown, counts = desk.reading.page(asked), self._counts(desk.reading.connection)
        facts: dict[str, Any] = {
            "asked": asked,
            "visitor": visitor,
            "rows": shown.rows,
            "is_cut": shown.is_cut,
            "next": asked.address(cursor=shown.next) if shown.next else None,
            "queues": list(_queue_links(counts, asked, visitor)),
            "counts": counts,
            "heading": QUEUE_NAMES[asked.queue],
            "filters": [(FILTERS[name], asked.toggled(name), name in asked.only) for name in _filters(visitor)],
        }
        facts |= self._forms(desk)
        page = html_page("worklist.html.j2", **facts)
        return page_response(page, framed_by=self.served.home.settings.frame_ancestors)

    def _forms(self, desk: Desk) -> dict[str, Any]:
        """What of forms the page shows: taking and being away for who has leads, signing out for who signed in."""
        visitor, as_of = desk.visitor, desk.reading.as_of
        has_leads = any(desk.agreement.people.rep(name) is not None for name in visitor.names)
        form = home_signer(self.served).form_token(visitor.session, secrets.token_urlsafe(9), as_of)
        today = as_of.astimezone(desk.reading.zone).date()
        return {"has_leads": has_leads, "form_token": form, "today": today}

    def _counts(self, connection: Connection) -> dict[str, Any]:
        """The queues with their sums; one count answers for a moment, for it reads every lead."""
        now, known = self.now(), self._counted
        if known is None or not timedelta(0) <= now - known[0] < COUNTED_FOR:
            self._counted = known = now, queues(connection, now)
        return known[1]


@dataclass(frozen=True)
class QueueLink:
    """One queue on top of the page. address: None where the visitor does not read it."""

    name: str
    leads: int
    overdue: int
    address: str | None
    is_here: bool


def _queue_links(counts: dict[str, Any], asked: WorklistQuery, visitor: Visitor) -> Iterator[QueueLink]:
    for queue, name in QUEUE_NAMES.items():
        rows = [row for row in counts["queues"] if row["queue"] == queue]
        address = asked.address(queue=queue, only=(), search="", owner="") if queue in READS[visitor.role] else None
        leads, overdue = (sum(row[figure] for row in rows) for figure in ("count", "overdue"))
        yield QueueLink(name, leads, overdue, address, queue == asked.queue)


def _filters(visitor: Visitor) -> list[str]:
    return [name for name in FILTERS if name != "mine" or visitor.names]


@dataclass(frozen=True)
class LinkToCard:
    """Links to cards for who reads the list: his own open his card, those of others what a channel may see."""

    signed_by: Signer
    visitor: Visitor

    def __call__(self, handover: Handover) -> str:
        """The address of the card, from the page's own."""
        person = handover.owner if self.visitor.is_own(handover.owner) else None
        return f"h/{self.signed_by.token(handover.handover_id, person)}"


def zone_of(visitor: Visitor, agreement: Agreement) -> ZoneInfo:
    """The zone of a person's office hours."""
    return WorkingTime.of(agreement.people, visitor.person, agreement.time_zone).zone
