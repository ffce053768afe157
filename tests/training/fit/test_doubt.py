"""Intervals hold the truth about as often as they say, for lines, trees and blends; more leads make them narrower."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawn_snapshots import looks
from handmade_events import SMALL

from features.arrays import Floats
from training.fit.calibrate import fit_calibrator
from training.fit.doubt import level_variance, misfit, refit_variance, with_doubt
from training.fit.fit import fitted_blend, fitted_model
from training.fit.served_fit import served_fit, unseen_margins
from training.fit.training_rows import TrainingRows
from training.model.columns import ModelColumn
from training.model.model import Model


def truth(rows: pd.DataFrame) -> Floats:
    log_odds = -2.2 + 0.8 * rows["pricing_page_count_total"] - 1.0 * (rows["industry"] == "mining")
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=np.float64)


def market(leads: int, seed: int) -> pd.DataFrame:
    rows, draws = looks(leads, seed), np.random.default_rng(seed)
    return rows.assign(outcome=draws.random(len(rows)) < truth(rows))


def interval(model: Model, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    return model.calibrator.interval(model.margin(model.matrix(rows)))


def width(model: Model, rows: pd.DataFrame) -> float:
    low, high = interval(model, rows)
    return float(np.mean(high - low))


@pytest.mark.parametrize(("leads", "markets"), [(60, 10), (250, 5)])  # a line alone, and trees beside it
def test_intervals_hold_the_truth_of_nine_in_ten_leads(leads: int, markets: int) -> None:
    fresh, covered = looks(300, 99), []
    for seed in range(markets):
        low, high = interval(fitted_model(market(leads, seed), SMALL, seed=7), fresh)
        covered.append(np.mean((low <= truth(fresh)) & (truth(fresh) <= high)))
    assert 0.82 <= np.mean(covered) <= 0.99


def test_more_leads_make_it_narrower() -> None:
    fresh = looks(300, 99)
    few, some, many = (width(fitted_model(market(leads, 1), SMALL, seed=7), fresh) for leads in (60, 250, 1_000))
    assert many < some < few


def test_a_model_of_all_rows_is_surer_than_the_folds_that_it_takes_its_doubt_from() -> None:
    rows = market(400, 1)
    train = np.arange(len(rows)) < 600
    judged = fitted_blend(rows[train], SMALL, seed=7)
    served = served_fit(judged.model, rows, SMALL, 7, unseen_margins(judged, rows, train))
    fresh = looks(300, 99)
    assert width(served.model, fresh) < width(judged.model, fresh)
    assert served.folds == ()  # nothing was fitted again


def test_the_doubt_of_the_fit_comes_on_top_of_the_calibrators_own() -> None:
    blend = fitted_blend(market(250, 1), SMALL, seed=7)
    sample = blend.folds.sample
    alone = fit_calibrator(blend.out_of_fold, sample.outcome, list(sample.leads), 7, 250)
    widened = with_doubt(alone, blend.folds)
    assert (widened.slope, widened.intercept) == (alone.slope, alone.intercept)
    assert widened.covariance[1][1] > alone.covariance[1][1]


def test_refits_that_leave_out_a_fold_are_a_jackknife() -> None:
    """Three models that say 1, 2 and 3: two thirds of the squared distances from their mean, 1 + 0 + 1."""
    assert refit_variance(np.array([[1.0], [2.0], [3.0]])) == pytest.approx([4 / 3])


def test_where_no_lead_that_was_said_alike_converted_the_level_is_a_guess() -> None:
    """Said 0, and twice the odds of it, with three converted leads near by, of which one was looked at twice."""
    sample = TrainingRows(
        (), np.empty((6, 0)), np.array([1.0, 1, 1, 1, 0, 0]), np.array([*"aabcde"], dtype=object), (), {}
    )
    said = np.array([0.0, 0.1, 0.2, 0.5, -4.0, -4.0])
    assert level_variance(np.array([0.0, -4.0]), said, sample, 1.0) == pytest.approx([1 / 4, 1.0])
    assert level_variance(np.array([0.0]), said, sample, 3.0) == pytest.approx([1 / 10])


def drawn(rows: int, seed: int) -> TrainingRows:
    """Two numbers of which neither tells anything, and a category; who has exactly one of both high converts."""
    draws = np.random.default_rng(seed)
    numbers, level = draws.normal(size=(rows, 2)), draws.integers(0, 3, rows).astype(float)
    differ = (numbers[:, 0] > 0) != (numbers[:, 1] > 0)
    outcome = (draws.random(rows) < np.where(differ, 0.3, 0.03)).astype(float)
    columns = (ModelColumn("a", "a", "trait"), ModelColumn("b", "b", "trait"))
    category = ModelColumn("c", "c", "trait", ("x", "y", "z"))
    leads = np.array([f"lead-{i}" for i in range(rows)], dtype=object)
    return TrainingRows((*columns, category), np.column_stack([numbers, level]), outcome, leads, (), {})


def test_what_two_columns_tell_together_and_the_model_does_not_is_doubt() -> None:
    sample = drawn(2_000, 1)
    rate = sample.outcome.mean()
    said = np.full(2_000, np.log(rate / (1 - rate)))
    known = np.where((sample.matrix[:, 0] > 0) != (sample.matrix[:, 1] > 0), np.log(3 / 7), np.log(3 / 97))
    right = float(np.mean((known - said) ** 2))
    assert misfit(sample, said) == pytest.approx(right, rel=0.4)
    assert misfit(sample, known) == 0.0


def test_chance_alone_is_no_misfit() -> None:
    found = []
    for seed in range(20):
        sample, draws = drawn(500, seed), np.random.default_rng(seed)
        noise = TrainingRows(
            sample.columns, sample.matrix, (draws.random(500) < 0.2).astype(float), sample.leads, (), {}
        )
        found.append(misfit(noise, np.full(500, np.log(0.25))))
    assert sum(one > 0 for one in found) <= 1
