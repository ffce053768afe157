"""States before a moment: what was known of leads then, derived from only the events that were recorded before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.arrays import Floats
from features.behaviour.decayed_counters import behaviour_states
from features.derived import DerivedRows, derive_events
from features.home.database import consistent_read
from features.home.settings import Home
from features.identity.claims import USER
from features.identity.components import GROUP, component, events_of
from features.store.online import LeadState, newest_states


def states_before(home: Home, agreement: Agreement, lead_ids: Sequence[str], moment_us: int) -> list[LeadState]:
    """The state of each of these leads just before the moment, in order; `known_at` None where nobody knew it then.

    L-7 visited on Monday, which was recorded on Wednesday: its state before Tuesday does not have the visit. A lead
    that had become part of another by then has the state of that one.
    """
    return states_in(rows_before(home, agreement, lead_ids, moment_us), agreement, lead_ids)


def states_in(rows: DerivedRows, agreement: Agreement, lead_ids: Sequence[str]) -> list[LeadState]:
    """The state of each of these leads in what some events say, in order, with what its account did."""
    found = {state.lead_id: state for state in newest_states(rows, agreement, frozenset(rows.identities.lead_ids))}
    lead_of = {lead_id: rows.identities.identifiers.get((USER, lead_id), lead_id) for lead_id in lead_ids}
    states = [found.get(lead_of[lead_id]) or LeadState(lead_id, {}, {}, None) for lead_id in lead_ids]
    return [state._replace(account=_account(rows, agreement, state.traits.get("account"))) for state in states]


def corrected_state(rows: DerivedRows, agreement: Agreement, then: LeadState, then_us: int) -> LeadState:
    """A state of a moment with its behaviours as they are known by `rows`: of what happened before the moment alone.

    then: the state as it was known just before `then_us`; its traits stay. A visit of Monday that was recorded on
    Wednesday is in the corrected state of Tuesday, and one that turned out to be a bot's is not.
    """
    own, accounts = (
        part.taken((part.occurred_us < then_us) | (part.known_us < then_us)) for part in (rows.observed, rows.accounts)
    )
    return state_with_traits(replace(rows, observed=own, accounts=accounts), agreement, then)


def state_with_traits(rows: DerivedRows, agreement: Agreement, then: LeadState) -> LeadState:
    """What the lead and its account did by `rows`, with the traits and in the account of another of its states."""
    (newest,) = states_in(rows, agreement, [then.lead_id])
    return newest._replace(traits=then.traits, account=_account(rows, agreement, then.traits.get("account")))


@dataclass(frozen=True)
class EventsAround:
    """The events of all ids and colleagues that some leads are linked to today, in the order of the ledger.

    At an earlier moment they were linked to a part of these at most, so what was known then is derived from a part.
    """

    events: Sequence[Any]
    ids: frozenset[str]

    @classmethod
    def of(cls, connection: Connection, lead_ids: Sequence[str]) -> EventsAround:
        """Those of these leads, read from the ledger."""
        own = component(connection, [(USER, lead_id) for lead_id in lead_ids])
        tied = component(connection, [*((USER, one) for one in own.ids), *((GROUP, one) for one in own.groups)])
        return cls(list(events_of(connection, tied)), tied.ids)

    def recorded_before(self, moment_us: int) -> EventsAround:
        """Those that were recorded before a moment."""
        return EventsAround([event for event in self.events if event.recorded_us < moment_us], self.ids)

    def rows(self, agreement: Agreement) -> DerivedRows:
        """What they say of their leads by an agreement."""
        return derive_events(self.events, agreement, self.ids).rows


def rows_before(home: Home, agreement: Agreement, lead_ids: Sequence[str], moment_us: int) -> DerivedRows:
    """What the events around these leads say that were recorded before the moment."""
    with consistent_read(home) as connection:
        return EventsAround.of(connection, lead_ids).recorded_before(moment_us).rows(agreement)


def _account(rows: DerivedRows, agreement: Agreement, account: str | None) -> dict[str, Floats | None] | None:
    """The behaviour states of the whole account."""
    if account is None or account not in rows.account_ids:
        return None
    own = rows.accounts.taken(rows.accounts.lead == rows.account_ids.index(account))
    last = own.is_newest()
    if not last.any():
        return None
    folded = behaviour_states(own, len(agreement.behaviours), agreement.half_lives, last)
    first = {name: ragged.row(0) for name, ragged in zip(agreement.behaviours, folded, strict=True)}
    return {name: state if len(state) else None for name, state in first.items()}
