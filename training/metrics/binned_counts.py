"""Rows counted by their probability: every metric is a function of these counts, so neither ties nor order matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from features.arrays import Floats, Ints

BINS = 15  # equal-mass bins of the calibration error, as the contract says
ENOUGH_ROWS = 100  # "of 100" is said of no fewer


@dataclass(frozen=True)
class BinnedCounts:
    """One entry per distinct probability, rising; counts may be the weights of a resample, conversions true chances."""

    probability: Floats
    count: Floats
    converted: Floats
    bin: Ints  # equal-mass bin of each entry: equal probabilities are never parted

    @property
    def rows(self) -> float:
        return float(self.count.sum())

    @property
    def conversions(self) -> float:
        return float(self.converted.sum())

    @cached_property
    def from_the_top(self) -> tuple[Floats, Floats]:
        """Rows, and conversions, at or above each distinct probability: 0 first, then the highest, falling."""
        return np.append(0.0, np.cumsum(self.count[::-1])), np.append(0.0, np.cumsum(self.converted[::-1]))

    def reweighted(self, entry: Ints, outcome: Floats, weight: Floats) -> BinnedCounts:
        """The same entries with each row counted `weight` times; entry: of each row, as `binned_counts` gives it."""
        entries = len(self.probability)
        return replace(
            self,
            count=np.bincount(entry, weights=weight, minlength=entries).astype(float),
            converted=np.bincount(entry, weights=weight * outcome, minlength=entries).astype(float),
        )


def binned_counts(probability: Floats, outcome: Floats, bins: int = BINS) -> tuple[BinnedCounts, Ints]:
    """The counts of these rows, and for each row the entry it is counted in."""
    distinct, entry = np.unique(probability, return_inverse=True)
    count = np.bincount(entry, minlength=len(distinct)).astype(float)
    converted = np.bincount(entry, weights=outcome, minlength=len(distinct)).astype(float)
    return BinnedCounts(distinct, count, converted, equal_mass_bins(count, bins)), entry


def equal_mass_bins(count: Floats, bins: int) -> Ints:
    """The bin of each entry, by the middle of the ranks it holds; a bin that a large tie fills stays empty.

    150 entries of one row each in 15 bins: the first ten are in bin 0, the next ten in bin 1.
    """
    middle = np.cumsum(count) - count / 2
    return np.floor(middle * bins / max(float(count.sum()), 1.0)).astype(np.intp)


def highest_bins(counts: Sequence[int]) -> int:
    """How many bins, the highest first, hold ENOUGH_ROWS together; all of them where they do not.

    counts: the rows of each bin, rising by probability. With 40, 70 and 60 rows the two highest bins are taken. The
    report checks the probabilities on these rows: the top is whom sales will call, and where an overconfident model
    errs most. The rule is fixed, so that nobody can pick the bin that looks best.
    """
    taken = np.cumsum(np.asarray(counts)[::-1])
    return min(int(np.searchsorted(taken, ENOUGH_ROWS)) + 1, len(taken))
