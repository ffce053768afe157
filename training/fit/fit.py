"""Fits the whole model: chooses its columns, fits trees and a linear model, blends and calibrates them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, Floats
from training.fit.calibrate import fit_calibrator, widened_calibrator
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
    """Trees and a linear model in the shares that predict held-out leads best.

    out_of_fold: each row's margin by a model that did not see its lead.
    """

    model: Model
    out_of_fold: Floats
    margin_variance: Floats  # the variance of each row's margin


@dataclass(frozen=True)
class CandidateInputs:
    """What a model may read: columns of the frame, and categories, one or two each, that are target encoded."""

    columns: tuple[ModelColumn, ...]
    encoded_categories: tuple[tuple[str, ...], ...] = ()

    def training_rows(self, rows: pd.DataFrame, agreement: Agreement, seed: int) -> TrainingRows:
        score_50 = agreement.policy.score_50
        return TrainingRows.of(rows, self.columns, self.encoded_categories, math.log(score_50 / (1 - score_50)), seed)

    def with_more(self, more: CandidateInputs, order: Sequence[ModelColumn]) -> CandidateInputs:
        """These inputs and `more`, with the columns in this order."""
        both = [*self.columns, *more.columns]
        return CandidateInputs(
            tuple(column for column in order if column in both), (*self.encoded_categories, *more.encoded_categories)
        )


def fitted_model(rows: pd.DataFrame, agreement: Agreement, seed: int, search: bool = False) -> Model:
    """The model fitted on labelled snapshots with their features, and calibrated on its out-of-fold margins.

    Every choice (columns, number of trees, penalty, blend) is made on folds of whole leads inside the rows.
    search: choose the parameters of the trees among drawn ones as well.
    """
    return calibrated_model(chosen_blend(rows, agreement, seed, search), rows, agreement, seed)


def refitted_model(rows: pd.DataFrame, agreement: Agreement, seed: int, like: Model) -> Model:
    """A model of other rows, with the columns, penalty, tree parameters and blend that were chosen for `like`."""
    sample = rows_like(rows, agreement, seed, like)
    line = ridge_model(sample, like.facts["shrinkage"])
    text = trees_text(sample, seed, like.facts["trees"], like.facts["rounds"]) if like.blend > 0 else ""
    kept = {name: like.facts[name] for name in CHOICES if name in like.facts}
    model = Model(sample.columns, text, line, like.blend, like.calibrator, agreement_text=agreement.text)
    return replace(model, facts=kept | training_facts(rows, agreement, seed))


def rows_like(rows: pd.DataFrame, agreement: Agreement, seed: int, like: Model) -> TrainingRows:
    """Other rows as training rows, with the columns and target encodings that were chosen for `like`."""
    names = {column.name for column in like.columns}
    columns = tuple(column for column in candidate_columns(rows, agreement) if column.name in names)
    rated = tuple(column.rates.of for column in like.columns if column.rates is not None)
    return CandidateInputs(columns, rated).training_rows(rows, agreement, seed)


def calibrated_model(blend: Blend, rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The blend with a calibrator, fitted on its out-of-fold margins."""
    outcome, leads = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy(object)
    facts = blend.model.facts | training_facts(rows, agreement, seed)
    calibrator = fit_calibrator(blend.out_of_fold, outcome, list(leads), seed, facts["converted_leads"])
    calibrator = widened_calibrator(calibrator, blend.out_of_fold, blend.margin_variance)
    return replace(blend.model, calibrator=calibrator, agreement_text=agreement.text, facts=facts)


def training_facts(rows: pd.DataFrame, agreement: Agreement, seed: int) -> dict[str, Any]:
    """What a score and a gate must know of the rows that a model learned from."""
    converted = int(rows.loc[rows["outcome"], "lead_id"].nunique())
    return label_span(rows, agreement) | {
        "base_rate": float(rows["outcome"].mean()),
        "basis": "full" if converted >= ENOUGH_FOR_FULL else "few",
        "seed": seed,
        "horizon_days": agreement.outcome.horizon_days,
        "asks": agreement.outcome.asks,
        "converted_leads": converted,
    }


