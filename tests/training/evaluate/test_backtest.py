"""The walk-forward backtest: no month's model knows what was not known before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL

from features.arrays import DAY_US, Floats
from training.evaluate.backtest import (
    BACKTEST_MONTHS,
    FEWEST_CONVERTED,
    FEWEST_ROWS,
    BacktestMonth,
    Refit,
    backtest,
    recalibrated_for_month,
)
from training.evaluate.baselines import simple_baselines
from training.fit.fit import fitted_model
from training.model.calibrator import Calibrator
from training.model.columns import ModelColumn
from training.model.model import Model
from training.wording.sentences import months_sentence

HORIZON = 30
COLUMNS = (
    ModelColumn("pricing_page_count_total", "pricing_page", "behaviour"),
    ModelColumn("industry", "industry", "trait", ("a", "b")),
)


def history(leads: int = 1200, days: int = 400, seed: int = 0) -> pd.DataFrame:
    """A look at each lead at arrival and a week later, from 2026-01-01 on; pricing pages raise the chance."""
    draws = np.random.default_rng(seed)
    lead, came = np.repeat(np.arange(leads), 2), np.repeat(draws.uniform(0, days, leads), 2)
    count = np.repeat(draws.poisson(1.2, leads), 2).astype(float)
    is_arrival = np.arange(2 * leads) % 2 == 0
    moment = pd.Timestamp("2026-01-01", tz="UTC").value // 1_000
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{number}" for number in lead],
            "snapshot_us": moment + ((came + 7 * ~is_arrival) * DAY_US).astype(np.int64),
            "is_arrival": is_arrival,
            "outcome": np.repeat(draws.random(leads), 2) < 1 / (1 + np.exp(2.5 - 0.9 * count)),
            "pricing_page_count_total": count,
            "industry": np.where(lead % 2, "a", "b").astype(object),
        }
    )
    return frame.sort_values("snapshot_us", ignore_index=True)


class Then:
    """Fits nothing, and keeps what each month was given to learn from."""

    def __init__(self) -> None:
        self.asked: list[tuple[pd.DataFrame, pd.DataFrame]] = []

    def fit(self, train: pd.DataFrame, calibration: pd.DataFrame) -> Model:
        self.asked.append((train, calibration))
        return Model(COLUMNS, calibrator=Calibrator(1.0, -1.0))


def the_rate(known: pd.DataFrame, asked: pd.DataFrame) -> Mapping[str, Floats]:
    return {"constant": np.full(len(asked), known["outcome"].mean())}


@pytest.fixture(scope="module")
def walked() -> tuple[Then, tuple[BacktestMonth, ...], pd.DataFrame]:
    then, rows = Then(), history()
    return then, backtest(rows, HORIZON, Refit(then.fit, the_rate, 1)), rows


def test_no_month_learns_from_an_outcome_that_was_open_when_it_began(walked: Any) -> None:
    then, months, _ = walked
    assert len(then.asked) == len(months)
    # The newest month is foretold first.
    for month, (train, calibration) in zip(reversed(months), then.asked, strict=True):
        newest = pd.to_datetime(pd.concat([train, calibration])["snapshot_us"].max(), unit="us", utc=True)
        assert newest + pd.Timedelta(days=HORIZON) <= pd.Timestamp(month.month, tz="UTC")


def test_no_lead_is_on_both_sides(walked: Any) -> None:
    for train, calibration in walked[0].asked:
        assert len(calibration)
        assert set(train["lead_id"]).isdisjoint(calibration["lead_id"])


def test_the_last_months_are_foretold_the_oldest_first(walked: Any) -> None:
    _, months, rows = walked
    moments = pd.to_datetime(rows["snapshot_us"], unit="us", utc=True)
    looks = moments.dt.strftime("%Y-%m").value_counts()
    assert [month.month for month in months] == sorted(looks.index[looks >= FEWEST_ROWS])[-BACKTEST_MONTHS:]
    for month in months:
        is_in = moments.dt.strftime("%Y-%m") == month.month
        assert (month.rows, month.conversions) == (is_in.sum(), rows.loc[is_in, "outcome"].sum())


def test_what_comes_later_changes_no_earlier_month() -> None:
    rows, then = history(), Then()
    whole = backtest(rows, HORIZON, Refit(then.fit, the_rate, 1))
    ends = int(pd.Timestamp(whole[-1].month, tz="UTC").value // 1_000)
    earlier = backtest(rows[rows["snapshot_us"] < ends], HORIZON, Refit(Then().fit, the_rate, 1))
    assert earlier[1:] == whole[:-1]


def test_months_with_too_little_to_learn_from_or_to_foretell_are_passed_over() -> None:
    rows, then = history(leads=150), Then()
    months = backtest(rows, HORIZON, Refit(then.fit, the_rate, 1), months=99)
    assert all(month.learned_from >= FEWEST_CONVERTED and month.rows >= FEWEST_ROWS for month in months)
    assert backtest(rows[:60], HORIZON, Refit(then.fit, the_rate, 1)) == ()
    assert backtest(rows[:0], HORIZON, Refit(then.fit, the_rate, 1)) == ()


def test_without_dates_there_is_no_looking_back() -> None:
    assert backtest(history(100), None, Refit(Then().fit, the_rate, 1)) == ()
    assert "no dates" in months_sentence(())


def test_a_refit_is_calibrated_on_what_was_known_then() -> None:
    rows = history()
    train, calibration = rows[rows["lead_id"] < "L5"], rows[rows["lead_id"] >= "L5"]
    knows_later = replace(Model(COLUMNS), calibrator=Calibrator(0.2, 3.0))
    then = recalibrated_for_month(knows_later, train, calibration, 1)
    assert then.calibrator == recalibrated_for_month(Model(COLUMNS), train, calibration, 1).calibrator
    rate = calibration["outcome"].mean()
    said, said_later = (model.probability(calibration).mean() for model in (then, knows_later))
    assert abs(said - rate) < abs(said_later - rate) / 5


def test_real_models_and_their_rivals_are_fitted_again_for_each_month() -> None:
    refit = Refit(lambda train, _: fitted_model(train, SMALL, 1), simple_baselines(COLUMNS), 1)
    (month,) = backtest(history(), HORIZON, refit, months=1)
    ours, *others = month.compared
    assert [other.name for other in others] == ["constant", "naive_bayes", "logistic_regression"]
    assert month.roc_auc == ours.roc_auc > 0.65
    assert others[0].excess_log_loss > 0, "the average rate of then knows less"
    assert month.interval[0] <= month.predicted <= month.interval[1]
    assert "within chance of what came in 1 of them" in months_sentence((month,))
