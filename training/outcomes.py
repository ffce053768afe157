"""What became of a lead after a snapshot: True, False, or unknown while nobody can know."""

from __future__ import annotations

import pandas as pd

from features.agreement import Agreement
from features.recurrence import DAY_US, NOT_YET
from features.stretches import way_at
from features.verdicts import KEPT_OPEN


def outcomes(looked_at: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.Series:
    """Whether each snapshot's lead converted within the horizon: one boolean per row, <NA> where it is unknown.

    looked_at: lead_id, snapshot_us. leads: as `features.lifecycle.lifecycle` gives them.
    """
    rule = agreement.outcome
    way = way_at(looked_at, leads)
    if rule.undated or rule.within_days is None:
        return (way["converted_us"] != NOT_YET).astype("boolean")
    opens = looked_at["snapshot_us"].reset_index(drop=True)
    closes = opens + round(rule.within_days * DAY_US)
    won = (way["converted_us"] > opens) & (way["converted_us"] <= closes)
    # Open horizons stay unknown even when already won: keeping only the early wins would inflate the rate.
    unknown = closes > known_until_us
    if rule.never_contacted == "unknown" and contacts_are_recorded(leads):
        # Who rejected a lead has looked at it, whether or not the call was recorded.
        untried = way[["tried_us", "rejected_us"]].min(axis=1) > closes
        # Of those that sales gave back some buy untried, of its earlier calls; those alone would inflate the rate.
        unknown |= untried & (~won | way["is_given_back"])
    # A reject that says nothing about interest ends the watching, and its label stays unknown.
    ended = way["reject_reason"].notna() & ~way["reject_reason"].isin([*rule.no_if_rejected, *KEPT_OPEN])
    unknown |= ended & ~won & (way["disqualified_us"] <= closes)
    return won.astype("boolean").mask(unknown)


def contacts_are_recorded(leads: pd.DataFrame) -> bool:
    """Whether sales' touches reach the ledger at all; where not, "never tried" cannot be told from "no"."""
    return bool((leads["tried_us"] != NOT_YET).any())


def share_never_tried(looked_at: pd.DataFrame, leads: pd.DataFrame) -> float | None:
    """The share of the looked-at leads that nobody tried to reach; None where touches are not recorded."""
    if not contacts_are_recorded(leads) or looked_at.empty:
        return None
    seen = leads[leads["lead_id"].isin(looked_at["lead_id"])]
    return float((seen["tried_us"] == NOT_YET).mean())
