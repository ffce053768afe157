"""One training from end to end, from what a home knows to a candidate; reads as a table of contents."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.checks import check_learnable
from features.agreement.versions import AgreementVersion
from features.arrays import DAY_US, Floats
from features.events.event import ASSUMED
from features.home.clock import microseconds
from features.home.errors import LeadlightError
from features.home.progress import Progress
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.lifecycle.milestones import known_by
from features.snapshots.point_in_time import snapshot_features, without_unlearned
from features.snapshots.schedule import snapshot_schedule
from features.store.materialize import Materialized, materialized
from training.candidate import Candidate, run_gates
from training.evaluate.backtest import Refit, recalibrated_for_month
from training.evaluate.baselines import baseline_probabilities, constant_baseline, simple_baselines
from training.evaluate.breakdown import breakdown
from training.evaluate.comparison import comparison
from training.evaluate.evaluate import Evaluation, evaluate
from training.fit.first_crossings import first_crossings
from training.fit.fit import fitted_blend, refitted_model
from training.fit.own_parameters import TreeSearch
from training.fit.served_fit import ServedFit, served_fit, unseen_margins
from training.gates import protected_feature
from training.gates.champion import drawn_leads_digest
from training.gates.gate import NOT_GATED
from training.if_tried.looks import open_leads_now
from training.if_tried.of_home import second_question_of
from training.if_tried.second_question import FirstQuestion
from training.labels.drawn_snapshots import drawn_snapshots
from training.labels.outcomes import NOT_FEATURES, with_known_outcome
from training.labels.split import CAME, Split, split
from training.labels.summary import LabelSummary, label_summary
from training.leakage.examination import LeakExamination, leak_examination
from training.model.calibrator import sigmoid
from training.model.model import Model
from training.monitoring.reference import BAR_QUANTILES, JudgedSince, monitoring_reference, thinned

WEEKS = 4  # over which arrivals are counted, for a bar of so many per week


class TooFewOutcomes(LeadlightError):
    """Nothing to learn from yet; the criteria's prior goes on answering."""

    code = "too_few_outcomes"


def train(
    home: Home,
    agreed: AgreementVersion,
    known_until: datetime,
    seed: int = 7,
    progress: Progress = lambda _: None,
    search: TreeSearch = False,
) -> Candidate:
    """A candidate from everything that was known until `known_until`; nothing is registered or served yet."""
    check_learnable(agreed.agreement, agreed.agreement.file)
    build = materialized(home, agreed.agreement, progress)
    progress("reading snapshots through Feast")
    labelled = labelled_snapshots(build, agreed.agreement, known_until)
    return trained_candidate(labelled, build, agreed, known_until, seed, progress, search)


def trained_candidate(
    labelled: pd.DataFrame,
    build: Materialized,
    agreed: AgreementVersion,
    known_until: datetime,
    seed: int = 7,
    progress: Progress = lambda _: None,
    search: TreeSearch = False,
) -> Candidate:
    """The candidate that learns from `labelled`, without the fields that are in quarantine, and its gates.

    labelled: one row per snapshot, as `labelled_snapshots` gives them.
    """
    began = time.monotonic()
    check_learnable(agreed.agreement, agreed.agreement.file)
    protected_feature.check_features(features_only(labelled), agreed.agreement)
    training = _Training(build, agreed, known_until, seed, progress)
    parted = split(labelled, agreed.agreement.outcome.horizon_days, seed)
    progress("looking for fields that give the outcome away")
    examined = leak_examination(labelled[parted.train], build, agreed.agreement, microseconds(known_until), seed)
    labelled = examined.without_quarantined(labelled, agreed.agreement)
    progress(f"fitting on {parted.train.sum():,} snapshots")
    fitted = fitted_blend(labelled[parted.train], agreed.agreement, seed, search, progress)
    judged = replace(fitted.model, facts=fitted.model.facts | {"learned_leads": drawn_leads_digest(labelled, parted)})
    progress(f"fitting what is served on all {len(labelled):,} snapshots")
    unseen = unseen_margins(fitted, labelled, parted.train) if not parted.is_dated else None
    served = served_fit(judged, labelled, agreed.agreement, seed, unseen)
    open_now = open_leads_now(build, agreed.agreement, known_until)
    served = replace(served, model=with_open_leads(served.model, open_now, build, known_until))
    served = replace(served, model=_with_first_crossings(served, labelled, agreed.agreement))
    made = training.tested((judged, served), labelled, parted, examined)
    progress("asking what comes of a lead if sales tries it now")
    first = FirstQuestion(labelled, parted, judged, served, agreed.agreement, seed)
    made = replace(made, second=second_question_of(build, known_until, first, open_now))
    progress("holding it against its gates")
    return replace(made, gated=run_gates(made, build.repository), seconds=time.monotonic() - began)


