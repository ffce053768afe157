"""Crossings: how many leads would go over the bar by another model or agreement, told before anything happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from features.agreement.versions import AgreementVersion, version_in_force
from features.home import tables
from features.home.database import consistent_read, database_exists, reading
from features.home.progress import Progress
from features.home.settings import Home
from features.identity.claims import USER
from features.store.due_leads import due_leads
from serving.decisions.backlog import MOST_WORKING_DAYS
from serving.decisions.store import before
from serving.rounds.decided_by import DecidedBy
from serving.rounds.looked_at import leads_now
from serving.scoring.decision import decided
from serving.scoring.lead_now import Cause, DecidedUnder, LeadNow
from serving.scoring.score import Scoring
from serving.scoring.scorer import Scorer
from training.model.if_tried import IfTried
from training.model.model import Model

AT_ONCE = 500
newest = tables.lead_decisions


@dataclass(frozen=True)
class Crossings:
    """How many of the open leads would go over the bar, and how many a day are handed over of those.

    leads: that were looked at. over: that are not over the bar now and would be. back: that are over it and would not
    be. per_day: `catch_up_per_day`.
    """

    leads: int
    over: int
    back: int
    per_day: int

    @property
    def sentence(self) -> str:
        """What it comes to, in words."""
        if not self.over:
            return f"no lead would cross the bar by it; {self.back:,} of {self.leads:,} would go back"
        most = MOST_WORKING_DAYS * self.per_day
        waits = f", and {self.over - most:,} wait in nurture" if self.over > most else ""
        rate = f"best first, {self.per_day:,} a working day{waits}"
        return f"{self.over:,} of {self.leads:,} leads would cross the bar by it: they go over {rate}"


def crossings(home: Home, then: Scoring, as_of: datetime, progress: Progress = lambda _: None) -> Crossings:
    """Who would cross the bar if `then` answered. Nothing is kept, and nobody is handed over."""
    by = DecidedBy(then, as_of)
    leads = over = back = 0
    under = DecidedUnder(then.digest, by.agreement.policy_digest, None, then.bar_of_model)
    for chunk in _chunks(home, by):
        for lead in chunk:
            found = decided(by.agreement, lead, under, as_of, Cause("promotion"))
            was_over = lead.before is not None and _is_over(lead.before.decision, lead.before.code)
            is_over = _is_over(found.decision, found.code)
            leads, over, back = leads + 1, over + (is_over and not was_over), back + (was_over and not is_over)
        progress(f"looking who would cross the bar: {leads:,} leads")
    return Crossings(leads, over, back, by.agreement.handover.catch_up_per_day)


def crossings_of_version(home: Home, folder: Path, as_of: datetime, progress: Progress = lambda _: None) -> Crossings:
    """Who would cross the bar if the version whose files are in `folder` answered, by the agreement in force.

    Raises ModelDamaged.
    """
    model = Model.read(folder)
    return crossings(home, Scoring(version_in_force(home), model, head=IfTried.read(folder)), as_of, progress)


def crossings_of_agreement(
    home: Home, tried: AgreementVersion, as_of: datetime, progress: Progress = lambda _: None
) -> Crossings:
    """Who would cross the bar if this agreement were in force."""
    return crossings(home, Scorer(home, tried).scoring, as_of, progress)


def _is_over(decision: str, code: str) -> bool:
    return decision == "sales_ready" or code == "waits_for_capacity"


def _chunks(home: Home, by: DecidedBy) -> Iterator[list[LeadNow]]:
    """All open leads as they would be looked at, without those that sales has."""
    up_to = ""
    while database_exists(home):
        with reading(home) as connection:
            which = newest.c.queue.is_not(None) & newest.c.handover_id.is_(None) & (newest.c.lead_id > up_to)
            some = select(newest.c.lead_id).where(which).order_by(newest.c.lead_id).limit(AT_ONCE)
            ids = list(connection.scalars(some))
        if not ids:
            return
        up_to = ids[-1]
        with consistent_read(home) as connection:
            due = due_leads(connection, by.scoring.features_by, [(USER, lead) for lead in ids], {})
            befores = before(connection, ids)
            looked_at = leads_now(by, due, frozenset(ids))
        yield [replace(lead, before=befores.get(str(lead.lead_id))) for lead in looked_at]
