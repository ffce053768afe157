"""A walk-forward backtest: each month foretold by a model that knew only what was known before it began."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.evaluate.comparison import Compared, Forecasts
from training.evaluate.evaluate import evaluate
from training.fit.calibrate import fit_calibrator
from training.metrics.bootstrap import Interval, effective_sample_sizes, wilson_interval
from training.model.model import Model

MONTHS = 6
FEWEST_ROWS, FEWEST_CONVERTED = 50, 20  # to foretell, and converted leads to learn from
CALIBRATION_SHARE = 0.3  # of the leads seen in the newest third of what was known, as `split` does with little history
RESAMPLES = 60

FitAgain = Callable[[pd.DataFrame, pd.DataFrame], Model]  # (train rows, calibration rows) -> the model of then
Others = Callable[[pd.DataFrame, pd.DataFrame], Mapping[str, Floats]]  # (train rows, test rows) -> by name


@dataclass(frozen=True)
class Month:
    """One month, and how the model of its first day foretold it; intervals are 95 % and count whole leads."""

    month: str  # "2026-03"
    learned_from: int  # converted leads whose outcome was known before
    rows: int
    leads: int
    conversions: int
    predicted: float  # the mean probability
    observed: float  # the part that converted
    interval: Interval  # of the observed part
    log_loss: float | None
    roc_auc: float | None
    roc_auc_interval: Interval | None
    ece: float | None
    ece_null95: float | None
    compared: tuple[Compared, ...] = ()  # ours first, then the others on the same rows


@dataclass(frozen=True)
class Refit:
    """How a month's models are fitted again, ours and the others."""

    again: FitAgain
    others: Others
    seed: int


def backtest(labelled: pd.DataFrame, horizon_days: int | None, refit: Refit, months: int = MONTHS) -> tuple[Month, ...]:
    """The last `months` months of the history in which enough was known, the oldest first; none without dates.

    labelled: labelled snapshots with their features. A label counts as known once its horizon has closed: what
    converted early is not taken early, or the rate would be inflated.
    """
    if horizon_days is None or not len(labelled):
        return ()
    moments = pd.to_datetime(labelled["snapshot_us"], unit="us", utc=True)
    found = []
    for starts in reversed(pd.date_range(_month(moments.min()), moments.max(), freq="MS")):
        is_in = ((moments >= starts) & (moments < starts + pd.offsets.MonthBegin())).to_numpy()
        known = (moments + pd.Timedelta(days=horizon_days) <= starts).to_numpy()
        if is_in.sum() >= FEWEST_ROWS and _is_enough(labelled[known]):
            found.append(_foretold(f"{starts:%Y-%m}", labelled[known], labelled[is_in], refit))
        if len(found) == months:
            break
    return tuple(reversed(found))


def _month(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.normalize().replace(day=1)


def _is_enough(known: pd.DataFrame) -> bool:
    return bool(
        known.loc[known["outcome"], "lead_id"].nunique() >= FEWEST_CONVERTED and known["outcome"].nunique() == 2
    )


def _foretold(month: str, known: pd.DataFrame, asked: pd.DataFrame, refit: Refit) -> Month:
    ours = refit.again(*_parted(known, refit.seed)).probability(asked)
    others = refit.others(known, asked)
    tested = Forecasts.of({"leadlight": ours} | dict(others), asked["outcome"], asked["lead_id"])
    shown = evaluate(ours, tested.outcome, tested.lead, seed=refit.seed, resamples=RESAMPLES)
    worth = effective_sample_sizes(tested.outcome, tested.lead, np.zeros(len(ours), dtype=np.intp), 1)
    low, high = wilson_interval(tested.outcome.mean() * worth, worth)
    return Month(
        month,
        known.loc[known["outcome"], "lead_id"].nunique(),
        shown.rows,
        shown.leads,
        shown.conversions,
        predicted=float(ours.mean()),
        observed=float(tested.outcome.mean()),
        interval=(float(low[0]), float(high[0])),
        log_loss=shown.metrics["log_loss"],
        roc_auc=shown.metrics["roc_auc"],
        roc_auc_interval=shown.intervals["roc_auc"],
        ece=shown.metrics["ece"],
        ece_null95=shown.metrics["ece_null95"],
        compared=tested.compared(RESAMPLES, refit.seed),
    )


def calibrated_then(fitted: Model, train: pd.DataFrame, calibration: pd.DataFrame, seed: int) -> Model:
    """A model that was fitted on `train`, calibrated on `calibration`.

    For a refit that takes over the choices of a later model: its calibrator would know outcomes of after the month.
    """
    margin, outcome = fitted.margin(fitted.matrix(calibration)), calibration["outcome"].to_numpy(np.float64)
    converted = int(train.loc[train["outcome"], "lead_id"].nunique())
    return replace(fitted, calibrator=fit_calibrator(margin, outcome, list(calibration["lead_id"]), seed, converted))


def _parted(known: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and calibration rows; calibration takes some of the leads of the newest third, as they were then."""
    moments = known["snapshot_us"].to_numpy(np.int64)
    newest = moments >= np.quantile(moments, 2 / 3)
    recent = np.sort(known.loc[newest, "lead_id"].unique())
    taken = np.random.default_rng(seed).permutation(recent)[: round(CALIBRATION_SHARE * len(recent))]
    is_taken = known["lead_id"].isin(taken).to_numpy()
    return known[~is_taken], known[newest & is_taken]
