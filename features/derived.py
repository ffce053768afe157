"""From events to everything that they say of leads: one function for the whole ledger and for one lead's component."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET, Ints
from features.behaviour.decayed_counters import Observations
from features.behaviour.observations import account_observations, observations
from features.events.event_table import EventTable, read_events
from features.identity.accounts import AccountPeriods, account_periods
from features.identity.components import Identifier, component, events_of
from features.identity.identities import Identities, identities
from features.lifecycle.milestones import milestones
from features.traits.history import trait_history


@dataclass(frozen=True)
class DerivedRows:
    """Everything that some events say of leads by an agreement: `derived_rows` makes it.

    What the rows say of one component is the same whether they were derived from its events alone or from the whole
    ledger. What they say was known before a moment follows from the events recorded before it alone: a trait row of
    ann that became known on May 3 stays as it is, whatever is recorded on May 4.

    table: the events. observed: of leads, by position in `identities.lead_ids`, events by row of the table. traits: one
    row per lead and moment. accounts: observations of accounts, by position in `account_ids`, events by their ids in
    the ledger. newest_us: when the newest thing about each lead became known.
    """

    table: EventTable
    identities: Identities
    observed: Observations
    traits: pd.DataFrame
    account_periods: AccountPeriods
    accounts: Observations
    newest_us: Ints

    @property
    def account_ids(self) -> list[str]:
        return self.account_periods.account_ids

    def shared_accounts(self) -> Ints:
        """Positions of the accounts that several leads have been in; in any other account a lead has no colleagues."""
        pairs = np.unique(np.stack([self.account_periods.account, self.account_periods.lead]), axis=1)
        account, leads = np.unique(pairs[0], return_counts=True)
        return account[leads > 1]

    def accounts_now(self) -> dict[str, str]:
        """By lead_id, the account of each lead that is in one now."""
        periods, lead_ids = self.account_periods, self.identities.lead_ids
        now = np.flatnonzero(periods.until_us == NOT_YET)
        pairs = zip(periods.lead[now].tolist(), periods.account[now].tolist(), strict=True)
        return {lead_ids[lead]: self.account_ids[account] for lead, account in pairs}

    def accounts_at(self, leads: Ints, moments_us: Ints) -> list[str | None]:
        """The account of each of these leads (by position), each as it was known at its moment."""
        periods = self.account_periods
        if not len(periods.lead):
            return [None] * len(leads)
        # The last period that had begun: periods are sorted by lead, then by when they began.
        order = np.lexsort((np.append(periods.known_us, moments_us), np.append(periods.lead, leads)))
        is_period = order < len(periods.lead)
        last = np.maximum.accumulate(np.where(is_period, order, -1))[~is_period]
        place = order[~is_period] - len(periods.lead)
        holds = (last >= 0) & (periods.lead[last] == leads[place]) & (periods.until_us[last] > moments_us[place])
        account = np.full(len(leads), -1, dtype=np.int64)
        account[place] = np.where(holds, periods.account[last], -1)
        return [self.account_ids[position] if position >= 0 else None for position in account.tolist()]


@dataclass(frozen=True)
class Derived:
    """The events of some components, and what these say of the leads in them: `derive` makes it.

    ids: the user and anonymous ids of the components. events: in the order of the ledger; event i is row i of `table`.
    """

    agreement: Agreement
    ids: frozenset[str]
    events: Sequence[Any]
    table: EventTable

    @cached_property
    def identities(self) -> Identities:
        """The lead of each event."""
        return identities(self.table)

    @cached_property
    def rows(self) -> DerivedRows:
        """What the events say of the leads with these ids."""
        return derived_rows(self.table, self.agreement, self.identities, self.ids)


def derive(
    connection: Connection, agreement: Agreement, identifiers: Iterable[Identifier],
    without: frozenset[str] = frozenset(), recorded_before_us: int = NOT_YET,
) -> Derived:  # fmt: skip
    """Read the events of these identifiers and of all that they are tied to, and derive what they say.

    without: ids that are left out. recorded_before_us: later events are left out as well.
    """
    tied = component(connection, identifiers)
    tied = tied._replace(ids=tied.ids - without)
    events = [event for event in events_of(connection, tied) if event.recorded_us < recorded_before_us]
    return derive_events(events, agreement, tied.ids)


def derive_events(events: Sequence[Any], agreement: Agreement, ids: frozenset[str]) -> Derived:
    """The same of events that were read already: all those of the components with these ids."""
    return Derived(agreement, ids, events, read_events([events], agreement))


def derived_rows(
    table: EventTable, agreement: Agreement, resolved: Identities | None = None, ids: frozenset[str] | None = None
) -> DerivedRows:
    """Everything that the events of `table` say by `agreement`.

    resolved: `identities(table)`, where it is at hand. ids: derive leads with these ids alone. Events of others in the
    table then count only for what they say of groups.
    """
    resolved = resolved or identities(table)
    observed = observations(table, resolved, agreement)
    members = account_periods(table, resolved, agreement)
    traits = trait_history(table, resolved, agreement, observed, members)
    if ids is not None:
        is_own = np.array([lead_id in ids for lead_id in resolved.lead_ids], dtype=bool)
        observed, own = observed.taken(is_own[observed.lead]), is_own[members.lead]
        lead, account, known_us, until_us = (column[own] for column in members[:4])
        members = AccountPeriods(lead, account, known_us, until_us, members.account_ids, members.vouched_us)
    event_id = np.asarray(table.event_id, dtype=np.int64)
    accounts = account_observations(replace(observed, event=event_id[observed.event]), members)
    return DerivedRows(table, resolved, observed, traits, members, accounts, _newest_us(resolved, observed, traits))


def _newest_us(resolved: Identities, observed: Observations, traits: pd.DataFrame) -> Ints:
    newest = np.zeros(len(resolved.lead_ids), dtype=np.int64)
    owned = resolved.lead >= 0
    np.maximum.at(newest, resolved.lead[owned], resolved.known_us[owned])
    np.maximum.at(newest, resolved.former.lead, resolved.former.until_us)
    np.maximum.at(newest, observed.lead, observed.known_us)
    # What is said of a group is known of each of its leads.
    position = pd.Index(resolved.lead_ids).get_indexer(pd.Index(traits["lead_id"]))
    np.maximum.at(newest, position, traits["known_us"].to_numpy(np.int64))
    return newest


def leads_of(table: EventTable, rows: DerivedRows, agreement: Agreement) -> pd.DataFrame:
    """One row per lead: its milestones, `newest_us`, and `is_left_out`.

    A lead that objected to profiling is left out, and so is anybody with an e-mail address of our own domains.
    """
    leads = milestones(table, rows.identities, agreement, rows.observed)
    last = rows.traits.drop_duplicates("lead_id", keep="last").set_index("lead_id")
    objected = last["profiling_opt_out"].eq(True).reindex(leads["lead_id"], fill_value=False)
    ours = last["email_domain"].isin(agreement.our_domains).reindex(leads["lead_id"], fill_value=False)
    return leads.assign(newest_us=rows.newest_us, is_left_out=(objected | ours).to_numpy())


def observation_batches(observed: Observations, order: Ints, at_once: int) -> Iterator[tuple[Ints, Observations]]:
    """The observations of leads or accounts in the order given, in batches of about `at_once` rows.

    All observations of one lead are in the same batch. returns: per batch the positions of its leads, and its
    observations, in which `lead` counts from 0.
    """
    start = np.searchsorted(observed.lead, order, side="left")
    count = np.searchsorted(observed.lead, order, side="right") - start
    part = (np.cumsum(count) - count) // at_once
    for batch in np.split(np.arange(len(order)), np.flatnonzero(np.diff(part)) + 1):
        many, total = count[batch], int(count[batch].sum())
        place = np.repeat(start[batch] - (np.cumsum(many) - many), many) + np.arange(total)
        position = np.repeat(np.arange(len(batch), dtype=np.int64), many)
        yield order[batch], replace(observed.taken(place), lead=position)
