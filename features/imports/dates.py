"""Dates as files write them: which comes first, day or month, is decided per column from all its rows, or refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal, NamedTuple

from features.home.errors import LeadlightError

First = Literal["day", "month"]

_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[T,\s]+(.+))?")
_YEAR_FIRST = re.compile(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})(?:[T,\s]+(.+))?")
_WORDED = re.compile(
    r"(?:[a-z]{3,9},?\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})|([a-z]{3,9})\s+(\d{1,2})(?:st|nd|rd|th)?)"
    r"\.?,?[\s-]+(\d{4}|\d{2})(?:[T,\s]+(?:at\s+)?(.+))?",
    re.I,
)
_TIME = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap])?\.?m?\.?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?", re.I
)
_ISO_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: month for month, name in enumerate(_NAMES, start=1)}
_DAY_ENDS = timedelta(days=1, seconds=-1)


class DatesError(LeadlightError):
    """A column of dates that can be read in two ways."""

    code = "unclear_dates"


class Written(NamedTuple):
    """A date as it was read: without a zone where none was written; `has_time` is False for a bare day."""

    at: datetime
    has_time: bool


@dataclass(frozen=True)
class DayOrder:
    """What the rows of one column showed of its order: an example of each kind, the first that came."""

    day_first: str | None = None  # "13-02-2024": no month is 13
    month_first: str | None = None
    unclear: str | None = None  # "03/04/2024" could be either
    dotted: str | None = None  # "03.04.2024": where dots are written, the day comes first

    def after(self, values: Iterable[str | None]) -> DayOrder:
        """What is known once these values were seen as well."""
        order = self
        for value in values:
            found = _NUMERIC.fullmatch(value.strip()) if value else None
            if found and found[1] != found[3]:
                kind = _kind(int(found[1]), found[2], int(found[3]))
                if getattr(order, kind) is None:
                    order = replace(order, **{kind: value})
        return order

    def first(self, column: str, file: str) -> First | None:
        """Which of the two comes first; None where no date of the column needs to know.

        Raises DatesError where rows contradict one another, or where none of them tells.
        """
        day = self.day_first or self.dotted
        if day and self.month_first:
            problem = f'writes both "{day}", day first, and "{self.month_first}", month first'
        elif self.unclear and not day and not self.month_first:
            problem = f'writes "{self.unclear}", and none of its rows shows whether the day or the month comes first'
        else:
            return "month" if self.month_first else "day" if day else None
        raise DatesError(f'{file}: column "{column}" {problem}; export its dates as 2024-12-31 and try again')


def _kind(one: int, separator: str, other: int) -> str:
    if one > 12 >= other:
        return "day_first"
    if other > 12 >= one:
        return "month_first"
    return "dotted" if separator == "." else "unclear"


def written(text: str, first: First | None = None) -> Written | None:
    """The date that a text writes, None where it is none: ISO 8601, numeric, with named months, or epoch s and ms."""
    plain = text.strip()
    try:
        if plain.isdigit():
            return _of_digits(plain)
        return _of_iso(plain) or _of_numbers(plain, first) or _of_words(plain)
    except (ValueError, OverflowError, OSError):  # 31 February, or the year 60000
        return None


def _of_digits(plain: str) -> Written | None:
    if len(plain) in (10, 13):
        seconds = int(plain) / (1000 if len(plain) == 13 else 1)
        return Written(datetime.fromtimestamp(seconds, UTC), True)
    if len(plain) == 8 and plain[:2] in ("19", "20"):
        return Written(datetime.strptime(plain, "%Y%m%d"), False)
    return None


def _of_iso(plain: str) -> Written | None:
    if not _ISO_DAY.match(plain):
        return None
    try:
        # CRMs write 2024-02-13T08:30:00.000+0000 and "2024-02-13 08:30:00 UTC".
        at = datetime.fromisoformat(re.sub(r"\s*(?:UTC|GMT)$", "+00:00", plain))
        return Written(at, not _is_midnight(at))
    except ValueError:
        return None


def _of_numbers(plain: str, first: First | None) -> Written | None:
    if found := _YEAR_FIRST.fullmatch(plain):
        return _at(int(found[1]), int(found[3]), int(found[4]), found[5])
    found = _NUMERIC.fullmatch(plain)
    if not found or (first is None and found[1] != found[3]):
        return None
    one, other = int(found[1]), int(found[3])
    day, month = (other, one) if first == "month" else (one, other)
    return _at(_year(found[4]), month, day, found[5])


def _of_words(plain: str) -> Written | None:
    found = _WORDED.fullmatch(plain)
    month = _MONTHS.get((found[2] or found[3])[:3].lower()) if found else None
    return _at(_year(found[5]), month, int(found[1] or found[4]), found[6]) if found and month else None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= 70 else 2000)


def _at(year: int, month: int, day: int, time: str | None) -> Written | None:
    date = datetime(year, month, day)
    if not time:
        return Written(date, False)
    found = _TIME.fullmatch(time.strip())
    if not found:
        return None
    hour = int(found[1]) % 12 + (12 if found[4] in "pP" else 0) if found[4] else int(found[1])
    at = date.replace(hour=hour, minute=int(found[2]), second=int(found[3] or 0), tzinfo=_zone(found[5]))
    return Written(at, not _is_midnight(at))


def _is_midnight(at: datetime) -> bool:
    """Excel and Parquet write a bare day as its midnight; hardly anything happens at that very second."""
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def moment_of(found: Written, zone: tzinfo, *, day_ends: bool = False) -> datetime:
    """The moment in UTC of a written date, in `zone` where it names none.

    A bare day is its first moment, or with `day_ends` its last second.
    """
    at = found.at if found.has_time or not day_ends else found.at + _DAY_ENDS
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
