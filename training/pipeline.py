"""Training from end to end; reads as a table of contents."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.versions import Kept
from features.arrays import DAY_US, NOT_YET, Floats
from features.events.event import ASSUMED
from features.home.clock import microseconds
from features.home.errors import LeadlightError
from features.home.progress import Progress
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.lifecycle.milestones import known_by
from features.snapshots.point_in_time import snapshots
from features.snapshots.schedule import snapshot_moments
from features.store.materialize import Derived, derived
from training.candidate import Candidate, judged
from training.evaluate.backtest import Refit, calibrated_then
from training.evaluate.baselines import baselines, peers, simple_peers
from training.evaluate.comparison import comparison
from training.evaluate.evaluate import Evaluation, evaluate
from training.evaluate.findings import findings
from training.fit.fit import learned, refitted
from training.gates import protected
from training.gates.champion import drawn_leads
from training.labels.folds import lead_folds
from training.labels.outcomes import outcomes
from training.labels.split import Split, split
from training.labels.summary import Labels, labels
from training.leakage.examination import Examination, examination
from training.model.columns import NOT_FEATURES
from training.model.model import Model
from training.monitoring.reference import Reference, reference

QUANTILES = 1_001  # of the open leads' probabilities: enough for a bar at one in a thousand
WEEKS = 4  # over which arrivals are counted, for a bar of so many per week


class TooFewOutcomes(LeadlightError):
    """Nothing to learn from yet; the criteria's prior goes on answering."""

    code = "too_few_outcomes"


def train(
    home: Home,
    kept: Kept,
    known_until: datetime,
    seed: int = 7,
    progress: Progress = lambda _: None,
    search: bool = False,
) -> Candidate:
    """A candidate from everything that was known until `known_until`; nothing is registered or served yet."""
    found = derived(home, kept.agreement, progress)
    progress("reading snapshots through Feast")
    labelled = labelled_snapshots(found, kept.agreement, known_until)
    return candidate(labelled, found, kept, known_until, seed, progress, search)


def candidate(
    labelled: pd.DataFrame,
    found: Derived,
    kept: Kept,
    known_until: datetime,
    seed: int = 7,
    progress: Progress = lambda _: None,
    search: bool = False,
) -> Candidate:
    """The candidate that learns from `labelled`, as `labelled_snapshots` gives them; what is in quarantine left out."""
    started = time.monotonic()
    protected.check(known(labelled), kept.agreement)
    course = _Course(found, kept, known_until, seed, progress)
    parted = split(labelled, kept.agreement.outcome.horizon_days, seed)
    progress("looking for fields that give the outcome away")
    examined = examination(labelled[parted.train], found, kept.agreement, microseconds(known_until), seed)
    labelled = examined.without_quarantined(labelled, kept.agreement)
    progress(f"fitting on {parted.train.sum():,} snapshots")
    model = learned(labelled[parted.train], kept.agreement, seed, search)
    model = with_open_leads(model, found, kept.agreement, known_until)
    model = replace(model, facts=model.facts | {"learned_leads": drawn_leads(labelled, parted)})
    made = course.tested(model, labelled, parted, examined)
    progress("holding it against its gates")
    return replace(judged(made, found.repository), seconds=time.monotonic() - started)


@dataclass(frozen=True)
class _Course:
    """What one training goes by, from the fitted model to what it showed."""

    found: Derived
    kept: Kept
    known_until: datetime
    seed: int
    progress: Progress

    def tested(self, model: Model, labelled: pd.DataFrame, parted: Split, examined: Examination) -> Candidate:
        """The candidate with what it showed on the test rows; not yet held against its gates."""
        agreement, seed = self.kept.agreement, self.seed
        self.progress("testing on leads it has not seen")
        tested = labelled[parted.test]
        probability, lead = model.probability(tested), tested["lead_id"].to_numpy()
        shown = evaluate(probability, tested["outcome"], lead, seed=seed)
        self.progress("comparing with others on the same rows")
        said = {"leadlight": probability} | _others(labelled, parted, model, seed)
        compared = comparison(said, tested["outcome"], lead, seed=seed)
        self.progress("looking at segments, at arrival and back month by month")
        closer = findings(labelled, parted.test, said, agreement, _refit(model, agreement, seed))
        until_us = microseconds(self.known_until)
        told = labels(known_by(self.found.leads, until_us), agreement, until_us)
        warnings = (*_warnings(self.found, told), *examined.sentences)
        is_random = parted.kind == "random"
        folded = out_of_fold(labelled, model, agreement, seed) if is_random else None
        then = _reference(model, self.found, agreement, self.known_until, None if is_random else tested)
        return Candidate(
            model, labelled, parted, shown, compared, (), self.kept, self.known_until, 0.0, warnings, folded, closer,
            examined, told, None, then,
        )  # fmt: skip


