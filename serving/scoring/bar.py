"""The bar of a model: from which probability on a lead is ready for sales, by what the model said of leads it knew."""

from __future__ import annotations

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import Floats
from serving.scoring.points import probability_at


def threshold(agreement: Agreement, open_probabilities: Floats, arrivals_per_week: float | None = None) -> float:
    """The probability from which on a lead is over the bar.

    open_probabilities: of the leads that are open now, ascending.
    arrivals_per_week:  how many leads come in a week, for a bar of so many per week.

    A share never takes more than its share: where many leads are equal, the bar is above them, unless they are the
    best there are. While the share comes to less than one lead, or is not known, the bar is where grade A begins.
    """
    bar = agreement.policy.bar
    if bar.unit == "probability" and bar.value is not None:
        return bar.value
    if bar.unit == "costs" and agreement.costs is not None:
        return agreement.costs.contact / agreement.costs.conversion
    share = bar.value or 0.0
    if bar.unit == "per_week":
        share = share / arrivals_per_week if arrivals_per_week else 0.0
    taken = int(share * len(open_probabilities) + 1e-9)
    if taken < 1:
        return probability_at(max(agreement.policy.grades.values()), agreement.policy.score_50)
    return 0.0 if taken >= len(open_probabilities) else _taking(open_probabilities, taken)


def _taking(ascending: Floats, most: int) -> float:
    """The smallest value that at most `most` values reach; the largest value where even that is reached by more."""
    allowed = ascending[len(ascending) - most]
    if ascending[len(ascending) - most - 1] < allowed:
        return float(allowed)
    above = np.searchsorted(ascending, allowed, side="right")
    return float(ascending[min(above, len(ascending) - 1)])
