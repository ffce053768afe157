"""Models beside one another on the very same rows, with the difference drawn on the same leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.arrays import Floats, Ints
from training.evaluate.evaluate import Rows, checked_rows
from training.metrics.binned_counts import binned_counts
from training.metrics.bootstrap import Interval, lead_weights
from training.metrics.metrics import metric_values

LABELS = {
    "leadlight": "Leadlight",
    "constant": "The average rate for everybody",
    "naive_bayes": "Naive Bayes (Odoo's formula)",
    "logistic_regression": "Logistic regression",
    "lightgbm": "LightGBM as it comes",
}


@dataclass(frozen=True)
class Compared:
    """One model's figures on the rows that ours was tested on."""

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
    probabilities: Mapping[str, npt.ArrayLike],
    outcome: npt.ArrayLike,
    lead_id: Sequence[object] | npt.NDArray[np.generic],
    *,
    seed: int = 0,
    resamples: int = 200,
) -> tuple[Compared, ...]:
    """The models in the order given; the first is ours, and the log loss of each other is set against its.

    probabilities: by name, each one per row; outcome, lead_id: as for `evaluate`, with the same errors.
    """
    rows = {name: checked_rows(probability, outcome, lead_id) for name, probability in probabilities.items()}
    losses = {name: _resampled_losses(of_model, resamples, seed) for name, of_model in rows.items()}
    ours = next(iter(rows), "")
    return tuple(_compared(name, rows[name], None if name == ours else losses[name] - losses[ours]) for name in rows)


def _compared(name: str, rows: Rows, excess: Floats | None) -> Compared:
    counts, _ = binned_counts(rows.probability, rows.outcome)
    values = metric_values(counts)
    return Compared(
        name,
        LABELS.get(name, name),
        **{metric: value for metric, value in values.items() if metric in Compared.__annotations__},
        excess_log_loss=float(excess[0]) if excess is not None and len(excess) else None,
        excess_interval=_interval(excess),
    )


def _interval(excess: Floats | None) -> Interval | None:
    if excess is None or len(excess) < 3:  # the first is the rows' own, not drawn
        return None
    low, high = np.quantile(excess[1:], [0.025, 0.975])
    return float(low), float(high)


def _resampled_losses(rows: Rows, resamples: int, seed: int) -> Floats:
    """The mean log loss of the rows themselves, then of each resample; leads are drawn alike for every model."""
    if not rows.leads:
        return np.empty(0)
    smallest = np.finfo(float).eps
    chance = np.clip(rows.probability, smallest, 1 - smallest)
    loss = -np.where(rows.outcome == 1, np.log(chance), np.log1p(-chance))
    drawn = [float(weight @ loss / weight.sum()) for weight in lead_weights(rows.lead, resamples, seed)]
    return np.array([float(loss.mean()), *drawn])


Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Forecasts:
    """One entry per row: the probabilities by model, ours first, the outcome, and the lead as 0 ... leads - 1."""

    said: Mapping[str, Floats]
    outcome: Floats
    lead: Ints

    @classmethod
    def of(cls, said: Mapping[str, Floats], outcome: npt.ArrayLike, lead_id: npt.ArrayLike) -> Forecasts:
        """The rows as they come; lead_id may be anything that tells leads apart."""
        named = np.asarray(lead_id)
        _, lead = np.unique(named if named.dtype.kind in "iu" else named.astype(str), return_inverse=True)
        return cls(said, np.asarray(outcome, dtype=float), lead.astype(np.intp))

    @property
    def ours(self) -> Floats:
        return next(iter(self.said.values()))

    def part(self, rows: Mask) -> Forecasts:
        """Some of the rows; their leads are numbered anew."""
        said = {name: probability[rows] for name, probability in self.said.items()}
        return Forecasts.of(said, self.outcome[rows], self.lead[rows])

    def compared(self, resamples: int, seed: int) -> tuple[Compared, ...]:
        """Every model on these rows, ours first."""
        return comparison(self.said, self.outcome, self.lead, seed=seed, resamples=resamples)
