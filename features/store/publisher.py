"""Brings the online store up to what the ledger holds, and fills it again where it lost its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection

from features.behaviour.decayed_counters import Observations
from features.derived import Rows, derive_events
from features.home.clock import microseconds
from features.home.database import consistent_read, database_exists, writing
from features.home.locks import publisher_lock
from features.home.settings import Home
from features.identity.components import Identifier
from features.identity.lookup import names_of, replace_names
from features.ledger.outbox import AT_ONCE, OutboxBatch, Outbox, is_anything_pending, pend_since
from features.store.account_states import (
    NOTHING,
    AccountState,
    account_rows,
    account_states,
    joined,
    keep_states,
    new_in,
    news_of,
)
from features.store.builds import Build, builds, current, is_here, moved_on, written
from features.store.materialize import derive_needed, derived
from features.store.online import LeadState, OnlineRow, OnlineStore, StoreGone, newest_states
from features.store.online_fill import fill

STORES = 8  # connections kept open: of each feature part that is read
ROUNDS = 20  # of one call: events that keep coming are the next call's, or it would never return

R = TypeVar("R")
said = structlog.get_logger(__name__)


@dataclass
class _News:
    """What one round finds out for one build: who its leads are, and what is new of their accounts."""

    build: Build
    event_us: int
    shown_us: int  # up to when the online store shows what is known, so that only what is new need be written
    leads: int = 0
    ids: set[str] = field(default_factory=set)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    accounts: dict[str, Observations] = field(default_factory=dict)
    states: dict[str, AccountState] = field(default_factory=dict)

    def add(self, rows: Rows, ids: frozenset[str], leads: int) -> None:
        """Take in what some components say."""
        self.ids |= ids
        self.leads += leads
        self.names |= {name: lead for name, lead in names_of(rows.found).items() if lead in ids}
        news = news_of(rows, self.build.folded_us)
        # Also where nothing is new: an account says up to when it knows its leads.
        for account in set(rows.accounts_now().values()) | set(news):
            self.accounts[account] = joined(self.accounts.get(account, NOTHING), news.get(account, NOTHING))


class Publisher:
    """Publishes for one home; any number of processes may have one, and one of them is at work at a time."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._stores: dict[str, OnlineStore] = {}
        self._looked: dict[str, OnlineStore] = {}  # connections of their own: one thread may look while one publishes
        self._is_there, self._is_down = False, False

    def publish(self) -> int:
        """Write the states of every lead with unseen events to the online store; how many leads.

        0 where there is nothing to do, where another publisher is at it, or where the online store is down: then
        what is pending stays so, and is published later. Never raises for a store that is down.
        """
        leads = 0
        self._is_there = self._is_there or database_exists(self.home)
        for _ in range(ROUNDS):
            if not self._is_there or not is_anything_pending(self.home):
                break
            with publisher_lock(self.home) as is_ours:
                found = self._softly(self._round) if is_ours else None
            if found is None:
                break
            leads += found
        return leads

    def look(self) -> None:
        """See whether the online store still holds what was published, and publish all of it again where it does not.

        Called each second or so by each serving process; also sees to it that there are views to publish to.
        """
        self._is_there = self._is_there or database_exists(self.home)
        if self._is_there:
            self._softly(self._look)

    def _look(self) -> None:
        derive_needed(self.home)
        for build in restore(self.home, self._store_to_look):
            said.info("online store rebuilt", views=build.suffix)

    def _softly(self, work: Callable[[], R]) -> R | None:
        """What `work` gives; None where the online store is down, which is said once."""
        try:
            done = work()
        except StoreGone as error:
            if not self._is_down:
                said.warning("online store down, the ledger answers", reason=str(error.__cause__ or error))
            self._is_down = True
            return None
        if self._is_down:
            said.info("online store back")
        self._is_down = False
        return done

    def _store(self, build: Build) -> OnlineStore:
        return _kept(self._stores, self.home, build)

    def _store_to_look(self, build: Build) -> OnlineStore:
        return _kept(self._looked, self.home, build)

    def _round(self, at_once: int = AT_ONCE) -> int | None:
        """Publish all that is pending now; None where nothing could be, as before the first build.

        One lead that cannot be derived stays pending: it must not keep all others from being shown.
        """
        left: set[Identifier] = set()
        with consistent_read(self.home) as connection:
            unseen, builds = Outbox.of(connection), written(connection, microseconds(datetime.now(UTC)))
            if not builds:
                return None
            if not unseen.identifiers:
                return 0
            news = [self._news(build, unseen) for build in builds]
            for part in unseen.parts(connection, at_once):
                if not self._is_written(news, part):
                    if at_once > 1:
                        return self._round(at_once=1)
                    left |= set(part.identifiers)
            for each in news:
                self._write_accounts(each, connection, unseen)
        with writing(self.home) as connection:
            self._keep(connection, unseen.left(connection, left), news)
        return None if len(left) == len(unseen.identifiers) else max(each.leads for each in news)

    def _is_written(self, news: Sequence[_News], part: OutboxBatch) -> bool:
        try:
            for each in news:
                self._write_leads(each, part)
        except StoreGone:
            raise
        except Exception as error:
            said.error("leads could not be published", identifiers=len(part.identifiers), reason=type(error).__name__)
            return False
        return True

    def _news(self, build: Build, unseen: Outbox) -> _News:
        # Redis drops what is not newer: a lead may change though its newest event does not, when one was removed.
        event_us = max(unseen.newest_us, build.published_us + 1)
        return _News(build, event_us, self._store(build).shown_us(build.folded_us))

    def _write_leads(self, news: _News, part: OutboxBatch) -> None:
        agreement, store = news.build.agreement, self._store(news.build)
        rows = derive_events(part.events, agreement, part.ids).rows
        found = list(newest_states(rows, agreement, part.ids, -1 if part.is_whole else news.shown_us))
        for view, name in ((store.repository.behaviour_view, "behaviours"), (store.repository.trait_view, "traits")):
            # Also what nothing says any more is written where the store may hold what is gone.
            nothing: dict[str, Any] = dict.fromkeys(store.repository.features_of(view)) if part.is_whole else {}
            store.write(view, (_row(lead, nothing | dict(getattr(lead, name)), news.event_us) for lead in found))
        news.add(rows, part.ids, len(found))

    def _write_accounts(self, news: _News, connection: Connection, unseen: Outbox) -> None:
        agreement, store, wrong = news.build.agreement, self._store(news.build), unseen.wrong_accounts()
        news.accounts = dict.fromkeys(wrong, NOTHING) | news.accounts
        news.states = account_states(connection, agreement, news.build, news.accounts, wrong)
        rows = account_rows(news.states.items(), agreement, unseen.newest_us, news.event_us)
        if news.shown_us >= 0:
            rows = (new_in(row, news.states[row.key], news.accounts[row.key], agreement) for row in rows)
        store.write(news.build.repository(self.home).account_view, rows)
        store.mark(news.event_us)

    def _keep(self, connection: Connection, unseen: Outbox, news: Sequence[_News]) -> None:
        for each in news:
            keep_states(connection, each.build, each.states.items(), unseen.newest_us)
            moved_on(connection, each.build, unseen.newest_us, each.event_us)
        replace_names(connection, news[-1].names, news[-1].ids)
        unseen.shown(connection)