@dataclass(frozen=True)
class _Training:
    """What one training needs from the fitted model to the figures that it showed."""

    build: Materialized
    agreed: AgreementVersion
    known_until: datetime
    seed: int
    progress: Progress

    def tested(
        self, fits: tuple[Model, ServedFit], labelled: pd.DataFrame, parted: Split, examined: LeakExamination
    ) -> Candidate:
        """The candidate with the judged model's figures on the test rows; its gates are not run yet."""
        agreement, seed, (model, served) = self.agreed.agreement, self.seed, fits
        self.progress("testing on leads it has not seen")
        tested = labelled[parted.test]
        probability, lead = model.probability(tested), tested["lead_id"].to_numpy()
        shown = evaluate(probability, tested["outcome"], lead, seed=seed)
        self.progress("comparing with others on the same snapshots")
        probabilities = {"leadlight": probability} | _baseline_probabilities(labelled, parted, model, seed)
        compared = comparison(probabilities, tested["outcome"], lead, seed=seed)
        self.progress("looking at segments, at arrival and back month by month")
        closer = breakdown(labelled, parted.test, probabilities, agreement, _refit(model, agreement, seed))
        until_us = microseconds(self.known_until)
        summary = label_summary(known_by(self.build.leads, until_us), agreement, until_us)
        warnings = (*_warnings(self.build, summary), *examined.sentences)
        is_random = not parted.is_dated
        folded = out_of_fold(labelled, model, served.out_of_fold, seed) if is_random else None
        unseen_from_us = 0 if is_random or tested.empty else int(tested["snapshot_us"].min())
        judged = JudgedSince(model, unseen_from_us)
        then = monitoring_reference(served.model, self.build, agreement, self.known_until, judged)
        return Candidate(
            model=model,
            served=served.model,
            labelled=labelled,
            split=parted,
            test=shown,
            compared=compared,
            gated=NOT_GATED,
            agreement_version=self.agreed,
            known_until=self.known_until,
            seconds=0.0,
            warnings=warnings,
            out_of_fold=folded,
            findings=closer,
            examined=examined,
            label_summary=summary,
            reference=then,
        )


def labelled_snapshots(build: Materialized, agreement: Agreement, known_until: datetime) -> pd.DataFrame:
    """One row per snapshot whose outcome is known: lead_id, snapshot_us, is_arrival, outcome, and the features.

    Raises TooFewOutcomes where they are all the same or there are none.
    """
    known_until_us = microseconds(known_until)
    leads = known_by(build.leads, known_until_us)
    scheduled = snapshot_schedule(leads, agreement, known_until_us)
    looked_at = with_known_outcome(scheduled, leads, agreement, known_until_us)
    if looked_at["outcome"].nunique() < 2:
        only = f"all {len(looked_at):,} known outcomes are {'yes' if looked_at['outcome'].any() else 'no'}"
        what = only if len(looked_at) else "no outcome is known yet"
        raise TooFewOutcomes(
            f"nothing to learn from: {what}; ingest leads that did and that did not convert - "
            "until then the criteria's prior answers"
        )
    rows = without_unlearned(snapshot_features(build.repository, agreement, drawn_snapshots(looked_at)), agreement)
    if not (agreement.outcome.undated and agreement.export and agreement.export.created_at):
        return rows
    return rows.assign(**{CAME: rows["lead_id"].map(leads.set_index("lead_id")["opened_us"])})


def out_of_fold(labelled: pd.DataFrame, judged: Model, margins: Floats, seed: int) -> Evaluation:
    """The figures of every row, each predicted by a model of the same settings that did not see its lead."""
    probability = sigmoid(judged.calibrator.logit(margins))
    return evaluate(probability, labelled["outcome"], labelled["lead_id"].to_numpy(object), seed=seed)


def with_open_leads(model: Model, open_now: pd.DataFrame, build: Materialized, known_until: datetime) -> Model:
    """The model with the spread of its probabilities over the leads that are open now, and how many arrive a week.

    A bar that is agreed as a share of leads, or as so many leads a week, is set by these.
    open_now: as `open_leads_now` gives them.
    """
    now_us = microseconds(known_until)
    leads = known_by(build.leads, now_us)
    probability = model.probability(open_now) if len(open_now) else np.empty(0)
    arrived = (leads["opened_us"] > now_us - WEEKS * 7 * DAY_US).sum()
    facts = {"open_probabilities": thinned(probability, BAR_QUANTILES), "arrivals_per_week": float(arrived / WEEKS)}
    return replace(model, facts=model.facts | facts)


def _with_first_crossings(served: ServedFit, labelled: pd.DataFrame, agreement: Agreement) -> Model:
    """The served model with how its probabilities of each lead rose, each said of a lead that it did not see."""
    said = sigmoid(served.model.calibrator.logit(served.out_of_fold))
    risen = None if agreement.outcome.undated else first_crossings(labelled, said)
    return replace(served.model, facts=served.model.facts | {"first_crossings": risen})


def _refit(model: Model, agreement: Agreement, seed: int) -> Refit:
    """How the backtest fits the model and the simple baseline models again, by the choices that made the model."""

    def again(train: pd.DataFrame, calibration: pd.DataFrame) -> Model:
        return recalibrated_for_month(refitted_model(train, agreement, seed, model), train, calibration, seed)

    return Refit(again, simple_baselines(model.columns), seed)


def _baseline_probabilities(labelled: pd.DataFrame, parted: Split, model: Model, seed: int) -> dict[str, Floats]:
    """The baseline models, fitted on the same train span for the same test rows."""
    read = [column for column in model.columns if column.name in labelled]  # rates of pairs are ours alone
    rows = features_only(labelled)[[column.name for column in read]]
    rows = rows.astype({column.name: "category" for column in read if column.levels})
    outcome = labelled["outcome"].to_numpy(np.float64)[parted.train]
    constant = constant_baseline(outcome, int(parted.test.sum()))
    return constant | baseline_probabilities(rows[parted.train], outcome, rows[parted.test], seed=seed)


def _warnings(build: Materialized, learned: LabelSummary) -> list[str]:
    """The sentences that every output of this model must show."""
    assumed = Ledger(build.repository.home).count_flagged(ASSUMED)
    late = [f"When {assumed:,} events were recorded is not known: it is taken to be when they happened."]
    return [*(late if assumed else []), *learned.sentences]


def features_only(labelled: pd.DataFrame) -> pd.DataFrame:
    """The labelled snapshots without the columns that are no features."""
    return labelled.drop(columns=NOT_FEATURES, errors="ignore")
