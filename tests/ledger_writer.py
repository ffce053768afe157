"""A process that writes to a ledger beside others; imports little, so that many start at once."""

from __future__ import annotations

from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from features.home.database import engine
from features.home.settings import Home, Settings
from features.ledger.ledger import Appended, Ledger

AT_ONCE = 10  # small batches, so that the writers meet often
PATIENCE_S = 120


together: Barrier | None = None  # where all writers wait for one another before each begins


def begin_together(barrier: Barrier) -> None:
    """Call it first in each process."""
    global together
    together = barrier


def written(folder: str, url: str | None, told: list[dict[str, Any]]) -> tuple[int, int]:
    """How many of `told` were new and how many were there already, once all are in the ledger of a home."""
    if together is not None:
        together.wait(PATIENCE_S)
    ledger = Ledger.open(Home(Path(folder), Settings(database_url=url)))
    now, found = datetime(2030, 1, 1, tzinfo=UTC), Appended()
    for start in range(0, len(told), AT_ONCE):
        found = sum(ledger.append(told[start : start + AT_ONCE], source="web", received_at=now), found)
    engine(ledger.home.database_url).dispose()
    return found.accepted, found.duplicates
