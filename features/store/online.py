"""The online store: the newest state of each lead and account, written in batches, read for a score."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from features.behaviour.decayed_counters import behaviour_states
from features.derived import DerivedRows
from features.home.clock import from_microseconds
from features.home.database import batched
from features.store.feast_internals import (
    EntityRow,
    entity_key,
    read_batch,
    sqlite_connection,
    value_of,
    value_proto,
    write_batch,
)
from features.store.feast_views import ACCOUNT, LEAD, FeastRepository, StoreGone, known_us_feature
from features.traits.history import trait_columns


def newest_states(
    rows: DerivedRows, agreement: Agreement, ids: frozenset[str], since_us: int = -1
) -> Iterator[LeadState]:
    """One state per lead in `rows` that has one of these ids, without its account's behaviours.

    A feature that lost its value is None: a visit that turned out to be a bot's, or a trait that was cleared. A feature
    that never had a value is left out.
    since_us: only behaviours with an observation known after it, and traits where one changed after it; -1 for all.
    """
    for state, is_new in whole_states(rows, agreement, ids):
        yield is_new.of(state, since_us)


class KnownSince(NamedTuple):
    """When what is known of one lead became known: each behaviour, by its newest observation, and its traits."""

    behaviours: Mapping[str, int]
    traits_us: int

    def of(self, state: LeadState, since_us: int) -> LeadState:
        """The state with what became known after a moment alone; a trait is new where any of them is."""
        if since_us < 0:
            return state
        new = {name: value for name, value in state.behaviours.items() if self.behaviours[name] > since_us}
        return state._replace(behaviours=new, traits=state.traits if self.traits_us > since_us else {})


def whole_states(
    rows: DerivedRows, agreement: Agreement, ids: frozenset[str]
) -> Iterator[tuple[LeadState, KnownSince]]:
    """The whole state of each lead in `rows` that has one of these ids, and since when each part of it is known."""
    behaviours, traits = _behaviours(rows, agreement), _traits(rows, agreement)
    for i, (lead_id, newest_us) in enumerate(zip(rows.identities.lead_ids, rows.newest_us.tolist(), strict=True)):
        if lead_id in ids:
            did, known_us = behaviours.get(i, NEVER)
            said, traits_us = traits.get(lead_id, NOTHING)
            yield LeadState(lead_id, did, said, from_microseconds(newest_us)), KnownSince(known_us, traits_us)


Did = tuple[dict[str, Floats | None], dict[str, int]]  # of one lead: the state of each behaviour, and since when known
# Of one lead: the newest value of each trait, and since when they are known.
NewestTraits = tuple[dict[str, Any], int]
NEVER: Did = ({}, {})
NOTHING: NewestTraits = ({}, -1)


def _behaviours(rows: DerivedRows, agreement: Agreement) -> dict[int, Did]:
    """The states of the behaviours of each lead, by the lead's position."""
    observed, names = rows.observed, list(agreement.behaviours)
    last = observed.is_newest()
    folded = behaviour_states(observed, len(names), agreement.half_lives, last)
    row_of = {lead: row for row, lead in enumerate(observed.lead[last].tolist())}
    found: dict[int, Did] = {lead: ({}, {}) for lead in row_of}
    place = observed.lead * max(len(names), 1) + observed.behaviour
    shown, first = np.unique(place, return_inverse=True)
    known_us = np.full(len(shown), -1, dtype=np.int64)
    np.maximum.at(known_us, first, observed.known_us)
    lead_of, behaviour_of = (part.tolist() for part in np.divmod(shown, max(len(names), 1)))
    for lead, behaviour, us in zip(lead_of, behaviour_of, known_us.tolist(), strict=True):
        state, (states, since) = folded[behaviour].row(row_of[lead]), found[lead]
        states[names[behaviour]] = state if len(state) else None
        since[names[behaviour]] = us
    return found


