"""The bar of a model: from which probability on a lead is ready for sales, by what the model said of leads it knew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import Floats
from serving.scoring.points import probability_at


@dataclass(frozen=True)
class FirstCrossings:
    """How the highest probability of leads rose over some weeks: one row per lead, from `before` to `peak`.

    before: 0 for a lead that was new. arrivals: how many new leads came in these weeks, risen or not.
    """

    before: Floats
    peak: Floats
    arrivals: float
    weeks: float

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> FirstCrossings | None:
        """Those that a model knows of its snapshots; None for one that was fitted before they were kept."""
        told = facts.get("first_crossings")
        return cls(np.array(told["before"]), np.array(told["peak"]), told["arrivals"], told["weeks"]) if told else None

    def over(self, bar: float) -> int:
        """How many leads crossed a bar for the first time."""
        return int(((self.peak >= bar) & (self.before < bar)).sum())

    def wanted(self, agreement: Agreement) -> float:
        """How many were to, as agreed: a share of the new leads, or so many a week."""
        bar = agreement.policy.bar
        return (bar.value or 0.0) * (self.weeks if bar.unit == "per_week" else self.arrivals)


def fixed_bar(agreement: Agreement) -> float | None:
    """The bar where it depends on no leads: agreed as a probability, or by the costs."""
    bar = agreement.policy.bar
    if bar.unit == "probability":
        return bar.value
    if bar.unit == "costs" and agreement.costs is not None:
        return agreement.costs.contact / agreement.costs.conversion
    return None


def bar_of_facts(agreement: Agreement, facts: Mapping[str, Any]) -> float:
    """The bar by what a model knew when it was fitted."""
    fixed, crossings = fixed_bar(agreement), FirstCrossings.of_facts(facts)
    if fixed is None and crossings:
        return first_crossings_bar(agreement, crossings)
    open_now = np.asarray(facts.get("open_probabilities", []), dtype=np.float64)
    return threshold(agreement, open_now, facts.get("arrivals_per_week"))


def first_crossings_bar(agreement: Agreement, crossings: FirstCrossings) -> float:
    """The lowest bar that no more leads crossed for the first time than was agreed.

    Where many are equal, the bar is above them, unless they are the best there are. While less than one lead is to
    cross, it is where grade A begins.
    """
    wanted = crossings.wanted(agreement)
    bars = np.unique(crossings.peak[crossings.peak > 0])
    if wanted < 1 or not len(bars):
        return _grade_a(agreement)
    over = _reaching(crossings.peak, bars) - _reaching(crossings.before, bars)
    few_enough = np.flatnonzero(over <= wanted + 1e-9)
    return float(bars[few_enough[0] if len(few_enough) else -1])


def _reaching(values: Floats, bars: Floats) -> Any:
    """How many of the values reach each bar."""
    return len(values) - np.searchsorted(np.sort(values), bars, side="left")


def _grade_a(agreement: Agreement) -> float:
    return probability_at(max(agreement.policy.grades.values()), agreement.policy.score_50)


def threshold(agreement: Agreement, open_probabilities: Floats, arrivals_per_week: float | None = None) -> float:
    """The probability from which on a lead is over the bar.

    open_probabilities: of the leads that are open now, ascending.
    arrivals_per_week:  how many leads come in a week, for a bar of so many per week.

    A share never takes more than its share: where many leads are equal, the bar is above them, unless they are the
    best there are. While the share comes to less than one lead, or is not known, the bar is where grade A begins.
    """
    bar, fixed = agreement.policy.bar, fixed_bar(agreement)
    if fixed is not None:
        return fixed
    share = bar.value or 0.0
    if bar.unit == "per_week":
        share = share / arrivals_per_week if arrivals_per_week else 0.0
    taken = int(share * len(open_probabilities) + 1e-9)
    if taken < 1:
        return _grade_a(agreement)
    return 0.0 if taken >= len(open_probabilities) else _taking(open_probabilities, taken)


def _taking(ascending: Floats, most: int) -> float:
    """The smallest value that at most `most` values reach; the largest value where even that is reached by more."""
    allowed = ascending[len(ascending) - most]
    if ascending[len(ascending) - most - 1] < allowed:
        return float(allowed)
    above = np.searchsorted(ascending, allowed, side="right")
    return float(ascending[min(above, len(ascending) - 1)])
