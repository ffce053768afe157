"""Fitting: trees, a linear model, and the blend of both that held-out leads like best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, Floats
from training.fit.calibrate import fit_calibrator, lasting_shift, shifted_calibrator, widened_calibrator
from training.fit.candidate_columns import candidate_columns, category_pairs, single_categories
from training.fit.ridge import fit_ridge, margin_variance, ridge_model
from training.fit.training_rows import TrainingRows
from training.fit.trees import QUICK_TREES, fit_trees, search_parameters, trees_text
from training.labels.folds import log_loss, row_losses
from training.model.columns import ModelColumn
from training.model.model import Model

BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)  # the trees' share; the linear model stays a candidate at every size
ENOUGH_FOR_TREES = 100  # converted leads; with fewer, trees learn single leads by heart
ENOUGH_FOR_FULL = 100  # converted leads; with fewer a score says that it rests on few
ENOUGH_TO_FORGET = 500  # converted leads; with fewer the line is shrunk to what the criteria's prior says
CHOICES = ("shrinkage", "trees", "rounds")  # of a model's facts, beside its columns and blend


@dataclass(frozen=True)
class Blend:
    """Trees and a line in the shares that held-out leads like best, and what they say of each row's unseen lead."""

    model: Model
    out_of_fold: Floats
    margin_variance: Floats  # the variance of each row's margin


@dataclass(frozen=True)
class CandidateInputs:
    """What a model may read: columns of the frame, and the categories whose rates become columns."""

    columns: tuple[ModelColumn, ...]
    rated: tuple[tuple[str, ...], ...] = ()

    def sample(self, rows: pd.DataFrame, agreement: Agreement, seed: int) -> TrainingRows:
        score_50 = agreement.policy.score_50
        return TrainingRows.of(rows, self.columns, self.rated, math.log(score_50 / (1 - score_50)), seed)

    def and_(self, more: CandidateInputs, order: Sequence[ModelColumn]) -> CandidateInputs:
        """These inputs and more, the columns in this order."""
        both = [*self.columns, *more.columns]
        return CandidateInputs(tuple(column for column in order if column in both), (*self.rated, *more.rated))


def fitted_model(rows: pd.DataFrame, agreement: Agreement, seed: int, search: bool = False) -> Model:
    """The model of labelled snapshots with their features, calibrated on what it says of leads that it did not see.

    Every choice, inputs, number of trees, shrinkage and blend, is made on folds of whole leads inside the rows.
    search: choose the parameters of the trees among drawn ones as well.
    """
    return calibrated_model(chosen_blend(rows, agreement, seed, search), rows, agreement, seed)


def refitted_model(rows: pd.DataFrame, agreement: Agreement, seed: int, like: Model) -> Model:
    """A model of other rows by the choices that made `like`: its inputs, shrinkage, trees and blend."""
    names = {column.name for column in like.columns}
    columns = tuple(column for column in candidate_columns(rows, agreement) if column.name in names)
    rated = tuple(column.rates.of for column in like.columns if column.rates is not None)
    sample = CandidateInputs(columns, rated).sample(rows, agreement, seed)
    line = ridge_model(sample, like.facts["shrinkage"])
    text = trees_text(sample, seed, like.facts["trees"], like.facts["rounds"]) if like.blend > 0 else ""
    kept = {name: like.facts[name] for name in CHOICES if name in like.facts}
    model = Model(sample.columns, text, line, like.blend, like.calibrator, agreement_text=agreement.text)
    return replace(model, facts=kept | training_facts(rows, agreement, seed))


