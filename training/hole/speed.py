"""How soon leads were tried: of those handed over, how many within half an hour, an hour, a day, a week, a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from training.hole.handed_leads import HandedLeads
from training.hole.intervals import share_interval
from training.metrics.bootstrap import Interval

STEPS = {"30 min": 0.5, "1 h": 1.0, "4 h": 4.0, "1 day": 24.0, "2 days": 48.0, "7 days": 168.0, "30 days": 720.0}


@dataclass(frozen=True)
class SpeedStep:
    """The share of leads that were tried within a time, of those that have had that time."""

    label: str
    hours: float
    count: int
    of: int
    share: float
    interval: Interval


def speed_steps(handed: HandedLeads) -> tuple[SpeedStep, ...]:
    """One step per time that any lead has had; none where the files tell no hours.

    Of a lead that came ten days before the files end, nobody knows yet whether it is tried within 30.
    """
    leads = handed.leads
    told = leads[leads["hours"].notna() | ~leads["is_tried"].fillna(True)]
    if not leads["hours"].notna().any() or handed.as_of is None:
        return ()
    steps = [_step(told, label, hours, pd.Timestamp(handed.as_of)) for label, hours in STEPS.items()]
    return tuple(step for step in steps if step)


def _step(told: pd.DataFrame, label: str, hours: float, as_of: pd.Timestamp) -> SpeedStep | None:
    own = told[told["handed_at"] <= as_of - timedelta(hours=max(hours, 24.0))]
    count, of = int((own["hours"] <= hours).sum()), len(own)
    interval = share_interval(count, of)
    return SpeedStep(label, hours, count, of, count / of, interval) if interval else None
