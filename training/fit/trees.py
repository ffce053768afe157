"""Fits the trees: LightGBM with few leaves a tree, and as many trees as held-out leads like best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from features.arrays import Floats
from training.fit.training_rows import FoldRows, TrainingRows
from training.model.columns import ModelColumn

MOST_ROUNDS = 2_000
FEWEST_COLUMNS = 8
MANY_ROWS = 100_000
SEARCH_DRAWS = 16  # drawn parameters of a search
# Few leaves explain in microseconds and lose nothing; held-out leads choose.
UNSEARCHED: tuple[dict[str, Any], ...] = ({"num_leaves": 4}, {"num_leaves": 8})
# Two numbers that tell only together are seldom among the few columns of one tree.
ALL_COLUMNS: dict[str, Any] = {"num_leaves": 8, "feature_fraction": 1.0}
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.06,
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
ROUNDS = "num_iterations"
QUICK_TREES: Mapping[str, Any] = {"learning_rate": 0.2}  # to choose inputs by: a third of the trees


@dataclass(frozen=True)
class FoldTrees:
    """The trees of the folds, each grown without the leads of its own fold, with what held-out leads chose."""

    boosters: Sequence[lightgbm.Booster]
    out_of_fold: Floats
    chosen: Mapping[str, Any]
    rounds: int

    def margin(self, fold: int, matrix: Floats) -> Floats:
        """What the trees of one fold say of some rows."""
        return np.asarray(self.boosters[fold].predict(matrix, raw_score=True, num_iteration=self.rounds))

    def text(self, fold: int) -> str:
        """LightGBM's text of the trees of one fold."""
        return str(self.boosters[fold].model_to_string(num_iteration=self.rounds))


def search_parameters(seed: int) -> list[dict[str, Any]]:
    """Parameters to search among: those tried without a search, all columns at once, and SEARCH_DRAWS drawn ones.

    All have few leaves.
    """
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
    return [*UNSEARCHED, ALL_COLUMNS, *drawn]


def fit_fold_trees(
    sample: TrainingRows, seed: int, tried: Sequence[Mapping[str, Any]] | None = None, rounds: int | None = None
) -> FoldTrees:
    """The trees of the folds; held-out leads choose how many, unless `rounds` says so, and which `tried` parameters."""
    choices, shared = UNSEARCHED if tried is None else tried, _parameters(sample, seed)
    # Rows are binned once for all choices; a choice that has no rival may bin them by settings of its own.
    binned = shared | (dict(choices[0]) if len(choices) == 1 else {})
    folds = [_TreeFold.of(part, sample, binned) for part in sample.fold_rows()]
    grown = [_grown(folds, shared, more, rounds) for more in choices]
    return min(grown, key=lambda one: one.loss).on(folds, len(sample.outcome))


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


@dataclass(frozen=True)
class _TreeFold:
    """The rows of one fold, binned once for all parameters that are tried."""

    part: FoldRows
    inside: lightgbm.Dataset
    outside: lightgbm.Dataset

    @classmethod
    def of(cls, part: FoldRows, sample: TrainingRows, parameters: Mapping[str, Any]) -> _TreeFold:
        fitted, judged = (sample.outcome[rows] for rows in part.fold)
        inside = _dataset(part.inside, fitted, sample.columns, parameters)
        # LightGBM counts its threads for the whole process, by the newest rows that it was given.
        return cls(part, inside, inside.create_valid(part.outside, judged, params=dict(parameters)))

    def booster(self, parameters: Mapping[str, Any]) -> lightgbm.Booster:
        booster = lightgbm.Booster(dict(parameters), self.inside)
        booster.add_valid(self.outside, "outside")
        return booster


@dataclass(frozen=True)
class _Grown:
    """The trees of each fold with some parameters, and how many of them its held-out leads like best."""

    boosters: Sequence[lightgbm.Booster]
    chosen: Mapping[str, Any]
    rounds: int
    loss: float

    def on(self, folds: Sequence[_TreeFold], rows: int) -> FoldTrees:
        margins = np.empty(rows)
        for fold, booster in zip(folds, self.boosters, strict=True):
            margins[fold.part.fold[1]] = booster.predict(fold.part.outside, raw_score=True, num_iteration=self.rounds)
        return FoldTrees(self.boosters, margins, dict(self.chosen), self.rounds)


def _grown(
    folds: Sequence[_TreeFold], shared: Mapping[str, Any], chosen: Mapping[str, Any], rounds: int | None
) -> _Grown:
    """Trees are added to all folds alike until their mean log loss has not fallen for a while, or to `rounds`.

    A choice that says how many trees there are to be (ROUNDS) has so many.
    """
    rounds, chosen = rounds or chosen.get(ROUNDS), {name: value for name, value in chosen.items() if name != ROUNDS}
    parameters = dict(shared) | chosen
    boosters = [fold.booster(parameters) for fold in folds]
    patience = max(20, round(3.0 / parameters["learning_rate"]))  # slower steps are waited for longer
    best, lowest = rounds or 0, np.inf
    for grown in range(1, (rounds or MOST_ROUNDS) + 1):
        loss = float(np.mean([_with_one_more(booster) for booster in boosters]))
        if rounds is None and loss < lowest:
            best, lowest = grown, loss
        elif rounds is None and grown - best >= patience:
            break
    return _Grown(boosters, chosen, best, lowest)


def _with_one_more(booster: lightgbm.Booster) -> float:
    """The log loss of the held-out rows with one more tree."""
    booster.update()
    return float(booster.eval_valid()[0][2])
