"""The sweep: what no event brings. Each minute what is due by now, once a night all leads, one sweep at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, and_, or_

from features.home import tables
from features.home.clock import microseconds, rfc3339
from features.home.database import database_exists, reading, wait_for_writers, writing
from features.home.locks import sweeper_lock
from features.home.progress import Progress
from features.home.settings import Home
from serving.decisions.backlog import backlog_turn, rank_again
from serving.decisions.bar import renewed_bar
from serving.handovers.owners import inside_sales_room, room_left
from serving.handovers.store import due, trial_handovers
from serving.nurture.kept_plans import best_to_ask
from serving.rounds.causes import MOVED
from serving.rounds.day_messages import write_messages_of_the_day
from serving.rounds.decided_by import DecidedBy
from serving.rounds.decider import HomeDecider
from serving.rounds.deciding import under_now
from serving.rounds.looked_at import StoredLeads
from serving.rounds.passes import MERGED, Pass, chunks_of_night, is_night_due, leads_with
from serving.scoring.lead_now import BACKLOG_TURN, QUALIFYING_TURN, Cause
from serving.scoring.score import Scoring
from serving.scoring.scorer import Scorer

MOST = 1_000  # leads that are read at once
newest = tables.lead_decisions


@dataclass(frozen=True)
class Swept:
    """How many leads a sweep decided on, by what made them due. is_ours: False where another sweep runs.

    marked: by events of files and of our own upkeep. withdrawn: handovers of the trial, now that it is live. moved: a
    model, agreement or bar that they were not decided under. turns: their turn in the backlog
    came, or inside sales takes them as the best of nurture.
    """

    is_ours: bool = True
    marked: int = 0
    withdrawn: int = 0
    moved: int = 0
    due: int = 0
    turns: int = 0
    night: int = 0

    @property
    def leads(self) -> int:
        return self.marked + self.withdrawn + self.moved + self.due + self.turns + self.night

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"leads": self.leads}


def sweep(home: Home, as_of: datetime, scoring: Scoring | None = None, progress: Progress = lambda _: None) -> Swept:
    """Decide on all that is due as of a moment: by files, dates, clocks, a turn in the backlog, a model that changed.

    Does nothing where another process sweeps, or where nothing can be decided. A sweep that breaks off has decided on
    some leads, and the next one goes on with the others.
    """
    return _swept(home, as_of, scoring, progress, False)


def night(home: Home, as_of: datetime, scoring: Scoring | None = None, progress: Progress = lambda _: None) -> Swept:
    """The same, and once a night all leads: their numbers move as time passes. Then a new bar, and the line anew."""
    return _swept(home, as_of, scoring, progress, True)


def _swept(home: Home, as_of: datetime, scoring: Scoring | None, progress: Progress, with_night: bool) -> Swept:
    if not database_exists(home):
        return Swept()
    given = scoring or Scorer(home).scoring
    decider = HomeDecider(home, lambda: given, lambda: as_of)
    with sweeper_lock(home) as is_ours:
        if not is_ours:
            return Swept(is_ours=False)
        return _Sweep(home, decider, DecidedBy.in_force(home, given, as_of), progress).run(with_night)


@dataclass(frozen=True)
class _Sweep:
    home: Home
    decider: HomeDecider
    by: DecidedBy
    progress: Progress

    def run(self, with_night: bool) -> Swept:
        marked = self.decider.rounds.run(in_bulk=True, progress=self.progress)
        work = Pass(self.home, self.by)
        withdrawn = self._went_live(work)
        nightly = self._night() if with_night and is_night_due(self.home, self.by) else 0
        moved = self._moved(work)
        due_now = self._due(work)
        if marked or moved or withdrawn:
            self._rank()
        turns = self._turns()
        turns += self._best_of_nurture()
        write_messages_of_the_day(self.home, self.by, bool(nightly))
        return Swept(True, marked, withdrawn, moved, due_now, turns, nightly)

    def _went_live(self, work: Pass) -> int:
        """Withdraw what the trial handed over, now that leads really go over; they begin in the backlog."""
        if not self.by.is_live:
            return 0
        cause = Cause("live", rfc3339(self.by.as_of))
        return work.all_of(partial(_of_trial, work), lambda _: cause, self.progress)

    def _moved(self, work: Pass) -> int:
        """Decide on leads that were decided under another model, agreement or bar."""
        with writing(self.home) as connection:
            wait_for_writers(connection)
            under = under_now(connection, self.by)
        is_other = or_(
            newest.c.model_digest.is_distinct_from(under.model_digest),
            newest.c.policy_digest != under.policy_digest,
            newest.c.bar_id.is_distinct_from(under.bar_id),
        )
        moved = Cause(MOVED, str(under.bar_id))
        return work.all_of(leads_with(and_(is_other, ~MERGED), MOST, work.tried), lambda _: moved, self.progress)

    def _due(self, work: Pass) -> int:
        """Decide on leads whose date or clock came."""
        now_us = microseconds(self.by.as_of)
        is_due = and_(newest.c.next_due_us <= now_us, ~newest.c.in_backlog)
        cause = Cause("due", rfc3339(self.by.as_of))
        done = work.all_of(leads_with(is_due, MOST, work.tried), lambda _: cause, self.progress)
        return done + work.all_of(partial(self._with_clocks, work), lambda _: cause, self.progress)

    def _with_clocks(self, work: Pass, connection: Connection) -> list[str]:
        # Beyond those that were tried: a thousand that stay due must not hide the others.
        return [handover.lead_id for handover in due(connection, self.by.as_of, MOST + len(work.tried))]

    def _turns(self) -> int:
        """Hand over the best of the backlog, as many as today's turn and the reps' day allow."""
        with reading(self.home) as connection:
            room = room_left(connection, self.by.agreement, self.by.as_of)
            leads = backlog_turn(connection, self.by.agreement, self.by.as_of, MOST if room is None else room)
        turn = Cause("due", BACKLOG_TURN)
        return Pass(self.home, self.by).decide(leads, lambda _: turn)

    def _best_of_nurture(self) -> int:
        """Give inside sales the best of nurture that may still be asked something, as many as its day has room for."""
        if not self.by.agreement.people.inside_sales:
            return 0
        with reading(self.home) as connection:
            room = inside_sales_room(connection, self.by.agreement, self.by.as_of)
            leads = best_to_ask(connection, room) if room else []
        turn = Cause("due", QUALIFYING_TURN)
        return Pass(self.home, self.by).decide(leads, lambda _: turn)

    def _night(self) -> int:
        cause, done = Cause("night", self.by.as_of.date().isoformat()), 0
        with writing(self.home) as connection:
            wait_for_writers(connection)
            renewed_bar(connection, self.by.scoring, self.by.agreement.policy_digest, self.by.as_of)
        work = Pass(self.home, self.by, StoredLeads(self.home, self.by))
        for chunk in chunks_of_night(self.home, self.by):
            done += work.decide(chunk, lambda _: cause)
            self.progress(f"night: {done:,} leads")
        self._rank()
        return done

    def _rank(self) -> None:
        with writing(self.home) as connection:
            wait_for_writers(connection)
            rank_again(connection, self.by.agreement, self.by.as_of)


def _of_trial(work: Pass, connection: Connection) -> list[str]:
    return [handover.lead_id for handover in trial_handovers(connection, MOST + len(work.tried))]
