"""Dates are read as they were written, or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.home.dates import DatesError, DayOrder, moment, parsed_date, utc_moment


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-13 08:30", "2024-02-13T08:30:00.000+0000", "2024/2/13 8:30", "13.02.2024 08:30", "13/02/24 08:30",
        "02/13/2024 8:30 AM", "13 Feb 2024 08:30", "Feb 13, 2024 8:30 am", "Tue, 13 Feb 2024 08:30:00 GMT",
        "1707813000", "1707813000000", "2024-02-13 14:00:00+05:30",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_every_common_form(text: str) -> None:
    found = parsed_date(text, DayOrder().after([text]).first("", ""))
    assert found is not None
    assert utc_moment(found, ZoneInfo("UTC")) == datetime(2024, 2, 13, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2025-04-03 10:30 AM", "2025-04-03 12:30 CEST", "2025-04-03 06:30:00 EDT", "2025-04-03 12:30 Europe/Berlin",
        "2025-04-03 12:30 GMT+2", "04/03/2025, 06:30:00 AM ET", "3. Apr. 2025 10:30", "Do., 3. April 2025 um 10:30 Uhr",
        "3 avril 2025 à 10:30", "jeudi 3 avr. 2025 10:30", "3 de abril de 2025 a las 10:30", "3 abr. 2025 10:30 a. m.",
        "giovedì 3 aprile 2025 10:30", "3 apr. 2025 10:30", "3 de abril de 2025 às 10h30",
        "April 3rd, 2025 at 10:30 AM", "45750.4375", "45750,4375",
        "Thu Apr 03 2025 12:30:00 GMT+0200 (Central European Summer Time)",
        "Thu Apr 03 12:30:00 CEST 2025", "Thu, 03 Apr 2025 12:30:00 +0200",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_the_forms_of_many_countries_and_programs(text: str) -> None:
    found = parsed_date(text, "month")
    assert found is not None
    assert utc_moment(found, ZoneInfo("UTC")) == datetime(2025, 4, 3, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("7. März 2025", (2025, 3, 7)), ("7. Mrz 2025", (2025, 3, 7)), ("30. Mai 2025", (2025, 5, 30)),
        ("1er févr. 2025", (2025, 2, 1)), ("1 fevrier 2025", (2025, 2, 1)), ("5 gennaio 2025", (2025, 1, 5)),
        ("5 mei 2025", (2025, 5, 5)), ("5 de março de 2025", (2025, 3, 5)), ("45750", (2025, 4, 3)),
        ("2025-4-3", (2025, 4, 3)), ("Sept 9, 2025", (2025, 9, 9)),
    ],
)  # fmt: skip
def test_months_are_named_in_many_languages_and_spreadsheets_count_days(text: str, day: tuple[int, int, int]) -> None:
    found = parsed_date(text)
    assert found is not None
    assert (found.at, found.has_time) == (datetime(*day), False)


def test_a_value_by_itself_is_read_in_these_forms_too() -> None:
    april = datetime(2025, 4, 3, 10, 30, tzinfo=UTC)
    assert moment("3. Apr. 2025 10:30") == april
    assert moment("2025-04-03 12:30 CEST") == april
    assert moment("03.04.2025 10:30") == april  # where dots are written, the day comes first
    assert moment("04/03/2025 10:30") == april


@pytest.mark.parametrize(
    "text", ["3 foo 2025", "2025-04-03 10:30 XYZ", "3 Apr 2025 99:00", "12345", "70000", "Apr 2025"]
)
def test_unknown_months_zones_and_hours_are_no_date(text: str) -> None:
    assert parsed_date(text, "day") is None


@pytest.mark.parametrize("text", ["", "soon", "May-20", "31/02/2024", "12", "2024", "1.5", "99/99/9999", "2024-13-45"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parsed_date(text, "day") is None


@given(st.lists(st.dates(date(1990, 1, 1), date(2060, 1, 1)), min_size=1), st.sampled_from("/-"))
def test_dates_are_read_as_they_were_written_or_refused(days: list[date], separator: str) -> None:
    for pattern in (f"%d{separator}%m{separator}%Y", f"%m{separator}%d{separator}%Y", "%Y-%m-%d"):
        texts = [day.strftime(pattern) for day in days]
        try:
            first = DayOrder().after(texts).first("", "")
        except DatesError:
            continue
        assert [found and found.at.date() for found in (parsed_date(text, first) for text in texts)] == days
