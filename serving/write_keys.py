"""Who may send events: a write key wherever clients put theirs, a signature, or anyone on this very machine."""

from __future__ import annotations

import base64
import hmac
import time
from hashlib import sha1
from typing import Protocol

from starlette.requests import HTTPConnection

from features.clocks import Clock
from features.readings import Sender
from serving.access import Doors, admit_anonymous, checked, key_of, unauthorized, why_outside
from serving.keys import LONGEST_LABEL, PREFIX, Key, KeyRing

SCOPE = "events:write"
LIVE, SEGMENT = "live", "segment"  # what sources begin with: events of clients, and events that a platform forwards


class WriteDoors(Doors, Protocol):
    """What decides who may write: also the secret that Segment signs with, where one was set."""

    @property
    def segment_secret(self) -> str | None: ...


def header_key(connection: HTTPConnection) -> str | None:
    """The key in the Authorization header: the user name of Basic, a Bearer token, or a bare key; None for none.

    Segment's clients send Basic with the key and an empty password, some without the colon between.
    """
    said = connection.headers.get("authorization", "").strip()
    scheme, _, rest = said.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return said or None
    try:
        packed = rest.strip()
        user = base64.b64decode(packed + "=" * (-len(packed) % 4)).decode().partition(":")[0]
    except ValueError:  # neither base64 nor text
        return rest
    return user.strip() or None


def admit_writer(connection: HTTPConnection, doors: WriteDoors, secret: str | None) -> Key | None:
    """Let a request in that sends events: with the key `secret`, or None on loopback, where none is needed.

    Every client must send some key. On loopback, while no key for events exists, any will do, as none would.

    Raises Problem: 401, 403, 503 as `access.admit` does.
    """
    if not secret:
        admit_anonymous(connection, doors, SCOPE)
        return None
    key = key_of(secret, doors.ring)
    if key is None and _is_any_key_good(connection, doors, secret):
        return _just_made(secret, doors.ring)
    return checked(key, SCOPE)


def _is_any_key_good(connection: HTTPConnection, doors: WriteDoors, secret: str) -> bool:
    now = time.monotonic()
    if doors.ring.guards(SCOPE, now) or doors.ring.was_revoked(secret, now):
        return False
    return doors.allows_anonymous and why_outside(connection) is None


def _just_made(secret: str, ring: KeyRing) -> Key | None:
    """The key that `secret` is if it was made after the ring was looked at; None for one that nobody made here.

    Whoever makes a home's first key may send with it before the next look. Taken for any key, its events would be of
    another source than when they are sent again, and so there twice.
    """
    if not secret.startswith(PREFIX):
        return None
    ring.look(time.monotonic())
    found = key_of(secret, ring)
    return checked(found, SCOPE) if found else None


def is_signed(connection: HTTPConnection, doors: WriteDoors, raw: bytes, secret: str | None) -> bool:
    """Whether the body was signed with LEADLIGHT_SEGMENT_SECRET, which is as good as a key.

    Segment signs single events: X-Signature is the hex HMAC-SHA1 of the body. Where no secret was set the key that
    came along is the secret. Raises Problem 401 for a signature that is wrong.
    """
    said = connection.headers.get("x-signature")
    shared = doors.segment_secret or secret
    if said is None or shared is None:
        return False
    right = hmac.new(shared.encode(), raw, sha1).hexdigest()
    if not hmac.compare_digest(right.encode(), said.strip().lower().removeprefix("sha1=").encode()):
        raise unauthorized("bad_signature", "X-Signature is not that of this body; check the shared secret.")
    return doors.segment_secret is not None


def sender(door: str, key: Key | None, may_merge: bool) -> Sender:
    """Whose events these are: `door` is LIVE or SEGMENT. With a key it is the key that says whether it may merge.

    A messageId names one event for good within its source. The source is the key's label, so that two systems never
    take an id from each other, and a new key with the old one's label continues where that ended. Keys without a label
    go by their id. The same event sent here and forwarded by Segment is two events of two sources.
    """
    clock: Clock = "platform" if door == SEGMENT else "sender"
    if key is None:
        return Sender(door, clock, may_merge)
    name = key.label if 0 < len(key.label) <= LONGEST_LABEL else key.key_id
    return Sender(f"{door}:{name}", clock, may_merge=key.may("admin"))
