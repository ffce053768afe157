"""API keys: made, listed, revoked and checked; 256 random bits shown once, stored as SHA-256, each with its scopes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from sqlalchemy import insert, inspect, select, update
from sqlalchemy.engine import Row, make_url

from features.events.touch_values import SIDES, Side, normal_word
from features.home.clock import from_microseconds, microseconds
from features.home.database import engine, migrate, reading, writing
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.home.tables import api_keys

PREFIX = "llk_"  # so that a leaked key is recognised by whoever or whatever reads it
LONGEST_LABEL = 50  # it is part of the source of events
WRITES, SPEAKS_FOR_CRM = "events:write", "crm:write"
SCOPES = (WRITES, SPEAKS_FOR_CRM, "scores:read", "feedback:write", "models:promote", "admin")


@dataclass(frozen=True)
class Key:
    """One row per API key: everything but its secret."""

    key_id: str
    scopes: frozenset[str]
    label: str
    created_at: datetime
    revoked_at: datetime | None
    side: Side | None = None  # of the touches that it sends without one

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None

    def may(self, scope: str) -> bool:
        """Whether this key has `scope`; admin has every scope, and who speaks for the CRM may write events."""
        is_implied = scope == WRITES and SPEAKS_FOR_CRM in self.scopes
        return scope in self.scopes or is_implied or "admin" in self.scopes

    @property
    def is_public(self) -> bool:
        """Whether it may write events and decide nothing with them, as a key that stands in web pages."""
        return self.may(WRITES) and not self.may(SPEAKS_FOR_CRM)

    @property
    def source_name(self) -> str:
        """What the sources of its events end in: its label, or its id where it has none that a source could have."""
        return self.label if 0 < len(self.label) <= LONGEST_LABEL else self.key_id


@dataclass(frozen=True)
class NewKey:
    """A key at the one moment when its secret is known."""

    key: str
    key_id: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Keys:
    """The keys of one home."""

    home: Home

    def create(self, scopes: Iterable[str], created_at: datetime, label: str = "", side: str | None = None) -> NewKey:
        """Make a key. Its secret is returned here and never again. Raises LeadlightError for an unknown scope or side.

        label: whose it is. Events that it sends belong to it: a new key with the same label continues the old one, so
        that what is sent again under the new one is still known. side: of the touches that it sends without one.
        """
        wanted = frozenset(scopes)
        _check(wanted)
        named = _side(side)
        if len(label) > LONGEST_LABEL:
            too_long = f"--label has {len(label)} characters; give at most {LONGEST_LABEL}"
            raise LeadlightError(too_long, code="label_too_long")
        made = NewKey(PREFIX + secrets.token_urlsafe(32), f"key_{secrets.token_hex(8)}", wanted)
        row: dict[str, object] = {
            "key_id": made.key_id,
            "digest": digest(made.key),
            "scopes": " ".join(sorted(wanted)),
            "label": label,
        }
        row |= {"label": label, "side": named}
        migrate(self.home)
        with writing(self.home) as connection:
            connection.execute(insert(api_keys).values(**row, created_us=microseconds(created_at)))
        return made

    def revoke(self, key_id: str, revoked_at: datetime) -> None:
        """Close a key for good; serving processes refuse it within seconds. Raises LeadlightError for an unknown id."""
        if self.of_id(key_id).revoked_at is None:
            with writing(self.home) as connection:
                was = api_keys.c.key_id == key_id
                connection.execute(update(api_keys).where(was).values(revoked_us=microseconds(revoked_at)))

    def trust(self, key_id: str) -> None:
        """Let a key speak for the CRM from now on, beside what it may do; serving processes know within seconds.

        Raises LeadlightError for an unknown id.
        """
        scopes = " ".join(sorted(self.of_id(key_id).scopes | {SPEAKS_FOR_CRM}))
        with writing(self.home) as connection:
            connection.execute(update(api_keys).where(api_keys.c.key_id == key_id).values(scopes=scopes))

    def of_id(self, key_id: str) -> Key:
        """The key with this id, revoked or not. Raises LeadlightError."""
        found = next((key for key in self.all() if key.key_id == key_id), None)
        if found is None:
            raise LeadlightError(f"there is no key {key_id!r}; `leadlight keys list` shows the ids", code="unknown_key")
        return found

    def with_digest(self, secret: bytes) -> Key | None:
        """The key whose secret has this digest, revoked or not: one row of the database."""
        if not self._has_table():
            return None
        with reading(self.home) as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.digest == secret)).first()
        return None if row is None else _key(row)

    def all(self) -> list[Key]:
        """Every key, revoked ones too, oldest first."""
        return [_key(row) for row in self._rows()]

    def active(self) -> dict[bytes, Key]:
        """The keys that are not revoked, by the digest of their secret."""
        return {secret: key for secret, key in self.by_digest().items() if key.is_active}

    def by_digest(self) -> dict[bytes, Key]:
        """Every key, revoked ones too, by the digest of its secret."""
        return {row.digest: _key(row) for row in self._rows()}

    def _rows(self) -> list[Row[tuple[object, ...]]]:
        if not self._has_table():
            return []
        with reading(self.home) as connection:
            return list(connection.execute(select(api_keys).order_by(api_keys.c.created_us, api_keys.c.key_id)))

    def _has_table(self) -> bool:
        # Looking at a home must not create its database, and SQLite creates the file it is asked about.
        url = make_url(self.home.database_url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return False
        return inspect(engine(self.home.database_url)).has_table(api_keys.name)


TRUSTED_S = 4.0  # a key is revocable within 5 s, even while the database is out of reach


LOOKED_UP_EACH_S = 100  # unknown keys that one process looks up: a flood of them must not keep the database busy
NOT_THERE = 10_000  # unknown keys that are remembered: nobody can know a key before it was made


class KeyRing:
    """The keys as a serving process last read them: once a second, so that no request waits for the database.

    A key that was made since is looked up by itself: it works from the moment it is shown.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._by_digest: Mapping[bytes, Key] = {}
        self._read_at: float | None = None
        self._not_there: dict[bytes, None] = {}
        self._lookups, self._counted_from = 0, 0.0

    def refresh(self, now: float) -> None:
        """Read the keys; `now` in seconds of a monotonic clock. On an error the earlier keys stay, and age."""
        self._by_digest, self._read_at = self._keys.by_digest(), now

    def key(self, secret: str, now: float) -> Key | None:
        """The active key that `secret` is, or None. Raises LeadlightError when the keys were read too long ago."""
        hashed = digest(secret)
        key = self._fresh(now).get(hashed)
        if key is None and secret.startswith(PREFIX) and hashed not in self._not_there:
            key = self._looked_up(hashed, now)
        return key if key and key.is_active else None

    def _looked_up(self, hashed: bytes, now: float) -> Key | None:
        if now - self._counted_from >= 1.0:
            self._lookups, self._counted_from = 0, now
        self._lookups += 1
        if self._lookups > LOOKED_UP_EACH_S:
            # Not "unknown": it may be a new key, and clients drop what they sent for good on a 401.
            raise LeadlightError("too many unknown keys come in; try again", code="keys_unavailable")
        key = self._keys.with_digest(hashed)
        if key is None:
            self._not_there[hashed] = None
            if len(self._not_there) > NOT_THERE:
                del self._not_there[next(iter(self._not_there))]
        return key

    def guards(self, scope: str, now: float) -> bool:
        """Whether there is an active key for `scope`; then a key that nobody made here is a mistake."""
        return any(key.is_active and key.may(scope) for key in self._fresh(now).values())

    def was_revoked(self, secret: str, now: float) -> bool:
        """Whether `secret` was a key once."""
        key = self._fresh(now).get(digest(secret))
        return key is not None and not key.is_active

    def _fresh(self, now: float) -> Mapping[bytes, Key]:
        if self._read_at is None or now - self._read_at > TRUSTED_S:
            raise LeadlightError("the API keys cannot be read now; try again", code="keys_unavailable")
        return self._by_digest


def digest(secret: str) -> bytes:
    """What is kept of a secret; 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def _check(scopes: frozenset[str]) -> None:
    if not scopes:
        raise LeadlightError(f"a key needs a scope; there are {', '.join(SCOPES)}", code="unknown_scope")
    for scope in sorted(scopes - set(SCOPES)):
        near = get_close_matches(scope, SCOPES, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(SCOPES)}"
        raise LeadlightError(f"there is no scope {scope!r}; {remedy}", code="unknown_scope")


def _side(side: str | None) -> Side | None:
    if side is None:
        return None
    word = normal_word(side)
    for known in SIDES:
        if word == known:
            return known
    near = get_close_matches(word, SIDES, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(SIDES)}"
    raise LeadlightError(f"there is no side {side!r}; {remedy}", code="unknown_side")


def _key(row: Row[tuple[object, ...]]) -> Key:
    revoked_at = None if row.revoked_us is None else from_microseconds(row.revoked_us)
    created_at = from_microseconds(row.created_us)
    return Key(row.key_id, frozenset(row.scopes.split()), row.label, created_at, revoked_at, row.side)