def _reference(
    model: Model, found: Derived, agreement: Agreement, known_until: datetime, tested: pd.DataFrame | None
) -> Reference:
    """What the watch will compare with; of the looks before the training, those that the model has not seen."""
    unseen_from_us = 0 if tested is None or tested.empty else int(tested["snapshot_us"].min())
    return reference(model, found, agreement, known_until, unseen_from_us)


def labelled_snapshots(found: Derived, agreement: Agreement, known_until: datetime) -> pd.DataFrame:
    """One row per snapshot whose outcome is known: lead_id, snapshot_us, is_arrival, outcome, and the features.

    Raises TooFewOutcomes where they are all the same or there are none.
    """
    known_until_us = microseconds(known_until)
    leads = known_by(found.leads, known_until_us)
    looked_at = snapshot_moments(leads, agreement, known_until_us)
    became = outcomes(looked_at, leads, agreement, known_until_us)
    looked_at = looked_at[became.notna().to_numpy()].reset_index(drop=True)
    looked_at["outcome"] = became.dropna().astype(bool).to_numpy()
    if looked_at["outcome"].nunique() < 2:
        only = f"all {len(looked_at):,} known outcomes are {'yes' if looked_at['outcome'].any() else 'no'}"
        what = only if len(looked_at) else "no outcome is known yet"
        raise TooFewOutcomes(
            f"nothing to learn from: {what}; ingest leads that did and that did not convert - "
            "until then the criteria's prior answers"
        )
    return snapshots(found.repository, agreement, looked_at)


def out_of_fold(labelled: pd.DataFrame, model: Model, agreement: Agreement, seed: int) -> Evaluation:
    """Every row judged by a model of the same choices that saw nothing of its lead: beyond one random test."""
    outcome, leads = labelled["outcome"].to_numpy(np.float64), labelled["lead_id"].to_numpy(object)
    probability = np.empty(len(labelled))
    for inside, outside in lead_folds(outcome, list(leads), seed):
        again = refitted(labelled.iloc[inside], agreement, seed, model)
        probability[outside] = again.probability(labelled.iloc[outside])
    return evaluate(probability, labelled["outcome"], leads, seed=seed)


def with_open_leads(model: Model, found: Derived, agreement: Agreement, known_until: datetime) -> Model:
    """The model, knowing how its probabilities lie over the leads that are open now: what a bar of a share needs."""
    now_us = microseconds(known_until)
    leads = known_by(found.leads, now_us)
    still_open = leads[(leads["opened_us"] < now_us) & (leads[["with_sales_us", "closed_us"]].min(axis=1) == NOT_YET)]
    asked = still_open[["lead_id"]].assign(snapshot_us=now_us)
    probability = model.probability(snapshots(found.repository, agreement, asked)) if len(asked) else np.empty(0)
    arrived = (leads["opened_us"] > now_us - WEEKS * 7 * DAY_US).sum()
    facts = {"open_probabilities": _thinned(probability), "arrivals_per_week": float(arrived / WEEKS)}
    return replace(model, facts=model.facts | facts)


def _thinned(probability: Floats) -> list[float]:
    """The sorted values, or evenly many of them."""
    ranked = np.sort(probability)
    places = np.linspace(0, len(ranked) - 1, QUANTILES).round().astype(int)
    return [float(value) for value in (ranked if len(ranked) <= QUANTILES else ranked[places])]


def _refit(model: Model, agreement: Agreement, seed: int) -> Refit:
    """How the backtest fits the model and the simple peers again, by the choices that made the model."""

    def again(train: pd.DataFrame, calibration: pd.DataFrame) -> Model:
        return calibrated_then(refitted(train, agreement, seed, model), train, calibration, seed)

    return Refit(again, simple_peers(model.columns), seed)


def _others(labelled: pd.DataFrame, parted: Split, model: Model, seed: int) -> dict[str, Floats]:
    """The average rate and the peers, fitted on the same train span for the same test rows."""
    read = [column for column in model.columns if column.name in labelled]  # rates of pairs are ours alone
    rows = known(labelled)[[column.name for column in read]]
    rows = rows.astype({column.name: "category" for column in read if column.levels})
    outcome = labelled["outcome"].to_numpy(np.float64)[parted.train]
    constant = baselines(outcome, int(parted.test.sum()))
    return constant | peers(rows[parted.train], outcome, rows[parted.test], seed=seed)


def _warnings(found: Derived, learned: Labels) -> list[str]:
    """What every output of this model must say with it."""
    assumed = Ledger(found.repository.home).count_flagged(ASSUMED)
    late = [f"When {assumed:,} events were recorded is not known: it is taken to be when they happened."]
    return [*(late if assumed else []), *learned.sentences]


def known(labelled: pd.DataFrame) -> pd.DataFrame:
    """The features alone."""
    return labelled.drop(columns=NOT_FEATURES, errors="ignore")
