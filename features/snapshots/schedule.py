"""The snapshot schedule: a lead is looked at just after it arrives, then every seven days on a day of its own."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET, Ints
from features.lifecycle.closures import NEVER_LEADS
from features.lifecycle.open_periods import open_period_rows

WEEK_US = 7 * DAY_US


def snapshot_times(lead_ids: Sequence[str], opened_us: Ints, until_us: Ints) -> tuple[Ints, Ints]:
    """One row per lead and time at which it is looked at: the lead's position, and the time in microseconds.

    A lead is looked at one microsecond after it opened, then at a point of the next seven days that its id decides, and
    from there every seven days, until `until_us`. A lead that opened on Monday at 9:00 and whose id says 2 days and 5
    hours is looked at on Monday at 9:00, then each Wednesday at 14:00.

    returns: sorted by position, then time. A lead that closes before its arrival is known has no row.
    """
    offsets = np.array([_offset_us(lead_id) for lead_id in lead_ids], dtype=np.int64)
    weekly = np.maximum(-((opened_us + offsets - until_us) // WEEK_US), 0)  # how many fit before `until_us`
    count = weekly + (opened_us + 1 < until_us)
    row = np.repeat(np.arange(len(opened_us), dtype=np.int64), count)
    place = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    later = opened_us[row] + offsets[row] + (place - 1) * WEEK_US
    return row, np.where(place == 0, opened_us[row] + 1, later)


def _offset_us(lead_id: str) -> int:
    """From the arrival to the first weekly time: over one microsecond, at most a week, by the id alone."""
    return 2 + int.from_bytes(blake2b(lead_id.encode(), digest_size=8).digest()) % (WEEK_US - 1)


def real_leads(leads: pd.DataFrame) -> pd.DataFrame:
    """The rows of `milestones` without those that never were leads, are part of another one, or are left out."""
    is_never = leads["reject_reason"].isin(NEVER_LEADS) | (leads["merged_us"] != NOT_YET) | leads["is_left_out"]
    return leads[~is_never]


def snapshot_schedule(leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.DataFrame:
    """One row per snapshot: when each lead is looked at while it is open and not with sales.

    A lead that sales gives back is looked at again, on its old day of the week. A closed lead that returns is looked at
    just after its return and every seven days from then on. An undated export has one snapshot per lead, after all that
    it says.

    leads: as `milestones` gives them. returns: lead_id, snapshot_us, is_arrival; sorted by time.
    """
    real = real_leads(leads)
    if agreement.outcome.undated:
        snapshots = pd.DataFrame({"lead_id": real["lead_id"], "snapshot_us": real["newest_us"] + 1, "is_arrival": True})
        return snapshots.reset_index(drop=True)
    until = real[["with_sales_us", "closed_us"]].min(axis=1).clip(upper=known_until_us).to_numpy(np.int64)
    opened = real["opened_us"].to_numpy(np.int64)
    rows, moments_us = snapshot_times(list(real["lead_id"]), opened, until)
    later, later_us = _later_times(real, known_until_us)
    is_arrival = np.append(moments_us == opened[rows] + 1, np.zeros(len(later), dtype=bool))
    ids, times_us = real["lead_id"].to_numpy()[np.append(rows, later)], np.append(moments_us, later_us)
    snapshots = pd.DataFrame({"lead_id": ids, "snapshot_us": times_us, "is_arrival": is_arrival})
    return snapshots.sort_values(["snapshot_us", "lead_id"], ignore_index=True)


def _later_times(leads: pd.DataFrame, known_until_us: int) -> tuple[Ints, Ints]:
    """The row of the lead and the time of each snapshot after sales gave the lead back or after it returned."""
    again = open_period_rows(leads)
    until = np.minimum(again["until_us"].to_numpy(), known_until_us)
    ids = leads["lead_id"].to_numpy()[again["row"]].tolist()
    place, moments_us = snapshot_times(ids, again["origin_us"].to_numpy(), until)
    is_in = moments_us > again["from_us"].to_numpy()[place]
    return again["row"].to_numpy()[place[is_in]], moments_us[is_in]
