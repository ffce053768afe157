"""Housekeeping, once a minute: new files without erased leads, and events no older than agreed."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from features.agreement.versions import NoAgreement, current_version
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import database_exists, reading, truncate_wal, writing
from features.home.locks import builder_lock
from features.home.progress import Progress
from features.home.settings import Home
from features.ledger.tombstones import STALE
from features.records.retention import apply_retention
from features.store.builds import all_builds, builds, current_builds, delete_build, needed_suffixes
from features.store.materialize import materialized
from features.store.online import StoreGone

logger = structlog.get_logger(__name__)

RETAIN_EACH = timedelta(days=1)
WAIT = timedelta(minutes=10)  # after an erasure: several of one day are worth one rebuild, and an hour is promised


class Housekeeping:
    """Does the regular jobs of one home. Each serving process may have one: a job that one has done is done for all."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._retained_at: datetime | None = None

    def run(self, now: datetime) -> None:
        """Do the jobs that are due; the caller calls it about once a minute, and mostly none is."""
        if is_rebuild_due(self.home, now):
            rebuild_stale_builds(self.home)
        if self._retained_at is None or now - self._retained_at >= RETAIN_EACH:
            self._retain(now)

    def _retain(self, now: datetime) -> None:
        try:
            agreement = current_version(self.home).agreement
        except NoAgreement:
            return
        done = apply_retention(self.home, agreement, now)
        self._retained_at = now
        if done.events:
            logger.info("old events replaced by totals", events=done.events, leads=done.leads)


def is_rebuild_due(home: Home, now: datetime) -> bool:
    """Whether files still hold a lead that was erased at least `WAIT` ago, so that new ones should be built."""
    if not database_exists(home) or not any(build.last_event_id == STALE for build in all_builds(home)):
        return False
    erased_us, built_us = tables.erased.c.erased_us, tables.feature_views.c.built_us
    with reading(home) as connection:
        last_build = connection.scalar(select(func.max(built_us))) or 0
        waits_since = connection.scalar(select(func.min(erased_us)).where(erased_us > last_build))
    return waits_since is None or now - from_microseconds(waits_since) >= WAIT


def rebuild_stale_builds(home: Home, progress: Progress = lambda _: None) -> int:
    """Build new files in place of those that hold an erased lead, and delete the old; how many builds were deleted."""
    with reading(home) as connection:
        read = current_builds(connection)
    for build in read.values():
        if build.last_event_id == STALE and build.suffix in needed_suffixes(home):
            materialized(home, build.agreement, progress)
    deleted = 0
    with builder_lock(home):
        read_still = {build.generation for build in builds(home) if build.suffix in needed_suffixes(home)}
        for build in all_builds(home):
            # A build that is read may be stale again, by a later erasure: it stays until the next one replaces it.
            if build.last_event_id != STALE or build.generation in read_still:
                continue
            repository = build.repository(home)
            try:
                repository.remove()
            except StoreGone:
                continue  # until the server is back; its rows must go as well
            shutil.rmtree(repository.folder, ignore_errors=True)
            with writing(home) as connection:
                delete_build(connection, build)
            deleted += 1
    truncate_wal(home)
    return deleted
