"""Matured outcomes: conversions of snapshots after the training whose horizon has closed, against the promise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from features.arrays import Floats
from training.evaluate.evaluate import Evaluation
from training.metrics.bootstrap import Interval
from training.monitoring.result import FALSE_NOTICE, MonitoringResult, Status, status_of

TOLERATED = (0.8, 1.25)  # observed over expected: off by a quarter
FEWEST_EXPECTED = 10.0  # conversions; with fewer the interval holds everything
TOLERATED_GAP = 0.02  # as the gate of calibration


def matured_outcomes_results(
    rows: pd.DataFrame, probability: Floats, shown: Evaluation, tested: Evaluation
) -> list[MonitoringResult]:
    """Observed over expected conversions, and the calibration error, on snapshots since the training.

    rows: one row per snapshot: lead_id, outcome. shown: the figures of these rows. tested: those of the model's test.
    """
    expected = float(probability.sum())
    if expected < FEWEST_EXPECTED:
        known = f"{len(rows):,} snapshots since the training have an outcome"
        few = f"too early to say: {known}, {expected:.1f} should convert"
        return [MonitoringResult("matured", "ok", few)]
    ratio, ends = observed_over_expected(rows["outcome"].to_numpy(np.float64), probability, rows["lead_id"].to_numpy())
    said = (
        f"{shown.conversions:,} of {shown.rows:,} snapshots since the training converted, {expected:,.0f} should have: "
        f"{ratio:.2f} times ({ends[0]:.2f} to {ends[1]:.2f}); log loss {_loss(shown)}, on the test {_loss(tested)}"
    )
    limit = TOLERATED[0] if ratio < 1 else TOLERATED[1]
    return [MonitoringResult("matured", _status(ratio, ends), said, ratio, limit), _gap(shown)]


def observed_over_expected(
    outcome: Floats, probability: Floats, lead: npt.NDArray[np.object_], level: float = FALSE_NOTICE
) -> tuple[float, Interval]:
    """Conversions over the sum of probabilities, and the interval of that ratio; one lead is one draw.

    outcome, probability, lead: one place per snapshot. Example: 12 conversions where 10.0 were expected is 1.2.
    """
    expected, observed = float(probability.sum()), float(outcome.sum())
    ratio = observed / expected
    by_lead = pd.Series(outcome - ratio * probability).groupby(np.asarray(lead)).sum()
    # On the scale of logarithms an interval stays above 0; none converted counts as half a lead that did.
    doubt = np.sqrt(max(float((by_lead**2).sum()), 1.0)) / max(observed, 0.5)
    reach = float(np.exp(norm.ppf(1 - level / 2) * doubt))
    return ratio, ((ratio if observed else 0.0) / reach, max(observed, 0.5) / expected * reach)


def _status(ratio: float, ends: Interval) -> Status:
    """An alert where the whole interval is outside of TOLERATED, a notice where it does not hold 1.

    A fitted model is never exactly right, so an interval that leaves out 1 is no alarm by itself.
    """
    if ends[0] > TOLERATED[1] or ends[1] < TOLERATED[0]:
        return "alert"
    return "ok" if ends[0] <= 1 <= ends[1] else "notice"


def _gap(shown: Evaluation) -> MonitoringResult:
    error, null95 = shown.metrics["ece"] or 0.0, shown.metrics["ece_null95"] or 0.0
    limit = max(TOLERATED_GAP, null95)
    said = f"the mean gap between said and seen is {100 * error:.1f} in 100, chance explains up to {100 * null95:.1f}"
    return MonitoringResult("matured gap", status_of(error, limit, 2 * limit), said, error, limit)


def _loss(evaluation: Evaluation) -> str:
    loss = evaluation.metrics["log_loss"]
    return "unknown" if loss is None else f"{loss:.3f}"
