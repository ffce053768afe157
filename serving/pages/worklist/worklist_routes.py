"""The routes of the worklist: who asks, what he may see, and the same rows as a page or a file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from anyio import to_thread
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.agreement.agreement import Agreement
from features.home.database import writing
from serving.decisions.queues import queues
from serving.handovers.feedback import FeedbackRefused, FeedbackSaid
from serving.notices.short_texts import sentence
from serving.pages.home_pages import links_for
from serving.pages.page import HEADERS, html_page, page_response
from serving.pages.sign_in_routes import home_signer, is_foreign, sent_form
from serving.pages.visits import NotForYou, answered, notice_page, visit
from serving.pages.worklist.worklist import (
    EXPORTED,
    FILTERS,
    OF_HANDOVERS,
    QUEUE_NAMES,
    WorklistQuery,
    WorklistReading,
    WorklistRow,
)
from serving.pages.worklist.worklist_files import csv_file, xlsx_file
from serving.process import ServedHome
from serving.rounds.passing_on import ask_for_next, be_away_until, take_asked
from serving.signin.audit import note_in_audit
from serving.signin.visitor import READS, Visitor

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COUNTED_FOR = timedelta(seconds=2)


class OldForm(Exception):
    """A form was sent that this home did not show to who sent it."""


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
        is_page = request.method == "GET" and request.url.path.endswith("/worklist")
        return answered(self.served, lambda: self._worked(request, work), "sign-in" if is_page else None)

    def _worked(self, request: Request, work: Callable[[Desk], Any]) -> Any:
        try:
            with self._desk(request) as desk:
                return work(desk)
        except OldForm:
            text = (
                "This page was open for too long, or did not come from here. Nothing was recorded; go back and reload."
            )
            return notice_page(self.served, 403, "Nothing was recorded", text)
        except FeedbackRefused as refused:
            return notice_page(self.served, refused.status, "Nothing was recorded", f"{sentence(str(refused))}.")

    def _file(
        self, desk: Desk, request: Request, write: Callable[[Sequence[WorklistRow]], bytes], media_type: str
    ) -> Response:
        page = desk.reading.page(desk.asked, EXPORTED)
        rows, has_more = page.rows, page.is_cut or page.next is not None
        subject = request.url.path.rpartition("/")[2]
        with writing(self.served.home) as connection:
            details = {"queue": desk.asked.queue, "only": list(desk.asked.only), "rows": len(rows)}
            note_in_audit(connection, desk.visitor.label, "exported", subject, desk.reading.as_of, details)
        # Whoever opens the file sees by its name that it is not all.
        name = subject.replace(".", f"-only-the-first-{len(rows)}.") if has_more else subject
        named = {"Content-Disposition": f'attachment; filename="{name}"'}
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
        return RedirectResponse(f"../{desk.asked.address()}", 303, HEADERS)

    @contextmanager
    def _desk(self, request: Request) -> Iterator[Desk]:
        """Who asks and for what, with a connection open. Raises NotSignedIn, NotForYou and NoAgreement."""
        with visit(self.served, request, self.now()) as told:
            asked = WorklistQuery.of(request.query_params, told.visitor)
            rows = WorklistReading(told.connection, told.agreement, told.visitor, told.zone, told.as_of, told.card_of)
            yield Desk(told.visitor, told.agreement, asked, rows)

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
            "links": links_for(visitor),
            "filters": [(FILTERS[name], asked.toggled(name), name in asked.only) for name in _filters(visitor, asked)],
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


def _filters(visitor: Visitor, asked: WorklistQuery) -> list[str]:
    """Those that can find something: nobody's own, and no kind of handover where none is made."""
    left_out = {"mine"} if not visitor.names else set()
    left_out |= OF_HANDOVERS - set(asked.only) if asked.queue == "marketing" else set()
    return [name for name in FILTERS if name not in left_out]
