"""Cross-validation folds of whole leads: no lead is on both sides, so nothing is judged on what it learned by heart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import KFold, StratifiedKFold

from features.arrays import Floats
from features.home.errors import LeadlightError

FOLDS = 5


class TooFewLeads(LeadlightError):
    """A single lead, which cannot be held out from itself."""

    code = "too_few_outcomes"

    def __init__(self) -> None:
        super().__init__(
            "one lead with a known outcome is too few to train on; until there are two the criteria answer"
        )


Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def lead_folds(outcome: Floats, lead_ids: Sequence[str], seed: int) -> list[Fold]:
    """One (inside, outside) pair of row positions per fold: FOLDS folds, or one a lead where leads are fewer.

    All rows of a lead are in one fold, and converted leads are spread evenly. Raises TooFewLeads for a single lead.
    """
    # Folding the leads and not their rows: StratifiedGroupKFold takes minutes for 100,000 leads.
    _, lead = np.unique(np.asarray(lead_ids), return_inverse=True)
    converted = np.zeros(lead.max() + 1)
    np.maximum.at(converted, lead, outcome)
    if len(converted) < 2:
        raise TooFewLeads
    few, folds = min(converted.sum(), (1 - converted).sum()) < FOLDS, min(FOLDS, len(converted))
    folding = KFold if few else StratifiedKFold
    outside = np.zeros(len(converted), dtype=np.int64)
    for fold, (_, leads) in enumerate(folding(folds, shuffle=True, random_state=seed).split(converted, converted)):
        outside[leads] = fold
    place = outside[lead]
    return [(np.flatnonzero(place != fold), np.flatnonzero(place == fold)) for fold in range(folds)]


def log_loss(logits: Floats, outcome: Floats) -> float:
    """The mean log loss of log-odds; finite even where they are very large."""
    return float(np.mean(row_losses(logits, outcome)))


def row_losses(logits: Floats, outcome: Floats) -> Floats:
    """The log loss of each row."""
    return np.asarray(np.logaddexp(0.0, logits) - outcome * logits, dtype=np.float64)
