"""Intervals of 95 %, by SciPy: Wilson's of a share, the order statistics' of a median, the bootstrap's of a mean."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats

from features.arrays import Floats
from training.metrics.bootstrap import Interval

SHARE, MEDIAN, MEAN = "Wilson", "binomial, of the order statistics", "percentile bootstrap"
_RESAMPLES, _SEED = 2_000, 7
_AT_ONCE = 4_000_000  # values drawn at a time: memory stays flat however many leads there are


def share_interval(hits: int, count: int) -> Interval | None:
    """Of a share: Wilson's, which is of use even for 0 of 1; None of nothing."""
    if not count:
        return None
    found = stats.binomtest(hits, count).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def median_interval(values: Floats) -> Interval | None:
    """Of a median: between two of the values, by the binomial distribution; None of fewer than 6, which tell none."""
    if len(values) < 6:
        return None
    found = stats.quantile_test(values, q=float(np.median(values)), p=0.5).confidence_interval(0.95)
    return (float(found.low), float(found.high)) if np.isfinite([found.low, found.high]).all() else None


def mean_interval(values: Floats) -> Interval | None:
    """Of a mean: the middle 95 % over resamples of the leads, seeded; None of fewer than 2."""
    if len(values) < 2:
        return None
    if values.min() == values.max():  # SciPy would warn that nothing varies
        return float(values[0]), float(values[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (values,), np.mean, n_resamples=_RESAMPLES, batch=max(_AT_ONCE // len(values), 1), method="percentile",
            rng=np.random.default_rng(_SEED),
        ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
