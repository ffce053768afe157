"""The conversion delay of a history's leads, the horizon that a draft takes from it, and the average open lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from features.arrays import Floats
from features.home.dates import parsed_date
from training.labels.truncation import RecordStart, record_start
from training.leakage.column_profiles import ColumnProfile

HORIZONS = (30, 60, 90, 180, 365)  # days
_FEW = 5  # looks: an age with fewer counts for less than all looks together
_MOST = 0.75  # of the conversions should come within the horizon


@dataclass(frozen=True)
class ConversionDelay:
    """How long leads take to convert, in sentences, and the horizon within which most conversions come.

    open_rate: the chance of the leads that are open now to convert within the horizon; None where dates do not tell.
    """

    horizon_days: int = 90
    notes: tuple[str, ...] = ()
    open_rate: float | None = None


def day_numbers(profile: ColumnProfile) -> Floats:
    """The days of a column of dates since year 1, one a row, NaN where there is none. Raises DatesError."""
    first = profile.first
    known = {text: parsed_date(text, first) for text in profile.counts}
    read = (None if text is None else known[text] for text in profile.values)
    return np.array([np.nan if found is None else _day(found.at) for found in read])


def _day(at: datetime) -> float:
    return at.toordinal() + (at.hour * 60 + at.minute) / 1440


def conversion_delay(came: Floats, converted: Floats, created_at: str, lost: Floats | None = None) -> ConversionDelay:
    """The delay and horizon of leads that came, converted and were lost on these days; NaN where they were not.

    Days are counted from year 1. lost: None where no dates of losses are known.
    """
    waited = (converted - came)[~np.isnan(converted - came)]
    if len(waited) < 20:
        return ConversionDelay()
    median, late = np.quantile(waited, [0.5, 0.9])
    horizon = next((days for days in HORIZONS if np.mean(waited <= days) >= _MOST), HORIZONS[-1])
    notes = [
        f"Half of the conversions took up to {median:.0f} days, nine of ten up to {late:.0f}; "
        f"a lead that did not convert after {horizon} days counts as a no ([outcome] within_days)"
    ]
    before = int(np.sum(waited < 0))
    if before:
        leads = "1 lead" if before == 1 else f"{before:,} leads"
        notes.append(f"{leads} converted before {created_at}, and so were never open")
    known = ~np.isnan(came)
    newest = float(max(np.nanmax(came), np.nanmax(converted)))
    if began := record_start(came[known], converted[known], newest, horizon):
        notes.append(_on_record(began))
    gone = None if lost is None else lost[known]
    open_rate = open_lead_rate(came[known], converted[known], newest, horizon, gone)
    return ConversionDelay(horizon, tuple(notes), open_rate)


_AGES = np.array([0, 7, 14, 28, 56, 91, 182, 364])  # days since a lead came, from which on its chance is another


def open_lead_rate(
    came: Floats, converted: Floats, now: float, horizon: int, lost: Floats | None = None
) -> float | None:
    """The chance of the leads that are open on day `now` to convert within the horizon, by how long they are known.

    A life table: leads are looked at as they come and every week while they are open; the looks whose horizon has
    closed tell how often leads of an age convert. Days as in `conversion_delay`. None where no horizon has closed.
    Example: of leads that just came 20 in 100 convert, of those known for a year 1 in 100; where nearly all open leads
    are a year old, the average is near 0.01, whatever share of all leads converted once.
    """
    gone = converted if lost is None else np.fmin(converted, lost)
    until = np.fmin(gone, now)
    looks = np.maximum(np.ceil((np.minimum(until, now - horizon) - came) / 7), 0).astype(np.int64)
    lead = np.repeat(np.arange(len(came)), looks)
    age = 7.0 * (np.arange(len(lead)) - np.repeat(np.cumsum(looks) - looks, looks))
    won = converted[lead] - came[lead] - age <= horizon
    ages_open = (now - came)[np.isnan(gone) & (came < now)]
    if not len(lead) or not len(ages_open):
        return None
    at, last = np.searchsorted(_AGES, age, side="right") - 1, len(_AGES)
    seen, converting = np.bincount(at, minlength=last), np.bincount(at, won, last)
    rates = (converting + _FEW * won.mean()) / (seen + _FEW)
    oldest = int(np.flatnonzero(seen)[-1])  # what no look has reached yet is taken to go on as before
    return float(rates[np.minimum(np.searchsorted(_AGES, ages_open, side="right") - 1, oldest)].mean())


def _on_record(began: RecordStart) -> str:
    return (
        f"Conversions seem to be recorded only since {date.fromordinal(int(began.day))}: {began.recorded:,} are known "
        f"from before, where {began.expected:,.0f} would be expected. The {began.leads:,} leads that came before look "
        "worse than they were: training leaves them out"
    )
