"""A monitoring run: everything that is monitored of the model that a home serves, compared with its training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.versions import current_version
from features.arrays import DAY_US, Floats
from features.home.clock import microseconds
from features.home.deployments import Deployment, deployment_in_force
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.materialize import Materialized, materialized
from training.candidate import REPORT_FILE
from training.evaluate.evaluate import Evaluation, evaluate
from training.model.model import Model
from training.monitoring.early_outcomes import early_outcomes_result
from training.monitoring.input_drift import input_drift, input_drift_results, label_of, new_shares
from training.monitoring.matured_outcomes import matured_outcomes_results
from training.monitoring.populations import levels_before, matured_snapshots, recent_open_leads
from training.monitoring.reference import REFERENCE_FILE, MonitoringReference, category_names, early_snapshots
from training.monitoring.result import InputDrift, MonitoringFigures, MonitoringResult, MonitoringRun
from training.monitoring.score_drift import bar_result, score_drift_result
from training.report.facts import ReportFacts

SEED = 7


class NothingServed(LeadlightError):
    """A home whose answers come from the criteria's prior alone."""

    code = "nothing_served"


@dataclass(frozen=True)
class MonitoredModel:
    """A served version, with its reference of when it was trained and what the home knows now.

    model: what is served. judged: the model whose early outcomes the reference has. tested: the figures of its test.
    build: all that the events say, as of now.
    """

    model: Model
    judged: Model
    agreement: Agreement
    reference: MonitoringReference
    tested: Evaluation
    build: Materialized
    as_of_us: int


def served_deployment(home: Home) -> Deployment | None:
    """What this home serves; None while the criteria's prior answers."""
    return deployment_in_force(home, current_version(home).agreement.name)


def existing_deployment(home: Home) -> Deployment:
    """What this home serves. Raises NothingServed while the criteria's prior answers."""
    row = served_deployment(home)
    if row is None:
        raise NothingServed(f"{home.path} serves no model yet; run: leadlight train --promote")
    return row


def newest_known(home: Home, now: datetime) -> datetime:
    """The moment up to which the ledger tells what happened, at most now; silence after it would pass for a change."""
    return min(now, Ledger.open(home).known_until(otherwise=now))


def monitoring_run(home: Home, row: Deployment, as_of: datetime, bar: float | None = None) -> MonitoringRun | None:
    """What changed between the training of the model of `row` and `as_of`; None where it has no reference.

    bar: the probability from which on a lead is ready for sales.
    """
    folder = row.folder(home)
    if not (folder / REFERENCE_FILE).exists():
        return None
    model = Model.read(folder, row.digest)
    reference = MonitoringReference.read((folder / REFERENCE_FILE).read_bytes())
    if as_of <= reference.known_until:
        return MonitoringRun(reference.known_until, as_of)
    agreement = Agreement.parse(model.agreement_text)
    tested = ReportFacts.read((folder / REPORT_FILE).read_bytes()).evaluation
    build = materialized(home, agreement)
    judged = Model.read_judged(folder, row.digest)
    return _run(MonitoredModel(model, judged, agreement, reference, tested, build, microseconds(as_of)), as_of, bar)


def _run(served: MonitoredModel, as_of: datetime, bar: float | None) -> MonitoringRun:
    inputs_and_scores, drifts = _inputs_and_scores(served, bar)
    matured, shown = _matured(served)
    early, figures = _early(served)
    return MonitoringRun(
        served.reference.known_until,
        as_of,
        (*early, *matured, *inputs_and_scores),
        MonitoringFigures(tuple(drifts), shown, figures.weeks, figures.early_days),
    )


def _inputs_and_scores(served: MonitoredModel, bar: float | None) -> tuple[list[MonitoringResult], list[InputDrift]]:
    model, then, agreement = served.model, served.reference, served.agreement
    rows = recent_open_leads(served.build, agreement, served.as_of_us)
    if rows.empty or not then.scores.total:
        return [MonitoringResult("inputs", "ok", "too early to say: no open lead came lately, then or now")], []
    probability = model.probability(rows)
    seen = levels_before(served.build.repository, category_names(model.columns), microseconds(then.known_until))
    drifts = input_drift(then.inputs, then.new, model.matrix(rows), model.columns, new_shares(rows, seen))
    drifts = [replace(drift, label=label_of(drift.group, agreement)) for drift in drifts]
    leads = (then.scores.total, len(rows))
    over = bar_result(np.array(then.probabilities), then.scores.total, probability, bar)
    scores = score_drift_result(then.scores, then.mean_probability, probability)
    return [scores, *([over] if over else []), *input_drift_results(drifts, agreement, leads)], drifts


def _matured(served: MonitoredModel) -> tuple[list[MonitoringResult], Evaluation | None]:
    horizon = served.agreement.outcome.horizon_days
    if horizon is None:
        return [], None
    span_us = (microseconds(served.reference.known_until), served.as_of_us)
    rows = matured_snapshots(served.build, served.agreement, span_us, served.as_of_us, horizon)
    probability: Floats = served.model.probability(rows) if len(rows) else np.empty(0)
    shown = evaluate(probability, rows["outcome"], rows["lead_id"].to_numpy(), seed=SEED)
    return matured_outcomes_results(rows, probability, shown, served.tested), shown if shown.conversions else None


def _early(served: MonitoredModel) -> tuple[list[MonitoringResult], MonitoringFigures]:
    early = served.reference.early
    if early is None:
        return [], MonitoringFigures()
    until_us = served.as_of_us - round((early.days + early.lag_days) * DAY_US)
    span_us = (microseconds(served.reference.known_until), until_us)
    rows = early_snapshots(served.judged, served.build, served.agreement, span_us, served.as_of_us)
    figures = MonitoringFigures(weeks=early.weeks(rows), early_days=round(early.days))
    return [early_outcomes_result(early, rows)], figures
