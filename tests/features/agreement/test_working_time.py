"""Clocks run while the person whose they are is at work: by hand, in zones, holidays and absences."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from features.agreement.lengths import Span
from features.agreement.people import People
from features.agreement.working_time import WorkingTime

BERLIN = "Europe/Berlin"
PEOPLE = {
    "office_hours": {"days": "Mon-Fri", "from": "09:00", "to": "18:00", "holidays": ["DE-BY", "2026-12-24"]},
    "reps": {
        "ann@ourcompany.example": 5,
        "nyk@ourcompany.example": {"time_zone": "America/New_York"},
        "joe@ourcompany.example": {"time_zone": "America/New_York", "holidays": ["US-NY"]},
        "off@ourcompany.example": {"away": ["2026-11-30 to 2026-12-04"]},
        "gone@ourcompany.example": {"away": ["2026-11-01 to 2099-12-31"]},
    },
}


def of(person: str | None = "ann@ourcompany.example", hours: dict[str, object] | None = None) -> WorkingTime:
    people = People.model_validate({**PEOPLE, "office_hours": {**PEOPLE["office_hours"], **(hours or {})}})
    return WorkingTime.of(people, person, BERLIN)


def local(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def due(begins: str, span: str, person: str | None = None, zone: str = BERLIN) -> str:
    ends = of(person or "ann@ourcompany.example").after(local(begins, zone), Span.parse(span))
    assert ends.tzinfo is UTC
    return f"{ends.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("begins", "span", "ends"),
    [
        ("2026-11-24 10:00", "30 minutes", "Tue 2026-11-24 10:30"),
        ("2026-11-27 17:50", "30 minutes", "Mon 2026-11-30 09:20"),  # ten minutes on Friday, twenty on Monday
        ("2026-11-27 17:30", "30 minutes", "Fri 2026-11-27 18:00"),  # the whole day counts
        ("2026-11-24 23:30", "30 minutes", "Wed 2026-11-25 09:30"),  # an event at night
        ("2026-11-24 06:00", "30 minutes", "Tue 2026-11-24 09:30"),
        ("2026-11-24 10:00", "20 hours", "Thu 2026-11-26 12:00"),  # nine hours a day
        ("2026-11-27 17:50", "1 working day", "Mon 2026-11-30 17:50"),
        ("2026-11-26 23:30", "1 working day", "Mon 2026-11-30 09:00"),  # it came on Friday at nine
        ("2026-11-28 12:00", "1 working day", "Tue 2026-12-01 09:00"),
        ("2026-11-27 17:50", "10 days", "Mon 2026-12-07 17:50"),
        ("2026-11-27 23:00", "1 day", "Sat 2026-11-28 23:00"),  # plain days are calendar days
        ("2026-12-23 17:50", "30 minutes", "Mon 2026-12-28 09:20"),  # our own holiday, and two of Bavaria's
        ("2026-12-23 11:00", "1 working day", "Mon 2026-12-28 11:00"),
        ("2027-01-05 11:00", "2 working days", "Fri 2027-01-08 11:00"),  # Epiphany is a holiday in Bavaria
    ],
)
def test_a_clock_runs_out_when_a_person_at_work_would_say(begins: str, span: str, ends: str) -> None:
    assert due(begins, span) == ends


def test_nine_o_clock_is_nine_o_clock_in_summer_and_in_winter() -> None:
    assert due("2026-10-23 17:50", "30 minutes") == "Mon 2026-10-26 09:20"  # the clocks went back between
    assert due("2027-03-26 12:00", "2 days") == "Sun 2027-03-28 12:00"  # 47 hours later
    assert due("2027-03-25 17:50", "30 minutes") == "Tue 2027-03-30 09:20"  # Good Friday, Easter Monday
    night = of(hours={"days": ["Sun"], "from": "00:00", "to": "06:00", "holidays": []})
    ends = night.after(local("2026-10-25 00:00"), Span.parse("6 hours"))
    assert ends == local("2026-10-25 05:00")  # that night has an hour more


def test_a_rep_in_new_york_works_by_his_own_clock_and_may_have_his_own_holidays() -> None:
    nyk, joe = "nyk@ourcompany.example", "joe@ourcompany.example"
    assert due("2026-11-24 10:00", "30 minutes", nyk) == "Tue 2026-11-24 15:30"  # nine there is three in Berlin
    assert due("2026-11-25 17:50", "30 minutes", nyk, "America/New_York") == "Thu 2026-11-26 09:20"
    assert due("2026-11-25 17:50", "30 minutes", joe, "America/New_York") == "Fri 2026-11-27 09:20"  # Thanksgiving
    assert due("2026-10-28 08:00", "2 hours", nyk) == "Wed 2026-10-28 16:00"  # two weeks apart in their summers


def test_no_clock_runs_while_its_person_is_away_but_for_who_is_gone() -> None:
    assert due("2026-11-27 17:50", "30 minutes", "off@ourcompany.example") == "Mon 2026-12-07 09:20"
    assert due("2026-11-27 10:00", "1 working day", "off@ourcompany.example") == "Mon 2026-12-07 10:00"
    assert due("2026-11-27 17:50", "30 minutes", "gone@ourcompany.example") == "Mon 2026-11-30 09:20"


def test_who_is_no_rep_works_in_the_office_s_hours() -> None:
    assert of(None) == of("0055g00000Ab1") == WorkingTime.of(People.model_validate(PEOPLE), None, BERLIN)
    assert of("ANN@ourcompany.example") == of("ann@ourcompany.example")


def test_the_office_is_open_from_the_first_minute_and_closed_at_the_last() -> None:
    ann = of()
    assert ann.is_open(local("2026-11-24 09:00"))
    assert ann.is_open(local("2026-11-24 17:59"))
    assert not ann.is_open(local("2026-11-24 18:00"))
    assert not ann.is_open(local("2026-12-24 12:00"))
    assert ann.opens_after(local("2026-11-24 12:00")) == local("2026-11-24 12:00")
    assert ann.opens_after(local("2026-11-24 18:00")) == local("2026-11-25 09:00")
    assert [ann.is_working_day(date(2026, 12, day)) for day in (23, 24, 25, 26, 27, 28)] == [True, *[False] * 4, True]


def test_office_minutes_between_two_moments_are_those_that_a_clock_ran() -> None:
    ann, friday = of(), local("2026-11-27 17:50")
    for minutes in (0, 5, 30, 600, 5_000):
        ends = ann.after(friday, Span(minutes, "minutes"))
        assert ann.minutes_between(friday, ends) == minutes
    assert ann.minutes_between(local("2026-11-28 10:00"), local("2026-11-29 10:00")) == 0
    assert ann.minutes_between(friday, local("2026-11-20 10:00")) == 0
