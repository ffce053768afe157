"""Full materialization: from the whole ledger to a new build of files and Feast views, to which readers then switch."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.agreement.versions import agreement_with_digest
from features.derived import DerivedRows, derived_rows, leads_of
from features.events.event_table import read_events
from features.home import tables
from features.home.clock import microseconds
from features.home.database import reading, writing
from features.home.locks import builder_lock, publisher_lock
from features.home.progress import Progress
from features.home.settings import Home
from features.identity.components import component, record_links
from features.identity.lookup import identifiers_of, replace_index
from features.ledger.ledger import Ledger
from features.ledger.outbox import enqueue_since
from features.ledger.tombstones import STALE, erased_leads, tombstones
from features.store.account_states import states_of_shared_accounts, store_states
from features.store.builds import (
    LAYOUT,
    Build,
    all_builds,
    build_of,
    builds,
    delete_build,
    has_files,
    needed_suffixes,
    new_generation,
    outdated_builds,
    switch_to,
)
from features.store.feast_views import FeastRepository, view_suffix
from features.store.feature_store_file import write_feature_store_file
from features.store.offline import files_digest, write_files
from features.store.online import OnlineStore, StoreGone
from features.store.online_fill import backfill, remove_leads


@dataclass(frozen=True)
class Materialized:
    """The build that shows the ledger as it is: its Feast repository, and one row per lead."""

    repository: FeastRepository
    leads: pd.DataFrame
    last_event_id: int


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild made.

    digest: of its files; the same ledger gives the same. before: of the files that were read until then.
    """

    views: tuple[str, ...]
    leads: int
    events: int
    seconds: float
    digest: str
    before: str | None

    @property
    def is_the_same(self) -> bool | None:
        """Whether the new files equal the old ones byte for byte; None where there were none."""
        return None if self.before is None else self.digest == self.before


def materialized(home: Home, agreement: Agreement, progress: Progress = lambda _: None) -> Materialized:
    """The build for `agreement` that holds the whole ledger; a new one where events came since the last."""
    ledger = Ledger.open(home)
    with builder_lock(home):
        build, newest = build_of(home, agreement), ledger.last_event_id()
        if build is None or (build.layout, build.last_event_id) != (LAYOUT, newest) or not has_files(home, build):
            build = _new_build(ledger, agreement, progress)
        write_feature_store_file(home)
        home.keep_private()
        repository = build.repository(home)
        return Materialized(repository, pd.read_parquet(repository.folder / "leads.parquet"), build.last_event_id)


def rebuild(home: Home, agreement: Agreement, progress: Progress = lambda _: None) -> Rebuilt:
    """Make a new build from the whole ledger and switch to it, whether or not anything changed."""
    started = time.monotonic()
    ledger = Ledger.open(home)
    with builder_lock(home):
        before = build_of(home, agreement)
        was = files_digest(before.repository(home).folder) if before and has_files(home, before) else None
        repository = _new_build(ledger, agreement, progress).repository(home)
        leads = len(pd.read_parquet(repository.folder / "leads.parquet", columns=["lead_id"]))
        views = (repository.behaviour_view, repository.trait_view, repository.account_view)
        made = files_digest(repository.folder)
        write_feature_store_file(home)
        home.keep_private()
    return Rebuilt(views, leads, ledger.count(), time.monotonic() - started, made, was)


def rebuild_all(home: Home, agreement: Agreement, progress: Progress = lambda _: None) -> list[Rebuilt]:
    """Rebuild for `agreement` and for every other feature part that is read, such as the served model's."""
    rest = [agreement_with_digest(home, suffix) for suffix in sorted(needed_suffixes(home) - {view_suffix(agreement)})]
    return [rebuild(home, each, progress) for each in (agreement, *rest) if each]


