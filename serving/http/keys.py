"""API keys: 256 random bits shown once, kept as SHA-256, each with the scopes it was made for."""

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

from features.home.clock import from_microseconds, microseconds
from features.home.database import engine, migrate, reading, writing
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.home.tables import api_keys

PREFIX = "llk_"  # so that a leaked key is recognised by whoever or whatever reads it
LONGEST_LABEL = 50  # it is part of the source of events
SCOPES = ("events:write", "scores:read", "feedback:write", "models:promote", "admin")


@dataclass(frozen=True)
class Key:
    """What is known of a key: everything but the key."""

    key_id: str
    scopes: frozenset[str]
    label: str
    created_at: datetime
    revoked_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None

    def may(self, scope: str) -> bool:
        """Whether this key opens what needs `scope`; admin opens everything."""
        return scope in self.scopes or "admin" in self.scopes


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

    def create(self, scopes: Iterable[str], created_at: datetime, label: str = "") -> NewKey:
        """Make a key. Its secret is returned here and never again. Raises LeadlightError for an unknown scope.

        label: whose it is. Events that it sends belong to it: a new key with the same label continues the old one, so
        that what is sent again under the new one is still known.
        """
        wanted = frozenset(scopes)
        _check(wanted)
        if len(label) > LONGEST_LABEL:
            said = f"--label has {len(label)} characters; give at most {LONGEST_LABEL}"
            raise LeadlightError(said, code="label_too_long")
        made = NewKey(PREFIX + secrets.token_urlsafe(32), f"key_{secrets.token_hex(8)}", wanted)
        row = {"key_id": made.key_id, "digest": digest(made.key), "scopes": " ".join(sorted(wanted)), "label": label}
        migrate(self.home)
        with writing(self.home) as connection:
            connection.execute(insert(api_keys).values(**row, created_us=microseconds(created_at)))
        return made

    def revoke(self, key_id: str, revoked_at: datetime) -> None:
        """Close a key for good; serving processes refuse it within seconds. Raises LeadlightError for an unknown id."""
        known = {key.key_id: key for key in self.listed()}
        if key_id not in known:
            raise LeadlightError(f"there is no key {key_id!r}; `leadlight keys list` shows the ids", code="unknown_key")
        if known[key_id].revoked_at is None:
            with writing(self.home) as connection:
                was = api_keys.c.key_id == key_id
                connection.execute(update(api_keys).where(was).values(revoked_us=microseconds(revoked_at)))

    def listed(self) -> list[Key]:
        """Every key, revoked ones too, oldest first."""
        return [_key(row) for row in self._rows()]

    def active(self) -> dict[bytes, Key]:
        """The keys that open something now, by the digest of their secret."""
        return {secret: key for secret, key in self.known().items() if key.is_active}

    def known(self) -> dict[bytes, Key]:
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


class KeyRing:
    """The active keys as a serving process last saw them: looked at each second, so no request waits for it."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._known: Mapping[bytes, Key] = {}
        self._seen_at: float | None = None

    def look(self, now: float) -> None:
        """Read the keys; `now` in seconds of a monotonic clock. On an error the earlier view stays, and ages."""
        self._known, self._seen_at = self._keys.known(), now

    def key(self, secret: str, now: float) -> Key | None:
        """The active key that `secret` is, or None. Raises LeadlightError when the last look is too long ago."""
        found = self._seen(now).get(digest(secret))
        return found if found and found.is_active else None

    def guards(self, scope: str, now: float) -> bool:
        """Whether there is a key for `scope`; then another one that nobody made here is a mistake."""
        return any(key.is_active and key.may(scope) for key in self._seen(now).values())

    def was_revoked(self, secret: str, now: float) -> bool:
        """Whether `secret` was a key once."""
        found = self._seen(now).get(digest(secret))
        return found is not None and not found.is_active

    def _seen(self, now: float) -> Mapping[bytes, Key]:
        if self._seen_at is None or now - self._seen_at > TRUSTED_S:
            raise LeadlightError("the API keys cannot be read now; try again", code="keys_unavailable")
        return self._known


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


def _key(row: Row[tuple[object, ...]]) -> Key:
    revoked_at = None if row.revoked_us is None else from_microseconds(row.revoked_us)
    return Key(row.key_id, frozenset(row.scopes.split()), row.label, from_microseconds(row.created_us), revoked_at)
