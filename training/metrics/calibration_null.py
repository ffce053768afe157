"""What a perfectly calibrated model would show on the same rows: how much calibration error chance alone makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints
from training.metrics.binned_counts import highest_bins
from training.metrics.bootstrap import Interval

NULL_DRAWS = 500  # for a 95 % point that moves little from seed to seed


@dataclass(frozen=True)
class CalibrationNull:
    """What a perfectly calibrated model would show on some rows."""

    ece_null95: float  # its calibration error stays under this in 95 of 100 cases
    top: Interval  # 95 %: the part that converts of the highest bins, those that hold `highest_bins` rows


def calibration_null(probability: Floats, outcome: Floats, lead: Ints, bins: Ints, seed: int) -> CalibrationNull | None:
    """What chance alone does to the calibration of these very rows; None without any.

    probability: rising, and `bins` with it. Each draw gives every row an outcome by its own probability, so all error
    that is left is chance. The rows of one lead mostly end alike; drawn one by one they would make chance look too
    small. So each row takes its lead's draw with probability c, else its own draw, where c makes the rows of a lead
    agree as often as the observed ones do (`within_lead_correlation`).
    """
    if not len(probability):
        return None
    draws = np.random.default_rng(seed)
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    expected, count = np.add.reduceat(probability, starts), np.diff(np.append(starts, len(bins)))
    share, top = within_lead_correlation(outcome, lead, bins), slice(-highest_bins(count.tolist()), None)
    drawn = np.array(
        [np.add.reduceat(_drawn_outcomes(draws, probability, lead, share), starts) for _ in range(NULL_DRAWS)]
    )
    low, high = np.quantile(drawn[:, top].sum(axis=1) / count[top].sum(), [0.025, 0.975])
    errors = np.abs(drawn - expected).sum(axis=1) / len(probability)
    return CalibrationNull(float(np.quantile(errors, 0.95)), (float(low), float(high)))


def _drawn_outcomes(draws: np.random.Generator, probability: Floats, lead: Ints, share: float) -> Floats:
    fate = draws.random(len(probability))
    if share > 0:
        of_lead = draws.random(int(lead.max()) + 1)
        fate = np.where(draws.random(len(probability)) < share, of_lead[lead], fate)
    return (fate < probability).astype(float)


def within_lead_correlation(outcome: Floats, lead: Ints, bins: Ints) -> float:
    """The probability c with which a row shares its lead's draw, by the moments of the pairs within leads; 0 to 1.

    Both rows of a pair take the lead's draw with probability c^2: c = 0 makes them independent, c = 1 makes them one.
    """
    # The bin's observed rate stands for the chance: with the predicted one, a wrong level would pass for agreement.
    rate = (np.bincount(bins, weights=outcome) / np.maximum(np.bincount(bins), 1))[bins]
    observed = _pair_products(outcome - rate, lead)
    order = np.lexsort((rate, lead))
    rate, lead = rate[order], lead[order]
    rows = np.bincount(lead)
    place = np.arange(len(lead)) - (np.cumsum(rows) - rows)[lead]
    # With one draw for both, two rows convert together as often as the less likely one does.
    together = float(rate @ (rows[lead] - 1 - place))
    most = together - _pair_products(rate, lead)
    return float(np.sqrt(np.clip(observed / most, 0.0, 1.0))) if most > 0 else 0.0


def _pair_products(value: Floats, lead: Ints) -> float:
    """The sum over all pairs of rows of one lead of the product of their values."""
    return float((np.bincount(lead, weights=value) ** 2).sum() - (value**2).sum()) / 2
