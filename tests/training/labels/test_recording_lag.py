"""How late conversions are on record is asked of those that had the time to be late."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from handmade_events import us

from features.arrays import DAY_US, NOT_YET
from training.labels.recording_lag import MOST_LAG_DAYS, recording_lag_us

END = 400.0


def lag_days(happened: np.ndarray, late: np.ndarray, until: float = END) -> float:
    """The lag in days as it is seen at `until`; what is recorded later is not known yet."""
    known = happened + late
    seen = known <= until
    columns = {"converted_us": happened, "converted_known_us": known}
    leads = pd.DataFrame(
        {n: [us(day) if k else NOT_YET for day, k in zip(d, seen, strict=True)] for n, d in columns.items()}
    )
    return recording_lag_us(leads, us(until)) / DAY_US


def conversions(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, END, count)


def test_a_constant_lag_is_found_and_none_is_none() -> None:
    happened = conversions(300)
    assert lag_days(happened, np.full(300, 25.0)) == pytest.approx(25, abs=0.001)
    assert lag_days(happened, np.zeros(300)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_late_records_of_recent_conversions_that_have_not_come_yet_bias_nothing(seed: int) -> None:
    """In a history that grows fast most conversions are recent, and of those only the soonest are on record."""
    draws = np.random.default_rng(seed)
    happened = END * draws.random(2_000) ** 0.2
    late = draws.choice([1.0, 30.0], 2_000, p=[0.8, 0.2])
    recent = happened > END - 20
    assert (late[recent & (happened + late <= END)] == 1).all()
    assert lag_days(happened, late) == pytest.approx(30, abs=0.001)


def test_one_forgotten_lead_is_no_habit() -> None:
    for count in (1, 2, 5, 200):
        late = np.full(count, 2.0)
        late[0] = 55
        assert lag_days(np.linspace(10, 300, count), late) <= 2.001


def test_how_it_was_recorded_years_ago_does_not_count() -> None:
    happened = np.sort(conversions(1_000))
    assert lag_days(happened, np.where(happened < 150, 50.0, 3.0)) == pytest.approx(3, abs=0.001)


def test_labels_wait_for_no_more_than_is_bearable_and_for_nothing_where_nothing_converted() -> None:
    assert lag_days(conversions(300), np.full(300, 90.0)) == MOST_LAG_DAYS
    assert lag_days(np.array([]), np.array([])) == 0
