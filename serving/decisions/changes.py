"""Changes: why a score is not what it was, split into steps in a fixed order, each of them a real score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.derived import DerivedRows
from features.events.event_table import HISTORY_KEPT
from features.home import tables
from features.home.clock import from_microseconds, rfc3339
from features.home.database import consistent_read, reading
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.records.lead_record import LeadRecord, lead_record
from features.store.online import LeadState
from features.store.states_before import EventsAround, corrected_state, state_with_traits, states_in
from serving.decisions.change_words import ChangedLead, ScoredMoment, change_sentence, step_words
from serving.decisions.served_then import ServedThen
from serving.scoring.lead_row import LeadRow
from serving.scoring.points import points, score
from serving.scoring.score import probability_of

STEPS = ("time", "corrections", "activity", "traits", "model", "agreement")  # always in this order
OBJECTS = "the lead objects to profiling: it has no score, and what it was before is not computed either"


class NothingToCompare(LeadlightError):
    """A moment at which there is no score of the lead to begin with."""


def changes(home: Home, name: str, now_us: int, moments: tuple[int | None, int | None] = (None, None),
            only_ids: bool = False) -> dict[str, Any]:  # fmt: skip
    """Why the score of a lead is not what it was, as `GET /v1/leads/{id}/changes` answers it. Nothing is stored.

    Raises UnknownLead, LeadErased and what `changes_of_record` raises.
    """
    served = ServedThen(home)
    with reading(home) as connection:
        record = lead_record(connection, served.newest.agreement, name, only_ids)
    return changes_of_record(served, record, now_us, moments)


def changes_of_record(
    served: ServedThen, record: LeadRecord, now_us: int, moments: tuple[int | None, int | None] = (None, None)
) -> dict[str, Any]:
    """The same of a lead whose record was read already.

    moments: from and to, each up to and including its microsecond; by default the last stored decision, and now. The
    contributions of the steps, in log-odds, sum to the difference. Raises NothingToCompare, ModelGone, AgreementGone.
    """
    lead = _LeadThen(record, served)
    begin_us, end_us = moments
    end = lead.moment(now_us if end_us is None else end_us)
    begin = lead.last_decision(end.at_us) if begin_us is None else lead.moment(begin_us)
    if begin.at_us >= end.at_us:
        when = f"from is {_day(begin.at_us)} and to is {_day(end.at_us)}"
        raise NothingToCompare(f"{when}; give a from that is before to", code="bad_from")
    return _ChangeSplit(lead, begin, end).as_json()


@dataclass(frozen=True)
class _LeadThen:
    """A lead, what answered when in its home, and all that is known of it now."""

    record: LeadRecord
    served: ServedThen
    derived: dict[tuple[str, int], DerivedRows] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        return self.served.home

    @cached_property
    def around(self) -> EventsAround:
        """All events of its component and its colleagues, read once."""
        with consistent_read(self.home) as connection:
            return EventsAround.of(connection, [self.record.lead_id])

    def moment(self, at_us: int) -> ScoredMoment:
        """A moment, by what answered then; where it is that of a decision, by what that was made under."""
        log = tables.decisions.c
        row = self._decision(log.decided_us == at_us)
        return ScoredMoment(at_us, self.served.at(at_us), None) if row is None else self._of_decision(row)

    def last_decision(self, before_us: int) -> ScoredMoment:
        """The last stored decision before a moment. Raises NothingToCompare where there is none."""
        row = self._decision(tables.decisions.c.decided_us < before_us)
        if row is None:
            sentence = f"no decision on this lead is kept from before {_day(before_us)}; give a from, such as a date"
            raise NothingToCompare(sentence, code="no_decision")
        return self._of_decision(row)

    def _of_decision(self, row: Any) -> ScoredMoment:
        return ScoredMoment(row.decided_us, self.served.of_decision(row), row.decision_id)

    def _decision(self, condition: Any) -> Any:
        log = tables.decisions.c
        wanted = select(tables.decisions).where(log.lead_id == self.record.lead_id, condition)
        with reading(self.home) as connection:
            return connection.execute(wanted.order_by(log.decided_us.desc(), log.decision_id.desc()).limit(1)).first()

    @property
    def is_objecting(self) -> bool:
        """Whether it objects to profiling now: then it has no profile of an earlier moment either."""
        agreement = self.record.derived.agreement
        (now,) = states_in(self.rows(agreement, NOT_YET - 1), agreement, [self.record.lead_id])
        return now.traits.get("profiling_opt_out") is True

    def rows(self, agreement: Agreement, at_us: int) -> DerivedRows:
        """What the events that were recorded up to and including a moment say by an agreement.

        Of two moments between which nothing was recorded it is the very same rows.
        """
        known = self.around.recorded_before(at_us + 1)
        key = agreement.feature_digest, len(known.events)
        if key not in self.derived:
            self.derived[key] = known.rows(agreement)
        return self.derived[key]

    def state(self, rows: DerivedRows, agreement: Agreement, at_us: int) -> LeadState:
        """Its state in these rows of a moment. Raises NothingToCompare where that cannot be told."""
        kept_us = [row.recorded_us for row in self.record.rows if row.name == HISTORY_KEPT]
        if kept_us and at_us < max(kept_us):
            gone = f"old events of this lead were deleted as agreed, and {_day(at_us)} cannot be computed any more"
            raise NothingToCompare(f"{gone}; ask from {_day(max(kept_us))} on", code="history_gone")
        (state,) = states_in(rows, agreement, [self.record.lead_id])
        if state.known_at is None or not LeadRow.of(state, "ledger").has_facts:
            first = min((self.record.rows[row].recorded_us for row in self.record.own), default=at_us)
            sentence = f"there was no score of this lead on {_day(at_us)}; it became known on {_day(first)}"
            raise NothingToCompare(f"{sentence}, ask from then on", code="unknown_then")
        return state


def _local(us: int, zone: ZoneInfo) -> datetime:
    return from_microseconds(us).astimezone(zone)


class _ChangeSplit:
    """The difference between two moments of one lead, step by step."""

    def __init__(self, lead: _LeadThen, begin: ScoredMoment, end: ScoredMoment) -> None:
        self.lead, self.begin, self.end = lead, begin, end
        self._ends: dict[str, LeadState] = {}

    def as_json(self) -> dict[str, Any]:
        begin, end = self.begin, self.end
        if self.lead.is_objecting:
            ends = {"from": _end(begin, None), "to": _end(end, None)}
            return {"lead_id": self.lead.record.lead_id, **ends, "difference": None, "steps": [], "text": OBJECTS}
        log_odds = self._log_odds()
        contributions = [after - before for before, after in pairwise(log_odds)]
        words, zone = step_words(self._changed), ZoneInfo(end.scoring.kept.agreement.time_zone)
        steps = [
            {"step": step, "contribution": contribution, "points": points(contribution), "text": words[step]}
            for step, contribution in zip(STEPS, contributions, strict=True)
        ]
        return {
            "lead_id": self.lead.record.lead_id,
            "from": _end(begin, log_odds[0]),
            "to": _end(end, log_odds[-1]),
            "difference": log_odds[-1] - log_odds[0],
            "steps": steps,
            "text": change_sentence(_local(begin.at_us, zone), _local(end.at_us, zone), steps),
        }

    def _log_odds(self) -> Sequence[float]:
        """Seven scores: of the beginning, and after each of the six steps."""
        before, after, then, of = self.begin.scoring, self.end.scoring, self._then, self._end_state
        corrected = active = then
        if self._is_news:
            corrected = corrected_state(self._rows_now, before.features_by, then, self.begin.at_us + 1)
            active = state_with_traits(self._rows_now, before.features_by, then)
        new_model = replace(after, kept=before.kept)
        by_model = (new_model, of(new_model.features_by)) if new_model.digest != before.digest else None
        by_model = by_model or (before, of(before.features_by))
        is_same = after.digest == before.digest and after.kept.agreement.digest == before.kept.agreement.digest
        by_agreement = by_model if is_same else (after, of(after.features_by))
        begun = before.log_odds(LeadRow.of(then, "ledger"), from_microseconds(self.begin.at_us))
        states = [(before, then), (before, corrected), (before, active), (before, of(before.features_by))]
        steps, scored = (*states, by_model, by_agreement), dict[tuple[int, int], float]()
        for scoring, state in steps:  # where nothing changed it is the very same state, and scored once
            key = id(scoring), id(state)
            if key not in scored:
                scored[key] = scoring.log_odds(LeadRow.of(state, "ledger"), from_microseconds(self.end.at_us))
        return [begun, *(scored[id(scoring), id(state)] for scoring, state in steps)]

    @cached_property
    def _then(self) -> LeadState:
        agreement, at_us = self.begin.scoring.features_by, self.begin.at_us
        return self.lead.state(self.lead.rows(agreement, at_us), agreement, at_us)

    @cached_property
    def _rows_now(self) -> DerivedRows:
        """What is known by the end, as the model of the beginning reads it."""
        return self.lead.rows(self.begin.scoring.features_by, self.end.at_us)

    @property
    def _is_news(self) -> bool:
        """Whether anything was recorded between the moments."""
        return self._rows_now is not self.lead.rows(self.begin.scoring.features_by, self.begin.at_us)

    def _end_state(self, agreement: Agreement) -> LeadState:
        if agreement.feature_digest not in self._ends:
            self._ends[agreement.feature_digest] = self._state_at_end(agreement)
        return self._ends[agreement.feature_digest]

    def _state_at_end(self, agreement: Agreement) -> LeadState:
        is_first = agreement.feature_digest == self.begin.scoring.features_by.feature_digest
        if is_first and not self._is_news:
            return self._then
        rows = self._rows_now if is_first else self.lead.rows(agreement, self.end.at_us)
        return self.lead.state(rows, agreement, self.end.at_us)

    @property
    def _changed(self) -> ChangedLead:
        now = self._end_state(self.begin.scoring.features_by)
        return ChangedLead(self.begin, self.end, self._rows_now, self._then, now)


def _end(moment: ScoredMoment, log_odds: float | None) -> dict[str, Any]:
    scoring, shown = moment.scoring, None if log_odds is None else probability_of(log_odds)
    model = scoring.provenance["model"]
    return {
        "at": rfc3339(from_microseconds(moment.at_us)),
        "logit": log_odds,
        "probability": shown,
        "score": None if shown is None else score(shown, scoring.kept.agreement.policy.score_50),
        "decision_id": moment.decision_id,
        "model": model,
        "agreement": scoring.provenance["agreement"],
    }


def _day(us: int) -> str:
    return f"{from_microseconds(us):%Y-%m-%d %H:%M}"
