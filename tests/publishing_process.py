"""A process that takes events and publishes them, beside others that do the same."""

from __future__ import annotations

from pathlib import Path

from handmade_events import page
from online_store_checks import arrive

from features.home.settings import Home, Settings
from features.store.publisher import Publisher


def published(path: Path, url: str, number: int) -> None:
    """Events of one process, published by it while others publish theirs."""
    home = Home(path, Settings(database_url=url))
    publisher = Publisher(home)
    for day in range(4):
        arrive(home, [page("ann", 30 + day + number / 10)])
        publisher.publish()
