"""The routes of decisions: queues, lists of leads, each change of a lead's decision, and why its score changed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.versions import NoAgreement, version_in_force
from features.home.clock import microseconds, rfc3339
from features.home.database import consistent_read, reading
from features.home.dates import moment
from features.ledger.tombstones import erased_among
from features.records.lead_record import LeadErased, UnknownLead
from serving.api.requests import OFFSET_OF_A_SPACE, lead_id_of, no_such_lead, page_limit, past_moment
from serving.api.routes import api_route
from serving.decisions.changes import NothingToCompare, changes
from serving.decisions.history import score_history
from serving.decisions.lists import (
    EQUALS,
    SORTS,
    LeadFilter,
    Place,
    cursor_of_place,
    decision_answer,
    decisions_of,
    is_known,
    lead_list,
    listed_leads,
    place_in_cursor,
    place_of_row,
)
from serving.decisions.queues import queues
from serving.decisions.served_then import AgreementGone, ModelGone, ServedThen
from serving.http.auth import MAY_READ_SCORES, admit
from serving.http.problems import Problem, json_response, unavailable
from serving.process import ServedHome
from serving.scoring.lead_now import DECISIONS, QUEUES

ShownRows = Callable[[list[Any]], list[dict[str, Any]]]
LIST_QUERIES = (*EQUALS, "changed_since", "sort", "limit", "cursor")
VALUES = {"queue": QUEUES, "decision": DECISIONS}
COUNTED_FOR = timedelta(seconds=2)  # so long one count of all leads answers: it reads every one of them
MAY_SEE_CONTACT = "feedback:write"
BAD_CURSOR = "cursor is none of ours, or of another sort; give the next_cursor of the page before."


class DecisionRoutes:
    """The endpoints. Whom to call is shown to who may give feedback; scores:read alone sees no contact data."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now
        self._counted: tuple[datetime, dict[str, Any]] | None = None

    def routes(self) -> list[Route]:
        """The routes, relative to /v1."""
        return [
            api_route("/queues", self.queues),
            api_route("/leads", self.leads, queries=LIST_QUERIES),
            api_route("/leads/{lead_id:path}/decisions", self.decisions, queries=("limit", "cursor")),
            api_route("/leads/{lead_id:path}/history", self.history, queries=("limit", "cursor")),
            api_route("/leads/{lead_id:path}/changes", self.changes, queries=("from", "to")),
        ]

    async def queues(self, request: Request) -> Response:
        """GET /v1/queues"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        return json_response(await to_thread.run_sync(self._queues))

    def _queues(self) -> dict[str, Any]:
        now, known = self.now(), self._counted
        if known is None or not timedelta(0) <= now - known[0] < COUNTED_FOR:
            with consistent_read(self.served.home) as connection:
                known = now, queues(connection, now)
            self._counted = known
        return {**known[1], "counted_at": rfc3339(known[0])}

    async def leads(self, request: Request) -> Response:
        """GET /v1/leads"""
        key = admit(request, self.served.credentials, MAY_READ_SCORES)
        wanted, limit, cursor = _filter(request), page_limit(request), request.query_params.get("cursor")
        after = None if cursor is None else place_in_cursor(cursor, wanted.sort)
        if cursor is not None and after is None:
            raise Problem(422, "bad_cursor", BAD_CURSOR)
        sees_contact = key is None or key.may(MAY_SEE_CONTACT)
        return json_response(await to_thread.run_sync(self._leads, wanted, limit, after, sees_contact))

    def _leads(self, wanted: LeadFilter, limit: int, after: Place | None, sees_contact: bool) -> dict[str, Any]:
        try:
            agreement = version_in_force(self.served.home).agreement
        except NoAgreement as error:
            raise unavailable("no_agreement", f"{error}", retry_after_s=30) from None
        with reading(self.served.home) as connection:
            rows = lead_list(connection, wanted, limit + 1, after)
            shown = listed_leads(connection, agreement, rows[:limit], self.now(), sees_contact)
        has_more = len(rows) > limit
        cursor = cursor_of_place(place_of_row(rows[limit - 1], wanted.sort), wanted.sort) if has_more else None
        return {"data": shown, "next_cursor": cursor, "has_more": has_more}

    async def decisions(self, request: Request) -> Response:
        """GET /v1/leads/{lead_id}/decisions"""
        return await self._log_page(request, lambda rows: [decision_answer(row) for row in rows])

    async def history(self, request: Request) -> Response:
        """GET /v1/leads/{lead_id}/history"""
        return await self._log_page(request, lambda rows: score_history(ServedThen(self.served.home), rows))

    async def _log_page(self, request: Request, shown: ShownRows) -> Response:
        admit(request, self.served.credentials, MAY_READ_SCORES)
        lead_id, limit, cursor = lead_id_of(request), page_limit(request), request.query_params.get("cursor")
        before = None if cursor is None else _change_in(cursor)
        if cursor is not None and before is None:
            raise Problem(422, "bad_cursor", "cursor is none of ours; give the next_cursor of the page before.")
        rows = await to_thread.run_sync(self._rows, lead_id, limit + 1, before)
        has_more = len(rows) > limit
        next_cursor = _cursor_of_change(rows[limit - 1]) if has_more else None
        page = {"data": await to_thread.run_sync(shown, rows[:limit]), "next_cursor": next_cursor}
        return json_response({**page, "has_more": has_more})

    def _rows(self, lead_id: str, limit: int, before: tuple[int, str] | None) -> list[Any]:
        with reading(self.served.home) as connection:
            if erased_among(connection, [("lead", lead_id)]):
                raise no_such_lead("erased")
            rows = decisions_of(connection, lead_id, limit, before)
            if not rows and not is_known(connection, lead_id):
                raise no_such_lead("unknown_lead")
        return rows

    async def changes(self, request: Request) -> Response:
        """GET /v1/leads/{lead_id}/changes"""
        admit(request, self.served.credentials, MAY_READ_SCORES)
        lead_id, now = lead_id_of(request), self.now()
        begin, end = (past_moment(request, name, now) for name in ("from", "to"))
        moments = tuple(None if one is None else microseconds(one) for one in (begin, end))
        return json_response(await to_thread.run_sync(self._changes, lead_id, microseconds(now), moments))

    def _changes(self, lead_id: str, now_us: int, moments: Any) -> dict[str, Any]:
        try:
            return changes(self.served.home, lead_id, now_us, moments, only_ids=True)
        except (UnknownLead, LeadErased) as error:
            raise no_such_lead(error.code) from None
        except NothingToCompare as error:
            raise Problem(422, error.code, f"{error}.") from None
        except (ModelGone, AgreementGone) as error:
            raise Problem(409, error.code, f"{error}.") from None


def _filter(request: Request) -> LeadFilter:
    """What the query parameters ask for. Raises Problem 422."""
    given = request.query_params
    for name, known in VALUES.items():
        if name in given and given[name] not in known:
            raise Problem(422, f"bad_{name}", f"{name} is {given[name][:40]!r}; give one of {', '.join(known)}.")
    since = given.get("changed_since")
    changed_since = None if since is None else moment(OFFSET_OF_A_SPACE.sub(r"\1+\2", since))
    if since is not None and changed_since is None:
        example = "give a time such as 2026-03-01T09:00:00Z."
        raise Problem(422, "bad_changed_since", f"changed_since is {since[:40]!r}; {example}")
    sort = given.get("sort", "changed" if since is not None else "due")
    if sort not in SORTS:
        raise Problem(422, "bad_sort", f"sort is {sort[:40]!r}; give one of {', '.join(SORTS)}.")
    equals = {name: given[name] for name in EQUALS if name in given}
    if any("\x00" in value for value in equals.values()):
        raise Problem(422, "bad_text", "A filter holds a NUL, which no value has.")
    return LeadFilter(equals, changed_since, sort)


def _cursor_of_change(row: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row.decided_us, row.decision_id])).decode().rstrip("=")


def _change_in(cursor: str) -> tuple[int, str] | None:
    try:
        at_us, decision_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return int(at_us), str(decision_id)
    except (ValueError, TypeError):
        return None
