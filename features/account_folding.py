"""Accounts as events come: their kept states carried on by what is new, or derived from the ledger where need be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

import numpy as np
from sqlalchemy import Connection, select

from features import tables
from features.account_states import AccountState, by_account
from features.agreement import Agreement
from features.builds import Build
from features.components import GROUP, component, events_of, linked
from features.log import log
from features.many_rows import insert_or_update
from features.observations import in_order
from features.recurrence import Observations
from features.rows import Rows, rows_of
from features.store.online import OnlineRow

T = TypeVar("T")
AT_ONCE = 1_000  # accounts in one statement

NOTHING = in_order(
    **{name: np.empty(0, dtype=np.int64) for name in ("lead", "behaviour", "event", "occurred_us", "known_us")},
    **{name: np.empty(0) for name in ("weight", "minutes")},
)
News = Mapping[str, Observations]  # account_id to what has become known of it since its kept state, of it alone


def kept_states(
    connection: Connection, build: Build, account_ids: Iterable[str] | None = None
) -> Iterator[tuple[str, AccountState]]:
    """Accounts (these, or all) and their states as they are kept for a build, by account_id."""
    columns, agreement = tables.account_states.c, build.agreement
    of_build = select(columns.account_id, columns.state).where(columns.generation == build.generation)
    if account_ids is None:
        asked = [of_build.order_by(columns.account_id)]
    else:
        asked = [of_build.where(columns.account_id.in_(some)) for some in _some(sorted(account_ids))]
    for statement in asked:
        for account_id, packed in connection.execute(statement):
            yield account_id, AccountState.unpacked(packed, len(agreement.behaviours), agreement.half_lives)


def keep_states(
    connection: Connection, build: Build, states: Iterable[tuple[str, AccountState]], known_us: int
) -> None:
    """Keep these states for a build in place of those before."""
    shared = {"generation": build.generation, "known_us": known_us}
    for some in _some(states):
        rows = [shared | {"account_id": account_id, "state": state.packed()} for account_id, state in some]
        insert_or_update(connection, tables.account_states, rows)


def account_rows(
    states: Iterable[tuple[str, AccountState]], agreement: Agreement, known_us: int, event_us: int
) -> Iterator[OnlineRow]:
    """The online rows of accounts that are known up to a moment."""
    names = list(agreement.behaviours)
    return (OnlineRow(account_id, state.features(names), known_us, event_us) for account_id, state in states)


def new_in(row: OnlineRow, state: AccountState, news: Observations, agreement: Agreement) -> OnlineRow:
    """The row with the behaviours alone that are in the news, where nothing else changed."""
    if state.is_anew:
        return row
    names = list(agreement.behaviours)
    new = {names[behaviour] for behaviour in np.unique(news.behaviour).tolist()}
    return row._replace(features={name: value for name, value in row.features.items() if name in new})


def news_of(rows: Rows, since_us: int) -> dict[str, Observations]:
    """What became known after `since_us` of each account in `rows`."""
    new = rows.accounts.taken(rows.accounts.known_us > since_us)
    return {rows.account_ids[position]: observed for position, observed in by_account(new)}


def joined(first: Observations, more: Observations) -> Observations:
    """The observations of one account from two derivations, in their order."""
    if not len(first) or not len(more):
        return more if len(more) else first
    named = Observations.__dataclass_fields__
    both = {name: np.concatenate([getattr(first, name), getattr(more, name)]) for name in named}
    return in_order(**both | {"lead": np.zeros(len(first) + len(more), dtype=np.int64)})


def account_states(
    connection: Connection,
    agreement: Agreement,
    build: Build | None,
    news: News,
    wrong: Collection[str] = (),
) -> dict[str, AccountState]:
    """The states of accounts, of which there may be `news`; those that one lead alone was ever in have none.

    An account that has no kept state yet, a `wrong` one, or of which something was taken back, is derived from the
    ledger: rare.
    """
    kept = dict(kept_states(connection, build, news)) if build else {}
    found: dict[str, AccountState] = {}
    for account_id, state in kept.items():
        carried = None if account_id in wrong else state.carried_on(news[account_id], agreement.half_lives)
        if carried is not None:
            found[account_id] = carried
    without = [account for account in news if account not in found]
    new = _maybe_shared(connection, [account for account in without if account not in kept])
    anew = [account for account in without if account in kept or account in new]
    # Nothing is left of one whose leads were erased.
    blank = AccountState.whole(NOTHING, len(agreement.behaviours), agreement.half_lives)
    return found | {account: blank for account in anew if account in kept} | _from_ledger(connection, agreement, anew)


def _maybe_shared(connection: Connection, account_ids: list[str]) -> set[str]:
    """The accounts that several ids are tied to: a lead may have several, so not each is shared by leads."""
    ids = Counter(row.value for row in linked(connection, [(GROUP, account_id) for account_id in account_ids]))
    return {account_id for account_id, count in ids.items() if count > 1}


def _from_ledger(connection: Connection, agreement: Agreement, account_ids: list[str]) -> dict[str, AccountState]:
    if not account_ids:
        return {}
    members = component(connection, [(GROUP, account_id) for account_id in account_ids])
    rows = rows_of(log([events_of(connection, members)], agreement), agreement, members.ids)
    return dict(whole_states(rows, agreement, frozenset(account_ids)))


def whole_states(
    rows: Rows, agreement: Agreement, account_ids: frozenset[str] | None = None
) -> Iterator[tuple[str, AccountState]]:
    """The states of the accounts (or of these among them) that several leads in `rows` have been in."""
    shared = set(rows.shared_accounts().tolist())
    for position, observed in by_account(rows.accounts):
        account_id = rows.account_ids[position]
        if position in shared and (account_ids is None or account_id in account_ids):
            yield account_id, AccountState.whole(observed, len(agreement.behaviours), agreement.half_lives)


def _some(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while some := list(islice(rest, AT_ONCE)):
        yield some
