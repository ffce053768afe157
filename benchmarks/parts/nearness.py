"""How near predicted probabilities come to the true ones, free of the luck of single outcomes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.evaluate.evaluate import expected_calibration_error

Floats = npt.NDArray[np.float64]


def truth_figures(said: Floats, true: Floats, rate: float) -> dict[str, float]:
    """The figures of some rows. said: predicted; rate: the constant probability that they are compared with."""
    constant, oracle = log_loss(np.full(len(true), rate), true), log_loss(true, true)
    return {
        "rows": len(true),
        "mean_true": float(true.mean()),
        "mean_said": float(said.mean()),
        "ece_to_truth": float(expected_calibration_error(said, true) or 0.0),
        "mean_absolute_error": float(np.abs(said - true).mean()),
        "share_of_oracle_gain": float((constant - log_loss(said, true)) / (constant - oracle)),
        "rank_correlation": rank_correlation(said, true),
    }


def log_loss(said: Floats, true: Floats) -> float:
    """The expected mean log loss of `said` where `true` are the true probabilities."""
    return float(losses(said, true).mean())


def losses(said: Floats, true: Floats) -> Floats:
    """The expected log loss of each row."""
    held = np.clip(said, 1e-9, 1 - 1e-9)
    return -(true * np.log(held) + (1 - true) * np.log(1 - held))


def rank_correlation(said: Floats, true: Floats) -> float:
    """Spearman's rank correlation."""
    return float(pd.Series(said).corr(pd.Series(true), method="spearman"))
