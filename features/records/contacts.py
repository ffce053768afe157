"""Contact data: whom to call, read from a lead's identify calls and exports; no model and no reason sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, and_, select

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.events.trust import is_public
from features.home import tables
from features.home.database import batched
from features.identity.claims import normal_email
from features.traits.typed_values import flat_traits

AT_ONCE = 500  # leads in one query
LONGEST = 200  # characters: a name that is longer is no name
_IDS = ("user", "anonymous", "lead")
_READ = ("type", "user_id", "anonymous_id", "message_id", "occurred_us", "recorded_us", "flags", "body")  # of an event


@dataclass(frozen=True)
class Contact:
    """Whom to call: None for what is not known."""

    name: str | None = None
    title: str | None = None
    company: str | None = None
    phone: str | None = None
    email: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return dict(self.__dict__)


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
    shown = text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:LONGEST]


def contacts(connection: Connection, agreement: Agreement, lead_ids: Iterable[str]) -> dict[str, Contact]:
    """The contact data of some leads by lead id, as known now; leads that nothing is known of have an empty `Contact`.

    Of each trait the newest value counts. What a public key says counts only where nothing trusted says who to call:
    else anybody could have sales call another number.
    """
    found: dict[str, Contact] = {}
    for asked in batched(dict.fromkeys(lead_ids), AT_ONCE):
        trusted, public = _newest_values(connection, asked)
        for lead in asked:
            known = contact_of(trusted[lead], agreement) if lead in trusted else Contact()
            if lead in public:
                of_public = contact_of(public[lead], agreement).as_json()
                known = Contact(**{field: value or of_public[field] for field, value in known.as_json().items()})
            found[lead] = known
    return found


Values = dict[str, dict[str, Any]]  # by lead, its traits by snake_case name


def _newest_values(connection: Connection, lead_ids: Sequence[str]) -> tuple[Values, Values]:
    """The newest value of each trait, of what trusted sources say and of what public keys say."""
    trusted: Values = {}
    public: Values = {}
    # Of the addresses that public keys give a lead the first that came stays: a later one may be anybody's.
    emails: dict[str, tuple[int, str]] = {}
    for lead, event in sorted(_calls(connection, lead_ids), key=lambda call: _place(call[1])):
        said = orjson.loads(event.body)
        traits = said.get("traits") or (said.get("context") or {}).get("traits")
        if isinstance(traits, dict):
            given = flat_traits(traits) if event.type == "identify" else {"company": traits.get("name")}
            (public if is_public(event.flags) else trusted).setdefault(lead, {}).update(given)
            if is_public(event.flags) and given.get("email"):
                emails[lead] = min(emails.get(lead, (NOT_YET, "")), (event.recorded_us, str(given["email"])))
    for lead, (_, email) in emails.items():
        public[lead]["email"] = email
    return trusted, public


def _place(event: Any) -> tuple[bool, int, str]:
    """What a person's own call says stands over what a group call says; then the newer over the older."""
    return event.type == "identify", event.occurred_us, event.message_id


def _calls(connection: Connection, lead_ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """(lead id, event) of each identify and group call of these leads, under any id that is theirs."""
    events, owner = tables.events.c, _leads_by_id(connection, lead_ids)
    told = select(*(events[column] for column in _READ))
    for batch in batched(sorted({value for _, value in owner}), AT_ONCE):
        of_visitor = and_(tables.OF_VISITORS, events.anonymous_id.in_(batch))
        for whose in (events.user_id.in_(batch), of_visitor):
            is_telling = events.type.in_(("identify", "group"))
            for row in connection.execute(told.where(whose, is_telling)):
                lead = _lead_of(row.user_id, row.anonymous_id, owner)
                if lead is not None and lead in lead_ids:
                    yield lead, row


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
