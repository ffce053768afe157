"""How far a model's log-odds may lie from the truth: what refits on fewer leads show, and what shrinkage hides."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

from features.arrays import Floats, Ints
from training.fit.calibrate import widened_calibrator
from training.fit.fold_models import FoldModels
from training.fit.ridge import ridge_penalty
from training.fit.training_rows import TrainingRows
from training.model.calibrator import Calibrator
from training.model.linear import Design

MOST_ROWS = 2_000  # on which refits are compared
# The squared error of a shrunken fit, in times of the variance that its refits show: worlds of known truth have 1.5 to
# 4, for the penalty that predicts best trades the one against the other.
HIDDEN = 2.5
NEAR = 2.0  # times as large odds, or as many times less: leads that were said to be alike
SURE_ERRORS = 4.0  # of the best of some hundred pairs of columns: by chance alone hardly ever beyond
MOST_CURVE_ROWS = 5_000  # from which the curvature of the line's loss is taken
MOST_MISFIT_ROWS = 20_000
COMMON_LEVELS = 3  # of a category that a pair of columns is asked about, beside all others together


def with_doubt(calibrator: Calibrator, folds: FoldModels, more_leads: float = 1.0) -> Calibrator:
    """The calibrator with the doubt of the fit added to its own.

    more_leads: how many times as many leads the model was fitted on as all `folds` together; variance falls with them.
    """
    sample, out_of_fold = folds.sample, calibrator.logit(folds.out_of_fold)
    rows = _evenly(len(sample.outcome), MOST_ROWS)
    said = folds.margins(rows)
    fitted = _between(HIDDEN * refit_variance(said), posterior_variance(folds, rows), (1 - folds.share) / 2)
    missed = misfit(sample, out_of_fold)
    level = level_variance(calibrator.logit(said.mean(axis=0)), out_of_fold, sample, more_leads)
    variance = fitted / more_leads + (missed + level) / max(calibrator.slope, 1e-3) ** 2
    return widened_calibrator(calibrator, said.mean(axis=0), variance)


def _between(refits: Floats, posterior: Floats, share: float) -> Floats:
    """Two readings of one variance, of which either may be a few times too large or too small: their geometric mean.

    share: of the posterior's, which knows of the line alone and counts half of its part.
    """
    return np.asarray(refits ** (1 - share) * posterior**share, dtype=np.float64)


def level_variance(asked: Floats, out_of_fold: Floats, sample: TrainingRows, more_leads: float) -> Floats:
    """How far the log-odds may be off where hardly a lead converted: 1 / (k + 1) for k converted leads said so much.

    asked: log-odds. k: of the converted leads of the sample, those that were said to have NEAR times the asked odds, or
    as many times less, at most. A straight map says of the leads with the least chance what it learned from the others.
    """
    won = sample.outcome == 1
    order = np.argsort(out_of_fold[won])
    _, lead, looks = np.unique(sample.leads[won].astype(str), return_inverse=True, return_counts=True)
    counted = np.concatenate([[0.0], np.cumsum((1.0 / looks)[lead][order])])
    near = out_of_fold[won][order]
    low, high = (np.searchsorted(near, asked + way * np.log(NEAR)) for way in (-1, 1))
    return np.asarray(1.0 / (more_leads * (counted[high] - counted[low]) + 1.0), dtype=np.float64)


def refit_variance(said: Floats) -> Floats:
    """The variance of each row's margin over training sets: the jackknife of models that leave out a fold each.

    said: (folds, rows). Two of K such models share all but two folds, so they differ less than fits on other leads
    would: the jackknife multiplies their variance by K - 1.
    """
    return np.asarray((len(said) - 1) * said.var(axis=0), dtype=np.float64)


def posterior_variance(folds: FoldModels, rows: Ints) -> Floats:
    """The variance of the line's margin: Laplace's approximation of the weights' posterior, counted in leads.

    It has in it how far the penalty may hold weights back. Where a lead is looked at often, the best penalty is so
    strong that refits hardly differ, and this says more than they do.
    """
    sample, line = folds.sample, folds.line
    taken, weights = _evenly(len(sample.outcome), MOST_CURVE_ROWS), line.weights.mean(axis=0)
    design = Design.of(line.terms)
    looks = np.column_stack([np.ones(len(taken)), design.rows(sample.matrix[taken])])
    probability = expit(looks @ weights)
    strengths = ridge_penalty(line.terms, sample, line.strength).strength
    with threadpool_limits(1):
        curve = (looks.T * (probability * (1 - probability))) @ looks * (len(sample.outcome) / len(taken))
        # The looks at one lead say much the same.
        spread = np.linalg.inv(curve + np.diag(np.maximum(strengths, 1e-9))) * sample.rows_per_lead
        asked = np.column_stack([np.ones(len(rows)), design.rows(sample.matrix[rows])])
        return np.asarray(np.einsum("ij,ij->i", asked @ spread, asked), dtype=np.float64)


def misfit(sample: TrainingRows, log_odds: Floats) -> float:
    """The mean squared error of log-odds that some pair of columns shows beyond chance; mostly 0.

    log_odds: out of fold. Where whole cells of two columns convert at other rates than they were said to, as where a
    lead buys if one number is high or the other but not both, the model lacks something that no refit shows.
    """
    rows = _evenly(len(log_odds), MOST_MISFIT_ROWS)
    cells = _Cells.of(sample, rows, expit(log_odds[rows]))
    return max((cells.beyond_chance(*pair) for pair in cells.pairs()), default=0.0)


def _evenly(rows: int, most: int) -> Ints:
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).round().astype(np.int64))


class _Cells:
    """What was said and what became of the rows in each cell of two columns, all pairs at once.

    said, count, gap, weight: (bins, bins) sums of probability, rows, outcome less probability, and p (1 - p). own: of
    the gaps' squares, with those of the same lead: what chance alone makes of a squared gap.
    """

    def __init__(self, members: Floats, said: Floats, gap: Floats, same_lead: Floats, blocks: list[Ints]) -> None:
        self.count, self.said, self.gap = (
            members.T @ (members * of[:, None]) for of in (np.ones_like(said), said, gap)
        )
        self.weight = members.T @ (members * (said * (1 - said))[:, None])
        self.own = np.maximum(members.T @ (members * (gap * same_lead)[:, None]), 0.0)
        self.blocks = blocks

    @classmethod
    def of(cls, sample: TrainingRows, rows: Ints, said: Floats) -> _Cells:
        parts = [part for part in _binned(sample, rows) if part.shape[1] > 1]
        ends = np.cumsum([part.shape[1] for part in parts])
        blocks = [np.arange(end - part.shape[1], end) for part, end in zip(parts, ends, strict=True)]
        gap = sample.outcome[rows] - said
        _, lead = np.unique(sample.leads[rows].astype(str), return_inverse=True)
        members = np.concatenate(parts, axis=1) if parts else np.empty((len(rows), 0))
        return cls(members, said, gap, np.bincount(lead, gap).astype(np.float64)[lead], blocks)

    def pairs(self) -> Iterator[tuple[Ints, Ints]]:
        yield from ((one, other) for i, one in enumerate(self.blocks) for other in self.blocks[:i])

    def beyond_chance(self, one: Ints, other: Ints) -> float:
        """The mean squared error of the cells' log-odds, less what chance makes of it; 0 where it may be chance."""
        place = np.ix_(one, other)
        gap, weight, own = self.gap[place], self.weight[place], self.own[place]
        squares = float((weight**2).sum())
        found, error = float((gap**2 - own).sum()) / squares, np.sqrt(2 * (own**2).sum()) / squares
        if found <= SURE_ERRORS * error:
            return 0.0
        count = self.count[place] + 1.0  # half a lead that converted, half one that did not: no cell is sure of a rate
        became, was_said = (self.said[place] + gap + 0.5) / count, (self.said[place] + 0.5) / count
        missed = (logit(became) - logit(was_said)) ** 2
        return float((missed * count).sum() / count.sum() * (1 - SURE_ERRORS * error / found))


def _binned(sample: TrainingRows, rows: Ints) -> Iterator[Floats]:
    """Each column as members of bins (rows, bins): above its median or not, or of a common level; missing is apart."""
    for place, column in enumerate(sample.columns):
        values = sample.matrix[rows, place]
        known = ~np.isnan(values)
        if not known.any():
            continue
        if column.levels is None:
            bins = [known & (values > np.median(values[known])), known & (values <= np.median(values[known]))]
        else:
            counts = np.bincount(values[known].astype(np.int64))
            common = np.argsort(-counts, kind="stable")[:COMMON_LEVELS]
            bins = [values == level for level in common]
        members = np.stack([*bins, ~np.any(bins, axis=0)], axis=1).astype(np.float64)
        yield members[:, members.any(axis=0)]
