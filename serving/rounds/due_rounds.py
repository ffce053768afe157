"""Rounds of their own: leads that are due by their marks, derived some at a time where no publisher's round did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection

from features.home.database import consistent_read, writing
from features.home.locks import decider_lock
from features.home.progress import Progress
from features.home.settings import Home
from features.home.troubles import Troubles
from features.identity.components import Identifier
from features.ledger.decision_marks import Marks, clear_marks, count_due, marks_of, oldest_marks
from features.store.due_leads import DecidedLeads, DueLeads, due_leads
from serving.rounds.decided_by import DecidedBy
from serving.rounds.halving import done_by_halves, place_of

AT_ONCE = 500  # marks in one transaction: other writers wait for it
ROUNDS = 20  # of one call: events that keep coming are the next call's
AGAIN_AFTER = timedelta(minutes=1)  # until a lead that could not be decided is tried again
NOT_DECIDED = "a lead could not be decided"

logger = structlog.get_logger(__name__)


class LooksAtLeads(Protocol):
    """What looks at due leads and decides on them: the decider of the home."""

    def now(self) -> datetime: ...
    def by(self) -> DecidedBy | None: ...
    def looked_at(self, connection: Connection, due: DueLeads) -> DecidedLeads: ...


class DueRounds:
    """Decides on what marks ask for. A lead that cannot be decided stays due, is named once, and holds up no other."""

    def __init__(self, home: Home, decider: LooksAtLeads) -> None:
        self._home, self._decider = home, decider
        self._troubles = Troubles(logger)
        self._failed: dict[Identifier, datetime] = {}

    def run(self, in_bulk: bool = False, progress: Progress = lambda _: None) -> int:
        """Decide on all that is due, the oldest first; how many leads. Stops where another process does so now.

        in_bulk: also on what files and our own upkeep brought.
        """
        decided, place = 0, 0
        while in_bulk or place < ROUNDS:
            # Taken anew each time, so that senders of another process wait for one round of an import at most.
            with decider_lock(self._home) as is_ours:
                marks = self._next_marks(in_bulk) if is_ours else {}
                work, failed = partial(self._decided, marks), partial(self._could_not, marks)
                decided += done_by_halves(list(marks), work, failed)
            if not marks:
                break
            place += 1
            if in_bulk:
                progress(f"deciding: {decided:,} leads, {self._left():,} marks to go")
        if not self._failed:
            self._troubles.over(NOT_DECIDED)
        return decided

    def _next_marks(self, in_bulk: bool) -> Marks:
        by = self._decider.by()
        if by is None:
            return {}
        self._failed = {name: at for name, at in self._failed.items() if by.as_of - at < AGAIN_AFTER}
        with consistent_read(self._home) as connection:
            return oldest_marks(connection, AT_ONCE, in_bulk, self._failed)

    def _left(self) -> int:
        with consistent_read(self._home) as connection:
            return count_due(connection)

    def _could_not(self, marks: Marks, name: Identifier, error: Exception) -> None:
        self._troubles.met(NOT_DECIDED, type(error).__name__, event_id=marks[name].event_id, where=place_of(error))
        self._failed[name] = self._decider.now()

    def _decided(self, marks: Marks, names: Sequence[Identifier]) -> int:
        by = self._decider.by()
        if by is None:
            return 0
        with consistent_read(self._home) as connection:
            due = due_leads(connection, by.scoring.features_by, names, {name: marks[name] for name in names})
            # Whoever is tied to these leads is derived with them, and is decided with them.
            due = replace(due, marks={**marks_of(connection, due.derived.ids), **due.marks})
            looked_at = self._decider.looked_at(connection, due)
        with writing(self._home) as connection:
            lost = looked_at.write(connection)
            clear_marks(connection, due.marks_without(lost))
        return len(due.states)
