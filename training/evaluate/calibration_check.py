"""The check of calibration on unseen rows: level, slope, and whether a line or a rising curve would mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from features.arrays import Floats
from training.evaluate.comparison import HeldOutPredictions
from training.labels.folds import lead_folds, row_losses
from training.metrics.bootstrap import Interval, lead_weights, percentile_interval, resampled_sums

FEWEST_OUTCOMES = 20  # converted rows, and others; fewer fit no line
RESAMPLES = 100
CERTAIN = 1e-9  # a probability nearer to 0 or 1 than this would pull a line by itself

LogitMap = Callable[[Floats], Floats]  # from logit to calibrated logit


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval, whole leads resampled."""

    value: float
    interval: Interval

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside the interval, so that chance alone does not explain the difference."""
        return not self.interval[0] <= value <= self.interval[1]


@dataclass(frozen=True)
class CalibrationCheck:
    """How outcomes follow the predicted logit: logit(true chance) = intercept + slope * logit(predicted) (Cox 1958).

    level: the intercept with the slope fixed at 1; above 0, predictions are too low on the whole. affine, isotonic:
    what the best line and the best rising curve would gain in log loss per row, on leads that they were not fitted on
    (cross-fitted by lead). curvature: what the curve gains over the line.
    """

    slope: Estimate
    intercept: Estimate
    level: Estimate
    affine: Estimate
    isotonic: Estimate
    curvature: Estimate


def calibration_check(tested: HeldOutPredictions, seed: int) -> CalibrationCheck | None:
    """The check of our probabilities; None with fewer than FEWEST_OUTCOMES conversions, or others, or few leads."""
    rarer = min(tested.outcome.sum(), (1 - tested.outcome).sum())
    if rarer < FEWEST_OUTCOMES or tested.lead.max() < 2 * FEWEST_OUTCOMES:
        return None
    chance = np.clip(tested.ours, CERTAIN, 1 - CERTAIN)
    logit = np.log(chance) - np.log1p(-chance)
    line, level = _LogisticFit.of(logit), _LogisticFit(np.ones((len(logit), 1)), logit)
    slopes, levels = _estimates(line, tested, seed), _estimates(level, tested, seed)
    base = row_losses(logit, tested.outcome)
    by_line = base - _cross_fitted_losses(logit, tested, seed, _affine)
    by_curve = base - _cross_fitted_losses(logit, tested, seed, _isotonic)
    gains = np.stack([by_line, by_curve, by_curve - by_line, np.ones(len(base))], axis=1)
    drawn = resampled_sums(gains, tested.lead, RESAMPLES, seed)
    estimates = [_estimate(float(gains[:, place].mean()), drawn[:, place] / drawn[:, 3]) for place in range(3)]
    return CalibrationCheck(slopes[1], slopes[0], levels[0], *estimates)


@dataclass(frozen=True)
class _LogisticFit:
    """Logistic regression of few columns on an offset, by Newton's steps."""

    columns: Floats
    offset: Floats

    @classmethod
    def of(cls, logit: Floats) -> _LogisticFit:
        """Intercept and slope of the logit."""
        return cls(np.stack([np.ones(len(logit)), logit], axis=1), np.zeros(len(logit)))

    def fitted(self, outcome: Floats, weight: Floats, start: Floats, steps: int) -> Floats:
        """The coefficients after `steps` steps from `start`."""
        beta = start
        for _ in range(steps):
            chance = 1 / (1 + np.exp(-np.clip(self.offset + self.columns @ beta, -30, 30)))
            curve = (self.columns.T * (weight * chance * (1 - chance))) @ self.columns + 1e-9 * np.eye(len(beta))
            step = np.linalg.solve(curve, self.columns.T @ (weight * (outcome - chance)))
            beta = beta + np.clip(step, -2.0, 2.0)
        return beta


def _estimates(line: _LogisticFit, tested: HeldOutPredictions, seed: int) -> list[Estimate]:
    """Each coefficient; a resample is near the whole, so two steps from there are enough for it."""
    whole = line.fitted(tested.outcome, np.ones(len(tested.outcome)), np.array([0.0, 1.0])[: line.columns.shape[1]], 25)
    weights = lead_weights(tested.lead, RESAMPLES, seed)
    drawn = np.array([line.fitted(tested.outcome, weight, whole, 2) for weight in weights])
    return [_estimate(float(value), drawn[:, place]) for place, value in enumerate(whole)]


def _estimate(value: float, drawn: Floats) -> Estimate:
    return Estimate(value, percentile_interval(drawn) or (value, value))


def _cross_fitted_losses(
    logit: Floats, tested: HeldOutPredictions, seed: int, fit: Callable[[Floats, Floats], LogitMap]
) -> Floats:
    """The loss of each row by a map that was fitted on other leads."""
    losses = np.empty(len(logit))
    for inside, outside in lead_folds(tested.outcome, list(tested.lead.astype(str)), seed):
        fitted = fit(logit[inside], tested.outcome[inside])
        losses[outside] = row_losses(fitted(logit[outside]), tested.outcome[outside])
    return losses


def _affine(logit: Floats, outcome: Floats) -> LogitMap:
    intercept, slope = _LogisticFit.of(logit).fitted(outcome, np.ones(len(logit)), np.array([0.0, 1.0]), 25)
    return lambda other: intercept + slope * other


def _isotonic(logit: Floats, outcome: Floats) -> LogitMap:
    # A step without a conversion would promise 0, and the first one that comes there would cost without end.
    least = 1 / (len(logit) + 2)
    curve = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(logit, outcome)

    def calibrated(other: Floats) -> Floats:
        chance = curve.predict(other)
        return np.asarray(np.log(chance) - np.log1p(-chance), dtype=float)

    return calibrated
