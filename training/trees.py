"""The trees: LightGBM with small leaves, their number chosen on folds of whole leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm
import numpy as np

from features.recurrence import Floats
from training.columns import Column
from training.folds import Fold, log_loss

MOST_ROUNDS, PATIENCE = 2_000, 80
FEWEST_COLUMNS = 8
MANY_ROWS = 100_000
LEAVES = (4, 8)  # small leaves explain in microseconds and lose nothing; held-out leads choose
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "lambda_l2": 20.0,
    # Most columns are the same behaviour at another half-life: few at a time makes trees that differ.
    "feature_fraction": 0.2,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "cat_l2": 50.0,
    "cat_smooth": 50.0,
    "min_data_per_group": 50,
    "max_bin": 127,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class FittedTrees:
    """The text of the trees, and the margin of each training row by trees that did not see its lead."""

    text: str
    out_of_fold: Floats
    parameters: dict[str, Any]
    rounds: int


def fit_trees(
    matrix: Floats, outcome: Floats, columns: Sequence[Column], folds: Sequence[Fold], seed: int
) -> FittedTrees:
    """Trees for `matrix`; as many as the held-out leads of `folds` like best."""
    rows = lightgbm.Dataset(
        matrix,
        outcome,
        feature_name=[f"c{i}" for i in range(len(columns))],  # LightGBM refuses some characters in names
        categorical_feature=[i for i, column in enumerate(columns) if column.levels is not None],
        free_raw_data=False,
        params={"verbosity": -1},
    )
    parameters = PARAMETERS | {
        "seed": seed,
        "monotone_constraints": [column.direction for column in columns],
        "min_data_in_leaf": int(np.clip(len(outcome) // 100, 5, 40)),
        # Few columns must not shut each other out.
        "feature_fraction": max(PARAMETERS["feature_fraction"], min(1.0, FEWEST_COLUMNS / max(len(columns), 1))),
        # Below this, threads wait for each other longer than they work; one thread is the same on every machine.
        "num_threads": 1 if len(outcome) < MANY_ROWS else 0,
    }
    tried = [_stopped(parameters | {"num_leaves": leaves}, rows, matrix, folds) for leaves in LEAVES]
    best = min(tried, key=lambda one: log_loss(one.out_of_fold, outcome))
    return replace(best, text=str(lightgbm.train(best.parameters, rows, best.rounds).model_to_string()))


def _stopped(parameters: dict[str, Any], rows: lightgbm.Dataset, matrix: Floats, folds: Sequence[Fold]) -> FittedTrees:
    """As many trees as the held-out leads of `folds` like best, and what they say of those leads."""
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    curve = lightgbm.cv(parameters, rows, MOST_ROUNDS, folds=folds, callbacks=[stop], return_cvbooster=True)
    rounds = len(curve["valid binary_logloss-mean"])
    margins = np.empty(len(matrix))
    for (_, outside), booster in zip(folds, curve["cvbooster"].boosters, strict=True):
        margins[outside] = booster.predict(matrix[outside], raw_score=True, num_iteration=rounds)
    return FittedTrees("", margins, parameters, rounds)
