"""PSI, the population stability index: how differently values are spread now than then, by counts in bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from features.arrays import Floats, Ints

MOST_BINS = 10
FEWEST_SHARE = 0.01  # a level with fewer is counted with the others: alone it would be all chance
# The convention of credit scoring: below 0.10 no change worth a word, above 0.25 a large one (Siddiqi, Credit Risk
# Scorecards, 2006; after Lewis, An Introduction to Credit Scoring, 1994).
SMALL_CHANGE, LARGE_CHANGE = 0.10, 0.25


@dataclass(frozen=True)
class Bins:
    """How the values of one input are spread: how many lie in each bin.

    edges: the upper ends of all bins but the last, of numbers; the positions of the common levels, of a category.
    counts: of each bin, then of all other levels (of a category), then of missing values.
    """

    edges: tuple[float, ...]
    is_category: bool
    counts: tuple[int, ...]

    @classmethod
    def of(cls, values: Floats, is_category: bool = False) -> Bins:
        """Bins of equal mass, fewer where values tie; or the common levels, by their positions."""
        edges = _common(values) if is_category else _quantiles(values)
        return cls(edges, is_category, tuple(_counts(values, edges, is_category).tolist()))

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts)

    @property
    def missing(self) -> float:
        """The share of missing values."""
        return self.counts[-1] / max(self.total, 1)

    def of_now(self, values: Floats) -> Bins:
        """The same bins with the counts of the values of now."""
        return Bins(self.edges, self.is_category, tuple(_counts(values, self.edges, self.is_category).tolist()))


def psi(then: Bins, now: Bins) -> float:
    """The population stability index: the sum over bins of (p - q) log(p / q), of the shares then and now.

    Half a row is added to each bin, or an empty one would make it infinite.
    """
    before, after = _filled(then.counts, now.counts)
    p, q = (before + 0.5) / (before + 0.5).sum(), (after + 0.5) / (after + 0.5).sum()
    return float(((p - q) * np.log(p / q)).sum())


def psi_by_chance(then: Bins, now: Bins, level: float) -> float:
    """The PSI that two samples of one population stay under, with probability 1 - level.

    Without any change PSI is (1/n + 1/m) times chi-squared with one degree of freedom less than bins (Yurdakul,
    Statistical Properties of Population Stability Index, 2018): its expectation is (bins - 1)(1/n + 1/m).
    """
    bins = len(_filled(then.counts, now.counts)[0])
    if bins < 2 or not then.total or not now.total:
        return 0.0
    return float((1 / then.total + 1 / now.total) * chi2.ppf(1 - level, bins - 1))


def _filled(then: Sequence[int], now: Sequence[int]) -> tuple[Floats, Floats]:
    """The counts of the bins that hold anything, then or now."""
    before, after = np.asarray(then, dtype=np.float64), np.asarray(now, dtype=np.float64)
    held = before + after > 0
    return before[held], after[held]


def _quantiles(values: Floats) -> tuple[float, ...]:
    known = values[~np.isnan(values)]
    if not len(known):
        return ()
    # "higher": an edge is a value that occurs, so a value that many share, as 0 and never, gets a bin of its own.
    edges = np.unique(np.quantile(known, np.arange(1, MOST_BINS) / MOST_BINS, method="higher"))
    return tuple(edges[edges < known.max()].tolist())


def _common(values: Floats) -> tuple[float, ...]:
    levels, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return tuple(levels[counts >= FEWEST_SHARE * max(len(values), 1)].tolist())


def _counts(values: Floats, edges: Sequence[float], is_category: bool) -> Ints:
    known, bounds = values[~np.isnan(values)], np.asarray(edges, dtype=np.float64)
    place = np.searchsorted(bounds, known, side="left")
    if is_category:
        place = np.where(np.isin(known, bounds), place, len(bounds))
    return np.append(np.bincount(place, minlength=len(bounds) + 1), len(values) - len(known)).astype(np.int64)
