"""What an affine calibration cannot mend, and whether there is any of it: level, slope and curvature on unseen rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from features.arrays import Floats
from training.evaluate.comparison import Forecasts
from training.labels.folds import lead_folds, row_losses
from training.metrics.bootstrap import Interval, lead_weights, percentile_interval, resampled_sums

FEWEST = 20  # converted and other rows; with fewer there is nothing to fit a line to
RESAMPLES = 100
CERTAIN = 1e-9  # a probability nearer to 0 or 1 than this would pull a line by itself

Fitted = Callable[[Floats], Floats]  # from logit to calibrated logit


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval, whole leads resampled."""

    value: float
    interval: Interval

    def excludes(self, value: float) -> bool:
        """Whether the interval leaves `value` out: it is not that, by more than chance."""
        return not self.interval[0] <= value <= self.interval[1]


@dataclass(frozen=True)
class CalibrationCheck:
    """How the outcome follows the logit that was said: logit(true chance) = intercept + slope * logit(said) (Cox 1958).

    level: the intercept where the slope is held at 1, so above 0 where too little is promised on the whole.
    affine, isotonic: what the best line and the best rising curve would gain in log loss on leads that they were not
    fitted on (cross-fitted by lead), per row. curvature: what the curve gains over the line.
    """

    slope: Estimate
    intercept: Estimate
    level: Estimate
    affine: Estimate
    isotonic: Estimate
    curvature: Estimate


def calibration_check(tested: Forecasts, seed: int) -> CalibrationCheck | None:
    """The check of our probabilities on rows that nothing was fitted on; None where too few converted or did not."""
    if min(tested.outcome.sum(), (1 - tested.outcome).sum()) < FEWEST or tested.lead.max() < 2 * FEWEST:
        return None
    chance = np.clip(tested.ours, CERTAIN, 1 - CERTAIN)
    said = np.log(chance) - np.log1p(-chance)
    line, level = _Line.of(said), _Line(np.ones((len(said), 1)), said)
    slopes, levels = _estimates(line, tested, seed), _estimates(level, tested, seed)
    base = row_losses(said, tested.outcome)
    by_line = base - _held_out(said, tested, seed, _affine)
    by_curve = base - _held_out(said, tested, seed, _isotonic)
    gains = np.stack([by_line, by_curve, by_curve - by_line, np.ones(len(base))], axis=1)
    drawn = resampled_sums(gains, tested.lead, RESAMPLES, seed)
    found = [_estimate(float(gains[:, place].mean()), drawn[:, place] / drawn[:, 3]) for place in range(3)]
    return CalibrationCheck(slopes[1], slopes[0], levels[0], *found)


@dataclass(frozen=True)
class _Line:
    """Logistic regression of few columns on an offset, by Newton's steps."""

    columns: Floats
    offset: Floats

    @classmethod
    def of(cls, said: Floats) -> _Line:
        """Intercept and slope of the logit."""
        return cls(np.stack([np.ones(len(said)), said], axis=1), np.zeros(len(said)))

    def fitted(self, outcome: Floats, weight: Floats, start: Floats, steps: int) -> Floats:
        """The coefficients after `steps` steps from `start`."""
        found = start
        for _ in range(steps):
            said = 1 / (1 + np.exp(-np.clip(self.offset + self.columns @ found, -30, 30)))
            curve = (self.columns.T * (weight * said * (1 - said))) @ self.columns + 1e-9 * np.eye(len(found))
            found = found + np.clip(np.linalg.solve(curve, self.columns.T @ (weight * (outcome - said))), -2.0, 2.0)
        return found


def _estimates(line: _Line, tested: Forecasts, seed: int) -> list[Estimate]:
    """Each coefficient; a resample is near the whole, so two steps from there are enough for it."""
    start = np.array([0.0, 1.0])[: line.columns.shape[1]]
    whole = line.fitted(tested.outcome, np.ones(len(tested.outcome)), start, 25)
    weights = lead_weights(tested.lead, RESAMPLES, seed)
    drawn = np.array([line.fitted(tested.outcome, weight, whole, 2) for weight in weights])
    return [_estimate(float(value), drawn[:, place]) for place, value in enumerate(whole)]


def _estimate(value: float, drawn: Floats) -> Estimate:
    return Estimate(value, percentile_interval(drawn) or (value, value))


def _held_out(said: Floats, tested: Forecasts, seed: int, fit: Callable[[Floats, Floats], Fitted]) -> Floats:
    """The loss of each row by a map that was fitted on other leads."""
    losses = np.empty(len(said))
    for inside, outside in lead_folds(tested.outcome, list(tested.lead.astype(str)), seed):
        fitted = fit(said[inside], tested.outcome[inside])
        losses[outside] = row_losses(fitted(said[outside]), tested.outcome[outside])
    return losses


def _affine(said: Floats, outcome: Floats) -> Fitted:
    intercept, slope = _Line.of(said).fitted(outcome, np.ones(len(said)), np.array([0.0, 1.0]), 25)
    return lambda asked: intercept + slope * asked


def _isotonic(said: Floats, outcome: Floats) -> Fitted:
    # A step without a conversion would promise 0, and the first one that comes there would cost without end.
    least = 1 / (len(said) + 2)
    curve = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(said, outcome)

    def calibrated(asked: Floats) -> Floats:
        chance = curve.predict(asked)
        return np.asarray(np.log(chance) - np.log1p(-chance), dtype=float)

    return calibrated