def _kept(stores: dict[str, OnlineStore], home: Home, build: Build) -> OnlineStore:
    if build.generation not in stores:
        stores[build.generation] = OnlineStore(build.repository(home).patient())
        for generation in list(stores)[:-STORES]:
            del stores[generation]  # of builds that were replaced long ago
    return stores[build.generation]


def _row(lead: LeadState, features: Mapping[str, Any], event_us: int) -> OnlineRow:
    assert lead.known_at is not None
    return OnlineRow(lead.lead_id, features, microseconds(lead.known_at), event_us)


Stores = Callable[[Build], OnlineStore]


def restore(home: Home, store: Stores) -> list[Build]:
    """The builds whose online rows were lost, all of them published again. Raises StoreGone while it is down."""
    return [build for build in builds(home) if _has_lost(store(build), build) and _restored(home, store, build)]


def _has_lost(online: OnlineStore, build: Build) -> bool:
    held_us = online.holds_up_to()
    return held_us is None or held_us < build.published_us


def _restored(home: Home, store: Stores, build: Build) -> bool:
    # Files that another host has, or that hold somebody who was erased since, are no source: the ledger is.
    if not is_here(home, build) or build.last_event_id < 0:
        return derived(home, build.agreement).repository.generation != build.generation
    with publisher_lock(home) as is_ours:
        if not is_ours:
            return False
        with writing(home) as connection:
            newest = current(connection)[build.suffix]
            if newest.generation != build.generation or not _has_lost(store(build), newest):
                return False
            # Before the rows of the files: whoever has newer events is answered from the ledger until they are shown.
            pend_since(connection, build.last_event_id)
        store(build).repository.remove()  # what it still holds may be older than anything we know
        fill(home, store(build), newest)
        return True
