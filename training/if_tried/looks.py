"""Decision looks: leads just before their first try, with what was known by then and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.home.clock import microseconds
from features.lifecycle.milestones import known_by
from features.snapshots.decision_moments import decision_moments
from features.snapshots.point_in_time import snapshot_features
from features.store.materialize import Materialized
from training.labels.outcomes import matured_looks, with_known_outcome
from training.labels.summary import tried_before
from training.labels.truncation import record_start


@dataclass(frozen=True)
class DecisionLooks:
    """What first tries of sales tell.

    rows: one row per lead whose first try has a known outcome: lead_id, snapshot_us, is_arrival, outcome, features.
    won_at_once: how many of them were won within 24 hours of the try. tried: how many leads were tried at all.
    tried_before: of the converted leads, the share that was tried before; None where no try is on record.
    won_leads_untried: the ids of the leads that converted without a try before. matured: one row per first try whose
    horizon has closed, for the gate `labels_kept_alike`.
    """

    rows: pd.DataFrame
    won_at_once: int = 0
    tried: int = 0
    tried_before: float | None = None
    won_leads_untried: frozenset[str] = frozenset()
    matured: pd.DataFrame | None = None


def decision_looks(build: Materialized, agreement: Agreement, known_until: datetime) -> DecisionLooks:
    """The decision looks of a home, read through Feast at once.

    Leads from before the record of contacts began are left out: their first try on record need not be the first.
    """
    until_us = microseconds(known_until)
    leads = known_by(build.leads, until_us)
    moments = decision_moments(leads, agreement, until_us)
    found = moments[_opened_since(moments, leads, _contacts_since_us(leads, agreement, until_us))]
    found = found.reset_index(drop=True)
    looks, matured = (ask(found, leads, agreement, until_us) for ask in (with_known_outcome, matured_looks))
    rows = snapshot_features(build.repository, agreement, looks) if len(looks) else looks
    converted = leads.set_index("lead_id")["converted_us"].reindex(looks["lead_id"]).to_numpy(np.int64)
    at_once = looks["outcome"].to_numpy(bool) & (converted <= looks["snapshot_us"].to_numpy(np.int64) + DAY_US)
    won = leads[leads["converted_us"] != NOT_YET]
    untried = frozenset(won.loc[won["tried_us"] > won["converted_us"], "lead_id"])
    return DecisionLooks(
        rows, int(at_once.sum()), len(moments), tried_before(leads), untried, matured[matured["is_matured"]]
    )


def _opened_since(moments: pd.DataFrame, leads: pd.DataFrame, since_us: int) -> np.ndarray:
    opened = leads.set_index("lead_id")["opened_us"].reindex(moments["lead_id"]).to_numpy(np.int64)
    return opened >= since_us


def _contacts_since_us(leads: pd.DataFrame, agreement: Agreement, until_us: int) -> int:
    """Since when contacts are recorded; 0: since the first lead, as far as can be seen."""
    days = agreement.outcome.horizon_days
    came = leads["opened_us"].to_numpy(np.int64)
    if days is None or (leads["tried_us"] == NOT_YET).all():
        return 0
    known = (came != NOT_YET) & (leads["merged_us"] == NOT_YET).to_numpy()
    tried = leads["tried_us"].to_numpy(np.int64)[known]
    happened = np.where(tried == NOT_YET, np.nan, tried / DAY_US)
    began = record_start(came[known] / DAY_US, happened, until_us / DAY_US, days)
    return round(began.day * DAY_US) if began else 0


def open_leads_now(build: Materialized, agreement: Agreement, known_until: datetime) -> pd.DataFrame:
    """One row per lead that is open now and that sales never had to do with, with its features of now."""
    now_us = microseconds(known_until)
    leads = known_by(build.leads, now_us)
    is_open = (leads["opened_us"] < now_us) & (leads[["with_sales_us", "closed_us"]].min(axis=1) == NOT_YET)
    now = leads.loc[is_open, ["lead_id"]].assign(snapshot_us=now_us).reset_index(drop=True)
    return snapshot_features(build.repository, agreement, now) if len(now) else now
