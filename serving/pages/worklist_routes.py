"""The routes of the worklist: who asks, what he may see, and the same rows as a page or a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from anyio import to_thread
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.agreement import Agreement
from features.agreement.versions import NoAgreement, version_in_force
from features.agreement.working_time import WorkingTime
from features.home.database import reading, writing
from serving.decisions.queues import queues
from serving.handovers.handover import Handover
from serving.notices.card_links import Signer, existing_signer, signer
from serving.pages.page import html_page, page_response
from serving.pages.worklist import FILTERS, QUEUE_NAMES, NotForYou, WorklistQuery, WorklistReading
from serving.process import ServedHome
from serving.signin.visitor import READS, Visitor, visitor_of

COUNTED_FOR = timedelta(seconds=2)


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
        return [Route("/worklist", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """GET /worklist"""
        return await to_thread.run_sync(self._page, request)

    def _page(self, request: Request) -> Response:
        try:
            with self._desk(request) as desk:
                return self._shown(desk)
        except NotSignedIn:
            return notice(401, "Sign in first", "Nobody here knows who you are.")
        except NotForYou as error:
            return notice(403, "Not for your role", str(error))
        except NoAgreement:
            return notice(503, "Nothing is agreed yet", "This home has no agreement; `leadlight init` writes one.")

    @contextmanager
    def _desk(self, request: Request) -> Iterator[Desk]:
        """Who asks and for what, with a connection open. Raises NotSignedIn, NotForYou and NoAgreement."""
        home, as_of = self.served.home, self.now()
        agreement, signed_by = version_in_force(home).agreement, self._signer()
        with reading(home) as connection:
            visitor = visitor_of(request, home.settings, connection, agreement)
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
        return page_response(html_page("worklist.html.j2", **facts))

    def _counts(self, connection: Connection) -> dict[str, Any]:
        """The queues with their sums; one count answers for a moment, for it reads every lead."""
        now, known = self.now(), self._counted
        if known is None or not timedelta(0) <= now - known[0] < COUNTED_FOR:
            self._counted = known = now, queues(connection, now)
        return known[1]

    def _signer(self) -> Signer:
        with reading(self.served.home) as connection:
            known = existing_signer(connection)
        if known is not None:
            return known
        with writing(self.served.home) as connection:
            return signer(connection)


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
        person = handover.owner if self.visitor.is_own(handover.owner) else None
        return f"h/{self.signed_by.token(handover.handover_id, person)}"


def zone_of(visitor: Visitor, agreement: Agreement) -> ZoneInfo:
    """The zone of a person's office hours."""
    return WorkingTime.of(agreement.people, visitor.person, agreement.time_zone).zone


def notice(status: int, heading: str, text: str) -> Response:
    """A page that says one thing."""
    return page_response(html_page("card_notice.html.j2", heading=heading, text=text), status)
