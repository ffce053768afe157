"""Unread cells: columns that look like dates or numbers and were not read so, and ranges that a spreadsheet spoilt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from features.home.calendar_words import month_number
from training.leakage.column_profiles import ColumnProfile
from training.leakage.wording import quoted_values

_MOST, _MANY = 0.8, 10  # the share of a column's cells that look so; distinct cells from which it is no mere list
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
_DATE_PARTS = re.compile(r"\d+|[^\W\d_]{3,}")
_AMOUNT = re.compile(r"([^\d\w]|[^\W\d_]{1,9}[.\s$€£])*\s?\d[\d.,'’\s]*([\s$€£][^\d#_-]{0,12}|[^\w\s#_-]{0,3})")
_RANGE = re.compile(r"\d[\d.,]*\s*[-–]\s*\d[\d.,]*|\d[\d.,]*\s?\+|[<>]\s?\d[\d.,]*")
_DAY_OF_MONTH = re.compile(r"(\d{1,2})[-. ]+([^\W\d_]{3,4})\.?|([^\W\d_]{3,4})\.?[-. ]+(\d{1,2})")


def looks_like_dates(profile: ColumnProfile) -> bool:
    """Whether most cells have a year and two more parts of a date, and the column is none of dates."""
    return profile.kind in ("text", "category") and _are_mostly(profile, _is_like_date)


def unread_dates(profile: ColumnProfile, file: str) -> str:
    """The sentence that refuses a column which looks like dates."""
    example = next(level for level in profile.counts if _is_like_date(level))
    problem = f'column "{profile.column}" looks like dates, such as "{example}", which cannot be read'
    return f"{file}: {problem}; export its dates as 2024-12-31 and try again"


def unread_notes(profile: ColumnProfile) -> Iterator[str]:
    """What a person should know of cells that were taken for text and may be something else."""
    if profile.kind not in ("text", "category"):
        return
    if profile.distinct > _MANY and looks_like_dates(profile):
        yield f"its cells look like dates, such as {_example(profile, _is_like_date)}, and were not read as dates"
    elif (
        profile.distinct > _MANY
        and (unread := _example(profile, lambda level: profile.number(level) is None))
        and _are_mostly(profile, lambda level: _is_amount(profile, level))
    ):
        yield f"its cells look like numbers, such as {unread}, and were not read as numbers"
    if spoilt := _spoilt_ranges(profile):
        meant = ", ".join(f'"{cell}" for {span}' for cell, span in spoilt.items())
        yield f"it seems that a spreadsheet turned ranges into dates: {meant}; export it again without opening it there"


def _example(profile: ColumnProfile, holds: Callable[[str], bool]) -> str:
    return quoted_values([level for level in profile.counts if holds(level)], 1)


def _are_mostly(profile: ColumnProfile, holds: Callable[[str], bool]) -> bool:
    like = sum(count for level, count in profile.counts.items() if holds(level))
    return profile.filled > 0 and like >= _MOST * profile.filled


def _is_like_date(level: str) -> bool:
    return len(level) <= 48 and bool(_YEAR.search(level)) and len(_DATE_PARTS.findall(level)) >= 3


def _is_amount(profile: ColumnProfile, level: str) -> bool:
    return profile.number(level) is not None or (len(level) <= 32 and bool(_AMOUNT.fullmatch(level)))


def _spoilt_ranges(profile: ColumnProfile) -> dict[str, str]:
    """The cells that name a day of a month among ranges, each with the range that it was: "01-Sep" was 1-9."""
    if not any(_RANGE.fullmatch(level) for level in profile.counts):
        return {}
    spoilt = {}
    for level in profile.counts:
        if found := _DAY_OF_MONTH.fullmatch(level):
            day, month = int(found[1] or found[4]), month_number(found[2] or found[3])
            if month:
                spoilt[level] = f"{min(day, month)}-{max(day, month)}"
    return spoilt
