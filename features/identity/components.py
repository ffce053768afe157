"""The identity graph in the database: links between ids, the connected component of some ids, and its events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, and_, exists, func, not_, or_, select

from features.events.event import identifier_text
from features.events.trust import PUBLIC, is_public
from features.home import tables
from features.home.database import batched, insert_new
from features.identity.claims import ANONYMOUS, EMAIL, crm_key
from features.identity.email import ROLE_USERS, email_domain, is_placeholder, mail_address, mail_kind, shared_from

GROUP = "group"  # a link that ties nobody: a group's id or a work-mail domain, by which an account's leads are found
PLACEHOLDER = "placeholder"  # another one: an address that nobody has, kept so that it can be named
NAMED = 5  # addresses in one sentence
AT_ONCE = 5_000  # values in one statement; SQLite takes 32,766
LONGEST = 255  # characters of a value: PostgreSQL's indexes refuse texts of 2,700 bytes
TELLING = ('"previous', '"email"', '"crm', '"contact_id"')  # an event without any of these ties nothing by its body
CRM_NAMES = ("crm_lead_id", "previous_crm_lead_id", "contact_id")
MERGING = frozenset({"previous_crm_lead_id", "previous_lead_id", "contact_id"})

Row = Mapping[str, Any]
Identifier = tuple[str, str]  # kind (user, anonymous, group) and value


class Component(NamedTuple):
    """All ids that are linked to one another. They are one lead or several, and their events concern no other id.

    ids: user ids and anonymous ids in one set, since an alias turns one into the other.
    groups: the groups that these ids are in. What an event says of a group, it says of the leads in it.
    """

    ids: frozenset[str]
    groups: frozenset[str]


def record_links(connection: Connection, rows: Iterable[Row]) -> None:
    """Write the links that some events make between ids; to write a link twice changes nothing."""
    found = sorted({link for row in rows for link in links_of(row)})
    insert_new(connection, tables.links, [{"kind": kind, "value": value, "user_id": who} for kind, value, who in found])


def links_of(row: Row) -> Iterator[tuple[str, str, str]]:
    """(kind, value, user_id) for each identifier that an event links to a user id; groups also to a visitor's id.

    A link too many makes a component larger and changes nothing else; a link too few would lose events. An identify of
    `u7` with anonymousId `a1` and e-mail a@acme.example gives ("anonymous", "a1", "u7"), ("email", "a@acme.example",
    "u7") and ("group", "acme.example", "u7"). Which record of the CRM a lead is, a public key says to no effect.
    """
    user, body = row["user_id"], row["body"]
    if row["group_id"] is not None:
        yield GROUP, row["group_id"], user or row["anonymous_id"]
    if user is None:
        return
    if row["type"] in ("identify", "alias") and row["anonymous_id"] is not None:
        yield ANONYMOUS, row["anonymous_id"], user
    # Most events tie nothing: reading their bodies would double what an import costs.
    if not any(word in body for word in TELLING):
        return
    for kind, value in _keys(orjson.loads(body), row["type"], not is_public(row["flags"])):
        yield kind, value if len(value) <= LONGEST else blake2b(value.encode()).hexdigest(), user


def _keys(said: Row, type: str, is_trusted: bool) -> Iterator[tuple[str, str]]:
    properties, context = _mapping(said.get("properties")), _mapping(said.get("context"))
    if (previous := identifier_text(said.get("previousId"))) is not None:
        yield ANONYMOUS, previous
    for facts in (_mapping(said.get("traits")), _mapping(context.get("traits")), properties):
        yield from _records(facts) if is_trusted else ()
        if type == "identify" and (email := mail_address(facts.get("email"))):
            if is_placeholder(email):
                yield PLACEHOLDER, email
                continue
            yield EMAIL, email
            if mail_kind(domain := email_domain(email)) == "work":
                yield GROUP, str(domain)


def _records(facts: Row) -> Iterator[tuple[str, str]]:
    """The records of the CRM that some facts name, and the user ids of a merge, which may be such records' ids."""
    found = [key for name in CRM_NAMES if (key := crm_key(facts, name))]
    yield from found
    if not MERGING.isdisjoint(facts):
        yield from ((ANONYMOUS, value) for _, value in found)
        if (previous := identifier_text(facts.get("previous_lead_id"))) is not None:
            yield ANONYMOUS, previous


def _mapping(value: object) -> Row:
    return value if isinstance(value, Mapping) else {}


