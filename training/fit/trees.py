"""Fits the trees: LightGBM with few leaves a tree, and as many trees as held-out leads like best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm
import numpy as np

from features.arrays import Floats
from training.fit.training_rows import TrainingRows
from training.labels.folds import log_loss
from training.model.columns import ModelColumn

MOST_ROUNDS = 2_000
FEWEST_COLUMNS = 8
MANY_ROWS = 100_000
SEARCH_DRAWS = 16  # drawn parameters of a search
# Few leaves explain in microseconds and lose nothing; held-out leads choose.
UNSEARCHED: tuple[dict[str, Any], ...] = ({"num_leaves": 2}, {"num_leaves": 4}, {"num_leaves": 8})
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 8,
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
QUICK_TREES: Mapping[str, Any] = {"learning_rate": 0.12}  # to choose inputs by: a quarter of the trees


@dataclass(frozen=True)
class FittedTrees:
    """LightGBM's text of the trees, and each row's margin by trees whose folds did not have its lead."""

    text: str
    out_of_fold: Floats
    chosen: Mapping[str, Any]  # the parameters that held-out leads chose
    rounds: int


def search_parameters(seed: int) -> list[dict[str, Any]]:
    """Parameters to search among: those tried without a search, and SEARCH_DRAWS drawn ones, all with few leaves."""
    draws = np.random.default_rng(seed)
    drawn = [
        {
            "num_leaves": int(draws.choice([2, 3, 4, 6, 8, 12, 16])),
            "learning_rate": float(draws.choice([0.02, 0.03, 0.05])),
            "lambda_l2": float(10 ** draws.uniform(0, 2)),
            "feature_fraction": float(draws.uniform(0.1, 0.7)),
            "bagging_fraction": float(draws.uniform(0.5, 0.95)),
            "cat_smooth": float(10 ** draws.uniform(1, 2)),
        }
        for _ in range(SEARCH_DRAWS)
    ]
    return [*UNSEARCHED, *drawn]


def fit_trees(sample: TrainingRows, seed: int, tried: Sequence[Mapping[str, Any]] | None = None) -> FittedTrees:
    """Trees fitted on all rows; held-out leads choose their number, and which of the `tried` parameters."""
    found = [_cross_validated(sample, seed, more) for more in (UNSEARCHED if tried is None else tried)]
    best = min(found, key=lambda one: log_loss(one.out_of_fold, sample.outcome))
    return replace(best, text=trees_text(sample, seed, best.chosen, best.rounds))


def trees_text(sample: TrainingRows, seed: int, chosen: Mapping[str, Any], rounds: int) -> str:
    """LightGBM's text of `rounds` trees, fitted on all rows."""
    parameters = _parameters(sample, seed) | dict(chosen)
    rows = _dataset(sample.matrix, sample.outcome, sample.columns, parameters)
    return str(lightgbm.train(parameters, rows, rounds).model_to_string())


def _parameters(sample: TrainingRows, seed: int) -> dict[str, Any]:
    rows, columns = sample.matrix.shape
    return PARAMETERS | {
        "seed": seed,
        "monotone_constraints": [column.direction for column in sample.columns],
        "min_data_in_leaf": int(np.clip(rows // 100, 5, 40)),
        # Few columns must not shut each other out.
        "feature_fraction": max(PARAMETERS["feature_fraction"], min(1.0, FEWEST_COLUMNS / max(columns, 1))),
        # Below this, threads wait for each other longer than they work; one thread is the same on every machine.
        "num_threads": 1 if rows < MANY_ROWS else 0,
    }


def _dataset(
    matrix: Floats, outcome: Floats, columns: Sequence[ModelColumn], parameters: Mapping[str, Any]
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        matrix,
        outcome,
        feature_name=[f"c{i}" for i in range(len(columns))],  # LightGBM refuses some characters in names
        categorical_feature=[i for i, column in enumerate(columns) if column.levels is not None],
        free_raw_data=False,
        params=dict(parameters),
    )


def _cross_validated(sample: TrainingRows, seed: int, chosen: Mapping[str, Any]) -> FittedTrees:
    """As many trees as held-out leads like best, and what they say of those leads."""
    parameters = _parameters(sample, seed) | dict(chosen)
    patience = max(20, round(2.4 / parameters["learning_rate"]))  # slower steps are waited for longer
    stop = lightgbm.early_stopping(patience, verbose=False)
    rows = _dataset(sample.matrix, sample.outcome, sample.columns, parameters)
    curve = lightgbm.cv(
        parameters, rows, MOST_ROUNDS, folds=list(sample.folds), callbacks=[stop], return_cvbooster=True,
        fpreproc=_fold_datasets(sample) if sample.encoding_counts else None,
    )  # fmt: skip
    rounds, margins = len(curve["valid binary_logloss-mean"]), np.empty(len(sample.matrix))
    for part, booster in zip(sample.fold_rows(), curve["cvbooster"].boosters, strict=True):
        margins[part.fold[1]] = booster.predict(part.outside, raw_score=True, num_iteration=rounds)
    return FittedTrees("", margins, dict(chosen), rounds)


def _fold_datasets(sample: TrainingRows) -> Callable[..., Any]:
    """Gives LightGBM each fold's own matrices: target encodings of the rows inside know nothing of the outside."""
    parts = sample.fold_rows()

    def fresh(_: Any, __: Any, parameters: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
        part = next(parts)
        inside, outside = (sample.outcome[rows] for rows in part.fold)
        rows = _dataset(part.inside, inside, sample.columns, parameters)
        # LightGBM counts its threads for the whole process, by the newest rows that it was given.
        return rows, rows.create_valid(part.outside, outside, params=parameters), parameters

    return fresh
