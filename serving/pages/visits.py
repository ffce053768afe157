"""One visit to a page: who reads it, by which agreement, in whose time zone; or the page that says why it is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from features.agreement.agreement import Agreement
from features.agreement.versions import NoAgreement, version_in_force
from features.agreement.working_time import WorkingTime
from features.home import tables
from features.home.database import reading
from serving.handovers.handover import Handover
from serving.notices.card_links import Signer, existing_signer
from serving.pages.page import HEADERS, html_page, page_response
from serving.pages.sign_in_routes import home_signer
from serving.process import ServedHome
from serving.signin.visitor import Visitor, visitor_of


class NotSignedIn(Exception):
    """Nobody vouches for who asks."""


class NotForYou(Exception):
    """The role of a person does not read what was asked for; one sentence."""


@dataclass(frozen=True)
class Visit:
    """Who reads a page, by which agreement and when; times are told in his zone. The connection reads."""

    connection: Connection
    agreement: Agreement
    visitor: Visitor
    as_of: datetime
    signed_by: Signer

    @property
    def hours(self) -> WorkingTime:
        return WorkingTime.of(self.agreement.people, self.visitor.person, self.agreement.time_zone)

    @property
    def zone(self) -> ZoneInfo:
        return self.hours.zone

    def card_of(self, handover: Handover) -> str:
        """The address of a handover's card, from the root of the pages: his own opens his card, others' a channel's."""
        person = handover.owner if self.visitor.is_own(handover.owner) else None
        return f"h/{self.signed_by.token(handover.handover_id, person)}"


@contextmanager
def visit(served: ServedHome, request: Request, as_of: datetime) -> Iterator[Visit]:
    """A visit with a connection open. Raises NotSignedIn and NoAgreement."""
    home = served.home
    agreement = version_in_force(home).agreement
    with reading(home) as connection:
        visitor = visitor_of(request, home.settings, connection, agreement, as_of)
        if visitor is None:
            raise NotSignedIn
        yield Visit(connection, agreement, visitor, as_of, existing_signer(connection) or home_signer(served))


def answered(served: ServedHome, work: Callable[[], Any], sign_in: str | None = None) -> Any:
    """What some work answers, or the page that says why it does not.

    sign_in: where whoever is not signed in is sent; None: nowhere.
    """
    try:
        return work()
    except NotSignedIn:
        if sign_in is not None and has_users(served):
            return RedirectResponse(sign_in, 303, HEADERS)
        return notice_page(served, 401, "Sign in first", "Nobody vouches for who you are; open the sign-in page.")
    except NotForYou as error:
        return notice_page(served, 403, "Not for your role", str(error))
    except NoAgreement:
        text = "This home has no agreement; `leadlight init` writes one."
        return notice_page(served, 503, "Nothing is agreed yet", text)


def has_users(served: ServedHome) -> bool:
    """Whether anybody can sign in here."""
    with reading(served.home) as connection:
        return connection.execute(select(tables.users.c.email).limit(1)).first() is not None


def notice_page(served: ServedHome, status: int, heading: str, text: str) -> Response:
    """A page that says one thing."""
    page = html_page("card_notice.html.j2", heading=heading, text=text)
    return page_response(page, status, framed_by=served.home.settings.frame_ancestors)
