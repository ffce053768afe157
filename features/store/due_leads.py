"""Due leads: what the ledger says of leads that wait for a decision, and who decides on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.derived import Derived, derive
from features.identity.components import GROUP, Identifier
from features.ledger.decision_marks import Mark, Marks
from features.ledger.tombstones import tombstones
from features.store.account_states import AccountState
from features.store.builds import current_builds
from features.store.feast_views import view_suffix
from features.store.ledger_fallback import states_of_accounts
from features.store.online import LeadState, newest_states


@dataclass(frozen=True)
class DueLeads:
    """Leads to decide on, and what the ledger says of them; `marks` are those that asked for it.

    states: one per lead, whole, with what its account did. erasures: how many tombstones there were when it was read.
    """

    derived: Derived
    states: Sequence[LeadState]
    marks: Marks = field(default_factory=dict)
    erasures: int = 0

    @cached_property
    def merged_into(self) -> dict[str, str]:
        """By id of a lead that became part of another, that other lead's id."""
        found = self.derived.identities
        gone = [lead for lead, us in zip(found.lead_ids, found.merged_us.tolist(), strict=True) if us != NOT_YET]
        return {lead: found.identifiers.get(("user", lead), lead) for lead in gone}

    @cached_property
    def newest_event_ids(self) -> dict[str, int]:
        """By lead, the id of its newest event; a lead without any is left out."""
        found, table = self.derived.identities, self.derived.table
        newest, owned = np.zeros(len(found.lead_ids), dtype=np.int64), found.lead >= 0
        np.maximum.at(newest, found.lead[owned], np.asarray(table.event_id, dtype=np.int64)[owned])
        return {lead: event for lead, event in zip(found.lead_ids, newest.tolist(), strict=True) if event}

    @cached_property
    def mark_by_lead(self) -> dict[str, Mark]:
        """By lead, the mark that asks for its decision; one of a group asks for all."""
        found: dict[str, Mark] = {}
        for identifier, mark in self.marks.items():
            for lead in self._leads_of(identifier):
                before = found.get(lead, mark)
                bulk, live = max(before.in_bulk, mark.in_bulk), max(before.live, mark.live)
                found[lead] = Mark(max(before.event_id, mark.event_id), live, bulk)
        return found

    def marks_without(self, leads: Collection[str]) -> Marks:
        """The marks that do not ask for any of these leads."""
        lost = set(leads)
        return {name: mark for name, mark in self.marks.items() if lost.isdisjoint(self._leads_of(name))}

    def _leads_of(self, identifier: Identifier) -> Iterable[str]:
        found = self.derived.identities
        if identifier[0] == GROUP:
            return found.lead_ids
        lead = found.identifiers.get(identifier, identifier[1])
        # Of a merge both are due: the one that took the other in, and the other.
        return (lead, identifier[1]) if lead != identifier[1] else (lead,)


def due_leads(
    connection: Connection, agreement: Agreement, asked: Iterable[Identifier], marks: Mapping[Identifier, Mark]
) -> DueLeads:
    """What the ledger says of the leads of these identifiers and of all that they are tied to."""
    derived = derive(connection, agreement, asked)
    build = current_builds(connection).get(view_suffix(agreement))
    states = list(newest_states(derived.rows, agreement, derived.ids))
    return DueLeads(derived, states_of_accounts(connection, build, derived, states), marks, tombstones(connection))


def with_accounts(
    states: Iterable[LeadState], accounts: Mapping[str, AccountState], names: Sequence[str]
) -> list[LeadState]:
    """The states with what their accounts did, of which the states are at hand."""
    features = {account_id: state.features(names) for account_id, state in accounts.items()}
    return [state._replace(account=features.get(state.traits.get("account") or "")) for state in states]


class DecidedLeads(Protocol):
    """What was decided on due leads, ready to be written."""

    def write(self, connection: Connection) -> Collection[str]:
        """Write it in the caller's transaction; the leads that somebody else decided on meanwhile, which stay due."""


class Decider(Protocol):
    """Who decides on leads. Nothing of it is known here: it comes from serving."""

    def feature_part(self) -> str | None:
        """The suffix of the feature part by which leads are looked at; None where nobody can decide now."""

    def reads_accounts(self) -> bool:
        """Whether a decision depends on what the other leads of an account did."""

    def decided(self, connection: Connection, due: DueLeads) -> DecidedLeads:
        """The decisions on these leads, read and computed now, to be written soon."""

    def decide_rest(self) -> None:
        """Decide on what senders wait for and no round has decided. Never raises for leads that cannot be decided."""
