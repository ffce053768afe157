"""The snapshot schedule: just after a lead arrives, then every seven days, each lead on its own day."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from features.arrays import DAY_US
from features.snapshots.schedule import snapshot_times

WEEK_US = 7 * DAY_US


def times_of(lead_id: str, opened_us: int, until_us: int) -> list[int]:
    """The times of one lead alone."""
    _, moments_us = snapshot_times([lead_id], np.array([opened_us]), np.array([until_us]))
    return moments_us.tolist()


def test_a_lead_is_looked_at_on_arrival_and_weekly_on_its_own_day() -> None:
    until_us = 40 * DAY_US
    found = times_of("L-00001", 0, until_us)
    assert found[0] == 1
    assert found[0] < found[1] <= WEEK_US
    assert {later - earlier for earlier, later in pairwise(found[1:])} == {WEEK_US}
    assert until_us - WEEK_US <= found[-1] < until_us
    assert found[1] != times_of("L-00002", 0, until_us)[1]
    assert times_of("L-00001", 0, found[3]) == found[:3]


def test_many_leads_are_looked_at_when_each_would_be() -> None:
    ids, opened = ["L-1", "L-2", "L-3"], [0, 5 * DAY_US, 7 * DAY_US]
    until = [30 * DAY_US, 5 * DAY_US + 1, 60 * DAY_US]
    row, moment = snapshot_times(ids, np.array(opened), np.array(until))
    for place, lead in enumerate(ids):
        alone = [opened[place] + us for us in times_of(lead, 0, until[place] - opened[place])]
        assert moment[row == place].tolist() == alone
