"""Observed over said: conversions over the sum of probabilities, with its interval, and what gap is tolerated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma

from features.arrays import Bools, Floats, Ints
from training.metrics.bootstrap import Interval

TOLERATED = (0.8, 1.25)  # observed over said: off by a quarter
TOLERATED_ECE = 0.02  # good enough however many rows there are, where conversions are not rare
TOLERATED_SHARE = 0.25  # of the rate: where 1 in 100 converts, an ECE of 0.02 would let through 3 in 100
TOP_SHARE = 0.1  # the rows that are worked first


@dataclass(frozen=True)
class ObservedOverSaid:
    """Conversions and the sum of probabilities on some rows; the ratio's 95 % interval takes one lead as one draw."""

    of: str  # "overall", "at arrival", "in the top tenth"
    observed: float
    said: float
    interval: Interval

    @property
    def ratio(self) -> float:
        """1.2 where 12 converted and 10.0 were said."""
        return self.observed / self.said

    @property
    def is_off(self) -> bool:
        """Whether the whole interval lies outside of TOLERATED, so that chance does not explain it."""
        return self.interval[0] > TOLERATED[1] or self.interval[1] < TOLERATED[0]

    @property
    def in_words(self) -> str:
        """As in "overall 0.34 times what was said (0.25 to 0.46)"."""
        return f"{self.of} {self.ratio:.2f} times what was said ({self.interval[0]:.2f} to {self.interval[1]:.2f})"


def tolerated_ece(rate: float | None, null95: float | None) -> float:
    """The ECE up to which probabilities count as calibrated: by the rate, and never less than chance makes.

    rate: the share of rows that converted. null95: what a perfectly calibrated model stays under in 95 of 100 cases.
    Example: 0.02 where a tenth converts, 0.00125 where 1 in 200 does, unless chance makes more.
    """
    return max(min(TOLERATED_ECE, TOLERATED_SHARE * (rate or 0.0)), null95 or 0.0)


def observed_over_said(
    probability: Floats, outcome: Floats, lead: Ints, is_arrival: Bools | None = None
) -> tuple[ObservedOverSaid, ...]:
    """Observed over said overall, at arrival where some rows are, and in the top tenth; none without a probability.

    probability, outcome, lead, is_arrival: one place per row; a lead is whatever tells leads apart.
    """
    parts = _parts(probability, is_arrival)
    found = ((name, probability[part], outcome[part], lead[part]) for name, part in parts)
    return tuple(
        ObservedOverSaid(name, float(won.sum()), float(said.sum()), ratio_interval(said, won, who))
        for name, said, won, who in found
        if said.sum() > 0
    )


def _parts(probability: Floats, is_arrival: Bools | None) -> Iterator[tuple[str, Bools]]:
    yield "overall", np.ones(len(probability), dtype=bool)
    if is_arrival is not None and is_arrival.any() and not is_arrival.all():
        yield "at arrival", is_arrival
    top = np.zeros(len(probability), dtype=bool)
    top[np.argsort(-probability, kind="stable")[: int(np.ceil(TOP_SHARE * len(probability)))]] = True
    yield "in the top tenth", top


def ratio_interval(probability: Floats, outcome: Floats, lead: Ints, level: float = 0.05) -> Interval:
    """The interval of observed over said: Garwood's of a Poisson count (Biometrika 28, 1936), counted in leads.

    The count is divided by how much more it varies by leads than by rows. That is measured, with one conversion's worth
    of doubt that all rows of a lead end alike; so it says something of none that converted, too.
    """
    _, place = np.unique(lead, return_inverse=True)
    said, won, rows = (np.bincount(place, weights=of) for of in (probability, outcome, np.ones(len(place))))
    expected, observed = float(said.sum()), float(won.sum())
    alike = float(rows @ said) / expected
    effect = (float(((won - observed / expected * said) ** 2).sum()) + alike) / (observed + 1)
    count, scale = observed / effect, effect / expected
    low = float(gamma.ppf(level / 2, count)) * scale if count > 0 else 0.0
    return low, float(gamma.ppf(1 - level / 2, count + 1)) * scale
