"""Who may do what: API keys with scopes, write keys of senders, signatures, and anyone on this very machine."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import time
from functools import lru_cache
from hashlib import sha1
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from features.events.validation import Sender
from features.home.clock import Clock
from features.home.errors import LeadlightError
from serving.http.keys import LONGEST_LABEL, PREFIX, Key, KeyRing
from serving.http.problems import Problem, unavailable

# A proxy on this machine makes every stranger's connection come from loopback; these tell that one stands between.
PROXY_HEADERS = frozenset({
    "forwarded", "via", "x-original-forwarded-for", "x-real-ip", "x-client-ip", "x-cluster-client-ip",
    "true-client-ip", "cf-connecting-ip", "cf-ray", "fastly-client-ip", "x-envoy-external-address",
})  # fmt: skip
REMEDY = "make one with `leadlight keys create --scope {scope}` and send it as `Authorization: Bearer llk_...`"


class Doors(Protocol):
    """What decides who may enter: the keys, and whether loopback may without."""

    @property
    def ring(self) -> KeyRing: ...

    @property
    def allows_anonymous(self) -> bool: ...


def admit(connection: HTTPConnection, doors: Doors, scope: str) -> Key | None:
    """Let a request in that needs `scope`: with the key it came with, or None on loopback, where none is needed.

    Raises Problem: 401 without a key or with an unknown one, 403 where the key lacks the scope, 503 where keys
    cannot be checked.
    """
    said = connection.headers.get("authorization")
    if said is None:
        admit_anonymous(connection, doors, scope)
        return None
    scheme, _, secret = said.strip().partition(" ")
    key = key_of(secret.strip(), doors.ring) if scheme.lower() == "bearer" else None
    return checked(key, scope)


def admit_anonymous(connection: HTTPConnection, doors: Doors, scope: str) -> None:
    """Let a request in that came without a key. Raises Problem 401 unless it is simply one of this machine."""
    outside = why_outside(connection)
    if outside or not doors.allows_anonymous:
        why = f"{outside}, so a key is needed" if outside else "A key is needed"
        raise unauthorized("key_needed", f"{why}; {REMEDY.format(scope=scope)}.")


def checked(key: Key | None, scope: str) -> Key:
    """The key, if there is one and it opens `scope`. Raises Problem 401 and 403."""
    if key is None:
        raise unauthorized("unknown_key", f"This key is unknown or was revoked; {REMEDY.format(scope=scope)}.")
    if not key.may(scope):
        has = ", ".join(sorted(key.scopes))
        raise Problem(403, "missing_scope", f"This needs the scope {scope}; the key has {has}.")
    return key


def why_outside(connection: HTTPConnection) -> str | None:
    """Why a request is not simply one of this machine, as the start of a sentence; None if it is one.

    The peer's address alone does not tell: a proxy here lends it to strangers, and a web page can point a name of its
    own at 127.0.0.1 (DNS rebinding, told by Host) or post here without leave (told by Origin).
    """
    headers = connection.headers
    if connection.client is None or not is_loopback(connection.client.host):
        return "This request comes from another machine"
    if any(name in PROXY_HEADERS or name.startswith("x-forwarded") for name in headers):
        return "This request comes through a proxy"
    if not is_loopback(_host(f"//{headers.get('host', '')}")):
        return "This request names a host that is not this machine"
    if "origin" in headers and not is_loopback(_host(headers["origin"])):
        return "This request comes from a page of another site"
    return None


@lru_cache(maxsize=256)  # the same few addresses, with each request
def is_loopback(host: str | None) -> bool:
    """Whether an address or name means this machine; of names only localhost does, whatever others resolve to."""
    if host is None or host.lower() == "localhost":
        return host is not None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # such as "[::1", which is no address
        return None


def key_of(secret: str, ring: KeyRing) -> Key | None:
    """The active key that `secret` is. Raises Problem 503 where keys cannot be checked."""
    try:
        return ring.key(secret, time.monotonic())
    except LeadlightError as error:
        raise unavailable(error.code, f"{str(error).capitalize()}.", retry_after_s=5) from error


def unauthorized(code: str, message: str) -> Problem:
    """The 401 with what HTTP asks of one."""
    return Problem(401, code, message, headers={"WWW-Authenticate": 'Bearer realm="leadlight"'})


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
