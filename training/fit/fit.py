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
from features.home.progress import Progress
from training.fit.calibrate import fit_calibrator
from training.fit.candidate_columns import candidate_columns, category_pairs, single_categories
from training.fit.coded_pairs import coded_inputs
from training.fit.done_by_then import done_by_then
from training.fit.doubt import with_doubt
from training.fit.encoding_counts import CellInput
from training.fit.fold_models import FoldModels
from training.fit.own_parameters import TreeSearch, tried_parameters
from training.fit.ridge import fit_fold_lines, ridge_model
from training.fit.training_rows import TrainingRows
from training.fit.trees import QUICK_TREES, fit_fold_trees, trees_text
from training.labels.folds import log_loss, row_losses
from training.model.columns import ModelColumn
from training.model.model import OWN_COLUMNS, Model

BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)  # the trees' share; the linear model stays a candidate at every size
ENOUGH_FOR_TREES = 100  # converted leads; with fewer, trees learn single leads by heart
ENOUGH_FOR_FULL = 100  # converted leads; with fewer a score says that it rests on few
ENOUGH_TO_FORGET = 500  # converted leads; with fewer the line is shrunk to what the criteria's prior says
LIFETIME_ERRORS = 2.0  # standard errors by which a column of the whole life must win
CHOICES = ("shrinkage", "trees", "rounds")  # of a model's facts, beside its columns and blend


@dataclass(frozen=True)
class Blend:
    """Trees and a linear model in the shares that predict held-out leads best, and the models of the folds."""

    model: Model
    folds: FoldModels

    @property
    def out_of_fold(self) -> Floats:
        """Each row's margin by a model that did not see its lead."""
        return self.folds.out_of_fold


@dataclass(frozen=True)
class CandidateInputs:
    """What a model may read: columns of the frame, and columns made from the cells of one category or two."""

    columns: tuple[ModelColumn, ...]
    made: tuple[CellInput, ...] = ()

    def training_rows(self, rows: pd.DataFrame, agreement: Agreement, seed: int) -> TrainingRows:
        score_50 = agreement.policy.score_50
        return TrainingRows.of(rows, self.columns, self.made, math.log(score_50 / (1 - score_50)), seed)

    def with_more(self, more: CandidateInputs, order: Sequence[ModelColumn]) -> CandidateInputs:
        """These inputs and `more`, with the columns in this order; of two rates of the same cells, that of `more`."""
        both, again = [*self.columns, *more.columns], {(one.of, one.is_size) for one in more.made}
        kept = (one for one in self.made if (one.of, one.is_size) not in again)
        return CandidateInputs(tuple(column for column in order if column in both), (*kept, *more.made))


def fitted_model(rows: pd.DataFrame, agreement: Agreement, seed: int, search: TreeSearch = False) -> Model:
    """The model fitted on labelled snapshots with their features, and calibrated on its out-of-fold margins.

    Every choice (columns, number of trees, penalty, blend) is made on folds of whole leads inside the rows.
    search: choose the parameters of the trees among drawn ones as well; or the very parameters to use.
    """
    return fitted_blend(rows, agreement, seed, search).model


def fitted_blend(
    rows: pd.DataFrame, agreement: Agreement, seed: int, search: TreeSearch = False, progress: Progress = lambda _: None
) -> Blend:
    """As `fitted_model`, with the models of the folds."""
    found = chosen_blend(rows, agreement, seed, search, progress)
    return replace(found, model=calibrated_model(found, rows, agreement, seed))


def refitted_model(rows: pd.DataFrame, agreement: Agreement, seed: int, like: Model) -> Model:
    """A model of other rows, with the columns, penalty, tree parameters and blend that were chosen for `like`."""
    sample = rows_like(rows, agreement, seed, like)
    made = model_like(sample, seed, like)
    return replace(made, agreement_text=agreement.text, facts=made.facts | training_facts(rows, agreement, seed))


def model_like(sample: TrainingRows, seed: int, like: Model, start: Floats | None = None) -> Model:
    """The model of some training rows by the choices that were made for `like`, with its calibrator.

    start: weights for the line to begin at.
    """
    line = ridge_model(sample, like.facts["shrinkage"], start)
    text = trees_text(sample, seed, like.facts["trees"], like.facts["rounds"]) if like.blend > 0 else ""
    kept = {name: like.facts[name] for name in CHOICES if name in like.facts}
    return Model(sample.columns, text, line, like.blend, like.calibrator, kept)


def rows_like(rows: pd.DataFrame, agreement: Agreement, seed: int, like: Model) -> TrainingRows:
    """Other rows as training rows, with the columns that were chosen for `like`."""
    names = {column.name for column in like.columns}
    columns = tuple(column for column in candidate_columns(rows, agreement) if column.name in names)
    made = tuple(_made_again(column) for column in like.columns if column.made_of)
    return CandidateInputs(columns, made).training_rows(rows, agreement, seed)


def _made_again(column: ModelColumn) -> CellInput:
    if column.rates is not None:
        return CellInput(column.rates.of, weight=column.rates.weight)
    assert column.sizes is not None
    return CellInput(column.sizes.of, is_size=True)


