"""Contact data: whom to call, read from a lead's identify calls and exports; no model and no reason sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, and_, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.database import batched
from features.identity.claims import normal_email
from features.traits.typed_values import flat_traits

AT_ONCE = 500  # leads in one query
LONGEST = 200  # characters: a name that is longer is no name
_IDS = ("user", "anonymous", "lead")


@dataclass(frozen=True)
class Contact:
    """Whom to call: None for what is not known."""

    name: str | None = None
    title: str | None = None
    company: str | None = None
    phone: str | None = None
    email: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return asdict(self)


def contact_of(traits: Mapping[str, Any], agreement: Agreement) -> Contact:
    """The contact data in one lead's traits, by snake_case name or as an identify call has them.

    Example: {"first_name": "Ann", "last_name": "Lee"} has the name "Ann Lee".
    """
    given, fields = flat_traits(traits), agreement.contact
    name, title, company, phone = (
        next(filter(None, (_spelled(spelling, given) for spelling in spellings)), None)
        for spellings in (fields.name, fields.title, fields.company, fields.phone)
    )
    return Contact(name, title, company, phone, normal_email(given.get("email")) or None)


def _spelled(spelling: str, given: Mapping[str, Any]) -> str:
    """The values of a spelling's traits, joined by blanks; empty where none of them has one."""
    return " ".join(filter(None, (_plain_text(given.get(name)) for name in spelling.split())))


def _plain_text(value: Any) -> str:
    """A text or number on one line; empty for anything else. Control characters would break a sheet or a terminal."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value != value:
        return ""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST]


def contacts(connection: Connection, agreement: Agreement, lead_ids: Iterable[str]) -> dict[str, Contact]:
    """The contact data of some leads by lead id, as known now; leads that nothing is known of have an empty `Contact`.

    Of each trait the newest value counts, and one that a trusted source says before one that a public key says.
    """
    found: dict[str, Contact] = {}
    for asked in batched(dict.fromkeys(lead_ids), AT_ONCE):
        newest = _newest_values(connection, asked)
        found |= {lead: contact_of(newest.get(lead, {}), agreement) for lead in asked}
    return found


def _newest_values(connection: Connection, lead_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By lead, the newest value of each of its traits by snake_case name."""
    events = sorted(_identify_calls(connection, lead_ids), key=lambda event: event[1])
    values: dict[str, dict[str, Any]] = {}
    for lead, _, body in events:
        said = orjson.loads(body)
        traits = said.get("traits") or (said.get("context") or {}).get("traits")
        if isinstance(traits, dict):
            values.setdefault(lead, {}).update(flat_traits(traits))
    return values


def _identify_calls(
    connection: Connection, lead_ids: Sequence[str]
) -> Iterator[tuple[str, tuple[bool, int, str], str]]:
    """(lead id, place in order, body) of each identify call of these leads, under any id that is theirs."""
    events, owner = tables.events.c, _leads_by_id(connection, lead_ids)
    columns = (events.user_id, events.anonymous_id, events.flags, events.occurred_us, events.message_id, events.body)
    for batch in batched(sorted({value for _, value in owner}), AT_ONCE):
        of_visitor = and_(tables.OF_VISITORS, events.anonymous_id.in_(batch))
        for whose in (events.user_id.in_(batch), of_visitor):
            for row in connection.execute(select(*columns).where(whose, events.type == "identify")):
                lead = _lead_of(row.user_id, row.anonymous_id, owner)
                if lead is not None and lead in lead_ids:
                    is_trusted = "not_trusted" not in row.flags.split(",")
                    yield lead, (is_trusted, row.occurred_us, row.message_id), row.body


def _lead_of(user_id: str | None, visitor: str | None, owner: Mapping[tuple[str, str], str]) -> str | None:
    """The lead of an event: a user id may be spelled as another lead's visitor id, and is the user's then."""
    if user_id is None:
        return owner.get(("anonymous", str(visitor)))
    return next((owner[kind, user_id] for kind in ("user", "lead", "anonymous") if (kind, user_id) in owner), None)


def _leads_by_id(connection: Connection, lead_ids: Sequence[str]) -> dict[tuple[str, str], str]:
    """The lead of each (kind, id) that is spelled as an id of one of these leads; some may be of others."""
    known = tables.identities.c
    theirs = select(known.value).where(known.kind.in_(_IDS), known.lead_id.in_(lead_ids))
    named = select(tables.identities).where(known.kind.in_(_IDS), known.value.in_(theirs))
    # A lead that came a moment ago is not in the index yet; its events name it.
    new = {("lead", lead): lead for lead in lead_ids}
    return new | {(row.kind, row.value): row.lead_id for row in connection.execute(named)}
