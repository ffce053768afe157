"""What a home needs from time to time: files without those who were erased, and events no older than agreed."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from features.agreement.versions import NoAgreement, kept
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import empty_log, exists, reading, writing
from features.home.locks import one_builder
from features.home.progress import Progress
from features.home.settings import Home
from features.ledger.tombstones import STALE
from features.records.retention import retain
from features.store.builds import builds, current, every_build, forget, needed
from features.store.materialize import derived
from features.store.online import StoreGone

said = structlog.get_logger(__name__)

RETAIN_EACH = timedelta(days=1)
WAIT = timedelta(minutes=10)  # after an erasure: several of one day are worth one rebuild, and an hour is promised


class Housekeeping:
    """Looks after one home; any number of processes may do so, and what one has done is done for all."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._retained_at: datetime | None = None

    def look(self, now: datetime) -> None:
        """Do what is due: asked each minute or so, it does next to nothing nearly always."""
        if is_due(self.home, now):
            renew(self.home)
        if self._retained_at is None or now - self._retained_at >= RETAIN_EACH:
            self._retain(now)

    def _retain(self, now: datetime) -> None:
        try:
            agreement = kept(self.home).agreement
        except NoAgreement:
            return
        done = retain(self.home, agreement, now)
        self._retained_at = now
        if done.events:
            said.info("old events replaced by totals", events=done.events, leads=done.leads)


def is_due(home: Home, now: datetime) -> bool:
    """Whether files still hold somebody who was erased so long ago that they should be made anew."""
    if not exists(home) or not any(build.last_event_id == STALE for build in every_build(home)):
        return False
    erased_us, built_us = tables.erased.c.erased_us, tables.feature_views.c.built_us
    with reading(home) as connection:
        last_build = connection.scalar(select(func.max(built_us))) or 0
        waits_since = connection.scalar(select(func.min(erased_us)).where(erased_us > last_build))
    return waits_since is None or now - from_microseconds(waits_since) >= WAIT


def renew(home: Home, progress: Progress = lambda _: None) -> int:
    """Make new files in place of those that hold an erased lead, and delete these; how many builds were deleted."""
    with reading(home) as connection:
        read = current(connection)
    for build in read.values():
        if build.last_event_id == STALE and build.suffix in needed(home):
            derived(home, build.agreement, progress)
    deleted = 0
    with one_builder(home):
        read_still = {build.generation for build in builds(home) if build.suffix in needed(home)}
        for build in every_build(home):
            # Who was erased since the new files were made is their turn next; till then they are what is read.
            if build.last_event_id != STALE or build.generation in read_still:
                continue
            repository = build.repository(home)
            try:
                repository.remove()
            except StoreGone:
                continue  # until the server is back; its rows must go as well
            shutil.rmtree(repository.folder, ignore_errors=True)
            with writing(home) as connection:
                forget(connection, build)
            deleted += 1
    empty_log(home)
    return deleted
