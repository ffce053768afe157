"""`Idempotency-Key`: a request that is sent twice is done once, and answered the same for a day."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from starlette.requests import Request
from starlette.responses import Response

from features.home import tables
from features.home.clock import microseconds
from features.home.database import wait_for_writers, writing
from features.home.settings import Home
from features.ledger.tombstones import secret
from serving import limits
from serving.http.keys import Key
from serving.http.problems import MEDIA_TYPE, Problem

HEADER = "Idempotency-Key"

Act = Callable[[], Awaitable[Response]]


@dataclass(frozen=True)
class IdempotentAttempt:
    """One request with an Idempotency-Key.

    caller: the id of the API key that came with it. key: the Idempotency-Key. digest: an HMAC of method, address and
    body, by which another request under the same key is recognised.
    """

    caller: str
    key: str
    digest: bytes


class Idempotency:
    """The stored answers of one home. The erasure of a lead deletes the answers that are about it."""

    def __init__(self, home: Home, now: Callable[[], datetime]) -> None:
        self.home, self.now = home, now

    async def once(
        self, request: Request, caller: Key | None, body: bytes, act: Act, lead_id: str | None = None
    ) -> Response:
        """The answer of `act`, or the one that the same request got before.

        Example: DELETE /v1/leads/u_42 with the key "k1" at 9:00 erases u_42; the same request at 9:05 erases nothing
        and gets the answer of 9:00. The answers are kept for 24 hours.

        body: of the request, as it was read. lead_id: whose data the answer holds; None where it holds none.
        Raises Problem: 409 while the first still runs, 422 for another request under the same key.
        """
        key = request.headers.get(HEADER)
        if key is None:
            return await act()
        if not 1 <= len(key) <= limits.LONGEST_IDEMPOTENCY_KEY:
            remedy = f"send 1 to {limits.LONGEST_IDEMPOTENCY_KEY}"
            raise Problem(422, "bad_idempotency_key", f"{HEADER} has {len(key)} characters; {remedy}.")
        attempt = await to_thread.run_sync(self._attempt, request, caller, key, body)
        if before := await to_thread.run_sync(self._claim, attempt, lead_id):
            return before
        try:
            answer = await act()
        except Problem as problem:
            answer = problem.response(request.scope)
        except BaseException:
            await to_thread.run_sync(self._release, attempt)
            raise
        await to_thread.run_sync(self._keep, attempt, answer)
        return answer

    def _attempt(self, request: Request, caller: Key | None, key: str, body: bytes) -> IdempotentAttempt:
        with writing(self.home) as connection:
            wait_for_writers(connection)  # two first requests would both make the key
            secret_key = secret(connection, "idempotency")
        # An HMAC: the path may name a lead, and a plain hash of it could be found by trying.
        address = f"{request.url.path}?{request.url.query}"
        digest = hmac.digest(secret_key, b"\0".join((request.method.encode(), address.encode(), body)), "sha256")
        return IdempotentAttempt(caller.key_id if caller else "this machine", key, digest)

    def _claim(self, attempt: IdempotentAttempt, lead_id: str | None) -> Response | None:
        """The answer given before; None where this request is the first, which is noted."""
        now = self.now()
        columns = tables.idempotency_keys.c
        with writing(self.home) as connection:
            wait_for_writers(connection)
            outdated = columns.created_us < microseconds(now - limits.IDEMPOTENT_FOR)
            dead = (columns.status.is_(None)) & (columns.created_us < microseconds(now - limits.ABANDONED_AFTER))
            connection.execute(delete(tables.idempotency_keys).where(outdated))
            connection.execute(delete(tables.idempotency_keys).where(dead))
            before = connection.execute(select(tables.idempotency_keys).where(_is_row_of(attempt))).first()
            if before is None:
                _insert(connection, attempt, lead_id, microseconds(now))
                return None
        if before.request_digest != attempt.digest:
            reused = f"This {HEADER} came with another request before; use a new one for each."
            raise Problem(422, "idempotency_key_reused", reused)
        if before.status is None:
            running = f"The first request with this {HEADER} is still running; ask again in a moment."
            raise Problem(409, "still_running", running, headers={"Retry-After": "1"})
        return Response(before.body, before.status, media_type=_media_type(before.status))

    def _keep(self, attempt: IdempotentAttempt, answer: Response) -> None:
        if answer.status_code >= 500:  # it may pass: the same request may be tried again
            self._release(attempt)
            return
        values = {"status": answer.status_code, "body": bytes(answer.body).decode()}
        with writing(self.home) as connection:
            connection.execute(update(tables.idempotency_keys).where(_is_row_of(attempt)).values(**values))

    def _release(self, attempt: IdempotentAttempt) -> None:
        with writing(self.home) as connection:
            connection.execute(delete(tables.idempotency_keys).where(_is_row_of(attempt)))


def _is_row_of(attempt: IdempotentAttempt) -> ColumnElement[bool]:
    columns = tables.idempotency_keys.c
    return (columns.caller == attempt.caller) & (columns.key == attempt.key)


def _insert(connection: Connection, attempt: IdempotentAttempt, lead_id: str | None, created_us: int) -> None:
    row = {"caller": attempt.caller, "key": attempt.key, "request_digest": attempt.digest, "lead_id": lead_id}
    connection.execute(insert(tables.idempotency_keys).values(**row, created_us=created_us))


def _media_type(status: int) -> str:
    return MEDIA_TYPE if status >= 400 else "application/json"
