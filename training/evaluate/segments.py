"""Each segment judged by itself: predicted and observed rate, ROC AUC, and where either is off by more than chance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd

from features.arrays import Floats, Ints
from training.evaluate.comparison import ComparedModel, HeldOutPredictions, PredictedAndObserved
from training.metrics.binned_counts import BinnedCounts, binned_counts
from training.metrics.bootstrap import Interval, lead_weights, percentile_interval
from training.metrics.metrics import roc_auc

FEWEST_ROWS, FEWEST_LEADS = 50, 20  # a smaller segment gets no result
FEWEST_CONVERSIONS = 10  # to rank by
RESAMPLES = 60  # of each segment; the standard deviation is what is needed, not the ends
IN_CHANCE = 0.05  # how often chance alone may name any segment of all


@dataclass(frozen=True)
class Segment:
    """Leads that share a value: the level `webinar` of the family `source`."""

    family: str
    level: str


@dataclass(frozen=True)
class SegmentResult(PredictedAndObserved, Segment):  # the base named last has the first keys of the JSON
    """One row per segment; every interval is 95 % and counts whole leads.

    kept, ranked: what is more than chance, with all segments counted in. kept: "kept", or the predicted rate is
    "too much" or "too little". ranked: ROC AUC is "alike", "better" or "worse" than in the rest of the family.
    """

    roc_auc: float | None
    roc_auc_interval: Interval | None
    compared: tuple[ComparedModel, ...]  # ours first, then the baseline models on the same rows
    kept: str = "kept"
    ranked: str = "alike"
    roc_auc_elsewhere: float | None = None  # in the other segments of the family

    @property
    def ratio(self) -> float:
        """Observed over predicted: below 1, the score promises too much here."""
        return self.observed / self.predicted

    @property
    def ratio_interval(self) -> Interval:
        """The interval of `ratio`, as the report shows it beside it."""
        return self.interval[0] / self.predicted, self.interval[1] / self.predicted


@dataclass(frozen=True)
class _ResampledSegment:
    """A segment's result, its rows, and the standard deviation of its ROC AUC over resampled leads."""

    result: SegmentResult
    tested: HeldOutPredictions
    deviation: float | None


def segment_results(
    tested: HeldOutPredictions, families: Mapping[str, pd.Series], seed: int
) -> tuple[SegmentResult, ...]:
    """One result per segment of at least FEWEST_ROWS rows and FEWEST_LEADS leads, family by family.

    Within a family the bands of a number rise, and other levels are ordered by their conversions.
    families: as `training.labels.segments` gives them, one level per row of `tested`.
    """
    resampled = [one for family, levels in families.items() for one in _family_results(tested, family, levels, seed)]
    # At 95 %, chance would name one in twenty of the segments; it may name any of them all in 5 of 100 reports.
    z = NormalDist().inv_cdf(1 - IN_CHANCE / (2 * max(len(resampled), 1)))
    return tuple(replace(_with_rank(one, resampled, z), kept=_calibration_of(one, z)) for one in resampled)


def _family_results(tested: HeldOutPredictions, family: str, levels: pd.Series, seed: int) -> list[_ResampledSegment]:
    level_of_row = levels.to_numpy(dtype=object)
    parts = {str(level): tested.subset(level_of_row == level) for level in levels.dropna().unique()}
    large = {
        level: part
        for level, part in parts.items()
        if len(part.outcome) >= FEWEST_ROWS and part.lead.max() + 1 >= FEWEST_LEADS
    }
    if len(large) < 2:
        return []
    ordered = sorted(large, key=lambda level: (*_size(level), -float(large[level].outcome.sum()), level))
    return [_resampled(family, level, large[level], seed) for level in ordered]


def _size(level: str) -> tuple[float, ...]:
    """Bands of a number stand in its order: "10 to 49" before "50 to 249"."""
    begins = re.match(r"([\d,]+) (to|and)\b", level)
    return (float(begins[1].replace(",", "")),) if begins else (0.0,)


def _resampled(family: str, level: str, part: HeldOutPredictions, seed: int) -> _ResampledSegment:
    counts, entry = binned_counts(part.ours, part.outcome)
    can_rank = FEWEST_CONVERSIONS <= part.outcome.sum() <= len(part.outcome) - FEWEST_CONVERSIONS
    drawn = np.array(list(_resampled_areas(part, counts, entry, seed)) if can_rank else [], dtype=float)
    result = SegmentResult(
        family,
        level,
        **vars(part.predicted_and_observed()),
        roc_auc=roc_auc(counts) if can_rank else None,
        roc_auc_interval=percentile_interval(drawn) if can_rank else None,
        compared=part.comparison(RESAMPLES, seed),
    )
    return _ResampledSegment(result, part, float(np.nanstd(drawn)) if can_rank else None)


def _resampled_areas(part: HeldOutPredictions, counts: BinnedCounts, entry: Ints, seed: int) -> Iterator[float]:
    for weight in lead_weights(part.lead, RESAMPLES, seed):
        area = roc_auc(counts.reweighted(entry, part.outcome, weight))
        yield np.nan if area is None else area


def _calibration_of(one: _ResampledSegment, z: float) -> str:
    low, high = one.tested.observed_interval(z)
    predicted = one.result.predicted
    return "too much" if predicted > high else "too little" if predicted < low else "kept"


def _with_rank(one: _ResampledSegment, resampled: list[_ResampledSegment], z: float) -> SegmentResult:
    """The result with its ROC AUC compared to the mean of the rest of its family, weighted by conversions."""
    result = one.result
    others = [other for other in resampled if other.result.family == result.family and other is not one]
    others = [other for other in others if other.deviation is not None]
    if one.deviation is None or result.roc_auc is None or not others:
        return result
    weight = np.array([other.result.conversions for other in others], dtype=float)
    weight /= weight.sum()
    elsewhere = float(weight @ _floats([other.result.roc_auc for other in others]))
    deviation = np.hypot(one.deviation, np.sqrt(weight**2 @ _floats([other.deviation for other in others]) ** 2))
    apart = result.roc_auc - elsewhere
    ranked = "alike" if abs(apart) <= z * deviation else "better" if apart > 0 else "worse"
    return replace(result, ranked=ranked, roc_auc_elsewhere=elsewhere)


def _floats(values: list[float | None]) -> Floats:
    return np.array(values, dtype=float)
