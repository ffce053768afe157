"""Passes: decides on leads by their ids, some at a time, and remembers how far a pass over all of them came."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import ColumnElement, Connection, select

from features.home import tables
from features.home.clock import microseconds
from features.home.database import consistent_read, insert_or_update, reading, writing
from features.home.progress import Progress
from features.home.settings import Home
from features.home.troubles import Troubles
from features.identity.claims import USER
from features.store.due_leads import due_leads
from serving.rounds.causes import CauseOf
from serving.rounds.decided_by import DecidedBy
from serving.rounds.decider import LookedAt
from serving.rounds.deciding import seen
from serving.rounds.due_rounds import NOT_DECIDED
from serving.rounds.halving import done_by_halves, place_of
from serving.rounds.looked_at import StoredLeads, leads_now

AT_ONCE = 500  # leads in one transaction
NIGHT = "night"
LeadsOf = Callable[[Connection], list[str]]
newest, passes = tables.lead_decisions, tables.passes
MERGED = newest.c.code == "merged"
MOVES_BY_ITSELF = ~MERGED & (newest.c.queue.is_not(None) | newest.c.next_due_us.is_not(None))

logger = structlog.get_logger(__name__)
troubles = Troubles(logger)


@dataclass
class Pass:
    """Decides on leads of one home as of one moment. tried: those that it took so far, each once.

    stored: reads the states of leads that sales had nothing to do with; None: all are derived, which for a few leads
    takes less than opening the store.
    """

    home: Home
    by: DecidedBy
    stored: StoredLeads | None = None
    tried: set[str] = field(default_factory=set)

    def decide(self, lead_ids: Sequence[str], cause_of: CauseOf, progress: Progress = lambda _: None) -> int:
        """Decide on these leads, `AT_ONCE` a transaction; how many. One that cannot be decided is named, and left."""
        ids, done = sorted(set(lead_ids) - self.tried), 0
        self.tried.update(ids)
        for start in range(0, len(ids), AT_ONCE):
            done += done_by_halves(ids[start : start + AT_ONCE], partial(self._decided, cause_of), _could_not)
            progress(f"deciding: {done:,} of {len(ids):,} leads")
        return done

    def _decided(self, cause_of: CauseOf, lead_ids: Sequence[str]) -> int:
        with consistent_read(self.home) as connection:
            stored = self.stored.leads(without_sales(connection, lead_ids)) if self.stored else []
            rest = sorted(set(lead_ids) - {str(lead.lead_id) for lead in stored})
            due = due_leads(connection, self.by.scoring.features_by, [(USER, lead) for lead in rest], {})
            derived = leads_now(self.by, due, frozenset(rest))
            leads = sorted([*stored, *derived], key=lambda lead: str(lead.lead_id))
            known = seen(connection, self.by, leads, cause_of)
        with writing(self.home) as connection:
            lost = LookedAt(self.by, due, leads, cause_of, known, frozenset(lead_ids)).write(connection)
        return len(leads) - len(lost)

    def all_of(self, read: Callable[[Connection], Collection[str]], cause_of: CauseOf, progress: Progress) -> int:
        """Decide on what `read` finds until it finds no lead that was not tried; how many leads."""
        done = 0
        while True:
            with reading(self.home) as connection:
                found = [lead for lead in read(connection) if lead not in self.tried]
            if not found:
                return done
            done += self.decide(found, cause_of)
            progress(f"deciding: {done:,} leads")


def _could_not(_lead_id: str, error: Exception) -> None:
    troubles.met(NOT_DECIDED, type(error).__name__, where=place_of(error))


def without_sales(connection: Connection, lead_ids: Sequence[str]) -> list[str]:
    """Those of these leads that sales had nothing to do with when they were last decided, and that nobody merged."""
    which = select(newest.c.lead_id).where(newest.c.lead_id.in_(lead_ids), ~newest.c.has_sales_history, ~MERGED)
    return list(connection.scalars(which))


def leads_with(
    condition: ColumnElement[bool], most: int, but: Collection[str] = ()
) -> Callable[[Connection], list[str]]:
    """Up to `most` leads for whose newest decision a condition holds, by the next date first."""

    def read(connection: Connection) -> list[str]:
        which = select(newest.c.lead_id).where(condition).order_by(newest.c.next_due_us, newest.c.lead_id)
        return list(connection.scalars(which.limit(most + len(but))))

    return read


def chunks_of_night(home: Home, by: DecidedBy) -> Iterator[list[str]]:
    """All leads that time can move, by id, `AT_ONCE` at a time, from where a pass that broke off had come.

    That is every open lead, and who is closed until a date; the others wait for an event. A chunk is noted once done.
    """
    begun_us, up_to = _begun(home, by)
    while True:
        with reading(home) as connection:
            which = select(newest.c.lead_id).where(newest.c.lead_id > up_to, MOVES_BY_ITSELF).order_by(newest.c.lead_id)
            chunk = list(connection.scalars(which.limit(AT_ONCE)))
        if not chunk:
            break
        yield chunk
        up_to = chunk[-1]
        _note(home, begun_us, up_to)
    _note(home, begun_us, "", microseconds(by.as_of))


def _begun(home: Home, by: DecidedBy) -> tuple[int, str]:
    with reading(home) as connection:
        row = connection.execute(select(passes).where(passes.c.name == NIGHT)).first()
    if row is not None and row.ended_us is None and row.begun_us >= by.night_began_us:
        return row.begun_us, row.up_to
    begun_us = microseconds(by.as_of)
    _note(home, begun_us, "")
    return begun_us, ""


def _note(home: Home, begun_us: int, up_to: str, ended_us: int | None = None) -> None:
    row = {"name": NIGHT, "begun_us": begun_us, "up_to": up_to, "ended_us": ended_us}
    with writing(home) as connection:
        insert_or_update(connection, passes, [row])


def is_night_due(home: Home, by: DecidedBy) -> bool:
    """Whether this night's pass was not done yet, or broke off; the first one is that of the night to come."""
    with reading(home) as connection:
        row = connection.execute(select(passes).where(passes.c.name == NIGHT)).first()
    if row is None:
        now_us = microseconds(by.as_of)
        _note(home, now_us, "", now_us)
        return False
    return row.begun_us < by.night_began_us or row.ended_us is None
