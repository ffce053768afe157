"""Fitting: trees with small leaves, stopped early on folds of whole leads, then calibrated on a later span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from features.agreement import Agreement
from features.recurrence import Floats
from features.snapshots import group_of, model_traits
from training.model import OTHER, Calibrator, Column

FEWEST_LEADS = 20  # a level that fewer leads have is pooled: it would be learned by heart
MOST_ROUNDS, PATIENCE, FOLDS = 1_000, 50, 5
TREES = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,  # small leaves explain in microseconds and lose nothing
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "cat_l2": 10.0,
    "cat_smooth": 20.0,
    "min_data_per_group": 50,
    "max_bin": 127,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


def columns(known: pd.DataFrame, lead_ids: pd.Series[str], agreement: Agreement) -> tuple[Column, ...]:
    """The inputs that say anything in `known`, the training snapshots: constants are left out, rare levels pooled."""
    categories = {name for name, kind in model_traits(agreement).items() if kind == "category"}
    found = []
    for name in known:
        if known[name].nunique(dropna=False) < 2:
            continue
        group, kind = group_of(str(name), agreement)
        levels = _levels(known[name], lead_ids) if name in categories else None
        found.append(Column(str(name), group, kind, levels))
    return tuple(found)


def _levels(values: pd.Series[Any], lead_ids: pd.Series[str]) -> tuple[str, ...]:
    leads = lead_ids.groupby(values.astype("string")).nunique()
    common = sorted(str(level) for level in leads.index[leads >= FEWEST_LEADS])
    return (*common, OTHER)


def fit_trees(matrix: Floats, outcome: Floats, lead_ids: Sequence[str], chosen: Sequence[Column],
              agreement: Agreement, seed: int) -> str:  # fmt: skip
    """The text of LightGBM trees for `matrix`, their number chosen on folds of whole leads."""
    categorical = [i for i, column in enumerate(chosen) if column.levels is not None]
    rows = lightgbm.Dataset(
        matrix,
        outcome,
        feature_name=[f"c{i}" for i in range(len(chosen))],  # LightGBM refuses some characters in names
        categorical_feature=categorical,
        free_raw_data=False,
        params={"verbosity": -1},
    )
    parameters = TREES | {"seed": seed, "monotone_constraints": [_direction(c, agreement) for c in chosen]}
    parameters["min_data_in_leaf"] = int(np.clip(len(outcome) // 100, 5, 40))
    folds = list(lead_folds(outcome, lead_ids, seed))
    curve = lightgbm.cv(
        parameters, rows, MOST_ROUNDS, folds=folds, callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)]
    )
    rounds = len(curve["valid binary_logloss-mean"])
    return str(lightgbm.train(parameters, rows, rounds).model_to_string())


def lead_folds(outcome: Floats, lead_ids: Sequence[str], seed: int) -> Any:
    """Folds in which no lead is on both sides."""
    parted = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return parted.split(np.zeros(len(outcome)), outcome, np.asarray(lead_ids))


def _direction(column: Column, agreement: Agreement) -> int:
    """+1 where more may only raise the score, -1 where it may only lower it, 0 where the agreement does not say.

    Never on a category: LightGBM aborts the process.
    """
    if column.kind != "behaviour":
        return 0
    sign = {"up": 1, "down": -1, None: 0}[agreement.behaviours[column.group].direction]
    return -sign if column.name.startswith("days_since") else sign


def fit_calibrator(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int) -> Calibrator:
    """Platt's map on the calibration span, or the identity where that predicts held-out leads of the span better."""
    fitted = _platt(margin, outcome)
    if fitted is None:
        return Calibrator()
    slope, intercept = fitted
    if _held_out_loss(margin, outcome, lead_ids, seed) >= _log_loss(margin, outcome):
        slope, intercept = 1.0, 0.0
    return Calibrator(slope, intercept, _covariance(margin, outcome, lead_ids, seed))


def _platt(margin: Floats, outcome: Floats, weight: Floats | None = None) -> tuple[float, float] | None:
    if outcome.min() == outcome.max():
        return None
    mapped = LogisticRegression(C=1e6, max_iter=1_000).fit(margin[:, None], outcome, sample_weight=weight)
    slope = float(mapped.coef_[0, 0])
    return (slope, float(mapped.intercept_[0])) if slope > 0 else None


def _held_out_loss(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int) -> float:
    if min(outcome.sum(), (1 - outcome).sum()) < 2 * FOLDS:
        return np.inf
    logits = np.empty(len(outcome))
    for inside, outside in lead_folds(outcome, lead_ids, seed):
        slope, intercept = _platt(margin[inside], outcome[inside]) or (1.0, 0.0)
        logits[outside] = slope * margin[outside] + intercept
    return _log_loss(logits, outcome)


def _log_loss(logits: Floats, outcome: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, logits) - outcome * logits))


def _covariance(margin: Floats, outcome: Floats, lead_ids: Sequence[str], seed: int, times: int = 100) -> Any:
    """How slope and intercept vary when whole leads are drawn again."""
    generator = np.random.default_rng(seed)
    _, lead = np.unique(np.asarray(lead_ids), return_inverse=True)
    drawn = []
    for _ in range(times):
        weight = generator.poisson(1.0, lead.max() + 1)[lead].astype(np.float64)
        kept = weight > 0
        if kept.any() and (found := _platt(margin[kept], outcome[kept], weight[kept])):
            drawn.append(found)
    if len(drawn) < times // 2:
        return ((0.0, 0.0), (0.0, 0.0))
    return tuple(map(tuple, np.cov(np.array(drawn).T).tolist()))