def calibrated_model(found: Blend, rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The blend, calibrated on its out-of-fold margins; on the level of the newest rows, if that moved for sure."""
    outcome, leads = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy(object)
    facts = found.model.facts | training_facts(rows, agreement, seed)
    calibrator = fit_calibrator(found.out_of_fold, outcome, list(leads), seed, facts["converted_leads"])
    calibrator = widened_calibrator(calibrator, found.out_of_fold, found.margin_variance)
    since = lasting_shift(calibrator.logit(found.out_of_fold), rows) if agreement.outcome.horizon_days else None
    if since is not None:
        calibrator = shifted_calibrator(calibrator, since)
        facts["shift"] = {"level": since.level, "error": since.error}
    return replace(found.model, calibrator=calibrator, agreement_text=agreement.text, facts=facts)


def training_facts(rows: pd.DataFrame, agreement: Agreement, seed: int) -> dict[str, Any]:
    """What a score and a gate must know of the rows that a model learned from."""
    converted = int(rows.loc[rows["outcome"], "lead_id"].nunique())
    return label_span(rows, agreement) | {
        "base_rate": float(rows["outcome"].mean()),
        "basis": "full" if converted >= ENOUGH_FOR_FULL else "few",
        "seed": seed,
        "horizon_days": agreement.outcome.horizon_days,
        "converted_leads": converted,
    }


def label_span(rows: pd.DataFrame, agreement: Agreement) -> dict[str, int | None]:
    """Up to when labelled snapshots reach, and the last label that was read for one; None where nothing has a date."""
    newest_us, days = int(rows["snapshot_us"].max()), agreement.outcome.horizon_days
    return {
        "learned_until_us": newest_us,
        "labels_until_us": None if days is None else newest_us + round(days * DAY_US),
    }


def chosen_blend(rows: pd.DataFrame, agreement: Agreement, seed: int, search: bool = False) -> Blend:
    """The blend on the inputs that held-out leads like best; which they are is found with quick trees.

    How long a lead has been known and all that it ever did stand beyond the training rows as soon as they are older
    than sales usually lets a lead become, and the open leads are: these columns must win by two standard errors. What
    colleagues do says the same of each of them: by one. Rates of categories only have to win.
    """
    columns = candidate_columns(rows, agreement)
    is_believed = rows.loc[rows["outcome"], "lead_id"].nunique() < ENOUGH_TO_FORGET
    columns = tuple(column for column in columns if is_believed or not column.is_criterion)
    inputs = CandidateInputs(tuple(column for column in columns if not column.is_lifetime and not column.is_account))
    sample = inputs.sample(rows, agreement, seed)
    if not _is_enough(sample):
        return blend(sample, seed)
    best = None
    for more, errors in _more(rows, columns, agreement, seed):
        best = fit_trees(sample, seed, [QUICK_TREES]) if best is None else best
        wider = inputs.and_(more, columns)
        tried_on = wider.sample(rows, agreement, seed)
        tried = fit_trees(tried_on, seed, [QUICK_TREES])
        if _is_better(tried.out_of_fold, best.out_of_fold, sample, errors):
            inputs, sample, best = wider, tried_on, tried
    return blend(sample, seed, search_parameters(seed) if search else None)


def _more(
    rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement, seed: int
) -> Iterator[tuple[CandidateInputs, float]]:
    """What may be read as well, and by how many standard errors it must win."""
    wider = (
        (CandidateInputs((), single_categories(columns)), 0.0),
        (CandidateInputs((), category_pairs(rows, columns, agreement, seed)), 0.0),
        (CandidateInputs(tuple(column for column in columns if column.is_lifetime and not column.is_account)), 2.0),
        (CandidateInputs(tuple(column for column in columns if column.is_account)), 1.0),
    )
    yield from ((more, errors) for more, errors in wider if more != CandidateInputs(()))


def _is_better(wider: Floats, lean: Floats, sample: TrainingRows, errors: float) -> bool:
    """Whether held-out leads like the wider margins better, by so many standard errors over leads."""
    gained = row_losses(lean, sample.outcome) - row_losses(wider, sample.outcome)
    by_lead = pd.Series(gained).groupby(sample.leads).sum()
    return bool(by_lead.sum() > errors * np.sqrt(len(by_lead)) * by_lead.std())


def blend(sample: TrainingRows, seed: int, tried: Sequence[Mapping[str, Any]] | None = None) -> Blend:
    """Trees and a line on a sample, blended as its held-out leads like best.

    tried: parameters of trees to choose from; by default those of `fit_trees`.
    """
    line = fit_ridge(sample)
    doubts = margin_variance(sample, line.linear, line.shrinkage)
    trees = fit_trees(sample, seed, tried) if _is_enough(sample) else None
    if trees is None:
        return Blend(
            Model(sample.columns, "", line.linear, 0.0, facts={"shrinkage": line.shrinkage}), line.out_of_fold, doubts
        )
    margins = {share: share * trees.out_of_fold + (1 - share) * line.out_of_fold for share in BLENDS}
    best = min(BLENDS, key=lambda share: log_loss(margins[share], sample.outcome))
    facts = {"shrinkage": line.shrinkage, "trees": dict(trees.chosen), "rounds": trees.rounds}
    return Blend(Model(sample.columns, trees.text, line.linear, best, facts=facts), margins[best], doubts)


def _is_enough(sample: TrainingRows) -> bool:
    return len(set(sample.leads[sample.outcome == 1])) >= ENOUGH_FOR_TREES
