"""What a candidate must show before it may answer for us; each gate says why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from features.recurrence import Floats
from training.linear import Design
from training.model import Model

EXACT = 1e-9  # log-odds by which our contributions may differ from shap's
CALIBRATED = 0.02  # ECE that is good enough however many rows there are
CHECKED_ROWS = 200


@dataclass(frozen=True)
class Gate:
    """One promise, the value seen and the limit it was held to; `value` None: the rows do not define it."""

    name: str
    passed: bool
    value: float | None
    limit: float
    why: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def better_than_average(log_loss: float | None, constant: float | None) -> Gate:
    """A model that predicts no better than the average rate has learned nothing to act on."""
    limit = constant if constant is not None else float("inf")
    passed = log_loss is not None and log_loss <= limit
    why = "its log loss against that of giving every lead the average rate"
    return Gate("better_than_average", passed, log_loss, limit, why)


def calibrated(ece: float | None, ece_null95: float | None) -> Gate:
    """Of 100 leads at 0.27, 27 convert: as far as these rows can tell."""
    limit = max(CALIBRATED, ece_null95 or 0.0)
    why = "its ECE against what a perfectly calibrated model would show on these rows by chance"
    return Gate("calibrated", ece is not None and ece <= limit, ece, limit, why)


def contributions_exact(model: Model, matrix: Floats) -> Gate:
    """Our contributions against shap's own explainers, on the log-odds, for the first CHECKED_ROWS rows."""
    rows = matrix[:CHECKED_ROWS]
    ours, baseline = model.contributions(rows)
    theirs, expected = _explained(model, rows)
    apart = float(np.abs(ours - theirs).max(initial=0.0))
    logit = model.calibrator.logit(model.margin(rows))
    apart = max(apart, abs(baseline - expected), float(np.abs(ours.sum(axis=1) + baseline - logit).max(initial=0.0)))
    return Gate("contributions_exact", apart <= EXACT, apart, EXACT, "the largest difference from shap's explainers")


def _explained(model: Model, rows: Floats) -> tuple[Floats, float]:
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
