"""Likeness: which leads are like those that sales tried, by trees that tell first tries from all other looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.fit.candidate_columns import candidate_columns
from training.fit.fit import CandidateInputs
from training.fit.training_rows import TrainingRows
from training.fit.trees import FoldTrees, fit_fold_trees, trees_text
from training.model.columns import ModelColumn
from training.model.if_tried import Likeness
from training.model.model import Model

MOST_LOOKS = 20_000  # of those that tell no try: more cost time and move no odds
MOST_COLUMNS = 12
NEARLY_ALL = 0.99  # of the other looks
LEAST_LIKE = 0.01  # of the first tries are less like a first try than `Likeness.least`
TREES = {"num_leaves": 8, "learning_rate": 0.12}  # a linear model misses who is tried on one event, or by a queue


@dataclass(frozen=True)
class Overlap:
    """How far the open leads are like those that were tried.

    unlike: the share of the open leads that are unlike all that were tried; None where no lead is open. apart: the
    share of the first tries that are unlike nearly all other looks at leads of their ages.
    effective: how many first tries of a random choice these are worth, as a share of them.
    """

    likeness: Likeness
    unlike: float | None
    apart: float
    effective: float


def overlap_of(
    looks: pd.DataFrame, others: pd.DataFrame, open_now: pd.DataFrame, agreement: Agreement, seed: int
) -> Overlap:
    """The overlap of the open leads with the decision looks.

    looks, others: one row per decision look, and per other look at leads of the same time; open_now: one row per lead
    that is open and was never tried; all with their features.
    """
    kept = thinned_by_lead(others, MOST_LOOKS, seed)
    is_try = np.repeat([True, False], [len(looks), len(kept)])
    rows = pd.concat([looks, kept], ignore_index=True).assign(outcome=is_try)
    columns = [c for c in candidate_columns(rows, agreement) if not c.is_account and not c.is_criterion]
    sample, trees = _trees(rows, columns, agreement, seed)
    sample, trees = _trees(rows, _telling(Model(sample.columns, trees.text(0))), agreement, seed)
    model, margin = Model(sample.columns, trees_text(sample, seed, trees.chosen, trees.rounds)), trees.out_of_fold
    likeness = Likeness(model, float(np.quantile(margin[is_try], LEAST_LIKE)), float(looks["days_open"].max()))
    of_their_ages = ~is_try & (rows["days_open"].to_numpy(np.float64) <= likeness.oldest_days)
    apart = _apart_share(margin[is_try], margin[of_their_ages])
    unlike = float(likeness.is_unlike(open_now).mean()) if len(open_now) else None
    return Overlap(likeness, unlike, apart, _effective_share(margin[is_try]))


def _trees(
    rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement, seed: int
) -> tuple[TrainingRows, FoldTrees]:
    """The rows as trees read them, and trees of each fold that read these columns."""
    sample = CandidateInputs(tuple(columns)).training_rows(rows, agreement, seed)
    return sample, fit_fold_trees(sample, seed, [TREES])


def _telling(model: Model) -> list[ModelColumn]:
    """The columns that trees split on most: each score reads them all, and dozens more tell hardly anything."""
    assert model.booster is not None
    splits = model.booster.feature_importance("split")
    most = sorted(np.argsort(-splits, kind="stable")[:MOST_COLUMNS].tolist())
    return [model.columns[place] for place in most]


def thinned_by_lead(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Whole leads drawn at random, as many as have about `most` rows; all where they have fewer."""
    if len(rows) <= most:
        return rows
    leads = np.sort(rows["lead_id"].unique())
    drawn = np.random.default_rng(seed).permutation(leads)[: max(round(len(leads) * most / len(rows)), 1)]
    return rows[rows["lead_id"].isin(drawn)]


def _apart_share(tries: Floats, others: Floats) -> float:
    return float((tries > np.quantile(others, NEARLY_ALL)).mean()) if len(others) else 1.0


def _effective_share(margin: Floats) -> float:
    """The effective share of first tries that are weighted by the inverse odds of a try."""
    weight = np.exp(-(margin - margin.min()))
    return float(weight.sum() ** 2 / (len(weight) * (weight**2).sum()))
