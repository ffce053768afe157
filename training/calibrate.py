"""Calibration: the increasing affine map from margin to log-odds, fitted on rows that the model did not see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.recurrence import Floats
from training.folds import FOLDS, lead_folds, log_loss
from training.model import Calibrator

# How far a fitted model's slope and intercept are expected to be off. Some thirty conversions say less of them than
# that, so the map is shrunk to the identity by it; thousands overrule it.
EXPECTED_OFF = (0.25, 0.5)
Covariance = tuple[tuple[float, float], tuple[float, float]]


def fit_calibrator(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int) -> Calibrator:
    """Platt's map on the calibration span, or the identity where that predicts held-out leads of the span better."""
    weight = _weight(lead_ids)
    fitted = _platt(margin, outcome, weight)
    if fitted is None:
        return Calibrator()
    slope, intercept = fitted
    if _held_out_loss(margin, outcome, lead_ids, seed) >= log_loss(margin, outcome):
        slope, intercept = 1.0, 0.0
    return Calibrator(slope, intercept, _covariance(margin, outcome, lead_ids, seed))


def _weight(lead_ids: Sequence[str]) -> float:
    """What one row counts: the snapshots of a lead share its outcome and are together one observation."""
    return len(set(lead_ids)) / max(len(lead_ids), 1)


def _platt(margin: Floats, outcome: Floats, weight: float) -> tuple[float, float] | None:
    """Slope and intercept of most posterior; None where there is one class or the margin points the wrong way."""
    if outcome.min() == outcome.max():
        return None
    slope, intercept = _newton(margin, outcome, np.full((1, len(outcome)), weight))[0]
    return (float(slope), float(intercept)) if np.isfinite(slope) and slope > 0 else None


def _newton(margin: Floats, outcome: Floats, weights: Floats, steps: int = 50) -> Floats:
    """(fits, 2): slope and intercept of a weighted logistic regression on one column, for each row of weights.

    Two unknowns have a closed Newton step, so a hundred resamples are solved at once.
    """
    identity, shrink = np.array([1.0, 0.0]), 1.0 / np.square(EXPECTED_OFF)
    found = np.tile(identity, (len(weights), 1))
    for _ in range(steps):
        said = 1 / (1 + np.exp(-np.clip(found[:, :1] * margin + found[:, 1:], -30, 30)))
        error, curve = weights * (outcome - said), weights * said * (1 - said)
        gradient = np.stack([error @ margin, error.sum(axis=1)], axis=1) - shrink * (found - identity)
        a, b, c = curve @ margin**2 + shrink[0], curve @ margin, curve.sum(axis=1) + shrink[1]
        step = np.stack([c * gradient[:, 0] - b * gradient[:, 1], a * gradient[:, 1] - b * gradient[:, 0]], axis=1)
        step = np.clip(step / (a * c - b * b)[:, None], -1.0, 1.0)
        found += step
        if np.abs(step).max() < 1e-10:
            break
    return found


def _held_out_loss(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int) -> float:
    if min(outcome.sum(), (1 - outcome).sum()) < 2 * FOLDS:
        return np.inf
    logits = np.empty(len(outcome))
    for inside, outside in lead_folds(outcome, lead_ids, seed):
        slope, intercept = _platt(margin[inside], outcome[inside], _weight(lead_ids)) or (1.0, 0.0)
        logits[outside] = slope * margin[outside] + intercept
    return log_loss(logits, outcome)


def _covariance(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int, times: int = 100) -> Covariance:
    """How slope and intercept vary when whole leads are drawn again."""
    generator = np.random.default_rng(seed)
    _, lead = np.unique(np.asarray(lead_ids), return_inverse=True)
    weights = generator.poisson(1.0, (times, lead.max() + 1))[:, lead].astype(np.float64) * _weight(lead_ids)
    (ss, si), (_, ii) = np.cov(_newton(margin, outcome, weights).T).tolist()
    return ((ss, si), (si, ii))
