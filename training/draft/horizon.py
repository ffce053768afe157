"""The conversion delay of an export's leads, and the horizon that a draft takes from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from features.arrays import Floats
from features.home.dates import parsed_date
from training.labels.truncation import RecordStart, record_start
from training.leakage.column_profiles import ColumnProfile

HORIZONS = (30, 60, 90, 180, 365)  # days
_MOST = 0.75  # of the conversions should come within the horizon


@dataclass(frozen=True)
class ConversionDelay:
    """How long leads take to convert, in sentences, and the horizon within which most conversions come."""

    horizon_days: int = 90
    notes: tuple[str, ...] = ()


def day_numbers(profile: ColumnProfile) -> Floats:
    """The days of a column of dates since year 1, one a row, NaN where there is none. Raises DatesError."""
    first = profile.first
    known = {text: parsed_date(text, first) for text in profile.counts}
    read = (None if text is None else known[text] for text in profile.values)
    return np.array([np.nan if found is None else _day(found.at) for found in read])


def _day(at: datetime) -> float:
    return at.toordinal() + (at.hour * 60 + at.minute) / 1440


def conversion_delay(came: Floats, converted: Floats, created_at: str) -> ConversionDelay:
    """The delay and horizon of leads that came and converted on these days; NaN where they did not convert.

    Days are counted from year 1.
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
    return ConversionDelay(horizon, tuple(notes))


def _on_record(began: RecordStart) -> str:
    return (
        f"Conversions seem to be recorded only since {date.fromordinal(int(began.day))}: {began.recorded:,} are known "
        f"from before, where {began.expected:,.0f} would be expected. The {began.leads:,} leads that came before look "
        "worse than they were: training leaves them out"
    )
