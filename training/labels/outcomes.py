"""The outcome of each snapshot: converted within the horizon or not, or unknown while nobody can know."""

from __future__ import annotations

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.lifecycle.closures import is_outcome_unknown
from features.lifecycle.open_periods import state_at
from training.labels.truncation import truncation

LEAST_RECORDED = 0.5  # of the conversions, that a contact is on record before: with fewer, contacts are not recorded
ENOUGH_WON = 20  # leads; fewer may have bought untried by chance


def outcomes(snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.Series:
    """Whether each snapshot's lead converted within the horizon: one boolean per row, <NA> where it is unknown.

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
    if rule.never_contacted == "unknown" and contacts_are_recorded(leads):
        # Of those that sales gave back some buy untried, of its earlier calls; those alone would inflate the rate.
        unknown |= _untried(state, opens, closes) & (~won | state["is_given_back"])
    # A reject that says nothing about interest ends the watching, and its label stays unknown.
    ended = is_outcome_unknown(state["reject_reason"], rule.no_if_rejected)
    unknown |= ended & ~won & (state["disqualified_us"] <= closes)
    return won.astype("boolean").mask(unknown)


def with_known_outcome(
    snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int
) -> pd.DataFrame:
    """The snapshots whose outcome is known, with `outcome` as a column of True and False."""
    became = outcomes(snapshots, leads, agreement, known_until_us)
    known = snapshots[became.notna().to_numpy()].reset_index(drop=True)
    return known.assign(outcome=became.dropna().astype(bool).to_numpy())


def is_untried(snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement) -> pd.Series:
    """Whether sales had not tried the snapshot's lead by the end of its horizon: one boolean per row.

    Asked only where the agreement's outcome has dates.
    """
    opens = snapshots["snapshot_us"].reset_index(drop=True)
    return _untried(state_at(snapshots, leads), opens, opens + round((agreement.outcome.within_days or 0) * DAY_US))


def _untried(state: pd.DataFrame, opens: pd.Series, closes: pd.Series) -> pd.Series:
    # Who rejected a lead has looked at it, and so has who lost it, whether or not the call was recorded.
    is_lost = state["reject_reason"].isna() & (state[["converted_us", "merged_us"]].min(axis=1) == NOT_YET)
    lost_us = state["closed_us"].where(is_lost & (state["closed_us"] > opens), NOT_YET)
    return state[["tried_us", "rejected_us"]].min(axis=1).clip(upper=lost_us) > closes


def contacts_are_recorded(leads: pd.DataFrame) -> bool:
    """Whether the touches of sales reach the ledger; where they do not, nobody can tell a "no" from "never tried".

    A few touches are no record. If most converted leads had no touch before they converted, then a lead without a touch
    may well have been tried. To call it untried all the same would leave the conversions and hardly a no.
    """
    is_won, is_tried = leads["converted_us"] != NOT_YET, leads["tried_us"] != NOT_YET
    before = leads["tried_us"] <= leads["converted_us"]
    is_missing = is_won.sum() >= ENOUGH_WON and before[is_won].mean() < LEAST_RECORDED
    return bool(is_tried.any() and not is_missing)


NOT_FEATURES = ["lead_id", "snapshot_us", "is_arrival", "outcome"]  # of a labelled snapshot, beside its features
