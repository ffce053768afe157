"""Matured outcomes: conversions of snapshots after the training whose horizon has closed, against the promise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.evaluate.evaluate import Evaluation
from training.metrics.bootstrap import Interval
from training.metrics.observed_over_said import TOLERATED, ObservedOverSaid, observed_over_said, tolerated_ece
from training.monitoring.result import MonitoringResult, Status, status_of

FEWEST_EXPECTED = 10.0  # conversions; with fewer the interval holds everything


def matured_outcomes_results(
    rows: pd.DataFrame, probability: Floats, shown: Evaluation, tested: Evaluation
) -> list[MonitoringResult]:
    """Conversions over what was said, as the gate `calibrated` reads them, and the ECE, since the training.

    rows: one row per snapshot: lead_id, outcome, is_arrival. shown: the figures of these rows. tested: those of the
    model's test.
    """
    expected = float(probability.sum())
    if expected < FEWEST_EXPECTED:
        known = f"{len(rows):,} snapshots since the training have an outcome"
        few = f"too early to say: {known}, {expected:.1f} should convert"
        return [MonitoringResult("matured", "ok", few)]
    is_arrival = rows["is_arrival"].to_numpy(bool) if "is_arrival" in rows else None
    outcome, lead = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy(str)
    whole, *parts = observed_over_said(probability, outcome, lead, is_arrival)
    return [_whole(whole, shown, tested), *_parts(parts), _gap(shown)]


def _whole(seen: ObservedOverSaid, shown: Evaluation, tested: Evaluation) -> MonitoringResult:
    converted = f"{shown.conversions:,} of {shown.rows:,} snapshots since the training converted"
    times = f"{seen.ratio:.2f} times ({seen.interval[0]:.2f} to {seen.interval[1]:.2f})"
    losses = f"log loss {_loss(shown)}, on the test {_loss(tested)}"
    said = f"{converted}, {seen.said:,.0f} should have: {times}; {losses}"
    return MonitoringResult("matured", _status(seen, seen.interval), said, seen.ratio, _limit(seen))


def _parts(parts: list[ObservedOverSaid]) -> Iterator[MonitoringResult]:
    """The parts that are shown to be off; a part that chance explains is no notice, since several are looked at."""
    for part in parts:
        if part.is_off:
            said = f"since the training conversions were {part.in_words}"
            yield MonitoringResult(f"matured {part.of}", "alert", said, part.ratio, _limit(part))


def _limit(seen: ObservedOverSaid) -> float:
    return TOLERATED[0] if seen.ratio < 1 else TOLERATED[1]


def _status(seen: ObservedOverSaid, ends: Interval) -> Status:
    """An alert where the whole interval is outside of TOLERATED, a notice where it does not hold 1.

    A fitted model is never exactly right, so an interval that leaves out 1 is no alarm by itself.
    """
    if seen.is_off:
        return "alert"
    return "ok" if ends[0] <= 1 <= ends[1] else "notice"


def _gap(shown: Evaluation) -> MonitoringResult:
    error, null95 = shown.metrics["ece"] or 0.0, shown.metrics["ece_null95"] or 0.0
    limit = tolerated_ece(shown.base_rate, null95)
    said = f"the mean gap between said and seen is {100 * error:.2g} in 100, chance explains up to {100 * null95:.2g}"
    return MonitoringResult("matured gap", status_of(error, limit, 2 * limit), said, error, limit)


def _loss(evaluation: Evaluation) -> str:
    loss = evaluation.metrics["log_loss"]
    return "unknown" if loss is None else f"{loss:.3f}"
