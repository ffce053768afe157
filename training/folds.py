"""Folds of whole leads: no lead is on both sides, or a model would be judged on what it learned by heart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from features.recurrence import Floats

FOLDS = 5

Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def lead_folds(outcome: Floats, lead_ids: Sequence[str], seed: int) -> list[Fold]:
    """(inside, outside) row positions of each fold."""
    parted = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return list(parted.split(np.zeros(len(outcome)), outcome, np.asarray(lead_ids)))


def log_loss(logits: Floats, outcome: Floats) -> float:
    """Mean log loss of log-odds, finite however sure they are."""
    return float(np.mean(np.logaddexp(0.0, logits) - outcome * logits))
