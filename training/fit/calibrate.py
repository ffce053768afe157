"""Calibration: the increasing affine map from margin to log-odds, fitted on rows that the model did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from features.arrays import Floats
from training.labels.folds import FOLDS, lead_folds, log_loss
from training.model.calibrator import Calibrator

LEVEL_SPREAD = 1.0  # log-odds by which a base rate may well move: to nearly three times the odds, or to a third
SURE_ERRORS = 2.576  # standard errors: chance goes beyond in 1 of 100 cases
CENTERS = 11  # places among the margins where the variance may be least
MOST_STEPS = 50  # of Newton's method; it is there after a handful
MARGIN_DRIFT = 0.1  # how far level and slope may have moved since the train span, in log-odds and as a part


@dataclass(frozen=True)
class PlattMap:
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
    """Platt's map of out-of-fold margins, or the identity where the identity predicts held-out leads better.

    learned_from: how many converted leads the margin was fitted on. The more they are, the surer are the margin's own
    level and slope, and the less may these rows correct them: a map fitted on twenty conversions alone would be further
    from the truth than no map.
    """
    trusted = 1.0 / (1.0 / max(learned_from, 1) + MARGIN_DRIFT**2)
    found = platt_map(margin, outcome, lead_ids, (trusted, trusted))
    if found.slope <= 0 or _held_out_loss(margin, outcome, lead_ids, seed, trusted) >= log_loss(margin, outcome):
        return PlattMap(found.center, 1.0, 0.0, found.covariance).calibrator()
    return found.calibrator()


@dataclass(frozen=True)
class LevelShift:
    """How far the outcomes of some rows lie above or below their predictions, in log-odds, with its standard error."""

    level: float
    error: float

    @property
    def is_sure(self) -> bool:
        """Whether the shift is larger than chance makes it in 99 of 100 cases."""
        return abs(self.level) > SURE_ERRORS * self.error


def level_shift(logit: Floats, outcome: Floats, lead_ids: Sequence[str]) -> LevelShift:
    """The level shift of these rows, with the slope held at 1; a base rate that moved shows here first."""
    found = platt_map(logit, outcome, lead_ids, (1e9, 1.0 / LEVEL_SPREAD**2))
    return LevelShift(found.level, float(np.sqrt(found.covariance[1, 1])))


def widened_calibrator(calibrator: Calibrator, margin: Floats, variance: Floats) -> Calibrator:
    """The calibrator with the margins' own variance added to its covariance.

    variance: of each margin. A calibrator has three numbers for it: the margin that is surest, the variance there, and
    how much it grows with the square of the distance. Where leads hardly ever convert, the surest is far above most.
    """
    center, level, grows = _parabola(margin, variance * calibrator.slope**2)  # the covariance is that of log-odds
    (ss, si), (_, ii) = calibrator.covariance
    more = (ss + grows, si - grows * center, ii + level + grows * center**2)
    return replace(calibrator, covariance=((more[0], more[1]), (more[1], more[2])))


def _parabola(margin: Floats, variance: Floats) -> tuple[float, float, float]:
    """The margin where the variance is least, what it is there, and its growth, neither below 0: least squares."""
    found = []
    for center in np.quantile(margin, np.linspace(0, 1, CENTERS)):
        columns = np.stack([np.ones(len(margin)), (margin - center) ** 2], axis=1)
        (level, grows), missed = nnls(columns, variance)
        found.append((missed, float(center), float(level), float(grows)))
    return min(found)[1:]


def platt_map(margin: Floats, outcome: Floats, lead_ids: Sequence[str], trusted: tuple[float, float]) -> PlattMap:
    """The most probable map a posteriori: logistic regression on one column, with the identity as prior.

    trusted: the prior's precision of slope and level. The rows weigh together as much as there are leads: the
    snapshots of one lead share its outcome. Newton's step has a closed form.
    """
    prior = np.diag(trusted)
    if not len(margin):
        return PlattMap(0.0, 1.0, 0.0, np.asarray(np.linalg.inv(prior), dtype=np.float64))
    weight, center = len(set(lead_ids)) / len(margin), float(margin.mean())
    columns = np.stack([margin - center, np.ones(len(margin))], axis=1)
    off, curve = np.zeros(2), np.eye(2)  # from slope 1 and level 0
    for _ in range(MOST_STEPS):
        probability = 1 / (1 + np.exp(-np.clip(margin + columns @ off, -30, 30)))
        curve = (columns.T * (weight * probability * (1 - probability))) @ columns + prior
        step = np.linalg.solve(curve, weight * (columns.T @ (outcome - probability)) - prior @ off)
        off = off + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    return PlattMap(center, 1.0 + float(off[0]), float(off[1]), np.asarray(np.linalg.inv(curve), dtype=np.float64))


def _held_out_loss(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int, trusted: float) -> float:
    if min(outcome.sum(), (1 - outcome).sum()) < 2 * FOLDS:
        return np.inf
    ids, logits = np.asarray(lead_ids), np.empty(len(outcome))
    for inside, outside in lead_folds(outcome, lead_ids, seed):
        fitted = platt_map(margin[inside], outcome[inside], list(ids[inside]), (trusted, trusted))
        logits[outside] = fitted.logit(margin[outside])
    return log_loss(logits, outcome)
