"""Every format in which a date or time is read: of one event, and of a column, whose cells show if the day comes first.

`moment` reads a value by itself, as events, traits and the command line give it. `parsed_date` reads a cell of a column
of a file, once `DayOrder` has seen all cells of that column. The two differ where one value and a whole column differ:

- 03/04/2024: by itself, the month comes first (a trait refuses it); in a column, its other cells decide, or the column
  is refused.
- no zone: by itself, it is UTC, which is what no zone on the wire means; in a column, the zone of the agreement.
- 20240213 and 45750: by themselves, seconds since 1970 like any number; in a column, 13 February 2024, and the day of
  a spreadsheet that is 3 April 2025.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from dateutil import parser

from features.home.calendar_words import month_number, zone
from features.home.errors import LeadlightError

DayOrMonth = Literal["day", "month"]

_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[T,\s]+(.+))?")
_YEAR_FIRST = re.compile(r"(\d{4})([./-])(\d{1,2})\2(\d{1,2})(?:[T,\s]+(.+))?")
_DAY, _MONTH, _YEAR = r"(\d{1,2})(?:st|nd|rd|th|er|[.ºª])?", r"([^\W\d_]{3,12})\.?", r"(\d{4}|\d{2})"
_OF = r"(?:(?:de|del|of)\s+)?"
_WORDED = re.compile(  # "Thu, 3 Apr 2025 10:00", "3. April 2025 um 10:00", "April 3rd, 2025", "3 de abril de 2025"
    rf"(?:[^\W\d_]{{2,14}}\.?,?\s+)?(?:{_DAY}[\s-]*{_OF}{_MONTH}|{_MONTH}\s+{_DAY}),?[\s-]+{_OF}{_YEAR}(?:[T,\s]+(.+))?",
    re.I,
)
_YEAR_LAST = re.compile(
    rf"[a-z]{{3}}\s+{_MONTH}\s+(\d{{1,2}})\s+(\d{{1,2}}:\S+\s+\S+)\s+(\d{{4}})", re.I
)  # of Java and Unix
_TIME = re.compile(
    r"(?:[^\W\d_]+\s+){0,3}?(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(?:([ap])\.?\s?m\b\.?)?(?:\s*Uhr)?\s*(.*)",
    re.I,
)
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d+))?")  # days since 1900 as spreadsheets count them, and the part of a day
_SERIAL_DAY, _SERIALS = datetime(1899, 12, 30), range(20_000, 60_001)  # 1954 to 2064
_DOTTED = re.compile(r"\s*\d{1,2}\.\d{1,2}\.")
_ISO_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_UTC_NAME = re.compile(r"\s*(?:UTC|GMT)$")  # CRMs write "2024-02-13 08:30:00 UTC"
_DAY_ENDS = timedelta(days=1, seconds=-1)
_LONGEST = 64  # characters of a time; longer texts are none, and dateutil takes long over them
# What stands in for what a date leaves out: a text that comes out different names no one moment.
_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))
_BEFORE_OFFSET = re.compile(r"\b(GMT|UTC|Z)\s*(?=[+-]\d)")


class DatesError(LeadlightError):
    """A column of dates that can be read in two ways."""

    code = "unclear_dates"


def moment(value: object) -> datetime | None:
    """The moment in UTC that a value names by itself; None where it names none.

    ISO 8601, epoch seconds or epoch milliseconds, and what browsers and mail programs write. Without a zone it is UTC.
    """
    try:
        found = _by_itself(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, OSError, AttributeError):
        return None


def _by_itself(value: object) -> datetime:
    if isinstance(value, datetime):
        if value != value:  # pandas' NaT is a datetime that equals nothing
            raise ValueError("NaT")
        return value
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        return _of_text(value)
    if isinstance(value, bool):
        raise ValueError("no time")
    seconds = float(value)  # type: ignore[arg-type]
    if not math.isfinite(seconds):
        raise ValueError("not finite")
    return _of_epoch(seconds, is_ms=seconds > 1e11)


def _of_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # What browsers write: "GMT+0100 (Central European Standard Time)"; dateutil reads GMT+1 as an hour west of it.
        plain = _BEFORE_OFFSET.sub("", text.partition("(")[0])
    if len(plain) > _LONGEST:
        raise ValueError("too long for a time")
    # Where dots are written, the day comes first.
    if named := parsed_date(plain, "day" if _DOTTED.match(plain) else "month"):
        return named.at
    first, second = (parser.parse(plain, default=default, tzinfos=_offset_s) for default in _DEFAULTS)
    if first != second:
        raise ValueError("no whole date")
    return first


def _offset_s(name: str | None, offset_s: int | None) -> int:
    if offset_s is None:
        raise ValueError(f"no zone {name}")
    return offset_s


def _of_epoch(number: float, *, is_ms: bool) -> datetime:
    return datetime.fromtimestamp(number / 1000 if is_ms else number, UTC)


class ParsedDate(NamedTuple):
    """A date as a cell writes it: `at` has a zone only where one is written; `has_time` is False for a bare day."""

    at: datetime
    has_time: bool


@dataclass(frozen=True)
class DayOrder:
    """What the cells of one column showed of its order: the first example of each kind."""

    day_first: str | None = None  # "13-02-2024": no month is 13
    month_first: str | None = None
    unclear: str | None = None  # "03/04/2024" could be either
    dotted: str | None = None  # "03.04.2024": where dots are written, the day comes first

    def after(self, values: Iterable[str | None]) -> DayOrder:
        """The order once these cells were seen as well."""
        order = self
        for value in values:
            found = _NUMERIC.fullmatch(value.strip()) if value else None
            if found and found[1] != found[3]:
                kind = _kind(int(found[1]), found[2], int(found[3]))
                if getattr(order, kind) is None:
                    order = replace(order, **{kind: value})
        return order

    def first(self, column: str, file: str) -> DayOrMonth | None:
        """Which of the two comes first; None where no date of the column needs to know.

        Raises DatesError where cells contradict one another, or where none of them tells.
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