def label_span(rows: pd.DataFrame, agreement: Agreement) -> dict[str, int | None]:
    """Up to when labelled snapshots reach, and the last label that was read for one; None where nothing has a date."""
    last_us, days = int(rows["snapshot_us"].max()), agreement.outcome.horizon_days
    return {"learned_until_us": last_us, "labels_until_us": None if days is None else last_us + round(days * DAY_US)}


def chosen_blend(rows: pd.DataFrame, agreement: Agreement, seed: int, search: bool = False) -> Blend:
    """The blend on the columns that predict held-out leads best; quick trees find which they are.

    Target encodings are added where they lower the log loss at all. Columns of the account must win by one standard
    error, since they say the same of all its leads. Lifetime columns (how long a lead is known, all that it ever did)
    must win by two: open leads are often older than any lead in the training rows.
    """
    columns = candidate_columns(rows, agreement)
    is_believed = rows.loc[rows["outcome"], "lead_id"].nunique() < ENOUGH_TO_FORGET
    columns = tuple(column for column in columns if is_believed or not column.is_criterion)
    inputs = CandidateInputs(tuple(column for column in columns if not column.is_lifetime and not column.is_account))
    sample = inputs.training_rows(rows, agreement, seed)
    if not _is_enough(sample):
        return blend(sample, seed)
    best = None
    for more, errors in _more(rows, columns, agreement, seed):
        best = fit_trees(sample, seed, [QUICK_TREES]) if best is None else best
        wider = inputs.with_more(more, columns)
        tried_on = wider.training_rows(rows, agreement, seed)
        tried = fit_trees(tried_on, seed, [QUICK_TREES])
        if _is_better(tried.out_of_fold, best.out_of_fold, sample, errors):
            inputs, sample, best = wider, tried_on, tried
    return blend(sample, seed, search_parameters(seed) if search else None)


def _more(
    rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement, seed: int
) -> Iterator[tuple[CandidateInputs, float]]:
    """Each group of inputs that may be added, and by how many standard errors it must win."""
    wider = (
        (CandidateInputs((), single_categories(columns)), 0.0),
        (CandidateInputs((), category_pairs(rows, columns, agreement, seed)), 0.0),
        (CandidateInputs(tuple(column for column in columns if column.is_lifetime and not column.is_account)), 2.0),
        (CandidateInputs(tuple(column for column in columns if column.is_account)), 1.0),
    )
    yield from ((more, errors) for more, errors in wider if more != CandidateInputs(()))


def _is_better(wider: Floats, lean: Floats, sample: TrainingRows, errors: float) -> bool:
    """Whether the wider inputs have a lower log loss than the lean ones, by so many standard errors over leads."""
    gained = row_losses(lean, sample.outcome) - row_losses(wider, sample.outcome)
    by_lead = pd.Series(gained).groupby(sample.leads).sum()
    return bool(by_lead.sum() > errors * np.sqrt(len(by_lead)) * by_lead.std())


def blend(sample: TrainingRows, seed: int, tried: Sequence[Mapping[str, Any]] | None = None) -> Blend:
    """Trees and a linear model fitted on training rows, and the share of both that predicts held-out leads best.

    tried: parameters of trees to choose from; by default those of `fit_trees`.
    """
    line = fit_ridge(sample)
    doubts = margin_variance(sample, line.linear, line.strength)
    trees = fit_trees(sample, seed, tried) if _is_enough(sample) else None
    facts: dict[str, Any] = {"shrinkage": line.strength}
    if trees is None:
        return Blend(Model(sample.columns, "", line.linear, 0.0, facts=facts), line.out_of_fold, doubts)
    margins = {share: share * trees.out_of_fold + (1 - share) * line.out_of_fold for share in BLENDS}
    best = min(BLENDS, key=lambda share: log_loss(margins[share], sample.outcome))
    facts |= {"trees": dict(trees.chosen), "rounds": trees.rounds}
    return Blend(Model(sample.columns, trees.text, line.linear, best, facts=facts), margins[best], doubts)


def _is_enough(sample: TrainingRows) -> bool:
    return len(set(sample.leads[sample.outcome == 1])) >= ENOUGH_FOR_TREES
