"""What became of a lead after a snapshot: True, False, or unknown while nobody can know."""

from __future__ import annotations

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.lifecycle.closures import is_outcome_unknown
from features.lifecycle.open_periods import way_at
from training.labels.truncation import truncation

LEAST_RECORDED = 0.5  # of the conversions, that a contact is on record before: with fewer, contacts are not recorded
ENOUGH_WON = 20  # leads; fewer may have bought untried by chance


def outcomes(looked_at: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.Series:
    """Whether each snapshot's lead converted within the horizon: one boolean per row, <NA> where it is unknown.

    looked_at: lead_id, snapshot_us. leads: as `features.lifecycle.milestones.lifecycle` gives them.
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
    # So do leads from before the record: those of them that are known to have converted did so late.
    unknown |= way["opened_us"] < truncation(leads, agreement, known_until_us).since_us
    if rule.never_contacted == "unknown" and contacts_are_recorded(leads):
        # Of those that sales gave back some buy untried, of its earlier calls; those alone would inflate the rate.
        unknown |= _untried(way, opens, closes) & (~won | way["is_given_back"])
    # A reject that says nothing about interest ends the watching, and its label stays unknown.
    ended = is_outcome_unknown(way["reject_reason"], rule.no_if_rejected)
    unknown |= ended & ~won & (way["disqualified_us"] <= closes)
    return won.astype("boolean").mask(unknown)


def is_untried(looked_at: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement) -> pd.Series:
    """Whether nobody had tried each snapshot's lead by the end of its horizon: one boolean per row, of dated ones."""
    opens = looked_at["snapshot_us"].reset_index(drop=True)
    closes = opens + round((agreement.outcome.within_days or 0) * DAY_US)
    return _untried(way_at(looked_at, leads), opens, closes)


def _untried(way: pd.DataFrame, opens: pd.Series, closes: pd.Series) -> pd.Series:
    # Who rejected a lead has looked at it, and so has who lost it, whether or not the call was recorded.
    is_lost = way["reject_reason"].isna() & (way[["converted_us", "merged_us"]].min(axis=1) == NOT_YET)
    lost_us = way["closed_us"].where(is_lost & (way["closed_us"] > opens), NOT_YET)
    return way[["tried_us", "rejected_us"]].min(axis=1).clip(upper=lost_us) > closes


def contacts_are_recorded(leads: pd.DataFrame) -> bool:
    """Whether sales' touches reach the ledger; where not, "never tried" cannot be told from "no".

    A few of them are no record: if most who converted had none before, those who did not are not known to be untried.
    Taken for a record, it would leave the conversions and hardly a no.
    """
    is_won, is_tried = leads["converted_us"] != NOT_YET, leads["tried_us"] != NOT_YET
    before = leads["tried_us"] <= leads["converted_us"]
    is_missing = is_won.sum() >= ENOUGH_WON and before[is_won].mean() < LEAST_RECORDED
    return bool(is_tried.any() and not is_missing)


NOT_FEATURES = ["lead_id", "snapshot_us", "is_arrival", "outcome"]  # of a labelled snapshot, beside its features
