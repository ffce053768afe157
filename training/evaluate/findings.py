"""What a candidate showed beyond the figures of its whole test span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.evaluate.backtest import Month, Refit, backtest
from training.evaluate.calibration_check import CalibrationCheck, calibration_check
from training.evaluate.comparison import Compared, Forecasts, Mask
from training.evaluate.evaluate import Evaluation, evaluate
from training.evaluate.segments import Group, groups
from training.labels.segments import segments

OTHERS = ("constant", "naive_bayes", "logistic_regression")  # whom each group and month is held against
RESAMPLES = 100


@dataclass(frozen=True)
class Arrival:
    """The figures at the moment a lead arrives, when nothing but the first touch is known of it."""

    evaluation: Evaluation
    compared: tuple[Compared, ...]  # ours first, then the others on the same rows


@dataclass(frozen=True)
class Findings:
    """Plain values, kept with the model as JSON. What the rows do not define is None or empty."""

    arrival: Arrival | None = None  # None where every row is an arrival
    groups: tuple[Group, ...] = ()
    calibration: CalibrationCheck | None = None
    months: tuple[Month, ...] = ()  # of the walk-forward backtest, the oldest first; none without dates


def findings(
    labelled: pd.DataFrame, test: Mask, said: Mapping[str, Floats], agreement: Agreement, refit: Refit | None
) -> Findings:
    """What the test rows show at arrival and by segment, whether calibration can be mended, and a backtest by month.

    said: the probabilities of the test rows by model, ours first. refit: without it, there is no backtest.
    """
    seed = refit.seed if refit else 0
    rows = labelled[test]
    tested = Forecasts.of(said, rows["outcome"], rows["lead_id"])
    families = {family: level[test] for family, level in segments(labelled, agreement).items()}
    few = Forecasts({name: chance for place, (name, chance) in enumerate(said.items()) if not place or name in OTHERS},
                 tested.outcome, tested.lead)  # fmt: skip
    return Findings(
        arrival=arrival(tested, rows["is_arrival"].to_numpy(bool), seed),
        groups=groups(few, families, seed),
        calibration=calibration_check(tested, seed),
        months=backtest(labelled, agreement.outcome.horizon_days, refit) if refit else (),
    )


def arrival(tested: Forecasts, is_arrival: Mask, seed: int) -> Arrival | None:
    """The quality at arrival as its own figure: a score that is good only for leads long known comes too late."""
    if is_arrival.all() or not is_arrival.any():
        return None
    part = tested.part(is_arrival)
    shown = evaluate(part.ours, part.outcome, part.lead, seed=seed, resamples=RESAMPLES)
    return Arrival(shown, part.compared(RESAMPLES, seed))
