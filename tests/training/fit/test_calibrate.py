"""Calibration keeps the order and says its doubt; gates say what they saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.fit.calibrate import fit_calibrator, platt_map
from training.gates.better_than_average import better_than_average
from training.gates.calibrated import CalibrationSeen, calibrated
from training.gates.gate import Gate
from training.model.calibrator import Calibrator


@given(st.floats(-30, 30), st.floats(0.001, 20), st.floats(0.01, 5), st.floats(-5, 5))
def test_the_calibrator_keeps_the_order(margin: float, more: float, slope: float, intercept: float) -> None:
    calibrator = Calibrator(slope, intercept)
    low, high = calibrator.logit(np.array([margin, margin + more]))
    assert low < high


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=5))
def test_a_probability_lies_within_its_interval(margins: list[float]) -> None:
    calibrator = Calibrator(0.9, -0.1, ((0.02, 0.001), (0.001, 0.03)))
    margin = np.array(margins)
    low, high = calibrator.interval(margin)
    probability = 1 / (1 + np.exp(-calibrator.logit(margin)))
    assert ((low < probability) & (probability < high)).all()


def calibration_world(slope: float, rows: int = 4_000) -> tuple[np.ndarray, np.ndarray, list[str]]:
    draws = np.random.default_rng(0)
    margin = draws.normal(-1, 1.5, rows)
    outcome = draws.random(rows) < 1 / (1 + np.exp(-slope * margin))
    return margin, outcome.astype(float), [f"lead-{i // 2}" for i in range(rows)]


def test_margins_that_are_too_sure_are_drawn_in() -> None:
    calibrator = fit_calibrator(*calibration_world(0.5), seed=1, learned_from=1_000)
    assert calibrator.slope == pytest.approx(0.5, abs=0.1)
    assert calibrator.covariance[0][0] > 0


def test_margins_that_are_right_are_left_alone() -> None:
    margin, outcome, leads = calibration_world(1.0, rows=400)
    calibrator = fit_calibrator(margin, outcome, leads, seed=1, learned_from=1_000)
    assert (calibrator.slope, calibrator.intercept) == (1.0, 0.0)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_class_says_nothing_of_calibration(outcome: float) -> None:
    margin = np.linspace(-2, 2, 30)
    found = fit_calibrator(margin, np.full(30, outcome), [str(i) for i in range(30)], seed=1, learned_from=1_000)
    assert (found.slope, found.intercept) == (1.0, 0.0)


def test_a_margin_that_points_the_wrong_way_is_never_turned_round() -> None:
    margin, outcome, leads = calibration_world(-1.0)
    assert fit_calibrator(margin, outcome, leads, seed=1, learned_from=1_000).slope > 0


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        (better_than_average(0.20, 0.21, (0.005, 0.015)), True),
        (better_than_average(0.20, 0.21, (-0.001, 0.021)), False),
        (better_than_average(0.22, 0.21, (-0.015, -0.005)), False),
        (better_than_average(None, 0.21, None), False),
        (calibrated(CalibrationSeen(0.019, 0.001, 0.3)), True),
        (calibrated(CalibrationSeen(0.019, 0.001, 0.01)), False),
        (calibrated(CalibrationSeen(0.03, 0.035, 0.3)), True),
        (calibrated(CalibrationSeen(0.03, 0.01, 0.3)), False),
        (calibrated(CalibrationSeen(None, None, None)), False),
    ],
)
def test_a_gate_says_what_it_saw(gate: Gate, passed: bool) -> None:
    assert gate.passed is passed
    assert set(gate.as_json()) == {"name", "passed", "value", "limit", "why"}


def test_few_conversions_hardly_move_what_many_have_taught() -> None:
    margin, outcome, leads = calibration_world(1.0, rows=60)
    sure = 1 / (1 / 400 + 0.1**2)
    shifted = platt_map(margin - 1.0, outcome, leads, trusted=(sure, sure))
    by_themselves = platt_map(margin - 1.0, outcome, leads, trusted=(1e-9, 1e-9))
    assert 0 < shifted.level < by_themselves.level / 2


def test_thousands_of_conversions_overrule_the_model() -> None:
    margin, outcome, leads = calibration_world(1.0, rows=40_000)
    assert platt_map(margin - 1.0, outcome, leads, trusted=(80.0, 80.0)).level == pytest.approx(1.0, abs=0.1)
