"""Derived rows: everything that some events say, by one function, however many events it is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET, Ints
from features.behaviour.decayed_counters import Observations
from features.behaviour.observations import account_observations, observations
from features.events.event_table import Log
from features.identity.accounts import Memberships, memberships
from features.identity.identities import Identities, identities
from features.lifecycle.milestones import lifecycle
from features.traits.history import trait_states


@dataclass(frozen=True)
class Rows:
    """What a log says by an agreement.

    It can be taken apart: what it says of one component is the same whether the log holds that component alone or
    everything. It is true of every earlier moment: rows known by then depend on events recorded by then alone.

    observed: of leads, by position in `found.lead_ids`, events by row of the log. traits: one row per lead and moment.
    accounts: observations of accounts, by position in `account_ids`, events by their ids in the ledger. newest_us: when
    the newest thing about each lead became known.
    """

    found: Identities
    observed: Observations
    traits: pd.DataFrame
    members: Memberships
    accounts: Observations
    newest_us: Ints

    @property
    def account_ids(self) -> list[str]:
        return self.members.account_ids

    def shared_accounts(self) -> Ints:
        """Positions of the accounts that several leads have been in: of any other, a lead's colleagues do nothing."""
        stays = np.unique(np.stack([self.members.account, self.members.lead]), axis=1)
        account, leads = np.unique(stays[0], return_counts=True)
        return account[leads > 1]

    def accounts_now(self) -> dict[str, str]:
        """The account of each lead that has one, by lead_id."""
        stays = self.members
        now = np.flatnonzero(stays.until_us == NOT_YET)
        leads, accounts = stays.lead[now].tolist(), stays.account[now].tolist()
        return {
            self.found.lead_ids[lead]: self.account_ids[account] for lead, account in zip(leads, accounts, strict=True)
        }

    def accounts_at(self, leads: Ints, moments_us: Ints) -> list[str | None]:
        """The account of each of these leads (by position) as it was known at a moment each."""
        stays = self.members
        if not len(stays.lead):
            return [None] * len(leads)
        # The last stay that had begun: stays are sorted by lead, then by when they began.
        order = np.lexsort((np.append(stays.known_us, moments_us), np.append(stays.lead, leads)))
        is_stay = order < len(stays.lead)
        last = np.maximum.accumulate(np.where(is_stay, order, -1))[~is_stay]
        asked = order[~is_stay] - len(stays.lead)
        holds = (last >= 0) & (stays.lead[last] == leads[asked]) & (stays.until_us[last] > moments_us[asked])
        account = np.full(len(leads), -1, dtype=np.int64)
        account[asked] = np.where(holds, stays.account[last], -1)
        return [self.account_ids[position] if position >= 0 else None for position in account.tolist()]


def rows_of(log: Log, agreement: Agreement, ids: frozenset[str] | None = None) -> Rows:
    """Everything that `log` says by `agreement`; of leads with these ids alone, where others' events stand by."""
    found = identities(log)
    observed = observations(log, found, agreement)
    members = memberships(log, found, agreement)
    traits = trait_states(log, found, agreement, observed, members)
    if ids is not None:
        asked = np.array([lead_id in ids for lead_id in found.lead_ids], dtype=bool)
        observed, own = observed.taken(asked[observed.lead]), asked[members.lead]
        lead, account, known_us, until_us = (column[own] for column in members[:4])
        members = Memberships(lead, account, known_us, until_us, members.account_ids)
    event_id = np.asarray(log.event_id, dtype=np.int64)
    accounts = account_observations(replace(observed, event=event_id[observed.event]), members)
    return Rows(found, observed, traits, members, accounts, _newest_us(found, observed, traits))


def _newest_us(found: Identities, observed: Observations, traits: pd.DataFrame) -> Ints:
    newest = np.zeros(len(found.lead_ids), dtype=np.int64)
    owned = found.lead >= 0
    np.maximum.at(newest, found.lead[owned], found.known_us[owned])
    np.maximum.at(newest, found.former.lead, found.former.until_us)
    np.maximum.at(newest, observed.lead, observed.known_us)
    # What is said of a group is known of each of its leads.
    position = pd.Index(found.lead_ids).get_indexer(pd.Index(traits["lead_id"]))
    np.maximum.at(newest, position, traits["known_us"].to_numpy(np.int64))
    return newest


def leads_of(log: Log, rows: Rows, agreement: Agreement) -> pd.DataFrame:
    """One row per lead: its way as `lifecycle` gives it, `newest_us`, and whether it is left out.

    A lead that objected to profiling is left out, and so are we ourselves.
    """
    leads = lifecycle(log, rows.found, agreement, rows.observed)
    last = rows.traits.drop_duplicates("lead_id", keep="last").set_index("lead_id")
    objected = last["profiling_opt_out"].eq(True).reindex(leads["lead_id"], fill_value=False)
    ours = last["email_domain"].isin(agreement.our_domains).reindex(leads["lead_id"], fill_value=False)
    return leads.assign(newest_us=rows.newest_us, is_left_out=(objected | ours).to_numpy())


def parts_in_order(observed: Observations, order: Ints, at_once: int) -> Iterator[tuple[Ints, Observations]]:
    """The observations of some leads or accounts in that order, about `at_once` rows at a time, whole leads together.

    returns: for each part the positions in it, and its observations with `lead` counting them from 0.
    """
    start = np.searchsorted(observed.lead, order, side="left")
    count = np.searchsorted(observed.lead, order, side="right") - start
    part = (np.cumsum(count) - count) // at_once
    for some in np.split(np.arange(len(order)), np.flatnonzero(np.diff(part)) + 1):
        many, total = count[some], int(count[some].sum())
        place = np.repeat(start[some] - (np.cumsum(many) - many), many) + np.arange(total)
        position = np.repeat(np.arange(len(some), dtype=np.int64), many)
        yield order[some], replace(observed.taken(place), lead=position)
