"""Fitting: trees, a linear model, and the blend of both that held-out leads like best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from features.agreement import Agreement
from features.recurrence import Floats
from features.snapshots import group_of, model_traits
from training.calibrate import fit_calibrator
from training.columns import NOT_FEATURES, OTHER, Column
from training.folds import Fold, lead_folds, log_loss, row_losses
from training.linear import Design, Linear, fit_linear, terms_of
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


@dataclass(frozen=True)
class Blend:
    """Trees and a line in the shares that held-out leads like best, and what they say of each row's unseen lead."""

    model: Model
    out_of_fold: Floats


def fit(train_rows: pd.DataFrame, calibration_rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The model of `train_rows`, calibrated on `calibration_rows`; labelled snapshots with their features, both.

    Every choice, columns, number of trees, shrinkage and blend, is made on folds of whole leads inside train.
    """
    found = chosen(train_rows, columns_of(train_rows, agreement), seed)
    outcome = calibration_rows["outcome"].to_numpy(np.float64)
    margin = found.model.margin(found.model.matrix(calibration_rows))
    converted = train_rows.loc[train_rows["outcome"], "lead_id"].nunique()
    calibrator = fit_calibrator(margin, outcome, list(calibration_rows["lead_id"]), seed, converted)
    facts = {
        "base_rate": float(pd.concat([train_rows["outcome"], calibration_rows["outcome"]]).mean()),
        "basis": "full" if converted >= ENOUGH_FOR_FULL else "few",
        "seed": seed,
        "horizon_days": agreement.outcome.horizon_days,
    }
    return replace(found.model, calibrator=calibrator, facts=facts, agreement_text=agreement.text)


def chosen(rows: pd.DataFrame, columns: Sequence[Column], seed: int) -> Blend:
    """The blend without lifetime and account columns, unless held-out leads like the one with them clearly better.

    How long a lead has been known and all that it ever did stand beyond the training rows as soon as they are older
    than sales usually lets a lead become; and what colleagues do says the same of each of them. So these columns have
    to earn their place, the ones after the others: by one standard error.
    """
    outcome, leads = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy()
    folds = lead_folds(outcome, list(leads), seed)
    used = [column for column in columns if not column.is_lifetime and not column.is_account]
    best = blend(rows, used, folds, seed)
    for more in (
        [column for column in columns if column.is_lifetime and not column.is_account],
        [column for column in columns if column.is_account],
    ):
        if more:
            wider = blend(rows, [column for column in columns if column in [*used, *more]], folds, seed)
            if _is_clearly_better(wider, best, outcome, leads):
                best, used = wider, [*used, *more]
    return best


def _is_clearly_better(wider: Blend, lean: Blend, outcome: Floats, leads: npt.NDArray[np.object_]) -> bool:
    gained = row_losses(lean.out_of_fold, outcome) - row_losses(wider.out_of_fold, outcome)
    by_lead = pd.Series(gained).groupby(leads).sum()
    return bool(by_lead.sum() > np.sqrt(len(by_lead)) * by_lead.std())


def blend(rows: pd.DataFrame, columns: Sequence[Column], folds: Sequence[Fold], seed: int) -> Blend:
    """Trees and a line on some columns, blended as the held-out leads of `folds` like best."""
    matrix, outcome = Model(tuple(columns)).matrix(rows), rows["outcome"].to_numpy(np.float64)
    trees = fit_trees(matrix, outcome, columns, folds, seed)
    line = fit_shrunk(matrix, outcome, columns, folds)
    margins = {share: share * trees.out_of_fold + (1 - share) * line.out_of_fold for share in BLENDS}
    best = min(BLENDS, key=lambda share: log_loss(margins[share], outcome))
    return Blend(Model(tuple(columns), trees.text, line.linear, best), margins[best])


def columns_of(rows: pd.DataFrame, agreement: Agreement) -> tuple[Column, ...]:
    """The inputs that say anything in these labelled snapshots: constants are left out, rare levels pooled."""
    kinds = model_traits(agreement)
    found = []
    for name in rows.columns.drop(NOT_FEATURES):
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
    rows, signs = Design.of(terms).rows(matrix), [columns[term.column].direction for term in terms]
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
