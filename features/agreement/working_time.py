"""Office hours of one person: when a clock that begins at a moment runs out, in his zone, holidays and absences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

from features.agreement.lengths import Span
from features.agreement.people import Absence, OfficeHours, People

# Who is away for longer is gone; what he still has is due as if he were there, for a clock must run out some day.
_LONGEST_AWAY = timedelta(days=366)


@dataclass(frozen=True)
class WorkingTime:
    """The hours in which one person works; every moment in and out is aware, and out in UTC.

    zone: his own, else the agreement's: "09:00" is nine o'clock there, in summer and in winter.
    hours: days of the week, from and to, and holidays, of which a region's are its public ones.

    Minutes and hours run inside these hours. A working day ends at the same time on the next day on which he works.
    Plain days are calendar days: they end at the same time of day whether anybody works then or not.

    >>> berlin = WorkingTime(ZoneInfo("Europe/Berlin"), OfficeHours())
    >>> friday = datetime(2026, 11, 27, 17, 50, tzinfo=berlin.zone)
    >>> str(berlin.after(friday, Span.parse("30 minutes")).astimezone(berlin.zone))
    '2026-11-30 09:20:00+01:00'
    """

    zone: ZoneInfo
    hours: OfficeHours
    away: tuple[Absence, ...] = ()

    @classmethod
    def of(cls, people: People, person: str | None, time_zone: str) -> WorkingTime:
        """The working time of a person of the agreement; that of the office for anybody else.

        time_zone: the agreement's, for who has none of his own.
        """
        rep = people.rep(person)
        if rep is None:
            return cls(ZoneInfo(time_zone), people.office_hours)
        own = {} if rep.holidays is None else {"holidays": rep.holidays}
        away = tuple(each for each in rep.away if each.last - each.first <= _LONGEST_AWAY)
        return cls(ZoneInfo(rep.time_zone or time_zone), people.office_hours.model_copy(update=own), away)

    def is_working_day(self, day: date) -> bool:
        """Whether he works on this day, a date of his zone."""
        hours = self.hours
        is_at_work = day.weekday() in hours.days and not any(_is_holiday(each, day) for each in hours.holidays)
        return is_at_work and not any(each.first <= day <= each.last for each in self.away)

    def is_open(self, at: datetime) -> bool:
        """Whether he works at this moment; the closing time itself is outside."""
        local = at.astimezone(self.zone)
        return self.is_working_day(local.date()) and self.hours.opens <= local.time() < self.hours.closes

    def opens_after(self, at: datetime) -> datetime:
        """The moment itself where he works then, else the next one at which he begins."""
        opens, _ = next(self._shifts(at))
        return max(opens, at.astimezone(UTC))

    def closes_after(self, at: datetime) -> datetime:
        """When the working day of a moment ends; of one outside of office hours, the next working day."""
        _, closes = next(self._shifts(at))
        return closes

    def after(self, at: datetime, span: Span) -> datetime:
        """When a span that begins at a moment is over."""
        if span.unit == "working_days":
            return self.working_day(at, int(span.count))
        if span.unit == "minutes":
            return self._after_minutes(at, timedelta(minutes=span.count))
        local = at.astimezone(self.zone)
        return (local + timedelta(days=span.count)).astimezone(UTC)  # the same time of day, whatever the clocks do

    def working_day(self, at: datetime, n: int) -> datetime:
        """The same time on the n-th working day after; what comes outside of office hours comes when they begin."""
        begins = self.opens_after(at).astimezone(self.zone)
        day = next(islice(self._days_from(begins.date()), n, None))
        return datetime.combine(day, begins.time(), self.zone).astimezone(UTC)

    def minutes_between(self, start: datetime, end: datetime) -> float:
        """How many minutes of his office hours lie between two moments; 0 where the end is not after the start."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        worked = timedelta(0)
        for opens, closes in self._shifts(start):
            if opens >= end:
                return worked / timedelta(minutes=1)
            worked += max(min(closes, end) - max(opens, start), timedelta(0))
        return worked / timedelta(minutes=1)

    def _after_minutes(self, at: datetime, left: timedelta) -> datetime:
        start = at.astimezone(UTC)
        for opens, closes in self._shifts(at):
            begins = max(opens, start)
            if begins + left <= closes:
                return begins + left
            left -= closes - begins
        return start + left

    def _shifts(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """From and to, in UTC, of each day on which he works, the first of them not yet over at this moment."""
        for day in self._days_from(at.astimezone(self.zone).date()):
            opens, closes = (
                datetime.combine(day, each, self.zone).astimezone(UTC) for each in (self.hours.opens, self.hours.closes)
            )
            if closes > at and closes > opens:
                yield opens, closes

    def _days_from(self, first: date) -> Iterator[date]:
        """Each day on which he works, from this one on."""
        day = first
        while True:
            if self.is_working_day(day):
                yield day
            day += timedelta(days=1)


def _is_holiday(holiday: date | str, day: date) -> bool:
    return day in _public_holidays(holiday, day.year) if isinstance(holiday, str) else day == holiday


@cache
def _public_holidays(region: str, year: int) -> frozenset[date]:
    """The public holidays of a region, "DE-BY" or "US", in a year."""
    from holidays import country_holidays  # loaded where a region is written

    country, _, part = region.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=year))
