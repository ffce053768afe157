"""The benchmarks that hold models against a simulated truth: on one small market, each says what it claims to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_scripts import script

pytestmark = pytest.mark.slow

ENDS_AT = datetime(2026, 6, 1, tzinfo=UTC)


habit, small_data, truth = script("habit"), script("small_data"), script("truth")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("market")


@pytest.fixture(scope="module")
def market(folder: Path) -> Any:
    """Its last months go by another law."""
    return truth.simulated_home(folder, 1_200, 5, ENDS_AT, truth.MarketShift(3.0, truth.CHANGED_DAYS))


def test_habit_has_both_rules_on_the_same_open_leads(market: Any) -> None:
    as_things_are, before = (habit.compared(market, 5, 1_500)[rule] for rule in habit.RULES)
    assert as_things_are["open_leads"]["rows"] == before["open_leads"]["rows"] > 500
    assert as_things_are["base_rate"] < before["base_rate"]  # which dropped the lost leads that nobody tried
    assert as_things_are["said_over_true"] < before["said_over_true"]
    assert all(-1 <= side["open_leads"]["rank_correlation"] <= 1 for side in (as_things_are, before))


def test_small_data_draws_as_many_converted_leads_as_it_says_and_judges_on_others(market: Any, folder: Path) -> None:
    figures = small_data.prepared(market, folder, 5)
    assert figures["pool"]["converted"] >= 10
    found = list(small_data.simulations([small_data.Run(10, 0), small_data.Run(10, 1)], folder, 1))
    summed = small_data.summary(found)
    assert summed["runs"] == 2
    assert 0 <= summed["covered"] <= 1
    assert summed["worst_ratio"] >= summed["ratio"] > 0
    pool, judged = (small_data.TABLES[name] for name in ("pool", "judged"))
    drawn = small_data.drawn_training_rows(pool, small_data.Run(10, 0))
    assert drawn.groupby("lead_id")["outcome"].any().sum() == 10
    assert not set(drawn["lead_id"]) & set(judged["lead_id"])
    assert set(drawn["lead_id"]) != set(small_data.drawn_training_rows(pool, small_data.Run(10, 1))["lead_id"])


def test_without_outcomes_the_criteria_answer_with_the_true_rate(market: Any, folder: Path) -> None:
    small_data.prepared(market, folder, 5)
    prior = small_data.without_outcomes(market, folder)
    assert prior["ratio"] == pytest.approx(prior["log_loss"] / prior["constant"])
    assert 0.8 < prior["ratio"] < 1.2


def test_coverage_counts_rows_whose_interval_holds_their_own_tenth() -> None:
    said = np.linspace(0.05, 0.95, 100)
    assert small_data.coverage(said, (said - 0.06, said + 0.06), said) == 1.0
    assert small_data.coverage(said, (said, said), said) < 0.2


def test_recalibrating_after_a_shift_moves_the_map_and_leaves_the_ranking(market: Any) -> None:
    """Whether it comes nearer to the truth rests on hundreds of conversions: a market of this size has too few."""
    figures = truth.after_a_shift(market, truth.MarketShift(3.0, truth.CHANGED_DAYS), 5)
    assert figures["shift"]["rows"] > 100
    assert figures["shift"]["maps"]["as trained"] != figures["shift"]["maps"]["recalibrated"]
    for where in ("open_leads", "arrivals"):
        before, after = figures[where]["as trained"], figures[where]["recalibrated"]
        assert before["mean_true"] == after["mean_true"]
        assert after["rank_correlation"] == pytest.approx(before["rank_correlation"], abs=1e-3)
