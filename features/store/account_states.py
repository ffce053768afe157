"""Account states: what the leads of an account did together, stored, and updated by what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numba
import numpy as np
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, Floats, Ints
from features.behaviour.decayed_counters import COUNT, LATEST, SUMS, Observations, fold, refold
from features.behaviour.observations import ordered_observations
from features.derived import DerivedRows, derive
from features.home import tables
from features.home.database import batched, insert_or_update
from features.identity.components import GROUP, links_to
from features.store.builds import Build
from features.store.online import OnlineRow

AT_ONCE = 1_000  # accounts in one statement
_States = Iterable[tuple[str, "AccountState"]]  # each with its account_id

NO_OBSERVATIONS = ordered_observations(
    **{name: np.empty(0, dtype=np.int64) for name in ("lead", "behaviour", "event", "occurred_us", "known_us")},
    **{name: np.empty(0) for name in ("weight", "minutes")},
)


@dataclass(frozen=True)
class AccountNews:
    """What became known of accounts since their stored states; `add` takes it from rows, one batch after another.

    observed: the new observations by account_id. shared: the accounts that several leads of one batch have been in. One
    id of ann in the account is enough for that where ann became part of bob: both have been in it.
    """

    observed: dict[str, Observations] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    def add(self, rows: DerivedRows, since_us: int) -> None:
        """Add what became known after `since_us` of the accounts in `rows`, of some without anything new as well."""
        new = rows.accounts.taken(rows.accounts.known_us > since_us)
        observed = {rows.account_ids[position]: news for position, news in by_account(new)}
        # Also where nothing is new: the row of an account says up to when it knows its leads.
        for account_id in {*rows.accounts_now().values(), *observed}:
            self._add(account_id, observed.get(account_id, NO_OBSERVATIONS))
        self.shared.update(rows.account_ids[position] for position in rows.shared_accounts().tolist())

    def _add(self, account_id: str, more: Observations) -> None:
        self.observed[account_id] = merged_observations(self.observed.get(account_id, NO_OBSERVATIONS), more)

    def of(self, account_ids: Iterable[str]) -> AccountNews:
        """The news of these accounts alone, each of them named."""
        return replace(self, observed={account: self.observed.get(account, NO_OBSERVATIONS) for account in account_ids})


def stored_states(
    connection: Connection, build: Build, account_ids: Iterable[str] | None = None
) -> Iterator[tuple[str, AccountState]]:
    """One pair per account of a build (of these, or of all): its account_id and its stored state."""
    columns, agreement = tables.account_states.c, build.agreement
    of_build = select(columns.account_id, columns.state).where(columns.generation == build.generation)
    if account_ids is None:
        asked = [of_build.order_by(columns.account_id)]
    else:
        asked = [of_build.where(columns.account_id.in_(ids)) for ids in batched(sorted(account_ids), AT_ONCE)]
    for statement in asked:
        for account_id, packed in connection.execute(statement):
            yield account_id, AccountState.unpacked(packed, len(agreement.behaviours), agreement.half_lives)


def store_states(connection: Connection, build: Build, states: _States, known_us: int) -> None:
    """Store these states of a build, in place of earlier ones of the same accounts."""
    shared = {"generation": build.generation, "known_us": known_us}
    for batch in batched(states, AT_ONCE):
        rows = [shared | {"account_id": account_id, "state": state.packed()} for account_id, state in batch]
        insert_or_update(connection, tables.account_states, rows)


def account_rows(states: _States, agreement: Agreement, known_us: int, event_us: int) -> Iterator[OnlineRow]:
    """One online row per account, its state known up to `known_us`."""
    names = list(agreement.behaviours)
    return (OnlineRow(account_id, state.features(names), known_us, event_us) for account_id, state in states)


def changed_only(row: OnlineRow, state: AccountState, news: Observations, agreement: Agreement) -> OnlineRow:
    """The row with only those behaviours of which there is news; the whole row where the state was made anew."""
    if state.is_anew:
        return row
    names = list(agreement.behaviours)
    new = {names[behaviour] for behaviour in np.unique(news.behaviour).tolist()}
    return row._replace(features={name: value for name, value in row.features.items() if name in new})


def merged_observations(first: Observations, more: Observations) -> Observations:
    """The observations of one account from two sets of events, in known-at order."""
    if not len(first) or not len(more):
        return more if len(more) else first
    named = Observations.__dataclass_fields__
    both = {name: np.concatenate([getattr(first, name), getattr(more, name)]) for name in named}
    return ordered_observations(**both | {"lead": np.zeros(len(first) + len(more), dtype=np.int64)})


def account_states(
    connection: Connection, agreement: Agreement, build: Build | None, news: AccountNews, wrong: Collection[str] = ()
) -> dict[str, AccountState]:
    """The states of the accounts in `news`, updated; an account that only one lead was ever in has none.

    A stored state is updated by its news. An account without a stored state, with a `wrong` one, or with news that
    takes something back is derived from the ledger, which is rare.
    """
    kept = dict(stored_states(connection, build, news.observed)) if build else {}
    found: dict[str, AccountState] = {}
    for account_id, state in kept.items():
        carried = None if account_id in wrong else state.carried_on(news.observed[account_id], agreement.half_lives)
        if carried is not None:
            found[account_id] = carried
    without = [account for account in news.observed if account not in found]
    unsettled = [account for account in without if account not in kept and account not in news.shared]
    new = news.shared | _maybe_shared(connection, unsettled)
    anew = [account for account in without if account in kept or account in new]
    # An account whose leads were all erased keeps an empty state.
    blank = AccountState.whole(NO_OBSERVATIONS, len(agreement.behaviours), agreement.half_lives)
    return found | {account: blank for account in anew if account in kept} | _from_ledger(connection, agreement, anew)


def _maybe_shared(connection: Connection, account_ids: list[str]) -> set[str]:
    """The accounts with links to several ids; these may all be of one lead, so not each is shared by leads."""
    ids = Counter(row.value for row in links_to(connection, [(GROUP, account_id) for account_id in account_ids]))
    return {account_id for account_id, count in ids.items() if count > 1}


def _from_ledger(connection: Connection, agreement: Agreement, account_ids: list[str]) -> dict[str, AccountState]:
    if not account_ids:
        return {}
    members = derive(connection, agreement, [(GROUP, account_id) for account_id in account_ids])
    return dict(states_of_shared_accounts(members.rows, agreement, frozenset(account_ids)))


def states_of_shared_accounts(
    rows: DerivedRows, agreement: Agreement, account_ids: frozenset[str] | None = None
) -> Iterator[tuple[str, AccountState]]:
    """One pair per account that several leads in `rows` have been in: its account_id and its state.

    account_ids: only these accounts, where they are given.
    """
    shared = set(rows.shared_accounts().tolist())
    for position, observed in by_account(rows.accounts):
        account_id = rows.account_ids[position]
        if position in shared and (account_ids is None or account_id in account_ids):
            yield account_id, AccountState.whole(observed, len(agreement.behaviours), agreement.half_lives)


@dataclass(frozen=True)
class AccountState:
    """All behaviours of one account: the state of each, and its latest occurrences with the event of each.

    states: (behaviours, width), as `decayed_counters` lays them out before the pairs. latest: (behaviours, LATEST, 3)
    of us, minutes and event. kept: how many of these are in use; -1 where only the whole history can tell which.
    is_anew: made of the whole history, in which something may have been taken back.
    """

    states: Floats
    latest: Floats
    kept: Ints
    is_anew: bool = False

    @classmethod
    def nothing(cls, behaviours: int, half_lives: Sequence[float]) -> AccountState:
        """The state of an account without any observation."""
        width = SUMS + 2 * len(half_lives)
        return cls(np.zeros((behaviours, width)), np.zeros((behaviours, LATEST, 3)), np.zeros(behaviours, np.int64))

    @classmethod
    def whole(cls, observed: Observations, behaviours: int, half_lives: Sequence[float]) -> AccountState:
        """The state of an account from all observations of it; `observed` holds no other account."""
        made = replace(cls.nothing(behaviours, half_lives), is_anew=True)
        _fold_anew(*_columns(observed), np.asarray(half_lives) * DAY_US, made.states, made.latest, made.kept)
        return made

    def carried_on(self, observed: Observations, half_lives: Sequence[float]) -> AccountState | None:
        """The state updated by newer observations; None where one takes something back: the whole history decides."""
        made = AccountState(self.states.copy(), self.latest.copy(), self.kept.copy())
        carries = _fold_on(*_columns(observed), np.asarray(half_lives) * DAY_US, made.states, made.latest, made.kept)
        return made if carries else None

    def features(self, names: Sequence[str]) -> dict[str, Floats | None]:
        """The state of each behaviour as one array, as views hold it.

        A behaviour that never happened is None in a state made of the whole history, and left out of an updated one.
        """
        states = {name: self._array(place) for place, name in enumerate(names)}
        return states if self.is_anew else {name: state for name, state in states.items() if state is not None}

    def _array(self, place: int) -> Floats | None:
        if self.states[place, COUNT] <= 0.0:
            return None
        return np.concatenate([self.states[place], self.latest[place, : self.kept[place], :2].ravel()])

    def packed(self) -> bytes:
        """The state as bytes, without behaviours that never happened; `unpacked` reads them."""
        happened = np.flatnonzero(self.states[:, COUNT] > 0.0)
        parts = [np.concatenate([self.states[b], self.latest[b, : self.kept[b]].ravel()]) for b in happened]
        counts = np.where(self.states[:, COUNT] > 0.0, self.kept, -1).astype("<f8")
        return np.concatenate([counts, *parts]).astype("<f8").tobytes()

    @classmethod
    def unpacked(cls, packed: bytes, behaviours: int, half_lives: Sequence[float]) -> AccountState:
        """The state that `packed` wrote."""
        values = np.frombuffer(packed, dtype="<f8")
        made, place = cls.nothing(behaviours, half_lives), behaviours
        width = made.states.shape[1]
        for b in range(behaviours):
            if (kept := int(values[b])) < 0:
                continue
            made.states[b] = values[place : place + width]
            made.latest[b, :kept] = values[place + width : place + width + 3 * kept].reshape(-1, 3)
            made.kept[b] = kept
            place += width + 3 * kept
        return made


def by_account(observed: Observations) -> Iterator[tuple[int, Observations]]:
    """One pair per account: its position, and its observations."""
    ends = np.flatnonzero(observed.is_newest()) + 1
    for start, end in zip(np.append(0, ends)[:-1].tolist(), ends.tolist(), strict=True):
        yield int(observed.lead[start]), observed.taken(slice(start, end))


def _columns(observed: Observations) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    occurred = observed.occurred_us.astype(np.float64)
    return observed.behaviour, observed.event, observed.weight, observed.minutes, occurred


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fold_on(
    behaviour: Ints, event: Ints, weight: Floats, minutes: Floats, occurred: Floats, half_lives: Floats,
    states: Floats, latest: Floats, kept: Ints,
) -> bool:  # fmt: skip
    for i in range(behaviour.size):
        b = behaviour[i]
        if weight[i] < 0.0:
            return False
        kept[b] = fold(states[b], latest[b], kept[b], weight[i], minutes[i], occurred[i], event[i], half_lives)
        if kept[b] < 0:
            return False
    return True


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fold_anew(
    behaviour: Ints, event: Ints, weight: Floats, minutes: Floats, occurred: Floats, half_lives: Floats,
    states: Floats, latest: Floats, kept: Ints,
) -> None:  # fmt: skip
    for b in range(kept.size):
        rows = np.flatnonzero(behaviour == b)
        if rows.size:
            kept[b] = refold(rows, event, weight, minutes, occurred, half_lives, states[b], latest[b])
