"""One lead's record: all events and identifiers that the ledger holds on it, found by any of its identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.behaviour.decayed_counters import Observations
from features.behaviour.observations import observations
from features.derived import Derived, derive
from features.events.event_table import EventTable
from features.home import tables
from features.home.errors import LeadlightError
from features.identity.claims import normal_email
from features.identity.identities import Identities
from features.ledger.tombstones import IdentifierName, erased_among

SYSTEMS = ("crm", "salesforce", "hubspot")  # of which an erased lead's id may be asked for by itself


class UnknownLead(LeadlightError):
    """No event of the ledger has this identifier."""

    code = "unknown_lead"

    def __init__(self, name: str) -> None:
        super().__init__(f"no lead is named {name!r}; give a lead id, an e-mail address or an id of your CRM")


class LeadErased(LeadlightError):
    """The identifier of an erased lead."""

    code = "erased"

    def __init__(self) -> None:
        super().__init__("this lead was erased; nothing of it is held, and its later events are refused")


class NamesTwoLeads(LeadlightError):
    """An identifier that is one lead's in one system and another lead's in another."""

    code = "names_two_leads"


@dataclass(frozen=True)
class LeadRecord:
    """One lead, and all events of its component: what decides which of them are the lead's.

    position: the lead's in `identities.lead_ids`. derived: what the events of the component say.
    """

    lead_id: str
    position: int
    derived: Derived

    @property
    def rows(self) -> Sequence[Any]:
        """The component's events in the order of the ledger."""
        return self.derived.events

    @property
    def table(self) -> EventTable:
        """The same events as columns."""
        return self.derived.table

    @property
    def identities(self) -> Identities:
        """The lead of each of these events."""
        return self.derived.identities

    @cached_property
    def observed(self) -> Observations:
        """What the leads of the component did: cheaper than all that `derived.rows` says."""
        return observations(self.table, self.identities, self.derived.agreement)

    @cached_property
    def own(self) -> list[int]:
        """The positions in `rows` of the lead's own events, also of those from before it was identified."""
        return [row for row, lead in enumerate(self.identities.lead.tolist()) if lead == self.position]

    @cached_property
    def names(self) -> list[IdentifierName]:
        """(kind, value) of each identifier of the lead: user, anonymous, email, its ids in CRMs."""
        names = {name for name, lead in self.identities.identifiers.items() if lead == self.lead_id}
        names |= {("user", user) for row in self.own if (user := self.rows[row].user_id)}
        names |= {("anonymous", id) for row in self.own if (id := self.rows[row].anonymous_id) and not self._shared(id)}
        return sorted(names)

    def _shared(self, visitor: str) -> bool:
        """Whether an anonymous id on this lead's events is another lead's: a browser that two people use."""
        owner = self.identities.identifiers.get(("anonymous", visitor))
        return owner is not None and owner != self.lead_id

    @cached_property
    def ids(self) -> set[str]:
        """Its user ids and anonymous ids."""
        return {value for kind, value in self.names if kind in ("user", "anonymous")}


def lead_record(connection: Connection, agreement: Agreement, name: str, only_ids: bool = False) -> LeadRecord:
    """The lead with this name: a lead, user or anonymous id, an e-mail address, or an id in a CRM.

    only_ids: take a lead, user or anonymous id alone. Raises UnknownLead, LeadErased and NamesTwoLeads.
    """
    asked = [("user", name)] + ([] if only_ids else [("user", user) for user in _holders(connection, name)])
    around = derive(connection, agreement, asked)
    lead_id = _lead_id(around.identities, name, only_ids)
    if lead_id is None:
        raise LeadErased() if _is_erased(connection, name, only_ids) else UnknownLead(name)
    return LeadRecord(lead_id, around.identities.lead_ids.index(lead_id), around)


def _holders(connection: Connection, name: str) -> list[str]:
    """The user ids with a link to an e-mail address or an id in a CRM."""
    columns = tables.links.c
    is_identifier = columns.value.in_({name, normal_email(name) or name})
    return list(connection.scalars(select(columns.user_id).where(is_identifier)))


def _lead_id(resolved: Identities, name: str, only_ids: bool) -> str | None:
    stands = {
        lead for lead, merged in zip(resolved.lead_ids, resolved.merged_us.tolist(), strict=True) if merged == NOT_YET
    }
    if name in stands:
        return name
    ids = [resolved.identifiers.get((kind, name)) for kind in ("user", "anonymous")]
    if only_ids or any(ids):
        return next((lead for lead in ids if lead), None)
    email = normal_email(name)
    leads = {
        lead for (kind, value), lead in resolved.identifiers.items() if value == (email if kind == "email" else name)
    }
    if len(leads) > 1:
        raise NamesTwoLeads(f"{name!r} names {len(leads)} leads in several systems; give the lead id of one of them")
    return next(iter(leads), None)


def _is_erased(connection: Connection, name: str, only_ids: bool) -> bool:
    asked: list[IdentifierName] = [("user", name)]
    if not only_ids:
        asked += [("email", normal_email(name)), *((system, name) for system in SYSTEMS)]
    return bool(erased_among(connection, asked))
