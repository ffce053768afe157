"""Train and test: spans in time order, one horizon apart, so that nothing fitted has seen the test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import DAY_US

TEST_SHARE = 0.2
FEWEST_TRAIN = 0.25  # of the snapshots; with fewer before the gap, a model would learn from a few of many

CAME = "came_us"  # the column of a labelled snapshot that says when its lead came, where outcomes have no dates

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """Which labelled snapshots train and which test: masks over them, and in words how they were split.

    is_dated: whether the moments of the snapshots part the two, one horizon apart. Where only the order in which leads
    came is known, the split goes by time, and each snapshot is of the day of the export.
    """

    train: Mask
    test: Mask
    kind: str  # "time" or "random"
    how: str
    is_dated: bool = False

    @property
    def calibration(self) -> Mask:
        """The rows on whose out-of-fold margins the calibrator is fitted; no margin has seen its row's lead."""
        return self.train


def split(labelled: pd.DataFrame, horizon_days: int | None, seed: int) -> Split:
    """The split of `labelled` (lead_id, snapshot_us, outcome): by time, or at random by lead without dates.

    Without a horizon, but with `came_us`, those that came last are the test.
    """
    if horizon_days is None and CAME in labelled:
        return split_by_arrival(labelled, seed)
    if horizon_days is None:
        return split_by_lead(labelled, seed, "the history has no dates, so nothing here shows how the model ages")
    return split_by_time(labelled, horizon_days, seed)


def split_by_lead(labelled: pd.DataFrame, seed: int, why: str) -> Split:
    """80 and 20 % of the leads, at random: there is no time to go by."""
    test = _draws(labelled, seed) >= 1 - TEST_SHARE
    return Split(~test, test, "random", f"at random by lead, 80/20: {why}")


def split_by_time(labelled: pd.DataFrame, horizon_days: int, seed: int) -> Split:
    """Train, then test, in time order and one horizon apart; by lead where the history is too short for that.

    Without that gap, an outcome that was fitted would be read during the span it is tested on.
    """
    moments = labelled["snapshot_us"].to_numpy(np.int64)
    first, last = moments.min(), moments.max() + 1
    gap, days = round(horizon_days * DAY_US), (last - first) / DAY_US
    test_from = last - (last - first) * TEST_SHARE
    train, test = moments < test_from - gap, moments >= test_from
    if train.mean() < FEWEST_TRAIN or not test.any():
        return split_by_lead(labelled, seed, "the history is too short to train one horizon before a test")
    how = f"train, then test in time order over {days:.0f} days, {horizon_days} days apart; calibrated out of fold"
    return Split(train, test, "time", how, is_dated=True)


def split_by_arrival(labelled: pd.DataFrame, seed: int) -> Split:
    """The four fifths of the leads that came first, and the fifth that came last; by lead where too many came at once.

    No outcome has a date, so no horizon can part the two: a lead that came last has had less time to convert.
    """
    came = labelled[CAME].to_numpy(np.int64)
    test = came >= np.quantile(came, 1 - TEST_SHARE, method="higher")
    if (~test).mean() < FEWEST_TRAIN or any(labelled["outcome"][part].nunique() < 2 for part in (test, ~test)):
        return split_by_lead(labelled, seed, "nearly all leads came at once, so nothing here shows how the model ages")
    how = "in the order in which leads came, the first 80 % train, the last 20 % test; no outcome has a date"
    return Split(~test, test, "time", how)


def _draws(labelled: pd.DataFrame, seed: int) -> npt.NDArray[np.float64]:
    """One seeded draw in [0, 1) per lead, whatever the order of the rows."""
    leads = np.sort(labelled["lead_id"].unique())
    draws = np.random.default_rng(seed).permutation(len(leads)) / max(len(leads), 1)
    return labelled["lead_id"].map(dict(zip(leads, draws, strict=True))).to_numpy(np.float64)
