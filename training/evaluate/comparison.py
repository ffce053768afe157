"""Our model beside the baseline models on the very same held-out rows, with an interval for each difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from features.arrays import Bools, Floats, Ints
from training.evaluate.evaluate import EvaluatedRows, LeadIds, evaluated_rows
from training.metrics.binned_counts import binned_counts
from training.metrics.bootstrap import Z95, Interval, effective_sample_sizes, lead_weights, wilson_interval
from training.metrics.metrics import metric_values

MODEL_LABELS = {
    "leadlight": "Leadlight",
    "constant": "The average rate for everybody",
    "naive_bayes": "Naive Bayes (Odoo's formula)",
    "logistic_regression": "Logistic regression",
    "lightgbm": "LightGBM as it comes",
}


@dataclass(frozen=True)
class ComparedModel:
    """One model on the rows that ours was tested on. The fields that are named as in `METRICS` hold those metrics."""

    name: str
    label: str
    roc_auc: float | None
    average_precision: float | None
    log_loss: float | None
    ece: float | None
    lift_at_10pct: float | None
    excess_log_loss: float | None = None  # its log loss less ours: above 0, ours is better; None for ours
    excess_interval: Interval | None = None  # 95 %, whole leads resampled, both models on the same draws


def comparison(
    probabilities: Mapping[str, ArrayLike], outcome: ArrayLike, lead_id: LeadIds, *, seed: int = 0, resamples: int = 200
) -> tuple[ComparedModel, ...]:
    """The models in the order given. The first is ours, and the log loss of every other is compared with ours.

    probabilities: by name, each one per row; outcome, lead_id: as for `evaluate`, with the same errors.
    """
    rows = {name: evaluated_rows(probability, outcome, lead_id) for name, probability in probabilities.items()}
    losses = {name: _resampled_losses(of_model, resamples, seed) for name, of_model in rows.items()}
    ours = next(iter(rows), "")
    excess = {name: None if name == ours else loss - losses[ours] for name, loss in losses.items()}
    return tuple(_compared_model(name, of_model, excess[name]) for name, of_model in rows.items())


def _compared_model(name: str, rows: EvaluatedRows, excess: Floats | None) -> ComparedModel:
    counts, _ = binned_counts(rows.probability, rows.outcome)
    return ComparedModel(
        name,
        MODEL_LABELS.get(name, name),
        **{metric: value for metric, value in metric_values(counts).items() if metric in ComparedModel.__annotations__},
        excess_log_loss=float(excess[0]) if excess is not None and len(excess) else None,
        excess_interval=_interval(excess),
    )


def _interval(excess: Floats | None) -> Interval | None:
    if excess is None or len(excess) < 3:  # the first is the rows' own, not drawn
        return None
    low, high = np.quantile(excess[1:], [0.025, 0.975])
    return float(low), float(high)


def _resampled_losses(rows: EvaluatedRows, resamples: int, seed: int) -> Floats:
    """The mean log loss of the rows themselves, then of each resample; leads are drawn alike for every model."""
    if not rows.leads:
        return np.empty(0)
    smallest = np.finfo(float).eps
    chance = np.clip(rows.probability, smallest, 1 - smallest)
    loss = -np.where(rows.outcome == 1, np.log(chance), np.log1p(-chance))
    drawn = [float(weight @ loss / weight.sum()) for weight in lead_weights(rows.lead, resamples, seed)]
    return np.array([float(loss.mean()), *drawn])


@dataclass(frozen=True)
class PredictedAndObserved:
    """What was predicted of some rows, and what became of them."""

    rows: int
    leads: int
    conversions: int
    predicted: float  # the mean probability
    observed: float  # the part that converted
    interval: Interval  # of the observed part, 95 %, by whole leads

    @property
    def is_within_chance(self) -> bool:
        """Whether the interval of the observed part holds the predicted one."""
        return self.interval[0] <= self.predicted <= self.interval[1]


@dataclass(frozen=True)
class HeldOutPredictions:
    """One entry per row that no model was fitted on: its probability by model, its outcome, its lead.

    probabilities: by the model's name, ours first. lead: 0 ... leads - 1.
    """

    probabilities: Mapping[str, Floats]
    outcome: Floats
    lead: Ints

    @classmethod
    def of(cls, probabilities: Mapping[str, Floats], outcome: ArrayLike, lead: ArrayLike) -> HeldOutPredictions:
        """The rows as they come; lead may be anything that tells leads apart."""
        ids = np.asarray(lead)
        _, place = np.unique(ids if ids.dtype.kind in "iu" else ids.astype(str), return_inverse=True)
        return cls(probabilities, np.asarray(outcome, dtype=float), place.astype(np.intp))

    @property
    def ours(self) -> Floats:
        """The probabilities of our model."""
        return next(iter(self.probabilities.values()))

    def subset(self, rows: Bools) -> HeldOutPredictions:
        """The rows for which `rows` is True; their leads are numbered anew."""
        probabilities = {name: probability[rows] for name, probability in self.probabilities.items()}
        return HeldOutPredictions.of(probabilities, self.outcome[rows], self.lead[rows])

    def comparison(self, resamples: int, seed: int) -> tuple[ComparedModel, ...]:
        """Every model on these rows, ours first."""
        return comparison(self.probabilities, self.outcome, self.lead, seed=seed, resamples=resamples)

    def predicted_and_observed(self) -> PredictedAndObserved:
        """Our mean probability and the part that converted."""
        return PredictedAndObserved(
            rows=len(self.outcome),
            leads=int(self.lead.max()) + 1,
            conversions=int(self.outcome.sum()),
            predicted=float(self.ours.mean()),
            observed=float(self.outcome.mean()),
            interval=self.observed_interval(),
        )

    def observed_interval(self, z: float = Z95) -> Interval:
        """The interval of the part that converted, for as many independent rows as these are worth."""
        size = effective_sample_sizes(self.outcome, self.lead, np.zeros(len(self.outcome), dtype=np.intp), 1)
        low, high = wilson_interval(np.array([self.outcome.mean()]) * size, size, z)
        return float(low[0]), float(high[0])
