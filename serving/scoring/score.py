"""From a lead's states to its score: probability, contributions, reasons, decision; pure, time as an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.checks import NAME_THE_QUESTION
from features.agreement.conditions import Facts
from features.agreement.criteria import criteria_points, criterion_kind, prior
from features.agreement.versions import NOT_AGREED, AgreementVersion
from features.arrays import DAY_US, Floats, Ints
from features.behaviour.columns import week_before
from features.home.clock import microseconds, rfc3339
from features.snapshots.point_in_time import feature_columns, lead_states
from features.traits.history import TOUCHES
from serving.scoring.answer import SCORE_FIELDS
from serving.scoring.bar import bar_of_facts
from serving.scoring.decision import decided
from serving.scoring.decision_case import OBJECTED, objects
from serving.scoring.explanation import AskedLeads, Explanation, SaidOfLead, explanations, logits
from serving.scoring.kept import KeptDecision, KeptDecisions, decision_fields
from serving.scoring.lead_now import ONLY_SHOWN, DecidedUnder, LeadNow
from serving.scoring.lead_row import LeadNumbers, LeadRow
from serving.scoring.points import base_points, grade, logit, points, score
from serving.scoring.questions import AS_THINGS_ARE, IF_TRIED_NOW, IfTriedNow, unlike_tried
from serving.scoring.reasons import LeadEvidence, reasons
from training.model.calibrator import sigmoid
from training.model.if_tried import ASKS_IF_TRIED, IfTried
from training.model.model import Model
from training.model.old_labels import left_untried_out

VALID_FOR = timedelta(hours=24)
TREND_DAYS, TREND_LOGIT = 7.0, 0.25
OLD_LABELS = (
    "version {version} learned while leads that sales never tried were left out unless they bought: where calls are on "
    "record its probabilities are too high, of open leads most, and may rank them backwards; {remedy}"
)
RETRAIN = "run: leadlight train --promote"
NOTHING_KEPT: KeptDecisions = {}
LEARNED = ("outcome", "interest", "behaviours", "traits", "excluded", "our_domains", "export", "campaigns")


@dataclass(frozen=True)
class Scoring:
    """A model with its version, and the agreement in force: all that a score depends on besides the lead.

    model: None before any training; then the prior of the agreement's criteria answers. head: what answers "if sales
    tries now", where that was earned. bar_now: the bar in force of the home, None where it keeps none.
    """

    kept: AgreementVersion
    model: Model | None = None
    version: str | None = None
    digest: str | None = None
    head: IfTried | None = None
    bar_now: float | None = None

    @cached_property
    def features_by(self) -> Agreement:
        """The agreement whose feature part the model was fitted with."""
        return Agreement.parse(self.model.agreement_text) if self.model else self.kept.agreement

    @cached_property
    def read_by(self) -> Agreement:
        """By what a sales history is read: behaviours as the model learned them, rules and people as agreed now."""
        learned, agreed = self.features_by, self.kept.agreement
        return agreed.model_copy(update={name: getattr(learned, name) for name in LEARNED}) if self.model else agreed

    @cached_property
    def caution(self) -> str | None:
        """What must be known before anyone trusts the model's scores, as a sentence; None where there is nothing."""
        if self.model is None or not left_untried_out(self.model, self.features_by.outcome):
            return None
        is_refused = self.kept.agreement.outcome.leaves_untried_out
        return OLD_LABELS.format(version=self.version, remedy=NAME_THE_QUESTION if is_refused else RETRAIN)

    @cached_property
    def reads_accounts(self) -> bool:
        """Whether a score depends on what the other leads of an account did."""
        return any(model.reads_accounts for model in self._models)

    @cached_property
    def _models(self) -> list[Model]:
        own = self.head.model if self.head else None
        return [model for model in (self.model, own) if model is not None]

    @cached_property
    def second(self) -> Model | None:
        """What answers "if sales tries now"; None where no version earned it."""
        return self.head.answering(self.model) if self.head and self.model else None

    @cached_property
    def question(self) -> str:
        """What the probability answers of a lead that either question can be asked of."""
        is_asked = self.second is not None and self.features_by.outcome.asks == ASKS_IF_TRIED
        return IF_TRIED_NOW if is_asked else AS_THINGS_ARE

    def _answering(self, question: str) -> Model | None:
        return self.second if question == IF_TRIED_NOW else self.model

    @property
    def bar(self) -> float:
        """The probability from which on a lead is over the bar: that in force, else what the model's snapshots say."""
        return self.bar_of_model if self.bar_now is None else self.bar_now

    @cached_property
    def bar_of_model(self) -> float:
        """The bar by what the model said of its own snapshots."""
        return bar_of_facts(self.kept.agreement, self._facts)

    @property
    def done_by_then(self) -> Sequence[Mapping[str, Any]]:
        """What leads that converted had done by an age, beside the others; empty where no model learned it."""
        found: Sequence[Mapping[str, Any]] = self._facts.get("done_by_then") or ()
        return found

    @property
    def knows_first_crossings(self) -> bool:
        """Whether the model's snapshots tell how its probabilities rose."""
        return bool(self._facts.get("first_crossings"))

    @cached_property
    def _facts(self) -> Mapping[str, Any]:
        model = self._answering(self.question)
        return model.facts if model else {}

    @cached_property
    def under(self) -> DecidedUnder:
        """By what a score that is only shown is decided."""
        return DecidedUnder(self.digest, self.kept.agreement.policy_digest, None, self.bar)

    @property
    def open_average(self) -> float | None:
        """What the answering model said on average of the leads that were open when it learned; None without one."""
        model = self._answering(self.question)
        return model.open_average if model else None

    def scores(
        self,
        rows: Sequence[LeadRow],
        as_of: datetime,
        most_reasons: int | None = 3,
        kept: KeptDecisions = NOTHING_KEPT,
    ) -> list[dict[str, Any]]:
        """A score per row, in the API's shape. kept: by lead, what was decided on it; else the numbers alone say."""
        as_of_us = microseconds(as_of)
        explained = self._by_model(rows, as_of_us) if self.model else [self._by_prior(row, as_of_us) for row in rows]
        scored = zip(rows, explained, strict=True)
        return [self._score((row, kept.get(str(row.lead_id))), why, as_of, most_reasons) for row, why in scored]

    def numbers(self, rows: Sequence[LeadRow], as_of: datetime) -> list[LeadNumbers]:
        """The numbers of each row that `scores` would give, to the last bit, and no reasons: at a tenth of the cost."""
        as_of_us = microseconds(as_of)
        if self.model and rows:
            said = self._said(rows, as_of_us)
        else:
            said = [SaidOfLead(self._by_prior(row, as_of_us).logit) for row in rows]
        return [self._numbers_alone(row, one, as_of_us) for row, one in zip(rows, said, strict=True)]

    def log_odds(self, row: LeadRow, as_of: datetime) -> float:
        """The log-odds behind the probability of a row, whether or not enough is known of it to show one."""
        as_of_us = microseconds(as_of)
        return self._said([row], as_of_us)[0].logit if self.model else self._by_prior(row, as_of_us).logit

    def _numbers_alone(self, row: LeadRow, said: SaidOfLead, as_of_us: int) -> LeadNumbers:
        facts = self._evidence(row, as_of_us).facts
        return self._numbers_of(row, facts, said)

    def _numbers_of(self, row: LeadRow, facts: Facts, said: SaidOfLead | Explanation) -> LeadNumbers:
        agreement = self.kept.agreement
        criteria = criteria_points(agreement, facts)
        if not row.has_facts or objects(agreement, facts):
            return LeadNumbers(None, None, None, criteria, facts, None, None, 0.0)
        probability, tried = probability_of(said.logit), said.if_tried.probability
        whole = score(probability, agreement.policy.score_50)
        by = tried if tried is not None and self.head and self.head.orders_calls else probability
        letter = grade(whole, agreement.policy.grades)
        return LeadNumbers(probability, whole, letter, criteria, facts, said.question, tried, by)

    def _by_model(self, rows: Sequence[LeadRow], as_of_us: int) -> list[Explanation]:
        assert self.model is not None
        week_ago_us = as_of_us - round(TREND_DAYS * DAY_US)
        known_then = self._known_at(rows, week_ago_us)
        before = [self._before(rows[i], as_of_us) for i in known_then]
        moments = np.repeat([as_of_us, week_ago_us], [len(rows), len(before)])
        asked = AskedLeads(self._columns([*rows, *before], moments), len(rows), known_then)
        unlike, second = self._of_questions(rows, asked)
        explained = explanations(self.model, asked, [place for place in range(len(rows)) if place not in set(second)])
        if second:
            assert self.second is not None
            answered = explanations(self.second, asked, second)
            explained |= {place: replace(why, question=IF_TRIED_NOW) for place, why in answered.items()}
        said = self._said_if_tried({place: why.logit for place, why in explained.items()}, asked, unlike)
        return [replace(explained[i], if_tried=IfTriedNow(said.get(i), unlike[i])) for i in range(len(rows))]

    def _said(self, rows: Sequence[LeadRow], as_of_us: int) -> list[SaidOfLead]:
        """What `_by_model` says of each row, without why."""
        assert self.model is not None
        asked = AskedLeads(self._columns(rows, np.full(len(rows), as_of_us)), len(rows), ())
        unlike, second = self._of_questions(rows, asked)
        said = logits(self.model, asked, [place for place in range(len(rows)) if place not in set(second)])
        if second:
            assert self.second is not None
            said |= logits(self.second, asked, second)
        tried = self._said_if_tried(said, asked, unlike)
        answers = dict.fromkeys(second, IF_TRIED_NOW)
        return [
            SaidOfLead(said[place], answers.get(place, AS_THINGS_ARE), IfTriedNow(tried.get(place), unlike[place]))
            for place in range(len(rows))
        ]

    def _of_questions(self, rows: Sequence[LeadRow], asked: AskedLeads) -> tuple[list[bool | None], list[int]]:
        """Whether each lead is unlike any that was tried, and the places of those that the second question answers."""
        unlike = unlike_tried(self.head, [row.traits for row in rows], asked.known)
        return unlike, _places_alike(unlike) if self.question == IF_TRIED_NOW else []

    def _said_if_tried(
        self, said: Mapping[int, float], asked: AskedLeads, unlike: Sequence[bool | None]
    ) -> dict[int, float]:
        """The probability if sales tries now, by the places of the leads of which it can be told.

        said: their log-odds, by place.
        """
        places = _places_alike(unlike)
        if self.head is None or self.second is None or not places:
            return {}
        if self.question == IF_TRIED_NOW:
            answered = np.array([said[place] for place in places])
        elif self.head.model is None:
            answered = self.head.moved.logit(np.array([said[place] for place in places]))
        else:
            matrix = self.second.matrix(asked.known)[places]
            answered = self.second.calibrator.logit(self.second.margin(matrix))
        return dict(zip(places, sigmoid(answered).tolist(), strict=True))

    def _columns(self, rows: Sequence[LeadRow], moments: Ints) -> dict[str, Any]:
        behaviours, traits = [row.behaviours for row in rows], [row.traits for row in rows]
        accounts = [row.account for row in rows] if self.reads_accounts else None
        states = lead_states(behaviours, traits, self.features_by, accounts)
        if accounts is None:
            states = replace(states, account={})  # then no column of it is made
        reads_criteria = any(model.reads_criteria for model in self._models)
        return feature_columns(states, moments, self.features_by, reads_criteria)

    def _known_at(self, rows: Sequence[LeadRow], moment_us: int) -> list[int]:
        """The places of the leads that were known at a moment: only they can have a trend since."""
        if self.features_by.outcome.undated:
            return []
        return [i for i, row in enumerate(rows) if (row.traits.get("opened_us") or moment_us) < moment_us]

    def _before(self, row: LeadRow, as_of_us: int) -> LeadRow:
        halves = np.asarray(self.features_by.half_lives, dtype=np.float64)
        own, account = (
            {name: week_before(_array(state), as_of_us, halves) for name, state in states.items()}
            for states in (row.behaviours, row.account or {})
        )
        return LeadRow(row.lead_id, own, row.traits, None, account=account)

    def _by_prior(self, row: LeadRow, as_of_us: int) -> Explanation:
        agreement = self.kept.agreement
        criteria = criteria_points(agreement, self._evidence(row, as_of_us).facts)
        before = prior(agreement, criteria)
        kinds = {name: criterion_kind(agreement, name) for name in before.contributions}
        contributions, log_odds = dict(before.contributions), logit(before.probability)
        return Explanation(log_odds, before.baseline, contributions, kinds, before.interval, None, criteria.levels)

    def _evidence(self, row: LeadRow, as_of_us: int, levels: Mapping[str, int | None] | None = None) -> LeadEvidence:
        account = row.account or {} if self.reads_accounts else {}
        return LeadEvidence(self.features_by, row.behaviours, row.traits, as_of_us, levels, account)

    def _score(
        self, told: tuple[LeadRow, KeptDecision | None], explanation: Explanation, as_of: datetime, most: int | None
    ) -> dict[str, Any]:
        row, kept = told
        evidence = self._evidence(row, microseconds(as_of), explanation.levels)
        numbers = self._numbers_of(row, evidence.facts, explanation)
        status = OBJECTED if objects(self.kept.agreement, numbers.facts) else "scored"
        lead = LeadNow(row.lead_id, row, numbers, before=kept.row if kept else None)
        fields = {"lead_id": row.lead_id, "status": status, "criteria": numbers.points.as_json()}
        fields |= self._numbers(evidence, explanation, numbers, most)
        found = decided(self.kept.agreement, lead, self.under, as_of, ONLY_SHOWN)
        fields |= decision_fields(found, kept, microseconds(as_of))
        fields |= _of_questions(explanation, numbers.probability)
        fields |= {name: row.traits.get(name) for name in TOUCHES} | _freshness(row, as_of) | self.provenance
        return {name: fields.get(name) for name in SCORE_FIELDS}

    def _numbers(
        self, evidence: LeadEvidence, explanation: Explanation, numbers: LeadNumbers, most: int | None
    ) -> dict[str, Any]:
        model = self._answering(explanation.question)
        facts = model.facts if model else {}
        about = {
            "horizon_days": self.features_by.outcome.horizon_days,
            "base_rate": facts.get("base_rate"),
            "basis": facts.get("basis", "criteria") if self.model else "criteria",
        }
        if numbers.probability is None:
            return about | {"reasons": [], "trend": "not_enough_info"}
        by_kind = {
            kind: sum(points(c) for n, c in explanation.contributions.items() if explanation.kinds[n] == kind)
            for kind in REASON_KINDS
        }
        return about | {
            "probability": numbers.probability,
            "score": numbers.score,
            "grade": numbers.grade,
            "interval": list(explanation.interval) if explanation.interval else None,
            "trend": _trend(explanation),
            "base_points": base_points(explanation.baseline, self.kept.agreement.policy.score_50),
            "fit_points": by_kind["trait"],
            "engagement_points": by_kind["behaviour"],
            "reasons": reasons(explanation.contributions, explanation.kinds, evidence, most),
            "baseline": explanation.baseline,
        }

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """The model and the agreement that a score names, and what must be known of the model."""
        agreement = self.kept.agreement
        model = {"name": agreement.name, "version": self.version, "digest": self.digest} if self.model else None
        by = {"name": agreement.name, "version": self.kept.version, "digest": agreement.digest}
        said = {"old_labels": self.caution, "not_agreed": None if self.kept.is_agreed else NOT_AGREED}
        warnings = [{"code": code, "message": text, "pointer": None} for code, text in said.items() if text]
        return {"model": model, "agreement": by, "warnings": warnings}


