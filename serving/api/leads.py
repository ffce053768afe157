"""One lead's own routes: what it did, all that is held on it, and its erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.versions import NoAgreement, kept
from features.home.database import reading
from features.home.settings import Home
from features.records.erasure import erase
from features.records.lead_record import LeadErased, UnknownLead, dossier
from serving.http.auth import Doors, admit
from serving.http.bodies import body
from serving.http.idempotency import Idempotency
from serving.http.problems import Problem, unavailable
from serving.leads.lead_export import Scores, held
from serving.leads.timeline import cursor_of, place_of, timeline

MOST, USUAL = 200, 50  # events on one page
LONGEST = 255  # characters of a lead id
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Served(Doors, Protocol):
    """Who may ask, of which home, and what scores it."""

    @property
    def home(self) -> Home: ...

    @property
    def scorer(self) -> Scores: ...


class Rights:
    """The endpoints. A lead is named by its id alone: an address has no place in a URL."""

    def __init__(self, live: Served, now: Callable[[], datetime]) -> None:
        self.live, self.now = live, now

    def routes(self) -> list[Route]:
        # A lead id may hold a slash, so the route that is only an id comes last.
        return [
            Route("/leads/{lead_id:path}/timeline", self.timeline),
            Route("/leads/{lead_id:path}/export", self.export),
            Route("/leads/{lead_id:path}", self.erase, methods=["DELETE"]),
        ]

    async def timeline(self, request: Request) -> Response:
        admit(request, self.live, "scores:read")
        lead_id, limit, cursor = _lead_id(request), _limit(request), request.query_params.get("cursor")
        before = None if cursor is None else place_of(cursor)
        if cursor is not None and before is None:
            raise Problem(422, "bad_cursor", "cursor is none of ours; give the next_cursor of the page before.")
        return _json(await to_thread.run_sync(self._page, lead_id, limit, before))

    def _page(self, lead_id: str, limit: int, before: Any) -> dict[str, Any]:
        with _found():
            agreement = kept(self.live.home).agreement
            with reading(self.live.home) as connection:
                found = dossier(connection, agreement, lead_id, only_ids=True)
            shown = list(islice(timeline(found, agreement, before), limit + 1))
        has_more = len(shown) > limit
        next_cursor = cursor_of(shown[limit - 1][0]) if has_more else None
        return {"data": [event for _, event in shown[:limit]], "next_cursor": next_cursor, "has_more": has_more}

    async def export(self, request: Request) -> Response:
        admit(request, self.live, "admin")
        lead_id = _lead_id(request)
        return _json(await to_thread.run_sync(self._export, lead_id))

    def _export(self, lead_id: str) -> dict[str, Any]:
        with _found():
            return held(self.live.home, self.live.scorer, lead_id, self.now(), only_ids=True)

    async def erase(self, request: Request) -> Response:
        key = admit(request, self.live, "admin")
        lead_id, raw = _lead_id(request), await body(request)

        async def act() -> Response:
            return _json(await to_thread.run_sync(self._erase, lead_id))

        return await Idempotency(self.live.home, self.now).once(request, key, raw, act)

    def _erase(self, lead_id: str) -> dict[str, Any]:
        with _found():
            agreement = kept(self.live.home).agreement
            return erase(self.live.home, agreement, lead_id, self.now(), only_ids=True).as_json()


@contextmanager
def _found() -> Iterator[None]:
    """Errors about a lead as callers of the API hear them."""
    try:
        yield
    except LeadErased:
        raise Problem(410, "erased", "This lead was erased.") from None
    except UnknownLead:
        raise Problem(404, "unknown_lead", "There is no lead with this id.") from None
    except NoAgreement as error:
        raise unavailable("no_agreement", f"{error}", retry_after_s=30) from None


def _lead_id(request: Request) -> str:
    lead_id = str(request.path_params["lead_id"])
    if not lead_id or len(lead_id) > LONGEST or "\x00" in lead_id:
        raise Problem(404, "unknown_lead", "There is no lead with this id.")
    return lead_id


def _limit(request: Request) -> int:
    said = request.query_params.get("limit", str(USUAL))
    if not (said.isascii() and said.isdecimal() and len(said) < 5 and 1 <= int(said) <= MOST):
        raise Problem(422, "bad_limit", f"limit is {said[:40]!r}; give a whole number from 1 to {MOST}.")
    return int(said)


def _json(said: Any) -> Response:
    content = orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z, default=str)
    return Response(content, headers=HEADERS, media_type="application/json")
