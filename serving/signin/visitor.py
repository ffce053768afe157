"""Who reads a page: somebody on this very machine, one whom the company's proxy names, or one who signed in."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select
from starlette.requests import HTTPConnection

from features.agreement.agreement import Agreement
from features.agreement.people import is_person, person_key
from features.home import tables
from features.home.settings import Settings
from serving.http.auth import why_outside
from serving.signin.sessions import SessionCookie, session_user
from serving.signin.users import Role

# Whose lists a role reads beside what is its own.
READS: dict[Role, tuple[str, ...]] = {
    "rep": ("sales",),
    "inside_sales": ("inside_sales",),
    "marketing": ("marketing",),
    "manager": ("sales", "inside_sales", "marketing", "opportunity_owner", "account_owner"),
    "admin": ("sales", "inside_sales", "marketing", "opportunity_owner", "account_owner"),
}


READ_CLOSED: frozenset[Role] = frozenset({"marketing", "manager", "admin"})
SEE_CONTACT: frozenset[Role] = frozenset({"inside_sales", "manager", "admin"})


@dataclass(frozen=True)
class Visitor:
    """Who reads a page and as what.

    person: None for somebody on this machine who did not say who he is. session: what forms are tied to.
    """

    role: Role
    way: Literal["local", "proxy", "session"]
    person: str | None = None
    crm_id: str | None = None
    session: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which leads are his."""
        return tuple(person_key(name) for name in (self.person, self.crm_id) if name)

    @property
    def label(self) -> str:
        """What the audit calls him."""
        return self.person or "this machine"

    @property
    def sees_everybody(self) -> bool:
        """Whether leads of others are shown to him."""
        return self.role != "rep"

    def is_own(self, owner: str | None) -> bool:
        """Whether a lead of this owner is his."""
        return owner is not None and person_key(owner) in self.names

    def may_read(self, queue: str | None, owners: Collection[str | None]) -> bool:
        """Whether a lead is shown to him: his own, and those of his lists; a rep's only while nobody has them.

        owners: who has it now, and whoever had it once: a lead that went on stays readable to him. queue: None where
        the lead is closed, which managers and marketing read.
        """
        if any(self.is_own(owner) for owner in owners):
            return True
        if queue is None:
            return self.role in READ_CLOSED
        return queue in READS[self.role] and (self.sees_everybody or not any(owners))

    def sees_contact(self, owner: str | None) -> bool:
        """Whether number and address are shown to him: to who has the lead, and to roles that act for others."""
        return self.is_own(owner) or self.role in SEE_CONTACT


def visitor_of(
    request: HTTPConnection, settings: Settings, connection: Connection, agreement: Agreement | None, now: datetime
) -> Visitor | None:
    """Whom a request is of: by the proxy, else by his session, else by this machine; None: nobody vouches for him."""
    named = proxied_name(request, settings)
    if named is not None:
        return _known(named, connection, agreement)
    cookie = request.cookies.get(SessionCookie.of(request, settings).name)
    user = session_user(connection, cookie, now) if cookie else None
    if user is not None:
        return Visitor(user.role, "session", user.email, user.crm_id, f"session:{user.digest.hex()}")
    is_claimed = settings.user_header is not None and settings.user_header in request.headers
    if settings.allow_anonymous and not is_claimed and why_outside(request) is None:
        return _local(request, connection, agreement)
    return None


def proxied_name(request: HTTPConnection, settings: Settings) -> str | None:
    """The person whom a listed proxy names in the one header; None from any other machine, or for two names."""
    if settings.user_header is None or request.client is None or not _is_listed(request.client.host, settings):
        return None
    named = request.headers.getlist(settings.user_header)
    return person_key(named[0]) if len(named) == 1 and is_person(named[0].strip()) else None


def _is_listed(host: str, settings: Settings) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in proxies(settings))


def proxies(settings: Settings) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The proxies whose header counts. Raises ValueError for what is no address and no network."""
    return [ipaddress.ip_network(each.strip()) for each in settings.trusted_proxies.split(",") if each.strip()]


def _local(request: HTTPConnection, connection: Connection, agreement: Agreement | None) -> Visitor:
    """Whoever sits at this machine may do all; `me` in the address says whose leads are his."""
    me = request.query_params.get("me", "").strip()
    if not is_person(me):
        return Visitor("admin", "local", session="local")
    known = _known(me, connection, agreement)
    crm_id = known.crm_id if known else None
    return Visitor("admin", "local", person_key(me), crm_id, f"local:{person_key(me)}")


def _known(name: str, connection: Connection, agreement: Agreement | None) -> Visitor | None:
    """A person by the list of users, else by [people] of the agreement: a rep, or inside sales."""
    users = tables.users.c
    row = connection.execute(select(tables.users).where(users.email == name)).first()
    if row is not None:
        is_open = row.removed_us is None
        return Visitor(row.role, "proxy", name, row.crm_id, f"proxy:{name}") if is_open else None
    if agreement is None:
        return None
    people = agreement.people
    role: Role | None = "rep" if name in people.reps else "inside_sales" if name in people.inside_sales else None
    return Visitor(role, "proxy", name, None, f"proxy:{name}") if role else None
