"""Decision moments: just before sales first tries a lead, which tells what comes of trying one like it now."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET, Bools, Ints
from features.lifecycle.open_periods import open_period_rows
from features.snapshots.schedule import real_leads


def decision_moments(leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.DataFrame:
    """One row per lead that sales tried: one microsecond before its first try, with what was known by then.

    Left out are leads that had converted by then, that were closed or with sales as far as was known, that sales had
    once handled and given back, that were not known yet, and those that never were leads. A history without dates has
    no such moments. A late record does not move the moment: a call of Monday that was recorded on Thursday is looked at
    on Monday, without what became known on Tuesday.
    Example: ann arrives on day 0, asks for a demo on day 5 and is called on day 5, an hour later: her row lies between
    the two, so the demo request is known. Bob's first contact is an opportunity, and a call follows: he has no row.

    leads: as `milestones` gives them. returns: lead_id, snapshot_us, is_arrival (never), as `snapshot_schedule` has
    them; sorted by time.
    """
    real = real_leads(leads)
    tried = real[real["tried_us"] < min(NOT_YET, known_until_us)]
    if agreement.outcome.undated:
        tried = tried.iloc[:0]
    moment = tried["tried_us"].to_numpy(np.int64) - 1
    is_new = (tried["opened_us"] < moment) & (tried["converted_us"] > moment)
    which = is_new.to_numpy(bool) & _is_open(tried, moment)
    looks = pd.DataFrame({"lead_id": tried["lead_id"][which], "snapshot_us": moment[which], "is_arrival": False})
    return looks.sort_values(["snapshot_us", "lead_id"], ignore_index=True)


def _is_open(leads: pd.DataFrame, moment_us: Ints) -> Bools:
    """Whether each lead was open and had never been with sales at its moment, as far as was known then.

    The first touch ends the open period once it is known, which is after the moment: it happens after it.
    """
    is_open: Bools = moment_us < leads[["with_sales_us", "closed_us"]].min(axis=1).to_numpy(np.int64)
    again = open_period_rows(leads)
    again = again[again["origin_us"] == again["from_us"]]  # it came back by itself; sales did not give it back
    at = moment_us[again["row"]]
    is_open[again["row"][(again["from_us"] < at) & (at <= again["until_us"])]] = True
    return is_open
