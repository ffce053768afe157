"""The trees: LightGBM with small leaves, their number chosen on folds of whole leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from features.recurrence import Floats
from training.columns import Column
from training.folds import Fold

MOST_ROUNDS, PATIENCE = 1_000, 50
MANY_ROWS = 100_000
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,  # small leaves explain in microseconds and lose nothing
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


@dataclass(frozen=True)
class FittedTrees:
    """The text of the trees, and the margin of each training row by trees that did not see its lead."""

    text: str
    out_of_fold: Floats


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
        # Below this, threads wait for each other longer than they work; one thread is the same on every machine.
        "num_threads": 1 if len(outcome) < MANY_ROWS else 0,
    }
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    curve = lightgbm.cv(parameters, rows, MOST_ROUNDS, folds=folds, callbacks=[stop], return_cvbooster=True)
    rounds = len(curve["valid binary_logloss-mean"])
    margins = np.empty(len(outcome))
    for (_, outside), booster in zip(folds, curve["cvbooster"].boosters, strict=True):
        margins[outside] = booster.predict(matrix[outside], raw_score=True, num_iteration=rounds)
    return FittedTrees(str(lightgbm.train(parameters, rows, rounds).model_to_string()), margins)
