"""Fits the linear model: its terms, and weights by ridge regression with the penalty that held-out leads like best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from features.arrays import Floats
from training.fit.training_rows import TrainingRows
from training.labels.folds import log_loss
from training.model.columns import ModelColumn
from training.model.linear import Design, LinearModel, Term

PENALTIES = (10_000.0, 3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0)  # each fit starts from the stronger one's end
FEWEST_TO_CHOOSE = 20  # converted leads; what fewer like best is chance
AGES = (7.0, 14.0, 28.0, 56.0, 91.0, 182.0, 364.0)  # days since a lead came, from which on its chance may be another
AGE_STRENGTH = 0.1  # of the penalty: every lead tells of every age, and nobody may stay likely who converts no more
STEPS = 8  # of a number: at so many of its quantiles it may jump, for firms of 49 and 50 are not always alike
HIGHEST_QUANTILE = 0.995  # the line stops rising there: beyond, where few rows are, it would promise without end
EXACTLY, NEARLY = 2e-9, 1e-7  # of the loss; to choose a penalty by, nearly is enough
LEAST_SCALE = 0.3  # the spread of what one row in ten shows; what is rarer keeps a small scale, so ridge holds it back


@dataclass(frozen=True)
class FoldLines:
    """The linear models of the folds, each fitted without the leads of its own fold: (folds, intercept and terms)."""

    terms: tuple[Term, ...]
    weights: Floats
    out_of_fold: Floats
    strength: float

    def margin(self, fold: int, matrix: Floats) -> Floats:
        """What the model of one fold says of some rows."""
        return np.asarray(self.weights[fold, 0] + Design.of(self.terms).rows(matrix) @ self.weights[fold, 1:])


def fit_fold_lines(sample: TrainingRows, strengths: Sequence[float] | None = None) -> FoldLines:
    """The lines of the folds with that strength that predicts held-out leads best; of PENALTIES, unless it is given."""
    # Small products: BLAS threads would wait for each other longer than they multiply.
    with threadpool_limits(1):
        return _cross_validated(sample, strengths or _penalties(sample))


def _penalties(sample: TrainingRows) -> Sequence[float]:
    converted = len(set(sample.leads[sample.outcome == 1]))
    return PENALTIES if converted >= FEWEST_TO_CHOOSE else PENALTIES[:1]


def _cross_validated(sample: TrainingRows, strengths: Sequence[float]) -> FoldLines:
    terms = terms_of(sample.matrix, sample.columns)
    design = Design.of(terms)
    # Half the width is half the time, and the choice is the same; what is served is fitted in full width.
    sides = [
        [design.rows(side).astype(np.float32) for side in (part.inside, part.outside)] for part in sample.fold_rows()
    ]
    starts: list[Floats | None] = [None] * len(sides)
    best: tuple[float, FoldLines] | None = None
    for strength in strengths:
        penalty, margins = ridge_penalty(terms, sample, strength), np.empty(len(sample.outcome))
        for k, ((fitted, judged), (inside, outside)) in enumerate(zip(sample.folds, sides, strict=True)):
            weights = fit_linear(inside, sample.outcome[fitted], penalty, starts[k], NEARLY)
            margins[judged], starts[k] = weights[0] + outside @ weights[1:], weights
        loss = log_loss(margins, sample.outcome)
        if best is not None and loss >= best[0]:
            break  # the loss has one valley: past it, a weaker penalty only learns by heart
        best = (loss, FoldLines(terms, np.array(starts), margins, strength))
    assert best is not None
    return best[1]


def ridge_model(sample: TrainingRows, strength: float, start: Floats | None = None) -> LinearModel:
    """The linear model with a strength that was chosen before, fitted on all rows. start: weights to begin at."""
    terms = terms_of(sample.matrix, sample.columns)
    with threadpool_limits(1):
        penalty = ridge_penalty(terms, sample, strength)
        weights = fit_linear(Design.of(terms).rows(sample.matrix), sample.outcome, penalty, start)
    return LinearModel.of(terms, weights)


def terms_of(matrix: Floats, columns: Sequence[ModelColumn]) -> tuple[Term, ...]:
    """The terms of some training rows, their centres and scales set, their weights 0; constants are left out."""
    found = []
    for place, column in enumerate(columns):
        values = matrix[:, place]
        scaled = (_scaled(term, values, column) for term in _terms_of(place, column, values))
        found += [term for term in scaled if term is not None]
    return tuple(found)


def _scaled(term: Term, values: Floats, column: ModelColumn) -> Term | None:
    """The term with its centre, scale and range on the training rows; None where it says the same of all of them.

    What is 0 or 1 is scaled by no less than LEAST_SCALE.
    """
    raw = term.raw(values)
    spread = float(np.nanstd(raw)) if np.isfinite(raw).any() else 0.0
    if spread <= 1e-9:
        return None
    # The points of a criterion keep their unit: the prior says what one is worth.
    scale = 1.0 if column.is_criterion else spread if term.kind in ("value", "log") else max(spread, LEAST_SCALE)
    low, high = float(np.nanmin(raw)), float(np.nanmax(raw))
    if (term.kind == "value" and not column.is_criterion) or (term.kind == "log" and column.is_age):
        high = max(float(np.nanquantile(raw, HIGHEST_QUANTILE)), low + spread)
    return replace(term, center=float(np.nanmean(np.clip(raw, low, high))), scale=scale, low=low, high=high)


def _terms_of(place: int, column: ModelColumn, values: Floats) -> list[Term]:
    """The terms of one column: decayed counts, traits and age; none of other days and totals, which are for the trees.

    A line through days and lifetime totals goes on rising where no training row ever was. How long a lead is known is a
    curve with jumps at AGES, level beyond the oldest rows; where leads convert soon, it tells more than all else.
    """
    if column.levels is not None:
        return [*(Term(place, "level", level) for level in range(len(column.levels))), Term(place, "missing")]
    if column.kind == "behaviour":
        kinds = () if "_hl" not in column.name else ("value", "log") if "_count_" in column.name else ("log",)
        return [Term(place, kind) for kind in kinds]
    if column.is_criterion:
        return [Term(place, "value")]
    if column.is_age:
        return [Term(place, "log"), *(Term(place, "step", age) for age in AGES)]
    if column.made_of is not None:
        return []  # a line that has a pair's levels one by one is not helped by what trees make of them together
    plain = [Term(place, kind) for kind in ("value", "log", "missing")]
    return [*plain, *(Term(place, "step", cut) for cut in _cuts(values))]


def _cuts(values: Floats) -> list[float]:
    """Where a number may jump: at its quantiles, each once; none at its lowest, which all rows reach."""
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, STEPS + 1)[1:], method="higher"))
    return [float(cut) for cut in cuts if cut > known.min()]


@dataclass(frozen=True)
class RidgePenalty:
    """Where ridge regression draws the intercept and each weight to, how strongly, and which signs are forbidden.

    toward, strength: the intercept's first, then by term. signs: by term, +1 where a weight may not be negative, -1
    where not positive, else 0.
    """

    toward: Floats
    strength: Floats
    signs: Sequence[int]

    @classmethod
    def to_zero(cls, strength: float, signs: Sequence[int]) -> RidgePenalty:
        """Draws every weight to 0 with the same strength, and the intercept not at all."""
        return cls(np.zeros(len(signs) + 1), np.append(0.0, np.full(len(signs), strength)), signs)


def ridge_penalty(terms: Sequence[Term], sample: TrainingRows, strength: float) -> RidgePenalty:
    """A penalty that draws weights to 0; weights of a criterion's points it draws to the prior of these points.

    The prior's standard deviation is, for a point, the point's own worth, and for the intercept 1, in log-odds. Both
    count by lead: the rows of one lead say much the same.
    """
    columns = [sample.columns[term.column] for term in terms]
    signs = [0 if t.kind == "missing" else c.direction for t, c in zip(terms, columns, strict=True)]
    penalty = RidgePenalty.to_zero(strength, signs)
    penalty.strength[1:] *= [AGE_STRENGTH if column.is_age else 1.0 for column in columns]
    points = [(place + 1, c.believed) for place, c in enumerate(columns) if c.believed is not None]
    if not points:
        return penalty
    toward, strengths = penalty.toward.copy(), penalty.strength.copy()
    # The stated rate is that of all leads together: it says nothing of the level of one age.
    toward[0] = sample.stated_log_odds
    strengths[0] = 0.0 if any(column.is_age for column in columns) else sample.rows_per_lead
    for place, prior in points:
        toward[place], strengths[place] = prior.worth, sample.rows_per_lead / prior.worth**2
        toward[0] += prior.worth * (terms[place - 1].center - prior.average)
    return RidgePenalty(toward, strengths, signs)


def fit_linear(
    rows: Any, outcome: Floats, penalty: RidgePenalty, start: Floats | None = None, tolerance: float = EXACTLY
) -> Floats:
    """The intercept and weights of least log loss plus penalty: half the strength times the squared distances.

    rows: `Design.rows` of the terms, in single or double width. start: where to begin, for instance at the weights of a
    stronger penalty. tolerance: by how small a part of the loss the last step may have lowered it.
    """
    from scipy.optimize import minimize  # slow to import, and most of who imports this file fits nothing

    bounds = [(None, None), *((0.0 if s > 0 else None, 0.0 if s < 0 else None) for s in penalty.signs)]
    rate = float(np.clip(outcome.mean(), 1e-3, 1 - 1e-3))
    begin = np.append(np.log(rate / (1 - rate)), penalty.toward[1:]) if start is None else start
    found = minimize(
        _loss, begin, args=(rows, outcome, penalty), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": tolerance},
    )  # fmt: skip
    return np.asarray(found.x, dtype=np.float64)


def _loss(weights: Floats, rows: Any, outcome: Floats, penalty: RidgePenalty) -> tuple[float, Floats]:
    margin, off = weights[0] + rows @ weights[1:].astype(rows.dtype), weights - penalty.toward
    margin = margin.astype(np.float64, copy=False)
    loss = np.logaddexp(0.0, margin).sum() - outcome @ margin + (penalty.strength * off) @ off / 2
    error = expit(margin) - outcome
    gradient = np.append(error.sum(), rows.T @ error.astype(rows.dtype)) + penalty.strength * off
    return float(loss) / len(outcome), gradient / len(outcome)
