"""Fitting: trees, a linear model, and the blend of both that held-out leads like best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.agreement import Agreement
from features.recurrence import Floats
from features.snapshots import group_of, model_traits
from training.calibrate import fit_calibrator
from training.columns import OTHER, Column
from training.folds import Fold, lead_folds, log_loss
from training.linear import Linear, design, fit_linear, terms_of
from training.model import Model
from training.trees import fit_trees

FEWEST_LEADS = 20  # a level that fewer leads have is pooled: it would be learned by heart
SHRINKAGES = (3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0)
BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)  # the trees' share; the linear model stays a candidate at every size
ENOUGH_FOR_FULL = 100  # converted leads; with fewer a score says that it rests on few


@dataclass(frozen=True)
class FittedLinear:
    """The linear model, and the margin of each training row by one that did not see its lead."""

    linear: Linear
    out_of_fold: Floats


def fit(train_rows: pd.DataFrame, calibration_rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The model of `train_rows`, calibrated on `calibration_rows`; labelled snapshots with their features, both.

    Every choice, the number of trees, the shrinkage and the blend, is made on folds of whole leads inside train.
    """
    columns = columns_of(train_rows, agreement)
    matrix = Model(columns).matrix(train_rows)
    outcome = train_rows["outcome"].to_numpy(np.float64)
    folds = lead_folds(outcome, list(train_rows["lead_id"]), seed)
    trees = fit_trees(matrix, outcome, columns, folds, seed)
    line = fit_shrunk(matrix, outcome, columns, folds)
    blend = min(BLENDS, key=lambda w: log_loss(w * trees.out_of_fold + (1 - w) * line.out_of_fold, outcome))
    raw = Model(columns, trees.text, line.linear, blend)
    margin = raw.margin(raw.matrix(calibration_rows))
    became = calibration_rows["outcome"].to_numpy(np.float64)
    calibrator = fit_calibrator(margin, became, list(calibration_rows["lead_id"]), seed)
    converted = train_rows.loc[train_rows["outcome"], "lead_id"].nunique()
    facts = {
        "base_rate": float(np.concatenate([outcome, became]).mean()),
        "basis": "full" if converted >= ENOUGH_FOR_FULL else "few",
        "seed": seed,
        "horizon_days": agreement.outcome.horizon_days,
    }
    return Model(columns, trees.text, line.linear, blend, calibrator, facts, agreement.text)


def columns_of(rows: pd.DataFrame, agreement: Agreement) -> tuple[Column, ...]:
    """The inputs that say anything in these labelled snapshots: constants are left out, rare levels pooled."""
    kinds = model_traits(agreement)
    found = []
    for name in rows.columns.drop(["lead_id", "snapshot_us", "is_arrival", "outcome"]):
        if rows[name].nunique(dropna=False) < 2:
            continue
        group, kind = group_of(str(name), agreement)
        levels = _levels(rows, name) if kinds.get(name) == "category" else None
        found.append(Column(str(name), group, kind, levels, _direction(str(name), group, kind, agreement)))
    return tuple(found)


def _levels(rows: pd.DataFrame, name: str) -> tuple[str, ...]:
    leads = rows["lead_id"].groupby(rows[name].astype("string")).nunique()
    common = sorted(str(level) for level in leads.index[leads >= FEWEST_LEADS])
    return (*common, OTHER)


def _direction(name: str, group: str, kind: str, agreement: Agreement) -> int:
    """+1 or -1 where the agreement says so of a behaviour; never of a category: LightGBM aborts the process."""
    if kind != "behaviour":
        return 0
    sign = {"up": 1, "down": -1, None: 0}[agreement.behaviours[group].direction]
    return -sign if name.startswith("days_since") else sign


def fit_shrunk(matrix: Floats, outcome: Floats, columns: Sequence[Column], folds: Sequence[Fold]) -> FittedLinear:
    """The linear model, its shrinkage the one that predicts held-out leads of `folds` best."""
    terms = terms_of(matrix, columns)
    rows, signs = design(terms, matrix), [columns[term.column].direction for term in terms]
    signs = [0 if term.kind == "missing" else sign for term, sign in zip(terms, signs, strict=True)]

    def held_out(shrinkage: float) -> Floats:
        margins = np.empty(len(outcome))
        for inside, outside in folds:
            margins[outside] = fit_linear(terms, rows[inside], outcome[inside], shrinkage, signs).margin(
                matrix[outside]
            )
        return margins

    # Small products: BLAS threads would wait for each other longer than they multiply.
    with threadpool_limits(1):
        judged = {shrinkage: held_out(shrinkage) for shrinkage in SHRINKAGES}
        best = min(judged, key=lambda shrinkage: log_loss(judged[shrinkage], outcome))
        return FittedLinear(fit_linear(terms, rows, outcome, best, signs), judged[best])