def calibrated_model(blend: Blend, rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The blend with a calibrator, fitted on its out-of-fold margins."""
    outcome, leads = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy(object)
    facts = blend.model.facts | training_facts(rows, agreement, seed)
    calibrator = fit_calibrator(blend.out_of_fold, outcome, list(leads), seed, facts["converted_leads"])
    calibrator = with_doubt(calibrator, blend.folds)
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
        "done_by_then": done_by_then(rows, agreement),
        **({OWN_COLUMNS: agreement.own_columns} if agreement.own_columns else {}),
    }


def label_span(rows: pd.DataFrame, agreement: Agreement) -> dict[str, int | None]:
    """Up to when labelled snapshots reach, and the last label that was read for one; None where nothing has a date."""
    last_us, days = int(rows["snapshot_us"].max()), agreement.outcome.horizon_days
    return {"learned_until_us": last_us, "labels_until_us": None if days is None else last_us + round(days * DAY_US)}


def chosen_blend(
    rows: pd.DataFrame, agreement: Agreement, seed: int, search: TreeSearch = False, progress: Progress = lambda _: None
) -> Blend:
    """The blend on the columns that predict held-out leads best; quick trees find which they are.

    Target encodings are added where they lower the log loss at all. Columns of the account must win by one standard
    error, since they say the same of all its leads. Lifetime columns (how long a lead is known, all that it ever did)
    must win by two: open leads are often older than any lead in the training rows. With few outcomes there is the line
    alone, and of these columns it asks for how long a lead is known, by two errors as well.
    """
    columns = candidate_columns(rows, agreement)
    is_believed = rows.loc[rows["outcome"], "lead_id"].nunique() < ENOUGH_TO_FORGET
    columns = tuple(column for column in columns if is_believed or not column.is_criterion)
    inputs = CandidateInputs(tuple(column for column in columns if not column.is_lifetime and not column.is_account))
    sample = inputs.training_rows(rows, agreement, seed)
    if not _is_enough(sample):
        ages = CandidateInputs(tuple(column for column in columns if column.is_age))
        aged = inputs.with_more(ages, columns).training_rows(rows, agreement, seed)
        return blend(_with_age_or_not(sample, aged), seed, progress=progress)
    progress("choosing what the model reads")
    best = None
    for more, errors in _more(rows, columns, agreement, seed):
        best = fit_fold_trees(sample, seed, [QUICK_TREES]) if best is None else best
        wider = inputs.with_more(more, columns)
        tried_on = wider.training_rows(rows, agreement, seed)
        tried = fit_fold_trees(tried_on, seed, [QUICK_TREES])
        if _is_better(tried.out_of_fold, best.out_of_fold, sample, errors):
            inputs, sample, best = wider, tried_on, tried
    return blend(sample, seed, tried_parameters(search, seed), progress)


def _with_age_or_not(sample: TrainingRows, aged: TrainingRows) -> TrainingRows:
    """The rows with how long each lead is known, where lines that read it are better by two standard errors."""
    if len(aged.columns) == len(sample.columns):
        return sample
    with_age, without = (fit_fold_lines(rows).out_of_fold for rows in (aged, sample))
    return aged if _is_better(with_age, without, sample, LIFETIME_ERRORS) else sample


def _more(
    rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement, seed: int
) -> Iterator[tuple[CandidateInputs, float]]:
    """Each group of inputs that may be added, and by how many standard errors it must win."""
    lifetime = tuple(column for column in columns if column.is_lifetime and not column.is_account)
    wider = (
        (CandidateInputs((), tuple(map(CellInput, single_categories(columns)))), 0.0),
        (CandidateInputs((), tuple(map(CellInput, category_pairs(rows, columns, agreement, seed)))), 0.0),
        (CandidateInputs(lifetime), LIFETIME_ERRORS),
        (CandidateInputs(tuple(column for column in columns if column.is_account)), 1.0),
        (CandidateInputs((), coded_inputs(rows, columns, agreement, seed)), 2.0),
    )
    yield from ((more, errors) for more, errors in wider if more != CandidateInputs(()))


def _is_better(wider: Floats, lean: Floats, sample: TrainingRows, errors: float) -> bool:
    """Whether the wider inputs have a lower log loss than the lean ones, by so many standard errors over leads."""
    gained = row_losses(lean, sample.outcome) - row_losses(wider, sample.outcome)
    by_lead = pd.Series(gained).groupby(sample.leads).sum()
    return bool(by_lead.sum() > errors * np.sqrt(len(by_lead)) * by_lead.std())


def blend(
    sample: TrainingRows,
    seed: int,
    tried: Sequence[Mapping[str, Any]] | None = None,
    progress: Progress = lambda _: None,
) -> Blend:
    """Trees and a linear model fitted on training rows, and the share of both that predicts held-out leads best.

    tried: parameters of trees to choose from; by default those of `fit_fold_trees`.
    """
    folds = _blended_folds(sample, seed, tried, progress)
    progress("fitting it on all of these rows")
    line = ridge_model(sample, folds.line.strength, folds.line.weights.mean(axis=0))
    facts: dict[str, Any] = {"shrinkage": folds.line.strength}
    text = ""
    if folds.trees is not None:
        facts |= {"trees": dict(folds.trees.chosen), "rounds": folds.trees.rounds}
        text = trees_text(sample, seed, folds.trees.chosen, folds.trees.rounds) if folds.share else ""
    model = Model(sample.columns, text, line, folds.share, facts=facts)
    return Blend(model, folds)


def _blended_folds(
    sample: TrainingRows, seed: int, tried: Sequence[Mapping[str, Any]] | None, progress: Progress
) -> FoldModels:
    progress("fitting lines on folds of leads")
    line = fit_fold_lines(sample)
    if not _is_enough(sample):
        return FoldModels(sample, line, None, 0.0)
    progress("growing trees on folds of leads")
    trees = fit_fold_trees(sample, seed, tried)
    shares = (FoldModels(sample, line, trees, share) for share in BLENDS)
    return min(shares, key=lambda folds: log_loss(folds.out_of_fold, sample.outcome))


def _is_enough(sample: TrainingRows) -> bool:
    return len(set(sample.leads[sample.outcome == 1])) >= ENOUGH_FOR_TREES
