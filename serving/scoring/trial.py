"""A trial of an agreement: what it would decide about every lead of a home, beside what is decided now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from features.agreement.versions import AgreementVersion
from features.derived import derived_rows
from features.events.event_table import read_events
from features.home.clock import microseconds
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.online import newest_states
from serving.scoring.bulk import CHUNK, home_scores
from serving.scoring.lead_row import LeadRow
from serving.scoring.score import Scoring
from serving.scoring.scorer import Scorer

Decisions = Mapping[str, str]  # by lead_id: the decision, or the status of a lead that has none


@dataclass(frozen=True)
class Trial:
    """The decision on each lead now, and by an agreement that is tried; `bars` are in the same order.

    is_part_2_alone: whether the model that answers learned by another first part than that of the tried agreement.
    has_another_model: whether the tried agreement has a name that the served model does not have.
    """

    now: Decisions
    tried: Decisions
    bars: tuple[float, float]
    is_part_2_alone: bool
    has_another_model: bool

    def counts(self) -> dict[str, tuple[int, int]]:
        """By decision, how many leads have it now, and how many would; the most frequent first."""
        now, tried = Counter(self.now.values()), Counter(self.tried.values())
        return {name: (now[name], tried[name]) for name, _ in (now + tried).most_common()}

    def moves(self) -> dict[tuple[str, str], int]:
        """How many leads would go from one decision to another; the most frequent first."""
        pairs = Counter((self.now.get(lead, "unknown"), decided) for lead, decided in self.tried.items())
        return {pair: leads for pair, leads in pairs.most_common() if pair[0] != pair[1]}


def trial(home: Home, tried: AgreementVersion, as_of: datetime) -> Trial:
    """Decide on every lead known before `as_of` twice. Nothing is kept: what is served goes on as it does.

    The model that is served answers both times. Where none is, the criteria do, each time by their own part 1.
    """
    now, then = Scorer(home).scoring, Scorer(home, tried).scoring
    is_other = then.features_by.feature_digest != tried.agreement.feature_digest
    has_another = now.digest != then.digest
    if then.features_by.feature_digest == now.features_by.feature_digest:
        decided = _decisions(home_scores(home, as_of, 0, tried=tried))
    else:
        decided = _decisions(_derived_scores(home, then, as_of))
    by_numbers = _decisions(home_scores(home, as_of, 0, tried=now.kept))
    return Trial(by_numbers, decided, (now.bar, then.bar), is_other, has_another)


def _decisions(chunks: Iterator[list[dict[str, Any]]]) -> Decisions:
    return {score["lead_id"]: score["decision"] or score["status"] for chunk in chunks for score in chunk}


def _derived_scores(home: Home, scoring: Scoring, as_of: datetime) -> Iterator[list[dict[str, Any]]]:
    """A score for every lead from the ledger itself: a build for an agreement on trial would serve others too."""
    agreement, before_us = scoring.features_by, microseconds(as_of)
    chunks = ([row for row in chunk if row.recorded_us < before_us] for chunk in Ledger.open(home).chunks())
    rows = derived_rows(read_events(chunks, agreement), agreement)
    states = list(newest_states(rows, agreement, frozenset(rows.identities.lead_ids)))
    known = [state for state in states if (state.traits.get("opened_us") or 0) < before_us]
    for start in range(0, len(known), CHUNK):
        leads = [LeadRow(s.lead_id, s.behaviours, s.traits, s.known_at, "ledger") for s in known[start : start + CHUNK]]
        yield scoring.scores(leads, as_of, 0)
