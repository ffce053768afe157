"""The calibrator: from margin to probability by an increasing affine map, and how wide the interval of that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from features.arrays import Floats

WIDTH = 1.645  # standard errors to each side: 90 % of the normal distribution


@dataclass(frozen=True)
class Calibrator:
    """An increasing affine map from margin to log-odds, with the covariance of (slope, intercept)."""

    slope: float = 1.0
    intercept: float = 0.0
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))

    @classmethod
    def of_json(cls, written: dict[str, Any]) -> Calibrator:
        (ss, si), (_, ii) = written["covariance"]
        return cls(written["slope"], written["intercept"], ((ss, si), (si, ii)))

    def logit(self, margin: Floats) -> Floats:
        return self.slope * margin + self.intercept

    def interval(self, margin: Floats, z: float = WIDTH) -> tuple[Floats, Floats]:
        """The 90 % interval of the probability at each margin.

        The probability is the mean of what it may be, and that of doubtful log-odds lies nearer to one half than their
        middle: 2 in 1,000 with an error of 1 are as often below 1.2 in 1,000 as above.
        """
        (ss, si), (_, ii) = self.covariance
        error = np.sqrt(np.maximum(margin**2 * ss + 2 * margin * si + ii, 0.0))
        logit = self.logit(margin)
        said = sigmoid(logit)
        middle = logit - (1 - 2 * said) * error**2 / 2
        low, high = sigmoid(middle - z * error), sigmoid(middle + z * error)
        return np.minimum(low, said), np.maximum(high, said)


def sigmoid(logit: Floats) -> Floats:
    """The probability at some log-odds."""
    return np.asarray(expit(logit))
