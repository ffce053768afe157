"""The watch of what a home serves: everything that is watched, in one look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.versions import kept
from features.arrays import DAY_US, Floats
from features.home.clock import microseconds
from features.home.deployments import Deployment, deployments
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.materialize import Derived, derived
from training.candidate import REPORT
from training.evaluate.evaluate import Evaluation, evaluate
from training.model.model import Model
from training.monitoring.early_outcomes import watched_early
from training.monitoring.input_drift import input_drift, labelled, new_shares, watched_inputs
from training.monitoring.matured_outcomes import watched_matured
from training.monitoring.populations import looks, recent_open, seen_levels
from training.monitoring.reference import REFERENCE, Reference, categories, early_rows
from training.monitoring.result import InputDrift, Pictured, Watch, Watched
from training.monitoring.score_drift import watched_bar, watched_scores
from training.report.facts import ReportFacts

SEED = 7


@dataclass(frozen=True)
class Subject:
    """A served model with what was known when it was trained and what is derived now."""

    model: Model
    agreement: Agreement
    then: Reference
    tested: Evaluation
    found: Derived
    as_of_us: int


def served(home: Home) -> Deployment | None:
    """What this home serves; None while the criteria's prior answers."""
    name = kept(home).agreement.name
    return next((row for row in deployments(home) if row.model_name == name), None)


def newest(home: Home, now: datetime) -> datetime:
    """Up to when the ledger tells what happened, at most now: later than that, silence would pass for a change."""
    return min(now, Ledger.open(home).told_until(otherwise=now))


def watch(home: Home, row: Deployment, as_of: datetime, bar: float | None = None) -> Watch | None:
    """What changed since the model of `row` was trained; None where it was registered without a reference.

    bar: the probability from which on a lead is ready for sales.
    """
    folder = row.folder(home)
    if not (folder / REFERENCE).exists():
        return None
    model = Model.read(folder, row.digest)
    then = Reference.read((folder / REFERENCE).read_bytes())
    if as_of <= then.known_until:
        return Watch(then.known_until, as_of)
    agreement = Agreement.parse(model.agreement_text)
    tested = ReportFacts.read((folder / REPORT).read_bytes()).evaluation
    return _watch(Subject(model, agreement, then, tested, derived(home, agreement), microseconds(as_of)), as_of, bar)


def _watch(subject: Subject, as_of: datetime, bar: float | None) -> Watch:
    said, drifts = _inputs_and_scores(subject, bar)
    matured, shown = _matured(subject)
    early, pictured = _early(subject)
    watched = (*early, *matured, *said)
    return Watch(
        subject.then.known_until, as_of, watched, Pictured(tuple(drifts), shown, pictured.weeks, pictured.early_days)
    )


def _inputs_and_scores(subject: Subject, bar: float | None) -> tuple[list[Watched], list[InputDrift]]:
    model, then, agreement = subject.model, subject.then, subject.agreement
    rows = recent_open(subject.found, agreement, subject.as_of_us)
    if rows.empty or not then.scores.total:
        return [Watched("inputs", "ok", "too early to say: no open lead came lately, then or now")], []
    probability = model.probability(rows)
    seen = seen_levels(subject.found.repository, categories(model.columns), microseconds(then.known_until))
    drifts = input_drift(then.inputs, then.new, model.matrix(rows), model.columns, new_shares(rows, seen))
    drifts = [replace(drift, label=labelled(drift.group, agreement)) for drift in drifts]
    leads = (then.scores.total, len(rows))
    over = watched_bar(np.array(then.probabilities), then.scores.total, probability, bar)
    scores = watched_scores(then.scores, then.mean_probability, probability)
    return [scores, *([over] if over else []), *watched_inputs(drifts, agreement, leads)], drifts


def _matured(subject: Subject) -> tuple[list[Watched], Evaluation | None]:
    horizon = subject.agreement.outcome.horizon_days
    if horizon is None:
        return [], None
    span_us = (microseconds(subject.then.known_until), subject.as_of_us)
    rows = looks(subject.found, subject.agreement, span_us, subject.as_of_us, horizon)
    probability: Floats = subject.model.probability(rows) if len(rows) else np.empty(0)
    shown = evaluate(probability, rows["outcome"], rows["lead_id"].to_numpy(), seed=SEED)
    return watched_matured(rows, probability, shown, subject.tested), shown if shown.conversions else None


def _early(subject: Subject) -> tuple[list[Watched], Pictured]:
    early = subject.then.early
    if early is None:
        return [], Pictured()
    until_us = subject.as_of_us - round((early.days + early.lag_days) * DAY_US)
    span_us = (microseconds(subject.then.known_until), until_us)
    rows = early_rows(subject.model, subject.found, subject.agreement, span_us, subject.as_of_us)
    return [watched_early(early, rows)], Pictured(weeks=early.weeks(rows), early_days=round(early.days))
