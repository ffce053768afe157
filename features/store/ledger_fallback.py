"""Who answers where the online store lacks a lead's newest events, or is gone as when Redis is down: the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, and_, or_, select

from features.agreement.agreement import Agreement
from features.derived import Derived, derive
from features.home import tables
from features.home.database import consistent_read, reading
from features.home.settings import Home
from features.identity.claims import ANONYMOUS, USER, Key
from features.identity.components import GROUP, Identifier, component, links_to
from features.ledger.outbox import is_anything_pending
from features.store.account_states import AccountNews, account_states
from features.store.builds import Build, current_builds
from features.store.feast_views import view_suffix
from features.store.online import LeadState, OnlineStore, StoreGone, newest_states

FEW = 2_000  # up to so many identifiers in the outbox, all of them are read at once


def shown_states(
    home: Home, online: OnlineStore | None, lead_ids: Sequence[str], with_accounts: bool
) -> dict[str, LeadState]:
    """The states of these leads, by lead_id, as far as the online store shows them whole and up to date.

    The others get theirs from `ledger_states`: leads with pending events, leads without a row, and every lead while
    the store is gone. Redis stops at 10:00: a score at 10:01 comes from the ledger, a little slower and as new.
    """
    pending = pending_leads(home, lead_ids)
    try:
        states = online.states([id for id in lead_ids if id not in pending], with_accounts) if online else []
    except StoreGone:
        return {}
    return {state.lead_id: state for state in states if state}


def pending_leads(home: Home, lead_ids: Collection[str]) -> set[str]:
    """Those of these leads that have accepted events which the online store does not show yet."""
    if not is_anything_pending(home):
        return set()
    columns = tables.online_pending.c
    with reading(home) as connection:
        unseen = connection.execute(select(columns.kind, columns.value).limit(FEW + 1)).all()
        if not unseen:
            return set()
        if len(unseen) <= min(FEW, len(lead_ids)):
            return set(component(connection, [(row.kind, row.value) for row in unseen]).ids & set(lead_ids))
        return {lead_id for lead_id in lead_ids if _is_pending(connection, lead_id)}


def _is_pending(connection: Connection, lead_id: str) -> bool:
    tied = component(connection, [(USER, lead_id)])
    asked = [(kind, value) for kind in (USER, ANONYMOUS) for value in tied.ids]
    return bool(_pending(connection, [*asked, *((GROUP, value) for value in tied.groups)]))


def _pending(connection: Connection, identifiers: Iterable[Identifier]) -> set[Identifier]:
    columns = tables.online_pending.c
    by_kind: dict[str, set[str]] = {}
    for kind, value in identifiers:
        by_kind.setdefault(kind, set()).add(value)
    if not by_kind:
        return set()
    is_one = or_(*(and_(columns.kind == kind, columns.value.in_(sorted(found))) for kind, found in by_kind.items()))
    return {(row.kind, row.value) for row in connection.execute(select(columns.kind, columns.value).where(is_one))}


def ledger_states(home: Home, agreement: Agreement, lead_ids: Sequence[str]) -> list[LeadState]:
    """The states of these leads from the ledger as it is now, in order; `known_at` None for an unknown lead.

    A lead that was merged into another has the state of that one.
    """
    with consistent_read(home) as connection:
        build = current_builds(connection).get(view_suffix(agreement))
        own = derive(connection, agreement, [(USER, lead_id) for lead_id in lead_ids])
        found = {state.lead_id: state for state in newest_states(own.rows, agreement, own.ids)}
        lead_of = {lead_id: own.identities.identifiers.get((USER, lead_id), lead_id) for lead_id in lead_ids}
        states = [found.get(lead_of[lead_id]) or LeadState(lead_id, {}, {}, None) for lead_id in lead_ids]
        return states_of_accounts(connection, build, own, states)


def states_of_accounts(
    connection: Connection, build: Build | None, own: Derived, states: Sequence[LeadState]
) -> list[LeadState]:
    """The states of leads that were derived, with what their accounts did. build: that of the same feature part."""
    accounts = {state.traits["account"] for state in states if state.traits.get("account")}
    if not accounts:
        return list(states)
    news = _news(connection, own.agreement, build, accounts, own)
    stored = account_states(connection, own.agreement, build, news)
    features = {account_id: state.features(list(own.agreement.behaviours)) for account_id, state in stored.items()}
    return [state._replace(account=features.get(state.traits.get("account") or "")) for state in states]


def _news(
    connection: Connection, agreement: Agreement, build: Build | None, accounts: set[str], own: Derived
) -> AccountNews:
    """What is not yet in the stored states of these accounts: by the leads that were derived, and by pending others."""
    since_us = build.folded_us if build else -1
    members = {row.user_id for row in links_to(connection, [(GROUP, account_id) for account_id in accounts])} - own.ids
    pending = _pending(connection, [(kind, value) for kind in (USER, ANONYMOUS) for value in members])
    news = AccountNews()
    news.add(own.rows, since_us)
    if pending:
        news.add(derive(connection, agreement, pending, without=own.ids).rows, since_us)
    return news.of(accounts)


def pending_names(home: Home, agreement: Agreement, names: Collection[Key]) -> dict[Key, str]:
    """The leads that have these identifiers by events that are not shown yet: (kind, value) to lead_id."""
    if not names:
        return {}
    with consistent_read(home) as connection:
        tied = {name: {row.user_id for row in links_to(connection, [name])} for name in names}
        users = [(USER, user) for found in tied.values() for user in found]
        lead_of = derive(connection, agreement, users).identities.identifiers
    return {name: lead_of[name] for name in names if name in lead_of}
