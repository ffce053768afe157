"""What is served: the choices that were judged in time order, fitted on all labelled rows, calibrated out of fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Bools, Floats
from training.fit.calibrate import fit_calibrator, widened_calibrator
from training.fit.fit import Blend, model_like, rows_like, training_facts
from training.fit.fold_models import FoldModels
from training.fit.ridge import margin_variance
from training.model.model import Model


@dataclass(frozen=True)
class ServedFit:
    """A model of all labelled rows, and each row's margin by a fit of the same choices that did not see its lead.

    folds: those fits, one for each of `lead_folds` of the rows; none where the margins come from the judging.
    """

    model: Model
    out_of_fold: Floats
    folds: tuple[Model, ...] = ()


def served_fit(
    judged: Model, labelled: pd.DataFrame, agreement: Agreement, seed: int, unseen: Floats | None = None
) -> ServedFit:
    """The choices of the judged model (columns, penalty, trees, blend) fitted on all labelled rows.

    Rates and habits move: a model that waits for a test span to pass serves what was true a season ago. Example: judged
    on leads of May and June by what was known in January; what is served has learned from the leads of June as well.
    unseen: margins out of fold where they are there already, as `unseen_margins` gives them.
    """
    sample = rows_like(labelled, agreement, seed, judged)
    folds = FoldModels.like(sample, seed, judged.facts, judged.blend) if unseen is None else None
    margins = folds.out_of_fold if folds else unseen
    assert margins is not None
    model = model_like(sample, seed, judged, folds.line.weights.mean(axis=0) if folds else None)
    facts = model.facts | training_facts(labelled, agreement, seed)
    calibrator = fit_calibrator(margins, sample.outcome, list(sample.leads), seed, facts["converted_leads"])
    if model.linear is not None:
        doubts = margin_variance(sample, model.linear, model.facts["shrinkage"])
        calibrator = widened_calibrator(calibrator, margins, doubts)
    made = replace(model, calibrator=calibrator, agreement_text=agreement.text, facts=facts)
    return ServedFit(made, margins, folds.models if folds else ())


def unseen_margins(judged: Blend, labelled: pd.DataFrame, train: Bools) -> Floats:
    """Each labelled row's margin by what the judging fitted without its lead: models of the folds, else the model.

    For rows without dates. Where time passes, the later rows would be said by a model that lags behind them.
    """
    margins = np.empty(len(labelled))
    margins[train] = judged.out_of_fold
    margins[~train] = judged.model.margin(judged.model.matrix(labelled[~train]))
    return margins


def fold_models(like: Model, labelled: pd.DataFrame, agreement: Agreement, seed: int) -> tuple[Model, ...]:
    """One model for each fold of whole leads, with the choices of `like`: each saw all leads but those outside."""
    return FoldModels.like(rows_like(labelled, agreement, seed, like), seed, like.facts, like.blend).models
