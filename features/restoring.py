"""An online store that lost what it held: found out, and filled again exactly."""

from __future__ import annotations

from collections.abc import Callable

from features.builds import Build, builds, current, is_here
from features.components import pend_since
from features.database import writing
from features.derivation import derived
from features.filling import fill
from features.settings import Home
from features.store.online import OnlineStore
from features.turns import one_publisher

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
    with one_publisher(home) as is_ours:
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
