"""What is served: the choices that were judged in time order, fitted on all labelled rows, calibrated out of fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Bools, Floats
from training.fit.calibrate import fit_calibrator
from training.fit.doubt import with_doubt
from training.fit.fit import Blend, model_like, rows_like, training_facts
from training.fit.fold_models import FoldModels
from training.model.model import Model


@dataclass(frozen=True)
class ServedFit:
    """A model of all labelled rows, and each row's margin by a fit of the same choices that did not see its lead.

    folds: those fits, one for each of `lead_folds` of the rows; none where the margins come from the judging.
    """

    model: Model
    out_of_fold: Floats
    folds: tuple[Model, ...] = ()


@dataclass(frozen=True)
class Unseen:
    """Each labelled row's margin by what the judging fitted without its lead, and the models of the judging's folds."""

    margins: Floats
    folds: FoldModels


def served_fit(
    judged: Model, labelled: pd.DataFrame, agreement: Agreement, seed: int, unseen: Unseen | None = None
) -> ServedFit:
    """The choices of the judged model (columns, penalty, trees, blend) fitted on all labelled rows.

    Rates and habits move: a model that waits for a test span to pass serves what was true a season ago. Example: judged
    on leads of May and June by what was known in January; what is served has learned from the leads of June as well.
    unseen: what is there already of the judging, as `unseen_margins` gives it; else the choices are fitted on folds.
    """
    sample = rows_like(labelled, agreement, seed, judged)
    folds = unseen.folds if unseen else FoldModels.like(sample, seed, judged.facts, judged.blend)
    margins = unseen.margins if unseen else folds.out_of_fold
    model = model_like(sample, seed, judged, None if unseen else folds.line.weights.mean(axis=0))
    facts = model.facts | training_facts(labelled, agreement, seed)
    calibrator = fit_calibrator(margins, sample.outcome, list(sample.leads), seed, facts["converted_leads"])
    calibrator = with_doubt(calibrator, folds, len(set(sample.leads)) / len(set(folds.sample.leads)))
    made = replace(model, calibrator=calibrator, agreement_text=agreement.text, facts=facts)
    return ServedFit(made, margins, () if unseen else folds.models)


def unseen_margins(judged: Blend, labelled: pd.DataFrame, train: Bools) -> Unseen:
    """Each labelled row's margin by what the judging fitted without its lead: models of the folds, else the model.

    For rows without dates. Where time passes, the later rows would be said by a model that lags behind them.
    """
    margins = np.empty(len(labelled))
    margins[train] = judged.out_of_fold
    margins[~train] = judged.model.margin(judged.model.matrix(labelled[~train]))
    return Unseen(margins, judged.folds)


def fold_models(like: Model, labelled: pd.DataFrame, agreement: Agreement, seed: int) -> tuple[Model, ...]:
    """One model for each fold of whole leads, with the choices of `like`: each saw all leads but those outside."""
    return FoldModels.like(rows_like(labelled, agreement, seed, like), seed, like.facts, like.blend).models
