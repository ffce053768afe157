"""The walk-forward backtest: each month is predicted by a model that learned only from what was known before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.evaluate.comparison import ComparedModel, HeldOutPredictions, PredictedAndObserved
from training.evaluate.evaluate import evaluate
from training.fit.calibrate import fit_calibrator
from training.metrics.bootstrap import Interval
from training.model.model import Model

BACKTEST_MONTHS = 6
FEWEST_ROWS, FEWEST_CONVERTED = 50, 20  # snapshots to predict, and converted leads to learn from
CALIBRATION_SHARE = 0.3  # of the leads seen in the newest third of what was known, as `split` does with little history
RESAMPLES = 60

FitModel = Callable[[pd.DataFrame, pd.DataFrame], Model]  # (train rows, calibration rows) -> the model of then
FitBaselines = Callable[[pd.DataFrame, pd.DataFrame], Mapping[str, Floats]]  # (train rows, test rows) -> by name


@dataclass(frozen=True)
class MonthLearned:
    """A month, and what the model of its first day learned from."""

    month: str  # "2026-03"
    learned_from: int  # converted leads whose outcome was known before the month


@dataclass(frozen=True)
class BacktestMonth(PredictedAndObserved, MonthLearned):  # the base named last has the first keys of the JSON
    """One row per month: what the model of its first day predicted for its snapshots, and what became of them."""

    log_loss: float | None
    roc_auc: float | None
    roc_auc_interval: Interval | None
    ece: float | None
    ece_null95: float | None
    compared: tuple[ComparedModel, ...] = ()  # ours first, then the baseline models on the same rows


@dataclass(frozen=True)
class Refit:
    """How the models of a month are fitted: ours, and the baseline models."""

    fit_model: FitModel
    fit_baselines: FitBaselines
    seed: int


def backtest(
    labelled: pd.DataFrame, horizon_days: int | None, refit: Refit, months: int = BACKTEST_MONTHS
) -> tuple[BacktestMonth, ...]:
    """The last `months` months of the history for which enough was known, the oldest first; none without dates.

    labelled: labelled snapshots with their features. A label counts as known once its horizon has closed: with a
    horizon of 90 days, the model of 1 June learns from snapshots up to 3 March. A lead that converted sooner is not
    taken sooner, for with early conversions alone the rate would be too high.
    """
    if horizon_days is None or not len(labelled):
        return ()
    moments = pd.to_datetime(labelled["snapshot_us"], unit="us", utc=True)
    newest_first = []
    for starts in reversed(pd.date_range(_month(moments.min()), moments.max(), freq="MS")):
        is_in = ((moments >= starts) & (moments < starts + pd.offsets.MonthBegin())).to_numpy()
        known = (moments + pd.Timedelta(days=horizon_days) <= starts).to_numpy()
        if is_in.sum() >= FEWEST_ROWS and _is_enough(labelled[known]):
            newest_first.append(_backtest_month(f"{starts:%Y-%m}", labelled[known], labelled[is_in], refit))
        if len(newest_first) == months:
            break
    return tuple(reversed(newest_first))


def _month(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.normalize().replace(day=1)


def _is_enough(rows: pd.DataFrame) -> bool:
    return bool(rows.loc[rows["outcome"], "lead_id"].nunique() >= FEWEST_CONVERTED and rows["outcome"].nunique() == 2)


def _backtest_month(month: str, known: pd.DataFrame, snapshots: pd.DataFrame, refit: Refit) -> BacktestMonth:
    ours = refit.fit_model(*_train_and_calibration(known, refit.seed)).probability(snapshots)
    baselines = refit.fit_baselines(known, snapshots)
    tested = HeldOutPredictions.of({"leadlight": ours} | dict(baselines), snapshots["outcome"], snapshots["lead_id"])
    shown = evaluate(ours, tested.outcome, tested.lead, seed=refit.seed, resamples=RESAMPLES)
    return BacktestMonth(
        month,
        known.loc[known["outcome"], "lead_id"].nunique(),
        **vars(tested.predicted_and_observed()),
        log_loss=shown.metrics["log_loss"],
        roc_auc=shown.metrics["roc_auc"],
        roc_auc_interval=shown.intervals["roc_auc"],
        ece=shown.metrics["ece"],
        ece_null95=shown.metrics["ece_null95"],
        compared=tested.comparison(RESAMPLES, refit.seed),
    )


def recalibrated_for_month(fitted: Model, train: pd.DataFrame, calibration: pd.DataFrame, seed: int) -> Model:
    """The model that was fitted on `train`, with a calibrator fitted on `calibration`.

    For a refit that takes over the choices of a later model, whose own calibrator knows outcomes from after the month.
    """
    margin, outcome = fitted.margin(fitted.matrix(calibration)), calibration["outcome"].to_numpy(np.float64)
    converted = int(train.loc[train["outcome"], "lead_id"].nunique())
    return replace(fitted, calibrator=fit_calibrator(margin, outcome, list(calibration["lead_id"]), seed, converted))


def _train_and_calibration(known: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and calibration rows; calibration takes CALIBRATION_SHARE of the leads that the newest third looks at."""
    moments = known["snapshot_us"].to_numpy(np.int64)
    newest = moments >= np.quantile(moments, 2 / 3)
    recent = np.sort(known.loc[newest, "lead_id"].unique())
    taken = np.random.default_rng(seed).permutation(recent)[: round(CALIBRATION_SHARE * len(recent))]
    is_taken = known["lead_id"].isin(taken).to_numpy()
    return known[~is_taken], known[newest & is_taken]
