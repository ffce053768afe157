"""The outcome of each snapshot: converted within the horizon or not, or unknown while nobody can know."""

from __future__ import annotations

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.lifecycle.closures import is_outcome_unknown
from features.lifecycle.open_periods import state_at
from training.labels.truncation import truncation


def outcomes(snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.Series:
    """Whether each snapshot's lead converted within the horizon: one boolean per row, <NA> where it is unknown.

    Whether sales tried the lead plays no part: an untried lead shows that it converted and does not show that it will
    not, so to leave out the untried would keep conversions and drop the rest. Nothing here may ask how it ended.

    snapshots: lead_id, snapshot_us. leads: as `features.lifecycle.milestones.milestones` gives them.
    """
    rule = agreement.outcome
    state = state_at(snapshots, leads)
    if rule.undated or rule.within_days is None:
        return (state["converted_us"] != NOT_YET).astype("boolean")
    opens = snapshots["snapshot_us"].reset_index(drop=True)
    closes = opens + round(rule.within_days * DAY_US)
    won = (state["converted_us"] > opens) & (state["converted_us"] <= closes)
    # Open horizons stay unknown even when already won: keeping only the early wins would inflate the rate.
    unknown = closes > known_until_us
    # So do leads from before the record: those of them that are known to have converted did so late.
    unknown |= state["opened_us"] < truncation(leads, agreement, known_until_us).since_us
    # A reject that says nothing about interest ends the watching, of those who convert all the same as well.
    ended = is_outcome_unknown(state["reject_reason"], rule.no_if_rejected)
    unknown |= ended & (state["disqualified_us"] <= closes)
    return won.astype("boolean").mask(unknown)


def with_known_outcome(
    snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int
) -> pd.DataFrame:
    """The snapshots whose outcome is known, with `outcome` as a column of True and False."""
    became = outcomes(snapshots, leads, agreement, known_until_us)
    known = snapshots[became.notna().to_numpy()].reset_index(drop=True)
    return known.assign(outcome=became.dropna().astype(bool).to_numpy())


NOT_FEATURES = ["lead_id", "snapshot_us", "is_arrival", "outcome"]  # of a labelled snapshot, beside its features
