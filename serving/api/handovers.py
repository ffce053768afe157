"""The routes of handovers and feedback: lists, one, what people say of them, and who has them."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.versions import NoAgreement, version_in_force
from features.home.database import reading, writing
from serving.api.handover_schemas import AwayRequest, FeedbackRequest, PersonRequest
from serving.api.requests import check, lead_id_of, no_such_lead, page_limit
from serving.api.routes import api_route
from serving.handovers.answer import handover_answers
from serving.handovers.feedback import FeedbackRefused, FeedbackSaid, feedback_said
from serving.handovers.handover import KINDS, Handover
from serving.handovers.lists import STATES_OF_LISTS, HandoverFilter, HandoverPlace, handover_list
from serving.handovers.recording import Recorded
from serving.handovers.sending import SENT, SendingKind, send_to_sales, sending
from serving.handovers.store import handover_by_id, open_handovers
from serving.http.auth import MAY_GIVE_FEEDBACK, MAY_READ_HANDOVERS, admit
from serving.http.bodies import body, json_value
from serving.http.idempotency import Idempotency
from serving.http.keys import Key
from serving.http.problems import Problem, json_response, unavailable
from serving.notices.card_links import Signer, existing_signer, is_over, lead_link, link_of, signer
from serving.notices.given_feedback import give_feedback
from serving.notices.short_texts import sentence
from serving.process import ServedHome
from serving.rounds.passing_on import ask_for_next, be_away_until, give_back, take_asked

FILTERS = ("state", "owner", "overdue", "kind", "lead", "trial")


class HandoverRoutes:
    """The endpoints. Whom to call is shown to who may give feedback; scores:read alone sees no contact data."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    def routes(self) -> list[Route]:
        """The routes, relative to /v1."""
        return [
            api_route("/handovers", self.page, queries=(*FILTERS, "limit", "cursor")),
            api_route("/handovers/take", self.take, "POST"),
            api_route("/handovers/{handover_id}/give-back", self.give_back, "POST"),
            api_route("/handovers/{handover_id}", self.one),
            api_route("/people/{person}/away", self.away, "POST"),
            api_route("/leads/{lead_id:path}/handover", self.send, "POST"),
            api_route("/leads/{lead_id:path}/feedback", self.feedback, "POST"),
        ]

    async def page(self, request: Request) -> Response:
        """GET /v1/handovers"""
        key = admit(request, self.served.credentials, MAY_READ_HANDOVERS)
        wanted, limit = _filter(request), page_limit(request)
        cursor = request.query_params.get("cursor")
        before = None if cursor is None else HandoverPlace.in_cursor(cursor)
        if cursor is not None and before is None:
            raise Problem(422, "bad_cursor", "cursor is none of ours; give the next_cursor of the page before.")
        return json_response(await to_thread.run_sync(self._page, wanted, limit, before, _sees_contact(key)))

    def _page(
        self, wanted: HandoverFilter, limit: int, before: HandoverPlace | None, has_contact: bool
    ) -> dict[str, Any]:
        with reading(self.served.home) as connection:
            found = handover_list(connection, wanted, self.now(), limit + 1, before)
        has_more, shown = len(found) > limit, found[:limit]
        next_cursor = HandoverPlace.of(shown[-1]).cursor if has_more else None
        return {"data": self._answers(shown, has_contact), "next_cursor": next_cursor, "has_more": has_more}

    async def one(self, request: Request) -> Response:
        """GET /v1/handovers/{handover_id}"""
        key = admit(request, self.served.credentials, MAY_READ_HANDOVERS)
        handover = await to_thread.run_sync(self._by_id, str(request.path_params["handover_id"]))
        if handover is None:
            raise Problem(404, "unknown_handover", "There is no handover with this id.")
        (answer,) = await to_thread.run_sync(self._answers, [handover], _sees_contact(key))
        return json_response(answer)

    async def feedback(self, request: Request) -> Response:
        """POST /v1/leads/{lead_id}/feedback"""
        message_id = f"fb_{uuid.uuid4().hex}"

        async def act(asked: dict[str, Any], key: Key | None) -> Response:
            lead_id = lead_id_of(request)
            recorded = await self._done(partial(self._given, lead_id, asked, message_id))
            # What the lead's decision makes of it, such as the handover of one that was qualified, is answered, too.
            await self.served.queue.wait_for_publication()
            return json_response(await to_thread.run_sync(self._told, recorded, message_id, _sees_contact(key)))

        return await self._once(request, FeedbackRequest, act)

    def _given(self, lead_id: str, asked: dict[str, Any], message_id: str) -> Recorded:
        now = self.now()
        agreement = version_in_force(self.served.home).agreement
        return give_feedback(self.served.home, agreement, feedback_said(asked, lead_id, message_id, now), now)

    def _told(self, recorded: Recorded, feedback_id: str, has_contact: bool) -> dict[str, Any]:
        with reading(self.served.home) as connection:
            if recorded.handover is None:
                handover = open_handovers(connection, [recorded.lead_id]).get(recorded.lead_id)
            else:
                handover = handover_by_id(connection, recorded.handover.handover_id)
        if handover is None:
            return {"handover_id": None, "lead_id": recorded.lead_id, "feedback_id": feedback_id}
        return self._answers([handover], has_contact)[0]

    async def send(self, request: Request) -> Response:
        """POST /v1/leads/{lead_id}/handover"""

        async def act(asked: dict[str, Any], key: Key | None) -> Response:
            said = await self._done(partial(self._sent, lead_id_of(request), asked["by"], SENT))
            await self.served.queue.wait_for_publication()
            return json_response(await to_thread.run_sync(self._of_lead, said, _sees_contact(key)))

        return await self._once(request, PersonRequest, act)

    async def take(self, request: Request) -> Response:
        """POST /v1/handovers/take"""

        async def act(asked: dict[str, Any], key: Key | None) -> Response:
            said = await self._done(partial(ask_for_next, self.served.home, asked["by"], self.now()))
            await self.served.queue.wait_for_publication()
            await self._done(partial(take_asked, self.served.home, said, self.now()))
            return json_response(await to_thread.run_sync(self._of_lead, said, _sees_contact(key)))

        return await self._once(request, PersonRequest, act)

    def _sent(self, lead_id: str, by: str, kind: SendingKind) -> FeedbackSaid:
        said = sending(lead_id, by, kind, f"fb_{uuid.uuid4().hex}", self.now())
        with writing(self.served.home) as connection:
            return replace(said, lead_id=send_to_sales(connection, said, said.at))

    def _of_lead(self, said: FeedbackSaid, has_contact: bool) -> dict[str, Any]:
        return self._told(Recorded(said.lead_id, None), said.message_id, has_contact)

    async def give_back(self, request: Request) -> Response:
        """POST /v1/handovers/{handover_id}/give-back"""
        handover_id = str(request.path_params["handover_id"])

        async def act(asked: dict[str, Any], key: Key | None) -> Response:
            handover = await self._done(partial(give_back, self.served.home, handover_id, asked["by"], self.now()))
            (answer,) = await to_thread.run_sync(self._answers, [handover], _sees_contact(key))
            return json_response(answer)

        return await self._once(request, PersonRequest, act)

    async def away(self, request: Request) -> Response:
        """POST /v1/people/{person}/away"""
        person = str(request.path_params["person"])

        async def act(asked: dict[str, Any], key: Key | None) -> Response:
            until = _day(asked["until"])
            passed = await self._done(partial(be_away_until, self.served.home, person, until, self.now()))
            return json_response({"data": await to_thread.run_sync(self._answers, passed, _sees_contact(key))})

        return await self._once(request, AwayRequest, act)

    async def _once(
        self, request: Request, model: type[Any], act: Callable[[dict[str, Any], Key | None], Awaitable[Response]]
    ) -> Response:
        """What `act` answers to a body of this shape; once for each Idempotency-Key."""
        key = admit(request, self.served.credentials, MAY_GIVE_FEEDBACK)
        raw = await body(request)

        async def acted() -> Response:
            asked = json_value(raw)
            check(asked, model)
            return await act(asked, key)

        return await Idempotency(self.served.home, self.now).once(request, key, raw, acted)

    async def _done(self, work: Callable[[], Any]) -> Any:
        try:
            return await to_thread.run_sync(work)
        except FeedbackRefused as refused:
            if refused.code == "erased":
                raise no_such_lead("erased") from None
            raise Problem(refused.status, refused.code, f"{sentence(str(refused))}.") from None
        except NoAgreement as error:
            raise unavailable("no_agreement", f"{error}", retry_after_s=30) from None

    def _answers(self, found: Sequence[Handover], has_contact: bool) -> list[dict[str, Any]]:
        if not found:
            return []
        agreement = version_in_force(self.served.home).agreement
        with reading(self.served.home) as connection:
            answers = handover_answers(connection, agreement, found, self.now(), has_contact)
            signed_by = existing_signer(connection)
        for handover, answer in zip(found, answers, strict=True):
            card = self._card(handover, signed_by) if has_contact else None
            answer["links"] = {"card": card, "lead": lead_link(self.served.home.settings, handover.lead_id)}
        return answers

    def _card(self, handover: Handover, signed_by: Signer | None) -> str | None:
        """The link to the owner's card; for who may see whom to call, and may say how it went."""
        home = self.served.home
        if home.settings.public_url is None or handover.owner is None or is_over(handover, self.now()):
            return None
        if signed_by is None:
            with writing(home) as connection:
                signed_by = signer(connection)
        return link_of(home.settings, signed_by, handover.handover_id, handover.owner)

    def _by_id(self, handover_id: str) -> Handover | None:
        if "\0" in handover_id:  # PostgreSQL refuses NUL
            return None
        with reading(self.served.home) as connection:
            return handover_by_id(connection, handover_id)


def _sees_contact(key: Key | None) -> bool:
    return key is None or key.may(MAY_GIVE_FEEDBACK)


def _day(written: str | None) -> date | None:
    try:
        return None if written is None else date.fromisoformat(written)
    except ValueError:
        raise Problem(422, "bad_until", f"until is {written!r:.40}; give a day such as 2026-12-31.") from None


def _filter(request: Request) -> HandoverFilter:
    asked = request.query_params
    state, kind = _known(request, "state", STATES_OF_LISTS), _known(request, "kind", KINDS)
    overdue, trial = _truth(request, "overdue"), _truth(request, "trial")
    return HandoverFilter(state, _plain(asked.get("owner")), overdue, kind, _plain(asked.get("lead")), trial)


def _plain(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _known(request: Request, name: str, words: Sequence[str]) -> str | None:
    text = request.query_params.get(name)
    if text is not None and text not in words:
        raise Problem(422, f"bad_{name}", f"{name} is {text[:40]!r}; there are {', '.join(words)}.")
    return text


def _truth(request: Request, name: str) -> bool | None:
    text = _known(request, name, ("true", "false"))
    return None if text is None else text == "true"
