"""What leads that converted had done by an age, beside those that did not: rates, and of how many leads."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.agreement.agreement import Agreement

BANDS = ((0, 7), (7, 30), (30, 90), (90, 365))  # days since a lead came
LEAST_LEADS = 20  # converted ones in a band, under which nothing is said of it


def done_by_then(rows: pd.DataFrame, agreement: Agreement) -> list[dict[str, Any]]:
    """One entry per band of age: of leads that converted after it and of the others, how many had shown a behaviour.

    rows: labelled snapshots; of each lead the first of a band counts. returns: from_days, to_days, converted and others
    (how many leads), behaviours: by name, (done by the converted, done by the others) as counts.
    """
    if "days_open" not in rows:
        return []
    found = []
    for low, high in BANDS:
        band = rows[(rows["days_open"] >= low) & (rows["days_open"] < high)]
        firsts = band.sort_values("snapshot_us").drop_duplicates("lead_id")
        won, lost = firsts[firsts["outcome"]], firsts[~firsts["outcome"]]
        if len(won) >= LEAST_LEADS and len(lost) >= LEAST_LEADS:
            columns = {name: f"{name}_count_total" for name in agreement.behaviours}
            done = {
                name: [int((some[column] > 0).sum()) for some in (won, lost)]
                for name, column in columns.items()
                if column in rows
            }
            told = {"from_days": low, "to_days": high, "converted": len(won), "others": len(lost)}
            found.append(told | {"behaviours": done})
    return found
