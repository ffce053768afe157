"""Each segment by itself: what was said of its leads, what became of them, and where that is more than chance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.evaluate.comparison import Compared, Forecasts
from training.metrics.binned_counts import BinnedCounts, binned_counts
from training.metrics.bootstrap import (
    Interval,
    effective_sample_sizes,
    lead_weights,
    percentile_interval,
    wilson_interval,
)
from training.metrics.metrics import roc_auc

FEWEST_ROWS, FEWEST_LEADS = 50, 20  # with less, a group says nothing of itself
FEWEST_CONVERSIONS = 10  # to rank by
RESAMPLES = 60  # of each group; its spread is what is needed, not its ends
IN_CHANCE = 0.05  # how often any group of all may be named although only chance parted it from the rest


@dataclass(frozen=True)
class Group:
    """The rows of one segment; every interval is 95 % and counts whole leads.

    kept, ranked: what is more than chance, all groups looked at together: the promise is "kept", "too much" or
    "too little", and it ranks "alike", "better" or "worse" than in the other groups of its family.
    """

    family: str
    level: str
    rows: int
    leads: int
    conversions: int
    predicted: float  # the mean probability
    observed: float  # the part that converted
    interval: Interval  # of the observed part
    roc_auc: float | None
    roc_auc_interval: Interval | None
    compared: tuple[Compared, ...]  # ours first, then the others on the same rows
    kept: str = "kept"
    ranked: str = "alike"
    roc_auc_elsewhere: float | None = None  # in the other groups of the family

    @property
    def ratio(self) -> float:
        """Observed over expected: below 1, the score promises too much here."""
        return self.observed / self.predicted

    @property
    def ratio_interval(self) -> Interval:
        return self.interval[0] / self.predicted, self.interval[1] / self.predicted


@dataclass(frozen=True)
class _Seen:
    """A group, the rows it stands on, and how its ROC AUC spreads over resampled leads."""

    group: Group
    tested: Forecasts
    spread: float | None


def groups(tested: Forecasts, families: Mapping[str, pd.Series], seed: int) -> tuple[Group, ...]:
    """Every group of at least FEWEST_ROWS rows and FEWEST_LEADS leads, by family: bands rising, else by conversions.

    families: as `segments` gives them, one level per row of `tested`.
    """
    seen = [group for family, levels in families.items() for group in _family(tested, family, levels, seed)]
    # One in twenty single groups would be named by chance; all of them together may be.
    z = NormalDist().inv_cdf(1 - IN_CHANCE / (2 * max(len(seen), 1)))
    found = [replace(one.group, kept=_kept(one, z)) for one in seen]
    return tuple(_ranked(group, seen[place], seen, z) for place, group in enumerate(found))


def _family(tested: Forecasts, family: str, levels: pd.Series, seed: int) -> list[_Seen]:
    said = levels.to_numpy(dtype=object)
    parts = {str(level): tested.part(said == level) for level in levels.dropna().unique()}
    large = {
        level: part
        for level, part in parts.items()
        if len(part.outcome) >= FEWEST_ROWS and part.lead.max() + 1 >= FEWEST_LEADS
    }
    if len(large) < 2:
        return []
    ordered = sorted(large, key=lambda level: (*_size(level), -float(large[level].outcome.sum()), level))
    return [_seen(family, level, large[level], seed) for level in ordered]


def _size(level: str) -> tuple[float, ...]:
    """Bands of a number stand in its order: "10 to 49" before "50 to 249"."""
    begins = re.match(r"([\d,]+) (to|and)\b", level)
    return (float(begins[1].replace(",", "")),) if begins else (0.0,)


def _seen(family: str, level: str, part: Forecasts, seed: int) -> _Seen:
    low, high = _observed(part)
    counted, entry = binned_counts(part.ours, part.outcome)
    ranks = FEWEST_CONVERSIONS <= part.outcome.sum() <= len(part.outcome) - FEWEST_CONVERSIONS
    drawn = np.array(list(_resampled_areas(part, counted, entry, seed)) if ranks else [], dtype=float)
    group = Group(
        family,
        level,
        rows=len(part.outcome),
        leads=int(part.lead.max()) + 1,
        conversions=int(part.outcome.sum()),
        predicted=float(part.ours.mean()),
        observed=float(part.outcome.mean()),
        interval=(low, high),
        roc_auc=roc_auc(counted) if ranks else None,
        roc_auc_interval=percentile_interval(drawn) if ranks else None,
        compared=part.compared(RESAMPLES, seed),
    )
    return _Seen(group, part, float(np.nanstd(drawn)) if ranks else None)


def _resampled_areas(part: Forecasts, counted: BinnedCounts, entry: np.ndarray, seed: int) -> Iterator[float]:
    size = len(counted.probability)
    for weight in lead_weights(part.lead, RESAMPLES, seed):
        count = np.bincount(entry, weights=weight, minlength=size).astype(float)
        converted = np.bincount(entry, weights=weight * part.outcome, minlength=size).astype(float)
        area = roc_auc(replace(counted, count=count, converted=converted))
        yield np.nan if area is None else area


def _observed(part: Forecasts, z: float | None = None) -> Interval:
    """The interval of the part that converted, for so many whole leads as the rows are worth."""
    all_rows = np.zeros(len(part.outcome), dtype=np.intp)
    worth = effective_sample_sizes(part.outcome, part.lead, all_rows, 1)
    rate = np.array([part.outcome.mean()])
    low, high = wilson_interval(rate * worth, worth) if z is None else wilson_interval(rate * worth, worth, z)
    return float(low[0]), float(high[0])


def _kept(one: _Seen, z: float) -> str:
    low, high = _observed(one.tested, z)
    return "too much" if one.group.predicted > high else "too little" if one.group.predicted < low else "kept"


def _ranked(group: Group, one: _Seen, seen: list[_Seen], z: float) -> Group:
    """The group, its ROC AUC held against that of the others of its family, by their conversions."""
    others = [other for other in seen if other.group.family == group.family and other is not one]
    others = [other for other in others if other.spread is not None]
    if one.spread is None or group.roc_auc is None or not others:
        return group
    weight = np.array([other.group.conversions for other in others], dtype=float)
    weight /= weight.sum()
    elsewhere = float(weight @ _of_each([other.group.roc_auc for other in others]))
    doubt = np.hypot(one.spread, np.sqrt(weight**2 @ _of_each([other.spread for other in others]) ** 2))
    apart = group.roc_auc - elsewhere
    ranked = "alike" if abs(apart) <= z * doubt else "better" if apart > 0 else "worse"
    return replace(group, ranked=ranked, roc_auc_elsewhere=elsewhere)


def _of_each(values: list[float | None]) -> Floats:
    return np.array(values, dtype=float)
