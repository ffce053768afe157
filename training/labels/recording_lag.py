"""The recording lag: how long after a conversion it is on record; labels wait, or the newest miss conversions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.arrays import DAY_US, NOT_YET

MOST_LAG_DAYS = 60.0  # what comes later than this is not waited for
SHARE = 0.95  # of the conversions are on record by then; all but one, where they are few
NEWEST = 200  # conversions: how a CRM is kept today counts, not how it was kept years ago


def recording_lag_us(leads: pd.DataFrame, known_until_us: int) -> int:
    """The time after which a conversion is nearly always on record: of 95 in 100, at most MOST_LAG_DAYS.

    Asked are the newest conversions that are MOST_LAG_DAYS old: each of them had the time to be recorded late. Of newer
    ones only those are on record that were recorded soon, so they would say that all are. Of few conversions the
    slowest is left out: one forgotten lead is no habit.

    leads: converted_us and converted_known_us, as they were known at `known_until_us`. Example: 192 conversions were
    recorded after 3 days, 8 after 40: the lag is 3 days.
    """
    happened = leads["converted_us"].to_numpy(np.int64)
    known = leads["converted_known_us"].to_numpy(np.int64)
    is_old = (known != NOT_YET) & (known <= known_until_us) & (happened <= known_until_us - MOST_LAG_DAYS * DAY_US)
    happened, late = happened[is_old], (known - happened)[is_old]
    late = np.sort(late[np.argsort(-happened, kind="stable")][:NEWEST])
    if len(late) < 2:
        return 0
    place = min(int(np.ceil(SHARE * len(late))) - 1, len(late) - 2)
    return int(np.clip(late[place], 0, MOST_LAG_DAYS * DAY_US))
