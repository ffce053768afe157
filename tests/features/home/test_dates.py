"""Dates are read as they were written, or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.home.dates import DatesError, DayOrder, parsed_date, utc_moment


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