def parsed_date(text: str, first: DayOrMonth | None = None) -> ParsedDate | None:
    """The date that a cell writes, None where it is none.

    ISO 8601, numeric, with named months, epoch s and ms, and the days since 1900 that spreadsheets write: 45750.
    """
    plain = text.strip()
    try:
        if plain[:1].isdigit() and (plain.isdigit() or _SERIAL.fullmatch(plain)):
            return _of_digits(plain)
        return _of_iso(plain) or _of_numbers(plain, first) or _of_words(plain)
    except (ValueError, OverflowError, OSError):  # 31 February, or the year 60000
        return None


def _of_digits(plain: str) -> ParsedDate | None:
    if (serial := _SERIAL.fullmatch(plain)) and int(serial[1]) in _SERIALS:
        at = _SERIAL_DAY + timedelta(days=int(serial[1]), seconds=round(float(f"0.{serial[2] or 0}") * 86_400))
        return ParsedDate(at, not _is_midnight(at))
    if len(plain) in (10, 13):
        return ParsedDate(_of_epoch(int(plain), is_ms=len(plain) == 13), True)
    if len(plain) == 8 and plain[:2] in ("19", "20"):
        return ParsedDate(datetime.strptime(plain, "%Y%m%d"), False)
    return None


def _of_iso(plain: str) -> ParsedDate | None:
    if not _ISO_DAY.match(plain):
        return None
    try:
        at = datetime.fromisoformat(_UTC_NAME.sub("+00:00", plain))
        return ParsedDate(at, not _is_midnight(at))
    except ValueError:
        return None


def _of_numbers(plain: str, first: DayOrMonth | None) -> ParsedDate | None:
    if found := _YEAR_FIRST.fullmatch(plain):
        return _at(int(found[1]), int(found[3]), int(found[4]), found[5])
    found = _NUMERIC.fullmatch(plain)
    if not found or (first is None and found[1] != found[3]):
        return None
    one, other = int(found[1]), int(found[3])
    day, month = (other, one) if first == "month" else (one, other)
    return _at(_year(found[4]), month, day, found[5])


def _of_words(plain: str) -> ParsedDate | None:
    if found := _WORDED.fullmatch(plain):
        day, month = (found[1], found[2]) if found[1] else (found[4], found[3])
        year, time = found[5], found[6]
    elif found := _YEAR_LAST.fullmatch(plain):
        month, day, time, year = found.groups()
    else:
        return None
    number = month_number(month)
    return _at(_year(year), number, int(day), time) if number else None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= 70 else 2000)


def _at(year: int, month: int, day: int, time: str | None) -> ParsedDate | None:
    date = datetime(year, month, day)
    if not time:
        return ParsedDate(date, False)
    found = _TIME.fullmatch(time.partition("(")[0].strip() or time.strip())
    named = zone(found[5]) if found and found[5] else None
    if not found or (found[5] and named is None):
        return None
    hour = int(found[1]) % 12 + (12 if found[4] in "pP" else 0) if found[4] else int(found[1])
    at = date.replace(hour=hour, minute=int(found[2]), second=int(found[3] or 0), tzinfo=named)
    return ParsedDate(at, not _is_midnight(at))


def _is_midnight(at: datetime) -> bool:
    """Excel and Parquet write a bare day as its midnight; hardly anything happens at that very second."""
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def utc_moment(date: ParsedDate, zone: tzinfo, *, day_ends: bool = False) -> datetime:
    """The moment in UTC of a parsed date, in `zone` where it names none.

    A bare day is its first moment, or with `day_ends` its last second: 13 February is 23:59:59 of that day.
    """
    at = date.at if date.has_time or not day_ends else date.at + _DAY_ENDS
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
