"""The shift, by hand; and how it decides on what answers the second question."""

from __future__ import annotations

import numpy as np
import pytest

from training.if_tried.shift import Shift, method, moving_map, shift
from training.model.calibrator import sigmoid


def drawn(
    level: float, slope: float = 1.0, looks: int = 20_000, seed: int = 3
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Log-odds, outcomes drawn with logit P = level + slope * logit, and a lead for each look."""
    draws = np.random.default_rng(seed)
    logit = draws.normal(-2.0, 1.0, looks)
    outcome = (draws.random(looks) < sigmoid(level + slope * logit)).astype(np.float64)
    return logit, outcome, [f"lead-{i}" for i in range(looks)]


def test_the_shift_of_equal_looks_is_the_difference_of_two_log_odds() -> None:
    """Said 0.1, came 0.5: from odds of 1 to 9 to even odds."""
    outcome = np.array([0.0, 1.0] * 20)
    found = shift(np.full(40, np.log(1 / 9)), outcome, [str(i) for i in range(40)])
    assert found
    assert found.value == pytest.approx(np.log(9))
    assert found.error == pytest.approx(2 / np.sqrt(40))
    assert (found.looks, found.won) == (40, 20)


@pytest.mark.parametrize("level", [-0.2, 0.0, 0.7, 2.0])
def test_the_shift_that_outcomes_were_drawn_with_is_found(level: float) -> None:
    found = shift(*drawn(level))
    assert found
    assert abs(found.value - level) < 3 * found.error < 0.1


def test_twice_the_same_leads_tell_no_more() -> None:
    logit, outcome, leads = drawn(1.0, looks=2_000)
    once, twice = shift(logit, outcome, leads), shift(np.tile(logit, 2), np.tile(outcome, 2), leads * 2)
    assert once
    assert twice
    assert twice.value == pytest.approx(once.value)
    assert twice.error == pytest.approx(once.error)


def test_a_handful_of_wins_has_no_shift() -> None:
    outcome = np.array([1.0] * 9 + [0.0] * 300)
    assert shift(np.zeros(309), outcome, [str(i) for i in range(309)]) is None


@pytest.mark.parametrize(
    ("value", "before", "is_asked", "expected"),
    [
        (1.0, None, False, "own_model"),
        (0.9, None, False, "moved"),
        (0.9, "own_model", False, "own_model"),
        (0.79, "own_model", False, "moved"),
        (0.9, "moved", False, "moved"),
        (0.49, None, False, None),
        (0.1, None, True, "moved"),
        (1.4, None, True, "own_model"),
    ],
)
def test_what_answers_follows_from_the_size_of_the_shift(
    value: float, before: str | None, is_asked: bool, expected: str | None
) -> None:
    """Not from its significance; and contact that was needed stays needed until the shift is clearly smaller."""
    assert method(Shift(value, 5.0, 500, 100), before, is_asked) == expected


def test_without_first_tries_nothing_answers() -> None:
    assert method(None, None, True) is None


def test_the_moving_map_finds_level_and_slope_and_never_falls() -> None:
    logit, outcome, _ = drawn(0.4, slope=0.8)
    found = moving_map(logit, outcome)
    assert (found.intercept, found.slope) == (pytest.approx(0.4, abs=0.15), pytest.approx(0.8, abs=0.06))
    assert moving_map(-logit, outcome).slope > 0