def _traits(rows: DerivedRows, agreement: Agreement) -> dict[str, NewestTraits]:
    """The newest value of each trait that a lead ever had, by lead_id."""
    lead_ids = rows.traits["lead_id"].to_numpy()
    starts = np.flatnonzero(np.append(True, lead_ids[1:] != lead_ids[:-1])[: len(lead_ids)])
    if not len(starts):
        return {}
    last = np.append(starts[1:], len(lead_ids)) - 1
    known_us = rows.traits["known_us"].to_numpy()[last].tolist()
    found: dict[str, NewestTraits] = {lead: ({}, us) for lead, us in zip(lead_ids[starts], known_us, strict=True)}
    values = [said for said, _ in found.values()]
    for name in trait_columns(agreement):
        column = rows.traits[name].to_numpy()
        newest = column[last].tolist()
        for place in np.flatnonzero(np.logical_or.reduceat(~pd.isna(column), starts)).tolist():
            value = newest[place]
            values[place][name] = None if value != value else value
    return found


AT_ONCE = 2_000  # rows in one write: the store's own batch write costs some milliseconds whatever it carries
CANARY = "\0canary"  # no lead has this id, since no event may hold a NUL
PAGES = 10_000  # of 4 KiB, that wait beside SQLite's file
SHUT_S = 1.0  # how long a store that did not answer is not asked again, or each request would wait for it


State = Sequence[float] | Floats | None  # of one behaviour, as `decayed_counters` lays it out; None for never
__all__ = ["CANARY", "LeadState", "OnlineRow", "OnlineStore", "StoreGone"]


class LeadState(NamedTuple):
    """One lead: its behaviour states, its traits, and its account's behaviours. `known_at` None: an unknown lead."""

    lead_id: str
    behaviours: Mapping[str, State]
    traits: Mapping[str, Any]
    known_at: datetime | None  # when the newest thing about it became known
    account: Mapping[str, State] | None = None  # what all leads of its account did


class OnlineRow(NamedTuple):
    """One row of one view: the id of a lead or account, its features, up to when they are known, and the event time."""

    key: str
    features: Mapping[str, Any]
    seen_us: int
    event_us: int


