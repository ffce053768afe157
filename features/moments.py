"""When a lead is looked at: once just after it arrives, and then every seven days, each lead on its own day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

import numpy as np

from features.recurrence import DAY_US, Ints

WEEK_US = 7 * DAY_US


def snapshot_moments(lead_id: str, opened_at: datetime, until: datetime) -> list[datetime]:
    """Arrival, one microsecond after `opened_at`, then every seven days from the lead's own offset, before `until`."""
    opened_us = np.zeros(1, dtype=np.int64)
    until_us = np.array([(until - opened_at) // timedelta(microseconds=1)], dtype=np.int64)
    _, moments_us = moments([lead_id], opened_us, until_us)
    return [opened_at + timedelta(microseconds=int(moment)) for moment in moments_us]


def moments(lead_ids: Sequence[str], opened_us: Ints, until_us: Ints) -> tuple[Ints, Ints]:
    """The moments of many leads: the position of the lead of each, and the moment in microseconds.

    returns: sorted by position, then moment; a lead that closes before its arrival is known has none.
    """
    offsets = np.array([_offset_us(lead_id) for lead_id in lead_ids], dtype=np.int64)
    weekly = np.maximum(-((opened_us + offsets - until_us) // WEEK_US), 0)  # how many fit before `until_us`
    count = weekly + (opened_us + 1 < until_us)
    row = np.repeat(np.arange(len(opened_us), dtype=np.int64), count)
    place = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    later = opened_us[row] + offsets[row] + (place - 1) * WEEK_US
    return row, np.where(place == 0, opened_us[row] + 1, later)


def _offset_us(lead_id: str) -> int:
    """More than the arrival's one microsecond, at most a week: from the id alone, so that nothing else moves it."""
    return 2 + int.from_bytes(blake2b(lead_id.encode(), digest_size=8).digest()) % (WEEK_US - 1)
