"""Lengths of time as people write them in the agreement: "30 minutes", "7 days", "3 years"."""

from __future__ import annotations

import re
from datetime import timedelta

# A month and a year are lengths here, not calendar dates: a window of "3 months" is 90 days on every day of the year.
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s+(minute|hour|day|week|month|year)s?\s*")
_LONGEST = timedelta(days=100 * 365)


def duration(text: str) -> timedelta:
    """The length that `text` says; a month is 30 days, a year 365.

    Raises ValueError where it says none, or one beyond a century.

    >>> duration("30 minutes"), duration("1 year")
    (datetime.timedelta(seconds=1800), datetime.timedelta(days=365))
    """
    said = _LENGTH.fullmatch(text)
    if said is None or float(said[1]) * _UNITS[said[2]] > _LONGEST:
        raise ValueError(f"{text!r} is no length of time")
    return float(said[1]) * _UNITS[said[2]]