class OnlineStore:
    """The online rows of one build, read and written through Feast. Threads may share one to read, not to write."""

    def __init__(self, repository: FeastRepository) -> None:
        self.repository = repository
        self._file: int | None = None  # which file the default store's connection is to
        self._shut_until = 0.0

    def states(self, lead_ids: Sequence[str], with_accounts: bool = True) -> list[LeadState | None]:
        """The newest state of each lead, in order; None where the store has no complete one. Raises StoreGone.

        with_accounts: read the behaviours of their accounts as well, which takes one more query.
        """
        if not lead_ids:
            return []
        repository = self.repository
        behaviours = self._rows(repository.behaviour_view, LEAD, lead_ids)
        traits = self._rows(repository.trait_view, LEAD, lead_ids)
        found = [_state(lead_id, *rows) for lead_id, *rows in zip(lead_ids, behaviours, traits, strict=True)]
        return self._with_accounts(found) if with_accounts else found

    def _with_accounts(self, states: list[LeadState | None]) -> list[LeadState | None]:
        """The states with their accounts' behaviours; None for a lead whose account row is older than its own row."""
        of = {i: state.traits["account"] for i, state in enumerate(states) if state and state.traits.get("account")}
        if not of:
            return states
        rows = self._rows(self.repository.account_view, ACCOUNT, list(of.values()))
        for i, row in zip(of, rows, strict=True):
            if row is not None:
                state = states[i]
                assert state is not None
                is_behind = state.known_at is not None and from_microseconds(row.seen_us) < state.known_at
                states[i] = None if is_behind else state._replace(account=row.features)
        return states

    def newest_event_us(self) -> int | None:
        """The event time of the newest write that the store still holds; None where it lost its rows.

        Raises StoreGone.
        """
        repository = self.repository
        if repository.online_file is not None and not repository.online_file.exists():
            return None
        views = repository.behaviour_view, repository.trait_view
        first, last = (self._rows(view, LEAD, [CANARY])[0] for view in views)
        return last.seen_us if first and last else None

    def shown_us(self, folded_us: int) -> int:
        """The moment after which a behaviour must be new to be written again; -1, which is all, for a server.

        A server may have dropped the row of a single lead, which then has to be written whole.
        """
        return -1 if self.repository.online_file is None else folded_us

    def make_tables(self) -> None:
        """Make the online tables where they are missing."""
        self.repository.make_tables()
        self._shut_until = 0.0

    def write_canary(self, event_us: int, is_first: bool = False) -> None:
        """Write the canary, the row by which `newest_event_us` sees what was lost, as the last row of a write.

        is_first: the first write of a build also writes one to the behaviour view, which no later write repeats: after
        a wipe it is missing, even where a later write came. Raises StoreGone.
        """
        repository = self.repository
        for view in [repository.behaviour_view] * is_first + [repository.trait_view]:
            self.write(view, [OnlineRow(CANARY, {}, event_us, event_us)])

    def write(self, view: str, rows: Iterable[OnlineRow]) -> int:
        """Write rows through Feast's own batch write; how many. Raises StoreGone.

        Redis drops a row whose event time is not newer than the one that it holds; SQLite takes every row.
        """
        written = 0
        with self._asked() as store:
            feature_view = self.repository.views[view]
            for batch in batched(self._protos(view, rows), AT_ONCE):
                write_batch(store, feature_view, batch)
                written += len(batch)
        return written

    def _rows(self, view: str, key: str, ids: Sequence[str]) -> list[OnlineRow | None]:
        with self._asked() as store:
            keys = [entity_key(key, value) for value in ids]
            found = read_batch(store, self.repository.views[view], keys)
        nothing = dict.fromkeys(self.repository.features_of(view))
        return [_row(view, value, features, nothing) for value, features in zip(ids, found, strict=True)]

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        """Feast's store object, connected to the online file that is there now. Raises StoreGone."""
        if time.monotonic() < self._shut_until:
            raise StoreGone("it did not answer a moment ago")
        try:
            self._follow_file()
            yield self.repository.store
        except self.repository.store_errors as error:
            self._shut_until = time.monotonic() + SHUT_S
            raise StoreGone(str(error)) from error

    def _follow_file(self) -> None:
        """Connect again where the file is another one: a connection to a deleted file goes on without any error."""
        file = self.repository.online_file
        if file is None:
            return
        inode = file.stat().st_ino
        if inode != self._file:
            connection = sqlite_connection(self.repository.store)
            # Rows that a power cut loses are published again: only the ledger has to wait for the disk.
            connection.execute("PRAGMA synchronous=NORMAL")
            # The same leads are written again and again: the file is updated once for many writes.
            connection.execute(f"PRAGMA wal_autocheckpoint={PAGES}")
            self._file = inode

    def _protos(self, view: str, rows: Iterable[OnlineRow]) -> Iterator[EntityRow]:
        key = ACCOUNT if view == self.repository.account_view else LEAD
        kinds = self.repository.traits if view == self.repository.trait_view else {}
        for row in rows:
            values = {name: value_proto(value, kinds.get(name, "state")) for name, value in row.features.items()}
            values[known_us_feature(view)] = value_proto(row.seen_us, "moment")
            yield entity_key(key, row.key), values, from_microseconds(row.event_us), None


def _state(lead_id: str, behaviours: OnlineRow | None, traits: OnlineRow | None) -> LeadState | None:
    # Two views are written one after the other: between the two writes a reader sees half a state.
    if behaviours is None or traits is None or behaviours.seen_us != traits.seen_us:
        return None
    return LeadState(lead_id, behaviours.features, traits.features, from_microseconds(traits.seen_us))


def _row(view: str, key: str, features: Mapping[str, Any] | None, nothing: dict[str, None]) -> OnlineRow | None:
    if features is None:
        return None
    values = {name: value_of(proto) for name, proto in features.items()}
    seen_us = values.pop(known_us_feature(view), None)
    return None if seen_us is None else OnlineRow(key, nothing | values, seen_us, seen_us)
