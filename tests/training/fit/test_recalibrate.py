"""Recalibration: a base rate that moved is found and followed, the ranking stays, and few outcomes are not believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from drawn_snapshots import looks
from handmade_events import SMALL

from serving.scoring.points import logit
from training.fit.calibrate import level_shift
from training.fit.fit import fitted_model
from training.fit.recalibrate import (
    FEWEST,
    RECENT,
    NothingMatured,
    newest_rows,
    recalibration,
    recent_rows,
)
from training.model.calibrator import Calibrator
from training.model.if_tried import moved_calibrator
from training.model.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return fitted_model(looks(400, 1), SMALL, seed=7)


def later(leads: int, seed: int, level: float) -> pd.DataFrame:
    """Looks after the training, whose odds are higher by so much log-odds."""
    rows, draws = looks(leads, seed), np.random.default_rng(seed)
    odds = np.exp(-2.2 + level + 0.8 * rows["pricing_page_count_total"] - 1.0 * (rows["industry"] == "mining"))
    return rows.assign(outcome=draws.random(len(rows)) < odds / (1 + odds), snapshot_us=rows["snapshot_us"] + 10**6)


def test_a_shift_is_sure_where_the_rate_moved_and_not_where_it_did_not(model: Model) -> None:
    for level, is_sure in ((0.0, False), (0.9, True), (-0.9, True)):
        rows = later(400, 5, level)
        said = model.calibrator.logit(model.margin(model.matrix(rows)))
        found = level_shift(said, rows["outcome"].to_numpy(float), list(rows["lead_id"]))
        assert found.is_sure is is_sure
        assert found.level == pytest.approx(level, abs=0.35)


def test_recalibration_follows_the_rate_and_keeps_order_trees_and_line(model: Model) -> None:
    made = recalibration(model, later(600, 6, 0.9), SMALL, 7)
    fresh = later(600, 8, 0.9)
    before, after = model.probability(fresh), made.model.probability(fresh)
    assert abs(after.mean() - fresh["outcome"].mean()) < abs(before.mean() - fresh["outcome"].mean()) / 2
    assert (np.argsort(before, kind="stable") == np.argsort(after, kind="stable")).all()
    assert (made.model.trees, made.model.linear) == (model.trees, model.linear)
    assert made.losses[1] < made.losses[0]


def test_contributions_still_sum_to_the_logit(model: Model) -> None:
    made = recalibration(model, later(300, 9, 0.5), SMALL, 7).model
    matrix = made.matrix(looks(20, 3))
    contributions, baseline = made.contributions(matrix)
    said = contributions.sum(axis=1) + baseline
    assert said == pytest.approx([logit(p) for p in made.probability(looks(20, 3))], abs=1e-9)


def test_two_maps_after_each_other_are_one() -> None:
    first, then = Calibrator(0.8, -0.3), Calibrator(1.2, 0.5)
    margin = np.linspace(-4, 2, 7)
    assert moved_calibrator(first, then).logit(margin) == pytest.approx(then.logit(first.logit(margin)))


def test_the_newest_rows_are_listened_to_up_to_enough_converted_leads() -> None:
    rows = later(2_000, 2, 0.0)
    heard = newest_rows(rows)
    assert heard.loc[heard["outcome"], "lead_id"].nunique() == RECENT
    assert heard["snapshot_us"].min() > rows["snapshot_us"].min()
    assert len(newest_rows(rows.head(50))) == 50


def test_too_few_that_matured_are_refused_in_words(model: Model) -> None:
    with pytest.raises(NothingMatured, match=f"0 leads that converted .* wait for {FEWEST}"):
        recent_rows(replace(model, facts=model.facts | {"learned_until_us": 10**9}), later(300, 2, 0.0))
