"""First crossings: how the highest probability of each lead rose over the newest weeks, by which a bar is set.

A bar takes so many of the new leads, each once, whenever it first crosses: of the leads of one moment that are over it,
most crossed long before, and a quarter of the others will within a quarter of a year.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.arrays import DAY_US, Floats

WEEKS = 8
MOST = 2_000  # leads whose rise is kept: enough for a bar at one in a thousand


def first_crossings(snapshots: pd.DataFrame, probability: Floats) -> dict[str, Any] | None:
    """Of the leads whose highest probability rose in the newest 8 weeks, from what to what; None without any.

    snapshots: one row per snapshot of a lead: lead_id, snapshot_us, is_arrival. probability: one per row, out of fold.
    before: 0 for a lead that arrived in these weeks. arrivals: how many did.
    """
    if snapshots.empty or "is_arrival" not in snapshots:
        return None
    since_us = int(snapshots["snapshot_us"].max()) - WEEKS * 7 * DAY_US
    rows = pd.DataFrame({"lead_id": snapshots["lead_id"].to_numpy(), "said": probability})
    is_new = snapshots["snapshot_us"].to_numpy(np.int64) > since_us
    earlier = rows[~is_new].groupby("lead_id")["said"].max()
    peak = rows[is_new].groupby("lead_id")["said"].max().sort_values()
    before = earlier.reindex(peak.index).fillna(0.0)
    rose = peak[peak > before]
    arrivals = int((snapshots["is_arrival"].to_numpy(bool) & is_new).sum())
    if rose.empty or not arrivals:
        return None
    places = np.linspace(0, len(rose) - 1, min(MOST, len(rose))).round().astype(int)
    kept = rose.iloc[places]
    return {
        "arrivals": arrivals * len(kept) / len(rose),
        "weeks": WEEKS * len(kept) / len(rose),
        "before": before.loc[kept.index].tolist(),
        "peak": kept.tolist(),
    }
