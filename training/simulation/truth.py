"""The true probability of every snapshot of the simulated market, and a summary of the market by it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import DAY_US, Floats, Ints
from features.lifecycle.closures import KEPT_OPEN
from features.snapshots.schedule import snapshot_times
from training.metrics.binned_counts import binned_counts
from training.metrics.metrics import metric_values
from training.simulation.dynamics import HORIZON_DAYS, Law, chances, true_chances
from training.simulation.histories import Histories


def truth(histories: Histories) -> pd.DataFrame:
    """One row per lead and moment, sorted by both: each snapshot, and the market's end for each lead that is open then.

    A lead that is with sales has no snapshots until the end. Even there, its truth follows from what the lead did
    alone: that sales has not rejected it yet is no sign.

    lead: its row. moment_us: relative to the end. probability: of a purchase within the horizon, if sales tries, given
    what was recorded before; NaN where the law changes within the horizon. outcome: True, False, <NA> unless sales
    tried, found a lead, and the horizon has closed.
    """
    leads = histories.leads
    snapshots = _snapshots(leads)
    lead, moment = (snapshots[name].to_numpy() for name in ("lead", "moment_us"))
    snapshots["probability"] = _chances(histories, lead, moment)
    won = pd.array(leads["bought_us"].to_numpy()[lead] - HORIZON_DAYS * DAY_US <= moment, dtype="boolean")
    tried = (leads["is_tried"] & leads["is_lead"]).to_numpy()[lead]
    won[~tried | (moment + HORIZON_DAYS * DAY_US > 0)] = pd.NA
    snapshots["outcome"] = won
    return snapshots


def _chances(histories: Histories, lead: Ints, moment_us: Ints) -> Floats:
    """The truth by the law that holds for all of the horizon; NaN where it changes within."""
    leads, law = histories.leads, histories.law
    fit, opened = leads["fit"].to_numpy(), leads["opened_us"].to_numpy()
    # A lead's days begin at its own hour, so that the new law holds for all leads one day later.
    before = moment_us + (HORIZON_DAYS + 1) * DAY_US < law.raised_from_us
    after = moment_us - DAY_US >= law.raised_from_us
    found = np.full(len(moment_us), np.nan)
    for held, here in ((law._replace(raised=0.0), before), (law, after)):
        if here.any():
            table = horizon_table(held)
            found[here] = true_chances(table, held, histories.records, fit, opened, lead[here], moment_us[here])
    return found


def horizon_table(law: Law) -> Floats:
    """P(buys within the horizon) by `law`, as `chances` lays it out. To be read only: callers share it."""
    by_kind = (law.fast_adds, law.slow_adds, law.browsing, law.buying)
    return _table_of_law(*(tuple(values.tolist()) for values in by_kind), raised=law.raised)


# It follows from the law alone and takes seconds, so that every market by the same law shares one.
@lru_cache(maxsize=2)
def _table_of_law(*by_kind: tuple[float, ...], raised: float) -> Floats:
    fast_adds, slow_adds, browsing, buying = map(np.array, by_kind)
    return chances(Law(fast_adds, slow_adds, browsing, buying, raised), HORIZON_DAYS)


def _snapshots(leads: pd.DataFrame) -> pd.DataFrame:
    opened = leads["opened_us"].to_numpy()
    lead, moment = snapshot_times(list(leads["lead_id"]), opened, np.minimum(leads["touched_us"].to_numpy(), 0))
    snapshots = pd.DataFrame({"lead": lead, "moment_us": moment, "is_arrival": moment == opened[lead] + 1})
    is_closed = (leads["bought_known_us"] < 0) | ((leads["rejected_us"] < 0) & ~leads["reason"].isin(KEPT_OPEN))
    ends = pd.DataFrame({"lead": np.flatnonzero(~is_closed), "moment_us": 0, "is_arrival": False})
    both = pd.concat([snapshots.assign(is_end=False), ends.assign(is_end=True)], ignore_index=True)
    both["with_sales"] = leads["touched_us"].to_numpy()[both["lead"]] < both["moment_us"]
    return both.take(np.lexsort([both["moment_us"], both["lead"]])).reset_index(drop=True)


def summary(histories: Histories, known_truth: pd.DataFrame, events: int) -> dict[str, Any]:
    """Figures of the market, over the snapshots of leads that sales tried and whose horizon has closed.

    base_rate: what came of them; mean_probability: the truth. oracle_auc: the truth against what came of them;
    oracle_auc_expected: against what would come of them on average, free of this market's luck.
    """
    leads = histories.leads
    matured = known_truth[known_truth["outcome"].notna() & known_truth["probability"].notna()]
    probability = matured["probability"].to_numpy(np.float64)
    came, expected = _figures(probability, matured["outcome"].to_numpy(np.float64)), _figures(probability, probability)
    return {
        "leads": len(leads),
        "events": events,
        "events_per_lead": round(events / max(len(leads), 1), 1),
        "snapshots": len(matured),
        "conversions": int((leads["bought_known_us"] < 0).sum()),
        "share_contacted": float((leads["touched_us"] < 0).mean()) if len(leads) else None,
        "base_rate": came.pop("base_rate"),
        "mean_probability": expected.pop("base_rate"),
        "oracle_auc": came["roc_auc"],
        "oracle_auc_expected": expected["roc_auc"],
        "oracle_log_loss": came["log_loss"],
        "horizon_days": HORIZON_DAYS,
    }


def _figures(probability: Floats, outcome: Floats) -> dict[str, float | None]:
    counted, _ = binned_counts(probability, outcome)
    return metric_values(counted) | {"base_rate": float(outcome.mean()) if len(outcome) else None}
