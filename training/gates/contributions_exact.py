"""The gate `contributions_exact`: our contributions are those of shap's own explainers."""

from __future__ import annotations

import numpy as np

from features.arrays import Floats
from training.gates.gate import EXACT, Gate
from training.model.linear import Design
from training.model.model import Model

CHECKED_ROWS = 200


def contributions_exact(model: Model, matrix: Floats) -> Gate:
    """Whether our contributions and shap's differ by at most EXACT log-odds, on the first CHECKED_ROWS rows.

    matrix: one row per tested snapshot, one column per input. Baselines, and sums against the logit, count as well.
    """
    rows = matrix[:CHECKED_ROWS]
    ours, baseline = model.contributions(rows)
    theirs, expected = _shap_contributions(model, rows)
    apart = float(np.abs(ours - theirs).max(initial=0.0))
    logit = model.calibrator.logit(model.margin(rows))
    apart = max(apart, abs(baseline - expected), float(np.abs(ours.sum(axis=1) + baseline - logit).max(initial=0.0)))
    why = f"Its contributions differ from those of shap's own explainers by at most {apart:.1e} of log-odds."
    return Gate("contributions_exact", apart <= EXACT, apart, EXACT, why)


def _shap_contributions(model: Model, rows: Floats) -> tuple[Floats, float]:
    """Contributions by column and the baseline, from shap alone, carried through blend and calibrator."""
    import shap

    found, baseline = np.zeros(rows.shape), 0.0
    if model.booster is not None:
        trees = shap.TreeExplainer(model.booster)(rows, check_additivity=False)
        found += model.blend * np.asarray(trees.values)
        baseline += model.blend * float(np.ravel(trees.base_values)[0]) if len(rows) else 0.0
    if model.linear is not None and model.blend < 1:
        terms = model.linear.terms
        weights = np.array([term.weight for term in terms])
        average = np.zeros((1, len(terms)))  # terms are centred on the average training row
        line = shap.LinearExplainer((weights, model.linear.intercept), average)(Design.of(terms).rows(rows))
        for place, term in enumerate(terms):
            found[:, term.column] += (1 - model.blend) * np.asarray(line.values)[:, place]
        baseline += (1 - model.blend) * model.linear.intercept
    slope, intercept = model.calibrator.slope, model.calibrator.intercept
    return slope * found, slope * baseline + intercept
