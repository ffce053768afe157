"""Ours beside others on the very same rows, with the difference drawn on the same leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluate import Rows, checked_rows
from training.intervals import Interval, lead_weights
from training.tally import Floats, figures, tally

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
    counted, _ = tally(rows.probability, rows.outcome)
    measured = figures(counted)
    return Compared(
        name,
        LABELS.get(name, name),
        roc_auc=measured["roc_auc"],
        average_precision=measured["average_precision"],
        log_loss=measured["log_loss"],
        ece=measured["ece"],
        lift_at_10pct=measured["lift_at_10pct"],
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