REASON_KINDS = ("behaviour", "trait")


def _places_alike(unlike: Sequence[bool | None]) -> list[int]:
    """The places of the leads that are like those that sales tried."""
    return [place for place, is_unlike in enumerate(unlike) if is_unlike is False]


def _of_questions(explanation: Explanation, probability: float | None) -> dict[str, Any]:
    if probability is None:
        return {}
    figure = explanation.if_tried
    return {
        "question": explanation.question,
        "if_tried_now": figure.probability,
        "unlike_tried": figure.is_unlike,
    }


def _freshness(row: LeadRow, as_of: datetime) -> dict[str, Any]:
    return {
        "as_of": rfc3339(as_of),
        "data_through": rfc3339(row.known_at) if row.known_at else None,
        "expires_at": rfc3339(as_of + VALID_FOR),
        "stale": False,
        "served_from": row.served_from,
    }


def probability_of(log_odds: float) -> float:
    """The probability of these log-odds, as every score gives it."""
    return float(1 / (1 + np.exp(-log_odds)))


def _trend(explanation: Explanation) -> str:
    if explanation.earlier_logit is None:
        return "not_enough_info"
    change = explanation.logit - explanation.earlier_logit
    return "improving" if change >= TREND_LOGIT else "declining" if change <= -TREND_LOGIT else "steady"


def _array(state: Sequence[float] | Floats | None) -> Floats:
    return np.asarray([] if state is None else state, dtype=np.float64)