def materialize_needed(home: Home) -> None:
    """Make each build that is read but is not there, or that an older release made with another layout."""
    there = {build.suffix: build.layout for build in builds(home)}
    for suffix in needed_suffixes(home):
        agreement = agreement_with_digest(home, suffix) if there.get(suffix) != LAYOUT else None
        if agreement is not None:
            materialized(home, agreement)


def _new_build(ledger: Ledger, agreement: Agreement, progress: Progress) -> Build:
    """A new build of the whole ledger, its online store filled, and readers switched to it."""
    home = ledger.home
    _sweep(home, view_suffix(agreement))
    _record_missing_links(ledger)
    progress("reading the ledger")
    with reading(home) as connection:
        erasures = tombstones(connection)
    read = read_events(ledger.chunks(), agreement)
    progress("folding observations into states")
    rows = derived_rows(read, agreement)
    last_us = max(read.recorded, default=0)
    build = Build(
        view_suffix(agreement), new_generation(), LAYOUT, agreement.text,
        last_event_id=max(read.event_id, default=0), folded_us=last_us, published_us=last_us,
    )  # fmt: skip
    repository = build.repository(home)
    progress("writing the Feast tables")
    write_files(repository, rows, leads_of(read, rows, agreement), read, agreement)
    repository.apply()
    with writing(home) as connection:
        store_states(connection, build, states_of_shared_accounts(rows, agreement), build.folded_us)
    progress("publishing the newest states")
    with suppress(StoreGone):  # the ledger answers meanwhile, and the publisher fills the store later
        backfill(home, OnlineStore(repository.for_writing()), build)
    _switch(home, build, rows, erasures)
    return build


def _sweep(home: Home, suffix: str) -> None:
    """Remove the files of builds that were not completed, and files that older releases kept here."""
    known = {build.generation for build in all_builds(home)}
    for path in (home.features / suffix).glob("*"):
        if path.is_file():
            path.unlink()
        elif path.name not in known:
            shutil.rmtree(path, ignore_errors=True)
    for name in ("online.db", "online.db-wal", "online.db-shm", "registry.db"):
        (home.features / name).unlink(missing_ok=True)


def _record_missing_links(ledger: Ledger) -> None:
    """Record the links of all events where none is recorded: an older release did not record them."""
    with reading(ledger.home) as connection:
        if connection.execute(select(tables.links.c.kind).limit(1)).first():
            return
    for chunk in ledger.chunks(100_000):
        with writing(ledger.home) as connection:
            record_links(connection, (event._mapping for event in chunk))


def _switch(home: Home, build: Build, rows: DerivedRows, erasures: int) -> None:
    """Let every reader switch to the new build, and remove builds that nobody reads any more.

    Events that came while it was built go into the outbox, since they were published to the old build alone. A lead
    that was erased meanwhile is removed from the online store, and the build is marked as stale.
    erasures: how many tombstones there were before the ledger was read.
    """
    with publisher_lock(home, wait=True):
        now_us = microseconds(datetime.now(UTC))
        names = identifiers_of(rows.identities)
        with writing(home) as connection:
            gone_leads = erased_leads(connection, names, erasures)
            names = {name: lead for name, lead in names.items() if lead not in gone_leads}
            since = enqueue_since(connection, build.last_event_id)
            touched = component(connection, since).ids if since else frozenset()
            replace_index(connection, names, touched)
            switch_to(connection, replace(build, last_event_id=STALE) if gone_leads else build, now_us)
        with suppress(StoreGone):
            remove_leads(build.repository(home), sorted(gone_leads))
        asked = needed_suffixes(home)
        with reading(home) as connection:
            gone = outdated_builds(connection, asked, now_us)
    for old in gone:
        _remove(home, old)


def _remove(home: Home, build: Build) -> None:
    repository = build.repository(home)
    try:
        repository.remove()
    except StoreGone:
        return  # its rows are removed when the next build is made
    shutil.rmtree(repository.folder, ignore_errors=True)
    with writing(home) as connection:
        delete_build(connection, build)
