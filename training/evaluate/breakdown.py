"""The evaluation of a candidate taken apart: at arrival, by segment, by month, and its calibration looked at closer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Bools, Floats
from training.evaluate.backtest import BacktestMonth, Refit, backtest
from training.evaluate.calibration_check import CalibrationCheck, calibration_check
from training.evaluate.comparison import ComparedModel, HeldOutPredictions
from training.evaluate.evaluate import Evaluation, evaluate
from training.evaluate.segments import SegmentResult, segment_results
from training.labels.segments import segments

COMPARED_BASELINES = ("constant", "naive_bayes", "logistic_regression")  # with which segments and months are compared
RESAMPLES = 100


@dataclass(frozen=True)
class ArrivalResult:
    """The evaluation at the moment a lead arrives, when nothing but the first touch is known of it."""

    evaluation: Evaluation
    compared: tuple[ComparedModel, ...]  # ours first, then the baseline models on the same rows


@dataclass(frozen=True)
class Breakdown:
    """Plain values, kept with the model as JSON. What the rows do not define is None or empty."""

    arrival: ArrivalResult | None = None  # None where every row is an arrival
    groups: tuple[SegmentResult, ...] = ()
    calibration: CalibrationCheck | None = None
    months: tuple[BacktestMonth, ...] = ()  # of the walk-forward backtest, the oldest first; none without dates


def breakdown(
    labelled: pd.DataFrame, test: Bools, probabilities: Mapping[str, Floats], agreement: Agreement, refit: Refit | None
) -> Breakdown:
    """The test rows at arrival and by segment, the check of their calibration, and the backtest by month.

    probabilities: of the test rows, by model, ours first. refit: without it, there is no backtest.
    """
    seed = refit.seed if refit else 0
    rows = labelled[test]
    tested = HeldOutPredictions.of(probabilities, rows["outcome"], rows["lead_id"])
    families = {family: level[test] for family, level in segments(labelled, agreement).items()}
    ours = next(iter(probabilities))
    few = {name: chance for name, chance in probabilities.items() if name == ours or name in COMPARED_BASELINES}
    return Breakdown(
        arrival=arrival_result(tested, rows["is_arrival"].to_numpy(bool), seed),
        groups=segment_results(HeldOutPredictions(few, tested.outcome, tested.lead), families, seed),
        calibration=calibration_check(tested, seed),
        months=backtest(labelled, agreement.outcome.horizon_days, refit) if refit else (),
    )


def arrival_result(tested: HeldOutPredictions, is_arrival: Bools, seed: int) -> ArrivalResult | None:
    """The evaluation of the arrivals alone: a score that is good only for leads long known comes too late.

    None where all rows are arrivals, or none is.
    """
    if is_arrival.all() or not is_arrival.any():
        return None
    arrivals = tested.subset(is_arrival)
    shown = evaluate(arrivals.ours, arrivals.outcome, arrivals.lead, seed=seed, resamples=RESAMPLES)
    return ArrivalResult(shown, arrivals.comparison(RESAMPLES, seed))
