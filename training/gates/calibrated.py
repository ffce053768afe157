"""The gate `calibrated`: of 100 leads at 0.27 about 27 convert, as far as the tested rows can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.evaluate.evaluate import Evaluation
from training.gates.gate import Gate
from training.metrics.observed_over_said import TOLERATED, ObservedOverSaid, observed_over_said, tolerated_ece


@dataclass(frozen=True)
class CalibrationSeen:
    """What the tested rows say of some probabilities.

    ece: the calibration error; None without rows. ece_null95: what a perfectly calibrated model stays under in 95 of
    100 cases on the same rows. rate: the share that converted. parts: overall, at arrival, in the top tenth.
    """

    ece: float | None
    ece_null95: float | None
    rate: float | None
    parts: Sequence[ObservedOverSaid] = ()

    @property
    def limit(self) -> float:
        """The ECE up to which they count as calibrated."""
        return tolerated_ece(self.rate, self.ece_null95)


def calibration_seen(probability: Floats, rows: pd.DataFrame, shown: Evaluation) -> CalibrationSeen:
    """What some rows say of their probabilities.

    rows: one row per snapshot: outcome, lead_id, is_arrival. shown: their figures.
    """
    outcome, is_arrival = rows["outcome"].to_numpy(np.float64), rows["is_arrival"].to_numpy(bool)
    parts = observed_over_said(probability, outcome, rows["lead_id"].to_numpy(str), is_arrival)
    return CalibrationSeen(shown.metrics["ece"], shown.metrics["ece_null95"], shown.base_rate, parts)


def calibrated(seen: CalibrationSeen) -> Gate:
    """Whether the ECE is within its limit, and no part of the rows is shown to be off by more than a quarter.

    Example: at a rate of 0.5 % a model that says three times as much has an ECE of 0.01; conversions are 0.33 times
    what was said, 0.25 to 0.45 in 95 of 100 cases, which lies wholly under 0.8.
    """
    if seen.ece is None:
        return Gate("calibrated", False, None, seen.limit, "There are no tested leads to check its probabilities on.")
    off = [part for part in seen.parts if part.is_off]
    is_near = seen.ece <= seen.limit
    return Gate("calibrated", is_near and not off, seen.ece, seen.limit, f"{_gap(seen, is_near)} {_parts(off)}")


def _gap(seen: CalibrationSeen, is_near: bool) -> str:
    than = "is within" if is_near else "is above"
    return (
        f"Its calibration error, {seen.ece:.4f}, {than} {seen.limit:.4f}: the larger of what a perfectly calibrated "
        "model would show on these snapshots by chance, and 0.02 or a quarter of the rate, whichever is less."
    )


def _parts(off: Sequence[ObservedOverSaid]) -> str:
    bounds = f"{TOLERATED[0]:g} to {TOLERATED[1]:g} times what was said"
    if not off:
        return f"Overall, at arrival and in the top tenth as many converted as {bounds}, or chance explains it."
    return f"Conversions are shown to be outside of {bounds}: {'; '.join(part.in_words for part in off)}."


def calibrated_or_nearer(seen: CalibrationSeen, of_champion: CalibrationSeen) -> Gate:
    """The gate of a recalibrated champion: `calibrated`, or no further from the outcomes than the champion is.

    An error that the champion has as well is no reason to refuse it: the champion would then go on answering with it.
    """
    gate = calibrated(seen)
    if gate.passed or seen.ece is None or of_champion.ece is None or seen.ece > of_champion.ece:
        return gate
    why = f"Its calibration error, {seen.ece:.4f}, is not above that of what answers, {of_champion.ece:.4f}."
    return replace(gate, passed=True, limit=of_champion.ece, why=why)
