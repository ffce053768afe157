"""How much the linear model is shrunk: as held-out leads like best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from features.arrays import Floats
from training.fit.rows import Sample
from training.labels.folds import log_loss
from training.model.linear import Design, Linear, Pull, Term, fit_linear, terms_of

SHRINKAGES = (
    10_000.0,
    3_000.0,
    1_000.0,
    300.0,
    100.0,
    30.0,
    10.0,
    3.0,
)  # the strongest first: each starts from where the last ended
FEWEST_TO_CHOOSE = 20  # converted leads; what fewer like best is chance


@dataclass(frozen=True)
class FittedLinear:
    """The linear model, and the margin of each training row by one that did not see its lead."""

    linear: Linear
    out_of_fold: Floats
    shrinkage: float


def fit_shrunk(sample: Sample) -> FittedLinear:
    """The linear model, its shrinkage the one that predicts held-out leads best."""
    # Small products: BLAS threads would wait for each other longer than they multiply.
    with threadpool_limits(1):
        return _fit(sample)


def _fit(sample: Sample) -> FittedLinear:
    terms = terms_of(sample.matrix, sample.columns)
    design = Design.of(terms)
    parts = [(part, design.rows(part.inside), design.rows(part.outside)) for part in sample.parts()]
    starts: list[Floats | None] = [None] * len(parts)
    best: tuple[float, float, Floats] | None = None
    converted = len(set(sample.leads[sample.outcome == 1]))
    for shrinkage in SHRINKAGES if converted >= FEWEST_TO_CHOOSE else SHRINKAGES[:1]:
        pull, margins = pull_of(terms, sample, shrinkage), np.empty(len(sample.outcome))
        for k, (part, inside, outside) in enumerate(parts):
            weights = fit_linear(inside, sample.outcome[part.fold[0]], pull, starts[k])
            margins[part.fold[1]], starts[k] = weights[0] + outside @ weights[1:], weights
        loss = log_loss(margins, sample.outcome)
        if best is not None and loss >= best[0]:
            break  # the loss has one valley: past it, less shrinkage only learns by heart
        best = (loss, shrinkage, margins)
    assert best is not None
    return FittedLinear(linear_of(sample, best[1]), best[2], best[1])


def linear_of(sample: Sample, shrinkage: float) -> Linear:
    """The linear model of a shrinkage that was chosen before, on all rows of the sample."""
    terms = terms_of(sample.matrix, sample.columns)
    with threadpool_limits(1):
        weights = fit_linear(Design.of(terms).rows(sample.matrix), sample.outcome, pull_of(terms, sample, shrinkage))
    return Linear.of(terms, weights)


def doubt(sample: Sample, linear: Linear, shrinkage: float) -> Floats:
    """The variance of each row's margin by the posterior of the weights (Laplace), counted in leads."""
    terms = linear.terms
    rows = np.column_stack([np.ones(len(sample.outcome)), Design.of(terms).rows(sample.matrix)])
    said = expit(linear.margin(sample.matrix))
    strength = pull_of(terms, sample, shrinkage).strength
    with threadpool_limits(1):
        curve = (rows.T * (said * (1 - said))) @ rows + np.diag(np.maximum(strength, 1e-9))
        spread = np.linalg.inv(curve) * sample.rows_per_lead  # the looks at one lead say much the same
        return np.asarray(np.einsum("ij,ij->i", rows @ spread, rows), dtype=np.float64)


def pull_of(terms: Sequence[Term], sample: Sample, shrinkage: float) -> Pull:
    """To zero by the shrinkage; the criteria's points to what the prior says of them, where they are read at all.

    The prior is sure of a point's worth to about as much as it is worth, and of the level to a unit of log-odds. Both
    are counted in leads, whose rows say much the same.
    """
    columns = [sample.columns[term.column] for term in terms]
    signs = [0 if t.kind == "missing" else c.direction for t, c in zip(terms, columns, strict=True)]
    pull = Pull.to_zero(shrinkage, signs)
    points = [(place + 1, c.believed) for place, c in enumerate(columns) if c.believed is not None]
    if not points:
        return pull
    toward, strength = pull.toward.copy(), pull.strength.copy()
    toward[0], strength[0] = sample.stated, sample.rows_per_lead
    for place, believed in points:
        toward[place], strength[place] = believed.worth, sample.rows_per_lead / believed.worth**2
        toward[0] += believed.worth * (terms[place - 1].center - believed.average)
    return Pull(toward, strength, signs)
