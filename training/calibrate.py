"""Calibration: the increasing affine map from margin to log-odds, fitted on rows that the model did not see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from features.recurrence import Floats
from training.folds import FOLDS, lead_folds, log_loss
from training.model import Calibrator


def fit_calibrator(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int) -> Calibrator:
    """Platt's map on the calibration span, or the identity where that predicts held-out leads of the span better."""
    fitted = _platt(margin, outcome)
    if fitted is None:
        return Calibrator()
    slope, intercept = fitted
    if _held_out_loss(margin, outcome, lead_ids, seed) >= log_loss(margin, outcome):
        slope, intercept = 1.0, 0.0
    return Calibrator(slope, intercept, _covariance(margin, outcome, lead_ids, seed))


def _platt(margin: Floats, outcome: Floats, weight: Floats | None = None) -> tuple[float, float] | None:
    if outcome.min() == outcome.max():
        return None
    mapped = LogisticRegression(C=1e6, max_iter=1_000).fit(margin[:, None], outcome, sample_weight=weight)
    slope = float(mapped.coef_[0, 0])
    return (slope, float(mapped.intercept_[0])) if slope > 0 else None


def _held_out_loss(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int) -> float:
    if min(outcome.sum(), (1 - outcome).sum()) < 2 * FOLDS:
        return np.inf
    logits = np.empty(len(outcome))
    for inside, outside in lead_folds(outcome, lead_ids, seed):
        slope, intercept = _platt(margin[inside], outcome[inside]) or (1.0, 0.0)
        logits[outside] = slope * margin[outside] + intercept
    return log_loss(logits, outcome)


def _covariance(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int, times: int = 100) -> Any:
    """How slope and intercept vary when whole leads are drawn again."""
    generator = np.random.default_rng(seed)
    _, lead = np.unique(np.asarray(lead_ids), return_inverse=True)
    drawn = []
    for _ in range(times):
        weight = generator.poisson(1.0, lead.max() + 1)[lead].astype(np.float64)
        kept = weight > 0
        if kept.any() and (found := _platt(margin[kept], outcome[kept], weight[kept])):
            drawn.append(found)
    if len(drawn) < times // 2:
        return ((0.0, 0.0), (0.0, 0.0))
    return tuple(map(tuple, np.cov(np.array(drawn).T).tolist()))
