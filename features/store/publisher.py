"""Incremental materialization: brings the online store up to the ledger, and fills it again where it lost its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.derived import Derived, derive_events
from features.home.clock import microseconds
from features.home.database import consistent_read, database_exists, writing
from features.home.locks import publisher_lock
from features.home.settings import Home
from features.home.troubles import Troubles
from features.identity.components import GROUP, Identifier
from features.identity.lookup import identifiers_of, update_index
from features.ledger.decision_marks import clear_marks, is_decision_due, marks_of
from features.ledger.outbox import AT_ONCE, Outbox, OutboxBatch, enqueue_since, is_anything_pending
from features.ledger.tombstones import tombstones
from features.store.account_states import (
    AccountNews,
    AccountState,
    account_rows,
    account_states,
    changed_only,
    store_states,
)
from features.store.builds import Build, builds, current_builds, has_files, published_builds, record_published
from features.store.due_leads import DecidedLeads, Decider, DueLeads, with_accounts
from features.store.materialize import materialize_needed, materialized
from features.store.online import LeadState, OnlineRow, OnlineStore, StoreGone, whole_states
from features.store.online_fill import backfill

STORES = 8  # connections kept open: of each feature part that is read
ROUNDS = 20  # of one call: events that keep coming are the next call's, or it would never return

R = TypeVar("R")
Accounts = Mapping[str, AccountState]
STORE_DOWN, NOT_PUBLISHED = "online store down, the ledger answers", "leads could not be published"
NOT_DECIDED = "leads could not be decided with what was published of them"

logger = structlog.get_logger(__name__)


@dataclass
class _BuildUpdate:
    """What one round writes to the online rows of one build, and what is new of the accounts of the leads it wrote.

    event_us: the event time of what is written. leads: how many were written. ids: all ids of their components.
    """

    build: Build
    event_us: int
    shown_us: int  # up to when the online store shows what is known, so that only what is new need be written
    leads: int = 0
    ids: set[str] = field(default_factory=set)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    accounts: AccountNews = field(default_factory=AccountNews)
    states: dict[str, AccountState] = field(default_factory=dict)
    due: tuple[Derived, OutboxBatch, list[LeadState]] | None = None  # to decide on, where the outbox is one batch

    def add(self, derived: Derived, batch: OutboxBatch, leads: list[LeadState]) -> None:
        """Note the leads of a batch that was written, and what is new of their accounts."""
        rows, ids = derived.rows, derived.ids
        # Of a long outbox nothing is kept: its leads are decided apart, some at a time.
        self.due = None if self.ids else (derived, batch, leads)
        self.ids |= ids
        self.leads += len(leads)
        self.names |= {name: lead for name, lead in identifiers_of(rows.identities).items() if lead in ids}
        self.accounts.add(rows, self.build.folded_us)


class Publisher:
    """Writes what the outbox of one home holds to its online store.

    Each serving process has one; the publisher lock lets one of them write at a time.
    decider: who decides on the leads of which it writes the states, in the transaction that clears the outbox.
    """

    def __init__(self, home: Home, decider: Decider | None = None, now: Callable[[], datetime] | None = None) -> None:
        self.home, self._decider, self._now = home, decider, now or partial(datetime.now, UTC)
        self._stores: dict[str, OnlineStore] = {}
        # Connections of their own: one thread may check while another publishes.
        self._stores_to_check: dict[str, OnlineStore] = {}
        self._exists, self._troubles = False, Troubles(logger)

    def publish(self) -> int:
        """Write the states of every lead in the outbox to the online store; how many leads.

        0 where the outbox is empty, where another process publishes, or where the online store is down: then the outbox
        stays as it is and is published later. Never raises for a store that is down.
        """
        self._exists = self._exists or database_exists(self.home)
        if not self._exists:
            return 0
        leads, is_elsewhere = 0, False
        for _ in range(ROUNDS):
            if not is_anything_pending(self.home):
                break
            with publisher_lock(self.home) as is_ours:
                found = self._unless_down(self._round) if is_ours else None
                is_elsewhere = not is_ours
            if found is None:
                break
            leads += found
        # Who publishes now also decides; where nobody can publish, decisions go on.
        if self._decider and not is_elsewhere and is_decision_due(self.home):
            self._decider.decide_rest()
        return leads

    def check(self) -> None:
        """Fill the online store again where it lost its rows, and make the builds that are needed and not there.

        Each serving process calls it about once a second.
        """
        self._exists = self._exists or database_exists(self.home)
        if self._exists:
            self._unless_down(self._check)

    def _check(self) -> None:
        materialize_needed(self.home)
        for build in restore(self.home, self._store_to_check):
            logger.info("online store rebuilt", views=build.suffix)

    def _unless_down(self, work: Callable[[], R]) -> R | None:
        """What `work` returns; None where the online store is down, which is logged once."""
        try:
            done = work()
        except StoreGone as error:
            self._troubles.met(STORE_DOWN, str(error.__cause__ or error), level="warning")
            return None
        self._troubles.over(STORE_DOWN)
        return done

    def _store(self, build: Build) -> OnlineStore:
        return _cached_store(self._stores, self.home, build)

    def _store_to_check(self, build: Build) -> OnlineStore:
        return _cached_store(self._stores_to_check, self.home, build)

    def _round(self, at_once: int = AT_ONCE) -> int | None:
        """Publish the outbox as it is now; how many leads. None where nothing could be, as before the first build.

        A lead whose states cannot be derived stays in the outbox, and all others are published.
        """
        left: set[Identifier] = set()
        with consistent_read(self.home) as connection:
            outbox, builds = Outbox.read(connection), published_builds(connection, microseconds(self._now()))
            if not builds:
                return None
            if not outbox.identifiers:
                return 0
            updates = [self._new_update(build, outbox) for build in builds]
            for batch in outbox.batches(connection, at_once):
                if not self._is_written(updates, batch):
                    if at_once > 1:
                        return self._round(at_once=1)
                    left |= set(batch.identifiers)
            for update in updates:
                self._write_accounts(update, connection, outbox)
            decided = self._decided(connection, updates)
        with writing(self.home) as connection:
            if decided:
                self._write_decisions(connection, *decided)
            self._clear(connection, outbox.without(connection, left), updates)
        if not left:
            self._troubles.over(NOT_PUBLISHED)
        return None if len(left) == len(outbox.identifiers) else max(update.leads for update in updates)

    def _is_written(self, updates: Sequence[_BuildUpdate], batch: OutboxBatch) -> bool:
        try:
            for update in updates:
                self._write_leads(update, batch)
        except StoreGone:
            raise
        except Exception as error:
            self._troubles.met(NOT_PUBLISHED, type(error).__name__, identifiers=len(batch.identifiers))
            return False
        return True

    def _new_update(self, build: Build, outbox: Outbox) -> _BuildUpdate:
        # Redis drops a row that is not newer: a deleted event changes a lead while its newest event stays the same.
        event_us = max(outbox.newest_us, build.published_us + 1)
        return _BuildUpdate(build, event_us, self._store(build).shown_us(build.folded_us))

    def _write_leads(self, update: _BuildUpdate, batch: OutboxBatch) -> None:
        agreement, store = update.build.agreement, self._store(update.build)
        derived = derive_events(batch.events, agreement, batch.ids)
        rows = derived.rows
        whole = list(whole_states(rows, agreement, batch.ids))
        since_us = -1 if batch.is_whole else update.shown_us
        found = [known.of(state, since_us) for state, known in whole]
        for view, name in ((store.repository.behaviour_view, "behaviours"), (store.repository.trait_view, "traits")):
            # A lead that is written whole may have lost a feature: that is written as nothing.
            nothing: dict[str, Any] = dict.fromkeys(store.repository.features_of(view)) if batch.is_whole else {}
            store.write(view, (_row(lead, nothing | dict(getattr(lead, name)), update.event_us) for lead in found))
        update.add(derived, batch, [state for state, _ in whole])

    def _write_accounts(self, update: _BuildUpdate, connection: Connection, outbox: Outbox) -> None:
        agreement, store, wrong = update.build.agreement, self._store(update.build), outbox.wrong_accounts()
        news = update.accounts.of([*wrong, *update.accounts.observed])
        update.states = account_states(connection, agreement, update.build, news, wrong)
        rows = account_rows(update.states.items(), agreement, outbox.newest_us, update.event_us)
        if update.shown_us >= 0:
            rows = (changed_only(row, update.states[row.key], news.observed[row.key], agreement) for row in rows)
        store.write(update.build.repository(self.home).account_view, rows)
        store.write_canary(update.event_us)

    def _decided(self, connection: Connection, updates: Sequence[_BuildUpdate]) -> tuple[DueLeads, DecidedLeads] | None:
        """The decisions on the leads whose states were written; None where none is due or none can be made now."""
        part = self._decider.feature_part() if self._decider else None
        newest = next((update for update in reversed(updates) if update.build.suffix == part), None)
        if self._decider is None or newest is None or newest.due is None:
            return None
        try:
            accounts = newest.states if self._decider.reads_accounts() else {}
            due = _due_leads(connection, newest.build.agreement, newest.due, accounts)
            return (due, self._decider.decided(connection, due)) if due.marks else None
        except Exception as error:  # a lead that cannot be decided is published all the same, and tried by itself
            self._troubles.met(NOT_DECIDED, type(error).__name__)
            return None

    def _write_decisions(self, connection: Connection, due: DueLeads, decided: DecidedLeads) -> None:
        try:
            with connection.begin_nested():
                lost = decided.write(connection)
                clear_marks(connection, due.marks_without(lost))
        except Exception as error:
            self._troubles.met(NOT_DECIDED, type(error).__name__)
            return
        self._troubles.over(NOT_DECIDED)

    def _clear(self, connection: Connection, outbox: Outbox, updates: Sequence[_BuildUpdate]) -> None:
        for update in updates:
            store_states(connection, update.build, update.states.items(), outbox.newest_us)
            record_published(connection, update.build, outbox.newest_us, update.event_us)
        update_index(connection, updates[-1].names, updates[-1].ids)
        outbox.clear(connection)


def _cached_store(stores: dict[str, OnlineStore], home: Home, build: Build) -> OnlineStore:
    if build.generation not in stores:
        stores[build.generation] = OnlineStore(build.repository(home).for_writing())
        for generation in list(stores)[:-STORES]:
            del stores[generation]  # of builds that were replaced long ago
    return stores[build.generation]


def _due_leads(
    connection: Connection,
    agreement: Agreement,
    found: tuple[Derived, OutboxBatch, list[LeadState]],
    accounts: Accounts,
) -> DueLeads:
    derived, batch, states = found
    groups = [value for kind, value in batch.identifiers if kind == GROUP]
    marks = marks_of(connection, derived.ids, groups)
    if accounts:
        states = with_accounts(states, accounts, list(agreement.behaviours))
    return DueLeads(derived, states, marks, tombstones(connection))


def _row(lead: LeadState, features: Mapping[str, Any], event_us: int) -> OnlineRow:
    assert lead.known_at is not None
    return OnlineRow(lead.lead_id, features, microseconds(lead.known_at), event_us)


StoreOf = Callable[[Build], OnlineStore]


def restore(home: Home, store: StoreOf) -> list[Build]:
    """Write all online rows again of each build that lost them; these builds. Raises StoreGone while it is down."""
    return [build for build in builds(home) if _has_lost(store(build), build) and _restored(home, store, build)]


def _has_lost(online: OnlineStore, build: Build) -> bool:
    newest_us = online.newest_event_us()
    return newest_us is None or newest_us < build.published_us


def _restored(home: Home, store: StoreOf, build: Build) -> bool:
    # Files may be on another host, or hold somebody who was erased since: then the ledger is the source.
    if not has_files(home, build) or build.last_event_id < 0:
        return materialized(home, build.agreement).repository.generation != build.generation
    with publisher_lock(home) as is_ours:
        if not is_ours:
            return False
        with writing(home) as connection:
            newest = current_builds(connection)[build.suffix]
            if newest.generation != build.generation or not _has_lost(store(build), newest):
                return False
            # Before the rows of the files: a lead with newer events is answered from the ledger until these are shown.
            enqueue_since(connection, build.last_event_id)
        store(build).repository.remove()  # what it still holds may be older than anything we know
        backfill(home, store(build), newest)
        return True