def component(connection: Connection, identifiers: Iterable[Identifier]) -> Component:
    """The connected component of some identifiers, by all links but those to groups.

    A group stands for its members: ("group", "acme.example") gives the components of all ids in it.
    """
    asked = list(identifiers)
    groups = {value for kind, value in asked if kind == GROUP}
    members = {row.user_id for row in links_to(connection, [(GROUP, value) for value in groups])}
    ids = {value for kind, value in asked if kind != GROUP} | members
    fresh, seen = ids, set[tuple[str, str]]()
    while fresh:
        ids, found = ids | fresh, set[str]()
        keys: set[tuple[str, str]] = {(ANONYMOUS, value) for value in fresh}
        for row in _links_of_users(connection, fresh):
            if row.kind == GROUP:
                groups.add(row.value)
            elif row.kind != PLACEHOLDER:
                keys.add((row.kind, row.value))
                found |= {row.value} if row.kind == ANONYMOUS else set()
        found |= {row.user_id for row in links_to(connection, keys - seen)}
        seen |= keys
        fresh = found - ids
    return Component(frozenset(ids), frozenset(groups))


def _links_of_users(connection: Connection, users: Iterable[str]) -> Iterator[Any]:
    columns = tables.links.c
    for batch in batched(sorted(users), AT_ONCE):
        yield from connection.execute(select(columns.kind, columns.value).where(columns.user_id.in_(batch))).all()


def links_to(connection: Connection, keys: Iterable[tuple[str, str]]) -> Iterator[Any]:
    """One row per link to these identifiers: its `value`, and the `user_id` that it is linked to."""
    columns = tables.links.c
    by_kind: dict[str, list[str]] = {}
    for kind, value in sorted(keys):
        by_kind.setdefault(kind, []).append(value)
    for kind, values in by_kind.items():
        for batch in batched(values, AT_ONCE):
            yield from connection.execute(
                select(columns.value, columns.user_id).where(and_(columns.kind == kind, columns.value.in_(batch)))
            )


def shared_addresses(connection: Connection) -> dict[str, int]:
    """By e-mail address that identifies nobody, how many users gave it: placeholders, and what too many share.

    What too many share in public keys' words alone identifies those whom others name, and is not among them.
    """
    columns, users = tables.links.c, func.count(tables.links.c.user_id.distinct())
    counted = select(columns.kind, columns.value, users.label("users")).group_by(columns.kind, columns.value)
    asked = counted.where(columns.kind.in_((EMAIL, PLACEHOLDER))).having(
        or_(columns.kind == PLACEHOLDER, users >= ROLE_USERS)
    )
    rows = connection.execute(asked.order_by(users.desc(), columns.value)).all()
    shared = {row.value: row.users for row in rows if row.kind == PLACEHOLDER or row.users >= shared_from(row.value)}
    trusted = _trusted_users(connection, shared)
    return {a: users for a, users in shared.items() if not 0 < trusted.get(a, 0) < shared_from(a)}


def _trusted_users(connection: Connection, addresses: Iterable[str]) -> dict[str, int]:
    """By address, how many of its users a key that is not public, or a file, identifies."""
    links, events = tables.links.c, tables.events.c
    trusted = and_(events.user_id == links.user_id, events.type == "identify", not_(events.flags.contains(PUBLIC)))
    users = func.count(links.user_id.distinct()).label("users")
    counted = select(links.value, users).where(links.kind == EMAIL, exists().where(trusted)).group_by(links.value)
    found: dict[str, int] = {}
    for batch in batched(addresses, AT_ONCE):
        found |= {row.value: row.users for row in connection.execute(counted.where(links.value.in_(batch)))}
    return found


def shared_addresses_sentence(shared: Mapping[str, int]) -> str:
    """What a person should know of addresses that identify nobody, the most shared ones first."""
    named = ", ".join(f"{address} ({users:,} leads)" for address, users in list(shared.items())[:NAMED])
    more = f" and {len(shared) - NAMED:,} more" if len(shared) > NAMED else ""
    what = "placeholders, or shared by more leads than one person has"
    return f"{named}{more}: {what}; they join no leads, so where two are one person: leadlight merge A B"


def events_of(connection: Connection, connected: Component) -> list[Any]:
    """The events of a component in the order of the ledger, and with them those about its groups, whoever sent them."""
    columns = tables.events.c
    rows: dict[int, Any] = {}
    for batch in batched(sorted(connected.ids), AT_ONCE):
        of_visitor = and_(tables.OF_VISITORS, columns.anonymous_id.in_(batch))
        for which in (columns.user_id.in_(batch), of_visitor):
            _select_into(connection, which, rows)
    for batch in batched(sorted(connected.groups), AT_ONCE):
        _select_into(connection, and_(tables.ABOUT_GROUPS, columns.group_id.in_(batch)), rows)
    return [rows[event_id] for event_id in sorted(rows)]


def _select_into(connection: Connection, which: Any, rows: dict[int, Any]) -> None:
    rows |= {row.event_id: row for row in connection.execute(select(tables.events).where(which)).all()}
