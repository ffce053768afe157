"""Rows counted by their probability; every figure is a function of these counts, so neither ties nor order matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

BINS = 15  # equal-mass bins of the calibration error, as the contract says
TOP_SHARES = (0.05, 0.10, 0.20)
ENOUGH_ROWS = 100  # "of 100" is said of no fewer


@dataclass(frozen=True)
class Tally:
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


def tally(probability: Floats, outcome: Floats, bins: int = BINS) -> tuple[Tally, Ints]:
    """The tally of rows, and for each row the entry it is counted in."""
    distinct, entry = np.unique(probability, return_inverse=True)
    count = np.bincount(entry, minlength=len(distinct)).astype(float)
    converted = np.bincount(entry, weights=outcome, minlength=len(distinct)).astype(float)
    return Tally(distinct, count, converted, equal_mass_bins(count, bins)), entry


def equal_mass_bins(count: Floats, bins: int) -> Ints:
    """The bin of each entry, by the middle of the ranks it holds; a bin that a large tie swallows stays empty."""
    middle = np.cumsum(count) - count / 2
    return np.floor(middle * bins / max(float(count.sum()), 1.0)).astype(np.intp)


def highest_bins(counts: Sequence[int]) -> int:
    """How many bins, the highest first, hold ENOUGH_ROWS together; all of them where they do not.

    counts: the rows of each bin, rising by probability. What is promised is checked on these: the top is whom sales
    will call, and where a model that is too sure of itself is wrong the most. The rule is fixed, so that the prettiest
    bin cannot be picked.
    """
    held = np.cumsum(np.asarray(counts)[::-1])
    return min(int(np.searchsorted(held, ENOUGH_ROWS)) + 1, len(held))


def figures(counted: Tally) -> dict[str, float | None]:
    """Every figure by its name in `train --json`, and the further shares; None where the rows do not define it."""
    rate = counted.conversions / counted.rows if counted.rows > 0 else None
    ranked = {
        "roc_auc": roc_auc(counted),
        "average_precision": average_precision(counted),
        "log_loss": log_loss(counted),
        "brier": brier(counted),
        "ece": calibration_error(counted),
    }
    won = conversions_in_top(counted, np.array([*TOP_SHARES, 1 / 3]))
    for place, share in enumerate(TOP_SHARES):
        part = won[place] if won else None
        name = f"{round(100 * share)}pct"
        lift = None if part is None else part / share
        ranked[f"precision_at_{name}"] = rate if lift is None or rate is None else lift * rate
        ranked[f"lift_at_{name}"] = lift
    return ranked | {"share_of_conversions_in_top_third": won[-1] if won else None}


def roc_auc(counted: Tally) -> float | None:
    lost = counted.count - counted.converted
    pairs = counted.conversions * float(lost.sum())
    if not pairs > 0:
        return None
    lost_below = np.cumsum(lost) - lost / 2  # a tie counts half
    return float(counted.converted @ lost_below) / pairs


def average_precision(counted: Tally) -> float | None:
    """The step-wise area under precision and recall, as scikit-learn has it."""
    if not counted.conversions > 0:
        return None
    chosen, won = _from_the_top(counted)
    precision = np.divide(won, chosen, out=np.zeros_like(won), where=chosen > 0)
    return float(np.diff(won, prepend=0.0) @ precision) / counted.conversions


def log_loss(counted: Tally) -> float | None:
    if not counted.rows > 0:
        return None
    smallest = np.finfo(float).eps  # as scikit-learn: a certain mistake costs 36, not infinity
    chance = np.clip(counted.probability, smallest, 1 - smallest)
    lost = counted.count - counted.converted
    return -float(counted.converted @ np.log(chance) + lost @ np.log1p(-chance)) / counted.rows


def brier(counted: Tally) -> float | None:
    if not counted.rows > 0:
        return None
    lost = counted.count - counted.converted
    squares = counted.converted @ (1 - counted.probability) ** 2 + lost @ counted.probability**2
    return float(squares) / counted.rows


def calibration_error(counted: Tally) -> float | None:
    """Expected calibration error: the mean gap between predicted and observed over the bins, weighted by their rows."""
    if not counted.rows > 0:
        return None
    gap = counted.count * counted.probability - counted.converted
    return float(np.abs(np.bincount(counted.bin, weights=gap)).sum()) / counted.rows


def conversions_in_top(counted: Tally, shares: Floats) -> list[float]:
    """The part of all conversions among each of these `shares` of rows, the highest scored first; empty without any.

    A tie at the edge is taken in proportion, so a constant finds at every share just that share.
    """
    if not counted.conversions > 0:
        return []
    chosen, won = _from_the_top(counted)
    at_edge = np.interp(shares * counted.rows, np.append(0.0, chosen), np.append(0.0, won))
    parts: list[float] = (at_edge / counted.conversions).tolist()
    return parts


def _from_the_top(counted: Tally) -> tuple[Floats, Floats]:
    """Rows and conversions at or above each distinct probability, falling."""
    return np.cumsum(counted.count[::-1]), np.cumsum(counted.converted[::-1])
