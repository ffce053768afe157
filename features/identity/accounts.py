"""Accounts: which company each lead was in, from when to when, as far as we knew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET, Ints
from features.events.event_table import EventTable
from features.events.text_columns import DictionaryColumn
from features.identity.claims import normal_email
from features.identity.email import FREE_MAIL, email_domain
from features.identity.identities import Identities
from features.identity.intervals import group_ids, strongest_known, tie_break_ranks


class AccountPeriods(NamedTuple):
    """One row per lead and period in an account, sorted by lead, then by `known_us`, when we knew of it.

    lead: position in `Identities.lead_ids`. account: position in `account_ids`. until_us: NOT_YET while it lasts.
    vouched_us: by lead and account, where a public key puts the lead into it, since when more than that says so: the
    CRM, or its work mail; NOT_YET for never.
    """

    lead: Ints
    account: Ints
    known_us: Ints
    until_us: Ints
    account_ids: list[str]
    vouched_us: Mapping[tuple[int, int], int] = {}


class _AccountClaims(NamedTuple):
    """One row per event that names an account and lead that it is attributed to, with the period of the attribution."""

    lead: Ints
    known_us: Ints
    until_us: Ints
    account: Ints
    is_group: Ints
    row: Ints  # of the event that says it


def account_periods(table: EventTable, resolved: Identities, agreement: Agreement) -> AccountPeriods:
    """The accounts of each lead: the group that it was last put into, else the domain of its work mail.

    Last means by `occurred_at`. ann joins group "acme" on May 1, and on May 9 we hear that she joined "initech" on
    April 20: she stays in "acme". Free mail providers and our own domains are no accounts. What a public key says
    gives way to what the CRM says, and of the addresses that public keys give a lead the first stays.
    """
    accounts, row, account, is_group = _claims(table, agreement)
    place, lead, known_us, until_us = resolved.attribute(row)
    claims = _AccountClaims(lead, known_us, until_us, account[place], is_group[place], row[place])
    rows = np.array(list(_periods(claims, _strength(table, claims))), dtype=np.int64).reshape(-1, 4)
    lead, account, known_us, until_us = rows.T
    used = sorted(np.unique(account).tolist(), key=accounts.__getitem__)
    position = np.full(len(accounts), -1, dtype=np.int64)
    position[used] = np.arange(len(used))
    vouched_us = _vouched_us(table, claims, position)
    return AccountPeriods(
        lead, position[account], known_us, until_us, [accounts[number] for number in used], vouched_us
    )


def _vouched_us(table: EventTable, claims: _AccountClaims, position: Ints) -> dict[tuple[int, int], int]:
    asked = table.is_public()[claims.row] & (claims.is_group == 1)
    pairs = list(zip(claims.lead.tolist(), position[claims.account].tolist(), strict=True))
    found = dict.fromkeys((pairs[place] for place in np.flatnonzero(asked).tolist()), NOT_YET)
    for place in np.flatnonzero(~asked).tolist() if found else ():
        if pairs[place] in found:
            found[pairs[place]] = min(found[pairs[place]], int(claims.known_us[place]))
    return found


def _claims(table: EventTable, agreement: Agreement) -> tuple[list[str], Ints, Ints, Ints]:
    """The accounts that are named; and of each claim its event, its account, and whether a group names it."""
    accounts = DictionaryColumn(table.group_id.values)
    grouped = np.flatnonzero(table.group_id.codes() >= 0)
    mails = list(_domains(table))
    domains = np.array([accounts.number(domain) for _, domain in mails], dtype=np.int64)
    row = np.append(grouped, np.array([row for row, _ in mails], dtype=np.int64))
    account = np.append(table.group_id.codes()[grouped], domains)
    none = FREE_MAIL | set(agreement.our_domains)
    is_none = np.array([name.lower() in none for name in accounts.values], dtype=bool)
    used = np.flatnonzero(~is_none[account])
    is_group = np.arange(len(row)) < len(grouped)
    return accounts.values, row[used], account[used], is_group[used].astype(np.int64)


def _domains(table: EventTable) -> Iterator[tuple[int, str]]:
    is_identify = (table.type.codes() == table.type.code("identify")).tolist()
    for row, traits in table.traits:
        if is_identify[row] and (domain := email_domain(normal_email(traits.get("email")))):
            yield row, domain


def _strength(table: EventTable, claims: _AccountClaims) -> Ints:
    """The strength of each claim among its lead's: a trusted one is stronger, then a group's, then the later."""
    is_public = table.is_public()[claims.row]
    is_first = is_public & (claims.is_group == 0)
    # The first that came: a public key may write any time into what it sends.
    occurred_us = np.where(is_first, table.recorded_us()[claims.row], table.occurred_us()[claims.row])
    tied = tie_break_ranks(table, claims.row, occurred_us, group_ids(claims.is_group, claims.lead))
    back = np.where(is_first, -1, 1)
    order = np.lexsort((back * tied, back * occurred_us, claims.is_group, ~is_public, claims.lead))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _periods(claims: _AccountClaims, rank: Ints) -> Iterator[tuple[int, int, int, int]]:
    """Lead, account, from when and until when, one period after another."""
    order = np.lexsort((-rank, claims.known_us, claims.lead))
    lasting = np.where(claims.until_us == NOT_YET, rank, -1)[order]
    # A claim that comes when a stronger one is known for good never counts. Ranks rise by lead: one pass does for all.
    effective = order[rank[order] >= np.maximum.accumulate(lasting)]
    columns = (claims.lead, claims.known_us, claims.until_us, rank, claims.account)
    rows = zip(*(column[effective].tolist() for column in columns), strict=True)
    for lead, own in groupby(rows, itemgetter(0)):
        yield from _periods_of(lead, [claim[1:] for claim in own])


def _periods_of(lead: int, claims: list[tuple[int, int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """The periods of one lead; claims: known_us, until_us, strength, account, sorted by known_us."""
    since, current = 0, -1
    for moment, account in strongest_known(claims, nothing=-1):
        if account != current:
            if current >= 0:
                yield lead, current, since, moment
            since, current = moment, account
    if current >= 0:
        yield lead, current, since, NOT_YET
