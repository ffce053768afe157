"""Train, calibration, test: spans in time order, one horizon apart, so that nothing fitted has seen the test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.recurrence import DAY_US

ENOUGH_OUTCOMES = 200  # converted leads to train on; below that the gaps cost more than they protect
TEST_SHARE, CALIBRATION_SHARE = 0.2, 0.15
CALIBRATION_LEADS = 0.3  # of the newest third's leads, where calibration takes other leads instead of a later span

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """Which labelled snapshots each part has, and in words how they were parted."""

    train: Mask
    calibration: Mask
    test: Mask
    kind: str  # "time" or "random"
    how: str


def split(labelled: pd.DataFrame, horizon_days: int | None, seed: int) -> Split:
    """The spans of `labelled` (lead_id, snapshot_us, outcome): by time, or at random by lead without dates."""
    if horizon_days is None:
        return split_by_lead(labelled, seed)
    return split_by_time(labelled, horizon_days, seed)


def split_by_lead(labelled: pd.DataFrame, seed: int) -> Split:
    """60, 20 and 20 % of the leads, at random: there is no time to go by."""
    place = _draws(labelled, seed)
    return Split(
        place < 0.6,
        (place >= 0.6) & (place < 0.8),
        place >= 0.8,
        "random",
        "at random by lead, 60/20/20: the history has no dates, so nothing here shows how the model ages",
    )


def split_by_time(labelled: pd.DataFrame, horizon_days: int, seed: int) -> Split:
    """Three spans in time order, each ending one horizon before the next begins.

    Without that gap, a fitted outcome would be read during the span it is tested on. Where the gaps leave under
    ENOUGH_OUTCOMES to train on, calibration takes other leads of the newest third before the one gap.
    """
    moments = labelled["snapshot_us"].to_numpy(np.int64)
    first, last = moments.min(), moments.max() + 1
    gap, days = round(horizon_days * DAY_US), (last - first) / DAY_US
    test_from = last - (last - first) * TEST_SHARE
    before_test = moments < test_from - gap
    calibrate_from = test_from - gap - (last - first) * CALIBRATION_SHARE
    train = moments < calibrate_from - gap
    if labelled.loc[train & labelled["outcome"].to_numpy(bool), "lead_id"].nunique() >= ENOUGH_OUTCOMES:
        calibration = before_test & (moments >= calibrate_from)
        how = f"3 spans in time order over {days:.0f} days, {horizon_days} days apart"
        return Split(train, calibration, moments >= test_from, "time", how)
    return _with_other_leads(labelled, before_test, moments >= test_from, horizon_days, seed)


def _with_other_leads(labelled: pd.DataFrame, before_test: Mask, test: Mask, horizon_days: int, seed: int) -> Split:
    moments = labelled["snapshot_us"].to_numpy(np.int64)
    if not before_test.any() or not test.any():
        parted = split_by_lead(labelled, seed)
        how = "at random by lead, 60/20/20: the history is shorter than two horizons"
        return Split(parted.train, parted.calibration, parted.test, "random", how)
    newest = before_test & (moments >= np.quantile(moments[before_test], 2 / 3))
    recent = set(labelled["lead_id"][newest])
    chosen = labelled["lead_id"].isin(recent).to_numpy() & (_draws(labelled, seed) < CALIBRATION_LEADS)
    how = (
        f"train and test in time order, {horizon_days} days apart; calibration on other leads of the newest third: "
        f"gaps would have left under {ENOUGH_OUTCOMES} converted leads to train on"
    )
    return Split(before_test & ~chosen, newest & chosen, test, "time", how)


def _draws(labelled: pd.DataFrame, seed: int) -> npt.NDArray[np.float64]:
    """One seeded draw in [0, 1) per lead, whatever the order of the rows."""
    leads = np.sort(labelled["lead_id"].unique())
    draws = np.random.default_rng(seed).permutation(len(leads)) / max(len(leads), 1)
    return labelled["lead_id"].map(dict(zip(leads, draws, strict=True))).to_numpy(np.float64)
