"""The routes of a card: GET shows it and changes nothing; POST records what one click says, then shows it again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, quote, urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.agreement.agreement import Agreement
from features.agreement.people import is_person, person_key
from features.agreement.versions import NoAgreement, current_version
from features.agreement.working_time import WorkingTime
from features.home.database import reading
from features.records.lead_record import LeadErased, UnknownLead
from serving.handovers.feedback import FeedbackRefused, feedback_said, undo_until
from serving.handovers.handover import Handover
from serving.handovers.store import handover_by_id
from serving.http.bodies import body
from serving.http.problems import Problem
from serving.notices.card_links import CardLink, existing_signer, is_over
from serving.notices.given_feedback import give_feedback, was_given
from serving.notices.short_texts import colleague, sentence
from serving.pages.card.card import Card, CardFacts, Viewer
from serving.pages.card.card_facts import Reader, card_facts
from serving.pages.card.clicks import BadClick, feedback_of
from serving.pages.page import HEADERS, html_page, page_response
from serving.process import ServedHome

MOST_FORM_BYTES = 16_384


class NoCard(Exception):
    """There is no card to show; what a person reads instead, and the status."""

    def __init__(self, status: int, heading: str, text: str) -> None:
        super().__init__(heading)
        self.status, self.heading, self.text = status, heading, text


UNKNOWN = (404, "There is no such card", "The link is not complete, or it was not made here. Open it from the message.")
OVER = (
    410,
    "This link no longer holds",
    "The handover was closed more than a day ago. Your CRM has what became of it.",
)


@dataclass(frozen=True)
class OpenedCard:
    """A card that somebody may see, with the link by which he came."""

    token: str
    link: CardLink
    card: Card

    @property
    def owner(self) -> str:
        return colleague(self.card.handover.owner)


class CardRoutes:
    """The endpoints of cards; the link is the key, so there is no other."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    def routes(self) -> list[Route]:
        """The routes, at the root."""
        return [
            Route("/h/{token}", self.show, methods=["GET"]),
            Route("/h/{token}", self.record, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """GET /h/{token}"""
        return await to_thread.run_sync(self._page, request.path_params["token"])

    async def record(self, request: Request) -> Response:
        """POST /h/{token}"""
        try:
            raw = await body(request)
        except Problem as problem:
            return self._message(NoCard(problem.status, "This could not be read", problem.message))
        if len(raw) > MOST_FORM_BYTES:
            return self._message(NoCard(413, "This is too much", "Shorten the note, and send it again."))
        given = form_fields(raw)
        return await to_thread.run_sync(self._recorded, request.path_params["token"], given)

    def _page(self, token: str, problem: str | None = None, status: int = 200) -> Response:
        try:
            opened = self._opened(token)
        except NoCard as none:
            return self._message(none)
        card, signed_by = opened.card, opened.link.signer
        form_token = signed_by.form_token(token, secrets.token_urlsafe(9), card.as_of) if card.is_owners else None
        page = html_page("card.html.j2", card=card, form_token=form_token, problem=problem, owner=opened.owner)
        return page_response(page, status, framed_by=self.served.home.settings.frame_ancestors)

    def _message(self, none: NoCard) -> Response:
        page = html_page("card_notice.html.j2", heading=none.heading, text=none.text)
        return page_response(page, none.status, framed_by=self.served.home.settings.frame_ancestors)

    def _recorded(self, token: str, given: Mapping[str, str]) -> Response:
        try:
            opened = self._opened(token)
        except NoCard as none:
            return self._message(none)
        card, person = opened.card, opened.card.viewer.person
        nonce = opened.link.signer.read_form(given.get("form", ""), token, card.as_of)
        if person is None or nonce is None:
            old = "This page was open for too long, or did not come from here. Nothing was recorded; click once more."
            return self._page(token, old, 403)
        try:
            self._give(card, person, given, _event_id(nonce, given))
        except BadClick as bad:
            return self._page(token, str(bad), 422)
        except FeedbackRefused as refused:
            return self._page(token, f"{sentence(str(refused))}.", refused.status)
        return RedirectResponse(f"{self._prefix}/{_next_page(token, card, given)}", 303, HEADERS)

    def _give(self, card: Card, person: str, given: Mapping[str, str], event_id: str) -> None:
        """Record a click by the function behind POST feedback. Raises BadClick and FeedbackRefused."""
        home, handover = self.served.home, card.handover
        body = {"by": person, **feedback_of(given, handover, card.as_of.astimezone(card.viewer.zone))}
        if not was_given(home, event_id):
            said = feedback_said(body, handover.lead_id, event_id, card.as_of)
            give_feedback(home, current_version(home).agreement, said, card.as_of)

    @property
    def _prefix(self) -> str:
        """The path under which a proxy shows the service."""
        url = self.served.home.settings.public_url
        return (url.path or "").rstrip("/") if url else ""

    def _opened(self, token: str) -> OpenedCard:
        """The card that a token opens, as its reader may see it. Raises NoCard."""
        as_of = self.now()
        try:
            agreement = current_version(self.served.home).agreement
        except NoAgreement:
            raise NoCard(*UNKNOWN) from None
        with reading(self.served.home) as connection:
            signed_by = existing_signer(connection)
            link = signed_by.read(token) if signed_by else None
            handover = handover_by_id(connection, link.handover_id) if link else None
            if link is None or handover is None:
                raise NoCard(*UNKNOWN)
            if is_over(handover, as_of):
                raise NoCard(*OVER)
            viewer = _viewer(link, handover, agreement)
            facts = CardFacts()
            if viewer.person is not None:
                try:
                    facts = card_facts(connection, agreement, handover, Reader(as_of, viewer.zone))
                except (LeadErased, UnknownLead):
                    raise NoCard(410, "This lead is gone", "Its data were erased; nothing of it is held.") from None
        until = undo_until(handover.undo_to.at, handover.undo_to.by, agreement) if handover.undo_to else None
        return OpenedCard(token, link, Card(handover, facts, viewer, as_of, until))


def _next_page(token: str, card: Card, given: Mapping[str, str]) -> str:
    """Where a click leads: to the card again, or to the page of the lead where it was made there."""
    if given.get("back") != "lead":
        return f"h/{token}"
    me = given.get("me", "")
    return f"leads/{quote(card.handover.lead_id, safe='')}" + (f"?{urlencode({'me': me})}" if is_person(me) else "")


def form_fields(raw: bytes) -> dict[str, str]:
    """The first value of each field that a form sent."""
    return {name: values[0] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}


def _event_id(nonce: str, given: Mapping[str, str]) -> str:
    """The id of what one page says by one button: sent twice, it is said once."""
    pressed = f"{nonce}:{given.get('do')}"
    return f"fb_{hashlib.sha256(pressed.encode()).hexdigest()[:24]}"


def _viewer(link: CardLink, handover: Handover, agreement: Agreement) -> Viewer:
    """Who came by a link. Raises NoCard for who has the lead no longer."""
    person = None if link.is_channels else link.person(handover)
    if not link.is_channels and (person is None or person_key(person) != person_key(handover.owner or "")):
        has_it = f"{colleague(handover.owner)} has this lead now." if handover.owner else "Nobody has this lead now."
        raise NoCard(200, "No longer yours", f"{has_it} There is nothing left for you to do here.")
    return Viewer(person, WorkingTime.of(agreement.people, person, agreement.time_zone))
