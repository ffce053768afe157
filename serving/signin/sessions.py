"""Sessions: one per browser that signed in; its signed cookie holds until it ends, is ended, or its user goes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Connection, delete, insert, select, update
from starlette.requests import HTTPConnection

from features.agreement.people import person_key
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import insert_or_update
from features.home.settings import Settings
from features.ledger.tombstones import existing_secret, secret

KEY = "sessions"  # its name in the table of secrets
LASTS = timedelta(hours=12)
FREE = 5  # sign-ins of one name, or from one machine, that may fail before they have to wait
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class SessionCookie:
    """How the cookie is sent: over https alone where people come by it, and into frames where those are allowed."""

    is_https: bool
    is_framed: bool

    @classmethod
    def of(cls, request: HTTPConnection, settings: Settings) -> SessionCookie:
        """The cookie for who asks; a proxy may end https before us, so the public address decides as well."""
        public = settings.public_url is not None and settings.public_url.scheme == "https"
        is_https = public or request.url.scheme == "https"
        return cls(is_https, is_https and bool(settings.frame_ancestors))

    @property
    def name(self) -> str:
        return "__Host-leadlight" if self.is_https else "leadlight"

    def header(self, value: str, seconds: int) -> str:
        """The Set-Cookie header; with 0 seconds the browser forgets it."""
        parts = [f"{self.name}={value}", "Path=/", f"Max-Age={seconds}", "HttpOnly"]
        parts += ["Secure"] if self.is_https else []
        return "; ".join([*parts, "SameSite=None", "Partitioned"] if self.is_framed else [*parts, "SameSite=Lax"])


def begin_session(connection: Connection, email: str, now: datetime) -> str:
    """Begin a session of a user; what its cookie holds."""
    drawn, begun_us = secrets.token_urlsafe(32), microseconds(now)
    row = {"digest": _digest(drawn), "email": person_key(email), "begun_us": begun_us}
    connection.execute(insert(tables.sessions).values(**row, ends_us=microseconds(now + LASTS)))
    connection.execute(delete(tables.sessions).where(tables.sessions.c.ends_us < microseconds(now - LASTS)))
    return str(_serializer(secret(connection, KEY)).dumps(drawn))


def session_user(connection: Connection, cookie: str | None, now: datetime) -> Any:
    """The user of a cookie with `digest` of his session; None where it was not made here or holds no longer."""
    digest = _session_digest(connection, cookie)
    if digest is None:
        return None
    sessions, users, now_us = tables.sessions.c, tables.users.c, microseconds(now)
    holds = sessions.ended_us.is_(None) & (sessions.ends_us > now_us) & (sessions.begun_us <= now_us)
    both = tables.sessions.join(tables.users, users.email == sessions.email)
    wanted = select(users.email, users.role, users.crm_id, sessions.digest).select_from(both)
    return connection.execute(wanted.where(sessions.digest == digest, holds, users.removed_us.is_(None))).first()


def end_session(connection: Connection, cookie: str | None, now: datetime) -> None:
    """End the session of a cookie; nothing where it is of none."""
    digest = _session_digest(connection, cookie)
    its = (tables.sessions.c.digest == digest) & tables.sessions.c.ended_us.is_(None)
    if digest is not None:
        connection.execute(update(tables.sessions).where(its).values(ended_us=microseconds(now)))


def count_try(connection: Connection, names: tuple[str, ...], now: datetime) -> timedelta:
    """Count a sign-in before it is checked, so that many at once are counted too; how long it has to wait, 0: not.

    From the sixth that fails on each waits twice as long, up to 15 minutes. One that has to wait is not counted.
    """
    tries, waits, rows = tables.failed_sign_ins.c, timedelta(0), []
    for name in names:
        known = connection.execute(select(tables.failed_sign_ins).where(tries.name == name)).first()
        last = from_microseconds(known.last_us) if known else now
        failed = known.failed if known and now - last < FORGOTTEN_AFTER else 0
        waits = max(waits, last + _wait(failed) - now)
        rows.append({"name": name, "failed": failed + 1, "last_us": microseconds(now)})
    if waits > timedelta(0):
        return waits
    insert_or_update(connection, tables.failed_sign_ins, rows)
    return timedelta(0)


def forget_tries(connection: Connection, names: tuple[str, ...]) -> None:
    """Forget the tries of who signed in after all."""
    connection.execute(delete(tables.failed_sign_ins).where(tables.failed_sign_ins.c.name.in_(names)))


def _wait(failed: int) -> timedelta:
    return timedelta(0) if failed < FREE else min(timedelta(seconds=2 ** min(failed - FREE + 1, 20)), LONGEST_WAIT)


def _session_digest(connection: Connection, cookie: str | None) -> bytes | None:
    key = existing_secret(connection, KEY) if cookie else None
    if key is None or cookie is None:
        return None
    try:
        return _digest(str(_serializer(key).loads(cookie[:500])))
    except (BadData, ValueError, TypeError):
        return None


def _digest(drawn: str) -> bytes:
    return hashlib.sha256(drawn.encode()).digest()


def _serializer(key: bytes) -> URLSafeSerializer:
    signed = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(key, salt="session", signer_kwargs=signed)
