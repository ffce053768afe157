"""An online store filled with everything that a build knows."""

from __future__ import annotations

from features.account_folding import account_rows, kept_states
from features.builds import Build
from features.database import reading
from features.settings import Home
from features.store.newest import publish_files
from features.store.online import OnlineStore


def fill(home: Home, online: OnlineStore, build: Build) -> None:
    """Publish a build's files, and its accounts as they are kept. Raises StoreGone."""
    online.make_tables()
    with reading(home) as connection:
        states = kept_states(connection, build)
        publish_files(online, account_rows(states, build.agreement, build.folded_us, build.published_us))
    online.mark(build.published_us, is_first=True)
