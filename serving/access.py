"""Who may do what: a key with the scope, or nobody's key on this very machine."""

from __future__ import annotations

import ipaddress
import time
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from features.errors import LeadlightError
from serving.keys import Key, KeyRing
from serving.problems import Problem, unavailable

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
