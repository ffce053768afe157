"""What is served: the choices that were judged in time order, fitted on all labelled rows, calibrated out of fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.fit.calibrate import fit_calibrator, widened_calibrator
from training.fit.fit import refitted_model, rows_like
from training.fit.ridge import margin_variance
from training.labels.folds import lead_folds
from training.model.model import Model


@dataclass(frozen=True)
class ServedFit:
    """A model of all labelled rows, and each row's margin by a fit of the same choices that did not see its lead.

    folds: those fits, one for each of `lead_folds` of the rows.
    """

    model: Model
    out_of_fold: Floats
    folds: tuple[Model, ...] = ()


def served_fit(judged: Model, labelled: pd.DataFrame, agreement: Agreement, seed: int) -> ServedFit:
    """The choices of the judged model (columns, penalty, trees, blend) fitted on all labelled rows.

    Rates and habits move: a model that waits for a test span to pass serves what was true a season ago. Example: judged
    on leads of May and June by what was known in January; what is served has learned from the leads of June as well.
    """
    model = refitted_model(labelled, agreement, seed, judged)
    outcome, leads = labelled["outcome"].to_numpy(np.float64), labelled["lead_id"].to_numpy(object)
    folds, margins = fold_models(judged, labelled, agreement, seed), np.empty(len(labelled))
    for (_, outside), fold in zip(lead_folds(outcome, list(leads), seed), folds, strict=True):
        margins[outside] = fold.margin(fold.matrix(labelled.iloc[outside]))
    calibrator = fit_calibrator(margins, outcome, list(leads), seed, model.facts["converted_leads"])
    if model.linear is not None:
        sample = rows_like(labelled, agreement, seed, judged)
        doubts = margin_variance(sample, model.linear, model.facts["shrinkage"])
        calibrator = widened_calibrator(calibrator, margins, doubts)
    return ServedFit(replace(model, calibrator=calibrator), margins, folds)


def fold_models(like: Model, labelled: pd.DataFrame, agreement: Agreement, seed: int) -> tuple[Model, ...]:
    """One model for each fold of whole leads, with the choices of `like`: each saw all leads but those outside."""
    outcome, leads = labelled["outcome"].to_numpy(np.float64), labelled["lead_id"].to_numpy(object)
    folds = lead_folds(outcome, list(leads), seed)
    return tuple(refitted_model(labelled.iloc[inside], agreement, seed, like) for inside, _ in folds)
