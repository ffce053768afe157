"""Left truncation: since when outcomes are recorded; leads that came before seem never to have converted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET, Floats, Ints
from features.home.clock import EPOCH

FEWEST_EVENTS = 20  # of the later leads that it happened to: with fewer nobody knows how often it does, or how soon
MOST_BEFORE_START = 0.1  # of what is expected, at most, was recorded before it began; more is a rate that changed
LEAST_EVIDENCE = (
    15.0  # log-likelihood ratio against "always recorded"; a rate that merely rose threefold gets there once in 100
)
LEAST_AFTER_START = 0.25  # of what is expected of the early leads afterwards, at least: less, and they are a cold list


@dataclass(frozen=True)
class RecordStart:
    """The day on which the recording of something began.

    leads: how many came before that day. recorded: how many events of this kind are recorded before it. expected: how
    many there would have been, by how often and how soon it happens to later leads.
    Example: day 400, 900 leads, recorded 2, expected 61: of 61 conversions 2 are recorded.
    """

    day: float
    leads: int
    recorded: int
    expected: float

    @property
    def date(self) -> date:
        """The day as a date; only where days are counted from 1970."""
        return (EPOCH + timedelta(days=self.day)).date()


def record_start(came: Floats, happened: Floats, until: float, horizon_days: float) -> RecordStart | None:
    """The day on which recording began, if it clearly began after the first leads came; else None.

    came, happened: one day per lead; `happened` is NaN where it did not happen. Leads after the day tell how often it
    happens within the horizon, and how soon. The day is the one that splits "hardly recorded" from "recorded as
    expected" with the greatest Poisson likelihood.
    """
    waited = happened - came
    counts = np.isnan(waited) | ((waited >= 0) & (waited <= horizon_days))
    everybody, came, waited = came, came[counts], waited[counts]
    if not len(came):
        return None
    first, day = float(np.floor(came.min())), float(np.median(came))
    found: RecordStart | None = None
    for _ in range(4):  # each time learned from the leads that came since the last answer
        later = came >= day
        pace = _daily_chances(came[later], waited[later], until, horizon_days)
        before, found = found, None if pace is None else _best_start(came - first, waited, pace)
        if pace is None or found is None or not _is_no_cold_list(came - first, waited, pace, found.day):
            return None
        if found == before:
            break
        day = first + found.day
    return found and replace(found, day=first + found.day, leads=int((everybody < first + found.day).sum()))


def _daily_chances(came: Floats, waited: Floats, until: float, horizon_days: float) -> Floats | None:
    """The chance that it happens on each day after a lead came, from leads whose horizon has closed."""
    closed = came <= until - horizon_days
    within = waited[closed & ~np.isnan(waited)]
    if len(within) < FEWEST_EVENTS:
        return None
    return np.bincount(within.astype(np.int64), minlength=int(horizon_days) + 1) / int(closed.sum())


def _best_start(came: Floats, waited: Floats, pace: Floats) -> RecordStart | None:
    """The day that splits "hardly recorded" from "recorded as expected" best, counted from the first lead."""
    happened = (came + waited)[~np.isnan(waited)].astype(np.int64)
    arrived = np.bincount(came.astype(np.int64))
    days = max(len(arrived), int(happened.max(initial=0)) + 1)
    expected = np.cumsum(np.convolve(arrived, pace)[:days])
    recorded = np.cumsum(np.bincount(happened, minlength=days))[: len(expected)]
    ratio = np.divide(recorded, expected, out=np.ones(len(expected)), where=expected > 0)
    gain = recorded * np.log(np.maximum(ratio, 1e-12)) - recorded + expected
    place = int(np.argmax(np.where(ratio <= MOST_BEFORE_START, gain, -np.inf)))
    if ratio[place] > MOST_BEFORE_START or gain[place] < LEAST_EVIDENCE:
        return None
    day = float(place + 1)
    return RecordStart(day, int((came < day).sum()), int(recorded[place]), float(expected[place]))


def _is_no_cold_list(came: Floats, waited: Floats, pace: Floats, day: float) -> bool:
    """Whether it happened to the early leads too, once it was recorded; to a cold list it would still not happen."""
    early = came < day
    age = np.minimum(np.ceil(day - came[early]).astype(np.int64), len(pace))
    expected = float(np.sum(pace.sum() - np.append(0.0, np.cumsum(pace))[age]))
    seen = int(np.sum(came[early] + np.nan_to_num(waited[early], nan=-np.inf) >= day))
    return expected < 1 / LEAST_AFTER_START or seen >= LEAST_AFTER_START * expected


@dataclass(frozen=True)
class Truncation:
    """Since when outcomes are recorded; None: since the first lead, as far as can be seen.

    The outcome of a lead that came earlier is unknown, even where its conversion is on record: early leads of which
    only the conversions are known would inflate the rate.
    """

    outcomes: RecordStart | None = None

    @property
    def since_us(self) -> int:
        """The moment before which an opened lead has no known outcome; 0 where every lead may have one."""
        return round(self.outcomes.day * DAY_US) if self.outcomes else 0

    @property
    def sentences(self) -> list[str]:
        """What every output of a model must say of left truncation."""
        if self.outcomes is None:
            return []
        began = self.outcomes
        known = f"{began.recorded:,} conversions are known from before, {began.expected:,.0f} would be expected"
        leads = "1 lead that came before is" if began.leads == 1 else f"{began.leads:,} leads that came before are"
        return [
            f"Outcomes seem to be recorded only since {began.date}: {known}. The {leads} left out, since what became "
            "of them is unknown."
        ]


ALL_RECORDED = Truncation()


def truncation(leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> Truncation:
    """Since when outcomes of `leads` are recorded; ALL_RECORDED where the history has no dates.

    leads: as `features.lifecycle.milestones.milestones` gives them.
    """
    days = agreement.outcome.within_days
    if agreement.outcome.undated or days is None or len(leads) < FEWEST_EVENTS:
        return ALL_RECORDED
    came = leads["opened_us"].to_numpy(np.int64)
    known = (came != NOT_YET) & (leads["merged_us"] == NOT_YET).to_numpy()
    happened = _days(leads["converted_us"].to_numpy(np.int64)[known])
    return Truncation(record_start(came[known] / DAY_US, happened, known_until_us / DAY_US, days))


def _days(us: Ints) -> Any:
    return np.where(us == NOT_YET, np.nan, us / DAY_US)
