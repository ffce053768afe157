"""What a candidate must show before it may answer for us; each gate says why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from features.arrays import Floats
from training.model.linear import Design
from training.model.model import Model

EXACT = 1e-9  # log-odds by which our contributions may differ from shap's
CALIBRATED = 0.02  # ECE that is good enough however many rows there are
CHECKED_ROWS = 200


@dataclass(frozen=True)
class Gate:
    """One promise, the value seen and the limit it was held to; None: there is nothing to measure it by.

    why: one plain sentence, whether or not it holds.
    """

    name: str
    passed: bool
    value: float | None
    limit: float | None
    why: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """The gates of one version, and the digest of the champion it was held against; None: there was none."""

    gates: tuple[Gate, ...]
    against: str | None

    def json(self) -> str:
        """As text; `Verdict.read` gives it back equal."""
        return json.dumps({"gates": [gate.as_json() for gate in self.gates], "against": self.against}, indent=1)

    @classmethod
    def read(cls, text: str) -> Verdict:
        written = json.loads(text)
        return cls(tuple(Gate(**gate) for gate in written["gates"]), written["against"])


def held_back_by(gates: Sequence[Gate]) -> list[str]:
    """The names of the gates that do not hold."""
    return [gate.name for gate in gates if not gate.passed]


def better_than_average(log_loss: float | None, constant: float | None) -> Gate:
    """A model that predicts no better than the average rate has learned nothing to act on."""
    passed = log_loss is not None and (constant is None or log_loss <= constant)
    if log_loss is None or constant is None:
        why = "There are no tested leads to set its log loss against that of the average rate."
    else:
        than = "is not above" if passed else "is above"
        why = f"Its log loss, {log_loss:.4f}, {than} {constant:.4f}, that of giving every lead the average rate."
    return Gate("better_than_average", passed, log_loss, constant, why)


def calibrated(ece: float | None, ece_null95: float | None) -> Gate:
    """Of 100 leads at 0.27, 27 convert: as far as these rows can tell."""
    limit = max(CALIBRATED, ece_null95 or 0.0)
    passed = ece is not None and ece <= limit
    if ece is None:
        why = "There are no tested leads to check its probabilities on."
    else:
        than = "is within" if passed else "is above"
        why = (
            f"Its calibration error, {ece:.4f}, {than} {limit:.4f}: the larger of {CALIBRATED} and what a perfectly "
            "calibrated model would show on these rows by chance."
        )
    return Gate("calibrated", passed, ece, limit, why)


def contributions_exact(model: Model, matrix: Floats) -> Gate:
    """Our contributions against shap's own explainers, on the log-odds, for the first CHECKED_ROWS rows."""
    rows = matrix[:CHECKED_ROWS]
    ours, baseline = model.contributions(rows)
    theirs, expected = _explained(model, rows)
    apart = float(np.abs(ours - theirs).max(initial=0.0))
    logit = model.calibrator.logit(model.margin(rows))
    apart = max(apart, abs(baseline - expected), float(np.abs(ours.sum(axis=1) + baseline - logit).max(initial=0.0)))
    why = f"Its contributions differ from those of shap's own explainers by at most {apart:.1e} of log-odds."
    return Gate("contributions_exact", apart <= EXACT, apart, EXACT, why)


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
