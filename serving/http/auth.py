"""Who may do what: API keys with scopes, write keys, Segment's signatures, and callers on this very machine."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import time
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from features.events.trust import ReservedNames
from features.events.validation import Source
from features.home.clock import Clock
from features.home.errors import LeadlightError
from serving.http.keys import SPEAKS_FOR_CRM, WRITES, Key, KeyRing
from serving.http.problems import Problem, unavailable

# A proxy on this machine makes every stranger's connection come from loopback; these tell that one stands between.
PROXY_HEADERS = frozenset({
    "forwarded", "via", "x-original-forwarded-for", "x-real-ip", "x-client-ip", "x-cluster-client-ip",
    "true-client-ip", "cf-connecting-ip", "cf-ray", "fastly-client-ip", "x-envoy-external-address",
})  # fmt: skip
# Which scope a key needs to do what; a key with "admin" may do all of it.
MAY_SEND_EVENTS = WRITES
MAY_READ_SCORES = "scores:read"
MAY_READ_TIMELINE = "scores:read"
MAY_READ_HANDOVERS = "scores:read"
MAY_GIVE_FEEDBACK = "feedback:write"  # and see whom to call
MAY_EXPORT_LEAD = "admin"
MAY_ERASE_LEAD = "admin"
MAY_SPEAK_FOR_CRM = SPEAKS_FOR_CRM  # outcomes, rejects, merges, touches: without it such events are not followed
MAY_REPLAY_FAILED_EVENTS = "admin"

REMEDY = "make one with `leadlight keys create --scope {scope}` and send it as `Authorization: Bearer llk_...`"


@dataclass(frozen=True)
class Credentials:
    """By what a served home knows its callers.

    ring: the API keys. allows_anonymous: whether a caller on this machine needs no key. segment_secret: what Segment
    signs with, where one was set.
    """

    ring: KeyRing
    allows_anonymous: bool = False
    segment_secret: str | None = None


def admit(connection: HTTPConnection, credentials: Credentials, scope: str) -> Key | None:
    """Admit a request that needs `scope`: its key, or None on loopback, where no key is needed.

    Raises Problem: 401 without a key or with an unknown one, 403 where the key lacks the scope, 503 where keys
    cannot be checked.
    """
    header = connection.headers.get("authorization")
    if header is None:
        admit_anonymous(connection, credentials, scope)
        return None
    scheme, _, secret = header.strip().partition(" ")
    key = active_key(secret.strip(), credentials.ring) if scheme.lower() == "bearer" else None
    return key_with_scope(key, scope)


def admit_anonymous(connection: HTTPConnection, credentials: Credentials, scope: str) -> None:
    """Admit a request without a key. Raises Problem 401 unless it comes from this very machine."""
    outside = why_outside(connection)
    if outside or not credentials.allows_anonymous:
        why = f"{outside}, so a key is needed" if outside else "A key is needed"
        raise unauthorized("key_needed", f"{why}; {REMEDY.format(scope=scope)}.")


def key_with_scope(key: Key | None, scope: str) -> Key:
    """The key, if there is one and it has `scope`. Raises Problem 401 and 403."""
    if key is None:
        raise unauthorized("unknown_key", f"This key is unknown or was revoked; {REMEDY.format(scope=scope)}.")
    if not key.may(scope):
        has = ", ".join(sorted(key.scopes))
        raise Problem(403, "missing_scope", f"This needs the scope {scope}; the key has {has}.")
    return key


def why_outside(connection: HTTPConnection) -> str | None:
    """Why a request does not count as one of this machine, as the start of a sentence; None where it does.

    The peer's address alone is no proof. A proxy on this machine passes on requests of strangers. A web page can point
    a name of its own at 127.0.0.1 (DNS rebinding: Host names it), or post here unasked (Origin names it).
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


def active_key(secret: str, ring: KeyRing) -> Key | None:
    """The active key that `secret` is. Raises Problem 503 where keys cannot be checked."""
    try:
        return ring.key(secret, time.monotonic())
    except LeadlightError as error:
        raise unavailable(error.code, f"{str(error).capitalize()}.", retry_after_s=5) from error


def unauthorized(code: str, message: str) -> Problem:
    """The 401 with what HTTP asks of one."""
    return Problem(401, code, message, headers={"WWW-Authenticate": 'Bearer realm="leadlight"'})


LIVE, SEGMENT = "live", "segment"  # what sources begin with: events of clients, and events that a platform forwards


def header_key(connection: HTTPConnection) -> str | None:
    """The key in the Authorization header: the user name of Basic, a Bearer token, or a bare key; None for none.

    Segment's clients send Basic with the key and an empty password, some without the colon between.
    """
    header = connection.headers.get("authorization", "").strip()
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return header or None
    try:
        packed = value.strip()
        user = base64.b64decode(packed + "=" * (-len(packed) % 4)).decode().partition(":")[0]
    except ValueError:  # neither base64 nor text
        return value
    return user.strip() or None


def admit_writer(connection: HTTPConnection, credentials: Credentials, secret: str | None) -> Key | None:
    """Admit a request that sends events: the key that `secret` is, or None on loopback, where no key is needed.

    Tracking clients cannot do without a key. So on loopback any text counts as one, while no key for events exists.

    Raises Problem: 401, 403, 503 as `admit` does.
    """
    if not secret:
        admit_anonymous(connection, credentials, MAY_SEND_EVENTS)
        return None
    key = active_key(secret, credentials.ring)
    if key is None and _is_any_key_good(connection, credentials, secret):
        return None
    return key_with_scope(key, MAY_SEND_EVENTS)


def _is_any_key_good(connection: HTTPConnection, credentials: Credentials, secret: str) -> bool:
    now = time.monotonic()
    if credentials.ring.guards(MAY_SEND_EVENTS, now) or credentials.ring.was_revoked(secret, now):
        return False
    return credentials.allows_anonymous and why_outside(connection) is None


def is_signed(connection: HTTPConnection, credentials: Credentials, raw: bytes, secret: str | None) -> bool:
    """Whether the body was signed with LEADLIGHT_SEGMENT_SECRET, which is as good as a key.

    Segment signs single events: X-Signature is the hex HMAC-SHA1 of the body. Where no secret was set the key that
    came along is the secret. Raises Problem 401 for a signature that is wrong.
    """
    signature = connection.headers.get("x-signature")
    shared = credentials.segment_secret or secret
    if signature is None or shared is None:
        return False
    right = hmac.new(shared.encode(), raw, sha1).hexdigest()
    if not hmac.compare_digest(right.encode(), signature.strip().lower().removeprefix("sha1=").encode()):
        raise unauthorized("bad_signature", "X-Signature is not that of this body; check the shared secret.")
    return credentials.segment_secret is not None


def event_source(way: str, key: Key | None, is_trusted: bool, reserved: ReservedNames) -> Source:
    """The source of events that came in the way LIVE or SEGMENT. A key decides whether its source is trusted.

    A messageId names one event for good within its source. The source is named for the key's label, else for its id:
    so two systems never take an id from each other, and a new key with the label of an old one continues its source.
    Example: the key labelled "shop" sends m-1 as source "live:shop". Segment forwards m-1 as "segment:shop": they are
    two events.
    """
    clock: Clock = "platform" if way == SEGMENT else "sender"
    if key is None:
        return Source(way, clock, is_trusted, reserved=reserved)
    speaks, tells = key.may(MAY_SPEAK_FOR_CRM), key.may(MAY_GIVE_FEEDBACK)
    named = f"{way}:{key.source_name}"
    return Source(named, clock, speaks, reserved=reserved, side=key.side, may_give_feedback=tells)
