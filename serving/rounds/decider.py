"""The decider of a home: decides on leads that a round derived, and on those that no round did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from features.home.clock import MICROSECOND
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.ledger.tombstones import erased_leads
from features.store.due_leads import DecidedLeads, DueLeads
from serving.rounds.causes import CauseOf, causes_of_events
from serving.rounds.decided_by import DecidedBy
from serving.rounds.deciding import SeenLeads, decide_leads, seen
from serving.rounds.due_rounds import DueRounds
from serving.rounds.looked_at import leads_now
from serving.rounds.merged_leads import close_merged
from serving.scoring.lead_now import LeadNow
from serving.scoring.score import Scoring


@dataclass(frozen=True)
class LookedAt:
    """Due leads with their numbers, and what can be decided of them alone; the slow part is done. only: these alone."""

    by: DecidedBy
    due: DueLeads
    leads: Sequence[LeadNow]
    cause_of: CauseOf
    seen: SeenLeads
    only: frozenset[str] | None = None

    def write(self, connection: Connection) -> Collection[str]:
        """Decide on the leads in the caller's transaction; those that another decided on meanwhile."""
        names = {("user", lead): lead for lead in [*(str(one.lead_id) for one in self.leads), *self.due.merged_into]}
        gone = erased_leads(connection, names, self.due.erasures)
        merged = {lead: into for lead, into in self.due.merged_into.items() if not gone & {lead, into}}
        if self.only is not None:
            merged = {lead: into for lead, into in merged.items() if lead in self.only}
        lost = close_merged(connection, self.by, merged, self.cause_of) if merged else set()
        then = self.seen.joined(connection, set(merged.values())) if merged else self.seen
        left = [lead for lead in self.leads if lead.lead_id not in gone]
        return lost | decide_leads(connection, self.by, left, self.cause_of, then)


class HomeDecider:
    """Decides on the leads of one home, by the model and the agreement that answer now.

    scoring: gives both; raises LeadlightError where there is none, and then nothing is decided. clock: gives the time.
    """

    def __init__(self, home: Home, scoring: Callable[[], Scoring], clock: Callable[[], datetime]) -> None:
        self.home, self._scoring, self._clock = home, scoring, clock
        self._by: DecidedBy | None = None
        self.rounds = DueRounds(home, self)

    def now(self) -> datetime:
        """The time of its clock."""
        return self._clock()

    def by(self) -> DecidedBy | None:
        """What decides now; None where nothing can, as before there is an agreement."""
        try:
            scoring = self._scoring()
        except LeadlightError:
            return None
        if self._by is None or self._by.scoring is not scoring:  # a signature makes a new version, and so a new scoring
            self._by = DecidedBy.in_force(self.home, scoring, self.now())
        return replace(self._by, as_of=self.now())

    def feature_part(self) -> str | None:
        """The suffix of the feature part by which leads are looked at."""
        by = self.by()
        return by.feature_part if by else None

    def reads_accounts(self) -> bool:
        """Whether a decision depends on what the other leads of an account did."""
        by = self.by()
        return by is not None and by.scoring.reads_accounts

    def decided(self, connection: Connection, due: DueLeads) -> DecidedLeads:
        """The decisions on leads that a round of the publisher derived."""
        return self.looked_at(connection, due)

    def looked_at(self, connection: Connection, due: DueLeads) -> LookedAt:
        """The due leads with their numbers, each to be decided for its newest event."""
        by = self.by()
        assert by is not None
        # Known at a moment is what came before it, and an event may be recorded at the very moment of its round.
        newest = max((state.known_at for state in due.states if state.known_at), default=by.as_of)
        by = replace(by, as_of=max(by.as_of, newest + MICROSECOND))
        leads, cause_of = leads_now(by, due), causes_of_events(due)
        return LookedAt(by, due, leads, cause_of, seen(connection, by, leads, cause_of))

    def decide_rest(self) -> None:
        """Decide on what senders wait for and no round has decided."""
        self.rounds.run()
