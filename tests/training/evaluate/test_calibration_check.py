"""The closer look at calibration: each fault is found where it was planted, and none where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.evaluate.calibration_check import CalibrationCheck, Estimate, calibration_check
from training.evaluate.comparison import HeldOutPredictions
from training.wording.calibration import calibration_check_rows, calibration_check_sentence, calibration_faults


def world(
    slope: float = 1.0, level: float = 0.0, bent: bool = False, leads: int = 3000, seed: int = 0
) -> HeldOutPredictions:
    """Two looks a lead; logit(truth) = level + slope * said, or one step where bent."""
    draws = np.random.default_rng(seed)
    said = draws.normal(-1.5, 1.3, 2 * leads)
    true = level + slope * said
    true = np.where(said < -1.5, -3.0, 0.0) if bent else true
    outcome = draws.random(2 * leads) < 1 / (1 + np.exp(-true))
    return HeldOutPredictions.of({"leadlight": 1 / (1 + np.exp(-said))}, outcome, np.tile(np.arange(leads), 2))


@pytest.fixture(scope="module")
def true() -> CalibrationCheck:
    found = calibration_check(world(), seed=1)
    assert found
    return found


def test_slope_and_intercept_are_those_of_a_logistic_regression() -> None:
    tested = world(slope=0.7, level=-0.4)
    found = calibration_check(tested, seed=1)
    assert found
    said = np.log(tested.ours / (1 - tested.ours))
    theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(said[:, None], tested.outcome)
    assert found.slope.value == pytest.approx(theirs.coef_[0, 0], abs=1e-4)
    assert found.intercept.value == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_true_probabilities_raise_no_doubt(true: CalibrationCheck) -> None:
    assert calibration_faults(true) == ()
    assert not true.slope.excludes(1)
    assert not true.level.excludes(0)
    assert true.isotonic.value < 0.001
    assert "neither level nor slope nor shape is off" in calibration_check_sentence(true)


def test_each_interval_holds_its_figure(true: CalibrationCheck) -> None:
    for _, _, estimate, _ in calibration_check_rows(true):
        assert estimate.interval[0] <= estimate.value <= estimate.interval[1]


def test_a_level_that_is_off_is_said_as_odds() -> None:
    found = calibration_check(world(level=-0.7), seed=1)
    (sentence,) = calibration_faults(found)
    assert sentence.startswith("On the whole it promises too much: the odds of converting are 0.")
    assert "recalibrate" in sentence
    assert found
    assert np.exp(found.level.value) == pytest.approx(0.5, abs=0.08)


def test_to_recalibrate_is_advised_only_where_a_line_gains_on_leads_that_it_was_not_fitted_on() -> None:
    found = calibration_check(world(slope=0.6), seed=1)
    assert found
    in_vain = replace(found, affine=Estimate(-0.001, (-0.002, 0.001)))
    assert all("leadlight recalibrate" in sentence for sentence in calibration_faults(found))
    assert calibration_faults(in_vain)
    assert all("recalibrate" not in sentence and "wait" in sentence for sentence in calibration_faults(in_vain))


def test_a_score_too_sure_of_itself_is_told_from_one_too_timid() -> None:
    sure, timid = (calibration_faults(calibration_check(world(slope=slope), seed=1)) for slope in (0.6, 1.5))
    assert any("too sure of itself" in sentence for sentence in sure)
    assert any("too timid" in sentence for sentence in timid)


def test_curvature_is_what_no_line_mends() -> None:
    found = calibration_check(world(bent=True), seed=1)
    assert found
    assert found.curvature.interval[0] > 0
    assert found.isotonic.value > found.affine.value
    assert any(sentence.startswith("No straight correction mends it") for sentence in calibration_faults(found))


def test_a_line_mends_a_line() -> None:
    found = calibration_check(world(slope=0.5, level=-0.5), seed=1)
    assert found
    assert found.affine.interval[0] > 0
    assert not any(sentence.startswith("No straight") for sentence in calibration_faults(found))


def test_copies_of_rows_do_not_make_it_surer() -> None:
    tested = world(leads=600)
    thrice = HeldOutPredictions.of(
        {"leadlight": np.tile(tested.ours, 3)}, np.tile(tested.outcome, 3), np.tile(tested.lead, 3)
    )
    once, again = calibration_check(tested, 1), calibration_check(thrice, 1)
    assert once
    assert again
    assert again.slope.interval == pytest.approx(once.slope.interval, abs=0.02)


def test_few_conversions_say_nothing() -> None:
    tested = world(leads=100)
    few = HeldOutPredictions(
        tested.probabilities, np.where(np.cumsum(tested.outcome) <= 10, tested.outcome, 0.0), tested.lead
    )
    assert calibration_check(few, 1) is None
    assert calibration_check_rows(None) == []
    assert calibration_faults(None) == ()
    assert "Too few" in calibration_check_sentence(None)


def test_certain_probabilities_do_not_break_it() -> None:
    tested = world(leads=300)
    certain = HeldOutPredictions({"leadlight": np.round(tested.ours)}, tested.outcome, tested.lead)
    found = calibration_check(certain, 1)
    assert found
    assert all(np.isfinite(estimate.value) for _, _, estimate, _ in calibration_check_rows(found))
