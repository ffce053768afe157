"""Calibration: the increasing affine map from margin to log-odds, fitted on rows that the model did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.recurrence import Floats
from training.folds import FOLDS, lead_folds, log_loss
from training.model import Calibrator

DRIFT = 0.1  # how far level and slope may have moved since the train span, in log-odds and as a part


@dataclass(frozen=True)
class Map:
    """logit = slope * (margin - center) + center + level, and the covariance of (slope, level).

    About the middle of the margins: there slope and level say different things, and each can be shrunk by itself.
    """

    center: float
    slope: float
    level: float
    covariance: Floats

    def logit(self, margin: Floats) -> Floats:
        return self.slope * (margin - self.center) + self.center + self.level

    def calibrator(self) -> Calibrator:
        """The same map as slope and intercept."""
        turned = np.array([[1.0, 0.0], [-self.center, 1.0]])
        (ss, si), (_, ii) = (turned @ self.covariance @ turned.T).tolist()
        return Calibrator(self.slope, self.center * (1 - self.slope) + self.level, ((ss, si), (si, ii)))


def fit_calibrator(
    margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int, learned_from: int
) -> Calibrator:
    """Platt's map on the calibration span, or the identity where that predicts held-out leads of the span better.

    learned_from: how many converted leads the margin was fitted on. Its own level and slope are about as sure as so
    many conversions can make them, so the span's conversions correct them only as far as they are surer: a map that
    follows twenty conversions by themselves is further from the truth than none.
    """
    trusted = 1.0 / (1.0 / max(learned_from, 1) + DRIFT**2)
    found = platt(margin, outcome, lead_ids, trusted)
    if found.slope <= 0 or _held_out_loss(margin, outcome, lead_ids, seed, trusted) >= log_loss(margin, outcome):
        return Map(found.center, 1.0, 0.0, found.covariance).calibrator()
    return found.calibrator()


def platt(margin: Floats, outcome: Floats, lead_ids: Sequence[str], trusted: float, steps: int = 50) -> Map:
    """The map of most posterior: logistic regression on one column, its prior the identity with precision `trusted`.

    The snapshots of a lead share its outcome and count as one observation together. Newton's step has a closed form.
    """
    if not len(margin):
        return Map(0.0, 1.0, 0.0, np.eye(2) / trusted)
    weight, center = len(set(lead_ids)) / len(margin), float(margin.mean())
    columns = np.stack([margin - center, np.ones(len(margin))], axis=1)
    off, curve = np.zeros(2), np.eye(2)  # from slope 1 and level 0
    for _ in range(steps):
        said = 1 / (1 + np.exp(-np.clip(margin + columns @ off, -30, 30)))
        curve = (columns.T * (weight * said * (1 - said))) @ columns + trusted * np.eye(2)
        step = np.linalg.solve(curve, weight * (columns.T @ (outcome - said)) - trusted * off)
        off = off + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    return Map(center, 1.0 + float(off[0]), float(off[1]), np.asarray(np.linalg.inv(curve), dtype=np.float64))


def _held_out_loss(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int, trusted: float) -> float:
    if min(outcome.sum(), (1 - outcome).sum()) < 2 * FOLDS:
        return np.inf
    ids, logits = np.asarray(lead_ids), np.empty(len(outcome))
    for inside, outside in lead_folds(outcome, lead_ids, seed):
        fitted = platt(margin[inside], outcome[inside], list(ids[inside]), trusted)
        logits[outside] = fitted.logit(margin[outside])
    return log_loss(logits, outcome)
