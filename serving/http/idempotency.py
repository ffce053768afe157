"""Requests that may be sent twice: the answer to an `Idempotency-Key` is kept for a day and given again."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from starlette.requests import Request
from starlette.responses import Response

from features.home import tables
from features.home.clock import microseconds
from features.home.database import wait_in_line, writing
from features.home.settings import Home
from features.ledger.tombstones import secret
from serving.http.keys import Key
from serving.http.problems import MEDIA_TYPE, Problem

HEADER = "Idempotency-Key"
LONGEST = 255
KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=5)  # far over what a request may take: its process died, and the next one may try

Act = Callable[[], Awaitable[Response]]


@dataclass(frozen=True)
class Asked:
    """A request that names an Idempotency-Key: who asks, under which key, and an HMAC of all that is asked."""

    caller: str
    key: str
    digest: bytes


class Idempotency:
    """The kept answers of one home; a lead's go with the lead."""

    def __init__(self, home: Home, now: Callable[[], datetime]) -> None:
        self.home, self.now = home, now

    async def once(
        self, request: Request, caller: Key | None, body: bytes, act: Act, lead_id: str | None = None
    ) -> Response:
        """The answer of `act`, or the one that was given to the same request before.

        body: of the request, as it was read. lead_id: whose data the answer holds; None where it holds none.
        Raises Problem: 409 while the first still runs, 422 for another request under the same key.
        """
        said = request.headers.get(HEADER)
        if said is None:
            return await act()
        if not 1 <= len(said) <= LONGEST:
            raise Problem(422, "bad_idempotency_key", f"{HEADER} has {len(said)} characters; send 1 to {LONGEST}.")
        asked = await to_thread.run_sync(self._asked, request, caller, said, body)
        if before := await to_thread.run_sync(self._claim, asked, lead_id):
            return before
        try:
            answer = await act()
        except Problem as problem:
            answer = problem.response(request.scope)
        except BaseException:
            await to_thread.run_sync(self._release, asked)
            raise
        await to_thread.run_sync(self._keep, asked, answer)
        return answer

    def _asked(self, request: Request, caller: Key | None, key: str, body: bytes) -> Asked:
        with writing(self.home) as connection:
            wait_in_line(connection)  # two first requests would both make the key
            secret_key = secret(connection, "idempotency")
        # An HMAC: the path may name a lead, and a plain hash of it could be found by trying.
        told = b"\0".join((request.method.encode(), f"{request.url.path}?{request.url.query}".encode(), body))
        return Asked(caller.key_id if caller else "this machine", key, hmac.digest(secret_key, told, "sha256"))

    def _claim(self, asked: Asked, lead_id: str | None) -> Response | None:
        """The answer given before; None where this request is the first, which is noted."""
        now = self.now()
        columns = tables.idempotency_keys.c
        with writing(self.home) as connection:
            wait_in_line(connection)
            connection.execute(delete(tables.idempotency_keys).where(columns.created_us < microseconds(now - KEPT)))
            dead = (columns.status.is_(None)) & (columns.created_us < microseconds(now - ABANDONED))
            connection.execute(delete(tables.idempotency_keys).where(dead))
            before = connection.execute(select(tables.idempotency_keys).where(_is(asked))).first()
            if before is None:
                _note(connection, asked, lead_id, microseconds(now))
                return None
        if before.request_digest != asked.digest:
            said = f"This {HEADER} came with another request before; use a new one for each."
            raise Problem(422, "idempotency_key_reused", said)
        if before.status is None:
            said = f"The first request with this {HEADER} is still running; ask again in a moment."
            raise Problem(409, "still_running", said, headers={"Retry-After": "1"})
        return Response(before.body, before.status, media_type=_media_type(before.status))

    def _keep(self, asked: Asked, answer: Response) -> None:
        if answer.status_code >= 500:  # it may pass: the same request may be tried again
            self._release(asked)
            return
        said = {"status": answer.status_code, "body": bytes(answer.body).decode()}
        with writing(self.home) as connection:
            connection.execute(update(tables.idempotency_keys).where(_is(asked)).values(**said))

    def _release(self, asked: Asked) -> None:
        with writing(self.home) as connection:
            connection.execute(delete(tables.idempotency_keys).where(_is(asked)))


def _is(asked: Asked) -> ColumnElement[bool]:
    columns = tables.idempotency_keys.c
    return (columns.caller == asked.caller) & (columns.key == asked.key)


def _note(connection: Connection, asked: Asked, lead_id: str | None, created_us: int) -> None:
    row = {"caller": asked.caller, "key": asked.key, "request_digest": asked.digest, "lead_id": lead_id}
    connection.execute(insert(tables.idempotency_keys).values(**row, created_us=created_us))


def _media_type(status: int) -> str:
    return MEDIA_TYPE if status >= 400 else "application/json"
