"""The outcome of each snapshot: converted within the horizon or not, or unknown while nobody can know."""

from __future__ import annotations

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.lifecycle.closures import is_outcome_unknown
from features.lifecycle.open_periods import state_at
from training.labels.recording_lag import recording_lag_us
from training.labels.split import CAME
from training.labels.truncation import truncation

REJECTED = "rejected for a reason that is no no"  # a rule: what makes the outcome of a matured look unknown
RULES = (REJECTED,)


def outcomes(snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.Series:
    """Whether each snapshot's lead converted within the horizon: one boolean per row, <NA> where it is unknown.

    Whether sales tried the lead plays no part: an untried lead shows that it converted and does not show that it will
    not, so to leave out the untried would keep conversions and drop the rest. Nothing here may ask how it ended.

    snapshots: lead_id, snapshot_us. leads: as `features.lifecycle.milestones.milestones` gives them.
    """
    looks = matured_looks(snapshots, leads, agreement, known_until_us)
    return looks["is_won"].astype("boolean").mask(~looks["is_matured"] | looks[list(RULES)].any(axis=1))


def matured_looks(
    snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int
) -> pd.DataFrame:
    """One row per snapshot: lead_id, is_won, is_matured, and by rule whether it makes the outcome unknown all the same.

    is_matured: the horizon has closed and what happened in it has had the time to be recorded; the lead came since
    outcomes are recorded, and it had not converted before the look, which was then at no open lead. Of an undated
    export it is whether the lead converted or was lost, where the agreement says which statuses are lost and open.
    """
    rule, state = agreement.outcome, state_at(snapshots, leads)
    looks = state[["lead_id"]].assign(is_won=state["converted_us"] != NOT_YET, is_matured=True, **dict.fromkeys(RULES))
    if rule.undated or rule.within_days is None:
        return looks.assign(is_matured=~_is_still_open(state, agreement), **dict.fromkeys(RULES, False))
    opens = snapshots["snapshot_us"].reset_index(drop=True)
    closes = opens + round(rule.within_days * DAY_US)
    # Open horizons stay unknown even when already won: keeping only the early wins would inflate the rate.
    is_matured = closes + recording_lag_us(leads, known_until_us) <= known_until_us
    # So do leads from before the record: those of them that are known to have converted did so late.
    is_matured &= state["opened_us"] >= truncation(leads, agreement, known_until_us).since_us
    # A reject that says nothing about interest ends the watching, of those who convert all the same as well.
    ended = is_outcome_unknown(state["reject_reason"], rule.no_if_rejected) & (state["disqualified_us"] <= closes)
    return looks.assign(
        is_won=(state["converted_us"] > opens) & (state["converted_us"] <= closes),
        is_matured=is_matured & (state["converted_us"] > opens),
        **{REJECTED: ended},
    )


def _is_still_open(state: pd.DataFrame, agreement: Agreement) -> pd.Series:
    """Whether nobody knows yet what becomes of a lead of an undated export: one boolean per row.

    Only where the agreement names statuses: else whatever did not convert by the export is a no.
    """
    names_statuses = agreement.export is not None and agreement.export.names_statuses
    is_open = (state["converted_us"] == NOT_YET) & (state["closed_us"] == NOT_YET)
    return is_open if names_statuses else pd.Series(False, index=state.index)


def with_known_outcome(
    snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int
) -> pd.DataFrame:
    """The snapshots whose outcome is known, with `outcome` as a column of True and False."""
    became = outcomes(snapshots, leads, agreement, known_until_us)
    known = snapshots[became.notna().to_numpy()].reset_index(drop=True)
    return known.assign(outcome=became.dropna().astype(bool).to_numpy())


NOT_FEATURES = ["lead_id", "snapshot_us", "is_arrival", "outcome", CAME]  # of a labelled snapshot, beside its features
